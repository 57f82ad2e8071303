//! Control operations: what changes who may do what, and who holds which keys.
//!
//! They cross in the clear inside sealed bundles, because every device of a space, also one that
//! only carries and one that was removed, has to be able to work out the membership.
//! Spec: spec/team.md, "Control operations".

mod epoch;
mod genesis;

pub use epoch::{Epoch, KeyCommitment, SEALED_KEY_BYTES, ShareEpoch, Wrap};
pub use genesis::{Genesis, Policy};

use bundle_format::identity::{ENCAPSULATION_KEY_BYTES, EncapsulationKey};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::device_card::{DeviceCard, Routes};
use crate::ids::{CompartmentId, DeviceId, MemberId, SegmentHash};
use crate::limits::{CONTROL_OPERATIONS_MAX, SEGMENTS_NAMED_MAX};
use crate::name::Name;
use crate::role::{History, Role};

/// One control operation. Whether its author had the right to it is not known yet: that is what
/// `membership` works out from all of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Control {
    /// Begins the space; first operation of the founder's first segment, and nowhere else.
    Genesis(Box<Genesis>),
    /// A grant: somebody becomes a member, with a first device.
    AddMember(Box<AddMember>),
    /// A grant: a member's role is at least this one.
    RaiseRole(MemberId, Role),
    /// A denial: a member's role is at most this one.
    LowerRole(MemberId, Role),
    /// A denial: a member is none any more.
    RemoveMember(MemberId, Reason),
    /// A grant: a member has one more device.
    AddDevice(Box<AddDevice>),
    /// A denial: a device is none any more.
    RemoveDevice(DeviceId, Reason),
    /// A denial: the author's member leaves.
    Leave,
    /// An owner's vote for a change of the owners.
    OwnerChange(OwnerChange),
    /// By an owner: what the member wrote without this operation's author having seen it, and
    /// without having seen this operation, is void.
    Seal(MemberId),
    /// A new reader set inside the space.
    AddCompartment(CompartmentId, Name),
    /// A grant: a member reads a compartment.
    Admit(CompartmentId, MemberId),
    /// A denial: a member reads a compartment no more.
    Expel(CompartmentId, MemberId),
    /// A new key of a compartment, wrapped to devices.
    Epoch(Epoch),
    /// The key of an epoch, wrapped to further devices.
    ShareEpoch(ShareEpoch),
    /// The author's new prekey, with its number.
    Prekey(u32, Box<EncapsulationKey>),
    /// The author's mailboxes from now on.
    Routes(Routes),
    /// The author's digest of the state in its causal past.
    Checkpoint([u8; 32]),
    /// The author comes to this digest in the causal past of that checkpoint's segment.
    ConfirmCheckpoint(SegmentHash, [u8; 32]),
    /// The payloads of these segments are to be destroyed everywhere.
    Delete(Vec<SegmentHash>),
    /// The author's device has destroyed these payloads.
    ConfirmDeletion(Vec<SegmentHash>),
    /// Late work that takes effect all the same.
    Adopt(Vec<SegmentHash>),
    /// Of a kind that this version does not know: kept and passed on, without effect.
    Unknown(UnknownOperation),
}

impl Control {
    /// How many segments it names.
    #[must_use]
    pub fn named_segments(&self) -> usize {
        match self {
            Self::Delete(segments) | Self::ConfirmDeletion(segments) | Self::Adopt(segments) => {
                segments.len()
            }
            _ => 0,
        }
    }
}

/// An operation of a later version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOperation {
    kind: u8,
    body: Vec<u8>,
}

/// What [`Control::AddMember`] says.
#[derive(Clone, Debug)]
pub struct AddMember {
    /// The first device, which gives the member its id.
    pub member: MemberId,
    /// How it is reached.
    pub card: DeviceCard,
    /// What it calls itself in this space.
    pub name: Name,
    /// Its role; never [`Role::Owner`], which is for the owners together to give.
    pub role: Role,
    /// What of the past it may read.
    pub history: History,
}

/// What [`Control::AddDevice`] says.
#[derive(Clone, Debug)]
pub struct AddDevice {
    /// Whose device it becomes.
    pub member: MemberId,
    /// The device.
    pub device: DeviceId,
    /// How it is reached.
    pub card: DeviceCard,
}

/// Why a member or a device was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No reason is given.
    Unsaid,
    /// It left, or was replaced by another device, in good order.
    Retired,
    /// It was lost, seized or copied.
    Lost,
    /// Nothing was heard of it for long.
    Silent,
}

/// What [`Control::OwnerChange`] votes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerChange {
    /// How many changes came before.
    pub generation: u32,
    /// The change.
    pub change: Change,
}

/// A change of the owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A member becomes an owner.
    Add(MemberId),
    /// An owner becomes an admin no more than any other member: it keeps no role.
    Remove(MemberId),
}

