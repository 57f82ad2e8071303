//! One vault of the simulator, as far as it lives in a space: an honest one.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::identity::Identity;
use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use team_core::control::{Control, encode_operations};
use team_core::ids::{DeviceId, EpochId, SpaceId};
use team_core::log::{Draft, Pending, SegmentIndex as _, write};
use team_core::segment::{Kind, Sealing};
use team_core::sync::{
    Acknowledged, Extent, Have, HaveBook, HaveDraft, HaveVerdict, Now, Payloads, Plan,
    SegmentStore as _, SendState, SyncMessage, UncheckedSegment, Want, acknowledged, due, take_in,
};

use super::store::{MapStore, Saved};
use super::view::View;

/// Sends everything since the last bundle, as a naive sender would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Ours,
    SinceLastSent,
}

pub struct SimVault {
    pub space: SpaceId,
    seed: [u8; 32],
    pub own: DeviceId,
    pub store: MapStore,
    pending: Pending,
    pub book: HaveBook,
    pub sends: BTreeMap<DeviceId, SendState>,
    removed_bundles: BTreeMap<DeviceId, u32>,
    naive_sent: BTreeMap<DeviceId, Extent>,
    view: View,
    /// It must not write with this device any more.
    pub is_cloned: bool,
    /// Devices that this vault added, and so tells everything itself.
    pub added: BTreeSet<DeviceId>,
    pub sender: Sender,
}

/// A state to come back to.
#[derive(Clone)]
pub struct Backup {
    seed: [u8; 32],
    own: DeviceId,
    store: Saved,
    book: HaveBook,
    sends: BTreeMap<DeviceId, SendState>,
    removed_bundles: BTreeMap<DeviceId, u32>,
    added: BTreeSet<DeviceId>,
    is_cloned: bool,
}

/// What a bundle to one peer was made of.
pub struct Sent {
    pub to: DeviceId,
    pub bytes: Vec<u8>,
}

impl SimVault {
    pub fn new(space: SpaceId, seed: [u8; 32], sender: Sender) -> Self {
        Self {
            space,
            seed,
            own: device_of(seed),
            store: MapStore::new(space),
            pending: Pending::new(),
            book: HaveBook::new(),
            sends: BTreeMap::new(),
            removed_bundles: BTreeMap::new(),
            naive_sent: BTreeMap::new(),
            view: View::default(),
            is_cloned: false,
            added: BTreeSet::new(),
            sender,
        }
    }

    pub fn identity(&self) -> Identity {
        Identity::from_seed(Secret32::new(self.seed))
    }

    pub fn save(&self) -> Backup {
        Backup {
            seed: self.seed,
            own: self.own,
            store: self.store.save(),
            book: self.book.clone(),
            sends: self.sends.clone(),
            removed_bundles: self.removed_bundles.clone(),
            added: self.added.clone(),
            is_cloned: self.is_cloned,
        }
    }

    /// Back to an earlier state. What waited is gone; senders bring it again.
    pub fn restore(&mut self, backup: &Backup) {
        self.seed = backup.seed;
        self.own = backup.own;
        self.store.restore(&backup.store);
        self.pending = Pending::new();
        self.book = backup.book.clone();
        self.sends = backup.sends.clone();
        self.removed_bundles = backup.removed_bundles.clone();
        self.added = backup.added.clone();
        self.is_cloned = backup.is_cloned;
    }

    /// The same vault as a new device, after its old key came to be in two places.
    pub fn reenrol(&mut self, seed: [u8; 32]) {
        self.seed = seed;
        self.own = device_of(seed);
        self.sends.clear();
        self.removed_bundles.clear();
        self.is_cloned = false;
    }

    pub fn write_control(&mut self, operations: &[Control], now: u64) {
        self.write(Kind::Control, encode_operations(operations), now);
    }

    pub fn write_content(&mut self, payload: Vec<u8>, salt: [u8; 24], now: u64) {
        let epoch = EpochId([0; 32]);
        self.write(Kind::Content(Sealing { epoch, salt }), payload, now);
    }

    fn write(&mut self, kind: Kind, payload: Vec<u8>, now: u64) {
        let draft = Draft {
            kind,
            payload,
            claimed_at: now,
        };
        let written = write(self.space, &self.identity(), draft, &self.store);
        let Ok((segment, accepted)) = written else {
            self.is_cloned = true;
            return;
        };
        self.store.store(&segment, &accepted).unwrap();
    }

    /// This device's summary: another one only when it says something else.
    pub fn refresh_have(&mut self, now: u64) {
        let wants: BTreeSet<Want> = self
            .store
            .lacking()
            .iter()
            .map(|hash| Want(hash.0))
            .collect();
        let last = self.book.newest(self.own);
        if last.is_some_and(|last| last.still_says(&wants, &self.store).unwrap()) {
            return;
        }
        let draft = HaveDraft {
            counter: last.map_or(0, Have::counter) + 1,
            claimed_at: now,
            wants,
        };
        let have = Have::sign(self.space, &self.identity(), draft, &self.store).unwrap();
        self.book.enter(have, now);
    }

    pub fn view(&mut self) -> &View {
        self.view.refresh(&self.store);
        &self.view
    }

