//! Small histories of a space: signed segments as several devices would write them.

use super::made_control::{Genesis, add_member};
use super::wire::{AMINA, Device, Header, card, list, operation, segment_hash, text};

/// A control operation, about devices by name and segments by their place in the history.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Genesis,
    AddMember(Device, u8),
    RaiseRole(Device, u8),
    LowerRole(Device, u8),
    RemoveMember(Device),
    AddDevice(Device, Device),
    RemoveDevice(Device),
    Leave,
    AddOwner(u32, Device),
    RemoveOwner(u32, Device),
    Seal(Device),
    AddCompartment,
    Admit(Device),
    Expel(Device),
    /// An epoch of the space as a whole, without wraps.
    Epoch,
    /// An epoch of the one compartment.
    CompartmentEpoch,
    Delete(usize),
    Adopt(usize),
    Unknown,
}

/// Roles by their bytes.
pub(super) const COURIER: u8 = 1;
pub(super) const READER: u8 = 2;
pub(super) const SUGGESTER: u8 = 3;
pub(super) const EDITOR: u8 = 4;
pub(super) const APPROVER: u8 = 5;
pub(super) const ADMIN: u8 = 6;

const COMPARTMENT: [u8; 16] = [0x42; 16];

/// One segment.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) device: Device,
    pub(super) number: u64,
    pub(super) previous: Option<usize>,
    pub(super) deps: Vec<usize>,
    header: Vec<u8>,
    hash: [u8; 32],
    payload: Vec<u8>,
}

/// Segments in an order in which each comes after those that it follows.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) space: [u8; 32],
    pub(super) segments: Vec<Segment>,
}

impl History {
    /// Amina founds a space: segment 0.
    pub(super) fn new() -> Self {
        let body = Genesis::new().body();
        let mut history = Self {
            space: blake3::derive_key("causeway/team/v1 space id", &body),
            segments: Vec::new(),
        };
        history.push(AMINA, None, &[], Some(&[Op::Genesis]));
        history
    }

    /// Amina founds a space and adds these members.
    pub(super) fn with(members: &[(Device, u8)]) -> Self {
        let mut history = Self::new();
        let add = |(member, role): &(Device, u8)| Op::AddMember(*member, *role);
        history.write(AMINA, members.iter().map(add).collect());
        history
    }

    /// The newest segment of a device in the list.
    fn tip(&self, device: Device) -> Option<usize> {
        self.segments
            .iter()
            .rposition(|segment| segment.device == device)
    }

