//! What can go wrong between the courier and its disk.

use std::io;

use pack_format::advice::Advice;
use thiserror::Error;

/// Why the courier's store could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The index could not be read or written.
    #[error("the courier's index failed while {doing}")]
    Index {
        /// What was being done.
        doing: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The index holds a value that this program never writes.
    #[error("the courier's index is damaged: {what}")]
    IndexDamaged {
        /// What is wrong.
        what: &'static str,
    },
    /// The index was written by a later version that this one must not touch.
    #[error("the courier's index has version {found}, this program knows {known}")]
    IndexTooNew {
        /// The oldest version that may read it.
        found: i64,
        /// This program's version.
        known: i64,
    },
    /// A file of the courier could not be read or written.
    #[error("the courier's disk failed while {doing}")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("the courier's disk has no room for {wanted_bytes} more bytes")]
    Full {
        /// How many bytes were to be added; 0 where only the system noticed.
        wanted_bytes: u64,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random numbers")]
    Randomness {
        /// What the system says.
        #[source]
        source: getrandom::Error,
    },
}

impl StoreError {
    /// Names what the index was doing; a full disk is told apart.
    pub(super) fn index(doing: &'static str) -> impl Fn(rusqlite::Error) -> Self + Copy {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full { wanted_bytes: 0 },
            _ => Self::Index { doing, source },
        }
    }

    /// Names what the disk was doing; a full disk is told apart.
    pub(super) fn disk(doing: &'static str) -> impl Fn(io::Error) -> Self + Copy {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { wanted_bytes: 0 }
            }
            _ => Self::Disk { doing, source },
        }
    }

    /// For the calls of a crossing that can only say what the machine says.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Disk { source, .. } => source,
            Self::Full { .. } => io::ErrorKind::StorageFull.into(),
            other => io::Error::other(other),
        }
    }
}

impl Advice for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Index { .. } => "courier-index-failed",
            Self::IndexDamaged { .. } => "courier-index-damaged",
            Self::IndexTooNew { .. } => "courier-index-too-new",
            Self::Disk { .. } => "courier-disk-failed",
            Self::Full { .. } => "courier-disk-full",
            Self::Randomness { .. } => "no-randomness",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::IndexDamaged { .. } | Self::IndexTooNew { .. } => {
                "Nothing was changed. Vaults keep what they gave away until it is confirmed, and \
                 relays keep what a vault has not acknowledged."
            }
            _ => "Nothing is lost: what was not stored here is still on the stick or on the relay.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Index { .. } | Self::Disk { .. } => {
                "Check the disk and its free space, then run the same command again."
            }
            Self::Full { .. } => "Free space on this machine and run the same command again.",
            Self::IndexDamaged { .. } => {
                "Move the courier's directory away, make a new one with `online-relay courier \
                 init`, and pair the vaults again."
            }
            Self::IndexTooNew { .. } => "Install the version of online-relay that wrote it.",
            Self::Randomness { .. } => "Restart the machine; if it stays, its system is broken.",
        }
        .to_owned()
    }
}
