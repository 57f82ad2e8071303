//! Reads parts from the device again before anyone is told that the stick may be pulled.

use std::os::fd::AsFd;

use super::{
    FoundPart, OpenMode, PartName, Root, StickError, StickFs,
    reader::{OpenFailure, open_checked},
    scan,
};
use crate::readback::{self, AlignedBuffer, ReadBack};

/// A part that was written and renamed, but not yet read back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a part is safe on the stick only after `Stick::settle`"]
pub struct WrittenPart {
    pub(super) name: PartName,
    pub(super) size_bytes: u64,
    pub(super) digest: blake3::Hash,
}

impl WrittenPart {
    /// The part's name.
    pub fn name(&self) -> &PartName {
        &self.name
    }

    /// The part's size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// BLAKE3 of the bytes that the caller gave.
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }
}

/// A part as the device returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPart {
    name: PartName,
    size_bytes: u64,
    digest: blake3::Hash,
}

impl CheckedPart {
    /// The part's name.
    pub fn name(&self) -> &PartName {
        &self.name
    }

    /// The part's size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// BLAKE3 of the bytes that the device returned.
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }
}

pub(super) fn settle<F: StickFs>(
    root: &Root<F>,
    written: &[WrittenPart],
) -> Result<(), StickError> {
    scan::sync_dir(root)?;
    root.fs
        .sync_all(root.dir())
        .map_err(StickError::writing("saving everything to the stick"))?;
    let mut first_difference = None;
    for part in written {
        let found = FoundPart {
            name: part.name.clone(),
            size_bytes: part.size_bytes,
            spelling: part.name.part_file(),
        };
        let same = match read_back(root, &found) {
            Ok(read) => read.size_bytes == part.size_bytes && read.digest == part.digest,
            Err(StickError::PartChangedSize { .. }) => false,
            Err(err) => return Err(err),
        };
        if !same {
            let name = part.name.clone();
            // That the part is bad outweighs why it could not be removed.
            let removed = scan::remove_part(root, &name).is_ok();
            first_difference.get_or_insert(StickError::ReadBackDiffers { name, removed });
        }
    }
    first_difference.map_or(Ok(()), Err)
}

pub(super) fn check_part<F: StickFs>(
    root: &Root<F>,
    part: &FoundPart,
) -> Result<CheckedPart, StickError> {
    let read = read_back(root, part)?;
    if read.size_bytes != part.size_bytes {
        return Err(StickError::PartChangedSize {
            name: part.name.clone(),
            expected_bytes: part.size_bytes,
            found_bytes: read.size_bytes,
        });
    }
    Ok(CheckedPart {
        name: part.name.clone(),
        size_bytes: read.size_bytes,
        digest: read.digest,
    })
}

/// Hashes a part past the page cache, or, where the file system cannot, with an emptied cache.
fn read_back<F: StickFs>(root: &Root<F>, part: &FoundPart) -> Result<ReadBack, StickError> {
    const DOING: &str = "reading a part again";
    let mut buffer = AlignedBuffer::new();
    match open_checked(root, part, OpenMode::ReadDirect) {
        Ok(file) => {
            let read = readback::hash_all(part.size_bytes, &mut buffer, |buf, offset| {
                root.fs.read_at(file.as_fd(), buf, offset)
            });
            match read {
                Err(err) if readback::is_direct_refused(&err) => {}
                read => return read.map_err(StickError::reading(DOING)),
            }
        }
        Err(OpenFailure::System(err)) if readback::is_direct_refused(&err) => {}
        Err(err) => return Err(err.explain(DOING)),
    }
    let file = open_checked(root, part, OpenMode::Read).map_err(|err| err.explain(DOING))?;
    root.fs
        .forget_cached(file.as_fd())
        .map_err(StickError::reading(DOING))?;
    readback::hash_all(part.size_bytes, &mut buffer, |buf, offset| {
        root.fs.read_at(file.as_fd(), buf, offset)
    })
    .map_err(StickError::reading(DOING))
}
