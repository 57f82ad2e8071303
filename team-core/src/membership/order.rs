//! The control segments in an order in which each comes after its past, as small numbers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::graph::{ControlGraph, ControlNode};
use crate::control::Control;
use crate::ids::{DeviceId, SegmentHash};

/// A device, and the member whose first device it is: a place in [`Order::devices`].
pub(super) type Key = u32;

/// A table by device or by segment.
type Table<Id> = HashMap<Id, u32, BuildHasherDefault<IdHasher>>;

/// The segments in order, with their links as places in that order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The devices that wrote or were seen come first, `logs` of them.
    pub(super) devices: Vec<DeviceId>,
    pub(super) logs: usize,
    pub(super) nodes: Vec<Ordered>,
    /// Those that are in their own past, which cannot be.
    pub(super) unplaced: Vec<Arc<ControlNode>>,
    keys: Table<DeviceId>,
    places: Table<SegmentHash>,
}

/// One segment in its place.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    pub(super) node: Arc<ControlNode>,
    pub(super) device: Key,
    pub(super) before: Option<u32>,
    pub(super) seen: Vec<Link>,
    /// Whether another segment of the device follows the same one.
    pub(super) branches: bool,
}

/// A segment of another device that the author had taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) device: Key,
    pub(super) number: u64,
    /// The place of the control segment.
    pub(super) control: Option<u32>,
}

impl Order {
    /// Puts the segments of a graph in order.
    pub(super) fn new(graph: &ControlGraph) -> Self {
        let mut order = Self {
            devices: Vec::new(),
            logs: 0,
            nodes: Vec::with_capacity(graph.nodes().len()),
            unplaced: Vec::new(),
            keys: Table::default(),
            places: Table::default(),
        };
        let mut linked = order.link(graph);
        order.logs = order.devices.len();
        order.name_granted(graph);
        let sorted = sort(&linked);
        let mut moved: Vec<Option<u32>> = vec![None; linked.len()];
        for (new, old) in (0..).zip(&sorted) {
            if let Some(slot) = moved.get_mut(index(*old)) {
                *slot = Some(new);
            }
        }
        let to_new = |old: u32| moved.get(index(old)).copied().flatten();
        for old in sorted {
            let Some(mut ordered) = linked.get_mut(index(old)).and_then(Option::take) else {
                continue;
            };
            ordered.before = ordered.before.and_then(to_new);
            for link in &mut ordered.seen {
                link.control = link.control.and_then(to_new);
            }
            order.nodes.push(ordered);
        }
        let left = linked.into_iter().flatten();
        order.unplaced = left.map(|ordered| ordered.node).collect();
        order.places.retain(|_, place| match to_new(*place) {
            Some(new) => {
                *place = new;
                true
            }
            None => false,
        });
        order
    }

    /// The small number of a device or of the member whose first device it is.
    pub(super) fn key(&self, device: DeviceId) -> Option<Key> {
        self.keys.get(&device).copied()
    }

    /// The place of a segment.
    pub(super) fn place(&self, segment: SegmentHash) -> Option<u32> {
        self.places.get(&segment).copied()
    }

    fn name(&mut self, device: DeviceId) -> Key {
        let devices = &mut self.devices;
        *self.keys.entry(device).or_insert_with(|| {
            devices.push(device);
            small(devices.len() - 1)
        })
    }

    /// Names the devices that were only granted, after those with logs.
    fn name_granted(&mut self, graph: &ControlGraph) {
        for operation in graph.nodes().flat_map(|node| &node.operations) {
            match operation {
                Control::Genesis(genesis) => self.name(genesis.founder),
                Control::AddMember(add) => self.name(DeviceId(add.member.0)),
                Control::AddDevice(add) => self.name(add.device),
                _ => continue,
            };
        }
    }

