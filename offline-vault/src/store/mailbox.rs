//! The vault's own mailboxes on relays.

use pack_format::codec::Wire as _;
use pack_format::relay::{FetchToken, RelayAddress};
use pack_format::secret::Secret32;
use rusqlite::{Row, params};

use super::columns::{secret, stored_id, wire};
use super::{Changes, SpaceRow, StoreError, Tables};

stored_id! {
    /// A mailbox of this vault.
    MailboxId
}

/// A mailbox as it is stored.
#[derive(Debug)]
pub struct Mailbox {
    /// The row.
    pub id: MailboxId,
    /// Its content.
    pub keys: NewMailbox,
    /// The space that it serves alone; none for those on the card.
    pub space: Option<SpaceRow>,
    /// Whether the relay has answered that it opened the mailbox.
    pub opened: bool,
}

/// A mailbox that is not stored yet.
#[derive(Debug)]
pub struct NewMailbox {
    /// The relay.
    pub relay: RelayAddress,
    /// On the card, or said in the space: whoever has it may send.
    pub send_seed: Secret32,
    /// For the courier: whoever has it may fetch.
    pub fetch_token: FetchToken,
    /// Never leaves the vault: whoever has it may let the relay forget.
    pub ack_seed: Secret32,
    /// The invitation's code, which the relay asks for when the mailbox is opened.
    pub code: [u8; 16],
}

fn mailbox(row: &Row<'_>) -> rusqlite::Result<Mailbox> {
    Ok(Mailbox {
        id: row.get("id")?,
        keys: NewMailbox {
            relay: wire(row, "relay")?,
            send_seed: secret(row, "send_seed")?,
            fetch_token: FetchToken(secret(row, "fetch_token")?),
            ack_seed: secret(row, "ack_seed")?,
            code: row.get("code")?,
        },
        space: row.get("space_id")?,
        opened: row.get("opened")?,
    })
}

impl Tables<'_> {
    /// All mailboxes, those of spaces among them, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes(&self) -> Result<Vec<Mailbox>, StoreError> {
        let select = "SELECT * FROM mailbox ORDER BY id";
        self.all("read the mailboxes", select, [], mailbox)
    }

    /// Whether a mailbox was asked for with this code of a relay's invitation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_mailbox_with_code(&self, code: &[u8; 16]) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM mailbox WHERE code = ?1)";
        self.one("look a mailbox up", select, [code], |row| row.get(0))
    }

    /// The mailboxes that the card names, oldest first. Those of spaces are on no card and in no
    /// backup: they would tie the spaces of one person together, and a restored vault joins its
    /// spaces anew.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn card_mailboxes(&self) -> Result<Vec<Mailbox>, StoreError> {
        let select = "SELECT * FROM mailbox WHERE space_id IS NULL ORDER BY id";
        self.all("read the mailboxes", select, [], mailbox)
    }

    /// The mailboxes that serve a space, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes_of_space(&self, space: SpaceRow) -> Result<Vec<Mailbox>, StoreError> {
        let select = "SELECT * FROM mailbox WHERE space_id = ?1 ORDER BY id";
        self.all("read the mailboxes of a space", select, [space], mailbox)
    }
}

impl Changes<'_> {
    /// Stores a new mailbox, for a space alone or for the card.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_mailbox(
        &self,
        new: &NewMailbox,
        space: Option<SpaceRow>,
    ) -> Result<MailboxId, StoreError> {
        let insert = "INSERT INTO mailbox
             (relay, send_seed, fetch_token, ack_seed, code, space_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            new.relay.to_wire(),
            new.send_seed.expose(),
            new.fetch_token.0.expose(),
            new.ack_seed.expose(),
            new.code,
            space,
        ];
        self.insert("store a mailbox", insert, values)
            .map(MailboxId)
    }

    /// The relay has opened the mailbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_mailbox_opened(&self, id: MailboxId) -> Result<(), StoreError> {
        let update = "UPDATE mailbox SET opened = 1 WHERE id = ?1";
        self.run("note that a mailbox is open", update, [id])?;
        Ok(())
    }
}
