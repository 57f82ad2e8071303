//! The pairings with vaults.

use crossing::{Lane, LaneId};
use pack_format::codec::Wire as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use zeroize::Zeroizing;

use super::{Change, Store, StoreError, all, wire};

/// Names a pairing inside the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneNumber(pub(super) i64);

/// A pairing and what its owner calls it.
pub(crate) struct NamedLane {
    pub(crate) name: String,
    pub(crate) lane: Lane,
}

impl Store {
    /// All pairings, oldest first.
    pub(crate) fn lanes(&self) -> Result<Vec<NamedLane>, StoreError> {
        let select = "SELECT name, state FROM lanes ORDER BY number";
        all(&self.index(), "reading the pairings", select, [], |row| {
            Ok(NamedLane {
                name: row.get("name")?,
                lane: wire(row, "state")?,
            })
        })
    }

    /// The number of a pairing.
    pub(crate) fn lane_number(&self, id: LaneId) -> Result<LaneNumber, StoreError> {
        lane_number(&self.index(), id)
    }

    /// The names of all pairings, oldest first.
    pub(crate) fn lane_names(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT name FROM lanes ORDER BY number";
        all(&self.index(), "reading the pairings", select, [], |row| {
            Ok(row.get("name")?)
        })
    }
}

impl Change<'_> {
    /// Stores a new pairing; false where the name is taken.
    pub(crate) fn insert_lane(&mut self, name: &str, lane: &Lane) -> Result<bool, StoreError> {
        let state = Zeroizing::new(lane.to_wire());
        let insert = "INSERT INTO lanes (id, name, state) VALUES (?1, ?2, ?3)
                      ON CONFLICT (name) DO NOTHING";
        let count = self
            .index
            .execute(insert, params![lane.id().0, name, state.as_slice()])
            .map_err(StoreError::index("storing a pairing"))?;
        Ok(count == 1)
    }

    /// Stores the new state of a pairing.
    pub(crate) fn save_lane(&mut self, lane: &Lane) -> Result<(), StoreError> {
        let state = Zeroizing::new(lane.to_wire());
        let update = "UPDATE lanes SET state = ?2 WHERE id = ?1";
        let count = self
            .index
            .execute(update, params![lane.id().0, state.as_slice()])
            .map_err(StoreError::index("storing a pairing"))?;
        match count {
            1 => Ok(()),
            _ => Err(PAIRING_GONE),
        }
    }

    /// Forgets a pairing and everything that is only there for it; false where there is none.
    pub(crate) fn remove_lane(&mut self, name: &str) -> Result<bool, StoreError> {
        let failed = StoreError::index("removing a pairing");
        let partials = "SELECT file FROM listed
             JOIN mailboxes ON mailboxes.number = listed.mailbox
             JOIN lanes ON lanes.number = mailboxes.lane
             WHERE lanes.name = ?1 AND file IS NOT NULL";
        let partials = all(self.index, "removing a pairing", partials, [name], |row| {
            Ok(row.get::<_, String>("file")?)
        })?;
        let count = self
            .index
            .execute("DELETE FROM lanes WHERE name = ?1", [name])
            .map_err(failed)?;
        for partial in partials {
            self.drop_partial_file(&partial)?;
        }
        self.drop_unneeded_bundles()?;
        self.drop_unneeded_relays()?;
        Ok(count == 1)
    }

    /// The number of a pairing.
    pub(crate) fn lane_number(&self, id: LaneId) -> Result<LaneNumber, StoreError> {
        lane_number(self.index, id)
    }

    /// What the owner calls a pairing.
    pub(crate) fn lane_name(&self, lane: LaneNumber) -> Result<String, StoreError> {
        let select = "SELECT name FROM lanes WHERE number = ?1";
        self.index
            .query_row(select, [lane.0], |row| row.get("name"))
            .map_err(StoreError::index("looking up a pairing"))
    }
}

fn lane_number(index: &Connection, id: LaneId) -> Result<LaneNumber, StoreError> {
    let select = "SELECT number FROM lanes WHERE id = ?1";
    index
        .query_row(select, [id.0], |row| row.get("number"))
        .optional()
        .map_err(StoreError::index("looking up a pairing"))?
        .map(LaneNumber)
        .ok_or(PAIRING_GONE)
}

const PAIRING_GONE: StoreError = StoreError::IndexDamaged {
    what: "a pairing in use is gone",
};
