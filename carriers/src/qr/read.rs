//! Reads the one code in a picture.

use std::panic;

use super::QrError;
use crate::light::{
    GreyPicture,
    png_read::{self, PngReadError},
};

/// Reads the payload of the one code in a PNG picture.
///
/// # Errors
/// [`QrError::NotAPicture`], [`QrError::TooLarge`] for a file above
/// [`PICTURE_FILE_BYTES_MAX`](crate::limits::PICTURE_FILE_BYTES_MAX) or a picture above
/// [`PICTURE_PIXELS_MAX`](crate::limits::PICTURE_PIXELS_MAX), [`QrError::NoCode`],
/// [`QrError::SeveralCodes`], [`QrError::Unreadable`].
pub fn read_png(bytes: &[u8]) -> Result<Vec<u8>, QrError> {
    let picture = png_read::decode(bytes)?;
    // The reader is known to panic on some photos; a photo must not end the program.
    panic::catch_unwind(|| read_one(&picture)).unwrap_or(Err(QrError::Unreadable))
}

fn read_one(picture: &GreyPicture) -> Result<Vec<u8>, QrError> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width(), picture.height(), |x, y| {
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

impl From<PngReadError> for QrError {
    fn from(err: PngReadError) -> Self {
        match err {
            PngReadError::NotAPicture { source } => QrError::NotAPicture { source },
            PngReadError::TooLarge { max, unit } => QrError::TooLarge { max, unit },
        }
    }
}
