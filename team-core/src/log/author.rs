//! Writing the next segment of one's own device.

use bundle_format::identity::Identity;
use thiserror::Error;

use crate::ids::{DeviceId, SegmentHash, SpaceId};
use crate::limits::{BRANCHES_SEEN_MAX, DEPS_MAX, PAYLOAD_BYTES_MAX, SEGMENT_NUMBER_MAX};
use crate::log::accept::{Accepted, BrokenRule, Verdict, follow};
use crate::log::index::{SegmentIndex, is_in_past, seen_by};
use crate::log::seen::{SeenHeads, advanced};
use crate::segment::{HeaderFields, Kind, Segment};

/// What the next segment is to say.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the payload is.
    pub kind: Kind,
    /// The payload as carried.
    pub payload: Vec<u8>,
    /// Seconds since 1970 on this vault's clock.
    pub claimed_at: u64,
}

/// A segment cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError<E> {
    /// The store failed.
    #[error("what is held of the space cannot be read")]
    Store(#[source] E),
    /// The payload is too large for one segment.
    #[error("a payload of {found} bytes is over the limit of {PAYLOAD_BYTES_MAX}")]
    TooLarge {
        /// Bytes of the payload.
        found: usize,
    },
    /// Two segments of one number bear this device's signature: it must not write any more.
    #[error("this device's log forked at segment {number}")]
    Forked {
        /// The first number of which there are two.
        number: u64,
    },
    /// The log has no room left.
    #[error("this device has written {SEGMENT_NUMBER_MAX} segments, which is the limit")]
    Full,
    /// The device has written as much about members, devices, keys and deletions as one may.
    #[error("this device has written as much as one device may about members, keys and deletions")]
    ControlFull,
}

/// Makes and signs the next segment of this vault's device, with what is to be stored beside it.
///
/// It follows the newest segments of all other devices that were taken in since the one before.
/// The caller stores it before it leaves the vault; a second segment made from the same state
/// would be a fork.
///
/// # Errors
/// [`WriteError`].
pub fn write<I: SegmentIndex + ?Sized>(
    space: SpaceId,
    device: &Identity,
    draft: Draft,
    index: &I,
) -> Result<(Segment, Accepted), WriteError<I::Error>> {
    let own = DeviceId(device.key().0);
    let payload_bytes = u32::try_from(draft.payload.len())
        .ok()
        .filter(|bytes| *bytes <= PAYLOAD_BYTES_MAX)
        .ok_or(WriteError::TooLarge {
            found: draft.payload.len(),
        })?;
    let (number, previous) = next_place(own, index)?;
    let seen = if number == 1 {
        SeenHeads::new()
    } else {
        seen_by(index, previous).map_err(WriteError::Store)?
    };
    let header = HeaderFields {
        device: own,
        number,
        previous,
        deps: news(own, &seen, index).map_err(WriteError::Store)?,
        claimed_at: draft.claimed_at,
        kind: draft.kind,
        payload_bytes,
        payload_hash: *blake3::hash(&draft.payload).as_bytes(),
    }
    .sign(space, device);
    #[expect(
        clippy::expect_used,
        reason = "length and hash were taken from it just now"
    )]
    let segment = Segment::new(header, Some(draft.payload)).expect("the payload fits its header");
    let verdict = follow(&segment, index).map_err(WriteError::Store)?;
    #[expect(
        clippy::expect_used,
        reason = "what it follows was taken from the index just now"
    )]
    let accepted = match verdict {
        Verdict::Accepted(accepted) => Some(*accepted),
        Verdict::BrokenRule(BrokenRule::Control) => return Err(WriteError::ControlFull),
        _ => None,
    }
    .expect("an own segment follows the rules");
    Ok((segment, accepted))
}

fn next_place<I: SegmentIndex + ?Sized>(
    own: DeviceId,
    index: &I,
) -> Result<(u64, SegmentHash), WriteError<I::Error>> {
    let Some(chain) = index.chain(own).map_err(WriteError::Store)? else {
        return Ok((1, SegmentHash([0; 32])));
    };
    if let Some(number) = chain.forked_from {
        return Err(WriteError::Forked { number });
    }
    if chain.tip >= SEGMENT_NUMBER_MAX {
        return Err(WriteError::Full);
    }
    let held = index.at(own, chain.tip).map_err(WriteError::Store)?;
    let previous = held.first().copied().unwrap_or(SegmentHash([0; 32]));
    Ok((chain.tip.saturating_add(1), previous))
}

/// The newest segments of other devices that were not seen; ascending.
fn news<I: SegmentIndex + ?Sized>(
    own: DeviceId,
    seen: &SeenHeads,
    index: &I,
) -> Result<Vec<SegmentHash>, I::Error> {
    let mut news = Vec::new();
    for device in index.devices()? {
        let Some(chain) = index.chain(device)?.filter(|_| device != own) else {
            continue;
        };
        if chain.forked_from.is_none() && chain.tip == seen.number(device) {
            continue;
        }
        let mut known = seen.heads(device).to_vec();
        // Of a device with very many branches some stay unseen.
        for head in index.heads(device)?.into_iter().take(BRANCHES_LOOKED_AT) {
            let mut is_news = true;
            for before in &known {
                is_news &= !is_in_past(index, device, head, *before)?;
            }
            if !is_news {
                continue;
            }
            let further = advanced(&known, head, |before| {
                is_in_past(index, device, before, head)
            })?;
            if further.len() <= BRANCHES_SEEN_MAX {
                known = further;
                news.push(head.hash);
            }
        }
    }
    news.sort_unstable();
    // What does not fit is for the segment after this one.
    news.truncate(usize::from(DEPS_MAX));
    Ok(news)
}

/// Branches of a forked device that are compared with those seen before.
const BRANCHES_LOOKED_AT: usize = 64;
