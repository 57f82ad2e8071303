//! What can go wrong in a space, each with what it means for the data and what to do.

use bundle_format::open::OpenError;
use bundle_format::seal::SealError;
use note_protocol::NoteError;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use team_content::value::BadValue;
use team_core::blob::BlobError;
use team_core::role::Role;
use thiserror::Error;

use crate::files::FileError;
use crate::names::LocalName;
use crate::store::{SpaceState, StoreError};
use crate::vault::VaultError;
use crate::work::WorkError;

/// Why something in a space was not done. Nothing of it happened then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TeamError {
    /// The vault itself.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something that a person could have asked for went wrong on the way.
    #[error(transparent)]
    Work(Box<WorkError>),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A bundle that came for a device of a space could not be opened.
    #[error("a bundle for a space does not open")]
    Open(#[source] OpenError),
    /// A piece of a file.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// What was typed is not a value of the field.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// The process that reads notes.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A file is not what its author said it is.
    #[error("{which} is not what its author said: its pieces do not make the file that was named")]
    FileDamaged {
        /// The file.
        which: String,
    },
    /// What was stored does not read any more.
    #[error("what is stored of a space does not read any more: {0}")]
    Stored(DecodeError),
    /// What was given breaks a rule or limit of the format.
    #[error("this cannot be written into a space: {0}")]
    Format(DecodeError),
    /// There is no such space.
    #[error("there is no space called {name}")]
    SpaceUnknown {
        /// Which was asked for.
        name: String,
    },
    /// The name is another space's.
    #[error("another space is called {name} already")]
    NameTaken {
        /// The name.
        name: LocalName,
    },
    /// Nothing can be written in the space from here.
    #[error("nothing can be written in {name} from this vault: {reason}")]
    Closed {
        /// The space.
        name: LocalName,
        /// Why.
        reason: ClosedReason,
    },
    /// The person's role does not allow it.
    #[error("this is not yours to do in {name}: {reason}")]
    NotAllowed {
        /// The space.
        name: LocalName,
        /// Why, in words.
        reason: String,
        /// Who could do it, where that is known.
        ask: Vec<String>,
    },
    /// A role that is needed.
    #[error("this needs the role of {needed} in {name}, and yours is {found}")]
    RoleNeeded {
        /// The space.
        name: LocalName,
        /// What is needed.
        needed: Role,
        /// What the person has.
        found: String,
        /// Who has it.
        ask: Vec<String>,
    },
    /// Nobody is called so there.
    #[error("nobody in {space} is called {who}")]
    MemberUnknown {
        /// The space.
        space: LocalName,
        /// Who was asked for.
        who: String,
    },
    /// Several are called so.
    #[error("{count} members of {space} answer to {who}")]
    MemberAmbiguous {
        /// The space.
        space: LocalName,
        /// Who was asked for.
        who: String,
        /// How many.
        count: usize,
    },
    /// There is no such thing.
    #[error("there is no {what} {which} in {space}")]
    NotFound {
        /// The space.
        space: LocalName,
        /// What kind of thing.
        what: &'static str,
        /// Which was asked for.
        which: String,
    },
    /// The short name fits several things.
    #[error("{which} is the beginning of {count} names in {space}")]
    Ambiguous {
        /// The space.
        space: LocalName,
        /// What was asked for.
        which: String,
        /// How many it fits.
        count: usize,
    },
    /// There is no such invitation.
    #[error("there is no open invitation {which}")]
    InvitationUnknown {
        /// Which was asked for.
        which: String,
    },
    /// The invitation has expired.
    #[error("the invitation to {space} expired {expired_at}")]
    InvitationExpired {
        /// The space, as the inviter calls it.
        space: String,
        /// Since when.
        expired_at: crate::clock::UnixTime,
    },
    /// The contact's words were not compared.
    #[error("nobody has checked yet that the card of {nickname} is really theirs")]
    Unverified {
        /// The contact.
        nickname: LocalName,
    },
    /// The key of what was asked for is not here.
    #[error("the key for {which} has not come")]
    NoKey {
        /// What cannot be read.
        which: String,
    },
    /// Parts of a file have not come.
    #[error("{missing} of {total} pieces of {which} have not come")]
    Incomplete {
        /// The file.
        which: String,
        /// Missing pieces.
        missing: usize,
        /// All pieces.
        total: usize,
    },
    /// The thing is in another state than what was asked for needs.
    #[error("this cannot be done: {which} {state}")]
    State {
        /// What was asked for.
        which: String,
        /// How it is, as the end of a sentence.
        state: String,
    },
    /// The same, where it is known what to do instead.
    #[error("this cannot be done: {which} {state}")]
    StateAdvised {
        /// What was asked for.
        which: String,
        /// How it is, as the end of a sentence.
        state: String,
        /// What to do, a sentence.
        next: String,
    },
    /// What was typed is not what is needed.
    #[error("{what}")]
    Input {
        /// What is wrong, in words.
        what: String,
    },
    /// The same, where it is known what to type instead.
    #[error("{what}")]
    InputAdvised {
        /// What is wrong, in words.
        what: String,
        /// What to do, a sentence.
        next: String,
    },
    /// The member has as many devices as the space allows.
    #[error("a member of {name} has at most {cap} {}", device_noun(.cap))]
    DevicesFull {
        /// The space.
        name: LocalName,
        /// How many.
        cap: u8,
    },
    /// Nobody of that name waits to be let in.
    #[error("nobody who is called {who} has asked to be let into {space}")]
    NotAsking {
        /// The space.
        space: LocalName,
        /// Who was asked for.
        who: String,
    },
    /// The space of an invitation is in this vault already.
    #[error("{name} is a space of this vault already{}", standing(.state))]
    SpaceKnown {
        /// What this vault calls it.
        name: LocalName,
        /// How this vault stands to it.
        state: SpaceState,
    },
}

