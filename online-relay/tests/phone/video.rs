//! A film of codes for a browser's fake camera.

use std::io::Write as _;
use std::path::Path;

use carriers::light::{Code, Correction, draw_codes};

const SIDE: usize = 480;
/// Longer than a reader needs for one picture.
const PICTURES_PER_CODE: usize = 3;

/// Writes a y4m film that shows these payloads one after the other, each alone in the picture.
pub(super) fn write(path: &Path, payloads: &[Vec<u8>]) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "YUV4MPEG2 W{SIDE} H{SIDE} F30:1 Ip A1:1 C420").unwrap();
    for payload in payloads {
        let picture = picture(payload);
        for _ in 0..PICTURES_PER_CODE {
            file.write_all(b"FRAME\n").unwrap();
            file.write_all(&picture).unwrap();
            file.write_all(&vec![128; SIDE * SIDE / 2]).unwrap();
        }
    }
    file.flush().unwrap();
}

/// The luma of a picture with one code in its middle, on a grey wall.
fn picture(payload: &[u8]) -> Vec<u8> {
    let code = Code::smallest(payload, Correction::Screen).unwrap();
    let scale = SIDE / (code.side() + 8);
    let drawn = draw_codes(&[code], 1, scale).unwrap();
    let mut luma = vec![100; SIDE * SIDE];
    let (left, top) = ((SIDE - drawn.width()) / 2, (SIDE - drawn.height()) / 2);
    for y in 0..drawn.height() {
        let start = (top + y) * SIDE + left;
        luma[start..start + drawn.width()].copy_from_slice(drawn.row(y));
    }
    luma
}
