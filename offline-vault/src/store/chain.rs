//! Key chains with contacts: the symmetric ratchets that seal bundles to somebody who has
//! answered before.

use pack_format::codec::Wire as _;
use pack_format::ratchet::{ReceiveChain, Side};
use pack_format::relay::ContentId;
use pack_format::secret::Secret32;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use super::columns::{secret_bytes, stored_choice, stored_id};
use super::{Changes, ContactId, StoreError, Tables};

stored_id! {
    /// A chain of this vault.
    ChainId
}

/// Which way a chain's bundles go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainDirection {
    /// From this vault.
    Send,
    /// To this vault.
    Receive,
}

stored_choice!(ChainDirection { Send = 1, Receive = 2 });

/// A chain as it is stored.
#[derive(Debug)]
pub struct StoredChain {
    /// The row.
    pub id: ChainId,
    /// The other end.
    pub contact_id: ContactId,
    /// Which way its bundles go.
    pub direction: ChainDirection,
    /// The bundle whose slot brought it into being.
    pub born_of: ContentId,
    /// The encoding of the chain, secret.
    pub state: Zeroizing<Vec<u8>>,
    /// A sending chain is used only once the contact has receipted `born_of`.
    pub confirmed: bool,
}

/// A chain that is not stored yet.
#[derive(Debug)]
pub struct NewChain {
    /// The other end.
    pub contact_id: ContactId,
    /// Which way its bundles go.
    pub direction: ChainDirection,
    /// The bundle whose slot brought it into being.
    pub born_of: ContentId,
    /// The encoding of the chain, secret.
    pub state: Zeroizing<Vec<u8>>,
    /// Whether it may be used.
    pub confirmed: bool,
}

fn chain(row: &Row<'_>) -> rusqlite::Result<StoredChain> {
    Ok(StoredChain {
        id: row.get("id")?,
        contact_id: row.get("contact_id")?,
        direction: row.get("direction")?,
        born_of: ContentId(row.get("born_of")?),
        state: secret_bytes(row, "state")?,
        confirmed: row.get("confirmed")?,
    })
}

impl Tables<'_> {
    /// All chains of one direction with all contacts, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chains(&self, direction: ChainDirection) -> Result<Vec<StoredChain>, StoreError> {
        let select = "SELECT * FROM contact_chain WHERE direction = ?1 ORDER BY id DESC";
        self.all("read the key chains", select, [direction], chain)
    }

    /// The chains of one direction with one contact, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chains_with(
        &self,
        contact: ContactId,
        direction: ChainDirection,
    ) -> Result<Vec<StoredChain>, StoreError> {
        let select = "SELECT * FROM contact_chain WHERE contact_id = ?1 AND direction = ?2
             ORDER BY id DESC";
        let values = params![contact, direction];
        self.all("read the key chains", select, values, chain)
    }
}

impl Changes<'_> {
    /// Stores a new chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_chain(&self, new: &NewChain) -> Result<ChainId, StoreError> {
        let insert = "INSERT INTO contact_chain (contact_id, direction, born_of, state, confirmed)
             VALUES (?1, ?2, ?3, ?4, ?5)";
        let state = new.state.as_slice();
        let values = params![
            new.contact_id,
            new.direction,
            new.born_of.0,
            state,
            new.confirmed
        ];
        self.insert("store a key chain", insert, values)
            .map(ChainId)
    }

    /// Replaces a chain's state after a step.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_chain_state(&self, id: ChainId, state: &[u8]) -> Result<(), StoreError> {
        let update = "UPDATE contact_chain SET state = ?2 WHERE id = ?1";
        self.run("store a key chain", update, params![id, state])?;
        Ok(())
    }

    /// The contact has receipted the bundle that brought a sending chain: it may be used now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn confirm_chain(&self, contact: ContactId, born_of: ContentId) -> Result<(), StoreError> {
        let update = "UPDATE contact_chain SET confirmed = 1
             WHERE contact_id = ?1 AND born_of = ?2 AND direction = ?3";
        let values = params![contact, born_of.0, ChainDirection::Send];
        self.run("confirm a key chain", update, values)?;
        Ok(())
    }

    /// Listens on a new chain; the oldest are given up beyond [`RECEIVE_CHAINS_MAX`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_receive_chain(
        &self,
        contact_id: ContactId,
        root: &Secret32,
        born_of: ContentId,
    ) -> Result<(), StoreError> {
        let direction = ChainDirection::Receive;
        let state = Zeroizing::new(ReceiveChain::new(root, Side::Typed).to_wire());
        let confirmed = true;
        self.insert_chain(&NewChain {
            contact_id,
            direction,
            born_of,
            state,
            confirmed,
        })?;
        for old in self
            .chains_with(contact_id, direction)?
            .iter()
            .skip(RECEIVE_CHAINS_MAX)
        {
            self.remove_chain(old.id)?;
        }
        Ok(())
    }

    /// Until the next confirmation, bundles for the contact are sealed to the key on their card.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unconfirm_chains(&self, contact: ContactId) -> Result<(), StoreError> {
        let update = "UPDATE contact_chain SET confirmed = 0
             WHERE contact_id = ?1 AND direction = ?2";
        let values = params![contact, ChainDirection::Send];
        self.run("leave a key chain", update, values)?;
        Ok(())
    }

    /// A contact has a new incarnation: it has none of the keys of the one before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_incarnation(&self, contact: ContactId) -> Result<(), StoreError> {
        self.remove_send_chains(contact)?;
        self.strand_recipients(contact)
    }

    /// Forgets one chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_chain(&self, id: ChainId) -> Result<(), StoreError> {
        let delete = "DELETE FROM contact_chain WHERE id = ?1";
        self.run("forget a key chain", delete, [id])?;
        Ok(())
    }

    /// Forgets every sending chain with a contact: their new incarnation cannot open what these
    /// would seal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_send_chains(&self, contact: ContactId) -> Result<(), StoreError> {
        let delete = "DELETE FROM contact_chain WHERE contact_id = ?1 AND direction = ?2";
        let values = params![contact, ChainDirection::Send];
        self.run("forget key chains", delete, values)?;
        Ok(())
    }
}

/// Chains of one contact that are listened on: a sender moves to a new one at times, and older
/// bundles may still be under way.
const RECEIVE_CHAINS_MAX: usize = 32;
