//! Chunks of files: which there should be, where they lie, and which segments name them.

use rusqlite::{Row, params};
use team_core::blob::{BlobId, BlobKey, PlainHash};
use team_core::ids::CompartmentId;

use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;
use super::segment::SegmentRow;

/// A chunk as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Its name.
    pub id: BlobId,
    /// Its size as carried.
    pub size_bytes: u64,
    /// The file in `bundles/`; none while it has not come.
    pub file: Option<String>,
}

fn chunk(row: &Row<'_>) -> rusqlite::Result<StoredChunk> {
    Ok(StoredChunk {
        id: BlobId(row.get("chunk")?),
        size_bytes: row.get("size_bytes")?,
        file: row.get("file")?,
    })
}

impl Tables<'_> {
    /// One chunk, if a segment names it or it has come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chunk(&self, space: SpaceRow, id: BlobId) -> Result<Option<StoredChunk>, StoreError> {
        let select = "SELECT * FROM space_chunk WHERE space_id = ?1 AND chunk = ?2";
        self.optional("look a chunk up", select, params![space, id.0], chunk)
    }

    /// The first `limit` chunks that segments name and that have not come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn missing_chunks(
        &self,
        space: SpaceRow,
        limit: u32,
    ) -> Result<Vec<StoredChunk>, StoreError> {
        let values = params![space, limit];
        self.all("read which chunks are missing", MISSING, values, chunk)
    }

    /// The chunks that a segment names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chunks_of_segment(&self, segment: SegmentRow) -> Result<Vec<StoredChunk>, StoreError> {
        self.all("read the chunks of a segment", OF_SEGMENT, [segment], chunk)
    }

    /// The segments that name a chunk, in the order in which they were taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn segments_of_chunk(
        &self,
        space: SpaceRow,
        id: BlobId,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        let select = "SELECT segment_id FROM space_chunk_use
             WHERE space_id = ?1 AND chunk = ?2 ORDER BY segment_id";
        let values = params![space, id.0];
        self.all("look up what names a chunk", select, values, |row| {
            row.get(0)
        })
    }

    /// The chunks that no segment names any more: to be removed, with their files.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unused_chunks(&self, space: SpaceRow) -> Result<Vec<StoredChunk>, StoreError> {
        self.all("read which chunks are left over", UNUSED, [space], chunk)
    }

    /// The chunk with this content that was put into a compartment before, and what opens it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn known_chunk(
        &self,
        space: SpaceRow,
        compartment: CompartmentId,
        plain: PlainHash,
    ) -> Result<Option<(BlobId, BlobKey)>, StoreError> {
        let select = "SELECT chunk, key FROM space_plain_chunk
             WHERE space_id = ?1 AND compartment = ?2 AND plain = ?3";
        let values = params![space, compartment.0, plain.0];
        self.optional("look a chunk up", select, values, |row| {
            Ok((BlobId(row.get("chunk")?), BlobKey(row.get("key")?)))
        })
    }
}

impl Changes<'_> {
    /// A segment names a chunk of this size. What is known of the chunk stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_chunk(
        &self,
        space: SpaceRow,
        id: BlobId,
        size_bytes: u64,
        segment: SegmentRow,
    ) -> Result<(), StoreError> {
        let doing = "store which chunks there are";
        let insert = "INSERT INTO space_chunk (space_id, chunk, size_bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING";
        self.run(doing, insert, params![space, id.0, size_bytes])?;
        let insert = "INSERT INTO space_chunk_use (space_id, chunk, segment_id)
             VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.run(doing, insert, params![space, id.0, segment])?;
        Ok(())
    }

    /// Where a chunk lies; none when its file is gone. Tells whether the chunk is known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_chunk_file(
        &self,
        space: SpaceRow,
        id: BlobId,
        file: Option<&str>,
    ) -> Result<bool, StoreError> {
        let update = "UPDATE space_chunk SET file = ?3 WHERE space_id = ?1 AND chunk = ?2";
        let changed = self.run("store a chunk", update, params![space, id.0, file])?;
        Ok(changed > 0)
    }

    /// Forgets a chunk, and that it could be found by its content.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_chunk(&self, space: SpaceRow, id: BlobId) -> Result<(), StoreError> {
        let delete = "DELETE FROM space_chunk WHERE space_id = ?1 AND chunk = ?2";
        self.run("forget a chunk", delete, params![space, id.0])?;
        Ok(())
    }

    /// A known chunk can be found by its content from now on. The first one of a content stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_plain_chunk(
        &self,
        space: SpaceRow,
        compartment: CompartmentId,
        plain: PlainHash,
        id: BlobId,
        key: BlobKey,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO space_plain_chunk (space_id, compartment, plain, chunk, key)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let values = params![space, compartment.0, plain.0, id.0, key.0];
        self.run("store which chunks there are", insert, values)?;
        Ok(())
    }
}

