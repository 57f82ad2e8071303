//! Decides what a path is before a byte goes to it: the wrong device is the end of someone's
//! files.

use std::{
    ffi::OsStr,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, FileType, Mode, OFlags},
    io::{Errno, retry_on_intr},
};

use super::RawError;

/// The kinds of thing that parts are written to or read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A disk or a partition.
    Block(Device),
    /// A SCSI tape, which can only be read and written in order, and rewinds when closed.
    Tape(Device),
    /// An existing regular file.
    Image,
}

/// The system's number of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) major: u32,
    pub(super) minor: u32,
}

/// Something to read or write, looked at but not opened.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Without links.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

impl Target {
    /// Looks at what a path leads to. Links are followed here, because stable device names are
    /// links, and never afterwards.
    pub(super) fn look(path: &Path) -> Result<Target, RawError> {
        let resolved = path.canonicalize().map_err(|err| match err.kind() {
            io::ErrorKind::NotFound => RawError::NotThere {
                path: path.to_owned(),
            },
            _ => RawError::reading("looking for the medium")(err),
        })?;
        let stat = retry_on_intr(|| fs::lstat(&resolved))
            .map_err(|err| RawError::reading("looking at the medium")(err.into()))?;
        match kind_of(&stat) {
            Some(kind) => Ok(Target {
                path: resolved,
                kind,
            }),
            None => Err(RawError::NotAMedium {
                path: path.to_owned(),
            }),
        }
    }

    /// Opens the target for writing, unless someone's files are on it and in use.
    pub(super) fn open_for_writing(&self) -> Result<OwnedFd, RawError> {
        let flags = match self.kind {
            Kind::Block(device) => {
                let mounts = std::fs::read("/proc/self/mountinfo")
                    .map_err(RawError::reading("reading which devices are mounted"))?;
                if let Some(mount_point) = find_mount(&mounts, device, &self.path) {
                    return Err(RawError::Mounted {
                        mount_point,
                        path: self.path.clone(),
                    });
                }
                // On a block device this fails while the system uses it or a part of it, also
                // where that is not a mount.
                OFlags::WRONLY | OFlags::EXCL
            }
            Kind::Tape(_) | Kind::Image => OFlags::WRONLY,
        };
        self.open(flags).map_err(|err| match err {
            err if Errno::from_io_error(&err) == Some(Errno::BUSY) => RawError::InUse {
                path: self.path.clone(),
                source: err,
            },
            err => RawError::writing("opening the medium for writing", 0)(err),
        })
    }

    /// Opens the target with `flags` and makes sure that it is still what was looked at.
    pub(super) fn open(&self, flags: OFlags) -> io::Result<OwnedFd> {
        let careful = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file = retry_on_intr(|| fs::open(&self.path, flags | careful, Mode::empty()))?;
        let stat = retry_on_intr(|| fs::fstat(&file))?;
        if kind_of(&stat) == Some(self.kind) {
            Ok(file)
        } else {
            Err(io::Error::from(io::ErrorKind::NotFound))
        }
    }
}

fn kind_of(stat: &fs::Stat) -> Option<Kind> {
    let device = Device {
        major: fs::major(stat.st_rdev),
        minor: fs::minor(stat.st_rdev),
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::BlockDevice => Some(Kind::Block(device)),
        FileType::RegularFile => Some(Kind::Image),
        // Reading back needs the beginning again, and closing is the only rewind that we have.
        FileType::CharacterDevice
            if device.major == TAPE_MAJOR && device.minor & TAPE_MINOR_NO_REWIND == 0 =>
        {
            Some(Kind::Tape(device))
        }
        _ => None,
    }
}

/// Where a device or a partition of it is mounted, according to the text of `mountinfo`.
///
/// Format: proc(5), "/proc/pid/mountinfo": the third field is the device number, the fifth the
/// mount point, the second after a lone `-` the source. The source counts too, because some file
/// systems mount under a number of their own.
fn find_mount(mountinfo: &[u8], device: Device, path: &Path) -> Option<PathBuf> {
    let number = format!("{}:{}", device.major, device.minor);
    mountinfo.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let mount_point = unescape(fields.get(4)?);
        let separator = fields.iter().position(|field| *field == b"-")?;
        let source = fields
            .get(separator.checked_add(2)?)
            .map(|field| unescape(field));
        let is_it = fields
            .get(2)
            .is_some_and(|field| *field == number.as_bytes())
            || source.is_some_and(|source| is_device_or_partition(&source, path));
        is_it.then(|| PathBuf::from(OsStr::from_bytes(&mount_point)))
    })
}

