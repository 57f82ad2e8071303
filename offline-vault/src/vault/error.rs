//! What an unlocked vault, or the attempt to have one, can answer besides success.

use std::path::PathBuf;

use bundle_format::card::CardError;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use pack_format::words::WordsError;
use thiserror::Error;

use crate::files::{FileError, shown};
use crate::names::{LocalName, LocalNameError};
use crate::store::StoreError;
use crate::vault_key::{KeyFileError, VaultKeyError};

/// Why the vault did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no vault.
    #[error("there is no vault in {}", shown(dir))]
    Missing {
        /// Where one was looked for.
        dir: PathBuf,
    },
    /// The directory of a new vault is not empty.
    #[error("{} holds a vault or other files already", shown(dir))]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// One of the two files that a vault needs is gone.
    #[error("the vault in {} has lost its file {what}", shown(dir))]
    Incomplete {
        /// The directory.
        dir: PathBuf,
        /// The file that is missing.
        what: &'static str,
    },
    /// Another program has the vault open.
    #[error("another offline-vault has this vault open: {}", shown(dir))]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The master key did not open or could not be sealed.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// A file failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The person's own name cannot be on a card.
    #[error("this name cannot be on a card: {0}")]
    Name(#[source] DecodeError),
    /// What was given is not a card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card is the vault's own.
    #[error("this is the card of this vault itself")]
    CardIsOwn,
    /// A newer card of the same person is there.
    #[error("the card is older than the one that {nickname} has here")]
    CardOlder {
        /// Who it is.
        nickname: LocalName,
    },
    /// The person is a contact already, under another nickname.
    #[error("this person is a contact already, under the name {nickname}")]
    AlreadyKnown {
        /// Who it is.
        nickname: LocalName,
    },
    /// Another person has the nickname.
    #[error("another contact, with other words, has the name {nickname} already")]
    NicknameTaken {
        /// The nickname.
        nickname: LocalName,
    },
    /// The text cannot be a nickname or the name of a pairing.
    #[error(transparent)]
    LocalName(#[from] LocalNameError),
    /// There is no such contact.
    #[error("there is no contact {nickname}")]
    ContactUnknown {
        /// The nickname that was asked for.
        nickname: LocalName,
    },
    /// Bundles for the contact have not been confirmed.
    #[error("{nickname} has not confirmed {count} bundles that you sent or sealed")]
    ContactAwaits {
        /// Who was to be removed.
        nickname: LocalName,
        /// How many bundles.
        count: usize,
    },
    /// The words that were heard are not the contact's.
    #[error("the words are not those of {nickname}")]
    WordsDiffer {
        /// Who was being verified.
        nickname: LocalName,
    },
    /// Too few or too many words, or not a pairing code.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// There is no such pairing.
    #[error("there is no pairing {name}")]
    PairingUnknown {
        /// The name that was asked for.
        name: LocalName,
    },
    /// The name of a pairing is taken.
    #[error("there is a pairing {name} already")]
    PairingExists {
        /// The name.
        name: LocalName,
    },
    /// What was given is not an invitation.
    #[error("this is not an invitation to a relay: {0}")]
    Invitation(#[source] DecodeError),
    /// The relay is there already.
    #[error("this vault has a mailbox on that relay already")]
    RelayKnown,
    /// The card has no room for another mailbox.
    #[error("a card has room for {limit} mailboxes, and all are taken")]
    RelaysFull {
        /// How many there may be.
        limit: u8,
    },
}

impl Advice for VaultError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "vault-missing",
            Self::Exists { .. } => "vault-exists",
            Self::Incomplete { .. } => "vault-incomplete",
            Self::InUse { .. } => "vault-in-use",
            Self::Key(err) => err.code(),
            Self::KeyFile(err) => err.code(),
            Self::File(err) => err.code(),
            Self::Store(err) => err.code(),
            Self::Random => "random-failed",
            Self::Name(_) => "own-name-unusable",
            Self::Card(CardError::Signature(_)) => "card-altered",
            Self::Card(_) => "card-unreadable",
            Self::CardIsOwn => "card-own",
            Self::CardOlder { .. } => "card-older",
            Self::AlreadyKnown { .. } => "contact-known",
            Self::NicknameTaken { .. } => "nickname-taken",
            Self::LocalName(_) => "name-unusable",
            Self::ContactUnknown { .. } => "contact-unknown",
            Self::ContactAwaits { .. } => "contact-awaits",
            Self::WordsDiffer { .. } => "words-differ",
            Self::Words(WordsError::Count { .. }) => "words-count",
            Self::Words(_) => "words-mistyped",
            Self::PairingUnknown { .. } => "pairing-unknown",
            Self::PairingExists { .. } => "pairing-exists",
            Self::Invitation(_) => "invitation-unreadable",
            Self::RelayKnown => "relay-known",
            Self::RelaysFull { .. } => "relays-full",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Key(err) => return err.data_safe(),
            Self::KeyFile(err) => return err.data_safe(),
            Self::File(err) => return err.data_safe(),
            Self::Store(err) => return err.data_safe(),
            Self::Incomplete { .. } => {
                "Nothing was changed; without that file the rest stays sealed."
            }
            Self::InUse { .. } => "The vault is intact and in use by the other program.",
            Self::WordsDiffer { .. } => "Nothing was changed; the contact is not verified by this.",
            _ => "Nothing was changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Key(err) => err.next_step(),
            Self::KeyFile(err) => err.next_step(),
            Self::File(err) => err.next_step(),
            Self::Store(err) => err.next_step(),
            other => other.own_next_step(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Key(err) => err.exit(),
            Self::KeyFile(err) => err.exit(),
            Self::File(err) => err.exit(),
            Self::Store(err) => err.exit(),
            Self::InUse { .. } | Self::Incomplete { .. } | Self::Random => Exit::Failed,
            Self::Card(_) | Self::CardOlder { .. } | Self::WordsDiffer { .. } => Exit::Refused,
            _ => Exit::Usage,
        }
    }
}

