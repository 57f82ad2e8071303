//! The accepted segments of one device, in maps.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use team_core::control::{Control, decode_operations};
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::{Accepted, Chain, Listed, Place, SeenHeads, SegmentIndex};
use team_core::membership::{ControlGraph, Fork, ViewStep};
use team_core::segment::{Header, Kind, Segment};
use team_core::sync::{Extent, SegmentStore};

/// A store that keeps everything.
pub(super) struct MapStore {
    segments: BTreeMap<SegmentHash, (Segment, Accepted)>,
    chains: BTreeMap<DeviceId, Chain>,
    named: BTreeSet<DeviceId>,
    pub(super) graph: ControlGraph,
    pub(super) views: BTreeMap<DeviceId, Vec<ViewStep>>,
}

impl MapStore {
    pub(super) fn new(space: SpaceId) -> Self {
        Self {
            segments: BTreeMap::new(),
            chains: BTreeMap::new(),
            named: BTreeSet::new(),
            graph: ControlGraph::new(space),
            views: BTreeMap::new(),
        }
    }

    pub(super) fn author(&self, segment: SegmentHash) -> Option<DeviceId> {
        let (segment, _) = self.segments.get(&segment)?;
        Some(segment.header().fields().device)
    }

    fn name_devices(&mut self, operations: &[Control]) {
        self.named
            .extend(operations.iter().filter_map(|operation| match operation {
                Control::Genesis(genesis) => Some(genesis.founder),
                Control::AddMember(add) => Some(DeviceId(add.member.0)),
                Control::AddDevice(add) => Some(add.device),
                _ => None,
            }));
    }
}

impl SegmentStore for MapStore {
    fn store(&mut self, segment: &Segment, accepted: &Accepted) -> Result<(), Infallible> {
        let fields = segment.header().fields();
        let device = fields.device;
        let chain = self.chains.entry(device).or_insert(Chain {
            tip: 0,
            forked_from: None,
        });
        chain.tip = chain.tip.max(fields.number);
        if let Some(fork) = &accepted.fork {
            let number = chain
                .forked_from
                .map_or(fork.number(), |known| known.min(fork.number()));
            chain.forked_from = Some(number);
            self.graph.note_fork(Fork { device, number });
        }
        self.views
            .entry(device)
            .or_default()
            .extend(accepted.view.iter().copied());
        if let Some(links) = accepted.links.clone() {
            let operations = decode_operations(segment.payload().unwrap()).unwrap_or_default();
            self.name_devices(&operations);
            self.graph.insert(links.into_node(segment));
        }
        let entry = (segment.clone(), (*accepted).clone());
        self.segments.insert(segment.header().hash(), entry);
        Ok(())
    }

    fn store_payload(&mut self, _: &Segment) -> Result<(), Infallible> {
        panic!("every segment comes with its payload")
    }
}

impl SegmentIndex for MapStore {
    type Error = Infallible;

    fn place(&self, segment: SegmentHash) -> Result<Option<Place>, Infallible> {
        Ok(self.segments.get(&segment).map(|(segment, _)| {
            let fields = segment.header().fields();
            Place {
                device: fields.device,
                number: fields.number,
                previous: fields.previous,
                is_control: fields.kind == Kind::Control,
                has_payload: true,
            }
        }))
    }

    fn at(&self, device: DeviceId, number: u64) -> Result<Vec<SegmentHash>, Infallible> {
        let held = self.segments.iter().filter(|(_, (segment, _))| {
            let fields = segment.header().fields();
            (fields.device, fields.number) == (device, number)
        });
        Ok(held.map(|(hash, _)| *hash).collect())
    }

    fn header(&self, segment: SegmentHash) -> Result<Option<Header>, Infallible> {
        let found = self.segments.get(&segment);
        Ok(found.map(|(segment, _)| segment.header().clone()))
    }

    fn chain(&self, device: DeviceId) -> Result<Option<Chain>, Infallible> {
        Ok(self.chains.get(&device).copied())
    }

    fn devices(&self) -> Result<Vec<DeviceId>, Infallible> {
        Ok(self.chains.keys().copied().collect())
    }

    fn kept_seen(&self, segment: SegmentHash) -> Result<Option<SeenHeads>, Infallible> {
        let found = self.segments.get(&segment);
        Ok(found.map(|(_, accepted)| accepted.seen.clone()))
    }

    fn control_written(&self, control: SegmentHash) -> Result<u64, Infallible> {
        let links = self.segments.get(&control).map(|(_, it)| &it.links);
        Ok(links.unwrap().as_ref().unwrap().written())
    }

    fn is_named(&self, device: DeviceId) -> Result<bool, Infallible> {
        Ok(self.named.contains(&device))
    }

    fn list(&self, _: &Extent, _: &Extent, _: usize) -> Result<Vec<Listed>, Infallible> {
        panic!("nothing is sent from here")
    }
}
