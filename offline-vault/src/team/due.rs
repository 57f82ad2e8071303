//! What of the spaces is due on a pairing, and what became of it.

use pack_format::item::Item;
use pack_format::pack::PlannedItem;
use pack_format::relay::{ContentId, StoredReceipt};

use crate::clock::UnixTime;
use crate::store::{
    Changes, LaneKind, RecipientState, SpaceOutgoing, StoreError, StoredLane, Tables,
};

/// The bundles for devices of spaces that should reach the other machine of a pairing.
pub(crate) fn for_lane(
    tables: &Tables<'_>,
    lane: &StoredLane,
) -> Result<Vec<PlannedItem>, StoreError> {
    let mut due = Vec::new();
    for outgoing in tables.space_outgoing()? {
        let bundle = PlannedItem::Bundle {
            content_id: outgoing.bundle.content_id,
            size_bytes: outgoing.bundle.size_bytes,
        };
        match (lane.kind, lane.contact_id) {
            (LaneKind::Courier, _) => {
                if outgoing.state < RecipientState::WithCourier {
                    due.extend(with_tickets(&outgoing, bundle));
                }
            }
            (LaneKind::Vault, Some(contact)) => {
                let peer = tables.peer(outgoing.bundle.peer)?;
                let is_theirs = peer.is_some_and(|peer| peer.contact_id == Some(contact));
                if is_theirs && outgoing.state < RecipientState::TakenIn {
                    due.push(bundle);
                }
            }
            (LaneKind::Vault, None) => {}
        }
    }
    Ok(due)
}

fn with_tickets(outgoing: &SpaceOutgoing, bundle: PlannedItem) -> Vec<PlannedItem> {
    let tickets =
        outgoing.bundle.tickets.iter().map(|(relay, ticket)| {
            PlannedItem::small(&Item::Ticket(relay.clone(), ticket.clone()))
        });
    let tickets: Vec<PlannedItem> = tickets.collect();
    if tickets.is_empty() {
        return tickets;
    }
    std::iter::once(bundle).chain(tickets).collect()
}

/// The other machine of a pairing has a bundle. Returns the file that is not needed any more.
///
/// The bundle is a copy of what the space holds: once somebody has it who answers for it, it can
/// be sealed again at any time.
pub(crate) fn delivered(
    changes: &Changes<'_>,
    lane: &StoredLane,
    content_id: ContentId,
    now: UnixTime,
) -> Result<Option<String>, StoreError> {
    let Some(outgoing) = changes.space_outgoing_with_content(content_id)? else {
        return Ok(None);
    };
    let state = match lane.kind {
        LaneKind::Courier => RecipientState::WithCourier,
        LaneKind::Vault => RecipientState::TakenIn,
    };
    changes.advance_space_outgoing(outgoing.id, state, now)?;
    let goes_directly_as_well = changes
        .peer(outgoing.bundle.peer)?
        .is_some_and(|peer| peer.contact_id.is_some());
    if lane.kind == LaneKind::Courier && goes_directly_as_well {
        return Ok(None);
    }
    changes.set_space_outgoing_freed(outgoing.id)?;
    Ok(Some(outgoing.bundle.file))
}

/// A relay's signed word that it holds a bundle.
pub(crate) fn stored(
    changes: &Changes<'_>,
    receipt: &StoredReceipt,
    now: UnixTime,
) -> Result<(), StoreError> {
    let Some(outgoing) = changes.any_space_outgoing_with_content(receipt.content_id)? else {
        return Ok(());
    };
    let is_theirs = outgoing.bundle.tickets.iter().any(|(_, ticket)| {
        let ticket = ticket.peek_statement();
        ticket.relay_key == receipt.relay_key && ticket.send_key == receipt.send_key
    });
    if is_theirs {
        changes.advance_space_outgoing(outgoing.id, RecipientState::WithRelay, now)?;
    }
    Ok(())
}

/// Bundles lie on a medium that was read back.
pub(crate) fn on_medium(
    changes: &Changes<'_>,
    content_id: ContentId,
    now: UnixTime,
) -> Result<(), StoreError> {
    if let Some(outgoing) = changes.space_outgoing_with_content(content_id)? {
        changes.advance_space_outgoing(outgoing.id, RecipientState::OnStick, now)?;
    }
    Ok(())
}
