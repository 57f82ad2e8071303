//! The verdict on a segment that somebody passed on.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::control::{Control, Genesis, decode_operations};
use crate::ids::{DeviceId, SegmentHash, SpaceId};
use crate::limits::{BRANCHES_SEEN_MAX, CONTROL_WRITTEN_MAX};
use crate::log::fork::ForkProof;
use crate::log::index::{SegmentIndex, is_in_past, seen_by};
use crate::log::links::{ControlLinks, control_links, view_steps};
use crate::log::seen::{Head, SeenHeads, Step};
use crate::membership::ViewStep;
use crate::segment::{HeaderFields, Kind, Segment};

/// What is to be done with a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is held already.
    Duplicate {
        /// It brings the payload, which is not held: it may be stored, unless it was destroyed on
        /// purpose.
        brings_payload: bool,
    },
    /// It is to wait in [`Pending`] for these, of which none is held.
    ///
    /// [`Pending`]: crate::log::Pending
    Missing(BTreeSet<SegmentHash>),
    /// It is a control segment without its payload, which must not be destroyed: whoever passed it
    /// on withholds it. It is not stored, so that others are asked for it.
    PayloadWithheld,
    /// Everything that it follows is held, and no operation there names its author. It is not
    /// stored; a sender brings it again.
    Stranger,
    /// Its author broke a rule. It is not stored, and nothing that follows it ever is.
    BrokenRule(BrokenRule),
    /// It is of this very device, which did not write it: the vault was restored or copied. It
    /// must not write in the space with this device's key any more.
    Clone,
    /// It is to be stored.
    Accepted(Box<Accepted>),
}

/// What is to be stored with an accepted segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How far its author had seen the other devices, with this segment.
    pub seen: SeenHeads,
    /// What of that is new with this segment; ascending.
    pub steps: Vec<Step>,
    /// Which control segments its author had seen from which of its segments on, as far as this
    /// segment changes that.
    pub view: Vec<ViewStep>,
    /// Of a control segment, how it hangs together with others.
    pub links: Option<Box<ControlLinks>>,
    /// The device forked: another segment of the number is held. Everything of the device from
    /// that number on is in quarantine.
    pub fork: Option<Box<ForkProof>>,
}

/// The rule that the author of a segment broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BrokenRule {
    /// The segment before is of another device or has not the number before.
    #[error("the segment before it is not the one with the number before")]
    Previous,
    /// It names a segment of its own device as one of another.
    #[error("it names a segment of its own device as one of another device")]
    OwnDevice,
    /// It names a segment that its author had seen with an earlier one.
    #[error("it names a segment that its author had already seen")]
    NoProgress,
    /// Its author sees more than [`BRANCHES_SEEN_MAX`] branches of one device with it.
    #[error("its author sees too many branches of one device")]
    Branches,
    /// Its author has written more control than [`CONTROL_WRITTEN_MAX`] with it.
    #[error("its author has written as much control as one device may")]
    Control,
}

/// Judges a segment of `space`; `own` is the device of this vault there.
///
/// Nothing is changed. After [`Verdict::Accepted`] the caller stores the segment, then tries what
/// waited for it.
///
/// # Errors
/// The store's own.
pub fn accept<I: SegmentIndex + ?Sized>(
    space: SpaceId,
    own: DeviceId,
    segment: &Segment,
    index: &I,
) -> Result<Verdict, I::Error> {
    let fields = segment.header().fields();
    if let Some(place) = index.place(segment.header().hash())? {
        let brings_payload = !place.has_payload && segment.payload().is_some();
        return Ok(Verdict::Duplicate { brings_payload });
    }
    if fields.device == own {
        return Ok(Verdict::Clone);
    }
    if fields.kind == Kind::Control && segment.payload().is_none() {
        return Ok(Verdict::PayloadWithheld);
    }
    let missing = missing(fields, index)?;
    if !missing.is_empty() {
        return Ok(Verdict::Missing(missing));
    }
    if fields.number == 1 && !index.is_named(fields.device)? && !is_genesis(space, segment) {
        return Ok(Verdict::Stranger);
    }
    follow(segment, index)
}

