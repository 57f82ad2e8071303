//! What can go wrong with a backup, each with what it means for the person's data.

use std::io;

use pack_format::advice::{Advice, Exit};
use pack_format::chunked::ChunkedError;
use pack_format::codec::DecodeError;
use thiserror::Error;

use crate::files::{FileError, reason};
use crate::store::StoreError;
use crate::vault::VaultError;
use crate::vault_key::VaultKeyError;
use crate::work::{ItemId, WorkError};

/// Why a backup was not made, or nothing was restored from one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Sealing the new card for contacts.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key commitment does not match. A backup has nothing in it that would tell a wrong
    /// passphrase from damage at its beginning, or from a file that is something else.
    #[error(
        "this passphrase opens no backup in this file: it is another passphrase, or the first \
         bytes are damaged, or the file is no backup"
    )]
    Locked,
    /// The passphrase is right and the file is not what was written.
    #[error("the backup is damaged: {0}")]
    Damaged(#[source] ChunkedError),
    /// The passphrase is right, the file is what was written, and it makes no sense.
    #[error("the backup does not hold what a backup holds: {0}")]
    Content(#[from] DecodeError),
    /// A newer program wrote it.
    #[error("the backup has version {found}, and this program knows {known}")]
    Newer {
        /// The version in the backup.
        found: u8,
        /// The version of this program.
        known: u8,
    },
    /// The file cannot be read.
    #[error("the backup could not be read: {}", reason(.0))]
    Read(io::Error),
    /// Bundles of the inbox are not what was taken in.
    #[error("the disk has damaged {}", listed(.items))]
    DamagedBundles {
        /// Which.
        items: Vec<ItemId>,
    },
    /// What was written does not read back.
    #[error("the backup was written and does not read back: {source}")]
    NotReadBack {
        /// What was found.
        source: Box<Self>,
    },
    /// There is no room for what is to be written.
    #[error("{free_bytes} bytes are free there and {needed_bytes} are needed")]
    DiskFull {
        /// Free.
        free_bytes: u64,
        /// Needed, about.
        needed_bytes: u64,
    },
    /// The caller stopped it.
    #[error("it was stopped")]
    Stopped,
}

impl From<StoreError> for BackupError {
    fn from(err: StoreError) -> Self {
        Self::Vault(VaultError::Store(err))
    }
}

impl From<VaultKeyError> for BackupError {
    fn from(err: VaultKeyError) -> Self {
        Self::Vault(VaultError::Key(err))
    }
}

impl From<ChunkedError> for BackupError {
    fn from(err: ChunkedError) -> Self {
        match err {
            ChunkedError::Commitment => Self::Locked,
            ChunkedError::Read(err) => Self::Read(err),
            altered => Self::Damaged(altered),
        }
    }
}

impl BackupError {
    /// Sorts what a stream of sealed bytes reports: the machine's failures from the backup's.
    pub(super) fn of_stream(err: io::Error) -> Self {
        if err.kind() == io::ErrorKind::UnexpectedEof {
            return DecodeError::Truncated { what: "backup" }.into();
        }
        match err.downcast::<ChunkedError>() {
            Ok(chunked) => chunked.into(),
            Err(err) => Self::Read(err),
        }
    }

    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Vault(err) => Some(err),
            Self::Work(err) => Some(err),
            Self::File(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for BackupError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::Locked => "backup-locked",
            Self::Damaged(_) => "backup-damaged",
            Self::Content(_) => "backup-unreadable",
            Self::Newer { .. } => "backup-newer",
            Self::Read(_) => "backup-cannot-read",
            Self::DamagedBundles { .. } => "backup-bundles-damaged",
            Self::NotReadBack { .. } => "backup-not-read-back",
            Self::DiskFull { .. } => "disk-full",
            _ => "cancelled",
        }
    }

    fn data_safe(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.data_safe();
        }
        match self {
            Self::DamagedBundles { .. } => {
                "No backup was made. The vault is as it was; everything else in it is intact."
            }
            Self::NotReadBack { .. } => {
                "The vault is as it was, and no earlier backup was replaced; what was written was \
                 removed."
            }
            Self::DiskFull { .. } | Self::Stopped => {
                "Nothing half-written was left, and nothing that was there before has changed."
            }
            _ => "Nothing was restored, nothing was written, and the backup was not changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        match self {
            Self::Locked => {
                "Type the passphrase of the backup again, which may differ from the vault's; check \
                 the keyboard layout; then try another copy of the backup."
            }
            Self::Damaged(_) | Self::Content(_) => "Use another copy of the backup.",
            Self::Newer { .. } => "Use the newer offline-vault that wrote it.",
            Self::Read(_) => "Check that the medium is plugged in, then run the command again.",
            Self::DamagedBundles { .. } => {
                "Ask the senders to send these again; make a backup of everything else with \
                 --skip-damaged."
            }
            Self::NotReadBack { .. } => {
                "Use another medium: this one does not keep what it is given."
            }
            Self::DiskFull { .. } => "Make room there, or choose another place.",
            _ => "Run the command again whenever you like.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::Locked | Self::Damaged(_) | Self::Content(_) | Self::Newer { .. } => {
                Exit::Refused
            }
            _ => Exit::Failed,
        }
    }
}

fn listed(items: &[ItemId]) -> String {
    let names: Vec<_> = items.iter().map(ItemId::to_string).collect();
    names.join(", ")
}
