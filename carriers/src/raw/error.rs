//! What can go wrong with a raw medium, in words for the person who holds it.

use std::{io, path::PathBuf};

use pack_format::advice::{Advice, Exit};

use crate::words;

/// Why a raw medium could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// Nothing exists at the path; it is never created.
    #[error("there is no device or image at {path:?}")]
    NotThere {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path is something that parts are not written to: a folder, a pipe, a terminal.
    #[error("not a disk, a tape or an image file: {path:?}")]
    NotAMedium {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The device, or a partition of it, is mounted; writing to it would destroy files.
    #[error("the device holds files in use at {mount_point:?}: {path:?}")]
    Mounted {
        /// Where it is mounted.
        mount_point: PathBuf,
        /// The device.
        path: PathBuf,
    },
    /// The system uses the device in another way, for instance under an encrypted volume.
    #[error("the device is in use: {path:?}")]
    InUse {
        /// The device.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// The medium cannot be written to.
    #[error("the medium is read-only: {doing}")]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// The medium ends before the part would.
    #[error("the medium is full: {needed_bytes} bytes needed, {free_bytes} free")]
    Full {
        /// What is still to be written, in bytes.
        needed_bytes: u64,
        /// What is left, in bytes; 0 where the medium does not say.
        free_bytes: u64,
    },
    /// The medium was pulled out or stopped answering.
    #[error("the medium stopped answering: {doing}")]
    Gone {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// Read from the device again, the bytes are not what was written.
    #[error("the medium reads back differently from what was written")]
    ReadBackDiffers,
    /// The medium ended inside a part that was found on it.
    #[error("the medium ended inside a part, at byte {at_bytes}")]
    Ended {
        /// Where it ended, in bytes from its beginning.
        at_bytes: u64,
    },
    /// The caller asked for a part of a size that no part has.
    #[error("a part has 1 to {max_bytes} bytes, not {size_bytes}")]
    SizeOutOfRange {
        /// The size that was asked for, in bytes.
        size_bytes: u64,
        /// The largest part, in bytes.
        max_bytes: u64,
    },
    /// The caller wrote another number of bytes than it announced.
    #[error("a part was announced with {announced_bytes} bytes and given {given_bytes}")]
    WrongLength {
        /// What was announced, in bytes.
        announced_bytes: u64,
        /// What came, in bytes.
        given_bytes: u64,
    },
    /// The machine failed in another way.
    #[error("{doing}: {}", words::reason(source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
}

impl RawError {
    /// Wraps a failure of a call that only reads.
    pub(crate) fn reading(doing: &'static str) -> impl Fn(io::Error) -> RawError {
        move |source| match source {
            source if words::is_gone(&source) => RawError::Gone { doing, source },
            source => RawError::Io { doing, source },
        }
    }

    /// Wraps a failure of a call that writes, with what was still to be written.
    pub(crate) fn writing(
        doing: &'static str,
        needed_bytes: u64,
    ) -> impl Fn(io::Error) -> RawError {
        move |source| match source {
            source if words::is_gone(&source) => RawError::Gone { doing, source },
            source if words::is_read_only(&source) => RawError::ReadOnly { doing, source },
            source if words::is_full(&source) => RawError::Full {
                needed_bytes,
                free_bytes: 0,
            },
            source => RawError::Io { doing, source },
        }
    }
}

impl Advice for RawError {
    fn code(&self) -> &'static str {
        match self {
            RawError::NotThere { .. } => "raw-not-there",
            RawError::NotAMedium { .. } => "raw-not-a-medium",
            RawError::Mounted { .. } => "raw-mounted",
            RawError::InUse { .. } => "raw-in-use",
            RawError::ReadOnly { .. } => "raw-read-only",
            RawError::Full { .. } => "raw-full",
            RawError::Gone { .. } => "raw-gone",
            RawError::ReadBackDiffers => "raw-read-back-differs",
            RawError::Ended { .. } => "raw-ended",
            RawError::SizeOutOfRange { .. } => "raw-part-size-out-of-range",
            RawError::WrongLength { .. } => "raw-part-wrong-length",
            RawError::Io { .. } => "raw-io",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            RawError::NotThere { .. } | RawError::NotAMedium { .. } => {
                "Nothing was read or written."
            }
            RawError::Mounted { .. } | RawError::InUse { .. } => {
                "Nothing was written: the files on the device are as they were."
            }
            RawError::Ended { .. } => {
                "Nothing was taken in from this part; its sender keeps a copy until a receipt returns."
            }
            _ => "Nothing is lost: the vault keeps its copy until a receipt returns.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            RawError::NotThere { .. } => {
                "Plug the medium in and give the path of its device, or of an existing image file."
            }
            RawError::NotAMedium { .. } => {
                "Give the path of a disk device, of a rewinding tape device such as /dev/st0, or \
                 of an existing image file; for a folder, use the stick option."
            }
            RawError::Mounted { .. } => {
                "Check that it is the right device; if nothing on it is needed any more, unmount \
                 it and run the same command again."
            }
            RawError::InUse { .. } => {
                "Check that it is the right device, close what uses it, and run the same command \
                 again."
            }
            RawError::ReadOnly { .. } => {
                "Take the write protection off, or ask for the right to write to the device, and \
                 run the same command again."
            }
            RawError::Full { .. } => "Take a larger medium and run the same command again.",
            RawError::Gone { .. } => {
                "Plug the medium in again and run the same command; if this happens twice, take \
                 another one."
            }
            RawError::ReadBackDiffers => {
                "Take another medium and run the same command again: this one does not keep what \
                 is written to it."
            }
            RawError::Ended { .. } => {
                "Ask the sender to write the part again, on a medium that is not damaged."
            }
            RawError::SizeOutOfRange { .. } | RawError::WrongLength { .. } => {
                "Report this: it is a fault of the program, not of the medium."
            }
            RawError::Io { .. } => {
                "Run the same command again; if it fails once more, take another medium."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            RawError::NotAMedium { .. } | RawError::Mounted { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
