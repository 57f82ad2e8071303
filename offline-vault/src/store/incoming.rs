//! Bundles that were taken in.

use bundle_format::identity::IdentityKey;
use bundle_format::open::BundleKey;
use pack_format::relay::ContentId;
use pack_format::secret::Secret32;
use rusqlite::{Row, params};

use super::columns::{bundle_key, optional_secret, stored_id};
use super::{Changes, ContactId, StoreError, Tables};
use crate::clock::UnixTime;

stored_id! {
    /// A bundle that this vault took in.
    IncomingId
}

/// A bundle as it is stored.
#[derive(Debug)]
pub struct Incoming {
    /// The row.
    pub id: IncomingId,
    /// What came.
    pub bundle: NewIncoming,
    /// When the person read it.
    pub read_at: Option<UnixTime>,
    /// When its files were written out.
    pub saved_at: Option<UnixTime>,
    /// A part of it does not verify; found after it was taken in.
    pub damaged: bool,
    /// A receipt for it was sealed.
    pub receipted: bool,
}

/// A bundle that is not stored yet. Its sender's signature was checked.
#[derive(Debug)]
pub struct NewIncoming {
    /// BLAKE3 of the sealed bundle.
    pub content_id: ContentId,
    /// The file in `bundles/`.
    pub file: String,
    /// The size of the sealed bundle.
    pub size_bytes: u64,
    /// Opens the bundle.
    pub bundle_key: BundleKey,
    /// The root of the chain that its slot began, kept while its sender is not a contact.
    pub chain_root: Option<Secret32>,
    /// Who signed it.
    pub sender_identity: IdentityKey,
    /// The contact with that key, if there is one.
    pub contact_id: Option<ContactId>,
    /// The sender's incarnation.
    pub incarnation: u32,
    /// The number of the bundle among those from this sender to this vault.
    pub sequence: u64,
    /// As the sender's clock had it: a claim.
    pub created_at: UnixTime,
    /// This machine's clock.
    pub taken_at: UnixTime,
    /// What to show the person.
    pub summary: String,
}

fn incoming(row: &Row<'_>) -> rusqlite::Result<Incoming> {
    Ok(Incoming {
        id: row.get("id")?,
        bundle: NewIncoming {
            content_id: ContentId(row.get("content_id")?),
            file: row.get("file")?,
            size_bytes: row.get("size_bytes")?,
            bundle_key: bundle_key(row)?,
            chain_root: optional_secret(row, "chain_root")?,
            sender_identity: IdentityKey(row.get("sender_identity")?),
            contact_id: row.get("contact_id")?,
            incarnation: row.get("incarnation")?,
            sequence: row.get("sequence")?,
            created_at: row.get("created_at")?,
            taken_at: row.get("taken_at")?,
            summary: row.get("summary")?,
        },
        read_at: row.get("read_at")?,
        saved_at: row.get("saved_at")?,
        damaged: row.get("damaged")?,
        receipted: row.get("receipted")?,
    })
}

impl Tables<'_> {
    /// All bundles that were taken in, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn incoming(&self) -> Result<Vec<Incoming>, StoreError> {
        let select = "SELECT * FROM incoming ORDER BY id";
        self.all("read the bundles that came", select, [], incoming)
    }

    /// One bundle that was taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn incoming_bundle(&self, id: IncomingId) -> Result<Option<Incoming>, StoreError> {
        let select = "SELECT * FROM incoming WHERE id = ?1";
        self.optional("read a bundle that came", select, [id], incoming)
    }
}

impl Tables<'_> {
    /// The bundle that was taken in with a content id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn incoming_with_content(&self, id: ContentId) -> Result<Option<Incoming>, StoreError> {
        let select = "SELECT * FROM incoming WHERE content_id = ?1";
        self.optional("read a bundle that came", select, [id.0], incoming)
    }

    /// The numbers of the bundles that came from one incarnation of a sender, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sequences_from(
        &self,
        sender: IdentityKey,
        incarnation: u32,
    ) -> Result<Vec<u64>, StoreError> {
        let select = "SELECT DISTINCT sequence FROM incoming
             WHERE sender_identity = ?1 AND incarnation = ?2 AND sequence > 0 ORDER BY sequence";
        let values = params![sender.0, incarnation];
        self.all("read which bundles came", select, values, |row| row.get(0))
    }
}

