//! Which segments go into a bundle.

use std::collections::BTreeSet;

use crate::ids::SegmentHash;
use crate::limits::SYNC_SEGMENTS_MAX;
use crate::log::SegmentIndex;
use crate::sync::extent::Extent;
use crate::sync::have::Want;
use crate::sync::send_state::Plan;

/// Whose payloads go with the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payloads {
    /// All that are held.
    All,
    /// Those of control segments only: for devices that were removed, and for who must not be
    /// given content. The headers of content segments go too, because control segments follow them.
    Control,
}

/// What a bundle carries of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The segments, in an order in which each comes after those that it follows.
    pub segments: Vec<DueSegment>,
    /// Up to where the peer has been sent the log with this bundle, for [`SendState::record`].
    ///
    /// [`SendState::record`]: crate::sync::SendState::record
    pub sent: Extent,
    /// Not all fitted: another bundle is due at once.
    pub is_cut: bool,
}

/// One segment that a bundle carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueSegment {
    /// Which one.
    pub hash: SegmentHash,
    /// Whether its payload goes with it.
    pub with_payload: bool,
}

/// Selects what `plan` says, and the payloads that the peer asks for, in at most `limit_bytes`.
///
/// # Errors
/// The store's own.
pub fn due<I: SegmentIndex + ?Sized>(
    index: &I,
    plan: &Plan,
    wants: &BTreeSet<Want>,
    payloads: Payloads,
    limit_bytes: u64,
) -> Result<Due, I::Error> {
    let limit = SYNC_SEGMENTS_MAX as usize;
    let mut due = Due {
        sent: plan.start.clone(),
        ..Due::default()
    };
    let mut room = limit_bytes;
    let listed = index.list(&plan.start, &plan.until, limit)?;
    due.is_cut = listed.len() == limit;
    for segment in &listed {
        // The list counts the payload; where that does not go, the estimate is too careful.
        let Some(rest) = room.checked_sub(segment.size_bytes + FRAMING_BYTES) else {
            due.is_cut = true;
            break;
        };
        room = rest;
        due.sent.raise(segment.device, segment.number);
        due.segments.push(DueSegment {
            hash: segment.hash,
            with_payload: segment.is_control || payloads == Payloads::All,
        });
    }
    if payloads == Payloads::All {
        add_wanted(index, wants, room, &mut due)?;
    }
    Ok(due)
}

fn add_wanted<I: SegmentIndex + ?Sized>(
    index: &I,
    wants: &BTreeSet<Want>,
    mut room: u64,
    due: &mut Due,
) -> Result<(), I::Error> {
    let carried: BTreeSet<SegmentHash> = due.segments.iter().map(|segment| segment.hash).collect();
    for want in wants {
        let hash = SegmentHash(want.0);
        let is_held = index.place(hash)?.is_some_and(|place| place.has_payload);
        if carried.contains(&hash) || !is_held || due.segments.len() >= SYNC_SEGMENTS_MAX as usize {
            continue;
        }
        let Some(header) = index.header(hash)? else {
            continue;
        };
        let size = header.to_wire().len() as u64 + u64::from(header.fields().payload_bytes);
        let Some(rest) = room.checked_sub(size + FRAMING_BYTES) else {
            due.is_cut = true;
            break;
        };
        room = rest;
        due.segments.push(DueSegment {
            hash,
            with_payload: true,
        });
    }
    Ok(())
}

/// What a segment takes in a message beside header and payload.
const FRAMING_BYTES: u64 = 1;
