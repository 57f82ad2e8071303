//! Who wrote how much of a document.

use std::collections::BTreeMap;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::limits::VERSION_PEERS_MAX;

/// Who wrote an operation, as the document knows it. The caller derives it from the identity of
/// the author and of the note.
///
/// Whoever writes different operations under one peer id makes documents that silently differ. So
/// each line of work has its own: a device that writes into the document itself always uses one
/// and the same, and each proposal uses a new one, because operations that were proposed and those
/// that were merged in the meantime would otherwise have the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u64);

impl PeerId {
    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The id as a number.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        self.0
    }
}

impl From<u64> for PeerId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

/// The state of a document: how many operations of each author it has taken in.
///
/// Two documents with one version have the same text and marks, unless an author has written two
/// things under one peer id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version(BTreeMap<PeerId, u32>);

impl Version {
    /// How many operations of `peer` are in the document.
    #[must_use]
    pub fn operation_count(&self, peer: PeerId) -> u32 {
        self.0.get(&peer).copied().unwrap_or(0)
    }

    /// Whether every operation of `other` is in this version.
    #[must_use]
    pub fn covers(&self, other: &Version) -> bool {
        let mut counts = other.0.iter();
        counts.all(|(peer, count)| self.operation_count(*peer) >= *count)
    }

    /// The authors and how many operations each has written, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, u32)> {
        self.0.iter().map(|(peer, count)| (*peer, *count))
    }
}

impl FromIterator<(PeerId, u32)> for Version {
    /// Authors without an operation are left out.
    fn from_iter<I: IntoIterator<Item = (PeerId, u32)>>(counts: I) -> Self {
        Self(counts.into_iter().filter(|(_, count)| *count > 0).collect())
    }
}

impl Wire for PeerId {
    const WHAT: &'static str = "peer id";

    fn write(&self, writer: &mut Writer) {
        writer.u64(self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.u64(Self::WHAT).map(Self)
    }
}

impl Wire for Version {
    const WHAT: &'static str = "version of a note";

    fn write(&self, writer: &mut Writer) {
        writer.count(self.0.len());
        for (peer, count) in self.iter() {
            peer.write(writer);
            writer.u32(count);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut counts = BTreeMap::new();
        for _ in 0..reader.count(VERSION_PEERS_MAX, "authors")? {
            let peer = PeerId::read(reader)?;
            let ascends = counts.last_key_value().is_none_or(|(last, _)| *last < peer);
            let count = reader.u32("operations")?;
            if !ascends || count == 0 {
                return Err(DecodeError::Rule {
                    what: "the authors of a version are not in order",
                });
            }
            counts.insert(peer, count);
        }
        Ok(Self(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(counts: &[(u64, u32)]) -> Version {
        let counts = counts.iter();
        counts
            .map(|(peer, count)| ((*peer).into(), *count))
            .collect()
    }

    #[test]
    fn a_version_covers_what_it_has_taken_in() {
        let newer = version(&[(1, 5), (2, 3)]);
        assert!(newer.covers(&version(&[(1, 4)])));
        assert!(!newer.covers(&version(&[(3, 1)])));
        assert!(newer.covers(&Version::default()));
    }

    #[test]
    fn a_version_has_one_encoding() {
        let value = version(&[(1, 5), (2, 3)]);
        let bytes = value.to_wire();
        assert_eq!(Version::from_wire(&bytes), Ok(value));
        let mut swapped = bytes;
        swapped[4..].rotate_left(12);
        assert!(Version::from_wire(&swapped).is_err());
    }
}
