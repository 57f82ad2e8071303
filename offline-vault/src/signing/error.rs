//! Why a signing request was not decided.

use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use pack_format::shown::Shown;
use signing_format::key_reference::KeyReference;
use thiserror::Error;

use super::keys::KeyError;
use super::review::{ReviewError, Risk};
use crate::clock::UnixTime;
use crate::openpgp::OpenPgpError;
use crate::store::{SigningRequestId, StoreError};
use crate::vault::VaultError;

/// Why a request was not shown, approved or refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// No such request.
    #[error("there is no request {id}")]
    RequestUnknown {
        /// What was named.
        id: SigningRequestId,
    },
    /// Somebody has decided.
    #[error("{id} was decided on {decided_at}")]
    AlreadyDecided {
        /// The request.
        id: SigningRequestId,
        /// When.
        decided_at: UnixTime,
    },
    /// The desk does not wait any more.
    #[error("{id} expired on {expires_at}")]
    Expired {
        /// The request.
        id: SigningRequestId,
        /// When.
        expires_at: UnixTime,
    },
    /// The person has not seen all of it.
    #[error("{id} has not been shown to its end")]
    NotShown {
        /// The request.
        id: SigningRequestId,
    },
    /// What would be signed is not what was shown.
    #[error("{id} is not what was shown: it, its content or its approvals changed since")]
    ChangedSinceShown {
        /// The request.
        id: SigningRequestId,
    },
    /// The person has not accepted a risk by its name.
    #[error("{id} has a risk that nobody has accepted: {risk}")]
    RiskNotAccepted {
        /// The request.
        id: SigningRequestId,
        /// The risk.
        risk: Risk,
    },
    /// It cannot be shown, and so not approved.
    #[error("{id} cannot be shown")]
    Review {
        /// The request.
        id: SigningRequestId,
        /// Why.
        #[source]
        source: Box<ReviewError>,
    },
    /// The reply would reach nobody.
    #[error("the pairing that {id} came by was removed")]
    NoWayBack {
        /// The request.
        id: SigningRequestId,
    },
    /// A message for a key of another vault.
    #[error("{id} is for {key}, which is not in this vault")]
    KeyElsewhere {
        /// The request.
        id: SigningRequestId,
        /// The key.
        key: KeyReference,
    },
    /// A request that cannot be forgotten yet.
    #[error("{id} cannot be forgotten: {why}")]
    StillNeeded {
        /// The request.
        id: SigningRequestId,
        /// Why.
        why: &'static str,
    },
    /// The request is not of a message.
    #[error("{id} is no message that was opened")]
    NotAMessage {
        /// The request.
        id: SigningRequestId,
    },
    /// The key, or its policy.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The OpenPGP key or what it is used on.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpError),
    /// An SSH namespace or a comment is not one.
    #[error("{what} of the request cannot be part of a signature: {}", Shown(.why))]
    NotSignable {
        /// Which field.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A git object could not be signed.
    #[error("a git object of the request cannot be signed")]
    Git(#[from] signing_format::git::SignError),
    /// The reply is larger than one may be.
    #[error("the signatures do not fit one reply")]
    ReplyTooLarge(#[source] DecodeError),
    /// The reason of a refusal is too long.
    #[error("the reason has {found} bytes, more than {limit}")]
    ReasonTooLong {
        /// Its size.
        found: usize,
        /// The most.
        limit: u16,
    },
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SigningError {
    /// The error underneath, when it brings its own advice.
    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Key(err) => Some(err),
            Self::OpenPgp(err) => Some(err),
            Self::Vault(err) => Some(err),
            Self::Store(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for SigningError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::RequestUnknown { .. } => "request-unknown",
            Self::AlreadyDecided { .. } => "request-decided",
            Self::Expired { .. } => "request-expired",
            Self::NotShown { .. } => "request-not-shown",
            Self::ChangedSinceShown { .. } => "request-changed",
            Self::RiskNotAccepted { .. } => "request-risk",
            Self::Review { .. } => "request-not-showable",
            Self::NoWayBack { .. } => "request-no-way-back",
            Self::KeyElsewhere { .. } => "request-key-elsewhere",
            Self::StillNeeded { .. } => "request-still-needed",
            Self::NotAMessage { .. } => "request-not-a-message",
            Self::NotSignable { .. } => "request-not-signable",
            Self::Git(_) => "request-git",
            Self::ReplyTooLarge(_) => "request-too-many",
            _ => "request-reason-long",
        }
    }

    fn data_safe(&self) -> String {
        match (self.inner(), self) {
            (Some(inner), _) => inner.data_safe(),
            (
                _,
                Self::RequestUnknown { .. }
                | Self::AlreadyDecided { .. }
                | Self::StillNeeded { .. },
            ) => "Nothing was changed.".to_owned(),
            _ => "It was not signed, and is as it was.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        match self {
            Self::RequestUnknown { .. } => {
                "List what waits with `offline-vault requests`.".to_owned()
            }
            Self::AlreadyDecided { id, .. } => format!(
                "Nothing: the reply goes out with the next crossing. `offline-vault show {id}` \
                 shows what it was."
            ),
            Self::Expired { id, .. } => format!(
                "Let the desk ask again, and clear this one away with `offline-vault refuse {id}`."
            ),
            Self::NotShown { id } => {
                format!("Read it to its end with `offline-vault show {id}`, then approve it.")
            }
            Self::ChangedSinceShown { id } => format!(
                "Read it again with `offline-vault show {id}`; find out why it changed before you \
                 approve it."
            ),
            Self::RiskNotAccepted { id, risk } => format!(
                "Refuse it, or say that you accept this: `offline-vault approve {id} --accept-risk \
                 {risk}`."
            ),
            Self::Review { id, .. } => {
                format!("Refuse it with `offline-vault refuse {id}`, and let the desk ask again.")
            }
            Self::NoWayBack { id } => format!(
                "Clear it away with `offline-vault refuse {id}`, and let the desk ask again by way \
                 of a pairing that is there."
            ),
            Self::KeyElsewhere { .. } => "Open it in the vault that has the key.".to_owned(),
            Self::NotAMessage { .. } => {
                "See what each request is with `offline-vault requests`.".to_owned()
            }
            Self::StillNeeded { id, .. } => format!(
                "Approve it or refuse it first (`offline-vault show {id}`), and let the reply go out \
                 with a crossing."
            ),
            Self::ReplyTooLarge(_) => "Let the desk ask for fewer at a time.".to_owned(),
            Self::ReasonTooLong { .. } => "Give a shorter reason.".to_owned(),
            _ => "Refuse it, and tell the requester why.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::RequestUnknown { .. } | Self::NotAMessage { .. } | Self::ReasonTooLong { .. } => {
                Exit::Usage
            }
            _ => Exit::Refused,
        }
    }
}
