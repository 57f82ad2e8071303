//! A file system in front of the real one that fails, fills up and is read-only on demand.

use std::{
    fs, io,
    ops::ControlFlow,
    os::fd::{BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use carriers::stick::{FileFacts, OpenMode, OsFs, Space, Stick, StickFs};

/// `EIO`, as a stick that is pulled answers.
pub(crate) const PULLED: i32 = 5;
/// `ENOSPC`.
pub(crate) const FULL: i32 = 28;

#[derive(Debug, Default)]
struct Calls {
    count: usize,
    /// From which call on, with which error, and whether every later call fails too.
    fault: Option<(usize, i32, bool)>,
}

/// The system calls of a stick with faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    calls: Arc<Mutex<Calls>>,
    path: PathBuf,
    /// What fits on the stick, all files together.
    pub(crate) capacity_bytes: Option<u64>,
    pub(crate) read_only: bool,
    /// Every write stores one wrong bit and reports success.
    pub(crate) forgets: bool,
}

impl Faulty {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn with_capacity(path: &Path, capacity_bytes: u64) -> Self {
        Self {
            capacity_bytes: Some(capacity_bytes),
            ..Self::new(path)
        }
    }

    pub(crate) fn failing(path: &Path, call: usize, errno: i32, for_good: bool) -> Self {
        let faulty = Self::new(path);
        faulty.calls.lock().unwrap().fault = Some((call, errno, for_good));
        faulty
    }

    pub(crate) fn stick(&self) -> Stick<Self> {
        Stick::with_fs(&self.path, self.clone()).unwrap()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.lock().unwrap().count
    }

    fn call(&self) -> io::Result<()> {
        let mut calls = self.calls.lock().unwrap();
        let this = calls.count;
        calls.count += 1;
        match calls.fault {
            Some((at, errno, for_good)) if this == at || (for_good && this > at) => {
                Err(io::Error::from_raw_os_error(errno))
            }
            _ => Ok(()),
        }
    }
}

/// Bytes of all files in a directory.
pub(crate) fn used_bytes(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

/// Copies every file of a directory into another.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl StickFs for Faulty {
    fn open_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        OsFs.open_dir(path)
    }

    fn list(
        &self,
        dir: BorrowedFd<'_>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<()> {
        self.call()?;
        OsFs.list(dir, visit)
    }

    fn entry_facts(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<FileFacts> {
        self.call()?;
        OsFs.entry_facts(dir, file_name)
    }

    fn open(&self, dir: BorrowedFd<'_>, file_name: &str, mode: OpenMode) -> io::Result<OwnedFd> {
        self.call()?;
        OsFs.open(dir, file_name, mode)
    }

    fn facts(&self, file: BorrowedFd<'_>) -> io::Result<FileFacts> {
        self.call()?;
        OsFs.facts(file)
    }

    fn read_at(&self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call()?;
        OsFs.read_at(file, buf, offset)
    }

    fn write_at(&self, file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.call()?;
        if self.forgets {
            let mut flipped = bytes.to_vec();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            return OsFs.write_at(file, &flipped, offset);
        }
        OsFs.write_at(file, bytes, offset)
    }

    fn set_size(&self, file: BorrowedFd<'_>, size_bytes: u64) -> io::Result<()> {
        self.call()?;
        OsFs.set_size(file, size_bytes)
    }

    // Syncing for real would only make hundreds of runs slow: no test cuts the power.
    fn sync_file(&self, _file: BorrowedFd<'_>) -> io::Result<()> {
        self.call()
    }

    fn sync_dir(&self, _dir: BorrowedFd<'_>) -> io::Result<()> {
        self.call()
    }

    fn sync_all(&self, _dir: BorrowedFd<'_>) -> io::Result<()> {
        self.call()
    }

    fn forget_cached(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        self.call()?;
        OsFs.forget_cached(file)
    }

    fn rename_new(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        self.call()?;
        OsFs.rename_new(dir, from, to)
    }

    fn rename_over(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        self.call()?;
        OsFs.rename_over(dir, from, to)
    }

    fn unlink(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<()> {
        self.call()?;
        OsFs.unlink(dir, file_name)
    }

    fn space(&self, dir: BorrowedFd<'_>) -> io::Result<Space> {
        self.call()?;
        let space = OsFs.space(dir)?;
        let left = |capacity: u64| capacity.saturating_sub(used_bytes(&self.path));
        Ok(Space {
            free_bytes: self.capacity_bytes.map_or(space.free_bytes, left),
            read_only: self.read_only || space.read_only,
            ..space
        })
    }
}
