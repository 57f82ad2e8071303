//! Opens and reads what a person has named, without ever waiting for it.
//!
//! A pipe or a terminal in place of a file would hold the desk, and with it the courier's lock,
//! for as long as its other end likes; a device may have no end at all.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::error::DeskError;

/// Opens a regular file; anything else is [`io::ErrorKind::InvalidInput`].
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Opened first and looked at then, so that it cannot be exchanged in between.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is not a regular file",
        )),
    }
}

/// Reads a regular file of at most `limit_bytes`; a longer one is [`io::ErrorKind::FileTooLarge`].
pub(super) fn read(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = open(path)?.take(limit_bytes.saturating_add(1));
    let read = limited.read_to_end(&mut bytes)?;
    match u64::try_from(read) {
        Ok(read) if read <= limit_bytes => Ok(bytes),
        _ => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the file is larger than what is read",
        )),
    }
}

/// The error of [`open`] or [`read`], for a person.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> DeskError + use<> {
    let path = path.to_owned();
    move |err| match err.kind() {
        io::ErrorKind::InvalidInput => DeskError::NotAFile { path: path.clone() },
        _ => DeskError::file(doing, &path)(err),
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;

    #[test]
    fn a_pipe_is_refused_without_waiting_for_its_other_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for path in [path.as_path(), dir.path(), Path::new("/dev/zero")] {
            assert_eq!(open(path).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        assert!(matches!(
            failed("reading it", &path)(open(&path).unwrap_err()),
            DeskError::NotAFile { .. }
        ));
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(
            read(&path, 3).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }
}
