//! Prekeys and mailboxes that came with the grants of devices.

use std::collections::BTreeMap;

use super::engine::{Grant, GrantKind};
use super::members::Membership;
use super::order::{Key, index};
use crate::control::Control;
use crate::device_card::DeviceCard;
use crate::ids::{DeviceId, OperationId};

/// A card with the operation that it came with and the mark of that.
struct Dealt<'m> {
    mark: u32,
    operation: OperationId,
    card: &'m DeviceCard,
}

impl Membership {
    /// Takes for each device the card that it was let in with.
    ///
    /// Anybody can grant a device that he knows of once more, with a card of his own, and would
    /// read what is wrapped to it. So only those count who could let this device in, and of what
    /// they say what came first; where two did so at once there is no telling who is right.
    pub(super) fn collect_cards(&mut self) {
        let mut found: BTreeMap<DeviceId, (u32, OperationId)> = BTreeMap::new();
        for device in self.walked.engine.links.keys() {
            if let Some(id) = self.device_id(device)
                && let Some(dealt) = self.first_card(&self.cards_of(device))
            {
                found.insert(id, dealt);
            }
        }
        for (device, (number, operation)) in found {
            self.prekeys.insert(device, (number, operation));
            self.routes.insert(device, operation);
        }
    }

    /// The cards of those who could let a device in, in the order of the segments.
    fn cards_of(&self, device: Key) -> Vec<Dealt<'_>> {
        let links = self.walked.engine.links.of(device).iter();
        let held = links.filter(|(_, grant)| self.ask(false, |court| court.is_held(*grant)));
        let mut own = Vec::new();
        let mut further = Vec::new();
        let chosen = self.device_id(device).and_then(|id| self.member_of(id));
        for (member, place) in held {
            let grant = self.walked.engine.grants.get(index(*place));
            let Some((grant, dealt)) = grant.and_then(|grant| Some((grant, self.dealt(grant)?)))
            else {
                continue;
            };
            match grant.kind {
                GrantKind::Genesis { .. } | GrantKind::Member { .. } => own.push(dealt),
                _ if self.member_id(*member) == chosen => further.push(dealt),
                _ => {}
            }
        }
        if own.is_empty() { further } else { own }
    }

    fn dealt(&self, grant: &Grant) -> Option<Dealt<'_>> {
        let at = self.walked.engine.marks.get(index(grant.mark))?.at;
        let (node, operation) = self.operation_at(at)?;
        Some(Dealt {
            mark: grant.mark,
            operation: OperationId {
                segment: node.hash,
                index: at.index,
            },
            card: card_in(operation)?,
        })
    }

    /// Of cards the one before which no other came; none where two such differ.
    fn first_card(&self, dealt: &[Dealt<'_>]) -> Option<(u32, OperationId)> {
        let engine = &self.walked.engine;
        // Marks are in an order in which each comes after its past.
        let mut first: Vec<&Dealt<'_>> = Vec::new();
        for one in dealt {
            let is_later = |other: &&Dealt<'_>| engine.precedes(other.mark, one.mark);
            if first.iter().any(is_later) {
                continue;
            }
            if first
                .first()
                .is_some_and(|other| !is_same(other.card, one.card))
            {
                return None;
            }
            first.push(one);
        }
        let named = first.into_iter().min_by_key(|one| one.operation)?;
        Some((named.card.prekey_number, named.operation))
    }
}

fn is_same(one: &DeviceCard, other: &DeviceCard) -> bool {
    let (routes, others) = (one.routes.mailboxes(), other.routes.mailboxes());
    let mut both = routes.iter().zip(others);
    one.prekey_number == other.prekey_number
        && one.prekey == other.prekey
        && routes.len() == others.len()
        && both.all(|(one, other)| {
            one.relay == other.relay && one.send_seed.expose() == other.send_seed.expose()
        })
}

/// The card that an operation brings with it.
pub(super) fn card_in(operation: &Control) -> Option<&DeviceCard> {
    match operation {
        Control::Genesis(genesis) => Some(&genesis.card),
        Control::AddMember(add) => Some(&add.card),
        Control::AddDevice(add) => Some(&add.card),
        _ => None,
    }
}
