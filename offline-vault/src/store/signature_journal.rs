//! The signature journal: entries are added and never changed.

use pack_format::codec::Wire as _;
use pack_format::relay::Signed;
use rusqlite::{Row, params};

use super::columns::wire;
use super::{Changes, StoreError, Tables};
use crate::signing::journal::Entry;

fn entry(row: &Row<'_>) -> rusqlite::Result<Signed<Entry>> {
    wire(row, "entry")
}

impl Tables<'_> {
    /// The newest entry, unchecked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_signature_entry(&self) -> Result<Option<Signed<Entry>>, StoreError> {
        let select = "SELECT entry FROM signature_journal ORDER BY number DESC LIMIT 1";
        self.optional("read the signature journal", select, [], entry)
    }

    /// All entries, oldest first, unchecked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signature_entries(&self) -> Result<Vec<Signed<Entry>>, StoreError> {
        let select = "SELECT entry FROM signature_journal ORDER BY number";
        self.all("read the signature journal", select, [], entry)
    }

    /// The newest entries with numbers below `number`, newest first, unchecked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signature_entries_before(
        &self,
        number: u64,
        limit: u32,
    ) -> Result<Vec<Signed<Entry>>, StoreError> {
        let select = "SELECT entry FROM signature_journal WHERE number < ?1
             ORDER BY number DESC LIMIT ?2";
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let values = params![number, limit];
        self.all("read the signature journal", select, values, entry)
    }
}

impl Changes<'_> {
    /// Adds an entry under its own number.
    ///
    /// # Errors
    /// [`StoreError`], also when an entry has that number already.
    pub fn insert_signature_entry(&self, entry: &Signed<Entry>) -> Result<(), StoreError> {
        let insert = "INSERT INTO signature_journal (number, entry) VALUES (?1, ?2)";
        let number = entry.peek_statement().number();
        let values = params![number, entry.to_wire()];
        self.run("write the signature journal", insert, values)?;
        Ok(())
    }
}
