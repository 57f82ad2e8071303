//! Segments that wait for others.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::ids::{DeviceId, SegmentHash};
use crate::limits::{PENDING_BYTES_MAX, PENDING_BYTES_PER_SOURCE_MAX};
use crate::segment::Segment;

/// Segments that were passed on before what they follow.
///
/// They are verified, and nothing else is known of them. Senders bring again what a have-summary
/// does not claim, so that nothing is lost when there is no room for one.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: BTreeMap<SegmentHash, Waiting>,
    waited_for: BTreeMap<SegmentHash, BTreeSet<SegmentHash>>,
    bytes_by_source: BTreeMap<DeviceId, u64>,
    bytes: u64,
}

#[derive(Debug)]
struct Waiting {
    segment: Segment,
    source: DeviceId,
    size_bytes: u64,
    missing: BTreeSet<SegmentHash>,
}

/// There is no room for one more waiting segment: it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} bytes wait for segments that have not come, over the limit of {limit}")]
pub struct Overflow {
    /// Bytes that would wait.
    pub found: u64,
    /// The bound.
    pub limit: u64,
}

impl Pending {
    /// Nothing waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a segment until `missing` have come; `source` is the device that passed it on, and
    /// has a share of the room of its own. One that waits already is left as it is.
    ///
    /// # Errors
    /// [`Overflow`]: the segment was dropped, those that waited before stay.
    pub fn hold(
        &mut self,
        source: DeviceId,
        segment: Segment,
        missing: BTreeSet<SegmentHash>,
    ) -> Result<(), Overflow> {
        let hash = segment.header().hash();
        if self.waiting.contains_key(&hash) || missing.is_empty() {
            return Ok(());
        }
        let payload_bytes = segment.payload().map_or(0, <[u8]>::len);
        let size_bytes = (segment.header().to_wire().len() + payload_bytes) as u64 + OVERHEAD_BYTES;
        let of_source = self.bytes_by_source.get(&source).copied().unwrap_or(0);
        check(of_source + size_bytes, PENDING_BYTES_PER_SOURCE_MAX)?;
        check(self.bytes + size_bytes, PENDING_BYTES_MAX)?;
        self.bytes += size_bytes;
        self.bytes_by_source.insert(source, of_source + size_bytes);
        for earlier in &missing {
            self.waited_for.entry(*earlier).or_default().insert(hash);
        }
        let waiting = Waiting {
            segment,
            source,
            size_bytes,
            missing,
        };
        self.waiting.insert(hash, waiting);
        Ok(())
    }

    /// A segment was accepted: takes out those that waited for nothing else any more, each with
    /// the device that passed it on.
    pub fn release(&mut self, accepted: SegmentHash) -> Vec<(DeviceId, Segment)> {
        let mut released = Vec::new();
        for hash in self.waited_for.remove(&accepted).unwrap_or_default() {
            let is_ready = self.waiting.get_mut(&hash).is_some_and(|waiting| {
                waiting.missing.remove(&accepted);
                waiting.missing.is_empty()
            });
            if is_ready && let Some(waiting) = self.waiting.remove(&hash) {
                self.bytes = self.bytes.saturating_sub(waiting.size_bytes);
                if let Some(bytes) = self.bytes_by_source.get_mut(&waiting.source) {
                    *bytes = bytes.saturating_sub(waiting.size_bytes);
                }
                released.push((waiting.source, waiting.segment));
            }
        }
        released
    }

    /// The segments that are waited for and do not wait themselves: the gaps, by name.
    #[must_use]
    pub fn gaps(&self) -> BTreeSet<SegmentHash> {
        let wanted = self.waited_for.keys().copied();
        wanted
            .filter(|hash| !self.waiting.contains_key(hash))
            .collect()
    }

    /// The waiting segments, for the store, each with the device that passed it on.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, &Segment)> {
        let waiting = self.waiting.values();
        waiting.map(|waiting| (waiting.source, &waiting.segment))
    }

    /// How many segments wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn check(found: u64, limit: u64) -> Result<(), Overflow> {
    if found > limit {
        return Err(Overflow { found, limit });
    }
    Ok(())
}

/// What a waiting segment takes beside its bytes, roughly: without it, a million empty ones would
/// count as little.
const OVERHEAD_BYTES: u64 = 512;
