//! Content segments: opened once their key is here, and in effect as far as their author had the
//! right.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bundle_format::open::OpenError;
use team_content::batch::{Decoded, decode_alone, decode_batch, encode_alone};
use team_content::fold::{Folded, Item, fold, schema_of};
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Stamped;
use team_content::schema::Schema;
use team_core::content::{ContentOperation, decode_operations, required_role};
use team_core::epoch::{ContentCodec, ContentError, ContentPlace, EpochKey};
use team_core::ids::{CompartmentId, DeviceId, EpochId, SegmentHash};
use team_core::limits::SEGMENT_NUMBER_MAX;
use team_core::membership::{Standing as Rights, ViewStep};
use team_core::role::Role;
use team_core::segment::{Header, Kind};

use super::TeamError;
use super::brought::Brought;
use super::files;
use super::graph;
use super::view::View;
use crate::clock::UnixTime;
use crate::store::{
    Changes, ItemFlag, ItemLine, ItemRow, NewOperation, SegmentKind, SegmentPlace, SegmentRow,
    Standing, StoredItem, StoredSegment, Tables,
};
use crate::work::WorkError;

pub(super) fn error(err: ContentError) -> TeamError {
    match err {
        ContentError::Machine(source) => {
            TeamError::Work(Box::new(WorkError::TakeIn(OpenError::Machine(source))))
        }
        err => TeamError::Input {
            what: err.to_string(),
        },
    }
}

/// With which right each device wrote each of its segments, worked out once for each device and
/// compartment.
struct RightsBook {
    steps: BTreeMap<DeviceId, Vec<ViewStep>>,
    known: BTreeMap<(DeviceId, CompartmentId), Rights>,
}

impl RightsBook {
    fn new() -> Self {
        Self {
            steps: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// With which right a device wrote into a compartment.
    fn of(
        &mut self,
        view: &View<'_>,
        device: DeviceId,
        compartment: CompartmentId,
    ) -> Result<&Rights, TeamError> {
        Ok(match self.known.entry((device, compartment)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let steps = match self.steps.entry(device) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => {
                        let stored = view.tables.device_chain(view.row(), device)?;
                        free.insert(match stored {
                            Some(stored) => graph::view_steps(view.tables, stored.id)?,
                            None => Vec::new(),
                        })
                    }
                };
                free.insert(view.membership.standing_in(device, compartment, steps))
            }
        })
    }

    /// The role with which a device wrote its segment of this number.
    fn role(
        &mut self,
        view: &View<'_>,
        device: DeviceId,
        compartment: CompartmentId,
        number: u64,
    ) -> Result<Option<Role>, TeamError> {
        Ok(self.of(view, device, compartment)?.role_at(number))
    }
}

/// Opens content segments whose keys are here and lets them take effect. Segments without a key
/// are left to wait.
pub(super) fn take_in(
    changes: &Changes<'_>,
    view: &View<'_>,
    codec: &mut ContentCodec,
    segments: &[SegmentHash],
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut opening = Opening::new(changes, view);
    for hash in segments {
        if let Some(stored) = changes.segment_with_hash(view.row(), *hash)? {
            opening.open(codec, &stored)?;
        }
    }
    opening.finish(brought)
}

/// Opens what waited for the keys of these epochs.
pub(super) fn open_waiting(
    changes: &Changes<'_>,
    view: &View<'_>,
    codec: &mut ContentCodec,
    epochs: &[EpochId],
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut opening = Opening::new(changes, view);
    for epoch in epochs {
        let mut after = None;
        loop {
            let waiting = changes.waiting_content(view.row(), *epoch, after, PAGE)?;
            let Some(last) = waiting.last() else { break };
            after = Some(last.place.id);
            for stored in &waiting {
                opening.open(codec, stored)?;
            }
        }
    }
    opening.finish(brought)
}