impl Tables<'_> {
    /// The names of all files that `bundles/` should hold.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bundle_files(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT file FROM incoming UNION SELECT file FROM outgoing WHERE freed = 0
             UNION SELECT content_file FROM signing_request WHERE content_file IS NOT NULL
             UNION SELECT file FROM space_outgoing WHERE freed = 0
             UNION SELECT file FROM space_chunk WHERE file IS NOT NULL";
        self.all("read the names of the bundles", select, [], |row| {
            row.get(0)
        })
    }
}

impl Tables<'_> {
    /// Whether a bundle with this number came from one incarnation of a sender.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_sequence_from(
        &self,
        sender: IdentityKey,
        incarnation: u32,
        sequence: u64,
    ) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM incoming
             WHERE sender_identity = ?1 AND incarnation = ?2 AND sequence = ?3 LIMIT 1";
        let values = params![sender.0, incarnation, sequence];
        let found = self.optional("look a bundle's number up", select, values, |_| Ok(()))?;
        Ok(found.is_some())
    }
}

impl Changes<'_> {
    /// A receipt for it was sealed, or has to be sealed again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_incoming_receipted(&self, id: IncomingId, done: bool) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET receipted = ?2 WHERE id = ?1";
        self.run("note a receipt", update, params![id, done])?;
        Ok(())
    }

    /// A sender has become a contact: what came from them is theirs now, and the chains that their
    /// bundles began are listened on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn adopt_incoming(
        &self,
        contact: ContactId,
        sender: IdentityKey,
    ) -> Result<(), StoreError> {
        for row in self.incoming()? {
            if row.bundle.sender_identity != sender || row.bundle.contact_id.is_some() {
                continue;
            }
            if let Some(root) = &row.bundle.chain_root {
                self.begin_receive_chain(contact, root, row.bundle.content_id)?;
            }
            self.set_incoming_contact(row.id, contact)?;
        }
        Ok(())
    }

    /// Its sender is a contact now.
    ///
    /// # Errors
    /// [`StoreError`].
    fn set_incoming_contact(&self, id: IncomingId, contact: ContactId) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET contact_id = ?2, chain_root = NULL WHERE id = ?1";
        self.run("note who a bundle is from", update, params![id, contact])?;
        Ok(())
    }

    /// Stores a bundle that was taken in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_incoming(&self, new: &NewIncoming) -> Result<IncomingId, StoreError> {
        let insert = "INSERT INTO incoming (content_id, file, size_bytes, bundle_key,
             slots, chain_root, sender_identity, contact_id, incarnation, sequence, created_at,
             taken_at, summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            new.content_id.0,
            new.file,
            new.size_bytes,
            new.bundle_key.secret.expose(),
            new.bundle_key.counts.to_bytes(),
            new.chain_root.as_ref().map(|root| *root.expose()),
            new.sender_identity.0,
            new.contact_id,
            new.incarnation,
            new.sequence,
            new.created_at,
            new.taken_at,
            new.summary,
        ];
        self.insert("store a bundle that came", insert, values)
            .map(IncomingId)
    }

    /// The person has read it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_incoming_read(&self, id: IncomingId, now: UnixTime) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET read_at = coalesce(read_at, ?2) WHERE id = ?1";
        self.run("note that a bundle was read", update, params![id, now])?;
        Ok(())
    }

    /// Its files were written out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_incoming_saved(&self, id: IncomingId, now: UnixTime) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET saved_at = ?2 WHERE id = ?1";
        self.run("note that a bundle was saved", update, params![id, now])?;
        Ok(())
    }

    /// An undamaged copy of it has come and lies in `file`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn repair_incoming(&self, id: IncomingId, file: &str) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET file = ?2, damaged = 0 WHERE id = ?1";
        self.run("repair a bundle", update, params![id, file])?;
        Ok(())
    }

    /// A part of it does not verify.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_incoming_damaged(&self, id: IncomingId) -> Result<(), StoreError> {
        let update = "UPDATE incoming SET damaged = 1 WHERE id = ?1";
        self.run("note that a bundle is damaged", update, [id])?;
        Ok(())
    }
}
