//! Reads the one code in a picture.

use std::{io::Cursor, panic};

use super::QrError;
use crate::limits::{PICTURE_FILE_BYTES_MAX, PICTURE_PIXELS_MAX};

/// Reads the payload of the one code in a PNG picture.
///
/// # Errors
/// [`QrError::NotAPicture`], [`QrError::TooLarge`] for a file above
/// [`PICTURE_FILE_BYTES_MAX`] or a picture above [`PICTURE_PIXELS_MAX`], [`QrError::NoCode`],
/// [`QrError::SeveralCodes`], [`QrError::Unreadable`].
pub fn read_png(bytes: &[u8]) -> Result<Vec<u8>, QrError> {
    let picture = GreyPicture::decode(bytes)?;
    // The reader is known to panic on some photos; a photo must not end the program.
    panic::catch_unwind(|| read_one(&picture)).unwrap_or(Err(QrError::Unreadable))
}

fn read_one(picture: &GreyPicture) -> Result<Vec<u8>, QrError> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, |x, y| {
            picture.grey_at(x, y)
        });
    let grids = prepared.detect_grids();
    let mut payloads = Vec::new();
    for grid in &grids {
        let mut payload = Vec::new();
        if grid.decode_to(&mut payload).is_ok() {
            payloads.push(payload);
        }
    }
    match (payloads.pop(), payloads.len()) {
        (Some(payload), 0) => Ok(payload),
        (Some(_), others) => Err(QrError::SeveralCodes {
            count: others.saturating_add(1),
        }),
        (None, _) if grids.is_empty() => Err(QrError::NoCode),
        (None, _) => Err(QrError::Unreadable),
    }
}

/// A picture in grey, row by row.
struct GreyPicture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl GreyPicture {
    fn decode(bytes: &[u8]) -> Result<GreyPicture, QrError> {
        if bytes.len() > PICTURE_FILE_BYTES_MAX {
            return Err(QrError::TooLarge {
                max: PICTURE_FILE_BYTES_MAX as u64,
                unit: "bytes as a file",
            });
        }
        let mut decoder = png::Decoder::new_with_limits(
            Cursor::new(bytes),
            png::Limits {
                bytes: DECODER_BYTES_MAX,
            },
        );
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(not_a_picture)?;
        let (width, height) = reader.info().size();
        if u64::from(width) * u64::from(height) > PICTURE_PIXELS_MAX {
            return Err(QrError::TooLarge {
                max: PICTURE_PIXELS_MAX,
                unit: "pixels",
            });
        }
        let too_large = QrError::TooLarge {
            max: PICTURE_PIXELS_MAX,
            unit: "pixels",
        };
        let mut samples = vec![0_u8; reader.output_buffer_size().ok_or(too_large)?];
        let frame = reader.next_frame(&mut samples).map_err(not_a_picture)?;
        samples.truncate(frame.buffer_size());
        Ok(GreyPicture {
            width: width as usize,
            height: height as usize,
            pixels: grey_pixels(samples, frame.color_type),
        })
    }

    /// Outside there is paper.
    fn grey_at(&self, x: usize, y: usize) -> u8 {
        let index = y.checked_mul(self.width).and_then(|row| row.checked_add(x));
        index
            .and_then(|index| self.pixels.get(index))
            .copied()
            .unwrap_or(WHITE)
    }
}

/// One grey value for each pixel; what is transparent lies on white.
fn grey_pixels(samples: Vec<u8>, color_type: png::ColorType) -> Vec<u8> {
    match color_type {
        png::ColorType::GrayscaleAlpha => samples
            .as_chunks()
            .0
            .iter()
            .map(|[grey, alpha]| on_white(*grey, *alpha))
            .collect(),
        png::ColorType::Rgb => samples.as_chunks().0.iter().map(|rgb| luma(*rgb)).collect(),
        png::ColorType::Rgba => samples
            .as_chunks()
            .0
            .iter()
            .map(|[red, green, blue, alpha]| on_white(luma([*red, *green, *blue]), *alpha))
            .collect(),
        png::ColorType::Grayscale | png::ColorType::Indexed => samples,
    }
}

/// Rec. 601 weights in 256ths.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue);
    u8::try_from(sum / 256).unwrap_or(WHITE)
}

fn on_white(grey: u8, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    let sum = u32::from(grey) * alpha + u32::from(WHITE) * (255 - alpha);
    u8::try_from(sum / 255).unwrap_or(WHITE)
}

fn not_a_picture(source: png::DecodingError) -> QrError {
    QrError::NotAPicture { source }
}

const WHITE: u8 = 255;

/// What the decoder may allocate besides the pixels: four bytes a pixel and some room.
const DECODER_BYTES_MAX: usize = 256 << 20;
