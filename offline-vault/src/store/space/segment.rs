//! The segments of a space that were taken in: those of control, and those of content with how
//! far each is opened.

use rusqlite::{Row, params};
use team_core::ids::{EpochId, SegmentHash};
use team_core::segment::{HeaderFields, Kind, Segment};

use super::super::columns::{stored_choice, stored_id};
use super::super::{Changes, StoreError, Tables};
use super::device::DeviceRow;
use super::item::{ItemRow, each_once};
use super::row::SpaceRow;
use crate::clock::UnixTime;

stored_id! {
    /// A segment that was taken in. They ascend in the order in which segments were taken in, so
    /// that each comes after all that it follows.
    SegmentRow
}

/// What a segment's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// Control operations in the clear.
    Control,
    /// Content operations under the key of an epoch.
    Content,
}

stored_choice!(SegmentKind {
    Control = 1,
    Content = 2,
});

/// How far a segment got here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its key has not come.
    Waiting,
    /// What it says counts. So does that of every control segment: the rules decide on each of
    /// its operations.
    InEffect,
    /// Its author had lost the right to write it: late work.
    Held,
    /// Its payload was destroyed.
    Destroyed,
    /// It does not open, or does not say what can be read.
    Unreadable,
    /// Its payload has not come.
    Absent,
    /// Its key is here, and it has not been opened yet: others had their turn.
    Unopened,
}

stored_choice!(Standing {
    Waiting = 0,
    InEffect = 1,
    Held = 2,
    Destroyed = 3,
    Unreadable = 4,
    Absent = 5,
    Unopened = 6,
});

/// A segment that is not stored yet.
#[derive(Clone, Copy, Debug)]
pub struct NewSegment<'a> {
    /// Its space.
    pub space: SpaceRow,
    /// Its author.
    pub device: DeviceRow,
    /// The segment.
    pub segment: &'a Segment,
    /// How far it got.
    pub standing: Standing,
    /// How far its author had seen the other devices, as encoded, where that is kept beside the
    /// segment too.
    pub seen: Option<&'a [u8]>,
    /// Control segments: how they hang together with others, as encoded.
    pub links: Option<&'a [u8]>,
    /// This machine's clock.
    pub taken_at: UnixTime,
}

/// What is known of a segment without its header and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// The row.
    pub id: SegmentRow,
    /// Its author.
    pub device: DeviceRow,
    /// Its number in the author's log.
    pub number: u64,
    /// Its hash.
    pub hash: SegmentHash,
    /// What its payload is.
    pub kind: SegmentKind,
    /// How far it got.
    pub standing: Standing,
    /// Larger than that of every segment in its past, and the same in every vault.
    pub order: u64,
    /// Whether its payload is here.
    pub has_payload: bool,
}

/// A segment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    /// Where it stands.
    pub place: SegmentPlace,
    /// Its header, as encoded.
    pub header: Vec<u8>,
    /// Its payload as carried; none when it was destroyed or has not come.
    pub payload: Option<Vec<u8>>,
    /// Control segments: how they hang together with others, as encoded.
    pub links: Option<Vec<u8>>,
    /// This machine's clock.
    pub taken_at: UnixTime,
}

fn place(row: &Row<'_>) -> rusqlite::Result<SegmentPlace> {
    Ok(SegmentPlace {
        id: row.get("id")?,
        device: row.get("device_id")?,
        number: row.get("number")?,
        hash: SegmentHash(row.get("hash")?),
        kind: row.get("kind")?,
        standing: row.get("standing")?,
        order: row.get("order_number")?,
        has_payload: row.get("has_payload")?,
    })
}

fn segment(row: &Row<'_>) -> rusqlite::Result<StoredSegment> {
    Ok(StoredSegment {
        place: place(row)?,
        header: row.get("header")?,
        payload: row.get("payload")?,
        links: row.get("links")?,
        taken_at: row.get("taken_at")?,
    })
}

