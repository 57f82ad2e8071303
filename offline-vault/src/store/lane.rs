//! Pairings: the machines that packs go to and come from.

use crossing::LaneId;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use super::columns::{secret_bytes, stored_choice};
use super::{Changes, ContactId, StoreError, Tables};
use crate::clock::UnixTime;
use crate::names::LocalName;

/// What the paired machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// The courier side of an online machine.
    Courier,
    /// Another vault, without any relay between.
    Vault,
}

stored_choice!(LaneKind { Courier = 1, Vault = 2 });

/// A pairing as it is stored.
#[derive(Debug)]
pub struct StoredLane {
    /// The random id that parts of packs are sorted by.
    pub id: LaneId,
    /// What the paired machine is.
    pub kind: LaneKind,
    /// What the owner of this vault calls the pairing.
    pub name: LocalName,
    /// Whose vault it is, for a pairing with one.
    pub contact_id: Option<ContactId>,
    /// When the code was shown or typed.
    pub paired_at: UnixTime,
    /// The encoding of the lane, secret.
    pub state: Zeroizing<Vec<u8>>,
}

/// A pairing that is not stored yet is a pairing in full.
pub type NewLane = StoredLane;

fn lane(row: &Row<'_>) -> rusqlite::Result<StoredLane> {
    Ok(StoredLane {
        id: LaneId(row.get("id")?),
        kind: row.get("kind")?,
        name: row.get("name")?,
        contact_id: row.get("contact_id")?,
        paired_at: row.get("paired_at")?,
        state: secret_bytes(row, "state")?,
    })
}

impl Tables<'_> {
    /// All pairings, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lanes(&self) -> Result<Vec<StoredLane>, StoreError> {
        let select = "SELECT * FROM lane ORDER BY name";
        self.all("read the pairings", select, [], lane)
    }

    /// One pairing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lane(&self, id: LaneId) -> Result<Option<StoredLane>, StoreError> {
        let select = "SELECT * FROM lane WHERE id = ?1";
        self.optional("read a pairing", select, [id.0], lane)
    }

    /// The pairing with a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lane_named(&self, name: &LocalName) -> Result<Option<StoredLane>, StoreError> {
        let select = "SELECT * FROM lane WHERE name = ?1";
        self.optional("read a pairing", select, [name], lane)
    }
}

impl Changes<'_> {
    /// Stores a new pairing.
    ///
    /// # Errors
    /// [`StoreError`], also when the name is taken.
    pub fn insert_lane(&self, new: &NewLane) -> Result<(), StoreError> {
        let insert = "INSERT INTO lane (id, kind, name, contact_id, paired_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let state = new.state.as_slice();
        let values = params![
            new.id.0,
            new.kind,
            new.name,
            new.contact_id,
            new.paired_at,
            state
        ];
        self.run("store a pairing", insert, values)?;
        Ok(())
    }

    /// Replaces a pairing's state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_lane_state(&self, id: LaneId, state: &[u8]) -> Result<(), StoreError> {
        let update = "UPDATE lane SET state = ?2 WHERE id = ?1";
        self.run("store a pairing", update, params![id.0, state])?;
        Ok(())
    }

    /// Forgets a pairing and all its keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_lane(&self, id: LaneId) -> Result<(), StoreError> {
        self.run("forget a pairing", "DELETE FROM lane WHERE id = ?1", [id.0])?;
        Ok(())
    }
}

impl Tables<'_> {
    /// Whether the other machine of a pairing has receipted an item, by the item's hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lane_item_delivered(&self, lane: LaneId, item: [u8; 32]) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM lane_item WHERE lane_id = ?1 AND item = ?2";
        let found = self.optional("look an item up", select, params![lane.0, item], |_| Ok(()))?;
        Ok(found.is_some())
    }
}

impl Changes<'_> {
    /// The other machine of a pairing has receipted an item.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_lane_item(&self, lane: LaneId, item: [u8; 32]) -> Result<(), StoreError> {
        let insert = "INSERT INTO lane_item (lane_id, item) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.run("note a delivered item", insert, params![lane.0, item])?;
        Ok(())
    }
}
