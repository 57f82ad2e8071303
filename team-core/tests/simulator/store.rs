//! The accepted segments of one vault, in maps.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::rc::Rc;

use team_core::control::{Control, decode_operations};
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::{Accepted, Chain, ForkProof, Listed, Place, SeenHeads, SegmentIndex};
use team_core::membership::{ControlGraph, Fork, ViewStep};
use team_core::segment::{Header, Kind, Segment};
use team_core::sync::{Extent, SegmentStore};

/// One accepted segment with what was said of it.
#[derive(Debug)]
pub struct Entry {
    pub segment: Segment,
    pub accepted: Accepted,
}

#[derive(Clone)]
pub struct MapStore {
    space: SpaceId,
    entries: Vec<Rc<Entry>>,
    places: HashMap<SegmentHash, usize>,
    numbers: BTreeMap<(DeviceId, u64), Vec<SegmentHash>>,
    chains: BTreeMap<DeviceId, Chain>,
    named: BTreeSet<DeviceId>,
    proofs: BTreeMap<DeviceId, ForkProof>,
    pub graph: ControlGraph,
    pub views: BTreeMap<DeviceId, Vec<ViewStep>>,
}

/// What is needed to bring a store back to an earlier state.
#[derive(Clone)]
pub struct Saved(Vec<Rc<Entry>>, BTreeMap<DeviceId, ForkProof>);

impl MapStore {
    pub fn new(space: SpaceId) -> Self {
        Self {
            space,
            entries: Vec::new(),
            places: HashMap::new(),
            numbers: BTreeMap::new(),
            chains: BTreeMap::new(),
            named: BTreeSet::new(),
            proofs: BTreeMap::new(),
            graph: ControlGraph::new(space),
            views: BTreeMap::new(),
        }
    }

    pub fn save(&self) -> Saved {
        Saved(self.entries.clone(), self.proofs.clone())
    }

    pub fn restore(&mut self, saved: &Saved) {
        *self = Self::new(self.space);
        for entry in &saved.0 {
            self.add(Rc::clone(entry));
        }
        for proof in saved.1.values() {
            self.note_fork(proof.clone());
        }
    }

    /// Takes a proof in; the one of the lowest number is kept. Says whether it is news.
    pub fn note_fork(&mut self, proof: ForkProof) -> bool {
        let device = proof.device();
        let number = proof.number();
        let known = self.proofs.get(&device);
        if known.is_some_and(|known| known.number() <= number) {
            return false;
        }
        self.mark_fork(device, number);
        self.proofs.insert(device, proof);
        true
    }

    /// Whether a fork at this number or a lower one is known.
    pub fn knows_fork(&self, device: DeviceId, number: u64) -> bool {
        let known = self.proofs.get(&device);
        known.is_some_and(|known| known.number() <= number)
    }

    pub fn proofs(&self) -> impl Iterator<Item = &ForkProof> {
        self.proofs.values()
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(Rc::as_ref)
    }

    /// The newest segment of a device that did not fork.
    pub fn at_tip(&self, device: DeviceId) -> SegmentHash {
        let tip = self.chains[&device].tip;
        self.numbers[&(device, tip)][0]
    }

    pub fn segment(&self, hash: SegmentHash) -> Option<&Segment> {
        let at = self.places.get(&hash)?;
        Some(&self.entries[*at].segment)
    }

    /// The highest number that is held of each device.
    pub fn held(&self) -> Extent {
        let chains = self.chains.iter();
        chains.map(|(device, chain)| (*device, chain.tip)).collect()
    }

    pub fn hashes(&self) -> BTreeSet<SegmentHash> {
        self.places.keys().copied().collect()
    }

    /// The content segments whose payloads are not held.
    pub fn lacking(&self) -> Vec<SegmentHash> {
        let lacking = self
            .entries()
            .filter(|entry| entry.segment.payload().is_none());
        lacking.map(|entry| entry.segment.header().hash()).collect()
    }

    fn mark_fork(&mut self, device: DeviceId, number: u64) {
        self.graph.note_fork(Fork { device, number });
        let chain = self.chain_of(device);
        let lowest = chain.forked_from.unwrap_or(number).min(number);
        chain.forked_from = Some(lowest);
    }

    /// What is known of a device: nothing yet, only a fork, or segments.
    fn chain_of(&mut self, device: DeviceId) -> &mut Chain {
        self.chains.entry(device).or_insert(Chain {
            tip: 0,
            forked_from: None,
        })
    }

