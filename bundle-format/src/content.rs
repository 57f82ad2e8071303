//! Where a bundle's content comes from and goes to, and how its frames are stored.

use std::io::{self, Read};

use pack_format::codec::DecodeError;
use zstd::bulk::{Compressor, Decompressor};

use crate::limits::FRAME_BYTES;
use crate::manifest::{Entry, EntryKind, Frame};
use crate::ordered::Buffers;

/// What is to be sealed, one entry after the other, in the manifest's order: message, card,
/// receipts, invitation, then paths ascending by component.
pub trait Contents {
    /// The next entry and its bytes, or `None` after the last.
    ///
    /// # Errors
    /// What the machine says when the entry cannot be opened.
    fn next_entry(&mut self) -> io::Result<Option<(EntryKind, Box<dyn Read + '_>)>>;
}

/// Receives the content of a verified bundle, entry by entry.
pub trait EntrySink {
    /// A new entry begins.
    ///
    /// # Errors
    /// What the machine says.
    fn begin(&mut self, index: usize, entry: &Entry) -> io::Result<()>;

    /// The next bytes of the entry.
    ///
    /// # Errors
    /// What the machine says.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The entry is complete.
    ///
    /// # Errors
    /// What the machine says.
    fn end(&mut self) -> io::Result<()>;
}

/// What a long operation tells its caller, and the caller's answer: `false` stops it.
pub type Progress<'a> = dyn FnMut(u64) -> bool + 'a;

/// Contents that are held in memory.
pub struct HeldContents<'a> {
    entries: std::vec::IntoIter<(EntryKind, &'a [u8])>,
}

impl<'a> HeldContents<'a> {
    /// Takes entries in any order and puts them in the manifest's.
    #[must_use]
    pub fn new(mut entries: Vec<(EntryKind, &'a [u8])>) -> Self {
        entries.sort_by(|(one, _), (other, _)| {
            crate::manifest::sort_key(one).cmp(&crate::manifest::sort_key(other))
        });
        Self {
            entries: entries.into_iter(),
        }
    }
}

impl Contents for HeldContents<'_> {
    fn next_entry(&mut self) -> io::Result<Option<(EntryKind, Box<dyn Read + '_>)>> {
        Ok(self
            .entries
            .next()
            .map(|(kind, bytes)| (kind, Box::new(bytes) as Box<dyn Read>)))
    }
}

/// The order in which [`Contents`] must give entries.
#[must_use]
pub fn in_order(before: &EntryKind, after: &EntryKind) -> bool {
    crate::manifest::sort_key(before) < crate::manifest::sort_key(after)
}

/// Stores frames: compressed where that makes them smaller.
pub(crate) struct FramePacker {
    compressor: Compressor<'static>,
    probe: Compressor<'static>,
}

impl FramePacker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(LEVEL)?,
            probe: Compressor::new(PROBE_LEVEL)?,
        })
    }

    /// The frame's entry in the manifest and its stored bytes. `content` is 1 to
    /// [`FRAME_BYTES`] long.
    pub(crate) fn pack(&mut self, content: Vec<u8>, buffers: &Buffers) -> (Frame, Vec<u8>) {
        let mut packed = buffers.take();
        let is_compressed = self.looks_compressible(&content)
            && self
                .compressor
                .compress_to_buffer(&content, &mut packed)
                .is_ok()
            && packed.len() < content.len();
        let (stored, unused) = if is_compressed {
            (packed, content)
        } else {
            (content, packed)
        };
        buffers.give(unused);
        let frame = Frame {
            compressed: is_compressed,
            stored_bytes: u32::try_from(stored.len()).unwrap_or(u32::MAX),
            hash: *blake3::hash(&stored).as_bytes(),
        };
        (frame, stored)
    }

    /// Compresses a sample first: pictures, video and archives do not shrink, and finding that
    /// out on all of it would cost more than sealing it.
    fn looks_compressible(&mut self, content: &[u8]) -> bool {
        if content.len() <= SAMPLE_BYTES * SAMPLES {
            return true;
        }
        let stride = (content.len() - SAMPLE_BYTES) / (SAMPLES - 1);
        let sample: Vec<u8> = (0..SAMPLES)
            .filter_map(|at| content.get(at * stride..at * stride + SAMPLE_BYTES))
            .flatten()
            .copied()
            .collect();
        let mut packed = vec![0; sample.len() - sample.len() / 32];
        self.probe.compress_to_buffer(&sample, &mut packed).is_ok()
    }
}

