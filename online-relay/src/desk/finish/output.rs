//! Writes a result so that it is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::super::ask::fill;
use super::super::error::DeskError;
use crate::courier::store::StoreError;

/// Writes beside `path`, makes that durable, and gives it the name; a file that has the name stays
/// unless it may be replaced.
pub(super) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), DeskError> {
    let temporary = temporary(path)?;
    let written = write_new(&temporary, bytes).and_then(|()| rename(&temporary, path, overwrite));
    if let Err(err) = written {
        // The error says more than what is left beside it.
        let _ = fs::remove_file(&temporary);
        return Err(match err.kind() {
            io::ErrorKind::AlreadyExists => DeskError::OutputExists {
                path: path.to_owned(),
            },
            _ => DeskError::file("writing the result", path)(err),
        });
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(DeskError::file("making the result durable", path))
}

fn temporary(path: &Path) -> Result<PathBuf, StoreError> {
    let mut random = [0; 8];
    fill(&mut random)?;
    let name = format!(".{}.part", data_encoding::HEXLOWER.encode(&random));
    Ok(path.with_file_name(name))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Signatures are public: the process's mask says who may read them.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
        write(&path, b"one", false).unwrap();
        let refused = write(&path, b"two", false);
        assert!(matches!(refused, Err(DeskError::OutputExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
