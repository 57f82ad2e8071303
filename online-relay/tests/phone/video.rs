//! A film of codes for a browser's fake camera.

use std::io::Write as _;
use std::path::Path;

use carriers::light::{Code, Correction, draw_codes};

const SIDE: usize = 480;
/// Longer than a reader needs for one picture.
const PICTURES_PER_CODE: usize = 3;

/// Writes a y4m film of pictures, each of which shows these payloads beside each other.
pub(super) fn write(path: &Path, pictures: &[Vec<Vec<u8>>]) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "YUV4MPEG2 W{SIDE} H{SIDE} F30:1 Ip A1:1 C420").unwrap();
    for payloads in pictures {
        let picture = picture(payloads);
        for _ in 0..PICTURES_PER_CODE {
            file.write_all(b"FRAME\n").unwrap();
            file.write_all(&picture).unwrap();
            file.write_all(&vec![128; SIDE * SIDE / 2]).unwrap();
        }
    }
    file.flush().unwrap();
}

/// The luma of a picture with codes in its middle, on a grey wall.
fn picture(payloads: &[Vec<u8>]) -> Vec<u8> {
    let code = |payload: &Vec<u8>| Code::smallest(payload, Correction::Screen).unwrap();
    let codes: Vec<_> = payloads.iter().map(code).collect();
    let side = codes.iter().map(Code::side).max().unwrap() + 8;
    let scale = SIDE / (side * codes.len());
    let drawn = draw_codes(&codes, codes.len(), scale).unwrap();
    let mut luma = vec![100; SIDE * SIDE];
    let (left, top) = ((SIDE - drawn.width()) / 2, (SIDE - drawn.height()) / 2);
    for y in 0..drawn.height() {
        let start = (top + y) * SIDE + left;
        luma[start..start + drawn.width()].copy_from_slice(drawn.row(y));
    }
    luma
}
