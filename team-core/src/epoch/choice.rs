//! Which epoch new content is sealed under, and who still has to be given a key.
//!
//! Spec: spec/team.md, "Which epoch".

use std::collections::{BTreeMap, BTreeSet};

use crate::control::Wrap;
use crate::ids::{DeviceId, EpochId};
use crate::role::History;

/// The first 16 bytes of a [`DeviceId`]: how wraps name devices.
pub type DevicePrefix = [u8; 16];

/// How wraps name this device.
#[must_use]
pub fn prefix_of(device: DeviceId) -> DevicePrefix {
    device.0.first_chunk().copied().unwrap_or_default()
}

/// An epoch as its operations tell of it; of authors that had the right to write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEpoch {
    id: EpochId,
    holders: BTreeSet<DevicePrefix>,
    in_use_since_checkpoint: bool,
}

impl KnownEpoch {
    /// An epoch from the operation that made it.
    #[must_use]
    pub fn new(id: EpochId, author: DeviceId, wraps: &[Wrap]) -> Self {
        let mut epoch = Self {
            id,
            holders: BTreeSet::new(),
            in_use_since_checkpoint: false,
        };
        epoch.add_share(author, wraps);
        epoch
    }

    /// Adds an operation that shared it. Who wraps a key knows it, and is a holder too.
    pub fn add_share(&mut self, author: DeviceId, wraps: &[Wrap]) {
        self.holders.insert(prefix_of(author));
        self.holders
            .extend(wraps.iter().map(|wrap| wrap.device_prefix));
    }

    /// Marks it as one in use at or after the newest checkpoint.
    pub fn set_in_use_since_checkpoint(&mut self) {
        self.in_use_since_checkpoint = true;
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> EpochId {
        self.id
    }

    /// Whether a device wrote or was given a wrap of its key.
    #[must_use]
    pub fn is_held_by(&self, device: DeviceId) -> bool {
        self.holders.contains(&prefix_of(device))
    }

    /// Whether its holders are exactly these devices: nobody else can read what is sealed under
    /// it, and everybody who should read it can.
    #[must_use]
    pub fn is_exactly_for(&self, readers: &BTreeSet<DeviceId>) -> bool {
        let readers: BTreeSet<_> = readers.iter().map(|device| prefix_of(*device)).collect();
        self.holders == readers
    }
}

/// What to do before content is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Seal under this epoch.
    Use(EpochId),
    /// Make a new epoch for the readers: no epoch is for exactly them.
    Mint,
}

/// The epoch for new content that exactly `readers` shall read.
///
/// `epochs` are those of the compartment whose key this vault holds, each behind those that its
/// author knew, and otherwise in order of their ids; the last that fits is taken, so that an
/// epoch that was made on purpose is used at once. An epoch that was ever wrapped for a device
/// that is no reader now, or by one, is never used again.
#[must_use]
pub fn choose(epochs: &[KnownEpoch], readers: &BTreeSet<DeviceId>) -> Choice {
    let mut newest_first = epochs.iter().rev();
    newest_first
        .find(|epoch| epoch.is_exactly_for(readers))
        .map_or(Choice::Mint, |epoch| Choice::Use(epoch.id))
}

/// A device that may read a compartment now, and how far back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceReader {
    /// The device.
    pub device: DeviceId,
    /// What its member may read of the time before it joined. A member's further devices may
    /// read what its first one may.
    pub history: History,
    /// The epochs that were there when its member joined: those in the causal past of the grant.
    pub earlier: BTreeSet<EpochId>,
}

impl SpaceReader {
    /// Whether it may have the key of an epoch. Epochs that were made at the same time as it
    /// joined are not from before: what is sealed under them is new to everybody.
    #[must_use]
    pub fn may_read(&self, epoch: &KnownEpoch) -> bool {
        let is_earlier = self.earlier.contains(&epoch.id);
        match self.history {
            History::Full => true,
            History::Checkpoint => !is_earlier || epoch.in_use_since_checkpoint,
            History::None => !is_earlier,
        }
    }
}

/// For each epoch, the devices that may have its key and were not given it; ascending, epochs
/// without any left out. Only who holds the key can give it.
#[must_use]
pub fn missing_shares(
    epochs: &[KnownEpoch],
    readers: &[SpaceReader],
) -> BTreeMap<EpochId, Vec<DeviceId>> {
    let mut missing = BTreeMap::new();
    for epoch in epochs {
        let due = readers
            .iter()
            .filter(|reader| !epoch.is_held_by(reader.device) && reader.may_read(epoch));
        let mut due: Vec<_> = due.map(|reader| reader.device).collect();
        due.sort_unstable();
        due.dedup();
        if !due.is_empty() {
            missing.insert(epoch.id, due);
        }
    }
    missing
}
