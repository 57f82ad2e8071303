//! Items, and the operations that they are made of.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, params};
use team_content::index::ItemKind;
use team_content::item_id::{Dot, ItemId};
use team_core::ids::{CompartmentId, DeviceId, SegmentHash};

use super::super::columns::stored_id;
use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;
use super::segment::{SegmentRow, Standing};
use crate::clock::UnixTime;

stored_id! {
    /// An item of a space.
    ItemRow
}

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// The row.
    pub id: ItemRow,
    /// The space.
    pub space: SpaceRow,
    /// Who reads it.
    pub compartment: CompartmentId,
    /// The item.
    pub item: ItemId,
    /// What lists show of it.
    pub line: ItemLine,
}

/// What lists show of an item, so that none is folded for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemLine {
    /// What it is; none while no operation that makes it is in effect.
    pub kind: Option<ItemKind>,
    /// Its title. Text of others: it is escaped before it is shown.
    pub title: String,
    /// The folder of a file, the thread of a message, the schema of a record.
    pub place: String,
    /// When something of it changed last, as its author's clock had it.
    pub updated_at: UnixTime,
    /// What is to be said of it.
    pub flags: ItemFlags,
}

/// One thing that is to be said of an item in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemFlag {
    /// Somebody has to choose between versions.
    Conflict,
    /// A proposal waits for a decision.
    Proposal,
    /// It was deleted or removed.
    Deleted,
    /// Something of it was not read here.
    Unread,
    /// Late work waits for somebody to adopt it.
    Late,
}

impl ItemFlag {
    /// The bit; the indexes of the table know these numbers.
    fn bit(self) -> u32 {
        match self {
            Self::Conflict => 1,
            Self::Proposal => 2,
            Self::Deleted => 4,
            Self::Unread => 8,
            Self::Late => 16,
        }
    }
}

/// All that is to be said of an item in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemFlags(u32);

impl ItemFlags {
    /// Whether this is to be said.
    #[must_use]
    pub fn has(self, flag: ItemFlag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// The same with this said, or not said.
    #[must_use]
    pub fn with(self, flag: ItemFlag, said: bool) -> Self {
        let others = self.0 & !flag.bit();
        Self(if said { others | flag.bit() } else { others })
    }
}

impl ToSql for ItemFlags {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for ItemFlags {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        u32::column_result(value).map(Self)
    }
}

/// An operation as it is stored, with what is known of it from its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOperation {
    /// Its name.
    pub dot: Dot,
    /// Its segment.
    pub segment: SegmentRow,
    /// The hash of the segment.
    pub hash: SegmentHash,
    /// How far the segment got.
    pub standing: Standing,
    /// Larger than that of every segment in the past of its own, and the same in every vault.
    pub order: u64,
    /// As its author's clock had it: a claim.
    pub claimed_at: UnixTime,
    /// When it came, as this machine's clock had it.
    pub taken_at: UnixTime,
    /// What it does.
    pub kind: u8,
    /// Whether it counts.
    pub in_effect: bool,
    /// What it says; none once it was destroyed.
    pub body: Option<Vec<u8>>,
}

/// An operation that counts, with what folding needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationInEffect {
    /// Its name.
    pub dot: Dot,
    /// Larger than that of every segment in the past of its own, and the same in every vault.
    pub order: u64,
    /// As its author's clock had it: a claim.
    pub claimed_at: UnixTime,
    /// What it says.
    pub body: Vec<u8>,
}

/// What is known of all operations of an item together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemState {
    /// Who wrote what was taken in last.
    pub newest: Option<DeviceId>,
    /// Something of it does not count, because its author had lost the right to it.
    pub is_late: bool,
    /// Not everything of it was destroyed.
    pub has_content: bool,
}

/// An operation that is not stored yet.
#[derive(Clone, Copy, Debug)]
pub struct NewOperation<'a> {
    /// What it is about.
    pub item: ItemRow,
    /// Its segment.
    pub segment: SegmentRow,
    /// Its place there, from 0.
    pub place: u32,
    /// What it does.
    pub kind: u8,
    /// What it says.
    pub body: &'a [u8],
    /// Whether it counts.
    pub in_effect: bool,
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<StoredItem> {
    let word: String = row.get("kind")?;
    Ok(StoredItem {
        id: row.get("id")?,
        space: row.get("space_id")?,
        compartment: CompartmentId(row.get("compartment")?),
        item: ItemId(row.get("item")?),
        line: ItemLine {
            kind: ItemKind::from_word(&word),
            title: row.get("title")?,
            place: row.get("place")?,
            updated_at: row.get("updated_at")?,
            flags: row.get("flags")?,
        },
    })
}