/// Expands stored frames into exactly the content they must hold.
pub(crate) struct FrameUnpacker {
    decompressor: Decompressor<'static>,
}

impl FrameUnpacker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            decompressor: Decompressor::new()?,
        })
    }

    /// Puts the content of a compressed frame whose hash has been checked into `content`: exactly
    /// `content_bytes`, which is at most [`FRAME_BYTES`]. Nothing can expand beyond the room that
    /// `content` has, which is that of one frame.
    pub(crate) fn unpack(
        &mut self,
        stored: &[u8],
        content_bytes: usize,
        content: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let wrong = DecodeError::Rule {
            what: "a frame does not expand to its declared length",
        };
        content.clear();
        content.reserve(content_bytes.min(FRAME_BYTES));
        match self.decompressor.decompress_to_buffer(stored, content) {
            Ok(len) if len == content_bytes => Ok(()),
            _ => Err(wrong),
        }
    }
}

/// zstd's level 3: the knee of its curve on mixed work (see `tests/bench.sh`).
const LEVEL: i32 = 3;
const PROBE_LEVEL: i32 = 1;
/// Pieces of a frame that are tried first, spread evenly over it.
const SAMPLES: usize = 8;
const SAMPLE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut noise = vec![0; len];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        noise
    }

    #[test]
    fn text_shrinks_and_noise_is_stored() {
        let (mut packer, buffers) = (FramePacker::new().unwrap(), Buffers::default());
        assert!(packer.pack(b"word ".repeat(10_000), &buffers).0.compressed);
        assert!(!packer.pack(noise(FRAME_BYTES), &buffers).0.compressed);
        assert!(!packer.pack(noise(10), &buffers).0.compressed);
    }

    #[test]
    fn compressed_frames_come_back_exactly() {
        let buffers = Buffers::default();
        let (mut packer, mut unpacker) =
            (FramePacker::new().unwrap(), FrameUnpacker::new().unwrap());
        for content in [
            b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(),
            b"word ".repeat(10_000),
        ] {
            let (_, stored) = packer.pack(content.clone(), &buffers);
            let mut back = buffers.take();
            unpacker.unpack(&stored, content.len(), &mut back).unwrap();
            assert_eq!(back, content);
        }
    }

    #[test]
    fn a_frame_that_expands_beyond_its_length_is_refused() {
        let buffers = Buffers::default();
        let (mut packer, mut unpacker) =
            (FramePacker::new().unwrap(), FrameUnpacker::new().unwrap());
        let (_, stored) = packer.pack(vec![0; FRAME_BYTES], &buffers);
        for claimed in [1, 1000, FRAME_BYTES - 1] {
            let refused = unpacker.unpack(&stored, claimed, &mut buffers.take());
            assert!(refused.is_err(), "{claimed}");
        }
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_a_frame() {
        let bomb = zstd::bulk::compress(&vec![0; 100 * FRAME_BYTES], 3).unwrap();
        let mut content = Buffers::default().take();
        let room = content.capacity();
        let mut unpacker = FrameUnpacker::new().unwrap();
        assert!(unpacker.unpack(&bomb, FRAME_BYTES, &mut content).is_err());
        assert_eq!(content.capacity(), room);
    }

    #[test]
    fn a_frame_that_is_not_zstd_is_refused() {
        let mut unpacker = FrameUnpacker::new().unwrap();
        assert!(unpacker.unpack(&[7; 8], 100, &mut Vec::new()).is_err());
    }
}
