//! Cuts a file into chunks where its content says so.
//!
//! FastCDC (Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based
//! Storage Systems", IEEE TPDS 2020), normalisation level 1, with the published gear table. A byte
//! put in near the beginning of a file moves the cuts beside it and no others, so that a new
//! version of a large file takes one or two new blobs. With chunks of a fixed length it would take
//! all of them.

use std::io::{self, Read};

use fastcdc::v2020::FastCDC;

/// The least bytes of a chunk but a file's last.
pub const CHUNK_BYTES_MIN: usize = 64 * 1024;
/// Around this many bytes a cut is wanted: small enough that an edit costs little, large enough
/// that the 70 bytes with which an operation names a chunk are a few hundredths of a percent.
pub const CHUNK_AVERAGE_BYTES: usize = 256 * 1024;
/// The most bytes of a chunk: as much as a bundle keeps in one frame, and in memory.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// The chunks of what is read, in order; none for an empty file. Ends after an error.
///
/// Equal content is cut equally everywhere: the sizes and the table are part of the format in so
/// far as vaults that cut otherwise would carry chunks twice. A reader does not depend on them.
#[derive(Debug)]
pub struct Chunker<R> {
    source: R,
    ahead: Vec<u8>,
    is_done: bool,
}

impl<R: Read> Chunker<R> {
    /// A chunker that reads `source` to its end. It holds up to two chunks in memory.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            source,
            ahead: Vec::with_capacity(CHUNK_BYTES_MAX),
            is_done: false,
        }
    }

    fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let room = CHUNK_BYTES_MAX.saturating_sub(self.ahead.len());
        let mut source = (&mut self.source).take(room as u64);
        source.read_to_end(&mut self.ahead)?;
        let mut cuts = FastCDC::new(
            &self.ahead,
            CHUNK_BYTES_MIN,
            CHUNK_AVERAGE_BYTES,
            CHUNK_BYTES_MAX,
        );
        let Some(chunk) = cuts.next() else {
            return Ok(None);
        };
        let rest = self.ahead.split_off(chunk.length.min(self.ahead.len()));
        Ok(Some(std::mem::replace(&mut self.ahead, rest)))
    }
}

impl<R: Read> Iterator for Chunker<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = self.next_chunk().transpose();
        self.is_done = !matches!(next, Some(Ok(_)));
        next
    }
}
