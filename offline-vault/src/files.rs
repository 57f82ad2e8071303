//! Files that are whole or absent: written under a temporary name, synced, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use pack_format::advice::{Advice, Exit};
use pack_format::shown::Shown;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use thiserror::Error;

/// A file or directory could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The machine refused.
    #[error("could not {doing} {}: {reason}", shown(path))]
    Failed {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The machine's reason, in words.
        reason: &'static str,
    },
    /// The file is there already and may not be overwritten.
    #[error("{} exists already", shown(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than anything of its kind.
    #[error("{} is larger than {limit_bytes} bytes", shown(path))]
    Large {
        /// The file.
        path: PathBuf,
        /// The most that would have been read.
        limit_bytes: u64,
    },
}

impl FileError {
    /// For `map_err`: what was being done, and to which file.
    pub fn of(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |err| Self::Failed {
            doing,
            path,
            reason: reason(&err),
        }
    }
}

impl Advice for FileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "file-failed",
            Self::Exists { .. } => "file-exists",
            Self::Large { .. } => "file-large",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Failed { .. } => "Nothing that was stored before has changed.".to_owned(),
            Self::Exists { .. } => "The file was left as it is.".to_owned(),
            Self::Large { .. } => "Nothing was changed.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Failed { .. } => {
                "Check that the path is right, writable and has space, then run the command again."
                    .to_owned()
            }
            Self::Exists { .. } => {
                "Choose another name, or add --force to overwrite the file.".to_owned()
            }
            Self::Large { .. } => "Check that this is the right file.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Failed { .. } => Exit::Failed,
            Self::Exists { .. } | Self::Large { .. } => Exit::Usage,
        }
    }
}

/// A path as it is shown to a person: it may have been named by somebody else.
#[must_use]
pub fn shown(path: &Path) -> String {
    Shown(&path.to_string_lossy()).to_string()
}

/// What the machine reported, in words: the number of an error means nothing to a person.
#[must_use]
pub fn reason(err: &io::Error) -> &'static str {
    match err.kind() {
        io::ErrorKind::NotFound => "it is not there",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AlreadyExists => "it exists already",
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::NotADirectory => "part of the path is not a directory",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no space left",
        io::ErrorKind::ReadOnlyFilesystem => "it is read-only",
        io::ErrorKind::BrokenPipe => "nobody reads it any more",
        io::ErrorKind::ResourceBusy => "it is in use",
        io::ErrorKind::Interrupted => "it was interrupted",
        io::ErrorKind::UnexpectedEof => "it ended too early",
        _ => "the machine reported an error",
    }
}

/// Whether a finished file may take the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// An existing file is left alone and the write fails.
    Keep,
    /// An existing file is replaced in one step.
    Replace,
}

/// Writes a whole file, readable by its owner only, next to other people's files: under a random
/// temporary name, synced, renamed, and the directory synced.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Failed`]; no part of the file is left behind.
pub fn write_whole(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), FileError> {
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return Err(FileError::Exists {
            path: path.to_path_buf(),
        });
    }
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(|_| {
        FileError::of("name a temporary file for", path)(io::ErrorKind::Other.into())
    })?;
    let suffix = data_encoding::HEXLOWER.encode(&suffix);
    let temporary = with_suffix(path, &format!(".{suffix}"));
    write_synced(&temporary, bytes)
        .and_then(|()| put_in_place(&temporary, path, existing))
        .inspect_err(|_| {
            // The first error is the one to report; what is left is an unreadable-by-others file.
            let _ = fs::remove_file(&temporary);
        })
}

/// Writes a new owner-only file and syncs it. An existing file is an error.
///
/// # Errors
/// [`FileError::Failed`].
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = create_private(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(FileError::of("write", path))
}

/// Makes a new, empty, owner-only file.
///
/// # Errors
/// [`FileError::Failed`], also when the file exists.
pub fn create_private(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(FileError::of("create", path))
}

/// Renames a finished file to its name and syncs the directory.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Failed`].
pub fn put_in_place(from: &Path, to: &Path, existing: Existing) -> Result<(), FileError> {
    let renamed = match existing {
        Existing::Replace => fs::rename(from, to),
        Existing::Keep => rename_to_free_name(from, to),
    };
    match renamed {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Err(FileError::Exists {
            path: to.to_path_buf(),
        }),
        Err(err) => Err(FileError::of("put into place", to)(err)),
        Ok(()) => sync_directory_of(to),
    }
}

/// File systems of sticks may not know the flag; there the check before the write has to do.
fn rename_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        other => other.map_err(io::Error::from),
    }
}

/// Makes the names in the directory of `path` durable.
///
/// # Errors
/// [`FileError::Failed`].
pub fn sync_directory_of(path: &Path) -> Result<(), FileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(FileError::of("sync the directory", directory))
}

/// Removes a file if it is there.
///
/// # Errors
/// [`FileError::Failed`].
pub fn remove_if_present(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(FileError::of("remove", path)),
    }
}

/// Reads a whole file of at most `limit_bytes`.
///
/// # Errors
/// [`FileError::Large`], [`FileError::Failed`].
pub fn read_bounded(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(FileError::of("open", path))?;
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(FileError::of("read", path))?;
    if bytes.len() as u64 > limit_bytes {
        return Err(FileError::Large {
            path: path.to_path_buf(),
            limit_bytes,
        });
    }
    Ok(bytes)
}

/// `path` with text added to its last component.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_existing_file_is_kept_unless_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("card");
        write_whole(&path, b"one", Existing::Keep).unwrap();
        let refused = write_whole(&path, b"two", Existing::Keep);
        assert!(matches!(refused, Err(FileError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_whole(&path, b"two", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_written_file_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("card");
        write_whole(&path, b"one", Existing::Keep).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_over_its_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        write_whole(&path, &[0; 11], Existing::Keep).unwrap();
        assert!(matches!(
            read_bounded(&path, 10),
            Err(FileError::Large { .. })
        ));
        assert_eq!(read_bounded(&path, 11).unwrap().len(), 11);
    }
}