/// Whether a segment is the founder's first, which names its author itself.
pub(super) fn is_genesis(space: SpaceId, segment: &Segment) -> bool {
    let fields = segment.header().fields();
    if fields.number != 1 || fields.kind != Kind::Control {
        return false;
    }
    let operations = segment.payload().map(decode_operations);
    let Some(Ok(operations)) = operations else {
        return false;
    };
    matches!(operations.first(), Some(Control::Genesis(genesis)) if founds(genesis, fields, space))
}

fn founds(genesis: &Genesis, fields: &HeaderFields, space: SpaceId) -> bool {
    genesis.founder == fields.device && genesis.space_id() == space
}

fn missing<I: SegmentIndex + ?Sized>(
    fields: &HeaderFields,
    index: &I,
) -> Result<BTreeSet<SegmentHash>, I::Error> {
    let previous = (fields.number > 1).then_some(fields.previous);
    let mut missing = BTreeSet::new();
    for hash in previous.into_iter().chain(fields.deps.iter().copied()) {
        if index.place(hash)?.is_none() {
            missing.insert(hash);
        }
    }
    Ok(missing)
}

/// Everything that the segment names is held: checks that it names the right things.
pub(super) fn follow<I: SegmentIndex + ?Sized>(
    segment: &Segment,
    index: &I,
) -> Result<Verdict, I::Error> {
    let fields = segment.header().fields();
    let mut seen = SeenHeads::new();
    if fields.number > 1 {
        let fits = index.place(fields.previous)?.is_some_and(|place| {
            place.device == fields.device && place.number == fields.number.saturating_sub(1)
        });
        if !fits {
            return Ok(Verdict::BrokenRule(BrokenRule::Previous));
        }
        seen = seen_by(index, fields.previous)?;
    }
    let steps = match steps(fields, &seen, index)? {
        Ok(steps) => steps,
        Err(broken) => return Ok(Verdict::BrokenRule(broken)),
    };
    let view = view_steps(segment, &steps, &seen, index)?;
    for step in &steps {
        seen.advance(*step, |head| {
            is_in_past(index, step.device, head, step.head)
        })?;
        if seen.heads(step.device).len() > BRANCHES_SEEN_MAX {
            return Ok(Verdict::BrokenRule(BrokenRule::Branches));
        }
    }
    let links = match fields.kind {
        Kind::Control => Some(Box::new(control_links(segment, &seen, index)?)),
        Kind::Content(_) => None,
    };
    let written = links.as_ref().map_or(0, |links| links.written());
    if written > CONTROL_WRITTEN_MAX {
        return Ok(Verdict::BrokenRule(BrokenRule::Control));
    }
    Ok(Verdict::Accepted(Box::new(Accepted {
        seen,
        steps,
        view,
        links,
        fork: fork(segment, index)?.map(Box::new),
    })))
}

/// What the segment's author sees with it for the first time, `seen` being what it had seen before.
fn steps<I: SegmentIndex + ?Sized>(
    fields: &HeaderFields,
    seen: &SeenHeads,
    index: &I,
) -> Result<Result<Vec<Step>, BrokenRule>, I::Error> {
    let mut steps = Vec::new();
    for hash in &fields.deps {
        let Some(place) = index.place(*hash)? else {
            continue;
        };
        if place.device == fields.device {
            return Ok(Err(BrokenRule::OwnDevice));
        }
        let head = Head {
            number: place.number,
            hash: *hash,
        };
        for before in seen.heads(place.device) {
            if is_in_past(index, place.device, head, *before)? {
                return Ok(Err(BrokenRule::NoProgress));
            }
        }
        steps.push(Step {
            device: place.device,
            head,
        });
    }
    steps.sort_unstable();
    Ok(Ok(steps))
}

fn fork<I: SegmentIndex + ?Sized>(
    segment: &Segment,
    index: &I,
) -> Result<Option<ForkProof>, I::Error> {
    let fields = segment.header().fields();
    // A fork is proved once: further branches say nothing new.
    let chain = index.chain(fields.device)?;
    let known = chain.and_then(|chain| chain.forked_from);
    if known.is_some_and(|known| known <= fields.number) {
        return Ok(None);
    }
    let Some(other) = index.one_at(fields.device, fields.number)? else {
        return Ok(None);
    };
    let other = index.header(other)?;
    Ok(other.and_then(|other| ForkProof::new(other, segment.header().clone()).ok()))
}
