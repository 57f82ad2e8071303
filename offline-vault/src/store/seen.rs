//! Bundles that came before, so that another copy changes nothing.

use pack_format::relay::ContentId;
use rusqlite::params;

use super::{Changes, SpaceRow, StoreError, Tables};
use crate::clock::UnixTime;

/// What became of a bundle when it came first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it came.
    pub taken_at: UnixTime,
    /// Why it was refused; `None` when it was taken in.
    pub refused: Option<String>,
}

impl Tables<'_> {
    /// What became of a bundle, if it came before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen(&self, id: ContentId) -> Result<Option<Seen>, StoreError> {
        let select = "SELECT taken_at, refused FROM seen WHERE content_id = ?1";
        self.optional("look a bundle up", select, [id.0], |row| {
            Ok(Seen {
                taken_at: row.get(0)?,
                refused: row.get(1)?,
            })
        })
    }
}

impl Tables<'_> {
    /// Bundles of one space, or of none, of which the relays do not know yet that they may forget
    /// them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unacknowledged(&self, space: Option<SpaceRow>) -> Result<Vec<ContentId>, StoreError> {
        let select = "SELECT content_id FROM seen WHERE acknowledged = 0 AND space_id IS ?1
             ORDER BY content_id";
        self.all("read what to acknowledge", select, [space], |row| {
            row.get(0).map(ContentId)
        })
    }
}

impl Tables<'_> {
    /// Every bundle that came before, ascending by content id, and whether the relays were told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn all_seen(&self) -> Result<Vec<(ContentId, Seen, bool)>, StoreError> {
        let select =
            "SELECT content_id, taken_at, refused, acknowledged FROM seen ORDER BY content_id";
        self.all("read which bundles came", select, [], |row| {
            let seen = Seen {
                taken_at: row.get(1)?,
                refused: row.get(2)?,
            };
            Ok((ContentId(row.get(0)?), seen, row.get(3)?))
        })
    }
}

impl Changes<'_> {
    /// The courier will tell the relays that they may forget a bundle, or has to again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_acknowledged(&self, id: ContentId, done: bool) -> Result<(), StoreError> {
        let update = "UPDATE seen SET acknowledged = ?2 WHERE content_id = ?1";
        self.run("note an acknowledgement", update, params![id.0, done])?;
        Ok(())
    }

    /// A bundle that is remembered came for a device of this space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_seen_space(&self, id: ContentId, space: SpaceRow) -> Result<(), StoreError> {
        let update = "UPDATE seen SET space_id = ?2 WHERE content_id = ?1";
        self.run("remember a bundle", update, params![id.0, space])?;
        Ok(())
    }

    /// Remembers a bundle. That it was taken in replaces that it was refused, never the reverse.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_seen(&self, id: ContentId, seen: &Seen) -> Result<(), StoreError> {
        let insert = "INSERT INTO seen (content_id, taken_at, refused) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET refused = NULL WHERE excluded.refused IS NULL";
        let values = params![id.0, seen.taken_at, seen.refused];
        self.run("remember a bundle", insert, values)?;
        Ok(())
    }
}
