//! Reads at any place of a medium, also of one that can only be read in order.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{self, OFlags, SeekFrom},
    io::{Errno, retry_on_intr},
};

use super::target::{Kind, Target};
use crate::limits::RAW_READ_BYTES;

/// A medium that is open for reading.
#[derive(Debug)]
pub(super) struct Medium {
    target: Target,
    /// Open, but for the moment in which a tape is rewound.
    file: Option<OwnedFd>,
    /// The record that was read last, where the medium can only be read in order.
    in_order: Option<Record>,
}

/// A record of a tape and where it begins.
#[derive(Debug, Default)]
struct Record {
    bytes: Vec<u8>,
    start: u64,
}

impl Medium {
    /// Opens for reading through the page cache.
    pub(super) fn open(target: Target) -> io::Result<Medium> {
        let in_order = matches!(target.kind, Kind::Tape(_));
        Medium::with_flags(target, OFlags::RDONLY, in_order)
    }

    /// Opens for reading past the page cache; a tape has none.
    pub(super) fn open_direct(target: Target) -> io::Result<Medium> {
        match target.kind {
            Kind::Tape(_) => Medium::open(target),
            _ => Medium::with_flags(target, OFlags::RDONLY | OFlags::DIRECT, false),
        }
    }

    fn with_flags(target: Target, flags: OFlags, in_order: bool) -> io::Result<Medium> {
        let file = target.open(flags)?;
        Ok(Medium {
            target,
            file: Some(file),
            in_order: in_order.then(Record::default),
        })
    }

    /// Drops the medium's pages from the cache.
    pub(super) fn forget_cached(&self) -> io::Result<()> {
        Ok(fs::fadvise(self.file()?, 0, None, fs::Advice::DontNeed)?)
    }

    /// Its size in bytes, where it has one that is known.
    pub(super) fn size_bytes(&self) -> io::Result<Option<u64>> {
        match self.target.kind {
            Kind::Tape(_) => Ok(None),
            _ => {
                let file = self.file()?;
                Ok(Some(retry_on_intr(|| fs::seek(file, SeekFrom::End(0)))?))
            }
        }
    }

    /// Reads some bytes; 0 at the end.
    pub(super) fn read_at(&mut self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let Some(mut record) = self.in_order.take() else {
            let file = self.file()?;
            return Ok(retry_on_intr(|| {
                rustix::io::pread(file, &mut *buf, offset)
            })?);
        };
        if offset < record.start {
            // Closing rewinds; opening before that would find the drive in use.
            record = Record::default();
            self.file = None;
            self.file = Some(self.target.open(OFlags::RDONLY)?);
        }
        let count = record.copy(self.file()?, buf, offset);
        self.in_order = Some(record);
        count
    }

    fn file(&self) -> io::Result<BorrowedFd<'_>> {
        self.file
            .as_ref()
            .map(AsFd::as_fd)
            .ok_or_else(|| Errno::NODEV.into())
    }
}

impl Record {
    /// Copies from `offset` on, reading records until one reaches it.
    fn copy(&mut self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            let within = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
            if let Some(found) = self.bytes.get(within..).filter(|found| !found.is_empty()) {
                let count = found.len().min(buf.len());
                if let (Some(to), Some(from)) = (buf.get_mut(..count), found.get(..count)) {
                    to.copy_from_slice(from);
                }
                return Ok(count);
            }
            self.start = self.start.saturating_add(self.bytes.len() as u64);
            self.bytes.resize(RAW_READ_BYTES, 0);
            let count = retry_on_intr(|| rustix::io::read(file, self.bytes.as_mut_slice()))?;
            self.bytes.truncate(count);
            if count == 0 {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn medium_read_in_order_is_rewound_when_asked_for_earlier_bytes() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("tape");
        let content: Vec<u8> = (0..2_500_000_u32)
            .map(|at| (at.wrapping_mul(97) >> 5).to_le_bytes()[0])
            .collect();
        std::fs::write(&path, &content).unwrap();
        let target = Target::look(&path).unwrap();
        let mut medium = Medium::with_flags(target, OFlags::RDONLY, true).unwrap();
        let mut buf = [0; 1000];
        for offset in [0, 2_000_000, 1_048_000, 5, 2_499_500, 1_048_576] {
            let count = medium.read_at(&mut buf, offset as u64).unwrap();
            assert!(count > 0);
            assert_eq!(buf[..count], content[offset..offset + count], "{offset}");
        }
        assert_eq!(medium.read_at(&mut buf, 2_500_000).unwrap(), 0);
        assert_eq!(medium.read_at(&mut buf, 9_000_000).unwrap(), 0);
        assert_eq!(medium.read_at(&mut buf, 0).unwrap(), 1000);
    }
}
