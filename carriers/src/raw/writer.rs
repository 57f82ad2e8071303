//! Writes parts one after another to a medium without a file system.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{self, SeekFrom},
    io::{Errno, retry_on_intr},
};

use super::{
    RawError, RawFound,
    medium::Medium,
    target::{Kind, Target},
};
use crate::{
    limits::{PART_BYTES_MAX, RAW_BOUNDARY_BYTES, RAW_START_BYTES, RAW_WRITE_BYTES},
    readback::{self, AlignedBuffer, ReadBack},
};

/// A raw medium that is being written.
///
/// `fill` gives the random bytes of the gaps; the medium then shows no boundary to anyone without
/// the keys.
#[must_use = "what was written is safe only after `finish`"]
pub struct RawWriter<F: FnMut(&mut [u8])> {
    target: Target,
    file: OwnedFd,
    fill: F,
    /// Bytes not yet written; the next of them goes to `written_end`.
    pending: Vec<u8>,
    start: u64,
    written_end: u64,
    /// Where the medium ends, if that is known.
    capacity_bytes: Option<u64>,
    /// The part that was begun and not finished: announced and given bytes.
    open_part: Option<(u64, u64)>,
    hasher: blake3::Hasher,
}

impl<F: FnMut(&mut [u8])> RawWriter<F> {
    /// Opens a disk, a rewinding tape or an existing image file for writing.
    ///
    /// The first part begins at `start_bytes`, rounded up to a multiple of 4,096; what comes
    /// before is not touched. A tape is written from where it stands after rewinding: 0.
    ///
    /// # Errors
    /// Before anything is written: [`RawError::NotThere`], [`RawError::NotAMedium`],
    /// [`RawError::Mounted`], [`RawError::InUse`], [`RawError::ReadOnly`],
    /// [`RawError::Full`] where the start lies beyond the end, [`RawError::Gone`],
    /// [`RawError::Io`].
    pub fn open(path: &Path, start_bytes: u64, fill: F) -> Result<RawWriter<F>, RawError> {
        let target = Target::look(path)?;
        let file = target.open_for_writing()?;
        let capacity_bytes = match target.kind {
            Kind::Block(_) => Some(
                retry_on_intr(|| fs::seek(&file, SeekFrom::End(0)))
                    .map_err(|err| RawError::reading("asking for the medium's size")(err.into()))?,
            ),
            Kind::Tape(_) | Kind::Image => None,
        };
        let start = match target.kind {
            Kind::Tape(_) => Some(0),
            Kind::Block(_) | Kind::Image => start_bytes.checked_next_multiple_of(RAW_START_BYTES),
        }
        .ok_or(RawError::Full {
            needed_bytes: start_bytes,
            free_bytes: 0,
        })?;
        Ok(RawWriter {
            target,
            file,
            fill,
            pending: Vec::with_capacity(RAW_WRITE_BYTES),
            start,
            written_end: start,
            capacity_bytes,
            open_part: None,
            hasher: blake3::Hasher::new(),
        })
    }

