//! The devices that bundles are sealed for, the key chains with them, and what came from them.

use pack_format::codec::Wire as _;
use pack_format::ratchet::{ReceiveChain, Side};
use pack_format::relay::ContentId;
use pack_format::secret::Secret32;
use rusqlite::{Row, params};
use team_core::ids::DeviceId;
use zeroize::Zeroizing;

use super::super::columns::{secret_bytes, stored_id};
use super::super::{ChainDirection, Changes, ContactId, StoreError, Tables};
use super::row::SpaceRow;
use crate::clock::UnixTime;

stored_id! {
    /// A device of a space that bundles are sealed for.
    PeerId
}

stored_id! {
    /// A key chain with a device of a space.
    PeerChainId
}

/// A peer as it is stored.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The row.
    pub id: PeerId,
    /// The space.
    pub space: SpaceRow,
    /// The device.
    pub device: DeviceId,
    /// The contact whose paired vault it is, where that is known here.
    pub contact_id: Option<ContactId>,
    /// The number of the next bundle for it.
    pub next_sequence: u64,
    /// What was sent with the latest bundles, in the encoding of the send state.
    pub sent: Vec<u8>,
}

/// A key chain with a peer.
#[derive(Debug)]
pub struct PeerChain {
    /// The row.
    pub id: PeerChainId,
    /// The other end.
    pub peer: PeerId,
    /// The encoding of the chain, secret.
    pub state: Zeroizing<Vec<u8>>,
    /// A sending chain is used only once the peer has answered the bundle that began it.
    pub confirmed: bool,
}

fn peer(row: &Row<'_>) -> rusqlite::Result<Peer> {
    Ok(Peer {
        id: row.get("id")?,
        space: row.get("space_id")?,
        device: DeviceId(row.get("device")?),
        contact_id: row.get("contact_id")?,
        next_sequence: row.get("next_sequence")?,
        sent: row.get("sent")?,
    })
}

fn chain(row: &Row<'_>) -> rusqlite::Result<PeerChain> {
    Ok(PeerChain {
        id: row.get("id")?,
        peer: row.get("peer_id")?,
        state: secret_bytes(row, "state")?,
        confirmed: row.get("confirmed")?,
    })
}

impl Tables<'_> {
    /// The peers of a space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn peers(&self, space: SpaceRow) -> Result<Vec<Peer>, StoreError> {
        let select = "SELECT * FROM space_peer WHERE space_id = ?1 ORDER BY id";
        self.all("read the devices of a space", select, [space], peer)
    }

    /// One peer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn peer(&self, id: PeerId) -> Result<Option<Peer>, StoreError> {
        let select = "SELECT * FROM space_peer WHERE id = ?1";
        self.optional("look a device up", select, [id], peer)
    }

    /// The chains of one direction with all devices of a space, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn peer_chains(
        &self,
        space: SpaceRow,
        direction: ChainDirection,
    ) -> Result<Vec<PeerChain>, StoreError> {
        let select = "SELECT space_chain.* FROM space_chain
             JOIN space_peer ON space_peer.id = space_chain.peer_id
             WHERE space_peer.space_id = ?1 AND direction = ?2 ORDER BY space_chain.id DESC";
        let values = params![space, direction];
        self.all("read the key chains of a space", select, values, chain)
    }

    /// The chains of one direction with one peer, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chains_with_peer(
        &self,
        peer: PeerId,
        direction: ChainDirection,
    ) -> Result<Vec<PeerChain>, StoreError> {
        let select = "SELECT * FROM space_chain WHERE peer_id = ?1 AND direction = ?2
             ORDER BY id DESC";
        let values = params![peer, direction];
        self.all("read the key chains of a device", select, values, chain)
    }

    /// The numbers of the bundles that came from a peer lately, with what they were, newest
    /// first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn taken_from_peer(&self, peer: PeerId) -> Result<Vec<(u64, ContentId)>, StoreError> {
        let select = "SELECT sequence, content_id FROM space_taken WHERE peer_id = ?1
             ORDER BY sequence DESC LIMIT ?2";
        let values = params![peer, TAKEN_KEPT];
        self.all("read what came from a device", select, values, |row| {
            Ok((row.get(0)?, ContentId(row.get(1)?)))
        })
    }
}

