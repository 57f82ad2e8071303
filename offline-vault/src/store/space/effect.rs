//! Which operations of a segment count.

use rusqlite::params;
use team_content::index::ItemKind;

use super::super::{Changes, StoreError, Tables};
use super::device::DeviceRow;
use super::item::ItemRow;
use super::row::SpaceRow;
use super::segment::SegmentRow;

/// How the operations of a segment stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// How many there are, without those that were destroyed.
    pub total: u64,
    /// How many of them count.
    pub in_effect: u64,
}

impl Tables<'_> {
    /// How far the author of a device's segment had seen another device with it; 0 for not at
    /// all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen_with(
        &self,
        device: DeviceRow,
        number: u64,
        other: DeviceRow,
    ) -> Result<u64, StoreError> {
        let values = params![device, number, other];
        let found = self.optional("look up what a device saw", SEEN_WITH, values, |row| {
            row.get(0)
        })?;
        Ok(found.unwrap_or(0))
    }
}

impl Tables<'_> {
    /// The items of one kind in one place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item_rows_at(
        &self,
        space: SpaceRow,
        kind: ItemKind,
        place: &str,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let select = "SELECT id FROM space_item WHERE space_id = ?1 AND kind = ?2 AND place = ?3";
        let values = params![space, kind.word(), place];
        self.all("look items up", select, values, |row| row.get(0))
    }
}

impl Changes<'_> {
    /// The operations of a segment with kinds up to this one count from now on, the others do
    /// not; none at all counts with `None`. Tells which items changed thereby.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_effect(
        &self,
        segment: SegmentRow,
        highest_kind: Option<u8>,
    ) -> Result<(Effect, Vec<ItemRow>), StoreError> {
        let doing = "note whether operations count";
        let highest = highest_kind.map_or(-1, i64::from);
        let update = "UPDATE space_operation SET in_effect = (kind <= ?2)
             WHERE segment_id = ?1 AND body IS NOT NULL AND in_effect <> (kind <= ?2)
             RETURNING item_row";
        let values = params![segment, highest];
        let mut items: Vec<ItemRow> = self.all(doing, update, values, |row| row.get(0))?;
        items.sort_unstable();
        items.dedup();
        let count = "SELECT count(*), coalesce(sum(in_effect), 0) FROM space_operation
             WHERE segment_id = ?1 AND body IS NOT NULL";
        let effect = self.one(doing, count, [segment], |row| {
            Ok(Effect {
                total: row.get(0)?,
                in_effect: row.get(1)?,
            })
        })?;
        Ok((effect, items))
    }
}

/// From the highest down: for the newest segments, which are asked for most, the first row is the
/// answer.
const SEEN_WITH: &str = "SELECT other_number FROM space_step
     WHERE device_id = ?1 AND other_id = ?3 AND number <= ?2
     ORDER BY other_number DESC LIMIT 1";

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, device};
    use super::*;

    #[test]
    fn how_far_a_device_had_seen_another_one_is_told_for_each_of_its_segments() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            let space = fixture.space;
            let id = changes.ensure_device(space, device(1)).unwrap();
            let other = changes.ensure_device(space, device(2)).unwrap();
            for (number, other_number) in [(3, 2), (5, 8), (9, 20)] {
                let steps = [(device(2), other_number), (device(3), number)];
                changes.insert_steps(space, id, number, &steps).unwrap();
            }
            for (number, seen) in [(2, 0), (3, 2), (4, 2), (5, 8), (8, 8), (9, 20), (70, 20)] {
                assert_eq!(changes.seen_with(id, number, other).unwrap(), seen);
            }
            assert_eq!(changes.seen_with(other, 9, id).unwrap(), 0);
        });
        fixture.assert_direct(SEEN_WITH);
    }
}