fn dot(row: &Row<'_>) -> rusqlite::Result<Dot> {
    Ok(Dot {
        device: DeviceId(row.get("device")?),
        number: row.get("number")?,
        index: row.get("place")?,
    })
}

fn operation(row: &Row<'_>) -> rusqlite::Result<StoredOperation> {
    Ok(StoredOperation {
        dot: dot(row)?,
        segment: row.get("segment_id")?,
        hash: SegmentHash(row.get("hash")?),
        standing: row.get("standing")?,
        order: row.get("order_number")?,
        claimed_at: row.get("claimed_at")?,
        taken_at: row.get("taken_at")?,
        kind: row.get("kind")?,
        in_effect: row.get("in_effect")?,
        body: row.get("body")?,
    })
}

impl Tables<'_> {
    /// One item.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item(&self, id: ItemRow) -> Result<Option<StoredItem>, StoreError> {
        let select = "SELECT * FROM space_item WHERE id = ?1";
        self.optional("look an item up", select, [id], item)
    }

    /// The item of this name in a compartment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item_with_id(
        &self,
        space: SpaceRow,
        compartment: CompartmentId,
        id: ItemId,
    ) -> Result<Option<StoredItem>, StoreError> {
        let values = params![space, id.0, compartment.0];
        self.optional("look an item up", ITEM_WITH_ID, values, item)
    }

    /// The operations of an item, those that do not count among them, in the order in which they
    /// were taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn operations_of_item(&self, id: ItemRow) -> Result<Vec<StoredOperation>, StoreError> {
        self.all("read an item", OPERATIONS_OF_ITEM, [id], operation)
    }

    /// The operations of an item that count, in the order in which they were taken in: of each
    /// device the first, up to so many operations and so many bytes of them. The bodies of others
    /// are not read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn operations_in_effect(
        &self,
        id: ItemRow,
        count_max: u64,
        bytes_max: u64,
    ) -> Result<Vec<OperationInEffect>, StoreError> {
        let mut used: BTreeMap<[u8; 32], (u64, u64)> = BTreeMap::new();
        let read = |row: &Row<'_>| {
            let (count, bytes) = used.entry(row.get("device")?).or_default();
            *count = count.saturating_add(1);
            *bytes = bytes.saturating_add(row.get("body_bytes")?);
            if *count > count_max || *bytes > bytes_max {
                return Ok(None);
            }
            Ok(Some(OperationInEffect {
                dot: dot(row)?,
                order: row.get("order_number")?,
                claimed_at: row.get("claimed_at")?,
                body: row.get("body")?,
            }))
        };
        self.those("read an item", IN_EFFECT, [id], read)
    }

    /// How many operations an item has, and how many bytes they take; `limit` operations at most
    /// are looked at.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn operations_size(&self, id: ItemRow, limit: u64) -> Result<(u64, u64), StoreError> {
        let values = params![id, limit];
        self.one("read an item", SIZE, values, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// What is known of all operations of an item together.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item_state(&self, id: ItemRow) -> Result<ItemState, StoreError> {
        let newest = self.optional("read an item", NEWEST, [id], |row| row.get(0))?;
        self.one("read an item", STATE, [id], |row| {
            Ok(ItemState {
                newest: newest.map(DeviceId),
                is_late: row.get(0)?,
                has_content: row.get(1)?,
            })
        })
    }

    /// The items that the operations of a segment are about.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn items_of_segment(&self, segment: SegmentRow) -> Result<Vec<StoredItem>, StoreError> {
        self.all(
            "read what a segment is about",
            ITEMS_OF_SEGMENT,
            [segment],
            item,
        )
    }

    /// What was kept of an item so that it need not be worked out again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item_cache(&self, id: ItemRow) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT cache FROM space_item_cache WHERE item_row = ?1";
        self.optional("read an item", select, [id], |row| row.get(0))
    }
}

