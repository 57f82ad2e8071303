//! Pictures and films as files, made and read without the code that is tested.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use camera_model::Picture;

use crate::people::entries;

/// The grey picture of a PNG file.
pub(crate) fn read_png(path: &Path) -> Picture {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Grayscale, "{path:?}");
    Picture {
        width: info.width as usize,
        height: info.height as usize,
        pixels,
    }
}

/// Writes a picture as PGM, which needs no compression.
pub(crate) fn write_pgm(path: &Path, picture: &Picture) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    write!(file, "P5\n{} {}\n255\n", picture.width, picture.height).unwrap();
    file.write_all(&picture.pixels).unwrap();
    file.flush().unwrap();
}

/// Writes frames as an uncompressed film.
pub(crate) fn write_y4m(path: &Path, frames: impl Iterator<Item = Picture>) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for (at, frame) in frames.enumerate() {
        if at == 0 {
            let (width, height) = (frame.width, frame.height);
            writeln!(file, "YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 Cmono").unwrap();
        }
        file.write_all(b"FRAME\n").unwrap();
        file.write_all(&frame.pixels).unwrap();
    }
    file.flush().unwrap();
}

/// Writes a picture as a JPEG of good quality.
pub(crate) fn write_jpeg(path: &Path, picture: &Picture) {
    let encoder = jpeg_encoder::Encoder::new_file(path, 90).unwrap();
    let sides = [picture.width, picture.height].map(|side| u16::try_from(side).unwrap());
    let luma = jpeg_encoder::ColorType::Luma;
    encoder
        .encode(&picture.pixels, sides[0], sides[1], luma)
        .unwrap();
}

/// The picture of one code with these bytes in it.
pub(crate) fn code(payload: &[u8]) -> Picture {
    let code = qrcode::QrCode::with_error_correction_level(payload, qrcode::EcLevel::L).unwrap();
    let (modules, colors) = (code.width(), code.to_colors());
    let side = (modules + 2 * QUIET_MODULES) * MODULE_PIXELS;
    let mut picture = Picture::plain(side, side, 255);
    for (at, grey) in picture.pixels.iter_mut().enumerate() {
        let module = |pixel: usize| (pixel / MODULE_PIXELS).checked_sub(QUIET_MODULES);
        let (Some(x), Some(y)) = (module(at % side), module(at / side)) else {
            continue;
        };
        if x < modules && y < modules && colors[y * modules + x] == qrcode::Color::Dark {
            *grey = 0;
        }
    }
    picture
}

/// A picture of a room, in which there is no code.
pub(crate) fn room() -> Picture {
    let mut picture = Picture::plain(640, 480, 0);
    for (at, grey) in picture.pixels.iter_mut().enumerate() {
        let (x, y) = (at % 640, at / 640);
        *grey = u8::try_from((x / 5 + y / 7 + (x * y / 900) % 40) % 256).unwrap();
    }
    picture
}

/// A new folder that holds only these pictures.
pub(crate) fn folder_of(path: &Path, pictures: &[PathBuf]) -> PathBuf {
    fs::create_dir(path).unwrap();
    for picture in pictures {
        fs::hard_link(picture, path.join(picture.file_name().unwrap())).unwrap();
    }
    assert_eq!(entries(path).len(), pictures.len());
    path.to_owned()
}

const QUIET_MODULES: usize = 4;
const MODULE_PIXELS: usize = 6;
