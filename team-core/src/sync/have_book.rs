//! The newest summary of each device.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::identity::BadSignature;

use crate::ids::{DeviceId, SpaceId};
use crate::sync::extent::Extent;
use crate::sync::have::{Have, UncheckedHave};

/// The newest summary of every device, this one among them, with the time at which each came.
#[derive(Clone, Debug, Default)]
pub struct HaveBook {
    newest: BTreeMap<DeviceId, Received>,
    behind: BTreeSet<DeviceId>,
}

#[derive(Clone, Debug)]
struct Received {
    have: Have,
    received_at: u64,
}

/// What a summary is beside the one that is in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaveVerdict {
    /// It is newer, and is in the book now.
    Newer,
    /// It is the one in the book.
    Known,
    /// The device has said more before. Summaries come late; but it may have been restored, and is
    /// told its own newest summary with the next bundle.
    Older,
    /// It is of this very device, which never made it: the vault was restored or copied. It must
    /// not write in the space with this device's key any more.
    Clone,
}

/// When a device was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastWord {
    /// The device.
    pub device: DeviceId,
    /// The counter of its newest summary.
    pub counter: u64,
    /// When the device says that it made it, in seconds since 1970.
    pub claimed_at: u64,
    /// When it came to this vault, from whomever, in seconds since 1970 on this vault's clock.
    pub received_at: u64,
}

impl HaveBook {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a summary that this vault made itself, or one out of its store.
    pub fn enter(&mut self, have: Have, received_at: u64) {
        let entry = Received { have, received_at };
        self.newest.insert(entry.have.device(), entry);
    }

    /// Takes in a summary that `source` told, its own or that of another; `own` is the device of
    /// this vault. One that changes nothing is not verified: most are known already.
    ///
    /// # Errors
    /// [`BadSignature`]: `source` passed on what no device of the space signed.
    pub fn take_in(
        &mut self,
        space: SpaceId,
        own: DeviceId,
        source: DeviceId,
        have: UncheckedHave,
        received_at: u64,
    ) -> Result<HaveVerdict, BadSignature> {
        let device = have.peek_device();
        let known = self.newest.get(&device).map(|entry| &entry.have);
        if known.is_some_and(|known| known.is(&have)) {
            return Ok(HaveVerdict::Known);
        }
        let counter = known.map_or(0, Have::counter);
        let is_newer = have.peek_counter() > counter;
        let is_second = have.peek_counter() == counter;
        let is_late = !is_newer && !is_second;
        if is_late && (device == own || device != source) {
            return Ok(HaveVerdict::Older);
        }
        let have = have.verify(space)?;
        if device == own {
            // A second one of a counter is no older one either.
            return Ok(HaveVerdict::Clone);
        }
        if is_newer {
            self.behind.remove(&device);
            self.enter(have, received_at);
            return Ok(HaveVerdict::Newer);
        }
        self.behind.insert(device);
        Ok(HaveVerdict::Older)
    }

    /// The newest summary of a device.
    #[must_use]
    pub fn newest(&self, device: DeviceId) -> Option<&Have> {
        self.newest.get(&device).map(|entry| &entry.have)
    }

    /// The summaries that `peer` is to be told beside that of this device, `own`: those with a
    /// counter above the one in `told`, and its own also when it seems not to know that any more.
    #[must_use]
    pub fn relays(&self, own: DeviceId, peer: DeviceId, told: &Extent) -> Vec<&Have> {
        let haves = self.newest.values().map(|entry| &entry.have);
        haves
            .filter(|have| {
                let device = have.device();
                let is_behind = device == peer && self.behind.contains(&peer);
                device != own && (is_behind || have.counter() > told.number(device))
            })
            .collect()
    }

    /// `peer` was told its own newest summary.
    pub fn reminded(&mut self, peer: DeviceId) {
        self.behind.remove(&peer);
    }

    /// The counters of the newest summaries.
    #[must_use]
    pub fn counters(&self) -> Extent {
        let haves = self.newest.values().map(|entry| &entry.have);
        haves.map(|have| (have.device(), have.counter())).collect()
    }

    /// When each device was last heard of, ascending by device: the base for retiring silent ones.
    #[must_use]
    pub fn last_words(&self) -> Vec<LastWord> {
        let entries = self.newest.values();
        entries
            .map(|entry| LastWord {
                device: entry.have.device(),
                counter: entry.have.counter(),
                claimed_at: entry.have.claimed_at(),
                received_at: entry.received_at,
            })
            .collect()
    }
}