impl Changes<'_> {
    /// The row of an item, new and without a kind if nothing was said of it before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ensure_item(
        &self,
        space: SpaceRow,
        compartment: CompartmentId,
        id: ItemId,
    ) -> Result<ItemRow, StoreError> {
        let doing = "store an item";
        let values = params![space, id.0, compartment.0];
        let known = self.optional(doing, ROW_WITH_ID, values, |row| row.get(0))?;
        if let Some(known) = known {
            return Ok(known);
        }
        let insert = "INSERT INTO space_item
             (space_id, item, compartment, kind, updated_at, flags, title, place)
             VALUES (?1, ?2, ?3, '', 0, 0, '', '')";
        let values = params![space, id.0, compartment.0];
        self.insert(doing, insert, values).map(ItemRow)
    }

    /// Lists show this of an item from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_item_line(&self, id: ItemRow, line: &ItemLine) -> Result<(), StoreError> {
        let update = "UPDATE space_item
             SET kind = ?2, updated_at = ?3, flags = ?4, title = ?5, place = ?6 WHERE id = ?1";
        let values = params![
            id,
            kind_word(line.kind),
            line.updated_at,
            line.flags,
            line.title,
            line.place
        ];
        self.run("store what lists show of an item", update, values)?;
        Ok(())
    }

    /// The person has read an item.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mark_read(&self, id: ItemRow) -> Result<(), StoreError> {
        let update = "UPDATE space_item SET flags = flags & ~?2 WHERE id = ?1 AND flags & ?2";
        let values = params![id, ItemFlag::Unread.bit()];
        self.run("note that an item was read", update, values)?;
        Ok(())
    }

    /// Keeps what was worked out of an item, or nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_item_cache(&self, id: ItemRow, cache: Option<&[u8]>) -> Result<(), StoreError> {
        let doing = "store an item";
        match cache {
            Some(cache) => {
                let insert = "INSERT INTO space_item_cache (item_row, cache) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET cache = excluded.cache";
                self.run(doing, insert, params![id, cache])?;
            }
            None => {
                let delete = "DELETE FROM space_item_cache WHERE item_row = ?1";
                self.run(doing, delete, [id])?;
            }
        }
        Ok(())
    }

    /// Stores an operation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_operation(&self, new: &NewOperation<'_>) -> Result<(), StoreError> {
        let insert = "INSERT INTO space_operation
             (item_row, segment_id, place, kind, in_effect, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            new.item,
            new.segment,
            new.place,
            new.kind,
            new.in_effect,
            new.body
        ];
        self.run("store an operation", insert, values)?;
        Ok(())
    }
}

/// Each of several rows once, ascending.
pub(super) fn each_once(mut rows: Vec<ItemRow>) -> Vec<ItemRow> {
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// How a kind lies in its column.
pub(super) fn kind_word(kind: Option<ItemKind>) -> &'static str {
    kind.map_or("", ItemKind::word)
}

const ITEM_WITH_ID: &str =
    "SELECT * FROM space_item WHERE space_id = ?1 AND item = ?2 AND compartment = ?3";
const ROW_WITH_ID: &str =
    "SELECT id FROM space_item WHERE space_id = ?1 AND item = ?2 AND compartment = ?3";
const OPERATIONS_OF_ITEM: &str = "SELECT device, number, place, segment_id, hash, standing,
     order_number, claimed_at, space_segment.taken_at AS taken_at,
     space_operation.kind AS kind, in_effect, body
     FROM space_operation
     JOIN space_segment ON space_segment.id = segment_id
     JOIN space_device ON space_device.id = device_id
     WHERE item_row = ?1 ORDER BY segment_id, place";
const IN_EFFECT: &str = "SELECT device, number, place, order_number, claimed_at,
     length(body) AS body_bytes, body
     FROM space_operation
     JOIN space_segment ON space_segment.id = segment_id
     JOIN space_device ON space_device.id = device_id
     WHERE item_row = ?1 AND in_effect AND body IS NOT NULL
     ORDER BY segment_id, place";
const SIZE: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM
     (SELECT length(body) AS bytes FROM space_operation WHERE item_row = ?1 LIMIT ?2)";
const NEWEST: &str = "SELECT device FROM space_operation
     JOIN space_segment ON space_segment.id = segment_id
     JOIN space_device ON space_device.id = device_id
     WHERE item_row = ?1 ORDER BY segment_id DESC, place DESC LIMIT 1";