/// Whether `source` is the device at `path` or a numbered partition of it.
fn is_device_or_partition(source: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let Some(rest) = source.strip_prefix(path) else {
        return false;
    };
    let number = match path.last() {
        // Partitions of `nvme0n1` are `nvme0n1p1`; `loop12` is no partition of `loop1`.
        Some(byte) if byte.is_ascii_digit() => rest.strip_prefix(b"p"),
        _ => Some(rest),
    };
    rest.is_empty() || number.is_some_and(is_digits)
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Undoes the kernel's octal escapes for space, tab, newline and backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, later)) = rest.split_first() {
        let escaped = (*first == b'\\')
            .then(|| later.first_chunk::<3>())
            .flatten();
        match escaped.and_then(|digits| octal(*digits)) {
            Some(byte) => {
                plain.push(byte);
                rest = later.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = later;
            }
        }
    }
    plain
}

fn octal(digits: [u8; 3]) -> Option<u8> {
    // The check comes first, because the standard parser also takes a leading plus sign.
    let text = std::str::from_utf8(&digits)
        .ok()
        .filter(|text| is_digits(text.as_bytes()))?;
    u8::from_str_radix(text, 8).ok()
}

/// The major number of SCSI tapes.
const TAPE_MAJOR: u32 = 9;

/// The bit of their minor number that says "do not rewind when closed".
const TAPE_MINOR_NO_REWIND: u32 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &[u8] = b"\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
36 22 8:17 / /media/my\\040stick rw master:1 - vfat /dev/sdb1 rw\n\
40 22 0:41 /sub /mnt/b rw shared:5 master:7 - btrfs /dev/nvme0n1p2 rw\n\
41 22 0:42 / /tmp rw - tmpfs - rw\n\
42 22 7:12 / /snap/x ro - squashfs /dev/loop12 ro\n\
43 22 0:44 / /mnt/odd rw - fuse /dev/disk\\134with\\040space rw\n\
a line that is cut o";

    fn mount_of(major: u32, minor: u32, path: &str) -> Option<String> {
        find_mount(MOUNTS, Device { major, minor }, Path::new(path))
            .map(|mount_point| mount_point.to_str().unwrap().to_owned())
    }

    #[test]
    fn finds_mounts_by_number_source_and_partition() {
        assert_eq!(
            mount_of(8, 17, "/dev/other").as_deref(),
            Some("/media/my stick")
        );
        assert_eq!(
            mount_of(8, 99, "/dev/sdb1").as_deref(),
            Some("/media/my stick")
        );
        assert_eq!(
            mount_of(8, 16, "/dev/sdb").as_deref(),
            Some("/media/my stick")
        );
        assert_eq!(mount_of(259, 0, "/dev/nvme0n1").as_deref(), Some("/mnt/b"));
        assert_eq!(
            mount_of(1, 1, "/dev/disk\\with space").as_deref(),
            Some("/mnt/odd")
        );
    }

    #[test]
    fn leaves_other_devices_alone() {
        assert_eq!(mount_of(8, 1, "/dev/sdb12"), None);
        assert_eq!(mount_of(8, 1, "/dev/sd"), None);
        assert_eq!(mount_of(7, 1, "/dev/loop1"), None);
        assert_eq!(mount_of(259, 9, "/dev/nvme0n"), None);
    }

    #[test]
    fn undoes_octal_escapes_only() {
        assert_eq!(unescape(b"a\\040b\\011\\012\\134"), b"a b\t\n\\");
        assert_eq!(unescape(b"\\04"), b"\\04");
        assert_eq!(unescape(b"\\999\\"), b"\\999\\");
        assert_eq!(unescape(b"\\+01\\777"), b"\\+01\\777");
    }
}
