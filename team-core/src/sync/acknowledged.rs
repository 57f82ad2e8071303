//! What a peer's own summary says that it holds of what is held here.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::DeviceId;
use crate::log::{Chain, Head, SegmentIndex};
use crate::sync::extent::Extent;
use crate::sync::have::{Have, HaveHead, NUMBER_OF_NOTHING, Prefix, prefix};

/// What a peer has acknowledged by its own signed word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Up to which of the segments held here it holds each device's.
    pub extent: Extent,
    /// The forked devices of which it knows that they forked, and from where.
    pub known_forks: BTreeSet<DeviceId>,
}

/// Reads a peer's summary against what is held here.
///
/// A device whose prefix another one shares counts as not held at all, and so does one of which
/// the peer holds another branch, as far as the fork or, where that is not known, from the first.
///
/// # Errors
/// The store's own.
pub fn acknowledged<I: SegmentIndex + ?Sized>(
    have: &Have,
    index: &I,
) -> Result<Acknowledged, I::Error> {
    let devices = index.devices()?;
    let mut sharing: BTreeMap<Prefix, u32> = BTreeMap::new();
    for device in &devices {
        let count = sharing.entry(prefix(*device)).or_default();
        *count = count.saturating_add(1);
    }
    let mut acknowledged = Acknowledged::default();
    for device in devices {
        let prefix = prefix(device);
        let is_alone = sharing.get(&prefix) == Some(&1);
        let head = have.head(prefix).filter(|_| is_alone);
        let (Some(head), Some(chain)) = (head, index.chain(device)?) else {
            continue;
        };
        let (number, knows_fork) = compare(have, device, head, chain, index)?;
        acknowledged.extent.raise(device, number);
        if knows_fork {
            acknowledged.known_forks.insert(device);
        }
    }
    Ok(acknowledged)
}

/// Up to which number the peer holds what is held here, and whether it knows of the fork.
fn compare<I: SegmentIndex + ?Sized>(
    have: &Have,
    device: DeviceId,
    claimed: HaveHead,
    chain: Chain,
    index: &I,
) -> Result<(u64, bool), I::Error> {
    let says = |heads: &[Head], fork| have.check(device, heads, fork) == claimed.check;
    let names_fork = chain.forked_from.is_some() && claimed.number == NUMBER_OF_NOTHING;
    if names_fork && says(&[], chain.forked_from) {
        // It holds the proof and no segment.
        return Ok((0, true));
    }
    if let Some(fork) = chain.forked_from
        && claimed.number >= fork
    {
        return Ok(if says(&index.heads(device)?, chain.forked_from) {
            (chain.tip, true)
        } else {
            (chain.tip.min(fork.saturating_sub(1)), false)
        });
    }
    if claimed.number > chain.tip {
        // It is ahead. If it is so on another branch, it sees that in the summary of this device.
        return Ok((chain.tip, false));
    }
    let held = index.at(device, claimed.number)?;
    let heads: Vec<Head> = held
        .into_iter()
        .map(|hash| Head {
            number: claimed.number,
            hash,
        })
        .collect();
    if chain.forked_from.is_some() && says(&heads, chain.forked_from) {
        return Ok((claimed.number, true));
    }
    let number = if says(&heads, None) {
        claimed.number
    } else {
        0
    };
    Ok((number, false))
}
