//! The bundles in `blobs/`, and how long they stay.

use std::io::{self, Read};

use pack_format::relay::ContentId;
use rusqlite::{OptionalExtension as _, params};

use super::files::{FileName, Place, Written};
use super::lanes::LaneNumber;
use super::{BlobReader, Change, Store, StoreError, all, to_sql};

impl Store {
    /// A bundle's bytes.
    pub(crate) fn open_bundle(&self, content_id: &ContentId) -> io::Result<BlobReader> {
        let (file, size_bytes) = self
            .index()
            .query_row(
                "SELECT file, size_bytes FROM bundles WHERE content_id = ?1",
                [content_id.0],
                |row| {
                    Ok((
                        row.get::<_, String>("file")?,
                        row.get::<_, i64>("size_bytes")?,
                    ))
                },
            )
            .optional()
            .map_err(|err| StoreError::index("looking up a bundle")(err).into_io())?
            .ok_or(io::ErrorKind::NotFound)?;
        let name = FileName::from_index(&file).map_err(StoreError::into_io)?;
        self.files
            .open_blob(&name, u64::try_from(size_bytes).unwrap_or(0))
    }
}

impl Change<'_> {
    /// Takes in one bundle of exactly `size_bytes` from a vault; one that is here already and
    /// undamaged is kept once.
    pub(crate) fn take_bundle(
        &mut self,
        lane: LaneNumber,
        size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        let written = self.files.write(size_bytes, body)?;
        self.pending.fresh.push(written.name.clone());
        let content_id = written.content_id;
        if !self.put_bundle(&written).map_err(StoreError::into_io)? {
            self.pending.fresh.pop();
            self.files
                .remove(Place::Blobs, &written.name)
                .map_err(StoreError::into_io)?;
        }
        self.index
            .execute(
                "INSERT OR IGNORE INTO from_vaults (content_id, lane) VALUES (?1, ?2)",
                params![content_id.0, lane.0],
            )
            .map(drop)
            .map_err(|err| StoreError::index("storing a bundle")(err).into_io())
    }

    /// Names a file as a bundle; false where the bundle is here already.
    ///
    /// The fresh file takes the place of one that was lost or damaged since: the vault, or the
    /// relay, may never give another copy.
    pub(super) fn put_bundle(&mut self, written: &Written) -> Result<bool, StoreError> {
        let failed = StoreError::index("storing a bundle");
        let insert = "INSERT OR IGNORE INTO bundles (content_id, size_bytes, file)
                      VALUES (?1, ?2, ?3)";
        let values = params![
            written.content_id.0,
            to_sql(written.size_bytes),
            written.name.as_str()
        ];
        if self.index.execute(insert, values).map_err(failed)? == 1 {
            return Ok(true);
        }
        let select = "SELECT file FROM bundles WHERE content_id = ?1";
        let stored: String = self
            .index
            .query_row(select, [written.content_id.0], |row| row.get("file"))
            .map_err(failed)?;
        let stored = FileName::from_index(&stored)?;
        if self
            .files
            .is_intact(&stored, &written.content_id, written.size_bytes)
        {
            return Ok(false);
        }
        let update = "UPDATE bundles SET size_bytes = ?2, file = ?3 WHERE content_id = ?1";
        self.index.execute(update, values).map_err(failed)?;
        self.pending.doomed.push(stored);
        Ok(true)
    }

    /// Whether a bundle is here.
    pub(super) fn has_bundle(&self, content_id: &ContentId) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM bundles WHERE content_id = ?1)";
        self.index
            .query_row(select, [content_id.0], |row| row.get(0))
            .map_err(StoreError::index("looking up a bundle"))
    }

    /// The vault has heard of everything that became of its bundle: unless a ticket still needs
    /// it, this courier is done with it.
    pub(super) fn finish_bundle(
        &mut self,
        lane: LaneNumber,
        content_id: &ContentId,
    ) -> Result<(), StoreError> {
        let delete = "DELETE FROM from_vaults WHERE content_id = ?1 AND lane = ?2
             AND NOT EXISTS (SELECT 1 FROM tickets WHERE lane = ?2 AND content_id = ?1)";
        self.index
            .execute(delete, params![content_id.0, lane.0])
            .map_err(StoreError::index("finishing a bundle"))?;
        self.drop_if_unneeded(content_id)
    }

    /// Forgets a bundle that no vault waits for and no ticket needs.
    pub(super) fn drop_if_unneeded(&mut self, content_id: &ContentId) -> Result<(), StoreError> {
        let delete = "DELETE FROM bundles WHERE content_id = ?1
             AND NOT EXISTS (SELECT 1 FROM from_vaults WHERE content_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM listed WHERE content_id = ?1 AND state = 1)
             RETURNING file";
        self.doom(delete, params![content_id.0])
    }

    /// [`Change::drop_if_unneeded`] for all bundles.
    pub(super) fn drop_unneeded_bundles(&mut self) -> Result<(), StoreError> {
        let delete = "DELETE FROM bundles
             WHERE content_id NOT IN (SELECT content_id FROM from_vaults)
             AND content_id NOT IN (SELECT content_id FROM listed WHERE state = 1)
             RETURNING file";
        self.doom(delete, [])
    }

    fn doom(&mut self, delete: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        let files = all(self.index, "forgetting a bundle", delete, params, |row| {
            Ok(row.get::<_, String>("file")?)
        })?;
        for file in files {
            self.pending.doomed.push(FileName::from_index(&file)?);
        }
        Ok(())
    }
}
