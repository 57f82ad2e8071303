//! Where the bytes of a file are: in blobs, which travel apart from the operations that name them.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_INLINE_MAX, CHUNKS_MAX};

/// A blob as it is carried and asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Debug for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlobId({self})")
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The key that opens a blob.
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

/// One run of bytes of a file, in a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The blob.
    pub id: BlobId,
    /// What opens it.
    pub key: BlobKey,
    /// Bytes that it holds, opened; from 1 to [`CHUNK_BYTES_MAX`].
    pub size_bytes: u32,
}

/// The chunks of a file, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// At most [`CHUNKS_INLINE_MAX`], here.
    Inline(Vec<Chunk>),
    /// More of them, in a blob that holds a [`ChunkList`].
    Listed(Chunk),
}

/// The bytes of a file: how many, what they are, where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// How many.
    pub size_bytes: u64,
    /// `BLAKE3` of all of them.
    pub hash: [u8; 32],
    /// Where they are. Chunks that stand here have [`Content::size_bytes`] together.
    pub chunks: Chunks,
}

impl Content {
    /// Whether a list read from the blob of [`Chunks::Listed`] is one of this content: it has as
    /// many bytes, and would not have fitted here.
    #[must_use]
    pub fn fits(&self, list: &ChunkList) -> bool {
        list.0.len() > CHUNKS_INLINE_MAX && sum(&list.0) == self.size_bytes
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.varint(self.size_bytes).put(&self.hash);
        match &self.chunks {
            Chunks::Inline(chunks) => {
                writer.varint(chunks.len() as u64 + 1);
                for chunk in chunks {
                    chunk.write(writer);
                }
            }
            Chunks::Listed(list) => {
                writer.varint(0);
                list.write(writer);
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let size_bytes = reader.varint("size of content")?;
        let hash = reader.take_array("hash of content")?;
        let chunks = match reader.varint("number of chunks")?.checked_sub(1) {
            None => Chunks::Listed(Chunk::read(reader)?),
            Some(count) => Chunks::Inline(read_chunks(reader, count, CHUNKS_INLINE_MAX)?),
        };
        if matches!(&chunks, Chunks::Inline(chunks) if sum(chunks) != size_bytes) {
            return Err(DecodeError::Rule {
                what: "the chunks of a file do not have its size",
            });
        }
        Ok(Self {
            size_bytes,
            hash,
            chunks,
        })
    }
}

/// The chunks of a large file, as the blob of [`Chunks::Listed`] holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkList(pub Vec<Chunk>);

impl Wire for ChunkList {
    const WHAT: &'static str = "list of chunks";

    fn write(&self, writer: &mut Writer) {
        writer.varint(self.0.len() as u64);
        for chunk in &self.0 {
            chunk.write(writer);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.varint("number of chunks")?;
        read_chunks(reader, count, CHUNKS_MAX).map(Self)
    }
}

impl Chunk {
    fn write(&self, writer: &mut Writer) {
        writer.put(&self.id.0).put(&self.key.0);
        writer.varint(self.size_bytes.into());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = BlobId(reader.take_array("blob id")?);
        let key = BlobKey(reader.take_array("blob key")?);
        let found = reader.varint("size of chunk")?;
        match u32::try_from(found) {
            Ok(size_bytes @ 1..=CHUNK_BYTES_MAX) => Ok(Self {
                id,
                key,
                size_bytes,
            }),
            Ok(0) => Err(DecodeError::Rule {
                what: "a chunk is empty",
            }),
            _ => Err(DecodeError::OverLimit {
                what: "chunk",
                found,
                limit: CHUNK_BYTES_MAX.into(),
            }),
        }
    }
}

fn read_chunks(
    reader: &mut Reader<'_>,
    count: u64,
    limit: usize,
) -> Result<Vec<Chunk>, DecodeError> {
    if count > limit as u64 {
        return Err(DecodeError::OverLimit {
            what: "chunks",
            found: count,
            limit: limit as u64,
        });
    }
    (0..count).map(|_| Chunk::read(reader)).collect()
}

fn sum(chunks: &[Chunk]) -> u64 {
    chunks.iter().map(|chunk| u64::from(chunk.size_bytes)).sum()
}
