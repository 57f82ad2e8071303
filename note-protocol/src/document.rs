//! A document as it is handed to the worker.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::bytes::{check_len, read_bytes, read_optional, write_optional};
use crate::limits::{SNAPSHOT_BYTES_MAX, UPDATE_BYTES_MAX, UPDATE_PEERS_MAX, UPDATES_MAX};
use crate::version::PeerId;

/// A document: what a worker last made of it, and the updates that came since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The last snapshot that a worker gave; none for a document that starts here.
    ///
    /// Whose operations it holds is not checked again, and neither is that its text is what its
    /// operations make: it must come from a worker of this vault, never from somebody else.
    pub snapshot: Option<Vec<u8>>,
    /// What the snapshot does not hold, each after what it builds on.
    pub updates: Vec<Update>,
}

/// What an author changed, and who that may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The bytes that a worker of the author gave.
    pub bytes: Vec<u8>,
    /// The peer ids that the author may write under: an update with operations of any other is
    /// refused.
    pub peers: Vec<PeerId>,
}

impl Document {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let snapshot_bytes = self.snapshot.as_ref().map_or(0, Vec::len);
        check_len("snapshot", snapshot_bytes, SNAPSHOT_BYTES_MAX)?;
        check_len("updates", self.updates.len(), UPDATES_MAX)?;
        self.updates.iter().try_for_each(Update::check)
    }
}

impl Update {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        check_len("update", self.bytes.len(), UPDATE_BYTES_MAX)?;
        check_len("authors of an update", self.peers.len(), UPDATE_PEERS_MAX)
    }
}

impl Wire for Document {
    const WHAT: &'static str = "note";

    fn write(&self, writer: &mut Writer) {
        write_optional(writer, self.snapshot.as_deref());
        writer.count(self.updates.len());
        self.updates.iter().for_each(|update| update.write(writer));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let snapshot = read_optional(reader, SNAPSHOT_BYTES_MAX, "snapshot")?;
        let mut updates = Vec::new();
        for _ in 0..reader.count(UPDATES_MAX, "updates")? {
            updates.push(Update::read(reader)?);
        }
        Ok(Self { snapshot, updates })
    }
}

impl Wire for Update {
    const WHAT: &'static str = "update of a note";

    fn write(&self, writer: &mut Writer) {
        writer.count(self.peers.len());
        self.peers.iter().for_each(|peer| peer.write(writer));
        writer.count(self.bytes.len()).put(&self.bytes);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut peers = Vec::new();
        for _ in 0..reader.count(UPDATE_PEERS_MAX, "authors of an update")? {
            peers.push(PeerId::read(reader)?);
        }
        let bytes = read_bytes(reader, UPDATE_BYTES_MAX, "update")?;
        Ok(Self { bytes, peers })
    }
}
