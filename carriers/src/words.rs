//! Says what a failed system call means in words, because an errno means nothing to a person.

use std::io;

use rustix::io::Errno;

/// What the machine reported, for the end of a `Display` text.
pub(crate) fn reason(err: &io::Error) -> &'static str {
    match err.kind() {
        io::ErrorKind::NotFound => "it is not there",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AlreadyExists => "it exists already",
        io::ErrorKind::UnexpectedEof => "it ended too early",
        io::ErrorKind::StorageFull => "there is no space left",
        io::ErrorKind::ReadOnlyFilesystem => "it is read-only",
        io::ErrorKind::OutOfMemory => "the machine is out of memory",
        io::ErrorKind::ResourceBusy => "it is in use",
        io::ErrorKind::Unsupported => "the medium does not support this",
        io::ErrorKind::WriteZero => "nothing more is accepted",
        _ => "the machine reported an error",
    }
}

/// Whether the failure says that the medium itself went away or broke.
pub(crate) fn is_gone(err: &io::Error) -> bool {
    let gone = [
        Errno::IO,
        Errno::NODEV,
        Errno::NXIO,
        Errno::NOENT,
        Errno::STALE,
        Errno::NOTCONN,
        Errno::NOMEDIUM,
        Errno::REMOTEIO,
    ];
    Errno::from_io_error(err).is_some_and(|errno| gone.contains(&errno))
}

/// Whether the failure says that writing is not allowed here.
pub(crate) fn is_read_only(err: &io::Error) -> bool {
    let read_only = [Errno::ROFS, Errno::ACCESS, Errno::PERM];
    Errno::from_io_error(err).is_some_and(|errno| read_only.contains(&errno))
}

/// Whether the failure says that there is no room left.
pub(crate) fn is_full(err: &io::Error) -> bool {
    let full = [Errno::NOSPC, Errno::DQUOT];
    Errno::from_io_error(err).is_some_and(|errno| full.contains(&errno))
}

/// Whole megabytes, rounded up, because a person frees space in those.
pub(crate) fn megabytes(size_bytes: u64) -> String {
    format!("{} MB", size_bytes.div_ceil(1_000_000))
}