const MISSING: &str = "SELECT * FROM space_chunk WHERE space_id = ?1 AND file IS NULL
     AND EXISTS (SELECT 1 FROM space_chunk_use
         WHERE space_chunk_use.space_id = space_chunk.space_id
         AND space_chunk_use.chunk = space_chunk.chunk)
     ORDER BY chunk LIMIT ?2";
const OF_SEGMENT: &str = "SELECT space_chunk.* FROM space_chunk_use
     JOIN space_chunk ON space_chunk.space_id = space_chunk_use.space_id
         AND space_chunk.chunk = space_chunk_use.chunk
     WHERE segment_id = ?1 ORDER BY space_chunk_use.space_id, space_chunk_use.chunk";
const UNUSED: &str = "SELECT * FROM space_chunk WHERE space_id = ?1
     AND NOT EXISTS (SELECT 1 FROM space_chunk_use
         WHERE space_chunk_use.space_id = space_chunk.space_id
         AND space_chunk_use.chunk = space_chunk.chunk)
     ORDER BY chunk";

#[cfg(test)]
mod tests {
    use super::super::Standing;
    use super::super::fixture::{Author, Fixture};
    use super::*;

    const ONE: BlobId = BlobId([1; 32]);
    const TWO: BlobId = BlobId([2; 32]);

    #[test]
    fn a_chunk_is_missing_until_it_comes_and_left_over_once_nothing_names_it() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let segment = Author::new(1).content(1, b"a file");
        let row = fixture.take_in(&segment, Standing::InEffect);
        fixture.write(|changes| {
            for id in [TWO, ONE, ONE] {
                changes.note_chunk(space, id, 100, row).unwrap();
            }
            let missing = changes.missing_chunks(space, 1).unwrap();
            assert_eq!(missing.iter().map(|it| it.id).collect::<Vec<_>>(), [ONE]);
            assert!(changes.set_chunk_file(space, ONE, Some("one")).unwrap());
            assert!(
                !changes
                    .set_chunk_file(space, BlobId([9; 32]), Some("no"))
                    .unwrap()
            );
            assert_eq!(changes.missing_chunks(space, 9).unwrap()[0].id, TWO);
            assert_eq!(changes.chunks_of_segment(row).unwrap().len(), 2);
            assert_eq!(changes.segments_of_chunk(space, ONE).unwrap(), [row]);
            assert_eq!(changes.bundle_files().unwrap(), ["one"]);
            assert!(changes.unused_chunks(space).unwrap().is_empty());
            changes
                .destroy_payload(space, segment.header().hash())
                .unwrap();
            assert!(changes.missing_chunks(space, 9).unwrap().is_empty());
            assert_eq!(changes.unused_chunks(space).unwrap().len(), 2);
            changes.remove_chunk(space, ONE).unwrap();
            assert_eq!(changes.chunk(space, ONE).unwrap(), None);
            assert!(changes.bundle_files().unwrap().is_empty());
        });
        for sql in [MISSING, OF_SEGMENT, UNUSED] {
            fixture.assert_direct(sql);
        }
    }

    #[test]
    fn a_chunk_is_found_by_its_content_in_its_own_compartment_only() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let row = fixture.take_in(&Author::new(1).content(1, b"a file"), Standing::InEffect);
        let (plain, key) = (PlainHash([3; 32]), BlobKey([4; 32]));
        let (whole, narrow) = (CompartmentId::WHOLE, CompartmentId([5; 16]));
        fixture.write(|changes| {
            changes.note_chunk(space, ONE, 100, row).unwrap();
            changes
                .note_plain_chunk(space, whole, plain, ONE, key)
                .unwrap();
            let found = changes.known_chunk(space, whole, plain).unwrap();
            assert_eq!(found, Some((ONE, key)));
            assert_eq!(changes.known_chunk(space, narrow, plain).unwrap(), None);
            changes.remove_chunk(space, ONE).unwrap();
            assert_eq!(changes.known_chunk(space, whole, plain).unwrap(), None);
        });
    }
}