impl VaultError {
    fn own_next_step(&self) -> String {
        let step = match self {
            Self::Missing { .. } => {
                "Make one with `offline-vault init --name NAME`, or name its directory with --vault."
            }
            Self::Exists { .. } => "Name another directory with --vault.",
            Self::Incomplete { .. } => {
                "Restore your newest backup into a new directory; \
                 see `offline-vault restore --help`."
            }
            Self::InUse { .. } => "End the other offline-vault, then run the command again.",
            Self::Random => "Restart the machine, then run the command again.",
            Self::Name(_) => "Choose a name of 1 to 64 bytes without control characters.",
            Self::Card(CardError::Signature(_)) => {
                "Do not use this card; ask its owner for a new copy, by another way."
            }
            Self::Card(_) => "Check that this is the right file, and ask its owner for a new copy.",
            Self::CardIsOwn => "Ask the other person for their card.",
            Self::CardOlder { .. } => "Ask them for their newest card.",
            Self::AlreadyKnown { .. } => "Run the command again without --as.",
            Self::NicknameTaken { .. } => {
                "Ask yourself whether somebody uses a name that is not theirs; for two people of \
                 one name, add this one with --as OTHER-NAME and compare the words."
            }
            Self::LocalName(_) => "Choose another name.",
            Self::ContactAwaits { nickname, .. } => {
                return format!(
                    "List them with `offline-vault outbox`; to forget them with the contact, run \
                     `offline-vault contact remove {nickname} --discard`."
                );
            }
            Self::ContactUnknown { .. } => "List them with `offline-vault contact list`.",
            Self::WordsDiffer { .. } => {
                "Let them read all eight words again; if they still differ, this card is not \
                 theirs: remove it with `offline-vault contact remove` and get it in person."
            }
            Self::Words(_) => "Read the words again and type all of them.",
            Self::PairingUnknown { .. } => "List them with `offline-vault pair list`.",
            Self::PairingExists { .. } => {
                "Choose another name, or remove the old one with `offline-vault pair remove`."
            }
            Self::Invitation(_) => "Ask the operator of the relay for the invitation again.",
            Self::RelayKnown => "List them with `offline-vault relay list`.",
            Self::RelaysFull { .. } => "Use one of the mailboxes that you have.",
            Self::Key(_) | Self::KeyFile(_) | Self::File(_) | Self::Store(_) => {
                "Run the command again."
            }
        };
        step.to_owned()
    }
}
