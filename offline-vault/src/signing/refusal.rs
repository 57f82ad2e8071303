//! Why a policy does not let a key be used.

use pack_format::advice::{Advice, Exit};
use pack_format::shown::Shown;
use thiserror::Error;

use super::policy::UseKind;
use crate::names::LocalName;

/// Why a key is not used for a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyRefusal {
    /// The key was revoked or retired.
    #[error("the key {key} is revoked or retired")]
    Retired {
        /// The key.
        key: LocalName,
    },
    /// The key may not be used for that.
    #[error("the policy of the key {key} does not allow {kind}")]
    Kind {
        /// The key.
        key: LocalName,
        /// What was asked for.
        kind: UseKind,
    },
    /// The key may not sign in that namespace.
    #[error(
        "the policy of the key {key} does not allow the namespace {}",
        Shown(namespace)
    )]
    Namespace {
        /// The key.
        key: LocalName,
        /// What was asked for.
        namespace: String,
    },
    /// The key has been used too often.
    #[error(
        "the key {key} may make {limit} signatures a day, has made {made} within 24 hours, and \
         {asked} more are asked for"
    )]
    PerDay {
        /// The key.
        key: LocalName,
        /// Most within 24 hours.
        limit: u32,
        /// Made within 24 hours.
        made: u32,
        /// Asked for now.
        asked: u32,
    },
    /// Too few approvers have approved.
    #[error("the key {key} takes the approval of {needed} approvers, and of {found} it is there")]
    Approvals {
        /// The key.
        key: LocalName,
        /// How many have to.
        needed: u8,
        /// How many have.
        found: usize,
    },
}

impl Advice for PolicyRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Retired { .. } => "policy-key-retired",
            Self::Kind { .. } => "policy-kind",
            Self::Namespace { .. } => "policy-namespace",
            Self::PerDay { .. } => "policy-per-day",
            Self::Approvals { .. } => "policy-approvals",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was signed and nothing was opened.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Retired { .. } => {
                "Ask for a signature by another key; `offline-vault key list` shows them."
                    .to_owned()
            }
            Self::Kind { key, .. } | Self::Namespace { key, .. } => format!(
                "Refuse the request, or see what the key may do with `offline-vault key policy \
                 {key}`."
            ),
            Self::PerDay { key, .. } => format!(
                "Wait, or allow more with `offline-vault key policy {key} --per-day N`; \
                 `offline-vault journal --signatures` shows what was signed."
            ),
            Self::Approvals { key, .. } => format!(
                "Have the approvers approve it in their vaults first; `offline-vault key policy \
                 {key}` names them."
            ),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Refused
    }
}
