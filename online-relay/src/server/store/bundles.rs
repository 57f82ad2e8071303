//! Stored bundles: what waits, what was acknowledged.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};

use pack_format::relay::ContentId;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::error::StoreError;
use super::files::FileName;
use super::mailboxes::MailboxNumber;
use super::{Store, from_sql, to_sql};

/// What the relay holds of one bundle of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// All of it; it waits for its reader.
    Stored {
        /// Its place in the mailbox.
        sequence: u64,
    },
    /// The first bytes of it, perhaps none.
    Partial {
        /// How many survive a power cut.
        durable_bytes: u64,
    },
}

/// A bundle that waits to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// Its place in the mailbox.
    pub(crate) sequence: u64,
    /// Its id.
    pub(crate) content_id: ContentId,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// Where it is.
    pub(super) file: FileName,
}

impl Store {
    /// What is held of a bundle that is to have `size_bytes`.
    ///
    /// The start of an upload of another size does not count: one of the two tickets is wrong,
    /// and the hash will tell which. An acknowledged bundle counts as not here: whoever sends it
    /// again, because a receipt was lost on its way home, has to reach the reader again.
    pub(crate) fn find(
        &self,
        mailbox: MailboxNumber,
        content_id: &ContentId,
        size_bytes: u64,
    ) -> Result<Found, StoreError> {
        let failed = || StoreError::index("finding a bundle");
        let index = self.index();
        let sequence: Option<i64> = index
            .query_row(
                "SELECT sequence FROM bundles
                 WHERE mailbox = ?1 AND content_id = ?2 AND file IS NOT NULL",
                params![mailbox.0, content_id.0],
                |row| row.get(0),
            )
            .optional()
            .map_err(failed())?;
        if let Some(sequence) = sequence {
            let sequence = from_sql(sequence)?;
            return Ok(Found::Stored { sequence });
        }
        let durable: Option<i64> = index
            .query_row(
                "SELECT durable_bytes FROM uploads
                 WHERE mailbox = ?1 AND content_id = ?2 AND size_bytes = ?3",
                params![mailbox.0, content_id.0, to_sql(size_bytes)?],
                |row| row.get(0),
            )
            .optional()
            .map_err(failed())?;
        let durable_bytes = from_sql(durable.unwrap_or(0))?;
        Ok(Found::Partial { durable_bytes })
    }

    /// A bundle that waits in the mailbox.
    pub(crate) fn waiting(
        &self,
        mailbox: MailboxNumber,
        content_id: &ContentId,
    ) -> Result<Option<Waiting>, StoreError> {
        self.index()
            .query_row(
                "SELECT sequence, content_id, size_bytes, file FROM bundles
                 WHERE mailbox = ?1 AND content_id = ?2 AND file IS NOT NULL",
                params![mailbox.0, content_id.0],
                read_row,
            )
            .optional()
            .map_err(StoreError::index("finding a bundle"))?
            .map(to_waiting)
            .transpose()
    }

    /// Up to `limit` bundles that wait behind `after`, by rising sequence.
    pub(crate) fn list(
        &self,
        mailbox: MailboxNumber,
        after: u64,
        limit: u64,
    ) -> Result<Vec<Waiting>, StoreError> {
        let failed = || StoreError::index("listing a mailbox");
        let index = self.index();
        let mut query = index
            .prepare(
                "SELECT sequence, content_id, size_bytes, file FROM bundles
                 WHERE mailbox = ?1 AND sequence > ?2 AND file IS NOT NULL
                 ORDER BY sequence LIMIT ?3",
            )
            .map_err(failed())?;
        let rows = query
            .query_map(
                // A number beyond SQLite's is beyond every sequence as well.
                params![mailbox.0, to_sql(after).unwrap_or(i64::MAX), to_sql(limit)?],
                read_row,
            )
            .map_err(failed())?;
        rows.map(|row| row.map_err(failed()).and_then(to_waiting))
            .collect()
    }

