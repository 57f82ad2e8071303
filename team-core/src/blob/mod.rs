//! Blobs: chunks of files, sealed so that equal chunks of one epoch are one blob.
//!
//! A blob travels apart from the operation that names it. That operation holds its id, its key and
//! its length, so that readers need nothing else, and whoever joins later gets with each file
//! exactly the keys of its chunks. Spec: spec/team.md, "Blobs".
//!
//! The secret that makes equal chunks equal comes from the epoch's key. A secret of the compartment
//! that outlives its epochs would tell who joins later whether a file that it can guess was there
//! before, which the history policy is to hide; and it would tell a leaver what is added after it
//! left. Across epochs a vault finds a chunk that it knows by its [`PlainHash`] and names the blob
//! that is there again. Only a chunk that two vaults add at the same time, in two epochs, is
//! carried twice.

mod chunker;
mod seal;

pub use chunker::{CHUNK_AVERAGE_BYTES, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, Chunker};
pub use seal::{BLOB_BYTES_MAX, BlobCodec, BlobError, BlobSecret, SealedBlob};

use std::fmt;

/// `blob id = BLAKE3(blob as carried)`: what it is asked for and checked by, also by couriers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    /// The name of these bytes.
    #[must_use]
    pub fn of(carried: &[u8]) -> Self {
        Self(*blake3::hash(carried).as_bytes())
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlobId({self})")
    }
}

impl fmt::Display for BlobId {
    /// All 32 bytes in hexadecimal: the name of the file that carries it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The key that opens one blob.
///
/// It is part of the content of an operation and lives as long as that does, so it may be copied
/// with it; it is never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlobKey(pub [u8; 32]);

impl fmt::Debug for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BlobKey([redacted])")
    }
}

/// `BLAKE3-derive-key("causeway/team/v1 chunk", chunk)`: how a vault finds a chunk that it knows
/// already. It stays in the vault: outside it would say what a file is to whoever can guess it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainHash(pub [u8; 32]);

impl PlainHash {
    /// The hash of a chunk.
    #[must_use]
    pub fn of(chunk: &[u8]) -> Self {
        Self(blake3::derive_key("causeway/team/v1 chunk", chunk))
    }
}

impl fmt::Debug for PlainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlainHash([redacted])")
    }
}