/// The membership has changed: what is in effect of the devices whose rights are others now is
/// looked at anew.
pub(super) fn judge_anew(
    changes: &Changes<'_>,
    before: &View<'_>,
    after: &View<'_>,
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut opening = Opening::new(changes, after);
    let mut earlier = RightsBook::new();
    let (was_adopted, is_adopted) = (before.membership.adopted(), after.membership.adopted());
    let named = before.membership.compartments();
    let named = named.chain(after.membership.compartments());
    let mut compartments: BTreeSet<CompartmentId> = named.map(|it| it.id).collect();
    let has_named = !compartments.is_empty();
    compartments.insert(CompartmentId::WHOLE);
    for device in changes.devices(after.row())? {
        let id = device.device;
        let mut is_same = was_adopted == is_adopted;
        for compartment in &compartments {
            let was = earlier.of(before, id, *compartment)?;
            is_same &= was == opening.rights.of(after, id, *compartment)?;
        }
        if is_same {
            continue;
        }
        let places = changes.places_after(device.id, 0, SEGMENT_NUMBER_MAX)?;
        let is_open = |place: &&SegmentPlace| {
            place.kind == SegmentKind::Content
                && matches!(place.standing, Standing::InEffect | Standing::Held)
        };
        for place in places.iter().filter(is_open) {
            let compartment = if has_named {
                opening.compartment_of(place.hash)?
            } else {
                CompartmentId::WHOLE
            };
            let was = earlier.role(before, id, compartment, place.number)?;
            let is = opening.rights.role(after, id, compartment, place.number)?;
            let adopted = is_adopted.contains(&place.hash);
            if was != is || was_adopted.contains(&place.hash) != adopted {
                opening.judge(place.id, is, adopted)?;
            }
        }
    }
    opening.finish(brought)
}

/// The payloads of these segments were destroyed: the items they were about are worked out anew.
pub(super) fn fold_anew(
    changes: &Changes<'_>,
    view: &View<'_>,
    items: impl IntoIterator<Item = ItemRow>,
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut opening = Opening::new(changes, view);
    opening.items.extend(items);
    opening.finish(brought)
}

/// Content that is being opened: which items it is about, and who may write them.
struct Opening<'a> {
    changes: &'a Changes<'a>,
    view: &'a View<'a>,
    rights: RightsBook,
    compartments: BTreeMap<EpochId, CompartmentId>,
    keys: BTreeMap<EpochId, Option<EpochKey>>,
    used: BTreeSet<EpochId>,
    items: BTreeSet<ItemRow>,
    late_segments: u64,
}

impl<'a> Opening<'a> {
    fn new(changes: &'a Changes<'a>, view: &'a View<'a>) -> Self {
        Self {
            changes,
            view,
            rights: RightsBook::new(),
            compartments: view.compartments_of_epochs(),
            keys: BTreeMap::new(),
            used: BTreeSet::new(),
            items: BTreeSet::new(),
            late_segments: 0,
        }
    }

    fn key(&mut self, epoch: EpochId) -> Result<Option<&EpochKey>, TeamError> {
        if !self.keys.contains_key(&epoch) {
            let stored = self.changes.epoch_key(self.view.row(), epoch)?;
            self.keys.insert(epoch, stored.map(EpochKey::from_stored));
        }
        Ok(self.keys.get(&epoch).and_then(Option::as_ref))
    }

    /// Into which compartment a content segment was written.
    fn compartment_of(&self, segment: SegmentHash) -> Result<CompartmentId, TeamError> {
        let epoch = self.view.epoch_of(segment)?;
        let found = epoch.and_then(|epoch| self.compartments.get(&epoch).copied());
        Ok(found.unwrap_or(CompartmentId::WHOLE))
    }

    fn open(&mut self, codec: &mut ContentCodec, stored: &StoredSegment) -> Result<(), TeamError> {
        if stored.place.standing != Standing::Waiting {
            // It was opened with a key that came beside it.
            return Ok(());
        }
        let header = Header::dangerously_from_store(self.view.space_id(), &stored.header)
            .map_err(TeamError::Stored)?;
        let fields = header.fields();
        let (Kind::Content(sealing), Some(payload)) = (&fields.kind, &stored.payload) else {
            return Ok(());
        };
        let place = ContentPlace {
            epoch: sealing.epoch,
            device: fields.device,
            number: fields.number,
            salt: sealing.salt,
        };
        let Some(compartment) = self.compartments.get(&sealing.epoch).copied() else {
            return Ok(());
        };
        let Some(key) = self.key(sealing.epoch)? else {
            return Ok(());
        };
        let opened = codec.open(key, &place, payload);
        let decoded = match opened.ok().and_then(|plain| decode_operations(&plain).ok()) {
            Some(operations) => self.decode(&header, &operations)?,
            None => None,
        };
        let Some(decoded) = decoded else {
            self.changes
                .set_standing(stored.place.id, Standing::Unreadable)?;
            let who = self.view.device_text(fields.device);
            let text = format!(
                "{}: segment {} of {who} does not open with its key, or says nothing that this \
                 version can read; it has no effect.",
                self.view.name(),
                fields.number
            );
            return Ok(self
                .changes
                .note(UnixTime::of_secs(fields.claimed_at), &text)?);
        };
        if self.used.insert(sealing.epoch) {
            self.changes
                .set_epoch_used(self.view.row(), sealing.epoch)?;
        }
        self.enter(stored, fields.device, compartment, &decoded)?;
        let role = self
            .rights
            .role(self.view, fields.device, compartment, fields.number)?;
        let adopted = self.view.membership.adopted().contains(&header.hash());
        self.judge(stored.place.id, role, adopted)
    }

