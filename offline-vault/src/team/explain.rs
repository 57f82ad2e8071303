//! Why an item of a space has not arrived, and what to do.

use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use std::collections::{BTreeMap, BTreeSet};

use team_core::segment::UncheckedHeader;

use super::TeamError;
use super::delivery::{Deliveries, Delivery, DeliveryState, DeviceDelivery};
use super::items::{Deletion, ItemReference, find, text_of};
use super::session::look;
use super::view::View;
use crate::clock::UnixTime;
use crate::store::{ItemFlag, LaneKind, Standing, StoredItem};
use crate::vault::Vault;

/// What is known of an item, in words.
#[derive(Clone, Debug)]
pub struct ItemExplanation {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// What it is: message, file, note, record or schema; none while that is not known.
    pub kind: Option<&'static str>,
    /// What lists show of it. Text of others.
    pub title: String,
    /// Where it is, for each other device.
    pub delivery: Delivery,
    /// What is known, a sentence each.
    pub known: Vec<String>,
    /// What to do, a sentence each.
    pub next: Vec<String>,
}

/// Says where an item is, what is missing of it here and elsewhere, and what to do.
///
/// # Errors
/// [`TeamError`].
pub fn explain(vault: &Vault, which: &ItemReference) -> Result<ItemExplanation, TeamError> {
    look(vault, &which.space, |view| {
        let stored = find(view, &which.digits, None)?;
        let delivery = Deliveries::of(view)?.item(&stored)?;
        let mut telling = Telling::default();
        telling.of_item(view, &stored)?;
        for device in &delivery.devices {
            telling.of_device(view, device)?;
        }
        if delivery.devices.is_empty() {
            telling.know("Nobody else is in the space yet.".to_owned());
        }
        telling.of_gaps(view)?;
        telling.next(view, &delivery);
        Ok(ItemExplanation {
            item: text_of(view, &stored),
            kind: stored.line.kind.map(|kind| kind.word()),
            title: stored.line.title.clone(),
            delivery,
            known: telling.known,
            next: telling.next,
        })
    })
}

/// Sentences, as they are found.
#[derive(Default)]
struct Telling {
    known: Vec<String>,
    next: Vec<String>,
    /// Something has not come here.
    lacks: bool,
}

impl Telling {
    fn know(&mut self, sentence: String) {
        self.known.push(sentence);
    }

    fn lack(&mut self, sentence: String) {
        self.lacks = true;
        self.known.push(sentence);
    }

    /// How the item is here.
    fn of_item(&mut self, view: &View<'_>, stored: &StoredItem) -> Result<(), TeamError> {
        let operations = view.tables.operations_of_item(stored.id)?;
        let authors: BTreeSet<_> = operations.iter().map(|it| it.dot.device).collect();
        let own = view.own_device();
        let last = operations.iter().map(|it| it.taken_at).max();
        let others: Vec<String> = authors
            .into_iter()
            .filter(|device| *device != own)
            .map(|device| view.device_text(device))
            .collect();
        let at = last.unwrap_or(UnixTime(0));
        self.know(if others.is_empty() {
            format!("It was written here; the last change is of {at}.")
        } else {
            format!(
                "{} wrote it; the last change was taken in {at}.",
                others.join(" and ")
            )
        });
        if let Some(deletion) = Deletion::of(view, stored)? {
            self.know(format!("It was deleted for everyone: {deletion}."));
        } else if stored.line.kind.is_none() {
            self.lack(
                "What makes it has not come, or was written too late: only changes of it are here."
                    .to_owned(),
            );
        }
        if stored.line.flags.has(ItemFlag::Late) {
            self.know(format!(
                "Part of it was written by somebody who had lost the right to, and has no effect \
                 until an approver adopts it: offline-vault adopt {}.",
                view.name()
            ));
        }
        let (mut missing, mut total) = (0usize, 0usize);
        for segment in operations
            .iter()
            .map(|it| it.segment)
            .collect::<BTreeSet<_>>()
        {
            for chunk in view.tables.chunks_of_segment(segment)? {
                total = total.saturating_add(1);
                missing = missing.saturating_add(usize::from(chunk.file.is_none()));
            }
        }
        if missing > 0 {
            self.lack(format!(
                "{missing} of the {total} pieces of its files that are known have not come; they \
                 are asked for with each sync."
            ));
        }
        Ok(())
    }

