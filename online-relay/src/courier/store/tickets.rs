//! What vaults want delivered, and the relays' receipts until the vaults have them.

use pack_format::codec::Wire as _;
use pack_format::relay::{ContentId, Signed, StoredReceipt, Ticket};
use rusqlite::{OptionalExtension as _, params};

use super::lanes::LaneNumber;
use super::relays::RelayNumber;
use super::{Change, Store, StoreError, all, size, to_sql, wire};

/// A ticket whose bundle no relay has stored yet.
pub(crate) struct WaitingTicket {
    pub(crate) number: i64,
    pub(crate) lane: LaneNumber,
    pub(crate) ticket: Signed<Ticket>,
    /// Whether the bundle is here: it may come with another pack.
    pub(crate) is_here: bool,
}

/// Bundles that wait for one relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) bundle_count: u64,
    pub(crate) bytes: u64,
}

impl Store {
    /// The next tickets for a relay behind number `after`, oldest first.
    pub(crate) fn waiting_tickets(
        &self,
        relay: RelayNumber,
        after: i64,
    ) -> Result<Vec<WaitingTicket>, StoreError> {
        let select = "SELECT number, lane, ticket,
                 EXISTS (SELECT 1 FROM bundles
                         WHERE bundles.content_id = tickets.content_id) AS is_here
             FROM tickets WHERE relay = ?1 AND receipt IS NULL AND number > ?2
             ORDER BY number LIMIT ?3";
        let params = params![relay.0, after, BATCH];
        all(
            &self.index(),
            "reading the tickets",
            select,
            params,
            |row| {
                Ok(WaitingTicket {
                    number: row.get("number")?,
                    lane: LaneNumber(row.get("lane")?),
                    ticket: wire(row, "ticket")?,
                    is_here: row.get("is_here")?,
                })
            },
        )
    }

    /// How much waits for a relay.
    pub(crate) fn waiting(&self, relay: RelayNumber) -> Result<Waiting, StoreError> {
        let select = "SELECT count(*) AS bundle_count, ifnull(sum(size_bytes), 0) AS bytes
             FROM tickets WHERE relay = ?1 AND receipt IS NULL";
        let rows = all(
            &self.index(),
            "counting tickets",
            select,
            [relay.0],
            |row| {
                Ok(Waiting {
                    bundle_count: size(row, "bundle_count")?,
                    bytes: size(row, "bytes")?,
                })
            },
        )?;
        Ok(rows.first().copied().unwrap_or_default())
    }

    /// The receipts that a vault has not got, oldest first.
    pub(crate) fn due_receipts(
        &self,
        lane: LaneNumber,
    ) -> Result<Vec<Signed<StoredReceipt>>, StoreError> {
        let select = "SELECT receipt FROM tickets
             WHERE lane = ?1 AND receipt IS NOT NULL ORDER BY number LIMIT ?2";
        let params = params![lane.0, super::reports::DUE_MAX];
        all(
            &self.index(),
            "reading the receipts",
            select,
            params,
            |row| wire(row, "receipt"),
        )
    }
}

impl Change<'_> {
    /// Takes in a ticket whose signature was verified. One that came before only moves to the
    /// relay's new address.
    pub(crate) fn put_ticket(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        ticket: &Signed<Ticket>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO tickets (lane, relay, content_id, size_bytes, ticket)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (lane, ticket) DO UPDATE SET relay = excluded.relay";
        let statement = ticket.peek_statement();
        let size_bytes = to_sql(statement.size_bytes);
        let content_id = statement.content_id.0;
        let values = params![lane.0, relay.0, content_id, size_bytes, ticket.to_wire()];
        self.index
            .execute(insert, values)
            .map(drop)
            .map_err(StoreError::index("storing a ticket"))
    }

    /// The relay has stored the bundle of a ticket: its receipt is now due to the vault.
    pub(crate) fn note_stored(
        &mut self,
        relay: RelayNumber,
        ticket: &WaitingTicket,
        receipt: &Signed<StoredReceipt>,
    ) -> Result<(), StoreError> {
        let update = "UPDATE tickets SET receipt = ?2 WHERE number = ?1";
        self.index
            .execute(update, params![ticket.number, receipt.to_wire()])
            .map_err(StoreError::index("storing a receipt"))?;
        let content_id = ticket.ticket.peek_statement().content_id;
        self.clear_report(ticket.lane, relay, &content_id)
    }

    /// The vault has a receipt, given as its encoding.
    pub(crate) fn receipt_told(
        &mut self,
        lane: LaneNumber,
        receipt: &[u8],
    ) -> Result<(), StoreError> {
        let delete = "DELETE FROM tickets WHERE lane = ?1 AND receipt = ?2 RETURNING content_id";
        let content_id = self
            .index
            .query_row(delete, params![lane.0, receipt], |row| {
                row.get("content_id").map(ContentId)
            })
            .optional()
            .map_err(StoreError::index("finishing a ticket"))?;
        match content_id {
            Some(content_id) => self.finish_bundle(lane, &content_id),
            None => Ok(()),
        }
    }
}

/// Tickets that are held in memory at a time.
const BATCH: i64 = 256;