    /// The segments with links as places in the order of their hashes.
    fn link(&mut self, graph: &ControlGraph) -> Vec<Option<Ordered>> {
        let all: Vec<&Arc<ControlNode>> = graph.shared_nodes().collect();
        self.places.reserve(all.len());
        for (place, node) in (0..).zip(&all) {
            self.places.insert(node.hash, place);
        }
        let mut followers: HashMap<(Key, Option<u32>), u32> = HashMap::new();
        let mut linked = Vec::with_capacity(all.len());
        for node in &all {
            let device = self.name(node.device);
            let last = node.number.saturating_sub(1);
            let before = self.find(&all, node.before, node.device, last);
            let mut seen = Vec::with_capacity(node.seen.len());
            for one in &node.seen {
                seen.push(Link {
                    device: self.name(one.device),
                    number: one.number,
                    control: self.find(&all, one.control, one.device, one.number),
                });
            }
            *followers.entry((device, before)).or_default() += 1;
            linked.push(Some(Ordered {
                node: Arc::clone(node),
                device,
                before,
                seen,
                branches: false,
            }));
        }
        for ordered in linked.iter_mut().flatten() {
            let with = followers.get(&(ordered.device, ordered.before));
            ordered.branches = with.is_some_and(|count| *count > 1);
        }
        linked
    }

    /// The place of a segment, if it is there and can be what it is said to be.
    fn find(
        &self,
        all: &[&Arc<ControlNode>],
        hash: Option<SegmentHash>,
        device: DeviceId,
        number: u64,
    ) -> Option<u32> {
        let place = *self.places.get(&hash?)?;
        let found = all.get(index(place))?;
        (found.device == device && found.number <= number).then_some(place)
    }
}

impl Ordered {
    /// The places of the control segments that it follows.
    pub(super) fn links(&self) -> impl Iterator<Item = u32> + '_ {
        let seen = self.seen.iter().filter_map(|link| link.control);
        self.before.into_iter().chain(seen)
    }
}

/// Ids are keys and hashes already: their first bytes are spread well enough for a table. Whoever
/// makes many with like first bytes makes a table slow, not wrong.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            let mixed = u64::from_le_bytes(*first).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

/// A small number as an index.
pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// A count as a small number; there are never that many.
pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The places so that each comes after what it links to, without those that cannot.
fn sort(linked: &[Option<Ordered>]) -> Vec<u32> {
    // Followers of each, one list behind the other.
    let mut ends: Vec<u32> = vec![0; linked.len() + 1];
    let mut waits: Vec<u32> = Vec::with_capacity(linked.len());
    for ordered in linked.iter().flatten() {
        let mut count = 0;
        for link in ordered.links() {
            if let Some(end) = ends.get_mut(index(link) + 1) {
                *end += 1;
                count += 1;
            }
        }
        waits.push(count);
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    let mut starts = ends.clone();
    let mut followers: Vec<u32> = vec![0; index(total)];
    for (place, ordered) in (0..).zip(linked.iter().flatten()) {
        for link in ordered.links() {
            if let Some(start) = starts.get_mut(index(link))
                && let Some(slot) = followers.get_mut(index(*start))
            {
                *slot = place;
                *start += 1;
            }
        }
    }
    let mut order: Vec<u32> = Vec::with_capacity(linked.len());
    order.extend(
        (0..)
            .zip(&waits)
            .filter(|(_, waits)| **waits == 0)
            .map(|(place, _)| place),
    );
    let mut done = 0;
    while let Some(place) = order.get(done).copied() {
        done += 1;
        let from = ends.get(index(place)).map_or(0, |end| index(*end));
        let to = ends.get(index(place) + 1).map_or(0, |end| index(*end));
        for follower in followers.get(from..to).unwrap_or_default() {
            if let Some(waits) = waits.get_mut(index(*follower)) {
                *waits = waits.saturating_sub(1);
                if *waits == 0 {
                    order.push(*follower);
                }
            }
        }
    }
    order
}
