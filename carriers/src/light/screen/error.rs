//! What can go wrong with a window, in words.

use std::{borrow::Cow, path::PathBuf};

use pack_format::{
    advice::{Advice, Exit},
    codec::{DecodeError, Reader, Writer},
};

use super::wire::{TEXT_BYTES_MAX, write_text};
use crate::qr::QrError;

/// Why there is no window, or why it could not show a code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScreenError {
    /// There is no desktop to open a window on.
    #[error("no desktop was found")]
    NoDesktop,
    /// The desktop or its graphics refused.
    #[error("the window could not be opened: {reason}")]
    NotOpened {
        /// What the desktop said.
        reason: Cow<'static, str>,
    },
    /// The desktop did not answer in time.
    #[error("the window did not open within {limit_secs} seconds")]
    TooSlow {
        /// How long was waited.
        limit_secs: u64,
    },
    /// Another window of this program is open.
    #[error("a window of this program is open already")]
    AlreadyOpen,
    /// A code could not be made.
    #[error("a code could not be drawn")]
    Code {
        /// What the encoder said, where that is known.
        source: Option<QrError>,
    },
    /// The program that owns the window is not there.
    #[error("the program that opens windows is not there: {path:?}")]
    NotInstalled {
        /// Where it should be.
        path: PathBuf,
    },
    /// The process of the window has ended.
    #[error("the window has gone")]
    Ended,
}

impl ScreenError {
    /// Writes what another process needs to say the same.
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::NoDesktop => writer.u8(1),
            Self::NotOpened { reason } => {
                writer.u8(2);
                write_text(writer, reason);
                writer
            }
            Self::TooSlow { limit_secs } => writer.u8(3).u64(*limit_secs),
            Self::AlreadyOpen => writer.u8(4),
            Self::Code { .. } => writer.u8(5),
            Self::NotInstalled { .. } | Self::Ended => writer.u8(6),
        };
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8("screen error")? {
            1 => Self::NoDesktop,
            2 => Self::NotOpened {
                reason: reader.text(TEXT_BYTES_MAX, "reason")?.to_owned().into(),
            },
            3 => Self::TooSlow {
                limit_secs: reader.u64("limit")?,
            },
            4 => Self::AlreadyOpen,
            5 => Self::Code { source: None },
            6 => Self::Ended,
            _ => {
                return Err(DecodeError::Unknown {
                    what: "screen error",
                });
            }
        })
    }
}

impl Advice for ScreenError {
    fn code(&self) -> &'static str {
        match self {
            ScreenError::NoDesktop => "screen-no-desktop",
            ScreenError::NotOpened { .. } => "screen-not-opened",
            ScreenError::TooSlow { .. } => "screen-too-slow",
            ScreenError::AlreadyOpen => "screen-already-open",
            ScreenError::Code { .. } => "screen-code-not-drawn",
            ScreenError::NotInstalled { .. } => "screen-not-installed",
            ScreenError::Ended => "screen-ended",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing is lost: what was to cross stays until its receiver confirms it.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            ScreenError::NoDesktop | ScreenError::NotOpened { .. } => {
                "Run the command in a terminal of the desktop, or use --terminal instead of \
                 --screen."
            }
            ScreenError::NotInstalled { .. } => {
                "Put `causeway-screen` beside this program, or use --terminal instead of --screen."
            }
            ScreenError::Ended | ScreenError::TooSlow { .. } => {
                "Run it again, or use --terminal instead of --screen."
            }
            ScreenError::AlreadyOpen => "Close the other window, then run it again.",
            ScreenError::Code { .. } => "Report this: it is a fault of the program.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}
