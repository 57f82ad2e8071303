//! The vault as a crossing sees it: what it takes, what is due, what became of what was sent.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use bundle_format::open::OpenError;
use crossing::{Host, HostError, Lane, LaneId};
use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::item::Item;
use pack_format::limits::ACK_IDS_MAX;
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::relay::{
    Acknowledgement, ContentId, OpenMailbox, PublicKey, Signed, Statement as _, StoredReceipt,
    Ticket,
};
use pack_format::shown::Shown;

use super::bundle_file::{BundleFile, NewBundleFile};
use super::outbox::seal_due_receipts;
use super::take_in::{Applied, Listening, apply, verify};
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::files::remove_if_present;
use crate::store::{
    Changes, Contact, ContactId, LaneKind, Mailbox, Outgoing, OutgoingId, OutgoingKind, Recipient,
    RecipientState, Seen,
};
use crate::vault::Vault;

/// What a crossing brought, for the person.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// New items of the inbox.
    pub(crate) items: Vec<ItemId>,
    /// Bundles that readers confirmed.
    pub(crate) confirmed: Vec<(OutgoingId, ContactId)>,
    /// Bundles that were refused, with the reason.
    pub(crate) refused: Vec<String>,
    /// What couriers reported.
    pub(crate) reports: Vec<String>,
    /// Bundles that were here already.
    pub(crate) duplicates: u64,
}

/// One crossing of one vault.
pub(crate) struct VaultHost<'a> {
    vault: &'a Vault,
    now: UnixTime,
    spool: std::path::PathBuf,
    bundles: Vec<NewBundleFile>,
    items: Vec<(LaneId, Item)>,
    delivered: Vec<(LaneId, PlannedItem)>,
    receipts_sealed: bool,
    pub(crate) brought: Brought,
}

impl<'a> VaultHost<'a> {
    pub(crate) fn new(vault: &'a Vault, now: UnixTime) -> Self {
        Self {
            vault,
            now,
            spool: vault.paths().spool(),
            bundles: Vec::new(),
            items: Vec::new(),
            delivered: Vec::new(),
            receipts_sealed: false,
            brought: Brought::default(),
        }
    }

    /// Makes everything taken and delivered durable, together with the lane.
    fn commit(&mut self, lane: &Lane) -> Result<(), WorkError> {
        let arrivals = self.verify_bundles()?;
        let own_incarnation = self.vault.store().read().meta()?.incarnation;
        let (items, delivered) = (
            std::mem::take(&mut self.items),
            std::mem::take(&mut self.delivered),
        );
        let mut brought = Brought::default();
        let mut freed = Vec::new();
        let kept = self.vault.store().write(|changes| {
            let mut kept = BTreeSet::new();
            for (at, arrival) in arrivals.into_iter().enumerate() {
                let name = self.bundles.get(at).map_or("", NewBundleFile::name);
                let applied = match arrival {
                    Arrival::Known(id) => {
                        let replaced = answer_again(changes, id, name)?;
                        if replaced.is_some() {
                            kept.insert(at);
                        } else {
                            brought.duplicates += 1;
                        }
                        Applied {
                            freed_files: replaced.into_iter().collect(),
                            ..Applied::default()
                        }
                    }
                    Arrival::Refused(id, reason) => {
                        note_refusal(changes, id, &reason, self.now)?;
                        brought.refused.push(reason);
                        Applied::default()
                    }
                    Arrival::Verified(arrival) => {
                        apply(changes, *arrival, own_incarnation, name, self.now)?
                    }
                };
                brought.confirmed.extend(applied.confirmed);
                freed.extend(applied.freed_files);
                if let Some(item) = applied.item {
                    kept.insert(at);
                    brought.items.push(item);
                }
            }
            for (lane, item) in &items {
                self.apply_item(changes, *lane, item, &mut brought)?;
            }
            for (lane, item) in &delivered {
                freed.extend(self.apply_delivered(changes, *lane, item)?);
            }
            changes.set_lane_state(lane.id(), &zeroize::Zeroizing::new(lane.to_wire()))?;
            Ok::<_, WorkError>(kept)
        })?;
        for (at, mut file) in self.bundles.drain(..).enumerate() {
            if kept.contains(&at) {
                file.keep();
            }
        }
        for name in freed {
            remove_if_present(&self.vault.paths().bundles().join(name))?;
        }
        self.brought.add(brought);
        Ok(())
    }

