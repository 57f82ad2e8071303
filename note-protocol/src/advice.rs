//! What a person is told when a note could not be read or changed.

use pack_format::advice::{Advice, Exit};

use crate::error::{NoteError, Refusal};

impl Advice for NoteError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled { .. } => "note-program-missing",
            Self::TooLarge(_) => "note-too-large",
            Self::Machine(_) => "note-not-run",
            Self::TooSlow { .. } => "note-too-slow",
            Self::Ended { .. } => "note-reader-ended",
            Self::Nonsense(_) => "note-reader-answer",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was changed: the note and all its updates are as they were.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NotInstalled { .. } => {
                "Put `causeway-note` beside this program, then run it again."
            }
            Self::TooLarge(_) => "Split the note into several, then run it again.",
            Self::Machine(_) => "Close other programs, then run it again.",
            Self::TooSlow { .. } => {
                "Run it again when the machine is less busy; if it stays so, ask the author of \
                 the newest change for a copy of the text."
            }
            Self::Ended { .. } | Self::Nonsense(_) => {
                "Ask the author of the newest change for a copy of the text, and show an admin of \
                 the space this message: a change may be meant to do harm."
            }
            Self::Refused(refusal) => return refusal.next_step(),
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Refused(refusal) => refusal.exit(),
            Self::Ended { .. } | Self::Nonsense(_) => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

impl Advice for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Request => "note-request",
            Self::Unreadable { .. } => "note-unreadable",
            Self::ForeignPeer { .. } => "note-foreign-author",
            Self::MissingOperations { .. } => "note-missing-changes",
            Self::KnownOperations { .. } => "note-repeated-changes",
            Self::Range { .. } => "note-range",
            Self::UnusablePeer => "note-unusable-author",
            Self::TooLarge { .. } => "note-result-too-large",
            Self::NotStable => "note-not-stable",
            Self::Unconfined => "note-not-confined",
            Self::Fault => "note-reader-failed",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was changed: the note and all its updates are as they were.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Request => "Install `causeway-note` and this program of the same version.",
            Self::Unreadable { .. } | Self::ForeignPeer { .. } | Self::KnownOperations { .. } => {
                "Show an admin of the space this message: the author of this change does what his \
                 program does not do by itself."
            }
            Self::MissingOperations { .. } => {
                "Take in what is still on its way, then run it again."
            }
            Self::Range { .. } => "Look at the note again and choose a part of its present text.",
            Self::UnusablePeer => "Write the change from another device.",
            Self::TooLarge { .. } => "Split the note into several, then run it again.",
            Self::Unconfined => {
                "Use a Linux kernel with seccomp, outside of a container that forbids it."
            }
            Self::Fault | Self::NotStable => {
                "Ask the author of the newest change for a copy of the text, and show an admin of \
                 the space this message: a change may be meant to do harm."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { .. }
            | Self::ForeignPeer { .. }
            | Self::KnownOperations { .. }
            | Self::NotStable
            | Self::Fault => Exit::Refused,
            Self::Range { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