impl Control {
    /// The kind byte.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self {
            Self::Genesis(_) => 1,
            Self::AddMember(_) => 2,
            Self::RaiseRole(..) => 3,
            Self::LowerRole(..) => 4,
            Self::RemoveMember(..) => 5,
            Self::AddDevice(_) => 6,
            Self::RemoveDevice(..) => 7,
            Self::Leave => 8,
            Self::OwnerChange(_) => 9,
            Self::Seal(_) => 10,
            Self::AddCompartment(..) => 11,
            Self::Admit(..) => 12,
            Self::Expel(..) => 13,
            Self::Epoch(_) => 14,
            Self::ShareEpoch(_) => 15,
            Self::Prekey(..) => 16,
            Self::Routes(_) => 17,
            Self::Checkpoint(_) => 18,
            Self::ConfirmCheckpoint(..) => 19,
            Self::Delete(_) => 20,
            Self::ConfirmDeletion(_) => 21,
            Self::Adopt(_) => 22,
            Self::Unknown(unknown) => unknown.kind,
        }
    }

    /// The encoding without kind and length.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write_body(&mut writer);
        writer.into_bytes()
    }

    fn write_body(&self, writer: &mut Writer) {
        match self {
            Self::Genesis(genesis) => genesis.write(writer),
            Self::AddMember(add) => add.write(writer),
            Self::RaiseRole(member, role) | Self::LowerRole(member, role) => {
                member.write(writer);
                role.write(writer);
            }
            Self::RemoveMember(member, reason) => {
                member.write(writer);
                reason.write(writer);
            }
            Self::AddDevice(add) => add.write(writer),
            Self::RemoveDevice(device, reason) => {
                device.write(writer);
                reason.write(writer);
            }
            Self::Leave => {}
            Self::OwnerChange(change) => change.write(writer),
            Self::Seal(member) => member.write(writer),
            Self::AddCompartment(compartment, name) => {
                compartment.write(writer);
                name.write(writer);
            }
            Self::Admit(compartment, member) | Self::Expel(compartment, member) => {
                compartment.write(writer);
                member.write(writer);
            }
            Self::Epoch(epoch) => epoch.write(writer),
            Self::ShareEpoch(share) => share.write(writer),
            Self::Prekey(number, key) => {
                writer.u32(*number).put(key.as_bytes());
            }
            Self::Routes(routes) => routes.write(writer),
            Self::Checkpoint(digest) => {
                writer.put(digest);
            }
            Self::ConfirmCheckpoint(segment, digest) => {
                segment.write(writer);
                writer.put(digest);
            }
            Self::Delete(segments) | Self::ConfirmDeletion(segments) | Self::Adopt(segments) => {
                write_segments(segments, writer);
            }
            Self::Unknown(unknown) => {
                writer.put(&unknown.body);
            }
        }
    }

    /// Reads an operation of kind `kind` that fills `body` exactly.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_body(kind: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let from = &mut reader;
        let operation = match kind {
            1 => Self::Genesis(Box::new(Genesis::read(from)?)),
            2 => Self::AddMember(Box::new(AddMember::read(from)?)),
            3 => Self::RaiseRole(MemberId::read(from)?, granted_role(from)?),
            4 => Self::LowerRole(MemberId::read(from)?, granted_role(from)?),
            5 => Self::RemoveMember(MemberId::read(from)?, Reason::read(from)?),
            6 => Self::AddDevice(Box::new(AddDevice::read(from)?)),
            7 => Self::RemoveDevice(DeviceId::read(from)?, Reason::read(from)?),
            8 => Self::Leave,
            9 => Self::OwnerChange(OwnerChange::read(from)?),
            10 => Self::Seal(MemberId::read(from)?),
            11 => Self::AddCompartment(named_compartment(from)?, Name::read(from)?),
            12 => Self::Admit(named_compartment(from)?, MemberId::read(from)?),
            13 => Self::Expel(named_compartment(from)?, MemberId::read(from)?),
            14 => Self::Epoch(Epoch::read(from)?),
            15 => Self::ShareEpoch(ShareEpoch::read(from)?),
            16 => Self::Prekey(
                from.u32("prekey number")?,
                Box::new(EncapsulationKey::new(
                    from.take_array::<ENCAPSULATION_KEY_BYTES>("prekey")?,
                )?),
            ),
            17 => Self::Routes(Routes::read(from)?),
            18 => Self::Checkpoint(from.take_array("state digest")?),
            19 => {
                Self::ConfirmCheckpoint(SegmentHash::read(from)?, from.take_array("state digest")?)
            }
            20 => Self::Delete(read_segments(from)?),
            21 => Self::ConfirmDeletion(read_segments(from)?),
            22 => Self::Adopt(read_segments(from)?),
            0 => {
                return Err(DecodeError::Unknown {
                    what: "control operation",
                });
            }
            kind => Self::Unknown(UnknownOperation {
                kind,
                body: from.rest().to_vec(),
            }),
        };
        reader.finish("control operation")?;
        Ok(operation)
    }
}

