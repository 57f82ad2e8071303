//! One upload: from the first byte to the row that makes it a stored bundle.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::sync::Arc;

use pack_format::relay::{ContentId, Ticket};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::limits::{DISK_RESERVE_BYTES, SYNC_STEP_BYTES};

use super::bundles::{parse_name, remove_named};
use super::error::StoreError;
use super::files::FileName;
use super::mailboxes::MailboxNumber;
use super::{Store, from_sql, to_sql};

/// What became of an upload of which all bytes are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// It is stored durably.
    Stored {
        /// Its place in the mailbox.
        sequence: u64,
    },
    /// Its bytes are not those of the content id; they are gone.
    HashDiffers,
}

/// An upload under way. The caller makes sure that there is one per bundle and mailbox.
#[derive(Debug)]
pub(crate) struct Upload {
    store: Arc<Store>,
    mailbox: MailboxNumber,
    content_id: ContentId,
    size_bytes: u64,
    name: FileName,
    file: File,
    written_bytes: u64,
    durable_bytes: u64,
    /// Taken from the budget for this file, at least `written_bytes`.
    reserved_bytes: u64,
    /// `None` when the upload did not begin at 0: then the file is read once more at the end,
    /// because hashing the old part first would keep a sender waiting before its first byte.
    hasher: Option<Box<blake3::Hasher>>,
}

impl Upload {
    /// Begins or goes on. The ticket is verified, and the bundle is not stored yet.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the rest does not fit now, so that nobody sends in vain.
    pub(crate) fn begin(
        store: Arc<Store>,
        mailbox: MailboxNumber,
        ticket: &Ticket,
    ) -> Result<Self, StoreError> {
        let (name, durable_bytes) = find_or_name(&store, mailbox, ticket)?;
        store.check_room(ticket.size_bytes.saturating_sub(durable_bytes))?;
        let file = store.files.open_upload(&name, durable_bytes)?;
        Ok(Self {
            store,
            mailbox,
            content_id: ticket.content_id,
            size_bytes: ticket.size_bytes,
            name,
            file,
            written_bytes: durable_bytes,
            durable_bytes,
            reserved_bytes: durable_bytes,
            hasher: (durable_bytes == 0).then(Box::default),
        })
    }

    /// Whether all bytes are here.
    pub(crate) fn is_whole(&self) -> bool {
        self.written_bytes == self.size_bytes
    }

    /// Appends bytes; the caller gives no more than the ticket's size in all.
    ///
    /// # Errors
    /// After any error the upload can only be suspended.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let len = bytes.len() as u64;
        self.reserve(len)?;
        self.file
            .write_all(bytes)
            .map_err(StoreError::disk("writing an upload"))?;
        self.written_bytes = self.written_bytes.saturating_add(len);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        if self.written_bytes.saturating_sub(self.durable_bytes) >= SYNC_STEP_BYTES {
            self.make_durable()?;
        }
        Ok(())
    }

    /// Keeps what has come so far, and says how much that is.
    pub(crate) fn suspend(mut self) -> Result<u64, StoreError> {
        // A write that failed half-way may have left bytes behind the last good one.
        self.file
            .set_len(self.written_bytes)
            .map_err(StoreError::disk("keeping an upload"))?;
        self.make_durable()?;
        Ok(self.durable_bytes)
    }

    /// Checks the whole and stores it: file durable, then one commit, in this order.
    pub(crate) fn finish(mut self) -> Result<Finished, StoreError> {
        let found = match self.hasher.take() {
            Some(hasher) => *hasher.finalize().as_bytes(),
            None => {
                self.make_durable()?;
                hash_of(&mut self.file).map_err(StoreError::disk("checking an upload"))?
            }
        };
        if found != self.content_id.0 {
            self.discard()?;
            return Ok(Finished::HashDiffers);
        }
        self.file
            .sync_all()
            .map_err(StoreError::disk("making an upload durable"))?;
        let sequence = self.commit()?;
        Ok(Finished::Stored { sequence })
    }

    /// Takes room in steps, so that a ticket alone reserves nothing.
    fn reserve(&mut self, len: u64) -> Result<(), StoreError> {
        let needed = self.written_bytes.saturating_add(len);
        if needed <= self.reserved_bytes {
            return Ok(());
        }
        let missing = needed - self.reserved_bytes;
        let rest = self.size_bytes.saturating_sub(self.reserved_bytes);
        let step = rest.min(SYNC_STEP_BYTES).max(missing);
        self.store.check_room(step)?;
        if !self.store.budget.take(step) {
            return Err(StoreError::Full { wanted_bytes: step });
        }
        self.reserved_bytes += step;
        Ok(())
    }

    fn make_durable(&mut self) -> Result<(), StoreError> {
        self.file
            .sync_all()
            .map_err(StoreError::disk("making an upload durable"))?;
        self.store
            .index()
            .execute(
                "UPDATE uploads SET durable_bytes = ?3 WHERE mailbox = ?1 AND content_id = ?2",
                params![
                    self.mailbox.0,
                    self.content_id.0,
                    to_sql(self.written_bytes)?
                ],
            )
            .map_err(StoreError::index("keeping an upload"))?;
        self.durable_bytes = self.written_bytes;
        Ok(())
    }

    fn discard(&mut self) -> Result<(), StoreError> {
        let mut index = self.store.index();
        discard_row(&mut index, self.mailbox, &self.content_id)?;
        remove_named(&index, &self.store.files, &self.name)?;
        drop(index);
        self.store.budget.give_back(self.reserved_bytes);
        self.reserved_bytes = 0;
        self.written_bytes = 0;
        Ok(())
    }

    fn commit(&self) -> Result<u64, StoreError> {
        let failed = || StoreError::index("storing a bundle");
        let mut index = self.store.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        let sequence: i64 = change
            .query_row(
                "UPDATE mailboxes SET next_sequence = next_sequence + 1 WHERE number = ?1
                 RETURNING next_sequence - 1",
                params![self.mailbox.0],
                |row| row.get(0),
            )
            .map_err(failed())?;
        change
            .execute(
                "INSERT INTO bundles (mailbox, sequence, content_id, size_bytes, file)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (mailbox, content_id) DO UPDATE SET sequence = excluded.sequence,
                     size_bytes = excluded.size_bytes, file = excluded.file",
                params![
                    self.mailbox.0,
                    sequence,
                    self.content_id.0,
                    to_sql(self.size_bytes)?,
                    self.name.as_str()
                ],
            )
            .map_err(failed())?;
        delete_row(&change, self.mailbox, &self.content_id).map_err(failed())?;
        change.commit().map_err(failed())?;
        from_sql(sequence)
    }
}