fn device_noun(cap: &u8) -> &'static str {
    if *cap == 1 { "device" } else { "devices" }
}

/// How a space that is here already stands.
fn standing(state: &SpaceState) -> &'static str {
    match state {
        SpaceState::Joining => ", and you have asked to join it",
        SpaceState::Active => "",
        SpaceState::Left => ", and you are no member of it any more",
        SpaceState::Stopped => ", and a copy of this vault has written in its name",
    }
}

/// Why nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedReason {
    /// The person has not been let in yet.
    Joining,
    /// The person has left or was removed.
    Left,
    /// Another copy of the vault writes in its name.
    Stopped,
}

impl std::fmt::Display for ClosedReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Joining => "you have asked to join and have not been let in yet",
            Self::Left => "you have left it or were removed",
            Self::Stopped => "a copy of this vault has written in its name",
        })
    }
}

impl From<WorkError> for TeamError {
    fn from(err: WorkError) -> Self {
        Self::Work(Box::new(err))
    }
}

impl From<StoreError> for TeamError {
    fn from(err: StoreError) -> Self {
        Self::Vault(VaultError::Store(err))
    }
}

impl TeamError {
    /// Whether the fault is in what members wrote, rather than in this machine or its vault.
    pub(crate) fn is_of_the_content(&self) -> bool {
        match self {
            Self::Vault(VaultError::Store(err)) => err.is_of_the_content(),
            Self::Open(_)
            | Self::Blob(_)
            | Self::Format(_)
            | Self::NotAllowed { .. }
            | Self::RoleNeeded { .. }
            | Self::State { .. }
            | Self::StateAdvised { .. }
            | Self::Input { .. }
            | Self::InputAdvised { .. } => true,
            _ => false,
        }
    }

