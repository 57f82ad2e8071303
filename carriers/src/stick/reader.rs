//! Reads a part that a scan found.

use std::{
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use super::{FoundPart, OpenMode, OsFs, PartName, Root, StickError, StickFs};

/// An open part file; its content is not verified.
///
/// It keeps the stick's directory open until it is dropped.
#[derive(Debug)]
pub struct PartReader<F: StickFs = OsFs> {
    root: Arc<Root<F>>,
    file: OwnedFd,
    name: PartName,
    size_bytes: u64,
    position: u64,
}

impl<F: StickFs> PartReader<F> {
    pub(super) fn open(root: Arc<Root<F>>, part: &FoundPart) -> Result<Self, StickError> {
        let file = open_checked(&root, part, OpenMode::Read)
            .map_err(|err| err.explain("opening a part"))?;
        let (name, size_bytes) = (part.name.clone(), part.size_bytes);
        Ok(PartReader {
            root,
            file,
            name,
            size_bytes,
            position: 0,
        })
    }

    /// The size of the part in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Fills `buf` from `offset`, without moving where [`Read`] goes on.
    ///
    /// # Errors
    /// [`StickError::PartChangedSize`] where the part ends before `buf` is full,
    /// [`StickError::Gone`] or [`StickError::Io`] where the stick cannot be read.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<(), StickError> {
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let count = self
                .read_some_at(rest, at)
                .map_err(StickError::reading("reading a part"))?;
            if count == 0 {
                return Err(StickError::PartChangedSize {
                    name: self.name.clone(),
                    expected_bytes: at.saturating_add(rest.len() as u64),
                    found_bytes: at.min(self.size_bytes),
                });
            }
            rest = rest
                .split_at_mut_checked(count)
                .map_or(&mut [], |(_, rest)| rest);
            at = at.saturating_add(count as u64);
        }
        Ok(())
    }

    /// Reads within the size that was found: what was appended since does not exist.
    fn read_some_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        match buf.get_mut(..wanted) {
            Some(buf) if wanted > 0 => self.root.fs.read_at(self.file.as_fd(), buf, offset),
            _ => Ok(0),
        }
    }
}

impl<F: StickFs> Read for PartReader<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.read_some_at(buf, self.position).map_err(|err| {
            io::Error::new(err.kind(), StickError::reading("reading a part")(err))
        })?;
        if count == 0 && !buf.is_empty() && self.position < self.size_bytes {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                StickError::PartChangedSize {
                    name: self.name.clone(),
                    expected_bytes: self.size_bytes,
                    found_bytes: self.position,
                },
            ));
        }
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

/// Why a file could not be opened; the caller of `O_DIRECT` has to see the system's answer.
pub(super) enum OpenFailure {
    /// The system's answer.
    System(io::Error),
    /// The file is not what the scan found.
    Refused(StickError),
}

impl OpenFailure {
    pub(super) fn explain(self, doing: &'static str) -> StickError {
        match self {
            OpenFailure::System(err) => StickError::reading(doing)(err),
            OpenFailure::Refused(err) => err,
        }
    }
}

/// Opens a part and makes sure that it is the regular file of the size that was found.
///
/// The entry is looked at before it is opened, because opening a device can already move it, and
/// the open file once more, because the entry may have been swapped in between.
pub(super) fn open_checked<F: StickFs>(
    root: &Root<F>,
    part: &FoundPart,
    mode: OpenMode,
) -> Result<OwnedFd, OpenFailure> {
    let check = |facts: super::FileFacts| match facts {
        facts if !facts.is_file => Err(OpenFailure::Refused(StickError::NotOurs {
            name: part.name.clone(),
        })),
        facts if facts.size_bytes != part.size_bytes => {
            Err(OpenFailure::Refused(StickError::PartChangedSize {
                name: part.name.clone(),
                expected_bytes: part.size_bytes,
                found_bytes: facts.size_bytes,
            }))
        }
        _ => Ok(()),
    };
    check(
        root.fs
            .entry_facts(root.dir(), &part.spelling)
            .map_err(OpenFailure::System)?,
    )?;
    let file = root
        .fs
        .open(root.dir(), &part.spelling, mode)
        .map_err(OpenFailure::System)?;
    check(root.fs.facts(file.as_fd()).map_err(OpenFailure::System)?)?;
    Ok(file)
}
