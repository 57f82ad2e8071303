//! Bundles that this vault sealed, and how far each got towards each reader.

use bundle_format::open::BundleKey;
use pack_format::relay::ContentId;
use rusqlite::{Row, params};

use super::columns::{bundle_key, stored_choice, stored_id};
use super::{Changes, ContactId, StoreError, Tables};
use crate::clock::UnixTime;

stored_id! {
    /// A bundle that this vault sealed.
    OutgoingId
}

/// What a bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutgoingKind {
    /// What a person wanted sent.
    Work,
    /// Receipts that the vault sends by itself.
    Receipt,
}

stored_choice!(OutgoingKind { Work = 1, Receipt = 2 });

/// How a reader opens the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// With the encryption key on their card.
    Kem,
    /// With a key chain that both ends have.
    Chain,
}

stored_choice!(SlotKind { Kem = 1, Chain = 2 });

/// How far a bundle got. Each state includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipientState {
    /// Sealed, and in this vault only.
    Ready,
    /// On a stick that was read back.
    OnStick,
    /// Receipted by the paired machine.
    WithCourier,
    /// Receipted by the reader's relay.
    WithRelay,
    /// Taken in by the reader's own paired vault.
    TakenIn,
    /// Receipted by the reader, signed.
    Confirmed,
}

stored_choice!(RecipientState {
    Ready = 1,
    OnStick = 2,
    WithCourier = 3,
    WithRelay = 4,
    TakenIn = 5,
    Confirmed = 6,
});

/// A bundle as it is stored.
#[derive(Debug)]
pub struct Outgoing {
    /// The row.
    pub id: OutgoingId,
    /// Known once the bundle is sealed.
    pub content_id: Option<ContentId>,
    /// The file in `bundles/`.
    pub file: String,
    /// The size of the sealed bundle.
    pub size_bytes: u64,
    /// This machine's clock.
    pub created_at: UnixTime,
    /// What it is for.
    pub kind: OutgoingKind,
    /// What to show the person.
    pub summary: String,
    /// Opens the bundle.
    pub bundle_key: BundleKey,
    /// The file is gone: every reader has confirmed it.
    pub freed: bool,
}

/// A bundle that is not stored yet.
#[derive(Debug)]
pub struct NewOutgoing {
    /// `None` while the bundle is being sealed.
    pub content_id: Option<ContentId>,
    /// The file in `bundles/`.
    pub file: String,
    /// The size of the sealed bundle; 0 while it is not known.
    pub size_bytes: u64,
    /// This machine's clock.
    pub created_at: UnixTime,
    /// What it is for.
    pub kind: OutgoingKind,
    /// What to show the person.
    pub summary: String,
    /// Opens the bundle.
    pub bundle_key: BundleKey,
}

/// One reader of one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The bundle.
    pub outgoing_id: OutgoingId,
    /// The reader.
    pub contact_id: ContactId,
    /// The number of the bundle among those for this reader.
    pub sequence: u64,
    /// How they open it.
    pub slot: SlotKind,
    /// How far it got.
    pub state: RecipientState,
    /// Since when.
    pub state_at: UnixTime,
    /// It is to be sent again although it was sent.
    pub resend: bool,
    /// The reader has restored their vault since and cannot open it any more.
    pub stranded: bool,
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let content_id: Option<[u8; 32]> = row.get("content_id")?;
    Ok(Outgoing {
        id: row.get("id")?,
        content_id: content_id.map(ContentId),
        file: row.get("file")?,
        size_bytes: row.get("size_bytes")?,
        created_at: row.get("created_at")?,
        kind: row.get("kind")?,
        summary: row.get("summary")?,
        bundle_key: bundle_key(row)?,
        freed: row.get("freed")?,
    })
}

fn recipient(row: &Row<'_>) -> rusqlite::Result<Recipient> {
    Ok(Recipient {
        outgoing_id: row.get("outgoing_id")?,
        contact_id: row.get("contact_id")?,
        sequence: row.get("sequence")?,
        slot: row.get("slot")?,
        state: row.get("state")?,
        state_at: row.get("state_at")?,
        resend: row.get("resend")?,
        stranded: row.get("stranded")?,
    })
}

