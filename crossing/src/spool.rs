//! Parts of incomplete packs, kept on this machine until the rest arrives.
//!
//! Each lane has a directory of its own in the host's, and each part the name that it has on a
//! medium; the bytes are sealed as they came. The lane's state says which parts count: a file
//! that it does not name is what an interrupted run left.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use carriers::stick::PartName;
use pack_format::chunked::ReadAt;

use crate::{CrossingError, LaneId, light, limits::STEP_BYTES, meter::Meter};

/// The spool of one lane.
pub(crate) struct Spool {
    dir: PathBuf,
}

impl Spool {
    pub(crate) fn new(root: &Path, lane: LaneId) -> Self {
        Self {
            dir: root.join(lane.to_string()),
        }
    }

    pub(crate) fn path(&self, name: &PartName) -> PathBuf {
        self.dir.join(name.as_str())
    }

    /// Whether a part is there with this size.
    pub(crate) fn holds(&self, name: &PartName, size_bytes: u64) -> bool {
        fs::symlink_metadata(self.path(name))
            .is_ok_and(|facts| facts.is_file() && facts.len() == size_bytes)
    }

    /// Copies a part into the spool, under a temporary name until all of it is on the disk.
    pub(crate) fn store(
        &self,
        name: &PartName,
        part: &dyn ReadAt,
        meter: &mut Meter<'_>,
    ) -> Result<Stored, CrossingError> {
        self.create_dir()
            .map_err(CrossingError::spool("making the folder for parts"))?;
        let temporary = self.dir.join(format!("{name}{TEMPORARY_SUFFIX}"));
        let writing = CrossingError::spool("keeping a part of an incomplete pack");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(&writing)?;
        let mut offset = 0;
        while offset < part.size_bytes() {
            let left = part.size_bytes().saturating_sub(offset);
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(STEP_BYTES);
            let mut piece = vec![0; len];
            if part.read_exact_at(&mut piece, offset).is_err() {
                fs::remove_file(&temporary).map_err(&writing)?;
                return Ok(Stored::Unreadable);
            }
            file.write_all(&piece).map_err(&writing)?;
            offset = offset.saturating_add(len as u64);
            meter.advance(len as u64)?;
        }
        file.sync_all().map_err(&writing)?;
        fs::rename(&temporary, self.path(name)).map_err(&writing)?;
        self.sync().map_err(&writing)?;
        Ok(Stored::Whole)
    }

    /// Removes one part; absent is as good as removed.
    pub(crate) fn remove(&self, name: &PartName) -> Result<(), CrossingError> {
        match fs::remove_file(self.path(name)) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(CrossingError::spool(
                "removing a part from this machine",
            )(err)),
            _ => Ok(()),
        }
    }

    /// Removes every file but these: what packs that are complete or given up had left.
    pub(crate) fn keep_only(&self, names: &BTreeSet<PartName>) -> Result<(), CrossingError> {
        let tidying = CrossingError::spool("tidying the folder for parts");
        let entries = match fs::read_dir(&self.dir) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(&tidying)?,
        };
        for entry in entries {
            let entry = entry.map_err(&tidying)?;
            let file_name = entry.file_name();
            let is_kept = names
                .iter()
                .any(|name| file_name.as_encoded_bytes() == name.as_str().as_bytes());
            if !is_kept {
                fs::remove_file(entry.path()).map_err(&tidying)?;
            }
        }
        if names.is_empty() {
            fs::remove_dir(&self.dir).map_err(&tidying)?;
        }
        Ok(())
    }

    fn create_dir(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            Err(err) if err.kind() != io::ErrorKind::AlreadyExists => Err(err),
            _ => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
}

/// Removes everything that is kept of incomplete packs of a pairing that is forgotten, whatever
/// brought it: nobody can open it any more.
///
/// # Errors
/// What the machine says.
pub fn forget_lane(spool_dir: &Path, lane: LaneId) -> io::Result<()> {
    let light = light::lane_dir(spool_dir, lane);
    for dir in [spool_dir.join(lane.to_string()), light] {
        match fs::remove_dir_all(dir) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
    }
    Ok(())
}

/// How copying into the spool ended, where the machine itself did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The part is in the spool.
    Whole,
    /// The medium did not give all of it; nothing of it is kept.
    Unreadable,
}

/// A part in the spool, open for reading.
pub(crate) struct SpooledPart {
    file: File,
    size_bytes: u64,
}

impl SpooledPart {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        Ok(Self { file, size_bytes })
    }
}

impl ReadAt for SpooledPart {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Whether two parts are the same, byte for byte.
pub(crate) fn same_bytes(
    one: &dyn ReadAt,
    other: &dyn ReadAt,
    meter: &mut Meter<'_>,
) -> Result<bool, CrossingError> {
    if one.size_bytes() != other.size_bytes() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; STEP_BYTES], vec![0; STEP_BYTES]);
    let mut offset = 0;
    while offset < one.size_bytes() {
        let rest = one.size_bytes().saturating_sub(offset);
        let len = usize::try_from(rest).unwrap_or(usize::MAX).min(STEP_BYTES);
        let (Some(left), Some(right)) = (left.get_mut(..len), right.get_mut(..len)) else {
            return Ok(false);
        };
        // A copy that cannot be read is not the same; nothing is decided by it but to keep it.
        let both = one
            .read_exact_at(left, offset)
            .and_then(|()| other.read_exact_at(right, offset));
        if both.is_err() || left != right {
            return Ok(false);
        }
        offset = offset.saturating_add(len as u64);
        meter.advance(len as u64)?;
    }
    Ok(true)
}

/// No part has a dot in its name, so that a temporary file is never taken for one.
const TEMPORARY_SUFFIX: &str = ".new";
