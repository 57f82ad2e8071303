//! Taking the segments of a message into the log.

use crate::ids::{DeviceId, SegmentHash, SpaceId};
use crate::log::{Accepted, BrokenRule, ForkProof, Pending, SegmentIndex, Verdict, accept};
use crate::segment::Segment;
use crate::sync::message::{BadSegment, UncheckedSegment};

/// A [`SegmentIndex`] that segments can be added to.
pub trait SegmentStore: SegmentIndex {
    /// Adds an accepted segment. When [`Accepted::fork`] is there, the chain of its device is
    /// forked from then on.
    ///
    /// # Errors
    /// The store's own.
    fn store(&mut self, segment: &Segment, accepted: &Accepted) -> Result<(), Self::Error>;

    /// Adds the payload of a segment that is held without one, unless that was destroyed on
    /// purpose.
    ///
    /// # Errors
    /// The store's own.
    fn store_payload(&mut self, segment: &Segment) -> Result<(), Self::Error>;
}

/// What became of the segments of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// They are stored now, in this order; some may have waited since an earlier message.
    pub accepted: Vec<SegmentHash>,
    /// These were held without their payloads, which came.
    pub payloads: Vec<SegmentHash>,
    /// How many were held already.
    pub known: u64,
    /// How many wait for others.
    pub waiting: u64,
    /// How many would have to wait and were dropped for want of room.
    pub dropped: u64,
    /// Nothing names these devices.
    pub strangers: Vec<DeviceId>,
    /// These control segments came without their payloads.
    pub withheld: Vec<SegmentHash>,
    /// These devices broke a rule with the segment of this number.
    pub broken: Vec<(DeviceId, u64, BrokenRule)>,
    /// Who sent the message carries what is no segment of the space.
    pub forged: Vec<BadSegment>,
    /// New proofs of forks.
    pub forks: Vec<ForkProof>,
    /// A segment of this very device came that it never wrote: it must not write any more.
    pub is_clone: bool,
}

/// Verifies and takes in segments that `source` passed on, and those that waited for them.
///
/// A segment of a hash that is held is not verified again.
///
/// # Errors
/// The store's own: what was stored before stays.
pub fn take_in<S: SegmentStore + ?Sized>(
    space: SpaceId,
    own: DeviceId,
    source: DeviceId,
    segments: Vec<UncheckedSegment>,
    store: &mut S,
    pending: &mut Pending,
) -> Result<TakenIn, S::Error> {
    let mut taken = TakenIn::default();
    for carried in segments {
        let place = store.place(carried.peek_hash(space))?;
        if place.is_some_and(|place| place.has_payload || !carried.has_payload()) {
            taken.known += 1;
            continue;
        }
        match carried.verify(space) {
            Ok(segment) => take_one(space, own, (source, segment), store, pending, &mut taken)?,
            Err(bad) => taken.forged.push(bad),
        }
    }
    Ok(taken)
}

/// Takes in one verified segment, then all that waited for nothing else.
fn take_one<S: SegmentStore + ?Sized>(
    space: SpaceId,
    own: DeviceId,
    first: (DeviceId, Segment),
    store: &mut S,
    pending: &mut Pending,
    taken: &mut TakenIn,
) -> Result<(), S::Error> {
    let mut ready = vec![first];
    while let Some((source, segment)) = ready.pop() {
        let hash = segment.header().hash();
        let fields = segment.header().fields();
        match accept(space, own, &segment, store)? {
            Verdict::Accepted(accepted) => {
                store.store(&segment, &accepted)?;
                taken.forks.extend(accepted.fork.map(|fork| *fork));
                taken.accepted.push(hash);
                ready.extend(pending.release(hash));
            }
            Verdict::Duplicate {
                brings_payload: true,
            } => {
                store.store_payload(&segment)?;
                taken.payloads.push(hash);
            }
            Verdict::Duplicate { .. } => taken.known += 1,
            Verdict::Missing(missing) => match pending.hold(source, segment, missing) {
                Ok(()) => taken.waiting += 1,
                Err(_) => taken.dropped += 1,
            },
            Verdict::PayloadWithheld => taken.withheld.push(hash),
            Verdict::Stranger => taken.strangers.push(fields.device),
            Verdict::BrokenRule(rule) => {
                taken.broken.push((fields.device, fields.number, rule));
            }
            Verdict::Clone => taken.is_clone = true,
        }
    }
    Ok(())
}
