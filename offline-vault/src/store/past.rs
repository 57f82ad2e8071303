//! What an earlier incarnation of this vault had sent, as its backup knew it. Nothing of it can be
//! sent from here: the bundles and their keys stayed behind.

use rusqlite::{Row, params};

use super::{Changes, RecipientState, StoreError, Tables};
use crate::clock::UnixTime;
use crate::names::LocalName;

/// A bundle that an earlier incarnation sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastItem {
    /// That machine's clock.
    pub created_at: UnixTime,
    /// The size of the sealed bundle.
    pub size_bytes: u64,
    /// What to show the person.
    pub summary: String,
    /// Its readers, by name.
    pub readers: Vec<PastReader>,
}

/// One reader of such a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastReader {
    /// What the person called them.
    pub nickname: LocalName,
    /// The number of the bundle among those of that incarnation for this reader.
    pub sequence: u64,
    /// How far it had got when the backup was made.
    pub state: RecipientState,
    /// Since when, at that time.
    pub state_at: UnixTime,
}

fn reader(row: &Row<'_>) -> rusqlite::Result<PastReader> {
    Ok(PastReader {
        nickname: row.get("nickname")?,
        sequence: row.get("sequence")?,
        state: row.get("state")?,
        state_at: row.get("state_at")?,
    })
}

impl Tables<'_> {
    /// What earlier incarnations had sent, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn past(&self) -> Result<Vec<PastItem>, StoreError> {
        let doing = "read what was sent before";
        let select = "SELECT * FROM past_outgoing ORDER BY id";
        let rows = self.all(doing, select, [], |row| {
            let id: i64 = row.get("id")?;
            let item = PastItem {
                created_at: row.get("created_at")?,
                size_bytes: row.get("size_bytes")?,
                summary: row.get("summary")?,
                readers: Vec::new(),
            };
            Ok((id, item))
        })?;
        let select = "SELECT * FROM past_recipient WHERE past_id = ?1 ORDER BY nickname";
        rows.into_iter()
            .map(|(id, item)| {
                let readers = self.all(doing, select, [id], reader)?;
                Ok(PastItem { readers, ..item })
            })
            .collect()
    }
}

impl Changes<'_> {
    /// Stores what an earlier incarnation had sent.
    ///
    /// # Errors
    /// [`StoreError`], also when a reader is named twice.
    pub fn insert_past(&self, item: &PastItem) -> Result<(), StoreError> {
        let doing = "store what was sent before";
        let insert =
            "INSERT INTO past_outgoing (created_at, size_bytes, summary) VALUES (?1, ?2, ?3)";
        let values = params![item.created_at, item.size_bytes, item.summary];
        let id = self.insert(doing, insert, values)?;
        for reader in &item.readers {
            let insert = "INSERT INTO past_recipient (past_id, nickname, sequence, state, state_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![
                id,
                reader.nickname,
                reader.sequence,
                reader.state,
                reader.state_at
            ];
            self.run(doing, insert, values)?;
        }
        Ok(())
    }
}
