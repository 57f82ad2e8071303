//! Writes a file so that it is there whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::ask::fill;
use super::error::DeskError;
use super::input;
use crate::courier::store::StoreError;

/// Signatures and settings are public: the process's mask says who may read them.
pub(super) const PUBLIC: u32 = 0o644;
/// A program of a few lines.
pub(super) const PROGRAM: u32 = 0o755;
/// What its owner alone may read.
pub(super) const PRIVATE: u32 = 0o600;

/// Writes beside `path`, makes that durable, and gives it the name; a file that has the name stays
/// unless it may be replaced. A link that has the name is replaced, and never followed.
pub(super) fn write(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    overwrite: bool,
) -> Result<(), DeskError> {
    write_with(path, mode, overwrite, |file| {
        let written = file.write_all(bytes);
        written.map_err(DeskError::file("writing it", path))
    })
}

/// The same, for a result that a kill may have left there before it was noted: one with the same
/// bytes is taken for it.
pub(super) fn write_result(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), DeskError> {
    match write(path, bytes, PUBLIC, overwrite) {
        Err(DeskError::OutputExists { .. }) if holds(path, bytes) => Ok(()),
        written => written,
    }
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    input::read(path, bytes.len() as u64).is_ok_and(|found| found == bytes)
}

/// The same as [`write`], for what is made while it is written.
pub(super) fn write_with(
    path: &Path,
    mode: u32,
    overwrite: bool,
    fill_it: impl FnOnce(&mut File) -> Result<(), DeskError>,
) -> Result<(), DeskError> {
    let temporary = temporary(path)?;
    let failed = DeskError::file("writing it", path);
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary);
    let mut file = created.map_err(&failed)?;
    let written = fill_it(&mut file).and_then(|()| {
        let named = file.sync_all();
        let named = named.and_then(|()| rename(&temporary, path, overwrite));
        named.map_err(|err| match err.kind() {
            io::ErrorKind::AlreadyExists => DeskError::OutputExists {
                path: path.to_owned(),
            },
            _ => failed(err),
        })
    });
    if let Err(err) = written {
        // The error says more than what is left beside it.
        let _ = fs::remove_file(&temporary);
        return Err(err);
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(DeskError::file("making it durable", path))
}

/// Makes a folder where there is none. A link in its place is refused: it would lead what is
/// written to where somebody else wants it.
pub(super) fn make_folder(path: &Path) -> Result<(), DeskError> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(DeskError::NotAFolder {
                path: path.to_owned(),
            });
        }
        Err(_) => {}
    }
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(DeskError::file("making the folder", path))
}

fn temporary(path: &Path) -> Result<PathBuf, StoreError> {
    let mut random = [0; 8];
    fill(&mut random)?;
    let name = format!(".{}.part", data_encoding::HEXLOWER.encode(&random));
    Ok(path.with_file_name(name))
}

fn rename(from: &Path, to: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite {
        return fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot; FAT drivers among them.
        Err(Errno::INVAL | Errno::NOSYS) => match to.symlink_metadata() {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(from, to),
        },
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sig");
        write_result(&path, b"one", false).unwrap();
        let refused = write_result(&path, b"two", false);
        assert!(matches!(refused, Err(DeskError::OutputExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_result(&path, b"one", false).unwrap();
        write_result(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_made_whole_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("request");
        let failed = write_with(&path, PRIVATE, false, |file| {
            file.write_all(b"half").unwrap();
            Err(DeskError::ChangedWhileRead)
        });
        assert!(matches!(failed, Err(DeskError::ChangedWhileRead)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_are_replaced_and_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, b"one").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write(&link, b"two", PROGRAM, true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        let folder = dir.path().join("folder");
        std::os::unix::fs::symlink(dir.path(), &folder).unwrap();
        assert!(matches!(
            make_folder(&folder),
            Err(DeskError::NotAFolder { .. })
        ));
    }
}
