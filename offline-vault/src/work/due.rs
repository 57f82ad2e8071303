//! What is due on a pairing: bundles with their tickets, and what a courier needs for the vault's
//! own mailboxes.

use crossing::LaneId;
use pack_format::chunked::ReadAt as _;
use pack_format::codec::Wire as _;
use pack_format::item::{Item, SigningBytes};
use pack_format::limits::ACK_IDS_MAX;
use pack_format::pack::PlannedItem;
use pack_format::relay::{
    Acknowledgement, ContentId, FetchToken, OpenMailbox, PublicKey, Statement as _, Ticket,
};
use signing_format::reply::SealedReply;

use super::bundle_file::BundleFile;
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::store::{
    Contact, ContactId, LaneKind, Mailbox, Outgoing, OutgoingKind, Recipient, RecipientState,
};
use crate::team;
use crate::vault::Vault;

/// Everything that should reach the other machine of a pairing and has not been receipted.
pub(crate) fn due(
    vault: &Vault,
    lane: LaneId,
    now: UnixTime,
) -> Result<Vec<PlannedItem>, WorkError> {
    let tables = vault.store().read();
    let Some(stored) = tables.lane(lane)? else {
        return Ok(Vec::new());
    };
    let mut due = Vec::new();
    if stored.kind == LaneKind::Courier {
        for mailbox in tables.mailboxes()? {
            let taken = tables.unacknowledged(mailbox.space)?;
            for item in mailbox_items(&mailbox) {
                if !tables.lane_item_delivered(lane, item_hash(&item))? {
                    due.push(item);
                }
            }
            due.extend(acknowledgements(&mailbox, &taken));
        }
        due.extend(replies(&tables.due_replies(lane)?)?);
    }
    due.extend(team::due::for_lane(&tables, &stored)?);
    for outgoing in tables.outgoing()?.iter().filter(|outgoing| !outgoing.freed) {
        if !is_readable(vault, outgoing, now)? {
            continue;
        }
        let recipients = tables.recipients(outgoing.id)?;
        let planned = match (stored.kind, stored.contact_id) {
            (LaneKind::Courier, _) => for_courier(vault, outgoing, &recipients)?,
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

/// What was said to the signing requests of this courier's desk.
fn replies(due: &[SealedReply]) -> Result<Vec<PlannedItem>, WorkError> {
    let item = |reply: &SealedReply| {
        let bytes = SigningBytes::new(reply.to_wire()).map_err(WorkError::Stored)?;
        Ok(PlannedItem::small(&Item::Reply(bytes)))
    };
    due.iter().map(item).collect()
}

/// A bundle whose file the disk has lost is left out and named, so that the others go out. A
/// lost receipt is sealed anew with the next.
fn is_readable(vault: &Vault, outgoing: &Outgoing, now: UnixTime) -> Result<bool, WorkError> {
    let path = vault.paths().bundles().join(&outgoing.file);
    let is_whole = BundleFile::open(&path).is_ok_and(|it| it.size_bytes() == outgoing.size_bytes);
    if !is_whole {
        let item = ItemId::Out(outgoing.id);
        let text = format!(
            "{item}: the disk has lost this sealed bundle. Forget it with `offline-vault \
             outbox withdraw {item}` and send it anew."
        );
        vault.store().write(|changes| match outgoing.kind {
            OutgoingKind::Work => changes.note(now, &text),
            OutgoingKind::Receipt => changes.set_outgoing_freed(outgoing.id),
        })?;
    }
    Ok(is_whole)
}

fn for_courier(
    vault: &Vault,
    outgoing: &Outgoing,
    recipients: &[Recipient],
) -> Result<Vec<PlannedItem>, WorkError> {
    let waiting = recipients.iter().filter(|it| is_waiting(it));
    let mut tickets = Vec::new();
    for recipient in waiting {
        let Some(contact) = vault.store().read().contact(recipient.contact_id)? else {
            continue;
        };
        tickets.extend(tickets_for(outgoing, &contact));
    }
    Ok(match (bundle_item(outgoing), tickets.is_empty()) {
        (Some(bundle), false) => std::iter::once(bundle).chain(tickets).collect(),
        _ => Vec::new(),
    })
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

fn bundle_item(outgoing: &Outgoing) -> Option<PlannedItem> {
    let size_bytes = outgoing.size_bytes;
    outgoing.content_id.map(|content_id| PlannedItem::Bundle {
        content_id,
        size_bytes,
    })
}

/// A ticket for each mailbox of the contact.
fn tickets_for(outgoing: &Outgoing, contact: &Contact) -> Vec<PlannedItem> {
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

/// Whether the bundle still has to reach this reader: until it is taken in, or confirmed when it
/// was asked for again.
fn is_waiting(recipient: &Recipient) -> bool {
    let arrived = if recipient.resend {
        RecipientState::Confirmed
    } else {
        RecipientState::TakenIn
    };
    recipient.state < arrived && !recipient.stranded
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

/// What a courier needs to serve one of the vault's mailboxes, told once.
fn mailbox_items(mailbox: &Mailbox) -> [PlannedItem; 2] {
    let keys = &mailbox.keys;
    let open = OpenMailbox {
        relay_key: keys.relay.key(),
        code: keys.code,
        send_key: PublicKey::of_seed(&keys.send_seed),
        fetch_id: keys.fetch_token.id(),
        ack_key: PublicKey::of_seed(&keys.ack_seed),
    };
    let open = Item::Open(keys.relay.clone(), open.sign(&keys.ack_seed));
    let token = FetchToken(keys.fetch_token.0.duplicate());
    let fetch = Item::Fetch(keys.relay.clone(), token);
    [PlannedItem::small(&open), PlannedItem::small(&fetch)]
}

/// What the relay of a mailbox may forget. Due until the courier has it, also when the same was
/// said before: a relay that was told of a bundle before it had it has not forgotten it.
fn acknowledgements(mailbox: &Mailbox, taken: &[ContentId]) -> Vec<PlannedItem> {
    let keys = &mailbox.keys;
    let of_ids = |ids: &[ContentId]| {
        let done = Acknowledgement {
            relay_key: keys.relay.key(),
            ack_key: PublicKey::of_seed(&keys.ack_seed),
            content_ids: ids.to_vec(),
        };
        PlannedItem::small(&Item::Acknowledge(
            keys.relay.clone(),
            done.sign(&keys.ack_seed),
        ))
    };
    taken
        .chunks(usize::try_from(ACK_IDS_MAX).unwrap_or(1))
        .map(of_ids)
        .collect()
}
