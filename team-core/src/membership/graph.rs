//! What membership is worked out from: the control segments, and what each had seen of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::control::Control;
use crate::ids::{DeviceId, SegmentHash, SpaceId};

/// A control segment as membership looks at it.
#[derive(Clone, Debug)]
pub struct ControlNode {
    /// The segment.
    pub hash: SegmentHash,
    /// Its author.
    pub device: DeviceId,
    /// Its place in the author's log, from 1; content segments count too.
    pub number: u64,
    /// Seconds since 1970 on the author's clock: a claim, for people to read.
    pub claimed_at: u64,
    /// The newest control segment before it in its own chain, found by following `previous`.
    pub before: Option<SegmentHash>,
    /// What its author had taken in of others since `before`: the deps of every segment after
    /// `before` up to and with this one. What is repeated does no harm; of one device the newest
    /// segment of a chain is enough.
    pub seen: Vec<Seen>,
    /// Forks both of whose sides are in the past of this segment; those that `before` or a segment
    /// in `seen` names already may be left out.
    pub forks: Vec<Fork>,
    /// What it does, in order.
    pub operations: Vec<Control>,
}

/// A segment of another device that an author had taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The other device.
    pub device: DeviceId,
    /// The number of the segment.
    pub number: u64,
    /// The segment itself if it is a control segment, else the newest control segment before it
    /// in its chain.
    pub control: Option<SegmentHash>,
}

/// A device signed two segments with one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fork {
    /// The device.
    pub device: DeviceId,
    /// The lowest number with two segments.
    pub number: u64,
}

/// From which of its segments on a device had taken in a control segment, its own among them.
///
/// What that control segment had seen counts as seen too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewStep {
    /// The number of the device's own segment that names it (or something after it) among its
    /// deps; for an own control segment its number + 1.
    pub from: u64,
    /// The control segment.
    pub control: SegmentHash,
}

/// The set of control segments of a space that are known, and the known forks.
///
/// Each segment is put in after everything in its past; the order is otherwise free and changes
/// nothing.
#[derive(Clone, Debug)]
pub struct ControlGraph {
    space: SpaceId,
    nodes: BTreeMap<SegmentHash, Arc<ControlNode>>,
    forks: BTreeMap<DeviceId, u64>,
}

impl ControlGraph {
    /// A space of which nothing is known.
    #[must_use]
    pub fn new(space: SpaceId) -> Self {
        Self {
            space,
            nodes: BTreeMap::new(),
            forks: BTreeMap::new(),
        }
    }

    /// Takes a control segment in; one that is there already stays as it is.
    pub fn insert(&mut self, node: ControlNode) {
        self.nodes
            .entry(node.hash)
            .or_insert_with(|| Arc::new(node));
    }

    /// Takes in that a device forked; the lowest number counts.
    pub fn note_fork(&mut self, fork: Fork) {
        let lowest = self.forks.entry(fork.device).or_insert(fork.number);
        *lowest = (*lowest).min(fork.number);
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The control segment of this hash.
    #[must_use]
    pub fn node(&self, hash: SegmentHash) -> Option<&ControlNode> {
        self.nodes.get(&hash).map(Arc::as_ref)
    }

    /// All control segments, ascending by hash.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &ControlNode> {
        self.nodes.values().map(Arc::as_ref)
    }

    pub(super) fn shared_nodes(&self) -> impl Iterator<Item = &Arc<ControlNode>> {
        self.nodes.values()
    }

    /// The known forks.
    pub fn forks(&self) -> impl ExactSizeIterator<Item = Fork> {
        self.forks.iter().map(|(device, number)| Fork {
            device: *device,
            number: *number,
        })
    }

    /// What a control segment had in its past, without itself; nothing when it is not known.
    ///
    /// Of forks those count that were seen in that past.
    #[must_use]
    pub fn past_of(&self, segment: SegmentHash) -> Self {
        let mut past = Self::new(self.space);
        let Some(top) = self.nodes.get(&segment) else {
            return past;
        };
        let mut open = vec![top];
        let mut met = BTreeSet::from([segment]);
        while let Some(node) = open.pop() {
            for fork in &node.forks {
                past.note_fork(*fork);
            }
            let seen = node.seen.iter().filter_map(|seen| seen.control);
            for hash in node.before.into_iter().chain(seen) {
                if !met.insert(hash) {
                    continue;
                }
                if let Some(node) = self.nodes.get(&hash) {
                    past.nodes.insert(hash, Arc::clone(node));
                    open.push(node);
                }
            }
        }
        past
    }
}
