//! What can go wrong with OpenPGP, and what it means for the person's data.

use pack_format::advice::{Advice, Exit};
use sequoia_openpgp::{Cert, anyhow};
use signing_format::openpgp::CleartextError;
use thiserror::Error;

use super::limits::{PASSPHRASE_TRIES_MAX, PLAINTEXT_BYTES_MAX};
use crate::clock::UnixTime;

/// The OpenPGP library's own words for a cause.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why something with OpenPGP was not done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// Bytes from outside are not what they should be.
    #[error("this is not {what}, or it is damaged")]
    Unreadable {
        /// What it should be.
        what: &'static str,
        /// The library's words.
        #[source]
        source: Cause,
    },
    /// More than is read.
    #[error("{what} has {found_bytes} bytes; at most {limit_bytes} are read")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        found_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// A file with public keys only was to be imported.
    #[error("the file holds a certificate without its secret keys: {certificate}")]
    NoSecret {
        /// Its fingerprint.
        certificate: String,
    },
    /// Several keys in one file.
    #[error("the file holds {} certificates: {}", certificates.len(), certificates.join(", "))]
    SeveralCertificates {
        /// Their fingerprints.
        certificates: Vec<String>,
    },
    /// The secret key is elsewhere: on a smartcard, or left out of the export.
    #[error("the secret part of {key} is not in the file: it was left out, or is on a smartcard")]
    SecretElsewhere {
        /// The key's fingerprint.
        key: String,
    },
    /// No passphrase was given.
    #[error("the secret key {key} is protected, and no passphrase was given")]
    PassphraseNeeded {
        /// The key's fingerprint.
        key: String,
    },
    /// The passphrase was wrong too often.
    #[error("{PASSPHRASE_TRIES_MAX} passphrases did not open the secret key {key}")]
    WrongPassphrase {
        /// The key's fingerprint.
        key: String,
    },
    /// The protection of a secret key would take too much memory to take off.
    #[error("the protection of {key} asks for more memory than this machine should give")]
    CostlyProtection {
        /// The key's fingerprint.
        key: String,
    },
    /// An algorithm that is not used.
    #[error("{key} is {algorithm}, which is not used here")]
    UnsupportedAlgorithm {
        /// The key's fingerprint.
        key: String,
        /// Its algorithm.
        algorithm: String,
    },
    /// The policy does not accept the certificate.
    #[error("the certificate {certificate} is not valid by today's rules")]
    PolicyRefused {
        /// Its fingerprint.
        certificate: String,
        /// The library's words.
        #[source]
        source: Cause,
    },
    /// Revoked.
    #[error("the certificate {certificate} is revoked")]
    Revoked {
        /// Its fingerprint.
        certificate: String,
    },
    /// Expired, or made later than the time it is used at.
    #[error(
        "the certificate {certificate} is not valid on {at}{}",
        expires_at.map(|end| format!("; it ends on {end}")).unwrap_or_default()
    )]
    NotAlive {
        /// Its fingerprint.
        certificate: String,
        /// The time.
        at: UnixTime,
        /// When it ends.
        expires_at: Option<UnixTime>,
    },
    /// No key of the certificate may sign data then.
    #[error("no key of {certificate} can sign data on {at}")]
    NoSigningKey {
        /// Its fingerprint.
        certificate: String,
        /// The time.
        at: UnixTime,
    },
    /// What only the primary key can do was asked of a certificate without its secret part.
    #[error("the secret primary key of {certificate} is not here")]
    NoPrimarySecret {
        /// Its fingerprint.
        certificate: String,
    },
    /// The certificate has no such subkey.
    #[error("the certificate {certificate} has no subkey {subkey}")]
    NoSuchSubkey {
        /// Its fingerprint.
        certificate: String,
        /// The subkey's.
        subkey: String,
    },
    /// A time that OpenPGP cannot write, or the wrong way around.
    #[error("OpenPGP cannot write the time {time}")]
    TimeOutOfRange {
        /// The time.
        time: UnixTime,
    },
    /// A new end that is not after the beginning.
    #[error("the end {expires_at} is not after {now}")]
    EndsBeforeNow {
        /// The new end.
        expires_at: UnixTime,
        /// The time of the change.
        now: UnixTime,
    },
    /// The clock stands before what was signed last; a change would not count.
    #[error("the clock says {now}, but the certificate was changed on {changed_at}")]
    ClockBehind {
        /// What the clock says.
        now: UnixTime,
        /// When the certificate was changed.
        changed_at: UnixTime,
    },
    /// A user id that is not made here.
    #[error("the user id cannot be used: {what}: {user_id:?}")]
    BadUserId {
        /// The user id.
        user_id: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A user id that the certificate does not have, or not any more.
    #[error("the certificate has no valid user id {user_id:?}")]
    NoSuchUserId {
        /// The user id.
        user_id: String,
    },
    /// A revocation that is none, or that is for another certificate.
    #[error("this does not revoke {certificate}")]
    NotItsRevocation {
        /// The certificate's fingerprint.
        certificate: String,
    },
    /// A key of version 6 cannot sign what has not crossed.
    #[error("a key of version 6 signs whole files only, and of this one only the hash came")]
    NeedsContent,
    /// A text that the cleartext framework would change.
    #[error("the text cannot be signed as cleartext")]
    Cleartext(#[from] CleartextError),
    /// The message is not encrypted.
    #[error("this is not an encrypted message")]
    NotEncrypted,
    /// A message whose changes nobody could notice.
    #[error("the message is not protected against changes")]
    Unprotected,
    /// The message is for others.
    #[error("the message is not for this key")]
    NotForThisKey,
    /// Only a passphrase opens the message.
    #[error("the message opens with a passphrase, not with a key")]
    PassphraseOnly,
    /// The message was changed or cut.
    #[error("the message was changed or cut")]
    MessageDamaged(#[source] Cause),
    /// The content is too large.
    #[error("the content of the message has more than {PLAINTEXT_BYTES_MAX} bytes")]
    PlaintextTooLarge,
    /// The signature that was made is not good: the machine failed, or the library.
    #[error("the signature that was just made is not good")]
    SelfCheck(#[source] Cause),
    /// The library failed at something that should work.
    #[error("cannot {doing}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The library's words.
        #[source]
        source: Cause,
    },
}

impl OpenPgpError {
    /// For [`Result::map_err`]: the library failed at `doing`.
    pub(super) fn failed(doing: &'static str) -> impl FnOnce(anyhow::Error) -> Self {
        move |source| Self::Failed {
            doing,
            source: source.into(),
        }
    }

    /// For [`Result::map_err`]: bytes from outside are not `what`.
    pub(super) fn unreadable(what: &'static str) -> impl FnOnce(anyhow::Error) -> Self {
        move |source| Self::Unreadable {
            what,
            source: source.into(),
        }
    }

    pub(super) fn policy(cert: &Cert, source: anyhow::Error) -> Self {
        Self::PolicyRefused {
            certificate: cert.fingerprint().to_hex(),
            source: source.into(),
        }
    }

    pub(super) fn self_check(source: anyhow::Error) -> Self {
        Self::SelfCheck(source.into())
    }
}

impl Advice for OpenPgpError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "openpgp-unreadable",
            Self::TooLarge { .. } => "openpgp-too-large",
            Self::NoSecret { .. } => "openpgp-no-secret-key",
            Self::SeveralCertificates { .. } => "openpgp-several-certificates",
            Self::SecretElsewhere { .. } => "openpgp-secret-elsewhere",
            Self::PassphraseNeeded { .. } => "openpgp-passphrase-needed",
            Self::WrongPassphrase { .. } => "openpgp-wrong-passphrase",
            Self::CostlyProtection { .. } => "openpgp-costly-protection",
            Self::UnsupportedAlgorithm { .. } => "openpgp-algorithm",
            Self::PolicyRefused { .. } => "openpgp-policy",
            Self::Revoked { .. } => "openpgp-revoked",
            Self::NotAlive { .. } => "openpgp-expired",
            Self::NoSigningKey { .. } => "openpgp-no-signing-key",
            Self::NoPrimarySecret { .. } => "openpgp-no-primary-key",
            Self::NoSuchSubkey { .. } => "openpgp-no-such-subkey",
            Self::TimeOutOfRange { .. } => "openpgp-time",
            Self::EndsBeforeNow { .. } => "openpgp-ends-before-now",
            Self::ClockBehind { .. } => "openpgp-clock-behind",
            Self::BadUserId { .. } => "openpgp-bad-user-id",
            Self::NoSuchUserId { .. } => "openpgp-no-such-user-id",
            Self::NotItsRevocation { .. } => "openpgp-not-its-revocation",
            Self::NeedsContent => "openpgp-needs-content",
            Self::Cleartext(_) => "openpgp-cleartext",
            Self::NotEncrypted => "openpgp-not-encrypted",
            Self::Unprotected => "openpgp-unprotected",
            Self::NotForThisKey => "openpgp-not-for-this-key",
            Self::PassphraseOnly => "openpgp-passphrase-only",
            Self::MessageDamaged(_) => "openpgp-message-damaged",
            Self::PlaintextTooLarge => "openpgp-plaintext-too-large",
            Self::SelfCheck(_) => "openpgp-self-check",
            Self::Failed { .. } => "openpgp-failed",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::SelfCheck(_) => {
                "The keys in the vault are as before; no signature was given out.".to_owned()
            }
            _ => "Yes: the keys in the vault are as before.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        self.advice().to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::PolicyRefused { .. }
            | Self::NotItsRevocation { .. }
            | Self::Unprotected
            | Self::MessageDamaged(_)
            | Self::SelfCheck(_) => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

impl OpenPgpError {
    fn advice(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::TooLarge { .. } => {
                "Check that it is the right file, and bring it again."
            }
            Self::NoSecret { .. } => "Export it with `gpg --export-secret-keys --armor KEY`.",
            Self::SeveralCertificates { .. } => {
                "Export the one key: `gpg --export-secret-keys --armor FINGERPRINT`."
            }
            Self::SecretElsewhere { .. } => {
                "Export the whole key, with its primary key, where its secret parts are; what is \
                 on a smartcard cannot leave it."
            }
            Self::PassphraseNeeded { .. } | Self::WrongPassphrase { .. } => {
                "Try again with the passphrase that the key has in GnuPG."
            }
            Self::CostlyProtection { .. } => {
                "Give the key a passphrase with less costly protection where it was made, and \
                 export it again."
            }
            Self::UnsupportedAlgorithm { .. } => {
                "Make a new key with `offline-vault key generate`."
            }
            Self::PolicyRefused { .. } => {
                "Renew the key with a current program, which signs it anew with SHA-256 or \
                 better, or make a new one with `offline-vault key generate`."
            }
            Self::Revoked { .. } => "Use another key; a revocation cannot be taken back.",
            Self::NotAlive { .. } => {
                "Check the clock; a certificate of yours that has expired can be renewed with \
                 `offline-vault key renew`."
            }
            Self::NoSigningKey { .. } => "Add one with `offline-vault key rotate`.",
            Self::NoPrimarySecret { .. } => {
                "Do it where the primary key is, or import the key with it."
            }
            Self::NoSuchSubkey { .. } => "List the subkeys with `offline-vault key show`.",
            Self::TimeOutOfRange { .. } => "Check the clock and the dates: OpenPGP ends in 2106.",
            Self::EndsBeforeNow { .. } => {
                "Give a later date, or revoke the key with `offline-vault key revoke`."
            }
            Self::ClockBehind { .. } => "Set the clock of this machine, and try again.",
            Self::BadUserId { .. } => "Give a user id like `Amina <amina@example.org>`.",
            Self::NoSuchUserId { .. } => {
                "Ask for a current copy of the certificate, and choose one of its user ids."
            }
            Self::NotItsRevocation { .. } => "Look for the revocation of this certificate.",
            Self::NeedsContent => {
                "Send the file itself, or use a key of version 4 for files that are too large."
            }
            Self::Cleartext(_) => "Change the text, or ask for a signature in a file of its own.",
            Self::NotEncrypted => "Read it without the vault.",
            Self::Unprotected => {
                "Ask the sender to encrypt it with a current program; what such a message says \
                 can have been changed on its way."
            }
            Self::NotForThisKey => "Ask the sender to encrypt it to this vault's certificate.",
            Self::PassphraseOnly => "Open it with the program and passphrase that were agreed on.",
            Self::MessageDamaged(_) => "Ask for it again; nothing of it is shown.",
            Self::PlaintextTooLarge => "Ask the sender for smaller pieces.",
            Self::SelfCheck(_) => {
                "Stop using this machine for signatures until its memory is tested."
            }
            Self::Failed { .. } => "Try again; if it stays so, report it with these lines.",
        }
    }
}
