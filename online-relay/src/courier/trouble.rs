//! What can go wrong with one relay, or with one reply, while everything else goes on.

use pack_format::advice::{Advice, Exit, what_happened};
use pack_format::item::CourierReport;
use pack_format::limits::REPORT_BYTES_MAX;
use pack_format::relay::ContentId;
use pack_format::shown::Shown;
use thiserror::Error;

use super::replies::ReplyTrouble;
use super::store::StoreError;
use crate::client::RelayError;

/// One thing that did not go well at one relay, or that came from one vault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The relay, or the way to it.
    #[error("{url}: {source}")]
    Relay {
        /// The relay's URL.
        url: String,
        /// What happened.
        source: RelayError,
    },
    /// A vault has named a server that this courier was not allowed to talk to.
    #[error("a vault wants to use a server that this courier may not contact: {url}")]
    ServerNotAllowed {
        /// The server's URL.
        url: String,
    },
    /// A fetched bundle is not the one that was listed.
    #[error("{url}: a fetched bundle has other bytes than its name says")]
    FetchedWrong {
        /// The relay's URL.
        url: String,
    },
    /// A ticket came without its bundle.
    #[error("{url}: a bundle that is to be uploaded is not here")]
    BundleMissing {
        /// The relay's URL.
        url: String,
    },
    /// A vault's statement does not verify or is meant for another relay.
    #[error("{url}: {what} from the vault is not valid for this relay")]
    StatementRefused {
        /// The relay's URL.
        url: String,
        /// The statement's name.
        what: &'static str,
    },
    /// A mailbox lists more than this courier looks at.
    #[error("{url}: a mailbox lists more than {listed_max} bundles")]
    ListedTooMany {
        /// The relay's URL.
        url: String,
        /// How many were looked at.
        listed_max: usize,
    },
    /// A fetched bundle could not be kept.
    #[error("{url}: a bundle was not fetched: {source}")]
    NotKept {
        /// The relay's URL.
        url: String,
        /// What the courier's store says.
        source: StoreError,
    },
    /// A vault's reply to a signing request cannot be used.
    #[error("from vault {}: {source}", Shown(vault))]
    Reply {
        /// The pairing's name.
        vault: String,
        /// What is wrong with it.
        source: ReplyTrouble,
    },
}

impl Trouble {
    /// Where it was: the relay's URL, or the vault's name.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Relay { url, .. }
            | Self::ServerNotAllowed { url }
            | Self::FetchedWrong { url }
            | Self::BundleMissing { url }
            | Self::StatementRefused { url, .. }
            | Self::ListedTooMany { url, .. }
            | Self::NotKept { url, .. } => url,
            Self::Reply { vault, .. } => vault,
        }
    }

    /// What the vault is told, bounded.
    pub(crate) fn to_report(&self, content_id: ContentId) -> CourierReport {
        let mut text = match self {
            Self::ServerNotAllowed { url } => {
                format!("{self}; allow it there with: {ALLOW} {url}")
            }
            _ => what_happened(self),
        };
        let mut end = usize::from(REPORT_BYTES_MAX).min(text.len());
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        text.truncate(end);
        CourierReport {
            content_id,
            code: self.code().to_owned(),
            text,
        }
    }
}

impl Advice for Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::Relay { source, .. } => source.code(),
            Self::ServerNotAllowed { .. } => "server-not-allowed",
            Self::FetchedWrong { .. } => "fetched-bundle-wrong",
            Self::BundleMissing { .. } => "bundle-missing",
            Self::StatementRefused { .. } => "statement-refused",
            Self::ListedTooMany { .. } => "mailbox-too-full",
            Self::NotKept { source, .. } => source.code(),
            Self::Reply { source, .. } => source.code(),
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Relay { source, .. } => return source.data_safe(),
            Self::NotKept { source, .. } => return source.data_safe(),
            Self::Reply { source, .. } => return source.data_safe(),
            Self::ServerNotAllowed { .. } => {
                "Yes: nothing was sent there, and everything for it waits on this machine."
            }
            Self::FetchedWrong { .. } => {
                "The wrong bytes were thrown away, and nothing of them goes to the vault."
            }
            Self::BundleMissing { .. } => "The vault still has the bundle.",
            Self::StatementRefused { .. } => "Nothing was sent to the relay.",
            Self::ListedTooMany { .. } => {
                "What was looked at is fetched; the rest stays on the relay."
            }
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Relay { source, .. } => return source.next_step(),
            Self::NotKept { source, .. } => return source.next_step(),
            Self::Reply { source, .. } => return source.next_step(),
            Self::ServerNotAllowed { url } => {
                return format!("If you trust it, allow it with `{ALLOW} {url}`, then sync again.");
            }
            Self::FetchedWrong { .. } => {
                "Sync again; if it stays, use another relay and tell its operator."
            }
            Self::BundleMissing { .. } => {
                "Take every stick of the vault's trip in; if it stays, take a stick to the vault, \
                 which is told that the bundle is missing."
            }
            Self::StatementRefused { .. } => {
                "Take the stick to the vault: it is told, and has to make the statement again."
            }
            Self::ListedTooMany { .. } => {
                "Take the stick to the vault, so that it acknowledges what it has, and sync again."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Relay { source, .. } => match source.exit() {
                Exit::Refused => Exit::Refused,
                // The command line was right, whatever the relay's address is.
                _ => Exit::Failed,
            },
            Self::FetchedWrong { .. } | Self::StatementRefused { .. } => Exit::Refused,
            Self::Reply { source, .. } => source.exit(),
            _ => Exit::Failed,
        }
    }
}

const ALLOW: &str = "online-relay courier server add";

/// A trouble, and how often it came: a full relay refuses every bundle.
#[derive(Debug)]
pub struct CountedTrouble {
    /// The first of its kind at this place.
    pub trouble: Trouble,
    /// How often it came.
    pub count: u64,
}

/// Adds a trouble to those of the same kind at the same place.
pub(crate) fn count(troubles: &mut Vec<CountedTrouble>, trouble: Trouble) {
    let same = |known: &&mut CountedTrouble| {
        known.trouble.code() == trouble.code() && known.trouble.place() == trouble.place()
    };
    match troubles.iter_mut().find(same) {
        Some(known) => known.count = known.count.saturating_add(1),
        None => troubles.push(CountedTrouble { trouble, count: 1 }),
    }
}
