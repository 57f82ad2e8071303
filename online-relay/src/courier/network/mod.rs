//! The network half of a trip: visits every relay at which there is something to do.

mod fetch;
mod visit;

use std::collections::BTreeSet;

use pack_format::advice::Advice as _;

use self::visit::{Stop, Visit};
use super::progress::Watch;
use super::servers::ServerUrl;
use super::store::{KnownRelay, NO_BUNDLE, Store, StoreError};
use super::trouble::{self, CountedTrouble, Trouble};
use crate::client::ClientOptions;

/// What the network half did.
#[derive(Debug, Default)]
pub struct NetworkReport {
    /// The relays at which there was something to do, in the order of the visits.
    pub relays: Vec<RelayReport>,
    /// What did not go well. Everything else was done.
    pub troubles: Vec<CountedTrouble>,
    /// The person stopped it.
    pub cancelled: bool,
}

impl NetworkReport {
    /// Adds a later visit of the same trip. How things are is what the later one says.
    pub(crate) fn add(&mut self, later: NetworkReport) {
        for relay in later.relays {
            match self.relays.iter_mut().find(|known| known.url == relay.url) {
                Some(known) => known.add(relay),
                None => self.relays.push(relay),
            }
        }
        self.troubles.extend(later.troubles);
        self.cancelled |= later.cancelled;
    }
}

/// What was done at one relay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayReport {
    /// The relay's URL.
    pub url: String,
    /// `done`, or the code of the first trouble.
    pub outcome: String,
    /// Mailboxes opened.
    pub mailboxes_opened: u64,
    /// Bundles that the relay has given a verified receipt for.
    pub bundles_uploaded: u64,
    /// Their bytes.
    pub bytes_uploaded: u64,
    /// Bundles fetched whole.
    pub bundles_fetched: u64,
    /// Their bytes.
    pub bytes_fetched: u64,
    /// Bundles that the relay has forgotten because a vault has them.
    pub bundles_acknowledged: u64,
    /// Bundles that still wait to be uploaded.
    pub bundles_waiting: u64,
    /// Their bytes.
    pub bytes_waiting: u64,
}

impl RelayReport {
    fn add(&mut self, later: RelayReport) {
        let sums = [
            (&mut self.mailboxes_opened, later.mailboxes_opened),
            (&mut self.bundles_uploaded, later.bundles_uploaded),
            (&mut self.bytes_uploaded, later.bytes_uploaded),
            (&mut self.bundles_fetched, later.bundles_fetched),
            (&mut self.bytes_fetched, later.bytes_fetched),
            (&mut self.bundles_acknowledged, later.bundles_acknowledged),
        ];
        for (sum, count) in sums {
            *sum = sum.saturating_add(count);
        }
        self.outcome = later.outcome;
        self.bundles_waiting = later.bundles_waiting;
        self.bytes_waiting = later.bytes_waiting;
    }
}

/// Visits the relays in random order. One that fails does not keep the others from being visited.
pub(crate) fn run(
    store: &mut Store,
    allowed: &BTreeSet<ServerUrl>,
    options: &ClientOptions,
    watch: &mut Watch,
) -> Result<NetworkReport, StoreError> {
    let mut report = NetworkReport::default();
    let mut relays = store.relays_to_visit()?;
    shuffle(&mut relays)?;
    for relay in relays {
        if watch.cancel().is_set() {
            report.cancelled = true;
            break;
        }
        visit_one(store, &relay, allowed, options, watch, &mut report)?;
    }
    watch.finish();
    Ok(report)
}

fn visit_one(
    store: &mut Store,
    relay: &KnownRelay,
    allowed: &BTreeSet<ServerUrl>,
    options: &ClientOptions,
    watch: &mut Watch,
    report: &mut NetworkReport,
) -> Result<(), StoreError> {
    let url = relay.address.url().to_owned();
    let mut relay_report = RelayReport {
        url: url.clone(),
        outcome: OUTCOME_DONE.to_owned(),
        ..RelayReport::default()
    };
    let troubles = if allowed.contains(&ServerUrl::of(&url)) {
        let mut visit = Visit::new(store, relay, options, watch, &mut relay_report);
        match visit.run() {
            Ok(()) | Err(Stop::Leave) => {}
            Err(Stop::Cancelled) => report.cancelled = true,
            Err(Stop::Store(err)) => return Err(err),
        }
        visit.into_troubles()
    } else {
        let trouble = Trouble::ServerNotAllowed { url };
        let told = trouble.to_report(NO_BUNDLE);
        store.transact(|change| change.report_to_all(relay.number, &told))?;
        vec![trouble]
    };
    if let Some(first) = troubles.first() {
        relay_report.outcome = first.code().to_owned();
    }
    let waiting = store.waiting(relay.number)?;
    relay_report.bundles_waiting = waiting.bundle_count;
    relay_report.bytes_waiting = waiting.bytes;
    store.transact(|change| change.set_outcome(relay.number, &relay_report.outcome))?;
    for trouble in troubles {
        trouble::count(&mut report.troubles, trouble);
    }
    report.relays.push(relay_report);
    Ok(())
}

/// Brings items into an order that says nothing about the vaults.
fn shuffle<T>(items: &mut [T]) -> Result<(), StoreError> {
    for end in (2..=items.len()).rev() {
        let random = getrandom::u64().map_err(|source| StoreError::Randomness { source })?;
        let chosen = random.checked_rem(end as u64).unwrap_or(0);
        items.swap(end - 1, usize::try_from(chosen).unwrap_or(0));
    }
    Ok(())
}

/// How a visit without trouble is remembered.
const OUTCOME_DONE: &str = "done";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        shuffle(&mut items).unwrap();
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        shuffle::<u32>(&mut []).unwrap();
    }
}