const STATE: &str = "SELECT
     EXISTS (SELECT 1 FROM space_operation
             WHERE item_row = ?1 AND NOT in_effect AND body IS NOT NULL),
     EXISTS (SELECT 1 FROM space_operation WHERE item_row = ?1 AND body IS NOT NULL)";
const ITEMS_OF_SEGMENT: &str = "SELECT DISTINCT space_item.* FROM space_operation
     JOIN space_item ON space_item.id = item_row
     WHERE segment_id = ?1 ORDER BY space_item.id";

#[cfg(test)]
mod tests {
    use super::super::fixture::{Author, Fixture};
    use super::*;

    const ITEM: ItemId = ItemId([3; 16]);

    #[test]
    fn compartments_share_no_item() {
        let fixture = Fixture::new();
        let space = fixture.space;
        fixture.write(|changes| {
            let (whole, narrow) = (CompartmentId::WHOLE, CompartmentId([5; 16]));
            let one = changes.ensure_item(space, whole, ITEM).unwrap();
            assert_eq!(changes.ensure_item(space, whole, ITEM).unwrap(), one);
            let other = changes.ensure_item(space, narrow, ITEM).unwrap();
            assert_ne!(one, other);
            let found = changes.item_with_id(space, narrow, ITEM).unwrap().unwrap();
            assert_eq!((found.id, found.line.kind), (other, None));
        });
    }

    #[test]
    fn an_operation_comes_out_with_what_its_segment_says() {
        let fixture = Fixture::new();
        let mut author = Author::new(1);
        fixture.take_in(&author.control(&[], b"one"), Standing::InEffect);
        let segment = author.content(1, b"said");
        let row = fixture.take_in(&segment, Standing::InEffect);
        let item = fixture.operation(ITEM, row, 4);
        let operations = fixture.store.read().operations_of_item(item).unwrap();
        let fields = segment.header().fields();
        let expected = StoredOperation {
            dot: Dot {
                device: fields.device,
                number: 2,
                index: 4,
            },
            segment: row,
            hash: segment.header().hash(),
            standing: Standing::InEffect,
            order: 2,
            claimed_at: UnixTime(900),
            taken_at: UnixTime(1_000),
            kind: 0x40,
            in_effect: true,
            body: Some(b"said".to_vec()),
        };
        assert_eq!(operations, [expected]);
    }

    #[test]
    fn reading_takes_the_mark_away_and_leaves_the_others() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            let whole = CompartmentId::WHOLE;
            let id = changes.ensure_item(fixture.space, whole, ITEM).unwrap();
            let flags = ItemFlags::default();
            let flags = flags
                .with(ItemFlag::Unread, true)
                .with(ItemFlag::Conflict, true);
            let line = ItemLine {
                kind: Some(ItemKind::Record),
                title: "title".to_owned(),
                place: "place".to_owned(),
                updated_at: UnixTime(5),
                flags,
            };
            changes.set_item_line(id, &line).unwrap();
            assert_eq!(changes.item(id).unwrap().unwrap().line, line);
            changes.mark_read(id).unwrap();
            let read = changes.item(id).unwrap().unwrap().line.flags;
            assert_eq!(read, flags.with(ItemFlag::Unread, false));
            assert!(read.has(ItemFlag::Conflict) && !read.has(ItemFlag::Unread));
        });
    }

    #[test]
    fn what_is_kept_of_an_item_is_replaced_and_forgotten() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            let whole = CompartmentId::WHOLE;
            let id = changes.ensure_item(fixture.space, whole, ITEM).unwrap();
            for cache in [Some(&b"one"[..]), Some(&b"two"[..]), None] {
                changes.set_item_cache(id, cache).unwrap();
                assert_eq!(changes.item_cache(id).unwrap().as_deref(), cache);
            }
        });
    }

    #[test]
    fn no_question_about_an_item_reads_them_all() {
        let fixture = Fixture::new();
        for sql in [ITEM_WITH_ID, ROW_WITH_ID, OPERATIONS_OF_ITEM] {
            fixture.assert_direct(sql);
        }
        assert!(!fixture.plan(ITEMS_OF_SEGMENT).contains("SCAN"));
    }
}