impl Changes<'_> {
    /// The peer of a device, new if it was not one yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ensure_peer(&self, space: SpaceRow, device: DeviceId) -> Result<PeerId, StoreError> {
        let doing = "store a device of a space";
        let insert = "INSERT INTO space_peer (space_id, device, sent) VALUES (?1, ?2, x'')
             ON CONFLICT DO NOTHING";
        self.run(doing, insert, params![space, device.0])?;
        let select = "SELECT id FROM space_peer WHERE space_id = ?1 AND device = ?2";
        self.one(doing, select, params![space, device.0], |row| row.get(0))
    }

    /// The paired vault of this contact is the peer's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_peer_contact(&self, id: PeerId, contact: ContactId) -> Result<(), StoreError> {
        let update = "UPDATE space_peer SET contact_id = ?2 WHERE id = ?1";
        self.run("bind a device to a contact", update, params![id, contact])?;
        Ok(())
    }

    /// The number of the next bundle for a peer; each is given once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_peer_sequence(&self, id: PeerId) -> Result<u64, StoreError> {
        let update = "UPDATE space_peer SET next_sequence = next_sequence + 1 WHERE id = ?1
             RETURNING next_sequence - 1";
        self.one("number a bundle", update, [id], |row| row.get(0))
    }

    /// What was sent to a peer with the latest bundles.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_peer_sent(&self, id: PeerId, sent: &[u8]) -> Result<(), StoreError> {
        let update = "UPDATE space_peer SET sent = ?2 WHERE id = ?1";
        self.run("store what was sent to a device", update, params![id, sent])?;
        Ok(())
    }

    /// Stores a new chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_peer_chain(
        &self,
        peer: PeerId,
        direction: ChainDirection,
        born_of: ContentId,
        state: &[u8],
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO space_chain (peer_id, direction, born_of, state, confirmed)
             VALUES (?1, ?2, ?3, ?4, ?5)";
        let confirmed = direction == ChainDirection::Receive;
        let values = params![peer, direction, born_of.0, state, confirmed];
        self.run("store a key chain", insert, values)?;
        Ok(())
    }

    /// Replaces a chain's state after a step.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_peer_chain_state(&self, id: PeerChainId, state: &[u8]) -> Result<(), StoreError> {
        let update = "UPDATE space_chain SET state = ?2 WHERE id = ?1";
        self.run("store a key chain", update, params![id, state])?;
        Ok(())
    }

    /// The peer has taken in the bundle that brought a sending chain: it may be used now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn confirm_peer_chain(&self, peer: PeerId, born_of: ContentId) -> Result<(), StoreError> {
        let update = "UPDATE space_chain SET confirmed = 1
             WHERE peer_id = ?1 AND born_of = ?2 AND direction = ?3";
        let values = params![peer, born_of.0, ChainDirection::Send];
        self.run("confirm a key chain", update, values)?;
        Ok(())
    }

    /// Listens on a new chain; the oldest are given up beyond [`RECEIVE_CHAINS_MAX`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_peer_receive_chain(
        &self,
        peer: PeerId,
        root: &Secret32,
        born_of: ContentId,
    ) -> Result<(), StoreError> {
        let state = Zeroizing::new(ReceiveChain::new(root, Side::Typed).to_wire());
        self.insert_peer_chain(peer, ChainDirection::Receive, born_of, &state)?;
        let chains = self.chains_with_peer(peer, ChainDirection::Receive)?;
        for old in chains.iter().skip(RECEIVE_CHAINS_MAX) {
            let delete = "DELETE FROM space_chain WHERE id = ?1";
            self.run("give an old key chain up", delete, [old.id])?;
        }
        Ok(())
    }

    /// A bundle of this number came from a peer. Tells whether another one of the same number
    /// had come before, which means that somebody runs a copy of the peer's vault.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_taken_from_peer(
        &self,
        peer: PeerId,
        sequence: u64,
        content_id: ContentId,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let doing = "note what came from a device";
        let insert = "INSERT INTO space_taken (peer_id, content_id, sequence, taken_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        let values = params![peer, content_id.0, sequence, now];
        self.run(doing, insert, values)?;
        let count = "SELECT count(*) FROM space_taken WHERE peer_id = ?1 AND sequence = ?2";
        let found: u32 = self.one(doing, count, params![peer, sequence], |row| row.get(0))?;
        Ok(found > 1)
    }
}

/// Chains that a vault listens on, for each peer.
const RECEIVE_CHAINS_MAX: usize = 8;
/// Numbers of bundles that are named to their sender again.
const TAKEN_KEPT: u32 = 64;
