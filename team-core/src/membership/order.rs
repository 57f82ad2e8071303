//! The control segments in an order in which each comes after its past, as small numbers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::graph::{ControlGraph, ControlNode};
use crate::control::Control;
use crate::ids::{DeviceId, SegmentHash};

/// A device, and the member whose first device it is: a place in [`Order::devices`].
pub(super) type Key = u32;

/// The segments in order, with their links as places in that order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The devices that wrote or were seen come first, `logs` of them.
    pub(super) devices: Vec<DeviceId>,
    pub(super) keys: BTreeMap<DeviceId, Key>,
    pub(super) logs: usize,
    pub(super) nodes: Vec<Ordered>,
    /// Those that are in their own past, which cannot be.
    pub(super) unplaced: Vec<Arc<ControlNode>>,
}

/// One segment in its place.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    pub(super) node: Arc<ControlNode>,
    pub(super) device: Key,
    pub(super) before: Option<u32>,
    /// Device, number, and place of the control segment.
    pub(super) seen: Vec<(Key, u64, Option<u32>)>,
    /// Whether another segment of the device follows the same one.
    pub(super) branches: bool,
}

impl Order {
    /// Puts the segments of a graph in order.
    pub(super) fn new(graph: &ControlGraph) -> Self {
        let (devices, keys, logs) = name_devices(graph);
        let linked = link(graph, &keys);
        let (places, unplaced) = sort(&linked);
        let mut order = Self {
            devices,
            keys,
            logs,
            nodes: Vec::with_capacity(linked.len()),
            unplaced: Vec::new(),
        };
        let mut new_place = vec![None; linked.len()];
        for (new, old) in (0..).zip(&places) {
            if let Some(slot) = new_place.get_mut(index(*old)) {
                *slot = Some(new);
            }
        }
        let moved = |old: Option<u32>| old.and_then(|old| new_place.get(index(old)).copied()?);
        for old in &places {
            let Some(linked) = linked.get(index(*old)) else {
                continue;
            };
            let mut linked = linked.clone();
            linked.before = moved(linked.before);
            for (_, _, control) in &mut linked.seen {
                *control = moved(*control);
            }
            // The newest first: what it had seen need not be joined again.
            linked
                .seen
                .sort_unstable_by_key(|(_, _, control)| Reverse(*control));
            order.nodes.push(linked);
        }
        let left = unplaced.iter().filter_map(|old| linked.get(index(*old)));
        order.unplaced = left.map(|linked| Arc::clone(&linked.node)).collect();
        order
    }

    /// The small number of a device or of the member whose first device it is.
    pub(super) fn key(&self, device: DeviceId) -> Option<Key> {
        self.keys.get(&device).copied()
    }
}

/// A small number as an index.
pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// A count as a small number; there are never that many.
pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn name_devices(graph: &ControlGraph) -> (Vec<DeviceId>, BTreeMap<DeviceId, Key>, usize) {
    let mut keys: BTreeMap<DeviceId, Key> = BTreeMap::new();
    for node in graph.nodes() {
        keys.entry(node.device).or_insert(0);
        for seen in &node.seen {
            keys.entry(seen.device).or_insert(0);
        }
    }
    let mut devices: Vec<DeviceId> = Vec::new();
    for (device, key) in &mut keys {
        *key = small(devices.len());
        devices.push(*device);
    }
    let logs = devices.len();
    let granted = graph.nodes().flat_map(|node| &node.operations);
    let granted = granted.filter_map(|operation| match operation {
        Control::Genesis(genesis) => Some(genesis.founder),
        Control::AddMember(add) => Some(DeviceId(add.member.0)),
        Control::AddDevice(add) => Some(add.device),
        _ => None,
    });
    for device in granted {
        keys.entry(device).or_insert_with(|| {
            devices.push(device);
            small(devices.len() - 1)
        });
    }
    (devices, keys, logs)
}

fn link(graph: &ControlGraph, keys: &BTreeMap<DeviceId, Key>) -> Vec<Ordered> {
    let mut places: HashMap<SegmentHash, u32> = HashMap::with_capacity(graph.nodes().len());
    for (place, node) in (0..).zip(graph.nodes()) {
        places.insert(node.hash, place);
    }
    let all: Vec<&Arc<ControlNode>> = graph.shared_nodes().collect();
    let find = |hash: Option<SegmentHash>, device: DeviceId, number: u64| {
        let place = *places.get(&hash?)?;
        let found = all.get(index(place))?;
        (found.device == device && found.number <= number).then_some(place)
    };
    let mut followers: HashMap<(DeviceId, Option<u32>), u32> = HashMap::new();
    let mut linked = Vec::with_capacity(all.len());
    for node in &all {
        let before = find(node.before, node.device, node.number.saturating_sub(1));
        let seen = node.seen.iter().map(|seen| {
            let key = keys.get(&seen.device).copied().unwrap_or(Key::MAX);
            let control = find(seen.control, seen.device, seen.number);
            (key, seen.number, control)
        });
        *followers.entry((node.device, before)).or_default() += 1;
        linked.push(Ordered {
            node: Arc::clone(node),
            device: keys.get(&node.device).copied().unwrap_or(Key::MAX),
            before,
            seen: seen.collect(),
            branches: false,
        });
    }
    for linked in &mut linked {
        let with = followers.get(&(linked.node.device, linked.before));
        linked.branches = with.is_some_and(|count| *count > 1);
    }
    linked
}

/// Places so that each comes after what it links to, and those that cannot.
fn sort(linked: &[Ordered]) -> (Vec<u32>, Vec<u32>) {
    let mut waits: Vec<u32> = Vec::with_capacity(linked.len());
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); linked.len()];
    for (place, node) in (0..).zip(linked) {
        let seen = node.seen.iter().filter_map(|(_, _, control)| *control);
        let mut count = 0;
        for link in node.before.into_iter().chain(seen) {
            if let Some(next) = next.get_mut(index(link)) {
                next.push(place);
                count += 1;
            }
        }
        waits.push(count);
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
        for follower in next.get(index(place)).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(index(*follower)) {
                *waits = waits.saturating_sub(1);
                if *waits == 0 {
                    order.push(*follower);
                }
            }
        }
    }
    let left = (0..).zip(&waits).filter(|(_, waits)| **waits > 0);
    let left = left.map(|(place, _)| place).collect();
    (order, left)
}