    /// Opens and verifies everything that came, before the transaction: it may take a while.
    fn verify_bundles(&self) -> Result<Vec<Arrival>, WorkError> {
        if self.bundles.is_empty() {
            return Ok(Vec::new());
        }
        let listening = Listening::new(self.vault)?;
        let opener = listening.opener(self.vault);
        let mut here = BTreeSet::new();
        let mut arrivals = Vec::new();
        for file in &self.bundles {
            let id = file.content_id();
            let known = self.vault.store().read().seen(id)?.is_some();
            file.sync()?;
            if known || !here.insert(id) {
                arrivals.push(Arrival::Known(id));
                continue;
            }
            let verified = verify(
                self.vault,
                &listening,
                &opener,
                file.path(),
                id,
                &mut |_| true,
            );
            arrivals.push(match verified {
                Ok(arrival) => Arrival::Verified(Box::new(arrival)),
                Err(err) if err.is_refusal() => Arrival::Refused(id, refusal(&err)),
                Err(source) => return Err(WorkError::TakeIn(source)),
            });
        }
        Ok(arrivals)
    }

    fn apply_item(
        &self,
        changes: &Changes<'_>,
        lane: LaneId,
        item: &Item,
        brought: &mut Brought,
    ) -> Result<(), WorkError> {
        let name = changes
            .lane(lane)?
            .map_or_else(String::new, |lane| lane.name.to_string());
        match item {
            Item::Stored(signed) => apply_stored(changes, signed, self.now),
            Item::Report(report) => {
                let about = match changes.outgoing_with_content(report.content_id)? {
                    Some(outgoing) => format!("{}: ", ItemId::Out(outgoing.id)),
                    None => String::new(),
                };
                let (code, text) = (Shown(&report.code), Shown(&report.text));
                let text = format!("{name} reports: {about}{text} [{code}]");
                changes.note(self.now, &text)?;
                brought.reports.push(text);
                Ok(())
            }
            _ => {
                let text =
                    format!("{name} sent something that only a vault sends; it was ignored.");
                changes.note(self.now, &text)?;
                Ok(())
            }
        }
    }

    /// The other machine has an item. Returns the files that are not needed any more.
    fn apply_delivered(
        &self,
        changes: &Changes<'_>,
        lane: LaneId,
        item: &PlannedItem,
    ) -> Result<Vec<String>, WorkError> {
        let Some(stored) = changes.lane(lane)? else {
            return Ok(Vec::new());
        };
        changes.insert_lane_item(lane, item_hash(item))?;
        match item {
            PlannedItem::Bundle { content_id, .. } => {
                let Some(outgoing) = changes.outgoing_with_content(*content_id)? else {
                    return Ok(Vec::new());
                };
                self.bundle_delivered(changes, stored.contact_id, &outgoing)
            }
            PlannedItem::Small { kind, body } => {
                match Item::from_body(*kind, body) {
                    Ok(Item::Open(relay, _)) => {
                        let mailboxes = changes.mailboxes()?;
                        for mailbox in mailboxes.iter().filter(|it| it.keys.relay == relay) {
                            changes.set_mailbox_opened(mailbox.id)?;
                        }
                    }
                    Ok(Item::Acknowledge(_, signed)) => {
                        for id in &signed.peek_statement().content_ids {
                            changes.set_acknowledged(*id, true)?;
                        }
                    }
                    _ => {}
                }
                Ok(Vec::new())
            }
        }
    }

    fn bundle_delivered(
        &self,
        changes: &Changes<'_>,
        reader: Option<ContactId>,
        outgoing: &Outgoing,
    ) -> Result<Vec<String>, WorkError> {
        for recipient in changes.recipients(outgoing.id)? {
            let state = match reader {
                Some(contact) if contact == recipient.contact_id => RecipientState::TakenIn,
                Some(_) => continue,
                None => RecipientState::WithCourier,
            };
            changes.advance_recipient(outgoing.id, recipient.contact_id, state, self.now)?;
            changes.set_recipient_resend(outgoing.id, recipient.contact_id, false)?;
        }
        // Nobody confirms receipts; with the courier they are as safe as they can be.
        if outgoing.kind == OutgoingKind::Receipt && !outgoing.freed {
            changes.set_outgoing_freed(outgoing.id)?;
            return Ok(vec![outgoing.file.clone()]);
        }
        Ok(Vec::new())
    }

