//! What vaults let relays forget.

use pack_format::codec::Wire as _;
use pack_format::relay::{Acknowledgement, Signed};
use rusqlite::params;

use super::lanes::LaneNumber;
use super::relays::RelayNumber;
use super::{Change, Store, StoreError, all, wire};

/// An acknowledgement that its relay has not heard.
pub(crate) struct WaitingAcknowledgement {
    pub(crate) number: i64,
    pub(crate) lane: LaneNumber,
    pub(crate) statement: Signed<Acknowledgement>,
}

impl Store {
    /// The next acknowledgements for a relay behind number `after`, oldest first.
    pub(crate) fn waiting_acknowledgements(
        &self,
        relay: RelayNumber,
        after: i64,
    ) -> Result<Vec<WaitingAcknowledgement>, StoreError> {
        let select = "SELECT number, lane, statement FROM acknowledgements
             WHERE relay = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
        let doing = "reading the acknowledgements";
        let params = params![relay.0, after, BATCH];
        all(&self.index(), doing, select, params, |row| {
            Ok(WaitingAcknowledgement {
                number: row.get("number")?,
                lane: LaneNumber(row.get("lane")?),
                statement: wire(row, "statement")?,
            })
        })
    }
}

impl Change<'_> {
    /// Takes in an acknowledgement whose signature was verified.
    pub(crate) fn put_acknowledgement(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        statement: &Signed<Acknowledgement>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO acknowledgements (lane, relay, statement) VALUES (?1, ?2, ?3)
             ON CONFLICT (lane, statement) DO UPDATE SET relay = excluded.relay";
        self.index
            .execute(insert, params![lane.0, relay.0, statement.to_wire()])
            .map(drop)
            .map_err(StoreError::index("storing an acknowledgement"))
    }

    /// The relay has heard an acknowledgement, or will never accept it.
    pub(crate) fn drop_acknowledgement(&mut self, number: i64) -> Result<(), StoreError> {
        self.index
            .execute("DELETE FROM acknowledgements WHERE number = ?1", [number])
            .map(drop)
            .map_err(StoreError::index("finishing an acknowledgement"))
    }
}

/// Acknowledgements that are held in memory at a time: each is up to 32 KiB.
const BATCH: i64 = 16;
