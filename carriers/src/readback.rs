//! Reads written bytes again from the medium, past the page cache where that is possible.

use std::io;

use rustix::io::Errno;

/// The alignment that `O_DIRECT` asks of memory and offsets on any device in use.
const ALIGNMENT_BYTES: usize = 4096;

/// How much is read at once; a multiple of the alignment.
const READ_BYTES: usize = 1 << 20;

/// A buffer whose usable bytes begin at an address that `O_DIRECT` accepts.
pub(crate) struct AlignedBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl AlignedBuffer {
    /// Allocates one read's worth.
    pub(crate) fn new() -> AlignedBuffer {
        let bytes = vec![0_u8; READ_BYTES + ALIGNMENT_BYTES];
        // `align_offset` may in theory give up with `usize::MAX`; the kernel then answers
        // EINVAL and the caller falls back to a plain read.
        let start = bytes
            .as_ptr()
            .align_offset(ALIGNMENT_BYTES)
            .min(ALIGNMENT_BYTES);
        AlignedBuffer { bytes, start }
    }

    /// The aligned bytes.
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        let end = self.start.saturating_add(READ_BYTES);
        self.bytes.get_mut(self.start..end).unwrap_or_default()
    }
}

/// What was found where `size_bytes` were expected.
pub(crate) struct ReadBack {
    /// BLAKE3 of all bytes read.
    pub(crate) digest: blake3::Hash,
    /// How many bytes there were, at most what was expected.
    pub(crate) size_bytes: u64,
}

/// Hashes `size_bytes` from offset 0 of what `read_at` reads.
///
/// Every offset handed to `read_at` is a multiple of the buffer's size, as `O_DIRECT` requires.
pub(crate) fn hash_all(
    size_bytes: u64,
    buffer: &mut AlignedBuffer,
    mut read_at: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<ReadBack> {
    let mut hasher = blake3::Hasher::new();
    let mut offset = 0_u64;
    while offset < size_bytes {
        let piece = buffer.as_mut();
        let filled = read_at(piece, offset)?;
        let wanted = usize::try_from(size_bytes - offset).unwrap_or(usize::MAX);
        let Some(found) = piece.get(..filled.min(wanted)) else {
            break;
        };
        hasher.update(found);
        offset += found.len() as u64;
        // A short read is the end of the file: the next offset would not be aligned.
        if filled < piece.len() {
            break;
        }
    }
    Ok(ReadBack {
        digest: hasher.finalize(),
        size_bytes: offset,
    })
}

/// Whether the failure says that this file cannot be read past the cache.
pub(crate) fn is_direct_refused(err: &io::Error) -> bool {
    let refused = [Errno::INVAL, Errno::OPNOTSUPP, Errno::NOSYS];
    Errno::from_io_error(err).is_some_and(|errno| refused.contains(&errno))
}