    fn add(&mut self, entry: Rc<Entry>) {
        let segment = &entry.segment;
        let fields = segment.header().fields();
        let hash = segment.header().hash();
        let device = fields.device;
        let at = self.entries.len();
        self.places.insert(hash, at);
        self.numbers
            .entry((device, fields.number))
            .or_default()
            .push(hash);
        let chain = self.chain_of(device);
        chain.tip = chain.tip.max(fields.number);
        let views = self.views.entry(device).or_default();
        views.extend(entry.accepted.view.iter().copied());
        if let Some(links) = entry.accepted.links.clone() {
            let operations = decode_operations(segment.payload().unwrap_or_default());
            for operation in operations.unwrap_or_default() {
                match operation {
                    Control::Genesis(genesis) if genesis.space_id() == self.space => {
                        self.named.insert(genesis.founder);
                    }
                    Control::AddMember(add) => {
                        self.named.insert(DeviceId(add.member.0));
                    }
                    Control::AddDevice(add) => {
                        self.named.insert(add.device);
                    }
                    _ => {}
                }
            }
            self.graph.insert(links.into_node(segment));
        }
        let fork = entry.accepted.fork.clone();
        self.entries.push(entry);
        if let Some(fork) = fork {
            self.note_fork(*fork);
        }
    }

    fn entry(&self, hash: SegmentHash) -> Option<&Entry> {
        let at = self.places.get(&hash)?;
        Some(&self.entries[*at])
    }
}

impl SegmentIndex for MapStore {
    type Error = Infallible;

    fn place(&self, segment: SegmentHash) -> Result<Option<Place>, Infallible> {
        Ok(self.entry(segment).map(|entry| {
            let fields = entry.segment.header().fields();
            Place {
                device: fields.device,
                number: fields.number,
                previous: fields.previous,
                is_control: fields.kind == Kind::Control,
                has_payload: entry.segment.payload().is_some(),
            }
        }))
    }

    fn at(&self, device: DeviceId, number: u64) -> Result<Vec<SegmentHash>, Infallible> {
        let held = self.numbers.get(&(device, number));
        Ok(held.cloned().unwrap_or_default())
    }

    fn header(&self, segment: SegmentHash) -> Result<Option<Header>, Infallible> {
        let entry = self.entry(segment);
        Ok(entry.map(|entry| entry.segment.header().clone()))
    }

    fn chain(&self, device: DeviceId) -> Result<Option<Chain>, Infallible> {
        Ok(self.chains.get(&device).copied())
    }

    fn devices(&self) -> Result<Vec<DeviceId>, Infallible> {
        Ok(self.chains.keys().copied().collect())
    }

    fn kept_seen(&self, segment: SegmentHash) -> Result<Option<SeenHeads>, Infallible> {
        // As the vault: for the newest segment of a chain only.
        let Some(entry) = self.entry(segment) else {
            return Ok(None);
        };
        let fields = entry.segment.header().fields();
        let tip = self.chains.get(&fields.device).map(|chain| chain.tip);
        let is_newest = tip == Some(fields.number);
        Ok(is_newest.then(|| entry.accepted.seen.clone()))
    }

    fn control_written(&self, control: SegmentHash) -> Result<u64, Infallible> {
        let links = self.entry(control).map(|entry| &entry.accepted.links);
        Ok(links.unwrap().as_ref().unwrap().written())
    }

    fn is_named(&self, device: DeviceId) -> Result<bool, Infallible> {
        Ok(self.named.contains(&device))
    }

    fn list(
        &self,
        after: &Extent,
        until: &Extent,
        limit: usize,
    ) -> Result<Vec<Listed>, Infallible> {
        let listed = self.entries().filter_map(|entry| {
            let fields = entry.segment.header().fields();
            let device = fields.device;
            let is_due =
                fields.number > after.number(device) && fields.number <= until.number(device);
            is_due.then(|| Listed {
                hash: entry.segment.header().hash(),
                device,
                number: fields.number,
                is_control: fields.kind == Kind::Control,
                size_bytes: size_bytes(&entry.segment),
            })
        });
        Ok(listed.take(limit).collect())
    }
}

impl SegmentStore for MapStore {
    fn store(&mut self, segment: &Segment, accepted: &Accepted) -> Result<(), Infallible> {
        self.add(Rc::new(Entry {
            segment: segment.clone(),
            accepted: accepted.clone(),
        }));
        Ok(())
    }

    fn store_payload(&mut self, segment: &Segment) -> Result<(), Infallible> {
        if let Some(at) = self.places.get(&segment.header().hash()) {
            let accepted = self.entries[*at].accepted.clone();
            self.entries[*at] = Rc::new(Entry {
                segment: segment.clone(),
                accepted,
            });
        }
        Ok(())
    }
}

/// Bytes of header and payload.
pub fn size_bytes(segment: &Segment) -> u64 {
    let payload = segment.payload().map_or(0, <[u8]>::len);
    (segment.header().to_wire().len() + payload) as u64
}
