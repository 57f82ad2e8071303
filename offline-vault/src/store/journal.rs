//! What the vault did, in words for its owner.

use rusqlite::params;

use super::{Changes, StoreError, Tables};
use crate::clock::UnixTime;

/// One thing that the vault did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// This machine's clock.
    pub at: UnixTime,
    /// One sentence. It may hold names from outside: it is shown as foreign text.
    pub text: String,
}

impl Tables<'_> {
    /// The newest entries, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn journal(&self, limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        let select = "SELECT at, text FROM journal ORDER BY id DESC LIMIT ?1";
        self.all("read the journal", select, [limit], |row| {
            Ok(JournalEntry {
                at: row.get(0)?,
                text: row.get(1)?,
            })
        })
    }
}

impl Tables<'_> {
    /// How many entries there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn journal_count(&self) -> Result<u32, StoreError> {
        let select = "SELECT count(*) FROM journal";
        self.one("count the journal", select, [], |row| row.get(0))
    }
}

impl Changes<'_> {
    /// Notes what the same transaction does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note(&self, at: UnixTime, text: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO journal (at, text) VALUES (?1, ?2)";
        self.run("write the journal", insert, params![at, text])?;
        Ok(())
    }
}
