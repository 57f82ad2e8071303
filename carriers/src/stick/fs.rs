//! The system calls that a stick needs, as a trait, so that tests can make each of them fail.

use std::{io, ops::ControlFlow, os::fd::BorrowedFd, os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, RenameFlags},
    io::{Errno, retry_on_intr},
};

/// What is known about a directory entry or an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// A regular file: no directory, link, pipe or device.
    pub is_file: bool,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Other names lead to the same file.
    pub has_other_names: bool,
}

/// What is known about the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What an ordinary user may still write, in bytes.
    pub free_bytes: u64,
    /// The unit that space is given out in, in bytes.
    pub block_bytes: u64,
    /// Mounted read-only.
    pub read_only: bool,
}

/// How a file is opened. A link is never followed and a pipe never waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// For reading, through the page cache.
    Read,
    /// For reading past the page cache; fails where the file system cannot.
    ReadDirect,
    /// For reading and writing; created for its owner only, never truncated.
    Write,
}

/// The system calls used on a stick. File names are plain ASCII without separators.
///
/// [`OsFs`] is the real one; a test puts another in front of it.
pub trait StickFs: Send + Sync {
    /// Opens a directory for listing and as the root of every later call.
    ///
    /// # Errors
    /// What the system reports; nothing is created.
    fn open_dir(&self, path: &Path) -> io::Result<OwnedFd>;

    /// Hands every entry's name but `.` and `..` to `visit`, until it breaks.
    ///
    /// # Errors
    /// What the system reports.
    fn list(
        &self,
        dir: BorrowedFd<'_>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<()>;

    /// Looks at an entry without opening it or following it.
    ///
    /// # Errors
    /// What the system reports; `NotFound` where there is none.
    fn entry_facts(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<FileFacts>;

    /// Opens an entry of the directory.
    ///
    /// # Errors
    /// What the system reports.
    fn open(&self, dir: BorrowedFd<'_>, file_name: &str, mode: OpenMode) -> io::Result<OwnedFd>;

    /// Looks at an open file.
    ///
    /// # Errors
    /// What the system reports.
    fn facts(&self, file: BorrowedFd<'_>) -> io::Result<FileFacts>;

    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// What the system reports.
    fn read_at(&self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some bytes and returns how many.
    ///
    /// # Errors
    /// What the system reports.
    fn write_at(&self, file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts the file to a size.
    ///
    /// # Errors
    /// What the system reports.
    fn set_size(&self, file: BorrowedFd<'_>, size_bytes: u64) -> io::Result<()>;

    /// Waits until a file's bytes are on the device.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_file(&self, file: BorrowedFd<'_>) -> io::Result<()>;

    /// Waits until a directory's entries are on the device.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_dir(&self, dir: BorrowedFd<'_>) -> io::Result<()>;

    /// Waits until everything of the file system is on the device.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_all(&self, dir: BorrowedFd<'_>) -> io::Result<()>;

    /// Drops a file's pages from the cache, so that the next read asks the device.
    ///
    /// # Errors
    /// What the system reports.
    fn forget_cached(&self, file: BorrowedFd<'_>) -> io::Result<()>;

    /// Renames without ever replacing, in one step.
    ///
    /// # Errors
    /// `AlreadyExists` where the new name is taken; `EINVAL`, `ENOSYS` or `EPERM` where the file
    /// system cannot do it in one step.
    fn rename_new(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()>;

    /// Renames, replacing what has the new name.
    ///
    /// # Errors
    /// What the system reports.
    fn rename_over(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// What the system reports.
    fn unlink(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<()>;

    /// Looks at the file system.
    ///
    /// # Errors
    /// What the system reports.
    fn space(&self, dir: BorrowedFd<'_>) -> io::Result<Space>;
}

/// The system calls of the machine.
///
/// Every name is looked up relative to the directory that was opened first, so that a remount or
/// a swapped link cannot redirect a later call.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFs;

impl StickFs for OsFs {
    fn open_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| fs::open(path, flags, Mode::empty()))?)
    }

    fn list(
        &self,
        dir: BorrowedFd<'_>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> io::Result<()> {
        for entry in fs::Dir::read_from(dir)? {
            let entry = entry?;
            let file_name = entry.file_name().to_bytes();
            if file_name != b"." && file_name != b".." && visit(file_name).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn entry_facts(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<FileFacts> {
        Ok(facts_from(&retry_on_intr(|| {
            fs::statat(dir, file_name, AtFlags::SYMLINK_NOFOLLOW)
        })?))
    }

    fn open(&self, dir: BorrowedFd<'_>, file_name: &str, mode: OpenMode) -> io::Result<OwnedFd> {
        let flags = match mode {
            OpenMode::Read => OFlags::RDONLY,
            OpenMode::ReadDirect => OFlags::RDONLY | OFlags::DIRECT,
            OpenMode::Write => OFlags::RDWR | OFlags::CREATE,
        };
        let careful = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let owner_only = Mode::RUSR | Mode::WUSR;
        Ok(retry_on_intr(|| {
            fs::openat(dir, file_name, flags | careful, owner_only)
        })?)
    }

    fn facts(&self, file: BorrowedFd<'_>) -> io::Result<FileFacts> {
        Ok(facts_from(&retry_on_intr(|| fs::fstat(file))?))
    }

    fn read_at(&self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(retry_on_intr(|| {
            rustix::io::pread(file, &mut *buf, offset)
        })?)
    }

    fn write_at(&self, file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::pwrite(file, bytes, offset))?)
    }

    fn set_size(&self, file: BorrowedFd<'_>, size_bytes: u64) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::ftruncate(file, size_bytes))?)
    }

    fn sync_file(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::fsync(file))?)
    }

    fn sync_dir(&self, dir: BorrowedFd<'_>) -> io::Result<()> {
        match retry_on_intr(|| fs::fsync(dir)) {
            // Some file systems in user space have no way to sync a directory by itself; the
            // sync of the whole file system before the stick is settled covers it.
            Err(Errno::INVAL) => Ok(()),
            result => Ok(result?),
        }
    }

    fn sync_all(&self, dir: BorrowedFd<'_>) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::syncfs(dir))?)
    }

    fn forget_cached(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        Ok(fs::fadvise(file, 0, None, fs::Advice::DontNeed)?)
    }

    fn rename_new(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        Ok(retry_on_intr(|| {
            fs::renameat_with(dir, from, dir, to, RenameFlags::NOREPLACE)
        })?)
    }

    fn rename_over(&self, dir: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::renameat(dir, from, dir, to))?)
    }

    fn unlink(&self, dir: BorrowedFd<'_>, file_name: &str) -> io::Result<()> {
        Ok(retry_on_intr(|| {
            fs::unlinkat(dir, file_name, AtFlags::empty())
        })?)
    }

    fn space(&self, dir: BorrowedFd<'_>) -> io::Result<Space> {
        let facts = retry_on_intr(|| fs::fstatvfs(dir))?;
        Ok(Space {
            free_bytes: facts.f_bavail.saturating_mul(facts.f_frsize),
            block_bytes: facts.f_frsize.max(1),
            read_only: facts.f_flag.contains(fs::StatVfsMountFlags::RDONLY),
        })
    }
}

fn facts_from(stat: &fs::Stat) -> FileFacts {
    FileFacts {
        is_file: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
        // A negative size does not exist; the largest one is refused by every bound.
        size_bytes: u64::try_from(stat.st_size).unwrap_or(u64::MAX),
        has_other_names: stat.st_nlink > 1,
    }
}