impl Tables<'_> {
    /// All sealed bundles, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outgoing(&self) -> Result<Vec<Outgoing>, StoreError> {
        let select = "SELECT * FROM outgoing ORDER BY id";
        self.all("read the sealed bundles", select, [], outgoing)
    }

    /// The sealed bundle with a content id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outgoing_with_content(&self, id: ContentId) -> Result<Option<Outgoing>, StoreError> {
        let select = "SELECT * FROM outgoing WHERE content_id = ?1";
        self.optional("read a sealed bundle", select, [id.0], outgoing)
    }

    /// The readers of one bundle.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recipients(&self, id: OutgoingId) -> Result<Vec<Recipient>, StoreError> {
        let select = "SELECT * FROM outgoing_recipient WHERE outgoing_id = ?1 ORDER BY contact_id";
        self.all("read who a bundle is for", select, [id], recipient)
    }

    /// Every bundle that one contact is a reader of, by its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recipients_of_contact(&self, id: ContactId) -> Result<Vec<Recipient>, StoreError> {
        let select = "SELECT * FROM outgoing_recipient WHERE contact_id = ?1 ORDER BY sequence";
        self.all("read what is for a contact", select, [id], recipient)
    }
}

impl Changes<'_> {
    /// Stores a new bundle.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_outgoing(&self, new: &NewOutgoing) -> Result<OutgoingId, StoreError> {
        let insert = "INSERT INTO outgoing
             (content_id, file, size_bytes, created_at, kind, summary, bundle_key, slots)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            new.content_id.map(|id| id.0),
            new.file,
            new.size_bytes,
            new.created_at,
            new.kind,
            new.summary,
            new.bundle_key.secret.expose(),
            new.bundle_key.counts.to_bytes(),
        ];
        self.insert("store a sealed bundle", insert, values)
            .map(OutgoingId)
    }

    /// The bundle's file is not needed any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_outgoing_freed(&self, id: OutgoingId) -> Result<(), StoreError> {
        let update = "UPDATE outgoing SET freed = 1 WHERE id = ?1";
        self.run("free a sealed bundle", update, [id])?;
        Ok(())
    }

    /// Forgets a bundle that was never finished.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_outgoing(&self, id: OutgoingId) -> Result<(), StoreError> {
        self.run(
            "forget a bundle",
            "DELETE FROM outgoing WHERE id = ?1",
            [id],
        )?;
        Ok(())
    }

    /// Adds a reader of a bundle.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_recipient(&self, new: &Recipient) -> Result<(), StoreError> {
        let insert = "INSERT INTO outgoing_recipient
             (outgoing_id, contact_id, sequence, slot, state, state_at, resend)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            new.outgoing_id,
            new.contact_id,
            new.sequence,
            new.slot,
            new.state,
            new.state_at,
            new.resend,
        ];
        self.run("store who a bundle is for", insert, values)?;
        Ok(())
    }

    /// Moves a bundle forward for one reader; it never moves back by itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn advance_recipient(
        &self,
        outgoing: OutgoingId,
        contact: ContactId,
        state: RecipientState,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let update = "UPDATE outgoing_recipient
             SET state = ?3, state_at = ?4, stranded = CASE ?3 WHEN 6 THEN 0 ELSE stranded END
             WHERE outgoing_id = ?1 AND contact_id = ?2 AND state < ?3";
        let values = params![outgoing, contact, state, now];
        self.run("note how far a bundle got", update, values)?;
        Ok(())
    }

    /// A contact's new incarnation cannot open what was sealed for the one before and has not
    /// been confirmed: it is not sent any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn strand_recipients(&self, contact: ContactId) -> Result<(), StoreError> {
        let update = "UPDATE outgoing_recipient SET stranded = 1, resend = 0
             WHERE contact_id = ?1 AND state < ?2";
        let values = params![contact, RecipientState::Confirmed];
        self.run("note what a contact cannot open", update, values)?;
        Ok(())
    }

    /// Marks a bundle to be sent again to one reader, or no longer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_recipient_resend(
        &self,
        outgoing: OutgoingId,
        contact: ContactId,
        resend: bool,
    ) -> Result<(), StoreError> {
        let update = "UPDATE outgoing_recipient SET resend = ?3
             WHERE outgoing_id = ?1 AND contact_id = ?2";
        let values = params![outgoing, contact, resend];
        self.run("note what is to be sent again", update, values)?;
        Ok(())
    }
}
