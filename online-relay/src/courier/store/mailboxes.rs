//! The vaults' own mailboxes on relays.

use pack_format::codec::Wire as _;
use pack_format::relay::{FetchToken, OpenMailbox, Signed};
use pack_format::secret::Secret32;
use rusqlite::params;

use super::lanes::LaneNumber;
use super::relays::RelayNumber;
use super::{Change, Store, StoreError, all, wire};

/// Names a mailbox inside the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MailboxNumber(pub(super) i64);

/// A mailbox that the relay should open.
pub(crate) struct MailboxToOpen {
    pub(crate) number: MailboxNumber,
    pub(crate) lane: LaneNumber,
    pub(crate) statement: Signed<OpenMailbox>,
}

/// A mailbox that is looked into.
pub(crate) struct Mailbox {
    pub(crate) number: MailboxNumber,
    pub(crate) lane: LaneNumber,
    pub(crate) token: FetchToken,
}

impl Store {
    /// The mailboxes that a relay should open.
    pub(crate) fn mailboxes_to_open(
        &self,
        relay: RelayNumber,
    ) -> Result<Vec<MailboxToOpen>, StoreError> {
        let select = "SELECT number, lane, statement FROM mailboxes
             WHERE relay = ?1 AND opening = 1";
        let doing = "reading the mailboxes";
        all(&self.index(), doing, select, [relay.0], |row| {
            Ok(MailboxToOpen {
                number: MailboxNumber(row.get("number")?),
                lane: LaneNumber(row.get("lane")?),
                statement: wire(row, "statement")?,
            })
        })
    }

    /// The mailboxes of a relay that can be looked into.
    pub(crate) fn mailboxes(&self, relay: RelayNumber) -> Result<Vec<Mailbox>, StoreError> {
        let select = "SELECT number, lane, token FROM mailboxes
             WHERE relay = ?1 AND opening = 0 AND token IS NOT NULL";
        let doing = "reading the mailboxes";
        all(&self.index(), doing, select, [relay.0], |row| {
            Ok(Mailbox {
                number: MailboxNumber(row.get("number")?),
                lane: LaneNumber(row.get("lane")?),
                token: FetchToken(Secret32::new(row.get("token")?)),
            })
        })
    }
}

impl Change<'_> {
    /// Takes in the wish to open a mailbox, whose signature was verified. The same wish again
    /// changes nothing; another one for the same mailbox, with a new invitation, is tried anew.
    pub(crate) fn put_mailbox_to_open(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        wish: &Signed<OpenMailbox>,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO mailboxes (lane, relay, fetch_id, statement, opening)
             VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT (lane, fetch_id) DO UPDATE SET relay = excluded.relay,
                 opening = iif(statement IS excluded.statement, opening, 1),
                 statement = excluded.statement";
        let fetch_id = wish.peek_statement().fetch_id.0;
        let values = params![lane.0, relay.0, fetch_id, wish.to_wire()];
        self.index
            .execute(insert, values)
            .map(drop)
            .map_err(StoreError::index("storing a mailbox"))
    }

    /// Takes in the right to look into a mailbox.
    pub(crate) fn put_mailbox_to_fetch(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        token: &FetchToken,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO mailboxes (lane, relay, fetch_id, token)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (lane, fetch_id) DO UPDATE SET relay = excluded.relay,
                 token = excluded.token";
        let values = params![lane.0, relay.0, token.id().0, token.0.expose()];
        self.index
            .execute(insert, values)
            .map(drop)
            .map_err(StoreError::index("storing a mailbox"))
    }

    /// The relay has opened a mailbox, now or before.
    pub(crate) fn mailbox_opened(&mut self, mailbox: MailboxNumber) -> Result<(), StoreError> {
        self.set_opening(mailbox, OPENING_DONE)
    }

    /// The relay will never open this mailbox with this invitation.
    pub(crate) fn mailbox_refused(&mut self, mailbox: MailboxNumber) -> Result<(), StoreError> {
        self.set_opening(mailbox, OPENING_REFUSED)
    }

    fn set_opening(&mut self, mailbox: MailboxNumber, opening: i64) -> Result<(), StoreError> {
        let update = "UPDATE mailboxes SET opening = ?2 WHERE number = ?1";
        self.index
            .execute(update, params![mailbox.0, opening])
            .map(drop)
            .map_err(StoreError::index("noting an opened mailbox"))
    }
}

const OPENING_DONE: i64 = 0;
const OPENING_REFUSED: i64 = 2;