    fn find_due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, WorkError> {
        if !std::mem::replace(&mut self.receipts_sealed, true) {
            seal_due_receipts(self.vault, self.now)?;
        }
        let tables = self.vault.store().read();
        let Some(stored) = tables.lane(lane)? else {
            return Ok(Vec::new());
        };
        let mut due = Vec::new();
        if stored.kind == LaneKind::Courier {
            for mailbox in tables.mailboxes()? {
                for item in mailbox_items(&mailbox, &tables.unacknowledged()?) {
                    if !tables.lane_item_delivered(lane, item_hash(&item))? {
                        due.push(item);
                    }
                }
            }
        }
        for outgoing in tables.outgoing()?.iter().filter(|outgoing| !outgoing.freed) {
            let recipients = tables.recipients(outgoing.id)?;
            let planned = match (stored.kind, stored.contact_id) {
                (LaneKind::Courier, _) => self.for_courier(outgoing, &recipients)?,
                (LaneKind::Vault, Some(contact)) => for_vault(outgoing, &recipients, contact),
                (LaneKind::Vault, None) => Vec::new(),
            };
            // A bundle goes with its tickets: as long as one of them is due, so is the bundle.
            let mut is_due = recipients.iter().any(|it| it.resend);
            for item in &planned {
                is_due |= !tables.lane_item_delivered(lane, item_hash(item))?;
            }
            if is_due {
                due.extend(planned);
            }
        }
        Ok(due)
    }

    fn for_courier(
        &self,
        outgoing: &Outgoing,
        recipients: &[Recipient],
    ) -> Result<Vec<PlannedItem>, WorkError> {
        let waiting = recipients.iter().filter(|it| is_waiting(it));
        let mut tickets = Vec::new();
        for recipient in waiting {
            let Some(contact) = self.vault.store().read().contact(recipient.contact_id)? else {
                continue;
            };
            tickets.extend(tickets_for(outgoing, &contact));
        }
        Ok(match (bundle_item(outgoing), tickets.is_empty()) {
            (Some(bundle), false) => std::iter::once(bundle).chain(tickets).collect(),
            _ => Vec::new(),
        })
    }
}

impl Brought {
    fn add(&mut self, more: Self) {
        self.items.extend(more.items);
        self.confirmed.extend(more.confirmed);
        self.refused.extend(more.refused);
        self.reports.extend(more.reports);
        self.duplicates += more.duplicates;
    }
}

enum Arrival {
    Known(ContentId),
    Refused(ContentId, String),
    Verified(Box<super::take_in::VerifiedArrival>),
}

fn refusal(err: &OpenError) -> String {
    match std::error::Error::source(err) {
        Some(cause) => format!("{err}: {cause}"),
        None => err.to_string(),
    }
}

/// Another copy of a known bundle means that an answer to the first was lost. It replaces a copy
/// that the disk has damaged: the same hash is the same bundle. Returns the file it replaces.
fn answer_again(
    changes: &Changes<'_>,
    id: ContentId,
    file: &str,
) -> Result<Option<String>, WorkError> {
    changes.set_acknowledged(id, false)?;
    let Some(incoming) = changes.incoming_with_content(id)? else {
        return Ok(None);
    };
    changes.set_incoming_receipted(incoming.id, false)?;
    if !incoming.damaged {
        return Ok(None);
    }
    changes.repair_incoming(incoming.id, file)?;
    Ok(Some(incoming.bundle.file))
}

fn note_refusal(
    changes: &Changes<'_>,
    id: ContentId,
    reason: &str,
    now: UnixTime,
) -> Result<(), WorkError> {
    changes.insert_seen(
        id,
        &Seen {
            taken_at: now,
            refused: Some(reason.to_owned()),
        },
    )?;
    changes.note(now, &format!("A bundle was refused: {reason}."))?;
    Ok(())
}

/// The relay's signed word that it holds a bundle, if it is about one of ours and a reader's own
/// mailbox.
fn apply_stored(
    changes: &Changes<'_>,
    signed: &Signed<StoredReceipt>,
    now: UnixTime,
) -> Result<(), WorkError> {
    let Ok(receipt) = signed.verify() else {
        changes.note(now, "A relay's receipt did not verify and was ignored.")?;
        return Ok(());
    };
    let Some(outgoing) = changes.outgoing_with_content(receipt.content_id)? else {
        return Ok(());
    };
    for recipient in changes.recipients(outgoing.id)? {
        let Some(contact) = changes.contact(recipient.contact_id)? else {
            continue;
        };
        let is_theirs = contact.card.mailboxes().iter().any(|mailbox| {
            mailbox.relay.key() == receipt.relay_key
                && PublicKey::of_seed(&mailbox.send_seed) == receipt.send_key
        });
        if is_theirs {
            let state = RecipientState::WithRelay;
            changes.advance_recipient(outgoing.id, recipient.contact_id, state, now)?;
        }
    }
    Ok(())
}

