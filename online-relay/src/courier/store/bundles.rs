//! The bundles in `blobs/`, and how long they stay.

use std::io::{self, Read};

use pack_format::pack::PlannedItem;
use pack_format::relay::ContentId;
use rusqlite::{Connection, OptionalExtension as _, params};

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

    /// Forgets the fetched bundles for a vault whose bytes were lost or damaged since, so that
    /// they are fetched again: the vault would throw them away, and nobody would hear of it.
    ///
    /// Each is read once in a run, and not at all in the run that has fetched it.
    pub(crate) fn forget_damaged(&mut self, lane: LaneNumber) -> Result<(), StoreError> {
        for item in self.due_bundles(lane)? {
            let PlannedItem::Bundle {
                content_id,
                size_bytes,
            } = item
            else {
                continue;
            };
            if self.checked.contains(&content_id) {
                continue;
            }
            let file = file_of(&self.index(), &content_id)?;
            if file.is_some_and(|file| self.files.is_intact(&file, &content_id, size_bytes)) {
                self.checked.insert(content_id);
            } else {
                self.transact(|change| change.want_again(&content_id))?;
            }
        }
        Ok(())
    }
}

/// Where a bundle is.
fn file_of(index: &Connection, content_id: &ContentId) -> Result<Option<FileName>, StoreError> {
    index
        .query_row(
            "SELECT file FROM bundles WHERE content_id = ?1",
            [content_id.0],
            |row| row.get::<_, String>("file"),
        )
        .optional()
        .map_err(StoreError::index("looking up a bundle"))?
        .map(|file| FileName::from_index(&file))
        .transpose()
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
        let (content_id, size_bytes) = (&written.content_id, written.size_bytes);
        if let Some(stored) = file_of(self.index, content_id)? {
            if self.files.is_intact(&stored, content_id, size_bytes) {
                return Ok(false);
            }
            self.pending.doomed.push(stored);
        }
        let update = "UPDATE bundles SET size_bytes = ?2, file = ?3 WHERE content_id = ?1";
        self.index.execute(update, values).map_err(failed)?;
        Ok(true)
    }

    /// Forgets a bundle whose bytes are not what they were: where it was fetched it is wanted
    /// again, and tickets wait without it.
    fn want_again(&mut self, content_id: &ContentId) -> Result<(), StoreError> {
        let update = "UPDATE listed SET state = 0, arrival = NULL
             WHERE state = 1 AND content_id = ?1";
        self.index
            .execute(update, [content_id.0])
            .map_err(StoreError::index("forgetting a damaged bundle"))?;
        let delete = "DELETE FROM bundles WHERE content_id = ?1 RETURNING file";
        self.doom(delete, [content_id.0])
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

    /// Forgets a bundle that no vault waits for and that no ticket and no request needs.
    pub(super) fn drop_if_unneeded(&mut self, content_id: &ContentId) -> Result<(), StoreError> {
        let delete = "DELETE FROM bundles WHERE content_id = ?1
             AND NOT EXISTS (SELECT 1 FROM from_vaults WHERE content_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM listed WHERE content_id = ?1 AND state = 1)
             AND NOT EXISTS (SELECT 1 FROM desk_requests WHERE content_id = ?1 AND state < 2)
             RETURNING file";
        self.doom(delete, params![content_id.0])
    }

    /// [`Change::drop_if_unneeded`] for all bundles.
    pub(super) fn drop_unneeded_bundles(&mut self) -> Result<(), StoreError> {
        let delete = "DELETE FROM bundles
             WHERE content_id NOT IN (SELECT content_id FROM from_vaults)
             AND content_id NOT IN (SELECT content_id FROM listed WHERE state = 1)
             AND content_id NOT IN (SELECT content_id FROM desk_requests
                 WHERE state < 2 AND content_id IS NOT NULL)
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
