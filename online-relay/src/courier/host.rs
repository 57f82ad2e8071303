//! The courier's store as a crossing sees it.

use std::io::{self, Read};
use std::path::Path;

use crossing::{Host, HostError, Lane, LaneId};
use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::item::{Item, SigningBytes};
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::relay::{ContentId, PublicKey, RelayAddress, Signed, Statement};
use signing_format::request::{RequestId, RequestParcel};

use super::replies::{Taken, take_reply};
use super::store::{Change, LaneNumber, NO_BUNDLE, Store, StoreError};
use super::trouble::Trouble;

/// The store, and what was refused of what a medium brought.
pub(crate) struct CourierHost<'a> {
    store: &'a mut Store,
    heard: Heard,
    /// Heard in the pack that is being taken in.
    heard_in_pack: Heard,
}

/// What a person is told about what a medium brought.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Statements and replies of vaults that were refused.
    pub(crate) refused: Vec<Trouble>,
    /// Approvals that came: the request, and the pairing's name.
    pub(crate) approved: Vec<(RequestId, String)>,
}

impl Heard {
    fn append(&mut self, other: &mut Self) {
        self.refused.append(&mut other.refused);
        self.approved.append(&mut other.approved);
    }
}

impl<'a> CourierHost<'a> {
    pub(crate) fn new(store: &'a mut Store) -> Self {
        Self {
            store,
            heard: Heard::default(),
            heard_in_pack: Heard::default(),
        }
    }

    /// What a person is told, of packs that count.
    pub(crate) fn into_heard(self) -> Heard {
        self.heard
    }
}

impl BundleSource for CourierHost<'_> {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        Ok(Box::new(self.store.open_bundle(content_id)?))
    }
}

impl Host for CourierHost<'_> {
    fn take_bundle(
        &mut self,
        lane: LaneId,
        size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        let mut change = self.store.begin().map_err(StoreError::into_io)?;
        let lane = change.lane_number(lane).map_err(StoreError::into_io)?;
        change.take_bundle(lane, size_bytes, body)
    }

    fn take_item(&mut self, lane: LaneId, item: Item) -> io::Result<()> {
        let heard = &mut self.heard_in_pack;
        self.store
            .begin()
            .and_then(|mut change| take_item(&mut change, lane, &item, heard))
            .map_err(StoreError::into_io)
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.save_lane(lane)?;
        self.heard.append(&mut self.heard_in_pack);
        Ok(())
    }

    fn discard_pack(&mut self) {
        self.store.rollback();
        self.heard_in_pack = Heard::default();
    }

    fn delivered(&mut self, lane: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        let told = self.store.begin().and_then(|mut change| {
            let lane = change.lane_number(lane)?;
            items
                .iter()
                .try_for_each(|item| note_delivered(&mut change, lane, item))
        });
        told.map_err(HostError::new)
    }

    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.store
            .transact(|change| change.save_lane(lane))
            .map_err(HostError::new)
    }

    fn due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        due(self.store, lane).map_err(HostError::new)
    }

    fn spool_dir(&self) -> &Path {
        self.store.spool_dir()
    }
}

fn due(store: &mut Store, lane: LaneId) -> Result<Vec<PlannedItem>, StoreError> {
    let lane = store.lane_number(lane)?;
    store.forget_damaged(lane)?;
    let receipts = store.due_receipts(lane)?.into_iter().map(Item::Stored);
    let reports = store.due_reports(lane)?.into_iter().map(Item::Report);
    let requests = store.due_requests(lane)?;
    let requests = requests.iter().map(RequestParcel::to_wire);
    // Each was measured when it was made, and approvals are few and small.
    let requests = requests.filter_map(|wire| SigningBytes::new(wire).ok());
    let small = receipts.chain(reports).chain(requests.map(Item::Request));
    let mut items: Vec<_> = small.map(|item| PlannedItem::small(&item)).collect();
    items.extend(store.due_bundles(lane)?);
    items.extend(store.due_contents(lane)?);
    Ok(items)
}

fn take_item(
    change: &mut Change<'_>,
    lane: LaneId,
    item: &Item,
    heard: &mut Heard,
) -> Result<(), StoreError> {
    let lane = change.lane_number(lane)?;
    if let Item::Reply(bytes) = item {
        return take_signing_reply(change, lane, bytes, heard);
    }
    let (address, checked) = match item {
        Item::Open(address, wish) => (address, check(address, wish, |wish| wish.relay_key)),
        Item::Fetch(address, _) => (address, Ok(())),
        Item::Ticket(address, ticket) => {
            (address, check(address, ticket, |ticket| ticket.relay_key))
        }
        Item::Acknowledge(address, done) => (address, check(address, done, |done| done.relay_key)),
        // A vault has nothing else to tell a courier.
        _ => return Ok(()),
    };
    let relay = change.relay_number(address)?;
    if let Err(trouble) = checked {
        change.report_given_up(lane, relay, &trouble.to_report(NO_BUNDLE))?;
        heard.refused.push(trouble);
        return Ok(());
    }
    match item {
        Item::Open(_, wish) => change.put_mailbox_to_open(lane, relay, wish),
        Item::Fetch(_, token) => change.put_mailbox_to_fetch(lane, relay, token),
        Item::Ticket(_, ticket) => change.put_ticket(lane, relay, ticket),
        Item::Acknowledge(_, done) => change.put_acknowledgement(lane, relay, done),
        _ => Ok(()),
    }
}

fn take_signing_reply(
    change: &mut Change<'_>,
    lane: LaneNumber,
    bytes: &SigningBytes,
    heard: &mut Heard,
) -> Result<(), StoreError> {
    let taken = take_reply(change, lane, bytes)?;
    let vault = change.lane_name(lane)?;
    match taken {
        Ok(Taken::Approved(id)) => heard.approved.push((id, vault)),
        // The desk tells what it does with it.
        Ok(Taken::Replied) => {}
        Err(source) => heard.refused.push(Trouble::Reply { vault, source }),
    }
    Ok(())
}

/// Whether a statement verifies and is meant for the relay that it came with.
fn check<S: Statement>(
    address: &RelayAddress,
    signed: &Signed<S>,
    relay_key: impl Fn(&S) -> PublicKey,
) -> Result<(), Trouble> {
    match signed.verify() {
        Ok(statement) if relay_key(statement) == address.key() => Ok(()),
        _ => Err(Trouble::StatementRefused {
            url: address.url().to_owned(),
            what: S::WHAT,
        }),
    }
}

fn note_delivered(
    change: &mut Change<'_>,
    lane: LaneNumber,
    item: &PlannedItem,
) -> Result<(), StoreError> {
    let (kind, body) = match item {
        PlannedItem::Bundle { content_id, .. } => return change.bundle_told(lane, content_id),
        PlannedItem::Small { kind, body } => (*kind, body),
    };
    match Item::from_body(kind, body) {
        Ok(Item::Stored(receipt)) => change.receipt_told(lane, &receipt.to_wire()),
        Ok(Item::Report(report)) => change.report_told(lane, &report),
        Ok(Item::Request(bytes)) => request_told(change, lane, &bytes),
        // Nothing else is ever due to a vault.
        _ => Ok(()),
    }
}

fn request_told(
    change: &mut Change<'_>,
    lane: LaneNumber,
    bytes: &SigningBytes,
) -> Result<(), StoreError> {
    // It was read when it was made.
    let Ok(parcel) = RequestParcel::from_wire(bytes.expose()) else {
        return Ok(());
    };
    let id = parcel.request.peek_statement().id;
    change.request_told(lane, id, parcel.approvals.len())
}