    /// Begins a part of exactly `size_bytes` at the next boundary.
    ///
    /// # Errors
    /// [`RawError::SizeOutOfRange`]; [`RawError::WrongLength`] where the part before was not
    /// finished; [`RawError::Full`] where the medium ends before the part would.
    pub fn begin_part(&mut self, size_bytes: u64) -> Result<RawPartWriter<'_, F>, RawError> {
        if !(1..=PART_BYTES_MAX).contains(&size_bytes) {
            return Err(RawError::SizeOutOfRange {
                size_bytes,
                max_bytes: PART_BYTES_MAX,
            });
        }
        self.refuse_open_part()?;
        self.pad()?;
        let offset_bytes = self.end();
        let needed_bytes = size_bytes.next_multiple_of(RAW_BOUNDARY_BYTES);
        let free_bytes = self
            .capacity_bytes
            .unwrap_or(u64::MAX)
            .saturating_sub(offset_bytes);
        if needed_bytes > free_bytes {
            return Err(RawError::Full {
                needed_bytes,
                free_bytes,
            });
        }
        self.open_part = Some((size_bytes, 0));
        Ok(RawPartWriter {
            raw: self,
            place: RawFound {
                offset_bytes,
                size_bytes,
            },
        })
    }

    /// Waits until everything is on the medium, reads it again and compares: only then may the
    /// medium be taken out.
    ///
    /// # Errors
    /// [`RawError::ReadBackDiffers`]; [`RawError::WrongLength`] where the last part was not
    /// finished; [`RawError::Full`], [`RawError::ReadOnly`], [`RawError::Gone`],
    /// [`RawError::Io`].
    pub fn finish(mut self) -> Result<(), RawError> {
        self.refuse_open_part()?;
        self.pad()?;
        self.flush()?;
        if !matches!(self.target.kind, Kind::Tape(_)) {
            // A tape has nothing to sync: closing it writes what its drive still holds.
            retry_on_intr(|| fs::fsync(&self.file))
                .map_err(|err| RawError::writing("saving everything", 0)(err.into()))?;
        }
        drop(self.file);
        let size_bytes = self.written_end.saturating_sub(self.start);
        let read = read_back(&self.target, self.start, size_bytes)?;
        if read.size_bytes == size_bytes && read.digest == self.hasher.finalize() {
            Ok(())
        } else {
            Err(RawError::ReadBackDiffers)
        }
    }

    fn end(&self) -> u64 {
        self.written_end.saturating_add(self.pending.len() as u64)
    }

    fn refuse_open_part(&self) -> Result<(), RawError> {
        match self.open_part {
            Some((announced_bytes, given_bytes)) => Err(RawError::WrongLength {
                announced_bytes,
                given_bytes,
            }),
            None => Ok(()),
        }
    }

    /// Fills up to the next boundary with random bytes.
    fn pad(&mut self) -> Result<(), RawError> {
        let end = self.end();
        let gap_bytes = end.next_multiple_of(RAW_BOUNDARY_BYTES).saturating_sub(end);
        let mut gap = vec![0_u8; usize::try_from(gap_bytes).unwrap_or_default()];
        (self.fill)(&mut gap);
        self.push(&gap)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), RawError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = RAW_WRITE_BYTES.saturating_sub(self.pending.len());
            let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() >= RAW_WRITE_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), RawError> {
        let mut written = 0_usize;
        while let Some(rest) = self.pending.get(written..).filter(|rest| !rest.is_empty()) {
            let count = self
                .write_some(rest)
                .map_err(|err| RawError::writing("writing a part", rest.len() as u64)(err))?;
            self.written_end = self.written_end.saturating_add(count as u64);
            written = written.saturating_add(count);
        }
        self.hasher.update(&self.pending);
        self.pending.clear();
        Ok(())
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.file.as_fd();
        let count = retry_on_intr(|| match self.target.kind {
            Kind::Tape(_) => rustix::io::write(file, bytes),
            Kind::Block(_) | Kind::Image => rustix::io::pwrite(file, bytes, self.written_end),
        })?;
        // A device that is full can answer like this instead of with an error.
        if count == 0 {
            Err(Errno::NOSPC.into())
        } else {
            Ok(count)
        }
    }
}

/// One part on a raw medium, begun.
///
/// Dropped before [`RawPartWriter::finish`], it makes the medium's `finish` fail.
#[must_use = "a part that is not finished makes the medium's `finish` fail"]
pub struct RawPartWriter<'w, F: FnMut(&mut [u8])> {
    raw: &'w mut RawWriter<F>,
    place: RawFound,
}

impl<F: FnMut(&mut [u8])> RawPartWriter<'_, F> {
    /// Takes the next bytes of the part.
    ///
    /// # Errors
    /// [`RawError::WrongLength`] beyond the announced size; [`RawError::Full`],
    /// [`RawError::ReadOnly`], [`RawError::Gone`], [`RawError::Io`].
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), RawError> {
        let given_bytes = self.given_bytes().saturating_add(bytes.len() as u64);
        self.raw.open_part = Some((self.place.size_bytes, given_bytes));
        if given_bytes > self.place.size_bytes {
            return self.raw.refuse_open_part();
        }
        self.raw.push(bytes)
    }

    /// Ends the part and says where it lies.
    ///
    /// # Errors
    /// [`RawError::WrongLength`] where fewer or more bytes came than announced.
    pub fn finish(self) -> Result<RawFound, RawError> {
        if self.given_bytes() != self.place.size_bytes {
            self.raw.refuse_open_part()?;
        }
        self.raw.open_part = None;
        Ok(self.place)
    }

    fn given_bytes(&self) -> u64 {
        self.raw.open_part.map_or(0, |(_, given_bytes)| given_bytes)
    }
}

/// Hashes what lies from `start` on, past the page cache where the medium allows that.
fn read_back(target: &Target, start: u64, size_bytes: u64) -> Result<ReadBack, RawError> {
    const DOING: &str = "reading everything again";
    let mut buffer = AlignedBuffer::new();
    let mut hash = |mut medium: Medium| {
        readback::hash_all(size_bytes, &mut buffer, |buf, offset| {
            medium.read_at(buf, start.saturating_add(offset))
        })
    };
    match Medium::open_direct(target.clone()).and_then(&mut hash) {
        Err(err) if readback::is_direct_refused(&err) => {}
        read => return read.map_err(RawError::reading(DOING)),
    }
    let medium = Medium::open(target.clone()).map_err(RawError::reading(DOING))?;
    medium.forget_cached().map_err(RawError::reading(DOING))?;
    hash(medium).map_err(RawError::reading(DOING))
}
