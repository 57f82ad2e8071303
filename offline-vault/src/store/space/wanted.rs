//! What of a space has not come and is asked for: chunks of files, and payloads of segments.

use rusqlite::params;
use team_core::blob::BlobId;
use team_core::ids::SegmentHash;

use super::super::{Changes, StoreError, Tables};
use super::item::{ItemRow, each_once};
use super::row::SpaceRow;
use super::segment::Standing;

impl Tables<'_> {
    /// Chunks that segments name and that have not come: `limit` of them, by their ids, from
    /// `from` on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn missing_chunks_from(
        &self,
        space: SpaceRow,
        from: BlobId,
        limit: u32,
    ) -> Result<Vec<BlobId>, StoreError> {
        let values = params![space, from.0, limit];
        self.all("read which chunks are missing", CHUNKS, values, |row| {
            Ok(BlobId(row.get(0)?))
        })
    }

    /// Segments whose payload has not come: `limit` of them, by their hashes, from `from` on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn missing_payloads_from(
        &self,
        space: SpaceRow,
        from: SegmentHash,
        limit: u32,
    ) -> Result<Vec<SegmentHash>, StoreError> {
        let values = params![space, from.0, limit, Standing::Absent];
        self.all("read which payloads are missing", PAYLOADS, values, |row| {
            Ok(SegmentHash(row.get(0)?))
        })
    }

    /// The segments whose payload was destroyed here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn destroyed_segments(&self, space: SpaceRow) -> Result<Vec<SegmentHash>, StoreError> {
        let values = params![space, Standing::Destroyed];
        self.all("read what was destroyed", DESTROYED, values, |row| {
            Ok(SegmentHash(row.get(0)?))
        })
    }
}

impl Changes<'_> {
    /// A payload that was destroyed is to come again: it is as if it had never been here. The
    /// items that it was about are to be looked at anew.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn want_again(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let doing = "ask for a payload again";
        let Some(place) = self.segment_place(space, hash)? else {
            return Ok(Vec::new());
        };
        let update = "UPDATE space_segment SET standing = ?2
             WHERE id = ?1 AND standing = ?3 AND payload IS NULL";
        let values = params![place.id, Standing::Absent, Standing::Destroyed];
        if self.run(doing, update, values)? == 0 {
            return Ok(Vec::new());
        }
        let operations = "DELETE FROM space_operation WHERE segment_id = ?1 RETURNING item_row";
        let items = self.all(doing, operations, [place.id], |row| row.get(0))?;
        Ok(each_once(items))
    }
}

const CHUNKS: &str = "SELECT chunk FROM space_chunk
     WHERE space_id = ?1 AND file IS NULL AND chunk >= ?2 ORDER BY chunk LIMIT ?3";
const PAYLOADS: &str = "SELECT hash FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = ?4 AND hash >= ?2
     ORDER BY hash LIMIT ?3";
const DESTROYED: &str = "SELECT hash FROM space_segment
     WHERE space_id = ?1 AND standing <> 1 AND standing = ?2";

#[cfg(test)]
mod tests {
    use team_content::item_id::ItemId;
    use team_core::ids::CompartmentId;

    use super::super::fixture::{Author, Fixture};
    use super::super::item::NewOperation;
    use super::*;

    #[test]
    fn a_payload_that_is_wanted_again_comes_as_if_for_the_first_time() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let mut author = Author::new(1);
        let segment = author.content(5, b"said");
        let hash = segment.header().hash();
        fixture.take_in(&segment, Standing::InEffect);
        fixture.write(|changes| {
            let place = changes.segment_place(space, hash).unwrap().unwrap();
            let item = changes
                .ensure_item(space, CompartmentId::WHOLE, ItemId([7; 16]))
                .unwrap();
            let enter = || {
                changes.insert_operation(&NewOperation {
                    item,
                    segment: place.id,
                    place: 0,
                    kind: 0x20,
                    body: b"said",
                    in_effect: true,
                })
            };
            enter().unwrap();
            assert!(changes.want_again(space, hash).unwrap().is_empty());
            changes.destroy_payload(space, hash).unwrap();
            assert_eq!(changes.destroyed_segments(space).unwrap(), [hash]);
            assert_eq!(changes.want_again(space, hash).unwrap(), [item]);
            assert!(changes.destroyed_segments(space).unwrap().is_empty());
            let first = SegmentHash([0; 32]);
            let missing = changes.missing_payloads_from(space, first, 9).unwrap();
            assert_eq!(missing, [hash]);
            assert!(changes.fill_payload(place.id, b"said").unwrap());
            enter().unwrap();
        });
        fixture.assert_direct(CHUNKS);
        fixture.assert_direct(DESTROYED);
        // What is absent is put in order; there is little of it.
        assert!(!fixture.plan(PAYLOADS).contains("SCAN"));
    }
}
