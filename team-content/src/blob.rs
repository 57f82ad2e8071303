//! Where the bytes of a file are: in blobs, which travel apart from the operations that name them.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use team_core::blob::{BlobId, BlobKey, CHUNK_BYTES_MAX};

use crate::limits::{CHUNKS_INLINE_MAX, CHUNKS_MAX};

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
    /// More of them, in a [`ChunkList`] whose bytes are in these: from 1 to [`CHUNKS_INLINE_MAX`].
    Listed(Vec<Chunk>),
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
    /// Whether the list that [`Chunks::Listed`] leads to is one of this content: it has as
    /// many bytes, and would not have fitted here.
    #[must_use]
    pub fn fits(&self, list: &ChunkList) -> bool {
        list.0.len() > CHUNKS_INLINE_MAX && sum(&list.0) == self.size_bytes
    }

    /// The chunks that are named here: of the bytes, or of the list of chunks.
    #[must_use]
    pub fn named_chunks(&self) -> &[Chunk] {
        match &self.chunks {
            Chunks::Inline(chunks) | Chunks::Listed(chunks) => chunks,
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.varint(self.size_bytes).put(&self.hash);
        match &self.chunks {
            Chunks::Inline(chunks) => {
                writer.u8(0);
                write_chunks(writer, chunks);
            }
            Chunks::Listed(chunks) => {
                writer.u8(1);
                write_chunks(writer, chunks);
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let size_bytes = reader.varint("size of content")?;
        let hash = reader.take_array("hash of content")?;
        let listed = reader.u8("where the chunks are")?;
        let chunks = read_chunks(reader, CHUNKS_INLINE_MAX)?;
        let chunks = match listed {
            0 if sum(&chunks) == size_bytes => Chunks::Inline(chunks),
            0 => {
                return Err(DecodeError::Rule {
                    what: "the chunks of a file do not have its size",
                });
            }
            1 if !chunks.is_empty() => Chunks::Listed(chunks),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "where the chunks are",
                });
            }
        };
        Ok(Self {
            size_bytes,
            hash,
            chunks,
        })
    }
}

/// The chunks of a large file, as the chunks of [`Chunks::Listed`] hold them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkList(pub Vec<Chunk>);

impl Wire for ChunkList {
    const WHAT: &'static str = "list of chunks";

    fn write(&self, writer: &mut Writer) {
        write_chunks(writer, &self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_chunks(reader, CHUNKS_MAX).map(Self)
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
        let over = DecodeError::OverLimit {
            what: "chunk",
            found,
            limit: CHUNK_BYTES_MAX as u64,
        };
        if found > CHUNK_BYTES_MAX as u64 {
            return Err(over);
        }
        match u32::try_from(found) {
            Ok(0) => Err(DecodeError::Rule {
                what: "a chunk is empty",
            }),
            Ok(size_bytes) => Ok(Self {
                id,
                key,
                size_bytes,
            }),
            Err(_) => Err(over),
        }
    }
}

fn write_chunks(writer: &mut Writer, chunks: &[Chunk]) {
    writer.varint(chunks.len() as u64);
    for chunk in chunks {
        chunk.write(writer);
    }
}

fn read_chunks(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Chunk>, DecodeError> {
    let count = reader.varint("number of chunks")?;
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
