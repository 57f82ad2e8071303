//! Why an operation has no effect, in words.

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

use crate::ids::{CompartmentId, DeviceId, EpochId, MemberId};
use crate::role::Role;

/// Why an operation has no effect, or may not be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[non_exhaustive]
pub enum Refused {
    /// It begins a space, but not this one, or not at its beginning.
    #[error("it is not the beginning of this space")]
    NotGenesis,
    /// Its author was no device of any member, as far as the author could see.
    #[error("its author is no device of a member")]
    UnknownDevice,
    /// Its author's device, or the member whose device it is, had been removed.
    #[error("its author's device had been removed")]
    RemovedDevice,
    /// Its author's role did not allow it, as far as the author could see.
    #[error("it needs the role {needed}{}", author_is(.held.as_ref()))]
    RoleTooLow {
        /// The least role that may.
        needed: Role,
        /// The role that the author had.
        held: Option<Role>,
    },
    /// Its author's right was taken away by somebody whose removal its author had not seen, and
    /// who had not seen it.
    #[error("its author lost the right to it before it was seen")]
    Overtaken,
    /// An owner sealed its author, and neither had seen the other.
    #[error("an owner sealed its author before it was seen")]
    Sealed,
    /// Its author's device signed two different segments with one number, here or before.
    #[error("its author's device continued its log in two ways")]
    Forked,
    /// It is against an owner, and only the owners together may do that.
    #[error("it is against an owner: {0}")]
    AgainstOwner(MemberId),
    /// It is about a member who was none, as far as its author could see.
    #[error("this is no member: {0}")]
    NoSuchMember(MemberId),
    /// It is about a device that was none, as far as its author could see.
    #[error("this is no device of a member: {0}")]
    NoSuchDevice(DeviceId),
    /// The device belongs to another member.
    #[error("the device belongs to another member: {0}")]
    DeviceTaken(DeviceId),
    /// It adds a device to somebody else.
    #[error("only a member's own devices add one to it: {0}")]
    NotOwnMember(MemberId),
    /// The member has as many devices as the policy allows.
    #[error("a member has at most {cap} {}", device_noun(.cap))]
    DeviceCap {
        /// How many the policy allows.
        cap: u8,
    },
    /// The member has added as many devices as one ever does, those removed among them.
    #[error("a member adds at most {limit} devices in all")]
    DevicesAdded {
        /// How many.
        limit: usize,
    },
    /// An earlier denial by the same member takes as much away, and nothing was given since.
    #[error("its author has taken this away already")]
    AlreadyDenied,
    /// Its author's device gave the same member a role, or let it into the same compartment, as
    /// often as one may.
    #[error("one device gives the same to one member at most {limit} times")]
    GrantsAlike {
        /// How often.
        limit: usize,
    },
    /// An owner leaves by a change of the owners only.
    #[error("an owner leaves by a vote of the owners")]
    OwnerLeaves,
    /// Somebody has to be an owner.
    #[error("the last owner cannot be removed")]
    LastOwner,
    /// The member is an owner already.
    #[error("this member is an owner already: {0}")]
    OwnerAlready(MemberId),
    /// The member is no owner.
    #[error("this member is no owner: {0}")]
    NoOwner(MemberId),
    /// The vote is for another generation of owners than the one its author could see.
    #[error("the vote is for generation {found} of the owners, expected {expected}")]
    WrongGeneration {
        /// The generation at the time.
        expected: u32,
        /// What the vote says.
        found: u32,
    },
    /// Each owner votes once in a generation.
    #[error("its author has voted in generation {generation} of the owners already")]
    SecondVote {
        /// The generation.
        generation: u32,
    },
    /// The compartment does not exist, as far as its author could see.
    #[error("there is no such compartment: {0}")]
    NoSuchCompartment(CompartmentId),
    /// The compartment exists already.
    #[error("there is such a compartment already: {0}")]
    CompartmentExists(CompartmentId),
    /// Its author does not read the compartment.
    #[error("its author does not read the compartment {0}")]
    NotAdmitted(CompartmentId),
    /// The epoch does not exist.
    #[error("there is no such epoch: {0}")]
    NoSuchEpoch(EpochId),
    /// It is of a kind that this version does not know.
    #[error("this version does not know operations of kind {0}")]
    UnknownKind(u8),
    /// The segments it names as seen cannot have been.
    #[error("its author names segments that cannot come before it")]
    Unplaced,
}

fn device_noun(cap: &u8) -> &'static str {
    if *cap == 1 { "device" } else { "devices" }
}

fn author_is(held: Option<&Role>) -> String {
    held.map_or_else(String::new, |role| format!(", its author is {role}"))
}

impl Advice for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotGenesis => "not-genesis",
            Self::UnknownDevice => "unknown-device",
            Self::RemovedDevice => "removed-device",
            Self::RoleTooLow { .. } => "role-too-low",
            Self::Overtaken => "overtaken",
            Self::Sealed => "sealed",
            Self::Forked => "forked",
            Self::AgainstOwner(_) => "against-owner",
            Self::NoSuchMember(_) => "no-such-member",
            Self::NoSuchDevice(_) => "no-such-device",
            Self::DeviceTaken(_) => "device-taken",
            Self::NotOwnMember(_) => "not-own-member",
            Self::DeviceCap { .. } => "device-cap",
            Self::DevicesAdded { .. } => "devices-added",
            Self::AlreadyDenied => "already-denied",
            Self::GrantsAlike { .. } => "grants-alike",
            Self::OwnerLeaves => "owner-leaves",
            Self::LastOwner => "last-owner",
            Self::OwnerAlready(_) => "owner-already",
            Self::NoOwner(_) => "no-owner",
            Self::WrongGeneration { .. } => "wrong-generation",
            Self::SecondVote { .. } => "second-vote",
            Self::NoSuchCompartment(_) => "no-such-compartment",
            Self::CompartmentExists(_) => "compartment-exists",
            Self::NotAdmitted(_) => "not-admitted",
            Self::NoSuchEpoch(_) => "no-such-epoch",
            Self::UnknownKind(_) => "unknown-kind",
            Self::Unplaced => "unplaced",
        }
    }

    fn data_safe(&self) -> String {
        "Yes: nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::RoleTooLow { needed, .. } => {
                format!("Ask somebody whose role is {needed} or higher.")
            }
            Self::Forked => {
                "Retire this device and link a new one: `offline-vault device link`.".to_owned()
            }
            Self::UnknownDevice | Self::RemovedDevice | Self::Overtaken | Self::Sealed => {
                "Ask an owner to add you again.".to_owned()
            }
            Self::AgainstOwner(_) | Self::OwnerLeaves => {
                "Ask the owners to vote: `offline-vault owner remove` by more than half of them."
                    .to_owned()
            }
            Self::LastOwner => "Make another member an owner first.".to_owned(),
            Self::DeviceCap { .. } => {
                "Remove a device that is not used: `offline-vault device remove`.".to_owned()
            }
            Self::DevicesAdded { .. } => {
                "Ask an admin to invite you again: you join as another member then.".to_owned()
            }
            Self::GrantsAlike { .. } => {
                "Do it with another device, or ask another admin.".to_owned()
            }
            Self::NotAdmitted(_) => "Ask an admin to admit you to it.".to_owned(),
            Self::SecondVote { .. } | Self::WrongGeneration { .. } => {
                "See what is being voted on: `offline-vault owner list`.".to_owned()
            }
            _ => "See who and what there is: `offline-vault member list`.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Refused
    }
}