    /// Reads the operations of a segment, each of which names only what its author had seen.
    fn decode(
        &self,
        header: &Header,
        operations: &[ContentOperation],
    ) -> Result<Option<Vec<Decoded>>, TeamError> {
        let fields = header.fields();
        let row = self.view.row();
        let author = self.changes.ensure_device(row, fields.device)?;
        let failed = RefCell::new(None);
        let seen = |other: DeviceId| {
            if other == fields.device {
                return fields.number.saturating_sub(1);
            }
            let known = self.changes.device_with_id(row, other);
            let number = known.and_then(|known| match known {
                Some(known) => self.changes.seen_with(author, fields.number, known.id),
                None => Ok(0),
            });
            number.unwrap_or_else(|err| {
                failed.replace(Some(err));
                0
            })
        };
        let decoded = decode_batch(fields.device, fields.number, &seen, operations);
        match failed.take() {
            Some(err) => Err(err.into()),
            None => Ok(decoded.ok()),
        }
    }

    /// Puts the operations of a segment into the tables, without effect yet.
    fn enter(
        &mut self,
        stored: &StoredSegment,
        device: DeviceId,
        compartment: CompartmentId,
        decoded: &[Decoded],
    ) -> Result<(), TeamError> {
        let row = self.view.row();
        for one in decoded {
            let Ok(operation) = &one.operation else {
                continue;
            };
            let item = self
                .changes
                .ensure_item(row, compartment, operation.item(device))?;
            self.changes.insert_operation(&NewOperation {
                item,
                segment: stored.place.id,
                place: one.dot.index,
                kind: operation.kind(),
                body: &encode_alone(device, operation),
                in_effect: false,
            })?;
            files::note_chunks(self.changes, row, stored.place.id, operation)?;
            self.items.insert(item);
        }
        Ok(())
    }

    /// Lets the operations of a segment take effect as far as the role allows.
    fn judge(
        &mut self,
        segment: SegmentRow,
        role: Option<Role>,
        is_adopted: bool,
    ) -> Result<(), TeamError> {
        let role = if is_adopted {
            Some(Role::Approver)
        } else {
            role
        };
        let (effect, items) = self.changes.set_effect(segment, highest_kind(role))?;
        self.items.extend(items);
        let standing = if effect.in_effect == effect.total {
            Standing::InEffect
        } else {
            self.late_segments = self.late_segments.saturating_add(1);
            Standing::Held
        };
        Ok(self.changes.set_standing(segment, standing)?)
    }

    /// Works out the items that were touched.
    fn finish(self, brought: &mut Brought) -> Result<(), TeamError> {
        let mut folder = Folder::new(self.changes, self.view);
        for item in &self.items {
            folder.fold_and_store(self.changes, *item)?;
        }
        let name = self.view.name();
        for line in folder.lines() {
            brought.tell(name.as_str(), line);
        }
        if self.late_segments > 0 {
            let text = format!(
                "late work: {} segments were written by somebody who had lost the right to, and \
                 have no effect. See: offline-vault adopt {name}",
                self.late_segments,
            );
            brought.tell(name.as_str(), text);
        }
        Ok(())
    }
}

/// The highest kind of operation that takes effect with a role.
fn highest_kind(role: Option<Role>) -> Option<u8> {
    let allowed = |kind: &u8| required_role(*kind).is_some_and(|needed| role >= Some(needed));
    (0..=u8::MAX).rev().find(allowed)
}