/// The name under which a delivered item is remembered.
pub(crate) fn item_hash(item: &PlannedItem) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("causeway/vault/v1 delivered item");
    match item {
        PlannedItem::Bundle { content_id, .. } => hasher
            .update(&[pack_format::item::KIND_BUNDLE])
            .update(&content_id.0),
        PlannedItem::Small { kind, body } => hasher.update(&[*kind]).update(body),
    };
    *hasher.finalize().as_bytes()
}

pub(crate) fn bundle_item(outgoing: &Outgoing) -> Option<PlannedItem> {
    let size_bytes = outgoing.size_bytes;
    outgoing.content_id.map(|content_id| PlannedItem::Bundle {
        content_id,
        size_bytes,
    })
}

/// A ticket for each mailbox of the contact.
pub(crate) fn tickets_for(outgoing: &Outgoing, contact: &Contact) -> Vec<PlannedItem> {
    let Some(content_id) = outgoing.content_id else {
        return Vec::new();
    };
    let ticket = |mailbox: &bundle_format::card::CardMailbox| {
        let ticket = Ticket {
            relay_key: mailbox.relay.key(),
            send_key: PublicKey::of_seed(&mailbox.send_seed),
            content_id,
            size_bytes: outgoing.size_bytes,
        };
        let item = Item::Ticket(mailbox.relay.clone(), ticket.sign(&mailbox.send_seed));
        PlannedItem::small(&item)
    };
    contact.card.mailboxes().iter().map(ticket).collect()
}

/// Whether the bundle still has to reach this reader.
fn is_waiting(recipient: &Recipient) -> bool {
    recipient.state < RecipientState::TakenIn && !recipient.stranded
}

fn for_vault(
    outgoing: &Outgoing,
    recipients: &[Recipient],
    contact: ContactId,
) -> Vec<PlannedItem> {
    let is_for = |it: &&Recipient| it.contact_id == contact && is_waiting(it);
    match recipients.iter().find(is_for) {
        Some(_) => bundle_item(outgoing).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What a courier needs to serve one of the vault's mailboxes.
fn mailbox_items(mailbox: &Mailbox, taken: &[ContentId]) -> Vec<PlannedItem> {
    let keys = &mailbox.keys;
    let ack_key = PublicKey::of_seed(&keys.ack_seed);
    let open = OpenMailbox {
        relay_key: keys.relay.key(),
        code: keys.code,
        send_key: PublicKey::of_seed(&keys.send_seed),
        fetch_id: keys.fetch_token.id(),
        ack_key,
    };
    let open = Item::Open(keys.relay.clone(), open.sign(&keys.ack_seed));
    let token = pack_format::relay::FetchToken(keys.fetch_token.0.duplicate());
    let fetch = Item::Fetch(keys.relay.clone(), token);
    let mut items = vec![PlannedItem::small(&open), PlannedItem::small(&fetch)];
    for ids in taken.chunks(usize::try_from(ACK_IDS_MAX).unwrap_or(1)) {
        let done = Acknowledgement {
            relay_key: keys.relay.key(),
            ack_key,
            content_ids: ids.to_vec(),
        };
        let item = Item::Acknowledge(keys.relay.clone(), done.sign(&keys.ack_seed));
        items.push(PlannedItem::small(&item));
    }
    items
}

impl BundleSource for VaultHost<'_> {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let found = self.vault.store().read().outgoing_with_content(*content_id);
        let outgoing = found
            .map_err(io::Error::other)?
            .ok_or(io::ErrorKind::NotFound)?;
        let path = self.vault.paths().bundles().join(outgoing.file);
        Ok(Box::new(BundleFile::open(&path)?))
    }
}

impl Host for VaultHost<'_> {
    fn take_bundle(
        &mut self,
        _lane: LaneId,
        _size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        let random = self.vault.rng().map_err(io::Error::other)?.array();
        let folder = self.vault.paths().bundles();
        let mut file = NewBundleFile::create(&folder, random).map_err(io::Error::other)?;
        file.copy_from(body)?;
        self.bundles.push(file);
        Ok(())
    }

    fn take_item(&mut self, lane: LaneId, item: Item) -> io::Result<()> {
        self.items.push((lane, item));
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.commit(lane).map_err(HostError::new)
    }

    fn discard_pack(&mut self) {
        self.bundles.clear();
        self.items.clear();
        self.delivered.clear();
    }

    fn delivered(&mut self, lane: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.delivered
            .extend(items.iter().map(|item| (lane, item.clone())));
        Ok(())
    }

    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.commit(lane).map_err(HostError::new)
    }

    fn due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        self.find_due(lane).map_err(HostError::new)
    }

    fn spool_dir(&self) -> &Path {
        &self.spool
    }
}