impl Tables<'_> {
    /// The segment of this hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn segment_with_hash(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Option<StoredSegment>, StoreError> {
        let values = params![space, hash.0];
        self.optional("look a segment up", WITH_HASH, values, segment)
    }

    /// Where the segment of this hash stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn segment_place(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Option<SegmentPlace>, StoreError> {
        let values = params![space, hash.0];
        self.optional("look a segment up", PLACE_WITH_HASH, values, place)
    }

    /// How a control segment hangs together with others, as encoded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn control_links(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let values = params![space, hash.0];
        let found = self.optional("look a segment up", LINKS, values, |row| row.get(0))?;
        Ok(found.flatten())
    }

    /// Where the segments of one number of a device stand: two or more after a fork.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn places_at(
        &self,
        device: DeviceRow,
        number: u64,
    ) -> Result<Vec<SegmentPlace>, StoreError> {
        self.all(
            "look segments up",
            PLACES_AT,
            params![device, number],
            place,
        )
    }

    /// The segments of a device after one number and up to another one, ascending; the first
    /// `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn segments_after(
        &self,
        device: DeviceRow,
        after: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Vec<StoredSegment>, StoreError> {
        let values = params![device, after, upto, limit];
        self.all("read segments", AFTER, values, segment)
    }

    /// Where the segments of a device after one number and up to another one stand, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn places_after(
        &self,
        device: DeviceRow,
        after: u64,
        upto: u64,
    ) -> Result<Vec<SegmentPlace>, StoreError> {
        let values = params![device, after, upto];
        self.all("look segments up", PLACES_AFTER, values, place)
    }

    /// All control segments of a space, in the order in which they were taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn control_segments(&self, space: SpaceRow) -> Result<Vec<StoredSegment>, StoreError> {
        self.all("read the control segments", CONTROL, [space], segment)
    }

    /// The content that waits for the key of an epoch, in the order in which it was taken in; the
    /// first `limit` after `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_content(
        &self,
        space: SpaceRow,
        epoch: EpochId,
        after: Option<SegmentRow>,
        limit: u32,
    ) -> Result<Vec<StoredSegment>, StoreError> {
        let values = params![space, epoch.0, after.map_or(0, |row| row.0), limit];
        self.all("read what waits for a key", WAITING, values, segment)
    }

    /// The epochs whose keys content waits for, each with how many segments do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_epochs(&self, space: SpaceRow) -> Result<Vec<(EpochId, u64)>, StoreError> {
        self.all(
            "read what waits for a key",
            WAITING_EPOCHS,
            [space],
            |row| Ok((EpochId(row.get(0)?), row.get(1)?)),
        )
    }

    /// The content whose keys are here and that was not opened yet: of each device the first, then
    /// of each the second, and so on; `limit` of it, with its devices.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unopened_content(
        &self,
        space: SpaceRow,
        limit: u32,
    ) -> Result<Vec<(DeviceRow, SegmentHash)>, StoreError> {
        let values = params![space, limit];
        self.all("read what is to be opened", UNOPENED, values, |row| {
            Ok((row.get(0)?, SegmentHash(row.get(1)?)))
        })
    }

    /// The content that is held, in the order in which it was taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held_content(&self, space: SpaceRow) -> Result<Vec<StoredSegment>, StoreError> {
        self.all("read the late work", HELD, [space], segment)
    }

    /// How many segments have each standing, except those in effect.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn standing_counts(&self, space: SpaceRow) -> Result<Vec<(Standing, u64)>, StoreError> {
        self.all("count segments", STANDING_COUNTS, [space], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

impl Changes<'_> {
    /// Stores a segment; all that it follows were stored before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_segment(&self, new: &NewSegment<'_>) -> Result<SegmentRow, StoreError> {
        let header = new.segment.header();
        let fields = header.fields();
        let (kind, epoch) = match &fields.kind {
            Kind::Control => (SegmentKind::Control, None),
            Kind::Content(sealing) => (SegmentKind::Content, Some(sealing.epoch.0)),
        };
        let insert = "INSERT INTO space_segment (space_id, device_id, number, kind, standing,
             claimed_at, taken_at, hash, epoch, seen, header, payload, order_number, links)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let values = params![
            new.space,
            new.device,
            fields.number,
            kind,
            new.standing,
            UnixTime::of_secs(fields.claimed_at),
            new.taken_at,
            header.hash().0,
            epoch,
            new.seen,
            header.to_wire(),
            new.segment.payload(),
            self.order_after(new.space, fields)?,
            new.links,
        ];
        self.insert("store a segment", insert, values)
            .map(SegmentRow)
    }

    /// One more than the largest of all that a segment follows.
    fn order_after(&self, space: SpaceRow, fields: &HeaderFields) -> Result<u64, StoreError> {
        let mut largest = 0;
        for hash in fields.deps.iter().chain([&fields.previous]) {
            let values = params![space, hash.0];
            let order: Option<u64> =
                self.optional("order a segment", ORDER, values, |row| row.get(0))?;
            largest = largest.max(order.unwrap_or(0));
        }
        Ok(largest.saturating_add(1))
    }

    /// A segment got further, or lost its effect.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_standing(&self, id: SegmentRow, standing: Standing) -> Result<(), StoreError> {
        let update = "UPDATE space_segment SET standing = ?2 WHERE id = ?1";
        self.run("note how far a segment got", update, params![id, standing])?;
        Ok(())
    }

    /// The payload of content that had come without one has come; it waits for its key now.
    /// Nothing changes when it is there or was destroyed. Tells whether it was missing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fill_payload(&self, id: SegmentRow, payload: &[u8]) -> Result<bool, StoreError> {
        let update = "UPDATE space_segment SET payload = ?2, standing = ?3
             WHERE id = ?1 AND standing = ?4";
        let values = params![id, payload, Standing::Waiting, Standing::Absent];
        let changed = self.run("store a payload", update, values)?;
        Ok(changed > 0)
    }

    /// Destroys what a segment said, wherever it is kept: its payload, its operations, and which
    /// chunks they named. The items that these were about are to be looked at anew.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn destroy_payload(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let doing = "destroy a payload";
        let pending = "UPDATE space_pending SET payload = NULL WHERE space_id = ?1 AND hash = ?2";
        self.run(doing, pending, params![space, hash.0])?;
        let Some(place) = self.segment_place(space, hash)? else {
            return Ok(Vec::new());
        };
        let update = "UPDATE space_segment SET payload = NULL, standing = ?2 WHERE id = ?1";
        self.run(doing, update, params![place.id, Standing::Destroyed])?;
        let uses = "DELETE FROM space_chunk_use WHERE segment_id = ?1";
        self.run(doing, uses, [place.id])?;
        let operations = "UPDATE space_operation SET body = NULL, in_effect = 0
             WHERE segment_id = ?1 RETURNING item_row";
        let items = self.all(doing, operations, [place.id], |row| row.get(0))?;
        Ok(each_once(items))
    }
}

