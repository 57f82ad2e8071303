//! Invitations and mailboxes.

use pack_format::relay::{FetchId, OpenMailbox, PublicKey};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::Store;
use super::error::StoreError;

/// A mailbox's number inside this relay; it never leaves the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MailboxNumber(pub(super) i64);

#[cfg(test)]
impl MailboxNumber {
    /// A number without a mailbox, for tests of what only compares numbers.
    pub(crate) fn of_test(number: i64) -> Self {
        Self(number)
    }
}

/// What became of a wish to open a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is open now, and the invitation is used up.
    Created,
    /// The same mailbox was open before; nothing changed.
    AlreadyOpen,
    /// The invitation's code was never made here, or is used up.
    CodeUnknown,
    /// One of the keys belongs to another mailbox.
    KeyTaken,
}

impl Store {
    /// Opens a mailbox. The statement is verified and meant for this relay.
    pub(crate) fn open_mailbox(&self, wish: &OpenMailbox) -> Result<Opening, StoreError> {
        let failed = || StoreError::index("opening a mailbox");
        let mut index = self.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        if is_open(&change, wish).map_err(failed())? {
            return Ok(Opening::AlreadyOpen);
        }
        // The code is judged before the keys, so that nobody without a code can probe for keys.
        if !code_is_unused(&change, &wish.code).map_err(failed())? {
            return Ok(Opening::CodeUnknown);
        }
        if any_key_is_taken(&change, wish).map_err(failed())? {
            return Ok(Opening::KeyTaken);
        }
        insert(&change, wish).map_err(failed())?;
        change.commit().map_err(failed())?;
        Ok(Opening::Created)
    }

    /// The mailbox that this key may send to.
    pub(crate) fn mailbox_of_sender(
        &self,
        key: &PublicKey,
    ) -> Result<Option<MailboxNumber>, StoreError> {
        self.mailbox("SELECT number FROM mailboxes WHERE send_key = ?1", &key.0)
    }

    /// The mailbox that this id may fetch from.
    pub(crate) fn mailbox_of_fetcher(
        &self,
        id: &FetchId,
    ) -> Result<Option<MailboxNumber>, StoreError> {
        self.mailbox("SELECT number FROM mailboxes WHERE fetch_id = ?1", &id.0)
    }

    /// The mailbox that this key may acknowledge in.
    pub(crate) fn mailbox_of_owner(
        &self,
        key: &PublicKey,
    ) -> Result<Option<MailboxNumber>, StoreError> {
        self.mailbox("SELECT number FROM mailboxes WHERE ack_key = ?1", &key.0)
    }

    fn mailbox(&self, sql: &str, key: &[u8; 32]) -> Result<Option<MailboxNumber>, StoreError> {
        self.index()
            .query_row(sql, params![key], |row| row.get(0).map(MailboxNumber))
            .optional()
            .map_err(StoreError::index("finding a mailbox"))
    }
}

/// Remembers a new invitation by the hash of its code: the index does not let its reader in.
pub(crate) fn add_invitation(index: &Connection, code: &[u8; 16]) -> Result<(), StoreError> {
    index
        .execute(
            "INSERT INTO invitations (code_hash) VALUES (?1)",
            params![code_hash(code)],
        )
        .map(drop)
        .map_err(StoreError::index("remembering an invitation"))
}

/// `code_hash = BLAKE3(code)`. The code is 16 random bytes, so that a plain hash is enough.
fn code_hash(code: &[u8; 16]) -> [u8; 32] {
    *blake3::hash(code).as_bytes()
}

fn is_open(index: &Connection, wish: &OpenMailbox) -> rusqlite::Result<bool> {
    index.query_row(
        "SELECT EXISTS (SELECT 1 FROM mailboxes
         WHERE send_key = ?1 AND fetch_id = ?2 AND ack_key = ?3)",
        params![wish.send_key.0, wish.fetch_id.0, wish.ack_key.0],
        |row| row.get(0),
    )
}

fn code_is_unused(index: &Connection, code: &[u8; 16]) -> rusqlite::Result<bool> {
    index.query_row(
        "SELECT EXISTS (SELECT 1 FROM invitations WHERE code_hash = ?1 AND mailbox IS NULL)",
        params![code_hash(code)],
        |row| row.get(0),
    )
}

fn any_key_is_taken(index: &Connection, wish: &OpenMailbox) -> rusqlite::Result<bool> {
    index.query_row(
        "SELECT EXISTS (SELECT 1 FROM mailboxes
         WHERE send_key = ?1 OR fetch_id = ?2 OR ack_key = ?3)",
        params![wish.send_key.0, wish.fetch_id.0, wish.ack_key.0],
        |row| row.get(0),
    )
}

fn insert(index: &Connection, wish: &OpenMailbox) -> rusqlite::Result<()> {
    index.execute(
        "INSERT INTO mailboxes (send_key, fetch_id, ack_key) VALUES (?1, ?2, ?3)",
        params![wish.send_key.0, wish.fetch_id.0, wish.ack_key.0],
    )?;
    let number = index.last_insert_rowid();
    index.execute(
        "UPDATE invitations SET mailbox = ?2 WHERE code_hash = ?1",
        params![code_hash(&wish.code), number],
    )?;
    Ok(())
}
