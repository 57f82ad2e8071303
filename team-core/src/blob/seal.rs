//! Sealing and opening one blob.
//!
//! Spec: spec/team.md, "Blobs".

use std::io;

use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::advice::{Advice, Exit};
use pack_format::secret::Secret32;
use thiserror::Error;
use zeroize::Zeroizing;

use super::chunker::CHUNK_BYTES_MAX;
use super::{BlobId, BlobKey};
use crate::epoch::EpochKey;
use crate::packed::Packer;

/// The most bytes of a blob as carried.
pub const BLOB_BYTES_MAX: usize = 1 + CHUNK_BYTES_MAX + TAG_BYTES;

/// `blob secret = HKDF-Expand(epoch key, "causeway/team/v1 blob secret")`: what makes equal chunks
/// of one epoch one blob, and of two epochs, compartments or spaces never.
#[derive(Debug)]
pub struct BlobSecret(Secret32);

impl BlobSecret {
    /// The secret of an epoch.
    #[must_use]
    pub fn of(key: &EpochKey) -> Self {
        Self(key.secret().derive("causeway/team/v1 blob secret", b""))
    }
}

/// A sealed chunk.
#[derive(Debug, PartialEq, Eq)]
pub struct SealedBlob {
    /// Its name.
    pub id: BlobId,
    /// What opens it.
    pub key: BlobKey,
    /// Bytes of the chunk, 1 to [`CHUNK_BYTES_MAX`].
    pub size_bytes: u32,
    /// What is carried, at most [`BLOB_BYTES_MAX`].
    pub carried: Vec<u8>,
}

/// Why a chunk was not sealed or a blob not opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobError {
    /// A chunk has 1 to [`CHUNK_BYTES_MAX`] bytes.
    #[error("a chunk has 1 byte to 1 MiB, not {found} bytes")]
    ChunkLength {
        /// How many it has.
        found: u64,
    },
    /// The bytes are not those of the name.
    #[error("the bytes are not those of blob {id}")]
    OtherBlob {
        /// The name.
        id: BlobId,
    },
    /// The key is not the blob's: whoever wrote the operation named a wrong one.
    #[error("blob {id} does not open with the key that is named with it")]
    Unopenable {
        /// The blob.
        id: BlobId,
    },
    /// It opens, and does not hold what the operation says.
    #[error("blob {id} does not hold {expected} bytes")]
    Form {
        /// The blob.
        id: BlobId,
        /// What the operation says.
        expected: u32,
    },
    /// The compressor could not be set up.
    #[error("no memory to compress with")]
    Machine(#[source] io::Error),
}

impl Advice for BlobError {
    fn code(&self) -> &'static str {
        match self {
            Self::ChunkLength { .. } => "chunk-length",
            Self::OtherBlob { .. } => "blob-other",
            Self::Unopenable { .. } => "blob-unopenable",
            Self::Form { .. } => "blob-malformed",
            Self::Machine(_) => "blob-machine",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::ChunkLength { .. } => "Nothing was written and the space is as it was.",
            _ => "What is in the vault is safe; nothing of this file was written out.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::ChunkLength { .. } => "Add the file again; report it if this comes back.",
            Self::OtherBlob { .. } => "Sync again: the vault asks for it once more.",
            Self::Unopenable { .. } | Self::Form { .. } => {
                "Ask whoever added the file to add it again, and tell an admin of the space."
            }
            Self::Machine(_) => "Close other programs and try again.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::ChunkLength { .. } | Self::Machine(_) => Exit::Failed,
            _ => Exit::Refused,
        }
    }
}

/// Seals and opens blobs. Keep one for many: what compresses and expands is made once.
pub struct BlobCodec {
    packer: Packer,
}

impl BlobCodec {
    /// A codec.
    ///
    /// # Errors
    /// [`BlobError::Machine`].
    pub fn new() -> Result<Self, BlobError> {
        let packer = Packer::new().map_err(BlobError::Machine)?;
        Ok(Self { packer })
    }

    /// `key = BLAKE3-keyed(blob secret, form || body)`, `carried = AEAD(key, nonce 0, form || body)`,
    /// where `body` is the chunk (form 0) or, only if that is shorter, one zstd frame of it that
    /// states its length (form 1).
    ///
    /// The key comes from exactly the bytes that it encrypts: programs that compress differently
    /// make two blobs of one chunk, and never two plaintexts under one key and nonce.
    ///
    /// # Errors
    /// [`BlobError::ChunkLength`].
    pub fn seal(&mut self, secret: &BlobSecret, chunk: &[u8]) -> Result<SealedBlob, BlobError> {
        let found = chunk.len() as u64;
        let size_bytes = u32::try_from(chunk.len())
            .ok()
            .filter(|_| is_chunk_len(chunk.len()))
            .ok_or(BlobError::ChunkLength { found })?;
        let mut body = self.packer.pack(chunk);
        let key = blake3::keyed_hash(secret.0.expose(), &body);
        let key = BlobKey(*key.as_bytes());
        #[expect(clippy::expect_used, reason = "1 MiB is far below the cipher's limit")]
        let tag = cipher(&key)
            .encrypt_inout_detached(&ZERO, b"", body.as_mut_slice().into())
            .expect("1 MiB is below the cipher's limit");
        let carried = [body.as_slice(), tag.as_slice()].concat();
        Ok(SealedBlob {
            id: BlobId::of(&carried),
            key,
            size_bytes,
            carried,
        })
    }

    /// The chunk in a blob: exactly the `size_bytes` that the operation names with it. Nothing
    /// expands beyond that.
    ///
    /// # Errors
    /// [`BlobError::OtherBlob`], [`BlobError::Unopenable`], [`BlobError::Form`];
    /// [`BlobError::ChunkLength`] when the operation names an impossible length.
    pub fn open(
        &mut self,
        id: BlobId,
        key: &BlobKey,
        size_bytes: u32,
        carried: &[u8],
    ) -> Result<Vec<u8>, BlobError> {
        let found = u64::from(size_bytes);
        let expected = usize::try_from(size_bytes)
            .ok()
            .filter(|len| is_chunk_len(*len))
            .ok_or(BlobError::ChunkLength { found })?;
        if carried.len() > BLOB_BYTES_MAX || BlobId::of(carried) != id {
            return Err(BlobError::OtherBlob { id });
        }
        let packed = decrypt(key, carried).ok_or(BlobError::Unopenable { id })?;
        let chunk = self.packer.unpack(&packed, expected).ok();
        chunk
            .filter(|chunk| chunk.len() == expected)
            .ok_or(BlobError::Form {
                id,
                expected: size_bytes,
            })
    }
}

fn is_chunk_len(len: usize) -> bool {
    (1..=CHUNK_BYTES_MAX).contains(&len)
}

fn decrypt(key: &BlobKey, carried: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (body, tag) = carried.split_last_chunk::<TAG_BYTES>()?;
    let mut body = Zeroizing::new(body.to_vec());
    let whole = body.as_mut_slice().into();
    cipher(key)
        .decrypt_inout_detached(&ZERO, b"", whole, &Array::from(*tag))
        .ok()?;
    Some(body)
}

fn cipher(key: &BlobKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&key.0).into())
}

/// Each key encrypts one plaintext only.
const ZERO: Nonce = Array([0; 12]);
const TAG_BYTES: usize = 16;