    /// What is due for each peer. What was sent is recorded.
    pub fn sync(&mut self, now: u64) -> Vec<Sent> {
        self.refresh_have(now);
        let view = self.view().clone();
        let held = self.store.held();
        let counters = self.book.counters();
        let mut bundles = Vec::new();
        for peer in view.active.iter().chain(&view.removed) {
            let is_removed = view.removed.contains(peer);
            if *peer == self.own || (is_removed && !self.tells_removed(*peer)) {
                continue;
            }
            if let Some(bytes) = self.bundle(*peer, is_removed, &held, &counters, now) {
                let to = *peer;
                bundles.push(Sent { to, bytes });
            }
        }
        bundles
    }

    /// Somebody removed hears of it a few times.
    fn tells_removed(&mut self, peer: DeviceId) -> bool {
        let told = self.removed_bundles.entry(peer).or_default();
        *told += 1;
        *told <= REMOVED_BUNDLES
    }

    fn bundle(
        &mut self,
        peer: DeviceId,
        is_removed: bool,
        held: &Extent,
        counters: &Extent,
        at: u64,
    ) -> Option<Vec<u8>> {
        let newest = self.book.newest(peer);
        let acknowledged = newest.map_or_else(Acknowledged::default, |have| {
            acknowledged(have, &self.store).unwrap()
        });
        let wants = newest.map(|have| have.wants().clone()).unwrap_or_default();
        let now = Now {
            at,
            own: self.own,
            peer,
            acknowledged: &acknowledged,
            held,
            counters,
            is_reached_by_others: newest.is_some() || !self.added.contains(&peer),
        };
        let proofs: Vec<_> = self
            .store
            .proofs()
            .filter(|proof| !acknowledged.known_forks.contains(&proof.device()))
            .map(|proof| proof.to_unchecked())
            .collect();
        let serves = wants.iter().any(|want| {
            let hash = team_core::ids::SegmentHash(want.0);
            let place = self.store.place(hash).unwrap();
            !is_removed && place.is_some_and(|place| place.has_payload)
        });
        let state = self.sends.entry(peer).or_default();
        if !state.is_due(&now) && proofs.is_empty() && !serves {
            return None;
        }
        let mut plan = state.plan(&now);
        if self.sender == Sender::SinceLastSent {
            plan = naive_plan(plan, held, self.naive_sent.get(&peer));
        }
        let payloads = if is_removed {
            Payloads::Control
        } else {
            Payloads::All
        };
        let due = due(&self.store, &plan, &wants, payloads, 4 << 20).unwrap();
        let relays = self.book.relays(self.own, peer, &plan.relays_above);
        let message = SyncMessage {
            space: self.space,
            have: self.book.newest(self.own)?.to_unchecked(),
            relayed: relays.iter().map(|have| have.to_unchecked()).collect(),
            proofs,
            segments: due
                .segments
                .iter()
                .map(|due| {
                    let segment = self.store.segment(due.hash).unwrap();
                    UncheckedSegment::carry(segment, due.with_payload)
                })
                .collect(),
        };
        self.naive_sent.insert(peer, held.clone());
        state.record(&now, &plan, due.sent);
        self.book.reminded(peer);
        Some(message.to_wire())
    }

    /// Takes in what a peer sent. What is wrong in it is left out.
    pub fn take(&mut self, from: DeviceId, bytes: &[u8], now: u64) {
        let Ok(message) = SyncMessage::from_wire(bytes) else {
            return;
        };
        if message.space != self.space || message.have.peek_device() != from {
            return;
        }
        for have in std::iter::once(message.have).chain(message.relayed) {
            let verdict = self.book.take_in(self.space, self.own, from, have, now);
            self.is_cloned |= verdict == Ok(HaveVerdict::Clone);
        }
        for proof in message.proofs {
            let (device, number) = proof.peek_fork();
            if self.store.knows_fork(device, number) {
                continue;
            }
            if let Ok(proof) = proof.verify(self.space) {
                self.is_cloned |= proof.device() == self.own;
                self.store.note_fork(proof);
            }
        }
        if !message.segments.is_empty() {
            self.sends.entry(from).or_default().received();
        }
        let taken = take_in(
            self.space,
            self.own,
            from,
            message.segments,
            &mut self.store,
            &mut self.pending,
        );
        self.is_cloned |= taken.unwrap().is_clone;
    }
}

fn naive_plan(plan: Plan, held: &Extent, sent: Option<&Extent>) -> Plan {
    Plan {
        start: sent.cloned().unwrap_or_default(),
        until: held.clone(),
        ..plan
    }
}

pub fn device_of(seed: [u8; 32]) -> DeviceId {
    DeviceId(Identity::from_seed(Secret32::new(seed)).key().0)
}

/// How many bundles a removed device is sent, so that it learns that it is.
const REMOVED_BUNDLES: u32 = 6;

impl Backup {
    /// The same state in the hands of another device.
    pub fn of(self, other: &Self) -> Self {
        Self {
            seed: other.seed,
            own: other.own,
            book: HaveBook::new(),
            sends: BTreeMap::new(),
            added: BTreeSet::new(),
            ..self
        }
    }
}
