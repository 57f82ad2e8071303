//! What can go wrong with a stick, in words for the person who holds it.

use std::{io, path::PathBuf};

use pack_format::advice::Advice;

use super::name::{PartName, PartNameError};
use crate::words;

/// Why a stick could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StickError {
    /// Nothing exists at the path; it is never created, because that would hide a missing mount.
    #[error("there is no stick at {path:?}")]
    NotThere {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path is a file or something else that holds no files.
    #[error("not a folder: {path:?}")]
    NotADirectory {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The stick cannot be written to.
    #[error("the stick is read-only: {doing}")]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
        /// What the machine said, where it was asked.
        source: Option<io::Error>,
    },
    /// There is not enough space left.
    #[error("the stick is full: {needed_bytes} bytes needed, {free_bytes} free")]
    Full {
        /// What is still to be written, in bytes.
        needed_bytes: u64,
        /// What was free when that was found out, in bytes.
        free_bytes: u64,
    },
    /// There is space, but the directory takes no further name (the root of FAT16 ends at 512).
    #[error("the stick has space, but its folder takes no more files")]
    FolderFull {
        /// What the machine said.
        source: io::Error,
    },
    /// The stick was pulled out or stopped answering.
    #[error("the stick stopped answering: {doing}")]
    Gone {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// The directory lists more entries than a scan looks at.
    #[error("the folder holds more than {entries_max} entries")]
    TooManyEntries {
        /// The bound.
        entries_max: u64,
    },
    /// Read from the device again, a part is not what was written.
    #[error("a part reads back differently from what was written: {name}")]
    ReadBackDiffers {
        /// The part.
        name: PartName,
        /// Whether the bad file could be taken off the stick again.
        removed: bool,
    },
    /// A part of this name is on the stick already; it was not touched.
    #[error("a part of this name is on the stick already: {name}")]
    AlreadyThere {
        /// The part.
        name: PartName,
    },
    /// Something that is not a part file stands where a part belongs; it was not touched.
    #[error("something else has the name of a part: {name}")]
    NotOurs {
        /// The name.
        name: PartName,
    },
    /// A part does not have the size that it had when it was found.
    #[error(
        "a part changed its size: {expected_bytes} bytes expected, {found_bytes} found: {name}"
    )]
    PartChangedSize {
        /// The size it should have, in bytes.
        expected_bytes: u64,
        /// The size it has, in bytes.
        found_bytes: u64,
        /// The part.
        name: PartName,
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
    #[error("a part was announced with {announced_bytes} bytes and given {given_bytes}: {name}")]
    WrongLength {
        /// What was announced, in bytes.
        announced_bytes: u64,
        /// What came, in bytes.
        given_bytes: u64,
        /// The part.
        name: PartName,
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

impl StickError {
    /// Wraps a failure of a call that only reads.
    pub(crate) fn reading(doing: &'static str) -> impl Fn(io::Error) -> StickError {
        move |source| match source {
            source if words::is_gone(&source) => StickError::Gone { doing, source },
            source => StickError::Io { doing, source },
        }
    }

    /// Wraps a failure of a call that changes the stick.
    pub(crate) fn writing(doing: &'static str) -> impl Fn(io::Error) -> StickError {
        move |source| match source {
            source if words::is_gone(&source) => StickError::Gone { doing, source },
            source if words::is_read_only(&source) => StickError::ReadOnly {
                doing,
                source: Some(source),
            },
            source if words::is_full(&source) => StickError::FolderFull { source },
            source => StickError::Io { doing, source },
        }
    }
}

const KEPT: &str = "Nothing is lost: the vault keeps its copy until a receipt returns.";

impl Advice for StickError {
    fn code(&self) -> &'static str {
        match self {
            StickError::NotThere { .. } => "stick-not-there",
            StickError::NotADirectory { .. } => "stick-not-a-folder",
            StickError::ReadOnly { .. } => "stick-read-only",
            StickError::Full { .. } => "stick-full",
            StickError::FolderFull { .. } => "stick-folder-full",
            StickError::Gone { .. } => "stick-gone",
            StickError::TooManyEntries { .. } => "stick-too-many-entries",
            StickError::ReadBackDiffers { .. } => "stick-read-back-differs",
            StickError::AlreadyThere { .. } => "stick-part-already-there",
            StickError::NotOurs { .. } => "stick-name-taken",
            StickError::PartChangedSize { .. } => "stick-part-changed-size",
            StickError::SizeOutOfRange { .. } => "stick-part-size-out-of-range",
            StickError::WrongLength { .. } => "stick-part-wrong-length",
            StickError::Io { .. } => "stick-io",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            StickError::NotThere { .. } | StickError::NotADirectory { .. } => {
                "Nothing was read or written."
            }
            StickError::TooManyEntries { .. } | StickError::NotOurs { .. } => {
                "Nothing on the stick was changed, and the vault keeps its copy."
            }
            StickError::PartChangedSize { .. } => {
                "Nothing was taken in from this part; its sender keeps a copy until a receipt returns."
            }
            _ => KEPT,
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            StickError::NotThere { .. } => {
                "Plug the stick in, open it once in the file manager so \
                that it is mounted, and give the path of its folder."
                    .to_owned()
            }
            StickError::NotADirectory { .. } => {
                "Give the path of the folder that the stick is mounted on.".to_owned()
            }
            StickError::ReadOnly { .. } => "Slide the stick's write-protect switch back, or take \
                another stick, and run the same command again."
                .to_owned(),
            StickError::Full {
                needed_bytes,
                free_bytes,
            } => format!(
                "Free another {} on the stick, or take a larger one, and run the same command again.",
                words::megabytes(needed_bytes.saturating_sub(*free_bytes).max(1)),
            ),
            StickError::FolderFull { .. } => "Remove files from that folder of the stick, or use \
                another folder on it, and run the same command again."
                .to_owned(),
            StickError::Gone { .. } => "Plug the stick in again and run the same command: it goes \
                on where it stopped; if this happens twice, take another stick."
                .to_owned(),
            StickError::TooManyEntries { .. } => {
                "Use an emptier folder or stick, and run the same command again.".to_owned()
            }
            StickError::ReadBackDiffers { removed: true, .. } => "Take another stick and run the \
                same command again: this one does not keep what is written to it."
                .to_owned(),
            StickError::ReadBackDiffers { removed: false, .. } => "Do not carry this stick: it \
                holds a damaged part that could not be removed; take another one and run the same \
                command again."
                .to_owned(),
            StickError::AlreadyThere { .. } => {
                "Run the same command again: it checks the part that is there.".to_owned()
            }
            StickError::NotOurs { name } => {
                format!("Move what is called {name} off the stick and run the same command again.")
            }
            StickError::PartChangedSize { .. } => "Close every other program that uses the stick \
                and run the same command again."
                .to_owned(),
            StickError::SizeOutOfRange { .. } | StickError::WrongLength { .. } => {
                "Report this: it is a fault of the program, not of the stick.".to_owned()
            }
            StickError::Io { .. } => "Run the same command again; if it fails once more, take \
                another stick."
                .to_owned(),
        }
    }
}

impl Advice for PartNameError {
    fn code(&self) -> &'static str {
        "stick-part-name"
    }

    fn data_safe(&self) -> String {
        "Nothing was read or written.".to_owned()
    }

    fn next_step(&self) -> String {
        "Report this: it is a fault of the program, not of the stick.".to_owned()
    }
}
