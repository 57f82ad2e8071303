//! Bundles for devices of spaces, and how far each got.

use pack_format::codec::{DecodeError, Reader, Wire as _, Writer};
use pack_format::relay::{ContentId, RelayAddress, Signed, Ticket};
use rusqlite::{Row, params};

use super::super::columns::{not_what_was_stored, stored_id};
use super::super::{Changes, RecipientState, StoreError, Tables};
use super::peer::PeerId;
use super::row::SpaceRow;
use crate::clock::UnixTime;

stored_id! {
    /// A bundle for a device of a space.
    SpaceOutgoingId
}

/// A bundle as it is stored.
#[derive(Clone, Debug)]
pub struct SpaceOutgoing {
    /// The row.
    pub id: SpaceOutgoingId,
    /// Its content.
    pub bundle: NewSpaceOutgoing,
    /// How far it got.
    pub state: RecipientState,
    /// Since when.
    pub state_at: UnixTime,
}

/// A bundle that is not stored yet.
#[derive(Clone, Debug)]
pub struct NewSpaceOutgoing {
    /// For whom.
    pub peer: PeerId,
    /// The hash of the sealed bundle.
    pub content_id: ContentId,
    /// The file in `bundles/`.
    pub file: String,
    /// The size of the sealed bundle.
    pub size_bytes: u64,
    /// Its number among those for this peer.
    pub sequence: u64,
    /// This machine's clock.
    pub created_at: UnixTime,
    /// What the device has once it has taken this in, in the encoding of vectors.
    pub holds: Vec<u8>,
    /// What was sent to the peer before it.
    pub sent_before: Vec<u8>,
    /// For the couriers: the right to put it into each of the peer's mailboxes.
    pub tickets: Vec<(RelayAddress, Signed<Ticket>)>,
}

/// `u8` count, then relay and signed ticket of each.
fn write_tickets(tickets: &[(RelayAddress, Signed<Ticket>)]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(u8::try_from(tickets.len()).unwrap_or(u8::MAX));
    for (relay, ticket) in tickets {
        relay.write(&mut writer);
        ticket.write(&mut writer);
    }
    writer.into_bytes()
}

fn read_tickets(bytes: &[u8]) -> Result<Vec<(RelayAddress, Signed<Ticket>)>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut tickets = Vec::new();
    for _ in 0..reader.u8("number of tickets")? {
        tickets.push((RelayAddress::read(&mut reader)?, Signed::read(&mut reader)?));
    }
    reader.finish("tickets")?;
    Ok(tickets)
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<SpaceOutgoing> {
    Ok(SpaceOutgoing {
        id: row.get("id")?,
        bundle: NewSpaceOutgoing {
            peer: row.get("peer_id")?,
            content_id: ContentId(row.get("content_id")?),
            file: row.get("file")?,
            size_bytes: row.get("size_bytes")?,
            sequence: row.get("sequence")?,
            created_at: row.get("created_at")?,
            holds: row.get("holds")?,
            sent_before: row.get("sent_before")?,
            tickets: read_tickets(&row.get::<_, Vec<u8>>("tickets")?)
                .map_err(not_what_was_stored)?,
        },
        state: row.get("state")?,
        state_at: row.get("state_at")?,
    })
}

impl Tables<'_> {
    /// The bundles for devices of all spaces that are still held here, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space_outgoing(&self) -> Result<Vec<SpaceOutgoing>, StoreError> {
        let select = "SELECT * FROM space_outgoing WHERE freed = 0 ORDER BY id";
        self.all("read the bundles of spaces", select, [], outgoing)
    }

    /// The bundles for the devices of one space that are still held here, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outgoing_of_space(&self, space: SpaceRow) -> Result<Vec<SpaceOutgoing>, StoreError> {
        let select = "SELECT space_outgoing.* FROM space_outgoing
             JOIN space_peer ON space_peer.id = space_outgoing.peer_id
             WHERE space_peer.space_id = ?1 AND freed = 0 ORDER BY space_outgoing.id";
        self.all("read the bundles of a space", select, [space], outgoing)
    }

    /// One bundle, by the hash of its sealed bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space_outgoing_with_content(
        &self,
        content_id: ContentId,
    ) -> Result<Option<SpaceOutgoing>, StoreError> {
        let select = "SELECT * FROM space_outgoing WHERE content_id = ?1 AND freed = 0";
        self.optional("look a bundle up", select, [content_id.0], outgoing)
    }

    /// One bundle, by the hash of its sealed bytes, also when it was freed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn any_space_outgoing_with_content(
        &self,
        content_id: ContentId,
    ) -> Result<Option<SpaceOutgoing>, StoreError> {
        let select = "SELECT * FROM space_outgoing WHERE content_id = ?1";
        self.optional("look a bundle up", select, [content_id.0], outgoing)
    }

    /// The bundle of this number for a peer, also when it was freed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space_outgoing_numbered(
        &self,
        peer: PeerId,
        sequence: u64,
    ) -> Result<Option<SpaceOutgoing>, StoreError> {
        let select = "SELECT * FROM space_outgoing WHERE peer_id = ?1 AND sequence = ?2";
        let values = params![peer, sequence];
        self.optional("look a bundle up", select, values, outgoing)
    }
}

impl Changes<'_> {
    /// Stores a sealed bundle, ready to carry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_space_outgoing(
        &self,
        new: &NewSpaceOutgoing,
    ) -> Result<SpaceOutgoingId, StoreError> {
        let insert = "INSERT INTO space_outgoing
             (peer_id, content_id, file, size_bytes, sequence, created_at, holds, sent_before,
              tickets, state, state_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?6)";
        let values = params![
            new.peer,
            new.content_id.0,
            new.file,
            new.size_bytes,
            new.sequence,
            new.created_at,
            new.holds,
            new.sent_before,
            write_tickets(&new.tickets),
            RecipientState::Ready
        ];
        self.insert("store a bundle of a space", insert, values)
            .map(SpaceOutgoingId)
    }

    /// A bundle got further. A state never goes back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn advance_space_outgoing(
        &self,
        id: SpaceOutgoingId,
        state: RecipientState,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let update = "UPDATE space_outgoing SET state = ?2, state_at = ?3
             WHERE id = ?1 AND state < ?2";
        self.run("note how far a bundle got", update, params![id, state, now])?;
        Ok(())
    }

    /// The file of a bundle is not needed any more. The row stays, for what its state says.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_space_outgoing_freed(&self, id: SpaceOutgoingId) -> Result<(), StoreError> {
        let update = "UPDATE space_outgoing SET freed = 1 WHERE id = ?1";
        self.run("free a bundle of a space", update, [id])?;
        Ok(())
    }

    /// Forgets the freed bundles for a peer below a number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_space_outgoing(&self, peer: PeerId, below: u64) -> Result<(), StoreError> {
        let delete = "DELETE FROM space_outgoing
             WHERE peer_id = ?1 AND sequence < ?2 AND freed = 1";
        self.run("forget old bundles", delete, params![peer, below])?;
        Ok(())
    }
}