    fn next_for_space(&self) -> String {
        match self {
            Self::SpaceUnknown { .. } => "See the spaces: offline-vault space list.".to_owned(),
            Self::NameTaken { .. } => {
                "Choose another name: it is what only this vault calls the space.".to_owned()
            }
            Self::SpaceKnown { name, state } => match state {
                SpaceState::Active => format!("See it: offline-vault space show {name}."),
                SpaceState::Joining => {
                    "Sync with whoever invited you: offline-vault sync.".to_owned()
                }
                SpaceState::Left | SpaceState::Stopped => format!(
                    "Remove it first: offline-vault space forget {name}. Everything that you can \
                     still read in it is gone then; save what you need before."
                ),
            },
            Self::Closed { reason, name } => match reason {
                ClosedReason::Joining => {
                    "Sync with whoever invited you: offline-vault sync.".to_owned()
                }
                ClosedReason::Left => format!(
                    "What came before can still be read. To write again, ask an admin for a new \
                     invitation, and remove what is here before you accept it: offline-vault \
                     space forget {name}."
                ),
                ClosedReason::Stopped => format!(
                    "Find out which copy is the right one. Then ask an admin to remove this \
                     device, forget the space (offline-vault space forget {name}) and be invited \
                     again."
                ),
            },
            Self::InvitationUnknown { .. } => {
                "See the invitations: offline-vault space invitations.".to_owned()
            }
            Self::InvitationExpired { .. } => "Ask for a new one.".to_owned(),
            _ => "Save what still opens, then ask an admin to remove this device, forget the \
                  space (offline-vault space forget) and be invited again. A backup does not hold \
                  spaces."
                .to_owned(),
        }
    }

    fn next_for_people(&self) -> String {
        match self {
            Self::NotAllowed { name, ask, .. } | Self::RoleNeeded { name, ask, .. }
                if !ask.is_empty() =>
            {
                format!(
                    "Ask {}. Who may do what: offline-vault member list {name}.",
                    ask.join(" or ")
                )
            }
            Self::NotAllowed { name, .. } | Self::RoleNeeded { name, .. } => {
                format!("See who may do what: offline-vault member list {name}.")
            }
            Self::MemberUnknown { space, .. } => {
                format!("See the members: offline-vault member list {space}.")
            }
            Self::MemberAmbiguous { space, .. } => format!(
                "Name the member by the digits beside the name: offline-vault member list {space}."
            ),
            Self::NotAsking { space, .. } => format!(
                "See who asks: offline-vault member list {space}; whom you have invited: \
                 offline-vault space invitations."
            ),
            Self::DevicesFull { name, .. } => format!(
                "See the devices: offline-vault device list {name}. One that is not used any more \
                 makes room: offline-vault device remove {name} DEVICE."
            ),
            Self::Unverified { nickname } => {
                format!("Compare the words: offline-vault contact verify {nickname}.")
            }
            _ => "See the members: offline-vault member list.".to_owned(),
        }
    }

    fn next_for_content(&self) -> String {
        match self {
            Self::StateAdvised { next, .. } | Self::InputAdvised { next, .. } => next.clone(),
            Self::Seal(_) => "Check the vault's disk, then run the command again.".to_owned(),
            Self::Open(_) => {
                "Ask the sender to sync once more; their vault sends again what is missing."
                    .to_owned()
            }
            Self::Format(rule) => next_for_rule(rule).to_owned(),
            Self::NotFound { space, what, .. } => match *what {
                "item" => format!(
                    "See what there is: offline-vault message list {space}; file, note and \
                     record have a list as well."
                ),
                "schema" => format!("See what there is: offline-vault record schemas {space}."),
                "late work" => format!("See what there is: offline-vault adopt {space}."),
                what => format!("See what there is: offline-vault {what} list {space}."),
            },
            Self::Ambiguous { .. } => "Give more digits of it.".to_owned(),
            Self::NoKey { .. } => "It comes with the next bundle of somebody who has it: sync \
                                   with the others."
                .to_owned(),
            Self::Incomplete { .. } => "Sync: your vault asks the others for the missing pieces, \
                                        and their next bundles bring them."
                .to_owned(),
            Self::FileDamaged { .. } => {
                "Ask its author to add it again, and tell an admin of the space.".to_owned()
            }
            Self::State { .. } => {
                "See how things stand: `offline-vault space show SPACE`, or `offline-vault explain \
                 ITEM` for one item."
                    .to_owned()
            }
            _ => "See the command's --help for what it takes.".to_owned(),
        }
    }

    fn inner(&self) -> Option<&dyn Advice> {
        match self {
            Self::Vault(err) => Some(err),
            Self::File(err) => Some(err),
            Self::Work(err) => Some(err.as_ref()),
            Self::Blob(err) => Some(err),
            Self::Value(err) => Some(err),
            Self::Note(err) => Some(err),
            _ => None,
        }
    }
}

