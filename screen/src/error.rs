//! What can go wrong with a window, in words.

use carriers::qr::QrError;
use pack_format::advice::{Advice, Exit};

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
        reason: &'static str,
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
        /// What the encoder said.
        source: QrError,
    },
}

impl Advice for ScreenError {
    fn code(&self) -> &'static str {
        match self {
            ScreenError::NoDesktop => "screen-no-desktop",
            ScreenError::NotOpened { .. } => "screen-not-opened",
            ScreenError::TooSlow { .. } => "screen-too-slow",
            ScreenError::AlreadyOpen => "screen-already-open",
            ScreenError::Code { .. } => "screen-code-not-drawn",
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
            ScreenError::TooSlow { .. } => "Run it again, or use --terminal instead of --screen.",
            ScreenError::AlreadyOpen => "Close the other window, then run it again.",
            ScreenError::Code { .. } => "Report this: it is a fault of the program.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}
