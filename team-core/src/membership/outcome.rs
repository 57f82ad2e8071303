//! What membership comes to, as others read it.

use std::collections::BTreeSet;

use super::refused::Refused;
use crate::control::{Change, KeyCommitment, Reason};
use crate::ids::{CompartmentId, DeviceId, EpochId, MemberId, OperationId, SegmentHash};
use crate::name::Name;
use crate::role::{History, Role};

/// Somebody who is or was a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// What it calls itself, as whoever added it last wrote.
    pub name: Name,
    /// What it may do; nothing when it is no member any more.
    pub role: Option<Role>,
    /// Its devices that count now, ascending.
    pub devices: Vec<DeviceId>,
    /// The operation that added it: the last one that holds.
    pub joined: Deed,
    /// What it may read of the past, as that operation says; everything for the founder.
    pub history: History,
    /// How it was removed, if it is no member any more.
    pub removed: Option<Removal>,
    /// The compartments that it reads beside the space as a whole.
    pub compartments: BTreeSet<CompartmentId>,
}

/// An operation with who wrote it and when he says that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deed {
    /// The operation.
    pub operation: OperationId,
    /// The device that wrote it.
    pub by: DeviceId,
    /// Seconds since 1970 on that device's clock: a claim.
    pub claimed_at: u64,
}

/// How somebody or something was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Removal {
    /// By somebody who may.
    Removed(Deed, Reason),
    /// By itself.
    Left(Deed),
    /// By the owners together, in this generation.
    Voted(u32),
}

/// A device that was ever granted to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whose it is. When several claim it: the member that it is the first device of, else the one
    /// with the highest role.
    pub member: MemberId,
    /// Whether it counts now.
    pub active: bool,
    /// The operation that removed it, if it does not count and there is one of its own for it.
    pub removed: Option<Removal>,
    /// From which segment on nothing of it has effect, because it signed two with that number.
    pub forked: Option<u64>,
}

/// A compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compartment {
    /// Which.
    pub id: CompartmentId,
    /// What it is called.
    pub name: Name,
    /// The members who read it, ascending.
    pub readers: BTreeSet<MemberId>,
}

/// A key of a compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochInfo {
    /// Which.
    pub id: EpochId,
    /// The operation that made it.
    pub operation: OperationId,
    /// Whose content it seals.
    pub compartment: CompartmentId,
    /// What its key hashes to.
    pub commitment: KeyCommitment,
    /// The device that made it.
    pub author: DeviceId,
    /// The operations that hold wrapped keys of it, that which made it first; those too that had
    /// effect when they were written and lost it since.
    pub wraps: Vec<OperationId>,
    /// The devices that those operations wrapped it to; also such as were granted to nobody after
    /// all, when the grant came to be void: what they were given they have.
    pub recipients: BTreeSet<DeviceId>,
    /// Why nothing is to be encrypted under it, if its author had no right to make it or lost it.
    pub refused: Option<Refused>,
}

/// A change of the owners that some have voted for and that has not taken effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenVote {
    /// What for.
    pub change: Change,
    /// The owners who did, ascending.
    pub voters: BTreeSet<MemberId>,
    /// How many more owners have to.
    pub missing: usize,
}

/// A digest of the state that somebody published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The operation.
    pub deed: Deed,
    /// The digest of the past of its segment.
    pub digest: [u8; 32],
    /// Devices that come to the same, ascending.
    pub confirmed: BTreeSet<DeviceId>,
    /// Devices that come to another: an alarm.
    pub contradicted: BTreeSet<DeviceId>,
}

/// A demand to destroy payloads everywhere, by one who is still in the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionRequest {
    /// The operation.
    pub deed: Deed,
    /// The members as whom its author acts: their own segments it may delete.
    pub members: BTreeSet<MemberId>,
    /// Whether it may delete those of others too.
    pub any: bool,
    /// What.
    pub segments: Vec<SegmentHash>,
}

/// An operation without effect, to be reported to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ignored {
    /// The operation and who wrote it.
    pub deed: Deed,
    /// Its kind byte.
    pub kind: u8,
    /// Why.
    pub reason: Refused,
}

/// With which role a device wrote from which of its segments to which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub(super) ranges: Vec<Range>,
}

/// A run of segments of one device with one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: u64,
    /// The last; [`u64::MAX`] when it goes on.
    pub to: u64,
    /// Content that needs at most this role takes effect; all other is held.
    pub role: Role,
}

impl Standing {
    /// The ranges, ascending, without overlap. Segments in none of them are held.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// The role with which the segment of this number was written; none if it is held.
    #[must_use]
    pub fn role_at(&self, number: u64) -> Option<Role> {
        let mut ranges = self.ranges.iter();
        let found = ranges.find(|range| range.from <= number && number <= range.to);
        found.map(|range| range.role)
    }
}
