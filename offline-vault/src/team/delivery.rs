//! Where an item is, for each device of its space.

use std::collections::{BTreeMap, BTreeSet};

use pack_format::codec::Wire as _;
use team_core::ids::DeviceId;
use team_core::sync::{Extent, Have, Want, acknowledged};

use super::TeamError;
use super::index::SqlIndex;
use super::upkeep::{card_of, has_way};
use super::view::View;
use crate::clock::UnixTime;
use crate::store::{LaneKind, RecipientState, StoredItem};

/// How far an item got on its way to a device, in the one vocabulary of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryState {
    /// No pairing of this vault leads there, nor to anybody who could pass it on.
    NoWay,
    /// No pairing of this vault leads there; others have it or get it, and pass it on.
    ThroughOthers,
    /// It leaves with the next crossing.
    Ready,
    /// It is on a stick that was read back.
    OnStick,
    /// A courier's machine has said that it has it.
    WithCourier,
    /// A relay has said that it has it.
    WithRelay,
    /// The device's paired vault took it.
    TakenIn,
    /// The device has said so itself, signed.
    Confirmed,
}

impl DeliveryState {
    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NoWay => "no way",
            Self::ThroughOthers => "waits for others to pass it on",
            Self::Ready => "ready to carry",
            Self::OnStick => "on stick (checked)",
            Self::WithCourier => "with the courier",
            Self::WithRelay => "with the relay",
            Self::TakenIn => "taken in",
            Self::Confirmed => "confirmed",
        }
    }

    fn of(state: RecipientState) -> Self {
        match state {
            RecipientState::Ready => Self::Ready,
            RecipientState::OnStick => Self::OnStick,
            RecipientState::WithCourier => Self::WithCourier,
            RecipientState::WithRelay => Self::WithRelay,
            RecipientState::TakenIn | RecipientState::Confirmed => Self::TakenIn,
        }
    }
}

/// Where an item is for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDelivery {
    /// The first digits of the device.
    pub device: String,
    /// Whose it is.
    pub who: String,
    /// How far the item got.
    pub state: DeliveryState,
    /// Since when that is known here; none for what was only just written.
    pub as_of: Option<UnixTime>,
    /// Pieces of files in it that the device still asked for then.
    pub lacks_pieces: usize,
    /// Whether a relay keeps a mailbox for the device.
    pub has_mailbox: bool,
}

/// Where an item is, for every other device of the space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Ascending by the name of the member.
    pub devices: Vec<DeviceDelivery>,
}

impl Delivery {
    /// One line: "confirmed by 3 of 5 devices, on stick (checked) for 1, no way to 1".
    #[must_use]
    pub fn summary(&self) -> String {
        if self.devices.is_empty() {
            return "nobody else is in the space".to_owned();
        }
        let mut counts: BTreeMap<DeliveryState, usize> = BTreeMap::new();
        for device in &self.devices {
            let count = counts.entry(device.state).or_default();
            *count = count.saturating_add(1);
        }
        let confirmed = counts.remove(&DeliveryState::Confirmed).unwrap_or(0);
        let noun = match self.devices.len() {
            1 => "device",
            _ => "devices",
        };
        let first = format!("confirmed by {confirmed} of {} {noun}", self.devices.len());
        let rest = counts.iter().rev().map(|(state, count)| match state {
            DeliveryState::NoWay => format!("no way to {count}"),
            DeliveryState::ThroughOthers => {
                let verb = if *count == 1 { "waits" } else { "wait" };
                format!("{count} {verb} for others to pass it on")
            }
            state => format!("{} for {count}", state.words()),
        });
        let parts: Vec<String> = std::iter::once(first).chain(rest).collect();
        parts.join(", ")
    }

    /// Whoever gets it gives it on: where one device is reached, the others are not cut off.
    fn count_on_others(&mut self) {
        if self
            .devices
            .iter()
            .all(|it| it.state == DeliveryState::NoWay)
        {
            return;
        }
        for device in &mut self.devices {
            if device.state == DeliveryState::NoWay {
                device.state = DeliveryState::ThroughOthers;
            }
        }
    }
}

/// What is known of every other device, to be asked about many items.
pub(super) struct Deliveries<'a> {
    view: &'a View<'a>,
    peers: Vec<PeerDelivery>,
}

struct PeerDelivery {
    id: DeviceId,
    who: String,
    /// What its own signed word says that it has, and when that came.
    confirmed: Option<(Extent, UnixTime)>,
    wants: BTreeSet<Want>,
    /// What its bundles hold, and how far each got.
    bundles: Vec<(Extent, DeliveryState, UnixTime)>,
    has_way: bool,
    has_mailbox: bool,
}

impl<'a> Deliveries<'a> {
    pub(super) fn of(view: &'a View<'a>) -> Result<Self, TeamError> {
        let own = view.own_device();
        let devices = view.membership.devices();
        let others: Vec<DeviceId> = devices
            .filter(|device| device.active && device.forked.is_none() && device.id != own)
            .map(|device| device.id)
            .collect();
        let mut peers = Vec::with_capacity(others.len());
        for id in others {
            peers.push(PeerDelivery::of(view, id)?);
        }
        peers.sort_by(|one, other| (&one.who, one.id).cmp(&(&other.who, other.id)));
        Ok(Self { view, peers })
    }

