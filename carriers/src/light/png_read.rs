//! Unpacks PNG pictures to grey, within bounds that hold whatever the file announces.

use std::io::Cursor;

use super::{GreyPicture, PictureError};
use crate::limits::{PICTURE_FILE_BYTES_MAX, PICTURE_PIXELS_MAX};

/// Why bytes did not become a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PngReadError {
    /// The bytes are not a PNG picture.
    #[error("not a PNG picture")]
    NotAPicture {
        /// What the decoder said.
        source: png::DecodingError,
    },
    /// The file or the picture is larger than one that is looked at.
    #[error("the picture is larger than {max} {unit}")]
    TooLarge {
        /// The bound.
        max: u64,
        /// What it counts.
        unit: &'static str,
    },
}

/// Unpacks a PNG picture of any colour type to grey; what is transparent lies on white.
///
/// # Errors
/// [`PngReadError::NotAPicture`]; [`PngReadError::TooLarge`] for a file above
/// [`PICTURE_FILE_BYTES_MAX`] or a picture above [`PICTURE_PIXELS_MAX`], before memory is taken
/// for its pixels.
pub(crate) fn decode(bytes: &[u8]) -> Result<GreyPicture, PngReadError> {
    if bytes.len() > PICTURE_FILE_BYTES_MAX {
        return Err(PngReadError::TooLarge {
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
    let (width, height) = (width as usize, height as usize);
    let pixel_count = GreyPicture::pixel_count(width, height).map_err(too_large)?;
    let (color_type, _) = reader.output_color_type();
    let mut pixels = Vec::new();
    if reader.info().interlaced {
        // Its rows come in no order that could be kept while it is unpacked.
        if pixel_count > INTERLACED_PIXELS_MAX {
            return Err(TOO_MANY_INTERLACED);
        }
        let samples_bytes = reader.output_buffer_size().ok_or(TOO_MANY_PIXELS)?;
        let mut samples = vec![0_u8; samples_bytes];
        let frame = reader.next_frame(&mut samples).map_err(not_a_picture)?;
        samples.truncate(frame.buffer_size());
        extend_grey(&mut pixels, &samples, color_type);
    } else {
        while pixels.len() < pixel_count {
            let Some(row) = reader.next_row().map_err(not_a_picture)? else {
                break;
            };
            extend_grey(&mut pixels, row.data(), color_type);
        }
    }
    GreyPicture::new(width, height, pixels).map_err(too_large)
}

/// Adds one grey value for each pixel.
fn extend_grey(pixels: &mut Vec<u8>, samples: &[u8], color_type: png::ColorType) {
    match color_type {
        png::ColorType::GrayscaleAlpha => {
            let samples = samples.as_chunks().0.iter();
            pixels.extend(samples.map(|[grey, alpha]| on_white(*grey, *alpha)));
        }
        png::ColorType::Rgb => {
            let samples = samples.as_chunks().0.iter();
            pixels.extend(samples.map(|rgb| luma(*rgb)));
        }
        png::ColorType::Rgba => {
            let samples = samples.as_chunks().0.iter();
            pixels
                .extend(samples.map(|[red, green, blue, alpha]| {
                    on_white(luma([*red, *green, *blue]), *alpha)
                }));
        }
        png::ColorType::Grayscale | png::ColorType::Indexed => pixels.extend_from_slice(samples),
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

fn not_a_picture(source: png::DecodingError) -> PngReadError {
    PngReadError::NotAPicture { source }
}

/// The decoder refuses sides of zero and fills what it announces; what is left is the size.
fn too_large(_: PictureError) -> PngReadError {
    TOO_MANY_PIXELS
}

const TOO_MANY_PIXELS: PngReadError = PngReadError::TooLarge {
    max: PICTURE_PIXELS_MAX,
    unit: "pixels",
};

const TOO_MANY_INTERLACED: PngReadError = PngReadError::TooLarge {
    max: INTERLACED_PIXELS_MAX as u64,
    unit: "pixels in an interlaced PNG",
};

const WHITE: u8 = 255;

/// What is unpacked of a picture that is held whole in all its colours, four bytes a pixel.
const INTERLACED_PIXELS_MAX: usize = 8_000_000;

/// What the decoder may allocate besides the pixels: a few rows, of which one can have them all.
const DECODER_BYTES_MAX: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(samples: &[u8], width: u32, color: png::ColorType) -> Vec<u8> {
        let mut file = Vec::new();
        let height = u32::try_from(samples.len()).unwrap() / width;
        let height = height / u32::try_from(color.samples()).unwrap();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(samples).unwrap();
        writer.finish().unwrap();
        file
    }

    /// Announces sides and interlacing in the head of a picture.
    fn with_head(mut file: Vec<u8>, side: u32, interlacing: u8) -> Vec<u8> {
        file[16..20].copy_from_slice(&side.to_be_bytes());
        file[20..24].copy_from_slice(&side.to_be_bytes());
        file[28] = interlacing;
        let crc = file[12..29].iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
            })
        });
        file[29..33].copy_from_slice(&(!crc).to_be_bytes());
        file
    }

    #[test]
    fn rows_are_read_in_grey() {
        let rgb = [[255; 3], [0; 3], [0, 255, 0], [255; 3]].concat();
        let picture = decode(&png_of(&rgb, 2, png::ColorType::Rgb)).unwrap();
        assert_eq!(picture.pixels(), [255, 0, 149, 255]);
    }

    #[test]
    fn interlaced_pictures_are_read_up_to_a_lower_bound() {
        let single = png_of(&[77], 1, png::ColorType::Grayscale);
        let picture = decode(&with_head(single.clone(), 1, 1)).unwrap();
        assert_eq!(picture.pixels(), [77]);
        assert!(matches!(
            decode(&with_head(single, 3_000, 1)),
            Err(PngReadError::TooLarge { .. })
        ));
    }

    #[test]
    fn picture_with_too_few_rows_is_an_error() {
        let single = png_of(&[77], 1, png::ColorType::Grayscale);
        assert!(decode(&with_head(single, 30, 0)).is_err());
    }
}
