//! What can go wrong with a QR code, in words.

use pack_format::advice::{Advice, Exit};

/// Why a QR code could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// The payload is empty or longer than one code holds.
    #[error("a code holds 1 to {max_bytes} bytes, not {size_bytes}")]
    PayloadOutOfRange {
        /// The payload's size in bytes.
        size_bytes: usize,
        /// The largest payload, in bytes.
        max_bytes: usize,
    },
    /// The encoder refused a payload that is short enough.
    #[error("the code could not be made")]
    NotMade {
        /// What the encoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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
    /// There is no code in the picture.
    #[error("no code in the picture")]
    NoCode,
    /// There is more than one code in the picture.
    #[error("{count} codes in the picture, one expected")]
    SeveralCodes {
        /// How many could be read.
        count: usize,
    },
    /// There is a code, but it cannot be read.
    #[error("the code in the picture cannot be read")]
    Unreadable,
}

impl QrError {
    /// What an encoder refused though it should not have.
    pub(crate) fn not_made(err: impl std::error::Error + Send + Sync + 'static) -> Self {
        QrError::NotMade {
            source: Box::new(err),
        }
    }
}

impl Advice for QrError {
    fn code(&self) -> &'static str {
        match self {
            QrError::PayloadOutOfRange { .. } => "qr-payload-out-of-range",
            QrError::NotMade { .. } => "qr-not-made",
            QrError::NotAPicture { .. } => "qr-not-a-picture",
            QrError::TooLarge { .. } => "qr-too-large",
            QrError::NoCode => "qr-no-code",
            QrError::SeveralCodes { .. } => "qr-several-codes",
            QrError::Unreadable => "qr-unreadable",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            QrError::PayloadOutOfRange { .. } | QrError::NotMade { .. } => {
                "Nothing was shown or written."
            }
            _ => "Nothing was taken in from the picture.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            QrError::PayloadOutOfRange { .. } => "Carry it on a stick instead.",
            QrError::NotMade { .. } => "Report this: it is a fault of the program.",
            QrError::NotAPicture { .. } => "Save the picture as PNG and give that file.",
            QrError::TooLarge { .. } | QrError::SeveralCodes { .. } => {
                "Crop the picture to the one code and its white border, and give that file."
            }
            QrError::NoCode | QrError::Unreadable => {
                "Take the picture again: straight from the front, sharp, evenly lit, with the \
                 whole white border."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            QrError::PayloadOutOfRange { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