/// The payload of a control segment: for each operation its kind, its length as u32 and its body.
#[must_use]
pub fn encode_operations(operations: &[Control]) -> Vec<u8> {
    let mut writer = Writer::new();
    for operation in operations {
        let body = operation.body();
        writer.u8(operation.kind()).count(body.len()).put(&body);
    }
    writer.into_bytes()
}

/// Reads the payload of a control segment.
///
/// # Errors
/// [`DecodeError`]: one operation that cannot be read makes the whole segment unreadable.
pub fn decode_operations(payload: &[u8]) -> Result<Vec<Control>, DecodeError> {
    let mut reader = Reader::new(payload);
    let mut operations = Vec::new();
    while reader.remaining() > 0 {
        if operations.len() == CONTROL_OPERATIONS_MAX {
            return Err(DecodeError::OverLimit {
                what: "control operations",
                found: operations.len() as u64 + 1,
                limit: CONTROL_OPERATIONS_MAX as u64,
            });
        }
        let kind = reader.u8("kind of operation")?;
        let len = reader.count(u32::MAX, "length of operation")?;
        let body = reader.take(len, "operation")?;
        operations.push(Control::from_body(kind, body)?);
    }
    if operations.is_empty() {
        return Err(DecodeError::Rule {
            what: "a control segment has no operation",
        });
    }
    Ok(operations)
}

fn granted_role(reader: &mut Reader<'_>) -> Result<Role, DecodeError> {
    match Role::read(reader)? {
        Role::Owner => Err(DecodeError::Rule {
            what: "the owner's role is not given or capped by one operation",
        }),
        role => Ok(role),
    }
}

fn named_compartment(reader: &mut Reader<'_>) -> Result<CompartmentId, DecodeError> {
    let compartment = CompartmentId::read(reader)?;
    if compartment == CompartmentId::WHOLE {
        return Err(DecodeError::Rule {
            what: "the space as a whole is not a compartment to be named",
        });
    }
    Ok(compartment)
}

fn write_segments(segments: &[SegmentHash], writer: &mut Writer) {
    writer.count(segments.len());
    for segment in segments {
        segment.write(writer);
    }
}

fn read_segments(reader: &mut Reader<'_>) -> Result<Vec<SegmentHash>, DecodeError> {
    let count = reader.count(SEGMENTS_NAMED_MAX, "named segments")?;
    let mut segments: Vec<SegmentHash> = Vec::new();
    for _ in 0..count {
        let segment = SegmentHash::read(reader)?;
        if segments.last().is_some_and(|before| *before >= segment) {
            return Err(DecodeError::Rule {
                what: "named segments are not in order",
            });
        }
        segments.push(segment);
    }
    if segments.is_empty() {
        return Err(DecodeError::Rule {
            what: "no segment is named",
        });
    }
    Ok(segments)
}

impl Wire for AddMember {
    const WHAT: &'static str = "new member";

    fn write(&self, writer: &mut Writer) {
        self.member.write(writer);
        self.card.write(writer);
        self.name.write(writer);
        self.role.write(writer);
        self.history.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            member: MemberId::read(reader)?,
            card: DeviceCard::read(reader)?,
            name: Name::read(reader)?,
            role: granted_role(reader)?,
            history: History::read(reader)?,
        })
    }
}

impl Wire for AddDevice {
    const WHAT: &'static str = "new device";

    fn write(&self, writer: &mut Writer) {
        self.member.write(writer);
        self.device.write(writer);
        self.card.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            member: MemberId::read(reader)?,
            device: DeviceId::read(reader)?,
            card: DeviceCard::read(reader)?,
        })
    }
}

impl Reason {
    fn write(self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Unsaid => 0,
            Self::Retired => 1,
            Self::Lost => 2,
            Self::Silent => 3,
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8("reason")? {
            0 => Self::Unsaid,
            1 => Self::Retired,
            2 => Self::Lost,
            3 => Self::Silent,
            _ => return Err(DecodeError::Unknown { what: "reason" }),
        })
    }
}

impl Wire for OwnerChange {
    const WHAT: &'static str = "change of owners";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.generation);
        match self.change {
            Change::Add(member) => member.write(writer.u8(1)),
            Change::Remove(member) => member.write(writer.u8(2)),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let generation = reader.u32("owner generation")?;
        let kind = reader.u8("change of owners")?;
        let member = MemberId::read(reader)?;
        let change = match kind {
            1 => Change::Add(member),
            2 => Change::Remove(member),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "change of owners",
                });
            }
        };
        Ok(Self { generation, change })
    }
}
