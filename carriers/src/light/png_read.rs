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
    GreyPicture::pixel_count(width, height).map_err(too_large)?;
    let samples_bytes = reader.output_buffer_size().ok_or(TOO_MANY_PIXELS)?;
    let mut samples = vec![0_u8; samples_bytes];
    let frame = reader.next_frame(&mut samples).map_err(not_a_picture)?;
    samples.truncate(frame.buffer_size());
    GreyPicture::new(width, height, grey_pixels(samples, frame.color_type)).map_err(too_large)
}

/// One grey value for each pixel.
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

const WHITE: u8 = 255;

/// What the decoder may allocate besides the pixels: four bytes a pixel and some room.
const DECODER_BYTES_MAX: usize = 256 << 20;