/// The columns of a [`SegmentPlace`], and those of a [`StoredSegment`] when more are named.
macro_rules! select {
    ($($rest:literal),+) => {
        concat!(
            "SELECT id, device_id, number, hash, kind, standing, order_number,
             payload IS NOT NULL AS has_payload ",
            $($rest),+
        )
    };
}

const WITH_HASH: &str = select!(
    ", header, payload, links, taken_at FROM space_segment WHERE space_id = ?1 AND hash = ?2"
);
const PLACE_WITH_HASH: &str = select!("FROM space_segment WHERE space_id = ?1 AND hash = ?2");
const LINKS: &str = "SELECT links FROM space_segment WHERE space_id = ?1 AND hash = ?2";
const ORDER: &str = "SELECT order_number FROM space_segment WHERE space_id = ?1 AND hash = ?2";
const PLACES_AT: &str =
    select!("FROM space_segment WHERE device_id = ?1 AND number = ?2 ORDER BY id");
const AFTER: &str = select!(
    ", header, payload, links, taken_at FROM space_segment
     WHERE device_id = ?1 AND number > ?2 AND number <= ?3 ORDER BY number, id LIMIT ?4"
);
const PLACES_AFTER: &str = select!(
    "FROM space_segment WHERE device_id = ?1 AND number > ?2 AND number <= ?3
     ORDER BY number, id"
);
const CONTROL: &str = select!(
    ", header, payload, links, taken_at FROM space_segment
     WHERE space_id = ?1 AND kind = 1 ORDER BY id"
);
// The index holds those that are not in effect, and is found by these very words.
const WAITING: &str = select!(
    ", header, payload, links, taken_at FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = 0 AND epoch = ?2 AND id > ?3
     ORDER BY id LIMIT ?4"
);
const WAITING_EPOCHS: &str = "SELECT epoch, count(*) FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = 0 GROUP BY epoch";
const UNOPENED: &str = "SELECT device_id, hash FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = 6
     ORDER BY row_number() OVER (PARTITION BY device_id ORDER BY id), id LIMIT ?2";
const HELD: &str = select!(
    ", header, payload, links, taken_at FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = 2 ORDER BY id"
);
const STANDING_COUNTS: &str = "SELECT standing, count(*) FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 GROUP BY standing";

#[cfg(test)]
mod tests {
    use team_content::item_id::ItemId;

    use super::super::fixture::{Author, Fixture, NOW, without_payload};
    use super::*;

    #[test]
    fn a_segment_comes_out_as_it_went_in() {
        let fixture = Fixture::new();
        let (mut one, mut other) = (Author::new(1), Author::new(2));
        let first = one.control(&[], b"first");
        let second = other.control(&[first.header().hash()], b"second");
        fixture.take_in(&first, Standing::InEffect);
        fixture.take_in(&second, Standing::InEffect);
        let tables = fixture.store.read();
        let hash = second.header().hash();
        let stored = tables
            .segment_with_hash(fixture.space, hash)
            .unwrap()
            .unwrap();
        assert_eq!(stored.header, second.header().to_wire());
        assert_eq!(stored.payload.as_deref(), Some(&b"second"[..]));
        assert_eq!((stored.place.number, stored.place.order), (1, 2));
        assert_eq!(
            (stored.place.kind, stored.taken_at),
            (SegmentKind::Control, NOW)
        );
        let control = tables.control_segments(fixture.space).unwrap();
        let hashes: Vec<_> = control.iter().map(|it| it.place.hash).collect();
        assert_eq!(hashes, [first.header().hash(), hash]);
    }