    /// How far it got to a device, and why not further.
    fn of_device(&mut self, view: &View<'_>, device: &DeviceDelivery) -> Result<(), TeamError> {
        let who = &device.who;
        let as_of = device
            .as_of
            .map_or_else(String::new, |at| format!(", as of {at}"));
        self.know(match device.state {
            DeliveryState::Confirmed if device.lacks_pieces > 0 => format!(
                "{who}: confirmed by its signed summary{as_of}; it still asked for {} pieces of \
                 files then.",
                device.lacks_pieces
            ),
            DeliveryState::Confirmed => {
                format!("{who}: confirmed by its signed summary{as_of}.")
            }
            DeliveryState::TakenIn => format!(
                "{who}: taken in by their paired vault{as_of}; its signed summary comes with the \
                 next crossing."
            ),
            DeliveryState::WithRelay => format!(
                "{who}: with the relay{as_of}; their courier has to fetch it. Whether it did is \
                 not known since."
            ),
            DeliveryState::WithCourier => format!(
                "{who}: with the courier{as_of}; whether it reached the relay is known after the \
                 courier’s next report."
            ),
            DeliveryState::OnStick => format!(
                "{who}: on stick (checked){as_of}; no machine has said that it read the stick."
            ),
            DeliveryState::Ready => format!("{who}: ready to carry{as_of}; it has not left."),
            DeliveryState::NoWay => format!("{who}: no way. {}", why_no_way(view, device)?),
        });
        Ok(())
    }

    /// What waits in the space as a whole: it may be about this item.
    fn of_gaps(&mut self, view: &View<'_>) -> Result<(), TeamError> {
        let mut waiting: BTreeMap<_, u64> = BTreeMap::new();
        for pending in view.tables.pending_segments(view.row())? {
            let header = UncheckedHeader::from_wire(&pending.header).map_err(TeamError::Stored)?;
            let count = waiting.entry(header.peek_fields().device).or_default();
            *count = count.saturating_add(1);
        }
        for (device, count) in waiting {
            self.lack(format!(
                "{count} segments of {} are here and wait for others before them that have not \
                 come.",
                view.device_text(device)
            ));
        }
        let keys = view.tables.waiting_epochs(view.row())?;
        let segments = keys.iter().map(|(_, count)| *count);
        let segments = segments.fold(0, u64::saturating_add);
        if segments > 0 {
            self.lack(format!(
                "{segments} segments are here and wait for {} keys that have not come, or that \
                 are not for you.",
                keys.len()
            ));
        }
        for (standing, count) in view.tables.standing_counts(view.row())? {
            if standing == Standing::Absent {
                self.lack(format!(
                    "Of {count} segments only the heads are here; what they say has not come."
                ));
            }
        }
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, delivery: &Delivery) {
        let has = |state| delivery.devices.iter().any(|it| it.state == state);
        if has(DeliveryState::Ready) || self.lacks {
            self.next.push(
                "plug in a stick and run `offline-vault sync --stick PATH`, or sync by light."
                    .to_owned(),
            );
        }
        if has(DeliveryState::OnStick) {
            self.next.push(
                "take the stick to the courier or the other vault; if it is lost, sync with \
                 another one: what has not arrived goes again."
                    .to_owned(),
            );
        }
        if has(DeliveryState::WithCourier) {
            self.next
                .push("sync with the courier’s stick again to learn how far it got.".to_owned());
        }
        if has(DeliveryState::NoWay) {
            let mut members: Vec<&str> = Vec::new();
            for device in &delivery.devices {
                if device.state == DeliveryState::NoWay {
                    members.push(&device.who);
                }
            }
            members.dedup();
            self.next.push(format!(
                "make a way to {}: pair a courier here and have them open a mailbox \
                 (`offline-vault space relay {} …` on their side), or pair the two vaults \
                 (`offline-vault pair --help`).",
                members.join(", "),
                view.name()
            ));
        }
        if delivery.devices.is_empty() {
            self.next.push(format!(
                "invite somebody: offline-vault space invite {} --help.",
                view.name()
            ));
        }
        if self.next.is_empty() {
            self.next.push(if has(DeliveryState::WithRelay) {
                "nothing here: the others fetch it from the relay.".to_owned()
            } else {
                "nothing: everybody has it.".to_owned()
            });
        }
    }
}

fn why_no_way(view: &View<'_>, device: &DeviceDelivery) -> Result<String, TeamError> {
    let lanes = view.tables.lanes()?;
    let has_courier = lanes.iter().any(|lane| lane.kind == LaneKind::Courier);
    Ok(match (device.has_mailbox, has_courier) {
        (false, _) => {
            "Its vault is not paired with this one and it has no mailbox in this space.".to_owned()
        }
        (true, false) => format!(
            "It has a mailbox, but no courier is paired here, nor is its vault ({}).",
            Shown(&device.device)
        ),
        (true, true) => "Its keys have not come.".to_owned(),
    })
}
