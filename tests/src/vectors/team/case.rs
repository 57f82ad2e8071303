//! A history, and what it comes to, said by hand.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::out;
use super::history::History;
use super::wire::{AMINA, Device};

/// What a history comes to, said by hand.
pub(super) struct Case {
    condition: &'static str,
    comment: &'static str,
    history: History,
    generation: u32,
    owners: Vec<Device>,
    members: Vec<(Device, &'static str, Vec<Device>)>,
    forked: Vec<(Device, u64)>,
    readers: Option<Vec<Device>>,
    ignored: Vec<(usize, usize, &'static str)>,
    content: Vec<(usize, &'static str)>,
    deleted: Vec<usize>,
    not_taken_in: Vec<usize>,
}

impl Case {
    /// Amina is the owner, with one device.
    pub(super) fn new(condition: &'static str, comment: &'static str, history: History) -> Self {
        Self {
            condition,
            comment,
            history,
            generation: 0,
            owners: vec![AMINA],
            members: vec![(AMINA, "owner", vec![AMINA])],
            forked: Vec::new(),
            readers: None,
            ignored: Vec::new(),
            content: Vec::new(),
            deleted: Vec::new(),
            not_taken_in: Vec::new(),
        }
    }

    /// A member with its first device.
    pub(super) fn member(self, member: Device, role: &'static str) -> Self {
        self.with_devices(member, role, &[member])
    }

    /// Somebody who was a member and has neither role nor device.
    pub(super) fn gone(self, member: Device) -> Self {
        self.with_devices(member, "none", &[])
    }

    pub(super) fn with_devices(
        mut self,
        member: Device,
        role: &'static str,
        devices: &[Device],
    ) -> Self {
        self.members.retain(|(other, ..)| *other != member);
        self.members.push((member, role, devices.to_vec()));
        self
    }

    pub(super) fn owners(mut self, generation: u32, owners: &[Device]) -> Self {
        self.generation = generation;
        self.owners = owners.to_vec();
        for owner in owners {
            self = self.member(*owner, "owner");
        }
        self
    }

    pub(super) fn forked(mut self, device: Device, number: u64) -> Self {
        self.forked.push((device, number));
        self
    }

    pub(super) fn readers(mut self, readers: &[Device]) -> Self {
        self.readers = Some(readers.to_vec());
        self
    }

    pub(super) fn ignored(mut self, segment: usize, index: usize, code: &'static str) -> Self {
        self.ignored.push((segment, index, code));
        self
    }

    pub(super) fn content(mut self, segment: usize, role: &'static str) -> Self {
        self.content.push((segment, role));
        self
    }

    pub(super) fn deleted(mut self, segment: usize) -> Self {
        self.deleted.push(segment);
        self
    }

    pub(super) fn not_taken_in(mut self, segment: usize) -> Self {
        self.not_taken_in.push(segment);
        self
    }

    pub(super) fn file(&self) -> VectorFile {
        let mut outs = Vec::new();
        outs.extend(
            self.not_taken_in
                .iter()
                .map(|place| out("not-taken-in", place)),
        );
        outs.push(out("generation", self.generation));
        outs.extend(
            sorted(&self.owners)
                .iter()
                .map(|owner| out("owner", short(*owner))),
        );
        let mut members = self.members.clone();
        members.sort_by_key(|(member, ..)| member.id());
        for (member, role, devices) in &members {
            let devices: Vec<String> = sorted(devices).into_iter().map(short).collect();
            let line = format!("{} {role} [{}]", short(*member), devices.join(" "));
            outs.push(out("member", line));
        }
        for (device, number) in &self.forked {
            outs.push(out("forked", format!("{} {number}", short(*device))));
        }
        if let Some(readers) = &self.readers {
            let readers: Vec<String> = sorted(readers).into_iter().map(short).collect();
            outs.push(out("readers", readers.join(" ")));
        }
        for (segment, index, code) in &self.ignored {
            outs.push(out("ignored", format!("{segment}/{index} {code}")));
        }
        for (segment, role) in &self.content {
            outs.push(out("content", format!("{segment} {role}")));
        }
        outs.extend(self.deleted.iter().map(|place| out("deleted", place)));
        VectorFile::success("team_membership", self.condition, self.comment)
            .with_hex("space-id", &self.history.space)
            .with_all(outs)
            .bytes(self.history.carried())
    }
}

fn sorted(devices: &[Device]) -> Vec<Device> {
    let mut devices = devices.to_vec();
    devices.sort_by_key(|device| device.id());
    devices
}

/// A member or device by the first eight bytes of its id.
fn short(device: Device) -> String {
    HEXLOWER.encode(&device.id()[..8])
}