    #[test]
    fn segments_of_a_device_come_in_order_and_no_more_than_asked() {
        let fixture = Fixture::new();
        let mut author = Author::new(1);
        for _ in 0..5 {
            fixture.take_in(&author.content(1, b"said"), Standing::Waiting);
        }
        let tables = fixture.store.read();
        let id = tables.devices(fixture.space).unwrap()[0].id;
        let found = tables.segments_after(id, 1, 4, 2).unwrap();
        let numbers: Vec<_> = found.iter().map(|it| it.place.number).collect();
        assert_eq!(numbers, [2, 3]);
        let places = tables.places_after(id, 1, 4).unwrap();
        assert_eq!(
            places.iter().map(|it| it.number).collect::<Vec<_>>(),
            [2, 3, 4]
        );
        assert_eq!(tables.places_at(id, 5).unwrap().len(), 1);
    }

    #[test]
    fn content_waits_for_the_key_of_its_epoch() {
        let fixture = Fixture::new();
        let mut author = Author::new(1);
        let rows: Vec<_> = [1, 2, 1, 1]
            .into_iter()
            .map(|epoch| fixture.take_in(&author.content(epoch, b"said"), Standing::Waiting))
            .collect();
        let (space, epoch) = (fixture.space, EpochId([1; 32]));
        let tables = fixture.store.read();
        let epochs = [(epoch, 3), (EpochId([2; 32]), 1)];
        assert_eq!(tables.waiting_epochs(space).unwrap(), epochs);
        let waiting = |after| {
            let found = tables.waiting_content(space, epoch, after, 2).unwrap();
            found.iter().map(|it| it.place.id).collect::<Vec<_>>()
        };
        assert_eq!(waiting(None), [rows[0], rows[2]]);
        assert_eq!(waiting(Some(rows[2])), [rows[3]]);
        fixture.write(|changes| {
            changes.set_standing(rows[0], Standing::Held).unwrap();
            changes.set_standing(rows[3], Standing::InEffect).unwrap();
        });
        assert_eq!(waiting(None), [rows[2]]);
        assert_eq!(tables.held_content(space).unwrap()[0].place.id, rows[0]);
        let counts = [(Standing::Waiting, 2), (Standing::Held, 1)];
        assert_eq!(tables.standing_counts(space).unwrap(), counts);
    }

    #[test]
    fn a_destroyed_payload_is_gone_everywhere_and_does_not_come_back() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let segment = Author::new(1).content(1, b"the secret words");
        let hash = segment.header().hash();
        let row = fixture.take_in(&segment, Standing::InEffect);
        let (one, other) = (ItemId([1; 16]), ItemId([2; 16]));
        let item = fixture.operation(one, row, 0);
        let items = [item, fixture.operation(other, row, 1)];
        fixture.operation(one, row, 2);
        fixture.write(|changes| {
            assert_eq!(changes.destroy_payload(space, hash).unwrap(), items);
            assert!(!changes.fill_payload(row, b"the secret words").unwrap());
            let place = changes.segment_place(space, hash).unwrap().unwrap();
            assert_eq!(
                (place.standing, place.has_payload),
                (Standing::Destroyed, false)
            );
            let operations = changes.operations_of_item(item).unwrap();
            assert_eq!(operations.len(), 2);
            assert!(
                operations
                    .iter()
                    .all(|it| it.body.is_none() && !it.in_effect)
            );
            assert!(changes.set_effect(row, Some(0xbf)).unwrap().1.is_empty());
        });
    }

    #[test]
    fn a_payload_that_was_missing_can_come_later() {
        let fixture = Fixture::new();
        let segment = Author::new(1).content(1, b"said");
        let row = fixture.take_in(&without_payload(&segment), Standing::Absent);
        fixture.write(|changes| {
            assert!(changes.fill_payload(row, b"said").unwrap());
            assert!(!changes.fill_payload(row, b"twice").unwrap());
        });
        let hash = segment.header().hash();
        let tables = fixture.store.read();
        let stored = tables
            .segment_with_hash(fixture.space, hash)
            .unwrap()
            .unwrap();
        assert_eq!(stored.payload.as_deref(), Some(&b"said"[..]));
        assert_eq!(stored.place.standing, Standing::Waiting);
    }

    #[test]
    fn no_question_about_segments_reads_them_all() {
        let fixture = Fixture::new();
        for sql in [
            WITH_HASH,
            PLACE_WITH_HASH,
            ORDER,
            PLACES_AT,
            AFTER,
            PLACES_AFTER,
            CONTROL,
            WAITING,
            WAITING_EPOCHS,
            STANDING_COUNTS,
        ] {
            fixture.assert_direct(sql);
        }
        // Late work is put in order; there is little of it.
        assert!(!fixture.plan(HELD).contains("SCAN"));
    }
}
