//! Finds parts among whatever else a raw medium holds.

use std::path::Path;

use super::{RawError, RawFound, medium::Medium, target::Target};
use crate::limits::{PART_BYTES_MAX, RAW_BOUNDARY_BYTES, RAW_HEAD_BYTES, RAW_READ_BYTES};

/// A raw medium that is being searched and read.
#[derive(Debug)]
pub struct RawReader {
    medium: Medium,
    size_bytes: Option<u64>,
    window: Vec<u8>,
    window_start: u64,
    next_boundary: u64,
}

impl RawReader {
    /// Opens a disk, a rewinding tape or an image file for reading.
    ///
    /// # Errors
    /// [`RawError::NotThere`], [`RawError::NotAMedium`], [`RawError::Gone`], [`RawError::Io`].
    pub fn open(path: &Path) -> Result<RawReader, RawError> {
        let medium =
            Medium::open(Target::look(path)?).map_err(RawError::reading("opening the medium"))?;
        let size_bytes = medium
            .size_bytes()
            .map_err(RawError::reading("asking for the medium's size"))?;
        Ok(RawReader {
            medium,
            size_bytes,
            window: Vec::new(),
            window_start: 0,
            next_boundary: 0,
        })
    }

    /// The first MiB of the medium, or all of it where it is shorter.
    ///
    /// # Errors
    /// [`RawError::Gone`] or [`RawError::Io`] where the medium cannot be read.
    pub fn beginning(&mut self) -> Result<&[u8], RawError> {
        self.load_window(0)?;
        Ok(&self.window)
    }

    /// Goes on to the next part that `recognise` knows by its first 64 bytes; `None` at the end.
    ///
    /// `recognise` is asked at every 512-byte boundary and answers with the part's length. The
    /// search goes on behind that boundary, not behind the part, because a copied beginning must
    /// not hide what follows it. Lengths that no part has, and parts that would reach beyond the
    /// end, are skipped.
    ///
    /// # Errors
    /// [`RawError::Gone`] or [`RawError::Io`] where the medium cannot be read.
    pub fn find_next(
        &mut self,
        mut recognise: impl FnMut(&[u8; RAW_HEAD_BYTES]) -> Option<u64>,
    ) -> Result<Option<RawFound>, RawError> {
        loop {
            let offset_bytes = self.next_boundary;
            let Some(head) = self.head_at(offset_bytes)? else {
                return Ok(None);
            };
            self.next_boundary = offset_bytes.saturating_add(RAW_BOUNDARY_BYTES);
            if let Some(size_bytes) = recognise(&head)
                && self.holds(offset_bytes, size_bytes)
            {
                return Ok(Some(RawFound {
                    offset_bytes,
                    size_bytes,
                }));
            }
        }
    }

    /// Fills `buf` from `offset` within a part that was found.
    ///
    /// # Errors
    /// [`RawError::Ended`] where the part or the medium ends before `buf` is full,
    /// [`RawError::Gone`] or [`RawError::Io`] where the medium cannot be read.
    pub fn read_exact_at(
        &mut self,
        part: &RawFound,
        buf: &mut [u8],
        offset: u64,
    ) -> Result<(), RawError> {
        let part_end = part.offset_bytes.saturating_add(part.size_bytes);
        let mut at = part.offset_bytes.saturating_add(offset);
        if at
            .checked_add(buf.len() as u64)
            .is_none_or(|end| end > part_end)
        {
            return Err(RawError::Ended { at_bytes: part_end });
        }
        let mut rest = buf;
        while !rest.is_empty() {
            let count = self
                .medium
                .read_at(rest, at)
                .map_err(RawError::reading("reading a part"))?;
            if count == 0 {
                return Err(RawError::Ended { at_bytes: at });
            }
            rest = rest
                .split_at_mut_checked(count)
                .map_or(&mut [], |(_, rest)| rest);
            at = at.saturating_add(count as u64);
        }
        Ok(())
    }

    fn holds(&self, offset_bytes: u64, size_bytes: u64) -> bool {
        let end = self.size_bytes.unwrap_or(u64::MAX);
        (1..=PART_BYTES_MAX).contains(&size_bytes)
            && offset_bytes
                .checked_add(size_bytes)
                .is_some_and(|part_end| part_end <= end)
    }

    /// The bytes at a boundary, or `None` where fewer are left.
    fn head_at(&mut self, offset: u64) -> Result<Option<[u8; RAW_HEAD_BYTES]>, RawError> {
        let window_end = self.window_start.saturating_add(self.window.len() as u64);
        if self.window.is_empty() || offset >= window_end {
            self.load_window(offset)?;
        }
        let within =
            usize::try_from(offset.saturating_sub(self.window_start)).unwrap_or(usize::MAX);
        Ok(self
            .window
            .get(within..)
            .and_then(<[u8]>::first_chunk)
            .copied())
    }

    /// Reads one window from `offset`, full unless the medium ends.
    fn load_window(&mut self, offset: u64) -> Result<(), RawError> {
        self.window.resize(RAW_READ_BYTES, 0);
        self.window_start = offset;
        let mut filled = 0_usize;
        while let Some(space) = self
            .window
            .get_mut(filled..)
            .filter(|space| !space.is_empty())
        {
            let count = self
                .medium
                .read_at(space, offset.saturating_add(filled as u64))
                .map_err(RawError::reading("searching for parts"))?;
            if count == 0 {
                break;
            }
            filled = filled.saturating_add(count);
        }
        self.window.truncate(filled);
        Ok(())
    }
}