    /// The chain that ends with a segment, the newest first.
    pub(super) fn chain(&self, from: Option<usize>) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut at = from;
        while let Some(place) = at {
            chain.push(place);
            at = self.segments[place].previous;
        }
        chain
    }

    /// A device writes, having taken in everything there is.
    pub(super) fn write(&mut self, device: Device, operations: Vec<Op>) -> usize {
        let all: Vec<usize> = (0..self.segments.len()).collect();
        self.seeing(device, &all, operations)
    }

    /// A device writes content, having taken in everything there is.
    pub(super) fn content(&mut self, device: Device) -> usize {
        let all: Vec<usize> = (0..self.segments.len()).collect();
        self.content_seeing(device, &all)
    }

    /// A device goes on with its log, having taken in these and nothing else that is new.
    #[expect(clippy::needless_pass_by_value, reason = "callers give fresh values")]
    pub(super) fn seeing(&mut self, device: Device, seen: &[usize], operations: Vec<Op>) -> usize {
        let previous = self.tip(device);
        self.push(device, previous, seen, Some(&operations))
    }

    /// The same, with content.
    pub(super) fn content_seeing(&mut self, device: Device, seen: &[usize]) -> usize {
        let previous = self.tip(device);
        self.push(device, previous, seen, None)
    }

    /// A device writes behind an older segment of its own: a fork.
    #[expect(clippy::needless_pass_by_value, reason = "callers give fresh values")]
    pub(super) fn behind(
        &mut self,
        device: Device,
        previous: Option<usize>,
        seen: &[usize],
        operations: Vec<Op>,
    ) -> usize {
        self.push(device, previous, seen, Some(&operations))
    }

    fn push(
        &mut self,
        device: Device,
        previous: Option<usize>,
        seen: &[usize],
        operations: Option<&[Op]>,
    ) -> usize {
        let deps = self.newest(device, previous, seen);
        let payload = match operations {
            Some(operations) => operations.iter().flat_map(|it| self.bytes(it)).collect(),
            None => vec![0x20; 40],
        };
        let number = previous.map_or(1, |place| self.segments[place].number + 1);
        let mut hashes: Vec<_> = deps.iter().map(|dep| self.segments[*dep].hash).collect();
        hashes.sort_unstable();
        let header = Header::control(device, &payload).but(|header| {
            header.number = number;
            header.deps = hashes;
            header.claimed_at += self.segments.len() as u64;
            if let Some(previous) = previous {
                header.previous = self.segments[previous].hash;
            }
            if operations.is_none() {
                header.kind = 2;
                header.sealing = Some(([0x0e; 32], [0x5a; 24]));
            }
        });
        let header = header.signed(device, &self.space);
        self.segments.push(Segment {
            device,
            number,
            previous,
            deps,
            hash: segment_hash(&self.space, &header),
            header,
            payload,
        });
        self.segments.len() - 1
    }

    /// Of what was seen, the newest segment of each branch of each other device, without what the
    /// device had seen before.
    fn newest(&self, device: Device, previous: Option<usize>, seen: &[usize]) -> Vec<usize> {
        let mut known = Vec::new();
        for own in self.chain(previous) {
            for dep in &self.segments[own].deps {
                known.extend(self.chain(Some(*dep)));
            }
        }
        let mut deps: Vec<usize> = seen
            .iter()
            .copied()
            .filter(|place| self.segments[*place].device != device && !known.contains(place))
            .collect();
        let all = deps.clone();
        deps.retain(|place| {
            !all.iter()
                .any(|later| later != place && self.chain(Some(*later)).contains(place))
        });
        deps
    }

    fn bytes(&self, op: &Op) -> Vec<u8> {
        let with = |device: &Device, byte: u8| [device.id().as_slice(), &[byte]].concat();
        let named = |place: &usize| list(&[self.segments[*place].hash]);
        let vote = |generation: &u32, byte: u8, member: &Device| {
            [&generation.to_be_bytes(), [byte].as_slice(), &member.id()].concat()
        };
        let reader = |member: &Device| [COMPARTMENT.as_slice(), &member.id()].concat();
        let epoch = |compartment: [u8; 16]| [compartment.as_slice(), &[0x0c; 32], &[0; 4]].concat();
        match op {
            Op::Genesis => operation(1, &Genesis::new().body()),
            Op::AddMember(member, role) => {
                operation(2, &add_member(&member.id(), b"Member", *role, 1))
            }
            Op::RaiseRole(member, role) => operation(3, &with(member, *role)),
            Op::LowerRole(member, role) => operation(4, &with(member, *role)),
            Op::RemoveMember(member) => operation(5, &with(member, 0)),
            Op::AddDevice(member, device) => operation(
                6,
                &[&member.id(), device.id().as_slice(), &card(&[])].concat(),
            ),
            Op::RemoveDevice(device) => operation(7, &with(device, 0)),
            Op::Leave => operation(8, &[]),
            Op::AddOwner(generation, member) => operation(9, &vote(generation, 1, member)),
            Op::RemoveOwner(generation, member) => operation(9, &vote(generation, 2, member)),
            Op::Seal(member) => operation(10, &member.id()),
            Op::AddCompartment => {
                operation(11, &[COMPARTMENT.as_slice(), &text(b"Board")].concat())
            }
            Op::Admit(member) => operation(12, &reader(member)),
            Op::Expel(member) => operation(13, &reader(member)),
            Op::Epoch => operation(14, &epoch([0; 16])),
            Op::CompartmentEpoch => operation(14, &epoch(COMPARTMENT)),
            Op::Delete(place) => operation(20, &named(place)),
            Op::Adopt(place) => operation(22, &named(place)),
            Op::Unknown => operation(200, b"later"),
        }
    }

    /// The segments as they are carried in a sync message, one after the other, as one zstd frame:
    /// the one prekey of all vectors would fill them otherwise.
    pub(super) fn carried(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for segment in &self.segments {
            bytes.extend(&segment.header);
            bytes.push(1);
            bytes.extend(&segment.payload);
        }
        zstd::bulk::compress(&bytes, 19).unwrap()
    }
}
