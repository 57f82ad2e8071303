//! People whose card the vault has.

use bundle_format::card::Card;
use bundle_format::identity::IdentityKey;
use rusqlite::{Row, params};

use super::columns::{not_what_was_stored, stored_id};
use super::{ChainDirection, Changes, StoreError, Tables};
use crate::clock::UnixTime;
use crate::names::LocalName;

stored_id! {
    /// A contact of this vault.
    ContactId
}

/// When and how the contact's words were compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// This machine's clock.
    pub at: UnixTime,
    /// In the person's words, for example "by phone".
    pub how: String,
}

/// A person whose card the vault has.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The row.
    pub id: ContactId,
    /// What the owner of this vault calls them.
    pub nickname: LocalName,
    /// The newest card that was accepted.
    pub card: Card,
    /// When the first card came.
    pub added_at: UnixTime,
    /// `None` until the words were compared.
    pub verification: Option<Verification>,
    /// The number that the next bundle for them gets, from 1.
    pub next_sequence: u64,
    /// The serial of this vault's card that they were last given in a bundle; 0 for none.
    pub card_given: u32,
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let card: Vec<u8> = row.get("card")?;
    let verified_at: Option<UnixTime> = row.get("verified_at")?;
    let how: Option<String> = row.get("verified_how")?;
    Ok(Contact {
        id: row.get("id")?,
        nickname: row.get("nickname")?,
        card: Card::from_bytes(&card).map_err(not_what_was_stored)?,
        added_at: row.get("added_at")?,
        verification: verified_at
            .zip(how)
            .map(|(at, how)| Verification { at, how }),
        next_sequence: row.get("next_sequence")?,
        card_given: row.get("card_given")?,
    })
}

impl Tables<'_> {
    /// All contacts, by nickname.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        let select = "SELECT * FROM contact ORDER BY nickname";
        self.all("read the contacts", select, [], contact)
    }

    /// One contact.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let select = "SELECT * FROM contact WHERE id = ?1";
        self.optional("read a contact", select, [id], contact)
    }

    /// The contact with a nickname.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact_named(&self, nickname: &LocalName) -> Result<Option<Contact>, StoreError> {
        let select = "SELECT * FROM contact WHERE nickname = ?1";
        self.optional("read a contact", select, [nickname], contact)
    }

    /// The contact with a signing key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact_with_identity(&self, key: IdentityKey) -> Result<Option<Contact>, StoreError> {
        let select = "SELECT * FROM contact WHERE identity = ?1";
        self.optional("read a contact", select, [key.0], contact)
    }
}

impl Changes<'_> {
    /// Adds a contact that nobody has verified yet.
    ///
    /// # Errors
    /// [`StoreError`], also when nickname or signing key are there already.
    pub fn insert_contact(
        &self,
        nickname: &LocalName,
        card: &Card,
        now: UnixTime,
    ) -> Result<ContactId, StoreError> {
        let insert =
            "INSERT INTO contact (nickname, identity, card, added_at) VALUES (?1, ?2, ?3, ?4)";
        let values = params![nickname, card.identity().0, card.to_bytes(), now];
        let id = ContactId(self.insert("add a contact", insert, values)?);
        self.recall_contact(id, card.identity())?;
        Ok(id)
    }

    /// Replaces the card. The caller has checked that it is of the same person and newer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_contact_card(&self, id: ContactId, card: &Card) -> Result<(), StoreError> {
        let update = "UPDATE contact SET card = ?2 WHERE id = ?1 AND identity = ?3";
        let values = params![id, card.to_bytes(), card.identity().0];
        self.run("replace a card", update, values)?;
        Ok(())
    }

    /// Notes that the words were compared and right.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_contact_verified(
        &self,
        id: ContactId,
        verification: &Verification,
    ) -> Result<(), StoreError> {
        let update = "UPDATE contact SET verified_at = ?2, verified_how = ?3 WHERE id = ?1";
        let values = params![id, verification.at, verification.how];
        self.run("note a verification", update, values)?;
        Ok(())
    }

    /// Removes a contact and what was outstanding for them. Their numbers and the chains that they
    /// seal on are remembered, in case they are added again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_contact(&self, id: ContactId) -> Result<(), StoreError> {
        let number = "INSERT OR REPLACE INTO removed_contact (identity, next_sequence)
             SELECT identity, next_sequence FROM contact WHERE id = ?1";
        self.run("remember a contact's numbers", number, [id])?;
        let chains = "INSERT OR REPLACE INTO removed_chain (identity, born_of, state)
             SELECT identity, born_of, state FROM contact_chain
             JOIN contact ON contact.id = contact_id WHERE contact_id = ?1 AND direction = ?2";
        let values = params![id, ChainDirection::Receive];
        self.run("remember a contact's chains", chains, values)?;
        self.run(
            "remove a contact",
            "DELETE FROM contact WHERE id = ?1",
            [id],
        )?;
        let alone = "DELETE FROM outgoing WHERE id NOT IN
             (SELECT outgoing_id FROM outgoing_recipient)";
        self.run("forget what nobody is to get", alone, [])?;
        Ok(())
    }

    /// Gives a contact that was removed before its numbers and chains back.
    fn recall_contact(&self, id: ContactId, key: IdentityKey) -> Result<(), StoreError> {
        let number = "UPDATE contact SET next_sequence = coalesce(
             (SELECT next_sequence FROM removed_contact WHERE identity = ?2), next_sequence)
             WHERE id = ?1";
        self.run("recall a contact's numbers", number, params![id, key.0])?;
        let chains = "INSERT INTO contact_chain (contact_id, direction, born_of, state, confirmed)
             SELECT ?1, ?3, born_of, state, 1 FROM removed_chain WHERE identity = ?2";
        let values = params![id, key.0, ChainDirection::Receive];
        self.run("recall a contact's chains", chains, values)?;
        self.run(
            "recall a contact",
            "DELETE FROM removed_chain WHERE identity = ?1",
            [key.0],
        )?;
        Ok(())
    }

    /// The contact was given this vault's card with a bundle; 0 has it given again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_card_given(&self, id: ContactId, serial: u32) -> Result<(), StoreError> {
        let update = "UPDATE contact SET card_given = ?2 WHERE id = ?1";
        self.run("note that a card was given", update, params![id, serial])?;
        Ok(())
    }

    /// The number of a new bundle for a contact; no two bundles for them share one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_sequence(&self, id: ContactId) -> Result<u64, StoreError> {
        let update = "UPDATE contact SET next_sequence = next_sequence + 1 WHERE id = ?1
             RETURNING next_sequence - 1";
        self.one("number a bundle", update, [id], |row| row.get(0))
    }
}
