//! What can go wrong between the server and its disk.

use std::io;

use pack_format::advice::Advice;
use thiserror::Error;

/// Why the store could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The index could not be read or written.
    #[error("the index failed while {doing}")]
    Index {
        /// What was being done.
        doing: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The index holds a value that this program never writes.
    #[error("the index is damaged: {what}")]
    IndexDamaged {
        /// What is wrong.
        what: &'static str,
    },
    /// The index was written by a later version that this one must not touch.
    #[error("the index has version {found}, this program knows {known}")]
    IndexTooNew {
        /// The oldest version that may read it.
        found: i64,
        /// This program's version.
        known: i64,
    },
    /// A file of the data directory could not be read or written.
    #[error("the disk failed while {doing}")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The quota or the disk is full.
    #[error("no room for {wanted_bytes} more bytes")]
    Full {
        /// How many bytes were to be added.
        wanted_bytes: u64,
    },
    /// Files of stored bundles are gone or have another size.
    #[error("{count} stored bundles are missing from the disk or damaged")]
    BundlesMissing {
        /// How many.
        count: u64,
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
    pub(crate) fn index(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full { wanted_bytes: 0 },
            _ => Self::Index { doing, source },
        }
    }

    /// Names what the disk was doing; a full disk is told apart.
    pub(crate) fn disk(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { wanted_bytes: 0 }
            }
            _ => Self::Disk { doing, source },
        }
    }
}

impl Advice for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Index { .. } => "index-failed",
            Self::IndexDamaged { .. } => "index-damaged",
            Self::IndexTooNew { .. } => "index-too-new",
            Self::Disk { .. } => "disk-failed",
            Self::Full { .. } => "relay-full",
            Self::BundlesMissing { .. } => "bundles-missing",
            Self::Randomness { .. } => "no-randomness",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::IndexDamaged { .. } => {
                "Nothing was changed. Senders keep their copies until the receiving vault confirms."
            }
            Self::BundlesMissing { .. } => {
                "The missing bundles are not on this relay. Senders keep their copies until the \
                 receiving vault confirms; nothing else was changed."
            }
            Self::Index { .. } | Self::Disk { .. } => {
                "Nothing was confirmed that is not stored. The next start looks for every stored \
                 bundle."
            }
            _ => "What the relay gave a receipt for is still stored. Nothing was evicted.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Index { .. } | Self::Disk { .. } => {
                "Check the disk and its free space, then start `online-relay serve` again."
            }
            Self::IndexDamaged { .. } => {
                "Stop the relay and restore the whole data directory from a backup."
            }
            Self::IndexTooNew { .. } => "Install the version of online-relay that wrote it.",
            Self::Full { .. } => {
                "Give the relay more room with a larger disk or --quota-mib, or wait until the \
                 owners have acknowledged what waits for them."
            }
            Self::BundlesMissing { .. } => {
                "Restore the data directory from a backup; or start `online-relay serve \
                 --accept-loss`, which forgets the missing bundles so that they can be sent again."
            }
            Self::Randomness { .. } => "Restart the machine; if it stays, its system is broken.",
        }
        .to_owned()
    }
}
