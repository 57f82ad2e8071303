//! What can go wrong with a signing key.

use pack_format::advice::{Advice, Exit};
use pack_format::shown::Shown;
use signing_format::key_reference::KeyReference;
use thiserror::Error;

use crate::files::FileError;
use crate::foreign_keys::minisign::MinisignSecretKeyError;
use crate::foreign_keys::ssh::SshSecretKeyError;
use crate::names::LocalName;
use crate::openpgp::OpenPgpError;
use crate::passphrase::PassphraseError;
use crate::signing::PolicyRefusal;
use crate::signing::policy::PolicyError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Why nothing was done with a signing key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The passphrase of a key file.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// An OpenPGP key.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpError),
    /// An SSH key.
    #[error(transparent)]
    Ssh(#[from] SshSecretKeyError),
    /// A minisign key.
    #[error(transparent)]
    Minisign(#[from] MinisignSecretKeyError),
    /// The policy of the key does not allow it.
    #[error(transparent)]
    Refused(#[from] PolicyRefusal),
    /// The policy cannot be the key's.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// There is no such key.
    #[error("there is no signing key {name}")]
    Unknown {
        /// The name that was asked for.
        name: LocalName,
    },
    /// Another key has the name.
    #[error("another signing key has the name {name} already")]
    NameTaken {
        /// The name.
        name: LocalName,
    },
    /// The key is in the vault already.
    #[error("this key is in the vault already, as {name}")]
    Known {
        /// Its name.
        name: LocalName,
    },
    /// The file holds no key of a kind that is known.
    #[error("this is not a secret key of OpenPGP, OpenSSH or minisign")]
    NotAKeyFile,
    /// What was asked for needs a key of another kind.
    #[error("this takes an {needed} key, and the key is of another kind")]
    OtherKind {
        /// The kind.
        needed: &'static str,
    },
    /// What lies in the store is not the secret of its key.
    #[error("the stored secret is not that of its key")]
    Stored,
    /// The person did not type the name of the key.
    #[error("the name of the key was not typed")]
    NotConfirmed {
        /// The key.
        name: LocalName,
    },
    /// The comment of a key is not one line of text.
    #[error(
        "a comment has at most {limit_bytes} bytes of visible text: {}",
        Shown(found)
    )]
    Comment {
        /// The most.
        limit_bytes: usize,
        /// What was given.
        found: String,
    },
    /// What was written does not read back as the key.
    #[error("what was written does not read back as the key {name}")]
    NotReadBack {
        /// The key.
        name: LocalName,
    },
    /// The key came without a revocation certificate and its primary key is not here.
    #[error("the vault has nothing that revokes {}", reference)]
    NoRevocation {
        /// The key.
        reference: KeyReference,
    },
    /// The passphrase is not text.
    #[error("the passphrase is not text")]
    PassphraseNotText,
}

impl From<StoreError> for KeyError {
    fn from(err: StoreError) -> Self {
        Self::Vault(VaultError::Store(err))
    }
}

impl KeyError {
    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Vault(err) => Some(err),
            Self::File(err) => Some(err),
            Self::Passphrase(err) => Some(err),
            Self::OpenPgp(err) => Some(err),
            Self::Ssh(err) => Some(err),
            Self::Minisign(err) => Some(err),
            Self::Refused(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for KeyError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::Policy(_) => "key-policy-unusable",
            Self::Unknown { .. } => "key-unknown",
            Self::NameTaken { .. } => "key-name-taken",
            Self::Known { .. } => "key-known",
            Self::NotAKeyFile => "key-file-unknown",
            Self::OtherKind { .. } => "key-other-kind",
            Self::NotConfirmed { .. } => "key-not-confirmed",
            Self::Comment { .. } => "key-comment",
            Self::NotReadBack { .. } => "key-not-read-back",
            Self::NoRevocation { .. } => "key-no-revocation",
            Self::PassphraseNotText => "passphrase-not-text",
            _ => "key-stored-damaged",
        }
    }

    fn data_safe(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.data_safe();
        }
        match self {
            Self::NotReadBack { .. } => "The key in the vault is as it was.",
            Self::Stored => "Nothing was signed; the key cannot be used any more.",
            _ => "Nothing was changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        match self {
            Self::Policy(_) => "See `offline-vault key policy --help`.",
            Self::Unknown { .. } => "List them with `offline-vault key list`.",
            Self::NameTaken { .. } => "Choose another name with --name.",
            Self::Known { name } => {
                return format!("See it with `offline-vault key show {name}`.");
            }
            Self::NotAKeyFile => {
                "Give the file of gpg --export-secret-keys, the private key of ssh-keygen, or the \
                 secret key of minisign."
            }
            Self::OtherKind { .. } => "See what kind each key has with `offline-vault key list`.",
            Self::NotConfirmed { name } => {
                return format!(
                    "Run the command again in a terminal, and type {name} when you are asked."
                );
            }
            Self::Comment { .. } => "Choose a shorter, plain comment.",
            Self::NotReadBack { .. } => {
                "Use another medium: this one does not keep what it is given."
            }
            Self::NoRevocation { .. } => {
                "Ask whoever keeps the primary key, or a revocation certificate of it, to revoke \
                 it."
            }
            Self::PassphraseNotText => "Choose a passphrase of letters, digits and signs.",
            _ => "Copy the vault directory to another disk, then restore your newest backup.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::Stored | Self::NotConfirmed { .. } => Exit::Refused,
            Self::NotReadBack { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}