    /// Where an item is.
    pub(super) fn item(&self, stored: &StoredItem) -> Result<Delivery, TeamError> {
        let mut needed = Extent::new();
        let mut segments = BTreeSet::new();
        for operation in self.view.tables.operations_of_item(stored.id)? {
            needed.raise(operation.dot.device, operation.dot.number);
            segments.insert(operation.segment);
        }
        let mut pieces = BTreeSet::new();
        for segment in segments {
            let chunks = self.view.tables.chunks_of_segment(segment)?;
            pieces.extend(chunks.into_iter().map(|chunk| Want(chunk.id.0)));
        }
        let devices = self.peers.iter().map(|peer| peer.item(&needed, &pieces));
        let mut delivery = Delivery {
            devices: devices.collect(),
        };
        delivery.count_on_others();
        Ok(delivery)
    }
}

impl PeerDelivery {
    fn of(view: &View<'_>, id: DeviceId) -> Result<Self, TeamError> {
        let tables = view.tables;
        let (mut confirmed, mut wants) = (None, BTreeSet::new());
        if let Some(stored) = tables.have_of(view.row(), id)? {
            let have = Have::dangerously_from_store(&stored.have).map_err(TeamError::Stored)?;
            let index = SqlIndex::new(tables, view.row(), view.space_id());
            confirmed = Some((acknowledged(&have, &index)?.extent, stored.received_at));
            wants.clone_from(have.wants());
        }
        let peers = tables.peers(view.row())?;
        let peer = peers.into_iter().find(|peer| peer.device == id);
        let card = card_of(view, id);
        let has_mailbox = card
            .as_ref()
            .is_some_and(|card| !card.routes.mailboxes().is_empty());
        let has_way = match (&card, &peer) {
            (Some(card), Some(peer)) => has_way(tables, card, peer)?,
            _ => {
                let lanes = tables.lanes()?;
                has_mailbox && lanes.iter().any(|lane| lane.kind == LaneKind::Courier)
            }
        };
        let bundles = match &peer {
            Some(peer) => bundles(view, peer)?,
            None => Vec::new(),
        };
        Ok(Self {
            id,
            who: view.device_text(id),
            confirmed,
            wants,
            bundles,
            has_way,
            has_mailbox,
        })
    }

    fn item(&self, needed: &Extent, pieces: &BTreeSet<Want>) -> DeviceDelivery {
        let confirmed = self.confirmed.as_ref();
        let confirmed = confirmed.filter(|(extent, _)| extent.covers(needed));
        let holding = self.bundles.iter().filter(|it| it.0.covers(needed));
        let furthest = holding.max_by_key(|it| it.1);
        let (state, as_of) = match (confirmed, furthest) {
            (Some((_, at)), _) => (DeliveryState::Confirmed, Some(*at)),
            (None, Some((_, state, at))) => (*state, Some(*at)),
            (None, None) if self.has_way => (DeliveryState::Ready, None),
            (None, None) => (DeliveryState::NoWay, None),
        };
        DeviceDelivery {
            device: super::view::digits(&self.id.0),
            who: self.who.clone(),
            state,
            as_of,
            lacks_pieces: match confirmed {
                Some(_) => self.wants.intersection(pieces).count(),
                None => 0,
            },
            has_mailbox: self.has_mailbox,
        }
    }
}

/// The newest bundles for a device.
///
/// One that never left and was sealed anew is passed over: the one that took its place holds the
/// same.
fn bundles(
    view: &View<'_>,
    peer: &crate::store::Peer,
) -> Result<Vec<(Extent, DeliveryState, UnixTime)>, TeamError> {
    let kept = view.tables.outgoing_of_space(view.row())?;
    let mut found = Vec::new();
    let numbers = (0..peer.next_sequence).rev().take(BUNDLES_LOOKED_AT);
    for number in numbers {
        let Some(bundle) = view.tables.space_outgoing_numbered(peer.id, number)? else {
            continue;
        };
        let is_kept = kept.iter().any(|it| it.id == bundle.id);
        if bundle.state == RecipientState::Ready && !is_kept {
            continue;
        }
        let holds = Extent::from_wire(&bundle.bundle.holds).map_err(TeamError::Stored)?;
        found.push((holds, DeliveryState::of(bundle.state), bundle.state_at));
    }
    Ok(found)
}

/// Later bundles hold what earlier ones held, as long as nothing confirmed it.
const BUNDLES_LOOKED_AT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn device(state: DeliveryState) -> DeviceDelivery {
        DeviceDelivery {
            device: "5fc1".to_owned(),
            who: "Bilal".to_owned(),
            state,
            as_of: None,
            lacks_pieces: 0,
            has_mailbox: false,
        }
    }

    #[test]
    fn one_line_says_where_an_item_is() {
        let states = [
            DeliveryState::Confirmed,
            DeliveryState::OnStick,
            DeliveryState::Confirmed,
            DeliveryState::NoWay,
        ];
        let delivery = Delivery {
            devices: states.into_iter().map(device).collect(),
        };
        assert_eq!(
            delivery.summary(),
            "confirmed by 2 of 4 devices, on stick (checked) for 1, no way to 1"
        );
        assert_eq!(Delivery::default().summary(), "nobody else is in the space");
    }

    #[test]
    fn a_device_without_a_way_waits_for_others_where_somebody_is_reached() {
        let of = |states: &[DeliveryState]| {
            let mut delivery = Delivery {
                devices: states.iter().copied().map(device).collect(),
            };
            delivery.count_on_others();
            delivery.summary()
        };
        assert_eq!(
            of(&[DeliveryState::Ready, DeliveryState::NoWay]),
            "confirmed by 0 of 2 devices, ready to carry for 1, 1 waits for others to pass it on"
        );
        assert_eq!(
            of(&[DeliveryState::NoWay, DeliveryState::NoWay]),
            "confirmed by 0 of 2 devices, no way to 2"
        );
    }
}
