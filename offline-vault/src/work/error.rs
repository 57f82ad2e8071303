//! What can go wrong with a person's work, each with what it means for their data.

use std::path::PathBuf;

use bundle_format::open::OpenError;
use bundle_format::seal::SealError;
use carriers::raw::RawError;
use carriers::stick::StickError;
use crossing::CrossingError;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use thiserror::Error;

use super::ItemId;
use super::walk::WalkError;
use crate::files::FileError;
use crate::names::LocalName;
use crate::store::StoreError;
use crate::team::TeamError;
use crate::vault::VaultError;

/// Why work was not done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkError {
    /// The vault itself.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What was to be sent.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The trip.
    #[error(transparent)]
    Crossing(#[from] CrossingError),
    /// The stick.
    #[error(transparent)]
    Stick(#[from] StickError),
    /// The medium without a file system.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// A space.
    #[error(transparent)]
    Team(#[from] TeamError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A bundle did not open.
    #[error("{item} does not open")]
    Open {
        /// Which bundle.
        item: ItemId,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// A bundle that came could not be checked, for a reason that is not the bundle's.
    #[error("a bundle that came could not be checked")]
    TakeIn(#[source] OpenError),
    /// Bundles that came were refused.
    #[error(
        "{refused_count} {} refused",
        if *refused_count == 1 {
            "bundle that came does not verify and was"
        } else {
            "bundles that came do not verify and were"
        }
    )]
    BundlesRefused {
        /// How many.
        refused_count: usize,
    },
    /// In spaces not all that was due could be done.
    #[error("what is due could not be done in {count} of the spaces")]
    SpacesBehind {
        /// How many.
        count: usize,
    },
    /// There is nothing to send.
    #[error("there is nothing to send: no file and no message")]
    Nothing,
    /// Nobody is to get it.
    #[error("nobody was named to send to")]
    NoReader,
    /// The message is too long.
    #[error("the message has {found_bytes} bytes; a message has at most {limit_bytes}")]
    MessageLong {
        /// Its size.
        found_bytes: usize,
        /// The limit.
        limit_bytes: u64,
    },
    /// A reader's words were never compared.
    #[error("nobody has checked yet that the card of {nickname} is really theirs")]
    Unverified {
        /// The contact.
        nickname: LocalName,
    },
    /// The disk has no room for the bundle.
    #[error("the vault's disk has {free_bytes} bytes free and {needed_bytes} are needed")]
    DiskFull {
        /// Free.
        free_bytes: u64,
        /// Needed, at most.
        needed_bytes: u64,
    },
    /// There is no such bundle.
    #[error("there is no item {item}")]
    ItemUnknown {
        /// Which was asked for.
        item: ItemId,
    },
    /// The bundle has been freed, because every reader confirmed it.
    #[error("{item} was confirmed by everybody and is not kept here any more")]
    ItemFreed {
        /// Which.
        item: ItemId,
    },
    /// Its readers have restored their vaults since.
    #[error("everybody who has not confirmed {item} has restored their vault since")]
    ItemStranded {
        /// Which.
        item: ItemId,
    },
    /// The item holds no files or message of the asked kind.
    #[error("{item} holds {what}")]
    ItemHolds {
        /// Which.
        item: ItemId,
        /// What it holds instead.
        what: &'static str,
    },
    /// There is no pairing yet.
    #[error("this vault is paired with no courier and no other vault")]
    NoPairing,
    /// A stored pairing or chain does not read any more.
    #[error("a stored key does not read any more: {0}")]
    Stored(DecodeError),
    /// What is to be inspected is not there.
    #[error("cannot look at {}", path.display())]
    Inspect {
        /// What was asked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl From<StoreError> for WorkError {
    fn from(err: StoreError) -> Self {
        Self::Vault(VaultError::Store(err))
    }
}

impl WorkError {
    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Vault(err) => Some(err),
            Self::Walk(err) => Some(err),
            Self::File(err) => Some(err),
            Self::Crossing(err) => Some(err),
            Self::Stick(err) => Some(err),
            Self::Raw(err) => Some(err),
            Self::Team(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for WorkError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::Seal(SealError::Stopped) => "cancelled",
            Self::Seal(SealError::Contents(_)) => "seal-cannot-read",
            Self::Seal(SealError::Sink(_)) => "seal-cannot-write",
            Self::Seal(SealError::Format(_)) => "seal-over-limit",
            Self::Seal(SealError::Readers { .. }) => "too-many-readers",
            Self::Seal(_) => "seal-failed",
            Self::Open {
                source: OpenError::Stopped,
                ..
            } => "cancelled",
            Self::Open {
                source: OpenError::Sink(_),
                ..
            } => "save-cannot-write",
            Self::Open { source, .. } if source.is_refusal() => "bundle-refused",
            Self::Open { .. } => "bundle-unreadable",
            Self::TakeIn(_) => "take-in-failed",
            Self::BundlesRefused { .. } => "bundles-refused",
            Self::SpacesBehind { .. } => "spaces-behind",
            Self::Nothing => "nothing-to-send",
            Self::NoReader => "no-reader",
            Self::MessageLong { .. } => "message-long",
            Self::Unverified { .. } => "contact-unverified",
            Self::DiskFull { .. } => "disk-full",
            Self::ItemUnknown { .. } => "item-unknown",
            Self::ItemFreed { .. } => "item-freed",
            Self::ItemStranded { .. } => "item-stranded",
            Self::ItemHolds { .. } => "item-other-kind",
            Self::NoPairing => "no-pairing",
            Self::Inspect { .. } => "inspect-failed",
            _ => "vault-damaged",
        }
    }

    fn data_safe(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.data_safe();
        }
        match self {
            Self::Seal(_) | Self::DiskFull { .. } => {
                "Nothing half-sealed was kept, and your files are as they were."
            }
            Self::Open { source, .. } if source.is_refusal() => {
                "Nothing of it was written out; the other bundles are not touched by this."
            }
            Self::Open { .. } => "Nothing half-written was left; the bundle is still in the vault.",
            Self::TakeIn(_) => "Nothing is lost: the bundle is still on the medium.",
            Self::BundlesRefused { .. } => {
                "Nothing of them was stored; everything else was taken in, and what is due was written."
            }
            Self::SpacesBehind { .. } => {
                "Everything else was taken in and written; in those spaces nothing is lost."
            }
            Self::Stored(_) => "The rest of the vault still opens.",
            _ => "Nothing was changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        // Only saving meets files that are there, and it has no way to overwrite them.
        if let Self::File(FileError::Exists { .. }) = self {
            return "Name another folder with --to, or move away what is there.".to_owned();
        }
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        match self {
            Self::Seal(SealError::Stopped)
            | Self::Open {
                source: OpenError::Stopped,
                ..
            } => "Run the command again whenever you like.".to_owned(),
            Self::Seal(SealError::Sink(_)) | Self::DiskFull { .. } => {
                "Free some space on the vault's disk, then run the command again.".to_owned()
            }
            Self::Seal(SealError::Contents(_)) => {
                "Check that the file is there and readable, then send again.".to_owned()
            }
            Self::Seal(SealError::Readers { .. }) => {
                "Send it to fewer people at a time.".to_owned()
            }
            Self::Seal(SealError::Format(_)) => "Send it in several pieces.".to_owned(),
            Self::Seal(_) => "Close other programs, then run the command again.".to_owned(),
            Self::Open { item, source } if source.is_refusal() => {
                format!(
                    "Ask the sender to send it again; `offline-vault explain {item}` says more."
                )
            }
            Self::Open { .. } => {
                "Check the disk and where you save to, then run the command again.".to_owned()
            }
            Self::TakeIn(_) => {
                "Check the vault's disk, then run the same command again.".to_owned()
            }
            Self::BundlesRefused { .. } => {
                "Ask those who write to you whether something is missing; `offline-vault journal` \
                 shows what was noted. After `space forget` a few that were on their way are to \
                 be expected."
                    .to_owned()
            }
            Self::SpacesBehind { .. } => {
                "Read above what was said of the space; `offline-vault journal` keeps it. Ask an \
                 owner whose writing it names, and sync again."
                    .to_owned()
            }
            Self::Nothing => "Name files or folders, or add --message.".to_owned(),
            Self::NoReader => {
                "Add --to NAME; `offline-vault contact list` shows the names.".to_owned()
            }
            Self::MessageLong { .. } => "Send the text as a file.".to_owned(),
            Self::Unverified { nickname } => format!(
                "Compare the words with them: `offline-vault contact verify {nickname}`; or, if you \
                 must, add --unverified and type the sentence it asks for."
            ),
            Self::ItemUnknown { .. } => {
                "List the items with `offline-vault inbox` and `offline-vault outbox`.".to_owned()
            }
            Self::ItemFreed { .. } => "Send the files again as a new bundle.".to_owned(),
            Self::ItemStranded { item } => format!(
                "Seal it anew: `offline-vault save {item} --to DIR`, then `offline-vault send`."
            ),
            Self::ItemHolds { .. } => {
                "See what each item holds with `offline-vault inbox`.".to_owned()
            }
            Self::NoPairing => {
                "Pair with the courier first: `offline-vault pair show --name courier`.".to_owned()
            }
            Self::Inspect { .. } => "Check the path.".to_owned(),
            _ => "Restore the newest backup: `offline-vault restore --help`.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::Open { source, .. } if source.is_refusal() => Exit::Refused,
            Self::Unverified { .. } | Self::BundlesRefused { .. } => Exit::Refused,
            Self::Seal(SealError::Readers { .. })
            | Self::Nothing
            | Self::NoReader
            | Self::MessageLong { .. }
            | Self::ItemUnknown { .. }
            | Self::ItemHolds { .. }
            | Self::NoPairing => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