    /// Forgets bundles for good and returns how many; ids that do not wait here are passed over.
    ///
    /// The rows stay. When this returns, no later fetch succeeds, also after a power cut.
    pub(crate) fn acknowledge(
        &self,
        mailbox: MailboxNumber,
        content_ids: &[ContentId],
    ) -> Result<u64, StoreError> {
        let failed = || StoreError::index("acknowledging");
        let mut forgotten = Vec::new();
        let mut index = self.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        for id in content_ids {
            if let Some((file, size)) = forget(&change, mailbox, id).map_err(failed())? {
                forgotten.push((parse_name(&file)?, from_sql(size)?));
            }
        }
        change.commit().map_err(failed())?;
        // Nobody waits for the index while a thousand files go.
        drop(index);
        for (file, size_bytes) in &forgotten {
            self.files.remove(file)?;
            self.budget.give_back(*size_bytes);
        }
        let mut index = self.index();
        let change = index.transaction().map_err(failed())?;
        for (file, _) in &forgotten {
            forget_removal(&change, file)?;
        }
        change.commit().map_err(failed())?;
        Ok(forgotten.len() as u64)
    }

    /// Opens a waiting bundle at `start`; `None` when it was acknowledged since it was found.
    pub(crate) fn open_waiting(
        &self,
        waiting: &Waiting,
        start: u64,
    ) -> Result<Option<File>, StoreError> {
        let failed = StoreError::disk("opening a bundle");
        match File::open(self.files.path(&waiting.file)) {
            Ok(mut file) => match file.seek(SeekFrom::Start(start)) {
                Ok(_) => Ok(Some(file)),
                Err(err) => Err(failed(err)),
            },
            Err(err) if err.kind() == io::ErrorKind::NotFound && !self.names(&waiting.file)? => {
                Ok(None)
            }
            Err(err) => Err(failed(err)),
        }
    }

    /// Whether a stored bundle has this file.
    fn names(&self, file: &FileName) -> Result<bool, StoreError> {
        self.index()
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM bundles WHERE file = ?1)",
                params![file.as_str()],
                |row| row.get(0),
            )
            .map_err(StoreError::index("finding a bundle"))
    }
}

/// Takes the file off the row and names it for removal, in the caller's transaction.
fn forget(
    change: &Connection,
    mailbox: MailboxNumber,
    id: &ContentId,
) -> rusqlite::Result<Option<(String, i64)>> {
    let found: Option<(String, i64)> = change
        .query_row(
            "SELECT file, size_bytes FROM bundles
             WHERE mailbox = ?1 AND content_id = ?2 AND file IS NOT NULL",
            params![mailbox.0, id.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((file, _)) = &found {
        change.execute(
            "UPDATE bundles SET file = NULL WHERE mailbox = ?1 AND content_id = ?2",
            params![mailbox.0, id.0],
        )?;
        change.execute("INSERT INTO removals (file) VALUES (?1)", params![file])?;
    }
    Ok(found)
}

/// Removes a file that `removals` names, then the name.
pub(super) fn remove_named(
    index: &Connection,
    files: &super::files::BlobFiles,
    file: &FileName,
) -> Result<(), StoreError> {
    files.remove(file)?;
    forget_removal(index, file)
}

/// The file is gone: its name is not needed any more.
fn forget_removal(index: &Connection, file: &FileName) -> Result<(), StoreError> {
    index
        .execute(
            "DELETE FROM removals WHERE file = ?1",
            params![file.as_str()],
        )
        .map(drop)
        .map_err(StoreError::index("removing a file"))
}

/// A file name out of the index.
pub(super) fn parse_name(text: &str) -> Result<FileName, StoreError> {
    FileName::parse(text).ok_or(StoreError::IndexDamaged {
        what: "a file name is not one of ours",
    })
}

type Row = (i64, [u8; 32], i64, String);

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn to_waiting((sequence, content_id, size_bytes, file): Row) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        sequence: from_sql(sequence)?,
        content_id: ContentId(content_id),
        size_bytes: from_sql(size_bytes)?,
        file: parse_name(&file)?,
    })
}
