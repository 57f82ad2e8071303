//! What a trip did, as plain data for the command line and for JSON.

use std::collections::BTreeMap;

use crossing::{IncomingPack, Lane, LaneReport, OutgoingPack, SyncReport};
use pack_format::advice::{Advice as _, Exit};
use pack_format::item::Item;
use pack_format::pack::PlannedItem;
use signing_format::request::RequestId;

use super::error::CourierError;
use super::host::Heard;
use super::light::ByLight;
use super::network::NetworkReport;
use super::tray::AtTray;
use super::trouble::{self, CountedTrouble};
use crate::desk::Finished;

/// What one `courier sync` did.
#[derive(Debug, Default)]
pub struct SyncOutcome {
    /// One for each pairing, oldest first; empty without a medium.
    pub vaults: Vec<VaultOutcome>,
    /// What went by light, in a trip by light.
    pub by_light: Option<ByLight>,
    /// What was done at a tray, in a trip by way of a phone.
    pub at_tray: Option<AtTray>,
    /// What the network half did, unless it was left out.
    pub network: Option<NetworkReport>,
    /// Whether the medium holds everything that it should and can be taken out; `None` without a
    /// medium.
    pub safe_to_remove: Option<bool>,
    /// The medium cannot be written to.
    pub medium_read_only: bool,
    /// Statements and replies of vaults that were refused.
    pub refused: Vec<CountedTrouble>,
    /// Approvals that came: the request, and the pairing's name.
    pub approved: Vec<(RequestId, String)>,
    /// What the desk did with the replies that came.
    pub finished: Vec<Finished>,
    /// Why the trip did not go as it should, besides the troubles of the network.
    pub problems: Vec<CourierError>,
}

/// What one `courier sync` did for one vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultOutcome {
    /// The pairing's name.
    pub name: String,
    /// Packs taken in.
    pub packs_taken: u64,
    /// Bundles in them.
    pub bundles_taken: u64,
    /// Other items in them, without receipts.
    pub items_taken: u64,
    /// Bytes of those packs, sealed.
    pub bytes_taken: u64,
    /// Items of this courier that the vault has confirmed.
    pub items_confirmed: u64,
    /// What lies on the medium for the vault, read back and compared.
    pub on_medium: Carried,
    /// Packs of which some parts have not arrived.
    pub incoming: Vec<IncomingPack>,
    /// Packs that are not, or not wholly, on any medium yet.
    pub to_carry: Vec<OutgoingPack>,
    /// Items for the vault that are in no pack yet.
    pub items_waiting: u64,
}

/// What is carried to a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Bundles.
    pub bundle_count: u64,
    /// Relays' receipts.
    pub receipt_count: u64,
    /// Reports of trouble.
    pub report_count: u64,
    /// Signing requests.
    pub request_count: u64,
    /// Parts that this run wrote or found to be there already.
    pub part_count: u64,
}

impl SyncOutcome {
    /// The exit code: what was refused weighs more than what failed.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let network = self.network.iter().flat_map(|network| &network.troubles);
        let troubles = network.chain(&self.refused).map(|it| it.trouble.exit());
        let problems = self.problems.iter().map(CourierError::exit_in_trip);
        let finished = self.finished.iter().map(Finished::exit);
        let exits = troubles.chain(problems).chain(finished);
        // What changes nothing is told, and does not make the trip fail.
        let exits: Vec<Exit> = exits.filter(|exit| *exit != Exit::Done).collect();
        match () {
            () if exits.contains(&Exit::Refused) => Exit::Refused,
            () if exits.is_empty() => Exit::Done,
            () => Exit::Failed,
        }
    }

    /// Adds what a person is told about what a medium brought.
    pub(crate) fn hear(&mut self, heard: Heard) {
        for trouble in heard.refused {
            trouble::count(&mut self.refused, trouble);
        }
        self.approved.extend(heard.approved);
    }

    /// Adds what one crossing did.
    pub(crate) fn add(&mut self, names: &[String], lanes: &[Lane], report: &SyncReport) {
        self.vaults.resize_with(names.len(), VaultOutcome::default);
        let rows = self.vaults.iter_mut().zip(names);
        for ((vault, name), (lane, report)) in rows.zip(lanes.iter().zip(&report.lanes)) {
            name.clone_into(&mut vault.name);
            vault.add(lane, report);
        }
        self.medium_read_only = report.medium_read_only;
        self.safe_to_remove = Some(report.safe_to_remove);
    }
}

impl CourierError {
    /// The command line was right, so that nothing in a trip is a usage error.
    fn exit_in_trip(&self) -> Exit {
        match self.exit() {
            Exit::Refused => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

impl VaultOutcome {
    /// What was taken in adds up over the crossings of a trip; how things are is what the last one
    /// says.
    fn add(&mut self, lane: &Lane, report: &LaneReport) {
        self.packs_taken = self.packs_taken.saturating_add(report.packs_taken.into());
        self.bundles_taken = self.bundles_taken.saturating_add(report.bundles_taken);
        self.items_taken = self.items_taken.saturating_add(report.items_taken);
        self.bytes_taken = self.bytes_taken.saturating_add(report.bytes_taken);
        self.items_confirmed = self.items_confirmed.saturating_add(report.items_delivered);
        self.on_medium = carried(lane, report);
        self.incoming.clone_from(&report.incoming);
        let to_carry = report.outgoing.iter().filter(|it| !it.to_carry.is_empty());
        self.to_carry = to_carry.cloned().collect();
        self.items_waiting = report.items_waiting;
    }
}

/// What the packs hold that lie on the medium with every part that the vault does not have.
fn carried(lane: &Lane, report: &LaneReport) -> Carried {
    let outgoing: BTreeMap<_, _> = report.outgoing.iter().map(|it| (it.index, it)).collect();
    let mut carried = Carried::default();
    for pack in lane.outstanding() {
        let Some(state) = outgoing.get(&pack.index()) else {
            continue;
        };
        let is_here = |part: &u32| state.on_medium.contains(part) || state.arrived.contains(part);
        if state.on_medium.is_empty() || !(0..state.part_count).all(|part| is_here(&part)) {
            continue;
        }
        for item in pack.items() {
            let count = match item {
                PlannedItem::Bundle { .. } => &mut carried.bundle_count,
                PlannedItem::Small { kind, body } => match Item::from_body(*kind, body) {
                    Ok(Item::Stored(_)) => &mut carried.receipt_count,
                    Ok(Item::Report(_)) => &mut carried.report_count,
                    Ok(Item::Request(_)) => &mut carried.request_count,
                    _ => continue,
                },
            };
            *count = count.saturating_add(1);
        }
    }
    let parts = report.outgoing.iter().map(|it| it.on_medium.len() as u64);
    carried.part_count = parts.fold(0, u64::saturating_add);
    carried
}
