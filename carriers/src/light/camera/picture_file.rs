//! Unpacks the file of one picture, whatever its name says it is.

use std::{fs, io, io::Read, path::Path};

use super::{jpeg, pgm};
use crate::{
    light::{
        GreyPicture, PictureError,
        png_read::{self, PngReadError},
    },
    limits::PICTURE_FILE_BYTES_MAX,
};

/// Why a file did not become a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureFileError {
    /// The file begins like no kind of picture that is understood.
    #[error("this is no PNG, JPEG or PGM picture")]
    UnknownKind,
    /// The file begins like this kind and goes on otherwise.
    #[error("this is no {kind} picture that can be read")]
    NotUnderstood {
        /// PNG, JPEG or PGM.
        kind: &'static str,
    },
    /// The file ends before the picture does.
    #[error("the picture is cut short")]
    CutShort,
    /// There are too many pixels, or none.
    #[error(transparent)]
    Sides(#[from] PictureError),
    /// The file or the picture is larger than one that is looked at.
    #[error("the picture is larger than {max} {unit}")]
    TooLarge {
        /// The bound.
        max: u64,
        /// What it counts.
        unit: &'static str,
    },
    /// The path leads to something that is not a file.
    #[error("not a file")]
    NotAFile,
    /// The file could not be read.
    #[error("{}", crate::words::reason(source))]
    Io {
        /// What the machine said.
        source: io::Error,
    },
}

impl PictureFileError {
    /// Whether a smaller picture would do.
    pub(super) fn is_size(&self) -> bool {
        matches!(
            self,
            Self::Sides(PictureError::TooLarge { .. }) | Self::TooLarge { .. }
        )
    }
}

impl From<PngReadError> for PictureFileError {
    fn from(err: PngReadError) -> Self {
        match err {
            PngReadError::NotAPicture {
                source: png::DecodingError::IoError(_),
            } => Self::CutShort,
            PngReadError::NotAPicture { .. } => Self::NotUnderstood { kind: "PNG" },
            PngReadError::TooLarge { max, unit } => Self::TooLarge { max, unit },
        }
    }
}

/// Reads the picture in a file.
///
/// # Errors
/// Any [`PictureFileError`].
pub(super) fn read(path: &Path) -> Result<GreyPicture, PictureFileError> {
    // A named pipe would keep whoever opens it waiting.
    let io = |source| PictureFileError::Io { source };
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(PictureFileError::NotAFile);
    }
    let file = fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    let bytes_max = PICTURE_FILE_BYTES_MAX as u64;
    let mut within = file.take(bytes_max.saturating_add(1));
    within.read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > PICTURE_FILE_BYTES_MAX {
        return Err(PictureFileError::TooLarge {
            max: bytes_max,
            unit: "bytes as a file",
        });
    }
    decode(&bytes)
}

/// Unpacks a picture; its first bytes say what it is, because names often lie.
///
/// # Errors
/// Any [`PictureFileError`] but those of files.
pub(super) fn decode(bytes: &[u8]) -> Result<GreyPicture, PictureFileError> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Ok(png_read::decode(bytes)?),
        [0xff, 0xd8, ..] => jpeg::decode(bytes),
        [b'P', b'5', ..] => pgm::decode(bytes),
        _ => Err(PictureFileError::UnknownKind),
    }
}
