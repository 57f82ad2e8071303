//! Reads the one code in a picture.

use super::QrError;
use crate::light::{
    Reader, Seen,
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
    let mut sighting = Reader::new().read(&png_read::decode(bytes)?);
    match (sighting.seen, sighting.payloads.pop()) {
        (Seen::Codes(1), Some(payload)) => Ok(payload),
        (Seen::Codes(count), _) => Err(QrError::SeveralCodes { count }),
        (Seen::Nothing, _) => Err(QrError::NoCode),
        (Seen::Unreadable { .. }, _) => Err(QrError::Unreadable),
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
