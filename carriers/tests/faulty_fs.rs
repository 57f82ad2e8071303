//! A file system in front of the real one whose n-th call goes wrong.

use std::{
    io,
    ops::ControlFlow,
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
    sync::{Arc, Mutex},
};

use carriers::stick::{FileFacts, OpenMode, OsFs, Space, StickFs};
use rustix::io::Errno;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call fails once.
    Fails(Errno),
    /// The call and every later one fail.
    Pulled,
    /// A write stores one wrong bit and reports success.
    FlipsBit,
    /// A write stores only half.
    WritesShort,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    call_count: usize,
    fault: Option<(usize, Fault)>,
    pulled: bool,
    calls: Vec<&'static str>,
}

/// The file system; clones share one count of calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyFs {
    pub(crate) state: Arc<Mutex<State>>,
    /// No rename that refuses to replace.
    pub(crate) renames_in_two_steps: bool,
    /// No reading past the cache.
    pub(crate) direct_refused: bool,
    /// What `space` reports instead of the truth.
    pub(crate) free_bytes: Option<u64>,
    /// `space` reports a read-only mount.
    pub(crate) read_only: bool,
    /// The directory never ends.
    pub(crate) endless: bool,
}

impl FaultyFs {
    pub(crate) fn with_fault(call_index: usize, fault: Fault) -> FaultyFs {
        let fs = FaultyFs::default();
        fs.state.lock().unwrap().fault = Some((call_index, fault));
        fs
    }

    /// The calls so far, in order.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().calls.clone()
    }

    fn call(&self, name: &'static str) -> io::Result<Option<Fault>> {
        let mut state = self.state.lock().unwrap();
        let index = state.call_count;
        state.call_count += 1;
        state.calls.push(name);
        if state.pulled {
            return Err(Errno::NODEV.into());
        }
        match state.fault {
            Some((at, Fault::Fails(errno))) if at == index => Err(errno.into()),
            Some((at, Fault::Pulled)) if at == index => {
                state.pulled = true;
                Err(Errno::IO.into())
            }
            Some((at, fault)) if at == index => Ok(Some(fault)),
            _ => Ok(None),
        }
    }
}

impl StickFs for FaultyFs {
    fn open_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        self.call("open_dir")?;
        OsFs.open_dir(path)
    }

    fn list(
        &self,
        dir: BorrowedFd<'_>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<()> {
        self.call("list")?;
        if self.endless {
            while visit(b"again.bin").is_continue() {}
            return Ok(());
        }
        OsFs.list(dir, visit)
    }

    fn entry_facts(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<FileFacts> {
        self.call("entry_facts")?;
        OsFs.entry_facts(dir, file_name)
    }

    fn open(&self, dir: BorrowedFd<'_>, file_name: &str, mode: OpenMode) -> io::Result<OwnedFd> {
        self.call("open")?;
        match mode {
            OpenMode::ReadDirect if self.direct_refused => Err(Errno::INVAL.into()),
            // Reading from the disk would make hundreds of runs slow, like syncing below.
            OpenMode::ReadDirect => OsFs.open(dir, file_name, OpenMode::Read),
            OpenMode::Read | OpenMode::Write => OsFs.open(dir, file_name, mode),
        }
    }

    fn facts(&self, file: BorrowedFd<'_>) -> io::Result<FileFacts> {
        self.call("facts")?;
        OsFs.facts(file)
    }

    fn read_at(&self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call("read_at")?;
        OsFs.read_at(file, buf, offset)
    }

    fn write_at(&self, file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self.call("write_at")? {
            Some(Fault::FlipsBit) => {
                let mut flipped = bytes.to_vec();
                let middle = flipped.len() / 2;
                flipped[middle] ^= 0x10;
                OsFs.write_at(file, &flipped, offset)
            }
            Some(Fault::WritesShort) => {
                OsFs.write_at(file, &bytes[..bytes.len().div_ceil(2)], offset)
            }
            _ => OsFs.write_at(file, bytes, offset),
        }
    }

    fn set_size(&self, file: BorrowedFd<'_>, size_bytes: u64) -> io::Result<()> {
        self.call("set_size")?;
        OsFs.set_size(file, size_bytes)
    }

    // Syncing for real would only make hundreds of runs slow: no test cuts the power.
    fn sync_file(&self, _file: BorrowedFd<'_>) -> io::Result<()> {
        self.call("sync_file").map(|_| ())
    }

    fn sync_dir(&self, _dir: BorrowedFd<'_>) -> io::Result<()> {
        self.call("sync_dir").map(|_| ())
    }

    fn sync_all(&self, _dir: BorrowedFd<'_>) -> io::Result<()> {
        self.call("sync_all").map(|_| ())
    }

    fn forget_cached(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        self.call("forget_cached")?;
        OsFs.forget_cached(file)
    }

    fn rename_new(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        self.call("rename_new")?;
        if self.renames_in_two_steps {
            return Err(Errno::INVAL.into());
        }
        OsFs.rename_new(dir, from, to)
    }

    fn rename_over(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        self.call("rename_over")?;
        OsFs.rename_over(dir, from, to)
    }

    fn unlink(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<()> {
        self.call("unlink")?;
        OsFs.unlink(dir, file_name)
    }

    fn space(&self, dir: BorrowedFd<'_>) -> io::Result<Space> {
        self.call("space")?;
        let space = OsFs.space(dir)?;
        Ok(Space {
            free_bytes: self.free_bytes.unwrap_or(space.free_bytes),
            read_only: self.read_only || space.read_only,
            ..space
        })
    }
}