impl Advice for TeamError {
    fn code(&self) -> &'static str {
        if let Some(inner) = self.inner() {
            return inner.code();
        }
        match self {
            Self::Seal(_) => "seal-failed",
            Self::Open(err) if err.is_refusal() => "bundle-refused",
            Self::Open(_) => "bundle-unreadable",
            Self::Format(_) => "space-format",
            Self::SpaceUnknown { .. } => "space-unknown",
            Self::NameTaken { .. } => "space-name-taken",
            Self::Closed { .. } => "space-closed",
            Self::NotAllowed { .. } => "space-not-allowed",
            Self::RoleNeeded { .. } => "space-role",
            Self::MemberUnknown { .. } => "member-unknown",
            Self::MemberAmbiguous { .. } => "member-ambiguous",
            Self::NotFound { .. } => "space-item-unknown",
            Self::Ambiguous { .. } => "space-item-ambiguous",
            Self::InvitationUnknown { .. } => "invitation-unknown",
            Self::InvitationExpired { .. } => "invitation-expired",
            Self::Unverified { .. } => "contact-unverified",
            Self::NoKey { .. } => "space-no-key",
            Self::Incomplete { .. } => "file-incomplete",
            Self::FileDamaged { .. } => "file-damaged",
            Self::State { .. } | Self::StateAdvised { .. } => "space-state",
            Self::Input { .. } | Self::InputAdvised { .. } => "space-input",
            Self::DevicesFull { .. } => "device-cap",
            Self::NotAsking { .. } => "member-not-asking",
            Self::SpaceKnown { .. } => "space-known",
            _ => "vault-damaged",
        }
    }

    fn data_safe(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.data_safe();
        }
        match self {
            Self::Stored(_) => {
                "The vault's database may be damaged; the other members' vaults have what was \
                 sent to them."
            }
            Self::Open(_) => "Nothing of the bundle was taken in; the vault is as it was.",
            _ => "Nothing was written; the space is as it was.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        // Only saving meets files that are there, and it has no way to overwrite them.
        if let Self::File(FileError::Exists { .. }) = self {
            return "Name an empty folder with --to, or move away what is there.".to_owned();
        }
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        match self {
            Self::SpaceUnknown { .. }
            | Self::NameTaken { .. }
            | Self::SpaceKnown { .. }
            | Self::Closed { .. }
            | Self::InvitationUnknown { .. }
            | Self::InvitationExpired { .. }
            | Self::Stored(_) => self.next_for_space(),
            Self::NotAllowed { .. }
            | Self::RoleNeeded { .. }
            | Self::MemberUnknown { .. }
            | Self::MemberAmbiguous { .. }
            | Self::NotAsking { .. }
            | Self::DevicesFull { .. }
            | Self::Unverified { .. } => self.next_for_people(),
            _ => self.next_for_content(),
        }
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::Open(err) if err.is_refusal() => Exit::Refused,
            Self::FileDamaged { .. } => Exit::Refused,
            Self::Input { .. }
            | Self::InputAdvised { .. }
            | Self::Format(_)
            | Self::NotAsking { .. }
            | Self::SpaceKnown { .. }
            | Self::SpaceUnknown { .. }
            | Self::NameTaken { .. }
            | Self::MemberUnknown { .. }
            | Self::MemberAmbiguous { .. }
            | Self::NotFound { .. }
            | Self::Ambiguous { .. }
            | Self::InvitationUnknown { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// What to type instead of what breaks a rule of the format.
fn next_for_rule(rule: &DecodeError) -> &'static str {
    match rule {
        DecodeError::OverLimit {
            what: "device cap", ..
        } => "Choose a smaller number of devices, then run the command again.",
        DecodeError::OverLimit { .. } => "Make it shorter or smaller, then run the command again.",
        DecodeError::Rule {
            what: "a member may have no device",
        } => "Allow each member one device at least, then run the command again.",
        DecodeError::Rule { what } if what.starts_with("a path") => {
            "Write the path of a file inside the space, like work/report.txt, without `..`."
        }
        DecodeError::Rule { what } if what.starts_with("a name") || what.starts_with("a title") => {
            "Give it a name of plain letters, without blanks at its ends."
        }
        _ => "Change what the message names, then run the command again.",
    }
}