impl Drop for Upload {
    /// Gives back the room that was taken ahead of the bytes; what was written stays counted.
    fn drop(&mut self) {
        let ahead = self.reserved_bytes.saturating_sub(self.written_bytes);
        self.store.budget.give_back(ahead);
    }
}

impl Store {
    fn check_room(&self, wanted_bytes: u64) -> Result<(), StoreError> {
        let needed = wanted_bytes.saturating_add(DISK_RESERVE_BYTES);
        if self.budget.fits(wanted_bytes) && self.files.free_bytes()? >= needed {
            return Ok(());
        }
        Err(StoreError::Full { wanted_bytes })
    }
}

/// The file of an upload and how much of it is durable. A new upload gets its row first: a file
/// without a row cannot come from here.
fn find_or_name(
    store: &Store,
    mailbox: MailboxNumber,
    ticket: &Ticket,
) -> Result<(FileName, u64), StoreError> {
    let failed = || StoreError::index("beginning an upload");
    let mut index = store.index();
    let found: Option<(i64, i64, String)> = index
        .query_row(
            "SELECT size_bytes, durable_bytes, file FROM uploads
             WHERE mailbox = ?1 AND content_id = ?2",
            params![mailbox.0, ticket.content_id.0],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .map_err(failed())?;
    if let Some((size_bytes, durable_bytes, file)) = found {
        let name = parse_name(&file)?;
        let durable_bytes = from_sql(durable_bytes)?;
        if from_sql(size_bytes)? == ticket.size_bytes {
            return Ok((name, durable_bytes));
        }
        discard_row(&mut index, mailbox, &ticket.content_id)?;
        remove_named(&index, &store.files, &name)?;
        store.budget.give_back(durable_bytes);
    }
    let name = FileName::random()?;
    index
        .execute(
            "INSERT INTO uploads (mailbox, content_id, size_bytes, durable_bytes, file)
             VALUES (?1, ?2, ?3, 0, ?4)",
            params![
                mailbox.0,
                ticket.content_id.0,
                to_sql(ticket.size_bytes)?,
                name.as_str()
            ],
        )
        .map_err(failed())?;
    Ok((name, 0))
}

/// Forgets an upload and names its file for removal.
fn discard_row(
    index: &mut Connection,
    mailbox: MailboxNumber,
    content_id: &ContentId,
) -> Result<(), StoreError> {
    let failed = || StoreError::index("discarding an upload");
    let change = index
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed())?;
    change
        .execute(
            "INSERT OR IGNORE INTO removals (file)
             SELECT file FROM uploads WHERE mailbox = ?1 AND content_id = ?2",
            params![mailbox.0, content_id.0],
        )
        .map_err(failed())?;
    delete_row(&change, mailbox, content_id).map_err(failed())?;
    change.commit().map_err(failed())
}

fn delete_row(
    index: &Connection,
    mailbox: MailboxNumber,
    content_id: &ContentId,
) -> rusqlite::Result<()> {
    index
        .execute(
            "DELETE FROM uploads WHERE mailbox = ?1 AND content_id = ?2",
            params![mailbox.0, content_id.0],
        )
        .map(drop)
}

fn hash_of(file: &mut File) -> io::Result<[u8; 32]> {
    file.rewind()?;
    let mut hasher = Box::<blake3::Hasher>::default();
    let mut buf = vec![0; HASH_STEP_BYTES];
    loop {
        let len = file.read(&mut buf)?;
        match buf.get(..len) {
            None | Some([]) => return Ok(*hasher.finalize().as_bytes()),
            Some(read) => hasher.update(read),
        };
    }
}

/// Large enough for the widest SIMD path of BLAKE3 and for few system calls.
const HASH_STEP_BYTES: usize = 1024 * 1024;