/// Folds items from what is stored of them.
pub(crate) struct Folder<'a> {
    view: &'a View<'a>,
    schemas: BTreeMap<ItemId, Schema>,
    /// How many items of each kind came or changed.
    changed: BTreeMap<ItemKind, u64>,
    conflicts: u64,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(_changes: &Tables<'_>, view: &'a View<'a>) -> Self {
        Self {
            view,
            schemas: BTreeMap::new(),
            changed: BTreeMap::new(),
            conflicts: 0,
        }
    }

    /// The operations of an item that are in effect.
    pub(crate) fn operations(
        &self,
        tables: &Tables<'_>,
        item: ItemRow,
    ) -> Result<Vec<Stamped>, TeamError> {
        let mut stamped = Vec::new();
        for stored in tables.operations_of_item(item)? {
            let (true, Some(body)) = (stored.in_effect, &stored.body) else {
                continue;
            };
            // What does not read now was read when it was taken in: the disk may be damaged.
            let operation = decode_alone(stored.dot, body).map_err(|err| TeamError::Input {
                what: err.to_string(),
            })?;
            stamped.push(Stamped {
                dot: stored.dot,
                author: self.view.author(stored.dot.device),
                claimed_at: stored.claimed_at.to_secs(),
                order: stored.order,
                operation,
            });
        }
        Ok(stamped)
    }

    /// Folds one item as its operations in effect make it.
    pub(crate) fn fold(
        &mut self,
        tables: &Tables<'_>,
        item: &StoredItem,
    ) -> Result<Folded, TeamError> {
        let operations = self.operations(tables, item.id)?;
        if let Some(schema) = schema_of(&operations) {
            self.learn_schema(tables, item.compartment, schema)?;
        }
        Ok(fold(item.item, &operations, &self.schemas))
    }

    /// Has a schema at hand, from the record's own compartment or from the space as a whole.
    pub(crate) fn learn_schema(
        &mut self,
        tables: &Tables<'_>,
        compartment: CompartmentId,
        schema: ItemId,
    ) -> Result<(), TeamError> {
        if self.schemas.contains_key(&schema) {
            return Ok(());
        }
        for place in [compartment, CompartmentId::WHOLE] {
            let Some(stored) = tables.item_with_id(self.view.row(), place, schema)? else {
                continue;
            };
            let operations = self.operations(tables, stored.id)?;
            let folded = fold(schema, &operations, &BTreeMap::new());
            if let Some(Item::Schema(found)) = folded.item {
                self.schemas.insert(schema, found);
                break;
            }
        }
        Ok(())
    }

    /// The schemas that are at hand.
    pub(crate) fn schemas(&self) -> &BTreeMap<ItemId, Schema> {
        &self.schemas
    }

    fn fold_and_store(&mut self, changes: &Changes<'_>, item: ItemRow) -> Result<(), TeamError> {
        let Some(stored) = changes.item(item)? else {
            return Ok(());
        };
        let folded = self.fold(changes, &stored)?;
        let operations = changes.operations_of_item(item)?;
        let is_late = operations.iter().any(|it| it.standing == Standing::Held);
        let own = self.view.own_device();
        let is_news = operations
            .last()
            .is_some_and(|newest| newest.dot.device != own);
        let flags = stored.line.flags.with(ItemFlag::Late, is_late);
        let line = match folded.row(&self.schemas) {
            Some(row) => ItemLine {
                kind: Some(row.kind),
                flags: flags
                    .with(ItemFlag::Conflict, row.conflict)
                    .with(ItemFlag::Proposal, row.open_proposal_count > 0)
                    .with(ItemFlag::Deleted, !row.listed)
                    .with(ItemFlag::Unread, is_news || flags.has(ItemFlag::Unread)),
                place: row.parent.map_or_else(String::new, |it| it.to_string()),
                updated_at: UnixTime::of_secs(row.updated_at),
                title: row.title,
            },
            // What made it is held or has not come: its line stays as it was known. Of what was
            // destroyed nothing stays.
            None => ItemLine {
                flags: flags.with(ItemFlag::Deleted, true),
                title: if operations.iter().any(|it| it.body.is_some()) {
                    stored.line.title.clone()
                } else {
                    changes.set_item_cache(item, None)?;
                    String::new()
                },
                ..stored.line.clone()
            },
        };
        if line != stored.line {
            if let (true, Some(kind)) = (is_news, line.kind) {
                let count = self.changed.entry(kind).or_default();
                *count = count.saturating_add(1);
            }
            let is_new_conflict =
                line.flags.has(ItemFlag::Conflict) && !stored.line.flags.has(ItemFlag::Conflict);
            self.conflicts = self.conflicts.saturating_add(u64::from(is_new_conflict));
            changes.set_item_line(item, &line)?;
        }
        if line.kind == Some(ItemKind::Schema) {
            self.fold_records_of(changes, &stored)?;
        }
        Ok(())
    }

    /// The records of a schema are folded again when it changes.
    fn fold_records_of(
        &mut self,
        changes: &Changes<'_>,
        schema: &StoredItem,
    ) -> Result<(), TeamError> {
        self.schemas.remove(&schema.item);
        let place = schema.item.to_string();
        for record in changes.item_rows_at(self.view.row(), ItemKind::Record, &place)? {
            self.fold_and_store(changes, record)?;
        }
        Ok(())
    }

    /// What changed, in a few words for each kind.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .changed
            .iter()
            .map(|(kind, count)| match count {
                1 => format!("one {} came or changed", kind.word()),
                count => format!("{count} {}s came or changed", kind.word()),
            })
            .collect();
        if self.conflicts > 0 {
            lines.push(format!(
                "{} of them were changed by several at the same time: offline-vault record \
                 conflicts {}",
                self.conflicts,
                self.view.name()
            ));
        }
        lines
    }
}

/// Pages of content that waited for a key.
const PAGE: u32 = 256;
