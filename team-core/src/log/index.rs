//! What the log must be able to ask of whoever keeps the segments.

use std::collections::BTreeSet;

use crate::ids::{DeviceId, SegmentHash};
use crate::log::seen::{Head, SeenHeads, Step};
use crate::segment::Header;
use crate::sync::Extent;

/// Where a held segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its author.
    pub device: DeviceId,
    /// Its number.
    pub number: u64,
    /// The author's segment before; zero for the first.
    pub previous: SegmentHash,
    /// Whether it is a control segment.
    pub is_control: bool,
    /// Whether its payload is held as well.
    pub has_payload: bool,
}

/// What is known of the log of one device: segments, or only that it forked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The highest number that is held; 0 when only the proof of a fork is.
    pub tip: u64,
    /// The lowest number of which there are two segments: held ones, or those of a fork proof.
    pub forked_from: Option<u64>,
}

/// A held segment in a list of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its hash.
    pub hash: SegmentHash,
    /// Its author.
    pub device: DeviceId,
    /// Its number.
    pub number: u64,
    /// Whether it is a control segment.
    pub is_control: bool,
    /// Bytes of header and payload as held.
    pub size_bytes: u64,
}

/// The accepted segments of one space. The vault keeps them in tables, tests keep them in maps.
pub trait SegmentIndex {
    /// Why the store could not answer. It passes through everything here unchanged.
    type Error;

    /// Where a segment stands; none when it is not held.
    ///
    /// # Errors
    /// The store's own.
    fn place(&self, segment: SegmentHash) -> Result<Option<Place>, Self::Error>;

    /// The held segments of a device with this number: several when it forked.
    ///
    /// # Errors
    /// The store's own.
    fn at(&self, device: DeviceId, number: u64) -> Result<Vec<SegmentHash>, Self::Error>;

    /// One of the held segments of a device with this number; none when none is held.
    ///
    /// # Errors
    /// The store's own.
    fn one_at(&self, device: DeviceId, number: u64) -> Result<Option<SegmentHash>, Self::Error> {
        Ok(self.at(device, number)?.first().copied())
    }

    /// The header of a held segment.
    ///
    /// # Errors
    /// The store's own.
    fn header(&self, segment: SegmentHash) -> Result<Option<Header>, Self::Error>;

    /// What is known of the log of a device; none when neither a segment nor the proof of a fork
    /// is held.
    ///
    /// # Errors
    /// The store's own.
    fn chain(&self, device: DeviceId) -> Result<Option<Chain>, Self::Error>;

    /// Every device of which a segment or the proof of a fork is held.
    ///
    /// # Errors
    /// The store's own.
    fn devices(&self) -> Result<Vec<DeviceId>, Self::Error>;

    /// What the author of a held segment had seen with it, as [`Accepted::seen`] said when it was
    /// accepted, where that was kept.
    ///
    /// It should be kept for the newest segment of each device; for others it is worked out from
    /// the chain, which takes as long as the chain back to one for which it was kept.
    ///
    /// # Errors
    /// The store's own.
    ///
    /// [`Accepted::seen`]: crate::log::Accepted::seen
    fn kept_seen(&self, segment: SegmentHash) -> Result<Option<SeenHeads>, Self::Error>;

    /// How much control the author of a held control segment has written with it, as
    /// [`ControlLinks::written`] said when it was accepted.
    ///
    /// # Errors
    /// The store's own.
    ///
    /// [`ControlLinks::written`]: crate::log::ControlLinks::written
    fn control_written(&self, control: SegmentHash) -> Result<u64, Self::Error>;

    /// Whether a held operation makes this one a device of the space: genesis, or one that adds a
    /// member or a device. Whether that operation is void by now does not count: what is taken in
    /// must not depend on what came first.
    ///
    /// # Errors
    /// The store's own.
    fn is_named(&self, device: DeviceId) -> Result<bool, Self::Error>;

