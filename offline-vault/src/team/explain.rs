//! Why an item of a space has not arrived, and what to do.

use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use std::collections::{BTreeMap, BTreeSet};

use team_core::ids::DeviceId;
use team_core::role::Role;
use team_core::segment::UncheckedHeader;

use super::TeamError;
use super::delivery::{Deliveries, Delivery, DeliveryState, DeviceDelivery};
use super::items::{Deletion, ItemReference, find, text_of};
use super::session::look;
use super::view::View;
use crate::clock::UnixTime;
use crate::store::{ItemFlag, LaneKind, Standing, StoredItem, StoredOperation};
use crate::vault::Vault;
use crate::wording::count_text;

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
            telling.know(alone(view).to_owned());
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
    /// Nothing of it has effect here, because all of it is late.
    is_late_alone: bool,
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
        self.know(written_by(view, &operations));
        let is_late = stored.line.flags.has(ItemFlag::Late);
        self.is_late_alone = operations.iter().all(|it| it.standing == Standing::Held);
        if let Some(deletion) = Deletion::of(view, stored)? {
            self.know(format!("It was deleted for everyone: {deletion}."));
        } else if stored.line.kind.is_none() && !is_late {
            self.lack("What makes it has not come: only changes of it are here.".to_owned());
        }
        if is_late {
            let part = if self.is_late_alone {
                "It"
            } else {
                "Part of it"
            };
            self.know(format!(
                "{part} was written by somebody who had lost the right to, and has no effect \
                 until an approver adopts it."
            ));
            self.next.push(format!(
                "read the late work: `offline-vault adopt {}`; an approver adopts it.",
                view.name()
            ));
        }
        self.of_pieces(view, &operations)
    }

    /// What has not come of its files.
    fn of_pieces(
        &mut self,
        view: &View<'_>,
        operations: &[StoredOperation],
    ) -> Result<(), TeamError> {
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
            let (pieces, have) = if total == 1 {
                ("piece", "has")
            } else {
                ("pieces", "have")
            };
            self.lack(format!(
                "{missing} of the {total} {pieces} of its files that are known {have} not come; \
                 each sync asks for what is missing."
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
                "{who}: confirmed by its signed summary{as_of}; it still asked for {} of files \
                 then.",
                count_text(device.lacks_pieces as u64, "piece")
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
            DeliveryState::ThroughOthers => format!(
                "{who}: goes through others, who pass it on; this vault has no way there itself."
            ),
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
            let verb = if count == 1 { "is" } else { "are" };
            self.lack(format!(
                "{} of {} {verb} here, and others before have not come.",
                count_text(count, "segment"),
                view.device_text(device)
            ));
        }
        let keys = view.tables.waiting_epochs(view.row())?;
        let segments = keys.iter().map(|(_, count)| *count);
        let segments = segments.fold(0, u64::saturating_add);
        if segments == 0 {
            // Nothing waits for a key.
        } else if view.own_role() == Some(Role::Courier) {
            let carried = count_text(segments, "segment");
            self.know(format!("You carry {carried} that you cannot read."));
        } else {
            let verb = if segments == 1 { "waits" } else { "wait" };
            self.lack(format!(
                "{} {verb} for {} that did not come, or that you are not given.",
                count_text(segments, "segment"),
                count_text(keys.len() as u64, "key")
            ));
        }
        for (standing, count) in view.tables.standing_counts(view.row())? {
            if standing == Standing::Unopened {
                self.know(format!(
                    "{} came and {} not been opened yet: each sync opens more.",
                    count_text(count, "segment"),
                    if count == 1 { "has" } else { "have" }
                ));
            }
            if standing == Standing::Absent {
                let (heads, they) = if count == 1 {
                    ("head is", "it says")
                } else {
                    ("heads are", "they say")
                };
                self.lack(format!(
                    "Of {} only the {heads} here; what {they} has not come.",
                    count_text(count, "segment")
                ));
            }
        }
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, delivery: &Delivery) {
        let has = |state| delivery.devices.iter().any(|it| it.state == state);
        if (has(DeliveryState::Ready) && !self.is_late_alone) || self.lacks {
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
        if has(DeliveryState::ThroughOthers) {
            self.next.push(format!(
                "sync with {}: whoever has it passes it on, and brings back word of it.",
                reached(delivery).join(" or ")
            ));
        }
        if has(DeliveryState::NoWay) {
            self.next.push(format!(
                "make a way to {}: pair a courier here and have them open a mailbox \
                 (`offline-vault space relay {} …` on their side), or pair the two vaults \
                 (`offline-vault pair --help`).",
                names(delivery, |state| state == DeliveryState::NoWay).join(", "),
                view.name()
            ));
        }
        if delivery.devices.is_empty() && !self.is_late_alone {
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

/// Who wrote an item, who changed it, and when that came here; what has no effect is passed over,
/// as long as something has.
fn written_by(view: &View<'_>, operations: &[StoredOperation]) -> String {
    let own = view.own_device();
    let mut counted: Vec<&StoredOperation> = operations.iter().filter(|it| it.in_effect).collect();
    if counted.is_empty() {
        counted = operations.iter().collect();
    }
    let last = counted.iter().map(|it| it.taken_at).max();
    let at = last.unwrap_or(UnixTime(0));
    let first = counted.iter().min_by_key(|it| (it.order, it.dot.index));
    let writer = first.map_or(own, |it| it.dot.device);
    let others: BTreeSet<DeviceId> = counted.iter().map(|it| it.dot.device).collect();
    let others: Vec<String> = others
        .into_iter()
        .filter(|device| *device != writer)
        .map(|device| match device == own {
            true => "you".to_owned(),
            false => view.device_text(device),
        })
        .collect();
    let changed = if others.is_empty() {
        String::new()
    } else {
        format!("; changed by {}", others.join(" and "))
    };
    if writer == own {
        format!("You wrote it here{changed}; the last change is of {at}.")
    } else {
        let who = view.device_text(writer);
        format!("{who} wrote it{changed}; the last change was taken in {at}.")
    }
}

/// Why there is no other device.
fn alone(view: &View<'_>) -> &'static str {
    let own = view.own_member();
    let mut members = view.membership.members();
    if members.any(|member| Some(member.id) != own) {
        "Nobody else is in the space any more."
    } else {
        "Nobody else is in the space yet."
    }
}

/// The devices that have it or get it from here.
fn reached(delivery: &Delivery) -> Vec<&str> {
    names(delivery, |state| state > DeliveryState::ThroughOthers)
}

/// Whose devices are in such a state, each once.
fn names(delivery: &Delivery, is_meant: impl Fn(DeliveryState) -> bool) -> Vec<&str> {
    let meant = delivery.devices.iter().filter(|it| is_meant(it.state));
    let mut names: Vec<&str> = meant.map(|it| it.who.as_str()).collect();
    names.dedup();
    names
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
