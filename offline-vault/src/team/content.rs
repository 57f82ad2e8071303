//! Content segments: opened once their key is here, and in effect as far as their author had the
//! right.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bundle_format::open::OpenError;
use team_content::batch::{Decoded, decode_batch, encode_alone};
use team_core::content::{ContentOperation, decode_operations, required_role};
use team_core::epoch::{ContentCodec, ContentError, ContentPlace, EpochKey};
use team_core::ids::{CompartmentId, DeviceId, EpochId, SegmentHash};
use team_core::limits::SEGMENT_NUMBER_MAX;
use team_core::membership::{Standing as Rights, ViewStep};
use team_core::role::Role;
use team_core::segment::{Header, HeaderFields, Kind};

use super::TeamError;
use super::brought::Brought;
use super::files;
use super::folder::Folder;
use super::graph;
use super::portion::{Portion, STEPS_AT_ONCE_MAX};
use super::view::View;
use crate::clock::UnixTime;
use crate::store::{
    Changes, Effect, ItemRow, NewOperation, SegmentKind, SegmentPlace, SegmentRow, Standing,
    StoredSegment,
};
use crate::wording::count_text;
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
    portion: &mut Portion,
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut opening = Opening::new(changes, view);
    for hash in segments {
        if let Some(stored) = changes.segment_with_hash(view.row(), *hash)? {
            opening.open(codec, &stored, portion)?;
        }
    }
    opening.finish(brought)
}

/// Goes on with opening what was too much for earlier crossings, as far as one portion reaches.
pub(super) fn open_more(
    changes: &Changes<'_>,
    view: &View<'_>,
    unopened: &[SegmentHash],
    brought: &mut Brought,
) -> Result<(), TeamError> {
    let mut codec = ContentCodec::new().map_err(error)?;
    let mut portion = Portion::new();
    let mut opening = Opening::new(changes, view);
    for hash in unopened {
        if portion.is_used_up() {
            break;
        }
        if let Some(stored) = changes.segment_with_hash(view.row(), *hash)? {
            opening.open(&mut codec, &stored, &mut portion)?;
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
    portion: &mut Portion,
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
                opening.open(codec, stored, portion)?;
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
    unopened_segments: u64,
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
            unopened_segments: 0,
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

    fn open(
        &mut self,
        codec: &mut ContentCodec,
        stored: &StoredSegment,
        portion: &mut Portion,
    ) -> Result<(), TeamError> {
        if !matches!(
            stored.place.standing,
            Standing::Waiting | Standing::Unopened
        ) {
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
        if self.key(sealing.epoch)?.is_none() {
            return Ok(());
        }
        if portion.is_used_up() {
            return self.leave_unopened(&stored.place);
        }
        let opened = self
            .key(sealing.epoch)?
            .and_then(|key| codec.open(key, &place, payload).ok());
        portion.open(0, opened.as_ref().map_or(0, Vec::len));
        let decoded = match opened.and_then(|plain| decode_operations(&plain).ok()) {
            Some(operations) => self.decode(&header, &operations)?,
            None => None,
        };
        let Some(decoded) = decoded else {
            return self.unreadable(stored, fields);
        };
        if self.used.insert(sealing.epoch) {
            self.changes
                .set_epoch_used(self.view.row(), sealing.epoch)?;
        }
        let role = self
            .rights
            .role(self.view, fields.device, compartment, fields.number)?;
        let adopted = self.view.membership.adopted().contains(&header.hash());
        let highest = highest_kind(effective_role(role, adopted));
        let author = fields.device;
        let effect = self.enter(stored, author, compartment, &decoded, highest, portion)?;
        self.stand(stored.place.id, effect)
    }

    /// It is opened at a later crossing.
    fn leave_unopened(&mut self, place: &SegmentPlace) -> Result<(), TeamError> {
        if place.standing != Standing::Unopened {
            self.unopened_segments = self.unopened_segments.saturating_add(1);
            self.changes.set_standing(place.id, Standing::Unopened)?;
        }
        Ok(())
    }

    /// It stays, and says nothing.
    fn unreadable(&self, stored: &StoredSegment, fields: &HeaderFields) -> Result<(), TeamError> {
        self.changes
            .set_standing(stored.place.id, Standing::Unreadable)?;
        let who = self.view.device_text(fields.device);
        let text = format!(
            "{}: segment {} of {who} does not open with its key, or says nothing that this \
             version can read; it has no effect.",
            self.view.name(),
            fields.number
        );
        Ok(self
            .changes
            .note(UnixTime::of_secs(fields.claimed_at), &text)?)
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

    /// Puts the operations of a segment into the tables; those up to the highest kind count.
    fn enter(
        &mut self,
        stored: &StoredSegment,
        author: DeviceId,
        compartment: CompartmentId,
        decoded: &[Decoded],
        highest: Option<u8>,
        portion: &mut Portion,
    ) -> Result<Effect, TeamError> {
        let row = self.view.row();
        let mut effect = Effect::default();
        for one in decoded {
            let Ok(operation) = &one.operation else {
                continue;
            };
            let item = self
                .changes
                .ensure_item(row, compartment, operation.item(author))?;
            if self.items.insert(item) {
                let size = self.changes.operations_size(item, STEPS_AT_ONCE_MAX)?;
                portion.fold(size.0, size.1);
            }
            let kind = operation.kind();
            let in_effect = Some(kind) <= highest;
            self.changes.insert_operation(&NewOperation {
                item,
                segment: stored.place.id,
                place: one.dot.index,
                kind,
                body: &encode_alone(author, operation),
                in_effect,
            })?;
            effect.total = effect.total.saturating_add(1);
            effect.in_effect = effect.in_effect.saturating_add(u64::from(in_effect));
            files::note_chunks(self.changes, row, stored.place.id, operation)?;
        }
        portion.open(decoded.len(), 0);
        Ok(effect)
    }

    /// Lets the operations of a segment take effect as far as the role allows.
    fn judge(
        &mut self,
        segment: SegmentRow,
        role: Option<Role>,
        is_adopted: bool,
    ) -> Result<(), TeamError> {
        let highest = highest_kind(effective_role(role, is_adopted));
        let (effect, items) = self.changes.set_effect(segment, highest)?;
        self.items.extend(items);
        self.stand(segment, effect)
    }

    /// Notes how a segment stands whose operations have this effect.
    fn stand(&mut self, segment: SegmentRow, effect: Effect) -> Result<(), TeamError> {
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
        let mut folder = Folder::new(self.view);
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
        if self.unopened_segments > 0 {
            let text = format!(
                "{} more came than are opened at once. They are safe here, and each sync opens \
                 more of them.",
                count_text(self.unopened_segments, "segment"),
            );
            brought.tell(name.as_str(), text);
        }
        Ok(())
    }
}

/// The role that decides over operations; late work that was adopted has that of who adopts it.
fn effective_role(role: Option<Role>, is_adopted: bool) -> Option<Role> {
    if is_adopted {
        Some(Role::Approver)
    } else {
        role
    }
}

/// The highest kind of operation that takes effect with a role.
fn highest_kind(role: Option<Role>) -> Option<u8> {
    let allowed = |kind: &u8| required_role(*kind).is_some_and(|needed| role >= Some(needed));
    (0..=u8::MAX).rev().find(allowed)
}

/// Pages of content that waited for a key.
const PAGE: u32 = 256;
