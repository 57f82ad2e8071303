//! Why a command did not do what it was asked.

use std::io;

use carriers::qr::QrError;
use pack_format::advice::{Advice, Exit};
use signing_format::ssh::NamespaceError;
use thiserror::Error;

use super::Report;
use crate::files::{FileError, reason};
use crate::names::LocalName;
use crate::passphrase::PassphraseError;
use crate::signing::journal::JournalError;
use crate::signing::keys::KeyError;
use crate::signing::{Risk, SigningError};
use crate::team::TeamError;
use crate::vault::VaultError;
use crate::vault_key::{KeyFileError, VaultKeyError};
use crate::work::WorkError;
use crate::work::backup::BackupError;

/// An error of the command line itself, or one of the services under it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Everyday work.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// A space.
    #[error(transparent)]
    Team(#[from] TeamError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The namespace of SSH signatures.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// A time was not understood.
    #[error("{text} is no time")]
    NotATime {
        /// What was typed.
        text: String,
    },
    /// An option belongs to other kinds of keys.
    #[error("{option} is for keys of another kind")]
    OptionOfOtherKeys {
        /// The option.
        option: &'static str,
    },
    /// What was typed is not the fingerprint, nor enough of its end.
    #[error("this is not the fingerprint, nor enough of its end")]
    FingerprintDiffers,
    /// The name of a risk of a certificate was not typed.
    #[error("nobody has accepted the risk {risk}")]
    RiskNotAccepted {
        /// The risk.
        risk: Risk,
    },
    /// Something went wrong after some of the work was done; the report says what was.
    #[error("{error}")]
    AfterReport {
        /// What was done.
        report: Box<Report>,
        /// What went wrong.
        error: Box<CommandError>,
    },
    /// A signing request.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A risk was accepted that does not exist.
    #[error("{name} is not the name of a risk")]
    NoSuchRisk {
        /// What was typed, escaped.
        name: String,
    },
    /// The name of an item was not understood.
    #[error("{text} is not an item")]
    NotAnItem {
        /// What was typed.
        text: String,
    },
    /// An item was asked for, and a space was named.
    #[error("{name} is a space, not an item")]
    SpaceNotItem {
        /// What this vault calls it.
        name: LocalName,
    },
    /// The passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A file that the person named.
    #[error(transparent)]
    File(#[from] FileError),
    /// A picture of a card.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// Neither an option nor the environment says where the vault is.
    #[error("nothing says where the vault is: HOME is not set")]
    NoDirectory,
    /// The file of a card, an invitation or a code is not text.
    #[error("{what} is not text")]
    NotText {
        /// What it should be.
        what: &'static str,
    },
    /// The person was asked and gave no answer.
    #[error("there was no answer to the question")]
    NoAnswer,
    /// Nobody answered for too long, or the session was told to end.
    #[error("the session was locked")]
    Locked,
    /// A line of a session has an open quote.
    #[error("the line ends inside a quotation")]
    OpenQuote,
    /// A command that makes no sense in a session.
    #[error("{command} cannot be used inside a session")]
    NotInSession {
        /// The command.
        command: &'static str,
    },
    /// What was written was lost.
    #[error("the result could not be shown: {}", reason(.0))]
    Output(io::Error),
    /// The system does not tell this program about signals.
    #[error("the session could not arrange to notice signals")]
    Signals,
}

impl From<crate::store::StoreError> for CommandError {
    fn from(err: crate::store::StoreError) -> Self {
        Self::Vault(VaultError::Store(err))
    }
}

impl From<KeyFileError> for CommandError {
    fn from(err: KeyFileError) -> Self {
        Self::Vault(VaultError::KeyFile(err))
    }
}

impl From<VaultKeyError> for CommandError {
    fn from(err: VaultKeyError) -> Self {
        Self::Vault(VaultError::Key(err))
    }
}

impl CommandError {
    /// The error underneath, when it brings its own advice.
    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Vault(err) => Some(err),
            Self::Work(err) => Some(err),
            Self::Team(err) => Some(err),
            Self::Backup(err) => Some(err),
            Self::Key(err) => Some(err),
            Self::Journal(err) => Some(err),
            Self::Namespace(err) => Some(err),
            Self::Signing(err) => Some(err),
            Self::AfterReport { error, .. } => Some(error.as_ref()),
            Self::Passphrase(err) => Some(err),
            Self::File(err) => Some(err),
            Self::Qr(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for CommandError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::NoDirectory => "vault-nowhere",
            Self::NotAnItem { .. } => "item-not-one",
            Self::SpaceNotItem { .. } => "item-is-space",
            Self::NotATime { .. } => "time-not-one",
            Self::OptionOfOtherKeys { .. } => "key-option-of-others",
            Self::FingerprintDiffers => "fingerprint-differs",
            Self::RiskNotAccepted { .. } => "risk-not-accepted",
            Self::NoSuchRisk { .. } => "risk-unknown",
            Self::NotText { .. } => "file-not-text",
            Self::NoAnswer => "no-answer",
            Self::Locked => "session-locked",
            Self::OpenQuote => "line-open-quote",
            Self::NotInSession { .. } => "not-in-session",
            Self::Output(_) => "output-failed",
            _ => "signals-failed",
        }
    }

    fn data_safe(&self) -> String {
        match (self.inner(), self) {
            (Some(inner), _) => inner.data_safe(),
            (None, Self::Output(_)) => {
                "The command was carried out; only its answer was lost.".to_owned()
            }
            (None, _) => "Nothing was changed.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        if let Self::SpaceNotItem { name } = self {
            return format!(
                "See how it stands: offline-vault space show {name}. An item in it is written \
                 like {name}/3fa9."
            );
        }
        match self {
            Self::NoDirectory => "Name the vault's directory with --vault DIR.",
            Self::NotAnItem { .. } => {
                "Items are written like in-7 or out-12; `offline-vault inbox` and `offline-vault \
                 outbox` list them."
            }
            Self::NoSuchRisk { .. } => {
                "See the name of each risk of a request with `offline-vault show`."
            }
            Self::NotATime { .. } => {
                "Write a span like 90d, 18m or 2y, or forever; a day is written like 2027-12-31."
            }
            Self::OptionOfOtherKeys { .. } => "See `offline-vault key generate --help`.",
            Self::FingerprintDiffers => {
                "Ask its owner for the fingerprint once more; if it still differs, the certificate \
                 is not theirs: do not certify it."
            }
            Self::RiskNotAccepted { .. } => {
                "Ask its owner for a certificate without what cannot be shown."
            }
            Self::NotText { .. } => "Check that this is the right file.",
            Self::NoAnswer => "Run the command again, in a terminal.",
            Self::Locked => "Unlock the vault again.",
            Self::OpenQuote => "Close the quotation, or put a backslash before the quote mark.",
            Self::NotInSession { .. } => "End the session with `exit` first.",
            Self::Output(_) => "Run `offline-vault status` to see how things are.",
            _ => "Run single commands instead of a session.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::FingerprintDiffers | Self::RiskNotAccepted { .. } => Exit::Refused,
            Self::Output(_) | Self::Signals | Self::NoAnswer | Self::Locked => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}