    /// At most `limit` held segments, of each device those with a number above that in `after` and
    /// not above that in `until`, in the order in which they were accepted.
    ///
    /// # Errors
    /// The store's own.
    fn list(
        &self,
        after: &Extent,
        until: &Extent,
        limit: usize,
    ) -> Result<Vec<Listed>, Self::Error>;

    /// A held segment itself if it is a control segment, else the newest one before it in its
    /// chain; none when there is none.
    ///
    /// # Errors
    /// The store's own.
    fn newest_control(&self, segment: SegmentHash) -> Result<Option<SegmentHash>, Self::Error> {
        let mut at = segment;
        while let Some(place) = self.place(at)? {
            if place.is_control {
                return Ok(Some(at));
            }
            at = place.previous;
        }
        Ok(None)
    }

    /// The held segments of a device that no held segment follows, ascending: one, or one for each
    /// branch when it forked.
    ///
    /// # Errors
    /// The store's own.
    fn heads(&self, device: DeviceId) -> Result<Vec<Head>, Self::Error> {
        let Some(chain) = self.chain(device)?.filter(|chain| chain.tip > 0) else {
            return Ok(Vec::new());
        };
        let first = chain.forked_from.map_or(chain.tip, |fork| {
            // A fork that is known by its proof alone may lie above what is held.
            fork.saturating_sub(1).clamp(1, chain.tip)
        });
        let mut heads = Vec::new();
        let mut followed = BTreeSet::new();
        for number in (first..=chain.tip).rev() {
            let mut previous = BTreeSet::new();
            for hash in self.at(device, number)? {
                if !followed.contains(&hash) {
                    heads.push(Head { number, hash });
                }
                if let Some(place) = self.place(hash)? {
                    previous.insert(place.previous);
                }
            }
            followed = previous;
        }
        heads.sort_unstable();
        Ok(heads)
    }
}

/// Whether `earlier` is `later` or comes before it in the chain of `device`. Both are held.
///
/// # Errors
/// The store's own.
pub fn is_in_past<I: SegmentIndex + ?Sized>(
    index: &I,
    device: DeviceId,
    earlier: Head,
    later: Head,
) -> Result<bool, I::Error> {
    if earlier.number > later.number {
        return Ok(false);
    }
    let fork = index.chain(device)?.and_then(|chain| chain.forked_from);
    if fork.is_none_or(|fork| earlier.number < fork) {
        // Below the fork there is one chain.
        return Ok(true);
    }
    let mut at = later;
    while at.number > earlier.number {
        let Some(place) = index.place(at.hash)? else {
            return Ok(false);
        };
        at = Head {
            number: at.number.saturating_sub(1),
            hash: place.previous,
        };
    }
    Ok(at == earlier)
}

/// What the author of a held segment had seen with it.
///
/// # Errors
/// The store's own.
pub fn seen_by<I: SegmentIndex + ?Sized>(
    index: &I,
    segment: SegmentHash,
) -> Result<SeenHeads, I::Error> {
    let mut behind = Vec::new();
    let mut at = segment;
    let mut seen = loop {
        if let Some(seen) = index.kept_seen(at)? {
            break seen;
        }
        let Some(header) = index.header(at)? else {
            break SeenHeads::new();
        };
        at = header.fields().previous;
        behind.push(header);
    };
    for header in behind.iter().rev() {
        for step in steps(index, &header.fields().deps)? {
            seen.advance(step, |head| is_in_past(index, step.device, head, step.head))?;
        }
    }
    Ok(seen)
}

/// The segments of other devices that a held segment follows, with their places; older ones first.
fn steps<I: SegmentIndex + ?Sized>(index: &I, deps: &[SegmentHash]) -> Result<Vec<Step>, I::Error> {
    let mut steps = Vec::new();
    for hash in deps {
        if let Some(place) = index.place(*hash)? {
            steps.push(Step {
                device: place.device,
                head: Head {
                    number: place.number,
                    hash: *hash,
                },
            });
        }
    }
    steps.sort_unstable();
    Ok(steps)
}
