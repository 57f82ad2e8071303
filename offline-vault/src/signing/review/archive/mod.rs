//! What a binary file is, and the names of the files in an archive. Nothing is unpacked.
//!
//! Programs differ in what they make of a strange archive, and whoever attacks signs with one and
//! unpacks with another. So a list is whole only when every program that is in common use would
//! unpack exactly what is listed; anything that they read in several ways ends it, with a reason.

mod pax;
mod tar;
mod zip;

use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use thiserror::Error;
use zeroize::Zeroizing;

use super::text::escaped;
use crate::signing::content::Content;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Tar,
    Gzip,
    Zstd,
    Zip,
    Xz,
    Bzip2,
    SevenZip,
    DebianPackage,
    RpmPackage,
    Elf,
    WindowsProgram,
    MachO,
    WebAssembly,
    DiskImage,
    Pdf,
    Png,
    Jpeg,
    Gif,
    Sqlite,
    Unknown,
}

impl Type {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar archive",
            Self::Gzip => "gzip: compressed",
            Self::Zstd => "zstd: compressed",
            Self::Zip => "zip archive (also: jar, apk, office documents)",
            Self::Xz => "xz: compressed",
            Self::Bzip2 => "bzip2: compressed",
            Self::SevenZip => "7-zip archive",
            Self::DebianPackage => "Debian package",
            Self::RpmPackage => "RPM package",
            Self::Elf => "ELF program or library",
            Self::WindowsProgram => "Windows program or library",
            Self::MachO => "macOS program or library",
            Self::WebAssembly => "WebAssembly module",
            Self::DiskImage => "ISO disk image",
            Self::Pdf => "PDF document",
            Self::Png => "PNG picture",
            Self::Jpeg => "JPEG picture",
            Self::Gif => "GIF picture",
            Self::Sqlite => "SQLite database",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// `(offset, magic, type)`, the first that matches.
const MAGICS: &[(usize, &[u8], Type)] = &[
    (257, b"ustar", Type::Tar),
    (0, b"\x1f\x8b\x08", Type::Gzip),
    (0, b"\x28\xb5\x2f\xfd", Type::Zstd),
    (0, b"PK\x03\x04", Type::Zip),
    (0, b"PK\x05\x06", Type::Zip),
    (0, b"\xfd7zXZ\x00", Type::Xz),
    (0, b"BZh", Type::Bzip2),
    (0, b"7z\xbc\xaf\x27\x1c", Type::SevenZip),
    (0, b"!<arch>\ndebian", Type::DebianPackage),
    (0, b"\xed\xab\xee\xdb", Type::RpmPackage),
    (0, b"\x7fELF", Type::Elf),
    (0, b"MZ", Type::WindowsProgram),
    (0, b"\xcf\xfa\xed\xfe", Type::MachO),
    (0, b"\xca\xfe\xba\xbe", Type::MachO),
    (0, b"\0asm", Type::WebAssembly),
    (0x8001, b"CD001", Type::DiskImage),
    (0, b"%PDF-", Type::Pdf),
    (0, b"\x89PNG\r\n\x1a\n", Type::Png),
    (0, b"\xff\xd8\xff", Type::Jpeg),
    (0, b"GIF8", Type::Gif),
    (0, b"SQLite format 3\0", Type::Sqlite),
];

/// What a file is, by its begin.
pub(crate) fn type_of(begin: &[u8]) -> Type {
    let matches = |(offset, magic, _): &&(usize, &[u8], Type)| {
        let rest = begin.get(*offset..).unwrap_or_default();
        rest.starts_with(magic)
    };
    let found = MAGICS.iter().find(matches);
    found.map_or(Type::Unknown, |(_, _, found)| *found)
}

/// What an entry makes on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    ExecutableFile,
    /// Runs with the rights of its owner or group, whoever starts it.
    SetIdFile,
    Directory,
    SymbolicLink,
    HardLink,
    CharacterDevice,
    BlockDevice,
    Pipe,
    Special,
}

impl Kind {
    /// A file, by the bits of its mode.
    fn file(mode: u32) -> Self {
        if mode & 0o6000 != 0 {
            Self::SetIdFile
        } else if mode & 0o111 != 0 {
            Self::ExecutableFile
        } else {
            Self::File
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::ExecutableFile => "executable file",
            Self::SetIdFile => "file that runs as its owner or group (setuid or setgid)",
            Self::Directory => "directory",
            Self::SymbolicLink => "symbolic link",
            Self::HardLink => "hard link",
            Self::CharacterDevice => "character device",
            Self::BlockDevice => "block device",
            Self::Pipe => "pipe",
            Self::Special => "special file",
        }
    }

    fn is_plain(self) -> bool {
        match self {
            Self::File
            | Self::ExecutableFile
            | Self::Directory
            | Self::SymbolicLink
            | Self::HardLink => true,
            Self::SetIdFile
            | Self::CharacterDevice
            | Self::BlockDevice
            | Self::Pipe
            | Self::Special => false,
        }
    }
}

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    kind: Kind,
    size_bytes: u64,
    name: String,
    target: Option<String>,
    is_suspicious: bool,
}

impl Entry {
    fn new(kind: Kind, size_bytes: u64, name: &[u8], target: Option<&[u8]>) -> Self {
        let leaves = leaves_folder(name) || target.is_some_and(leaves_folder);
        Self {
            kind,
            size_bytes,
            name: escaped(name),
            target: target.map(in_quotation_marks),
            is_suspicious: leaves || !kind.is_plain(),
        }
    }

    /// Whether unpacking it could write outside the folder, or make something that is no file or
    /// that runs with the rights of another.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.is_suspicious
    }
}

/// Our words first and the name last, so that no name can pass for our words.
impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_suspicious {
            "SUSPICIOUS  "
        } else {
            ""
        };
        write!(formatter, "{mark}{} bytes  ", self.size_bytes)?;
        formatter.write_str(self.kind.text())?;
        if let Some(target) = &self.target {
            write!(formatter, " to {target}")?;
        }
        write!(formatter, "  {}", self.name)
    }
}

/// Foreign text in the middle of a line: the first quotation mark in it is the one that ends it.
fn in_quotation_marks(bytes: &[u8]) -> String {
    let mut shown = String::from("\"");
    for (at, part) in bytes.split(|byte| *byte == b'"').enumerate() {
        if at > 0 {
            let slashes = shown.len() - shown.trim_end_matches('\\').len();
            shown.extend(std::iter::repeat_n('\\', slashes));
            shown.push_str("\\u{22}");
        }
        shown.push_str(&escaped(part));
    }
    shown.push('"');
    shown
}

/// Entries, no more of them and of their names than [`ENTRIES_MAX`] and [`NAME_BYTES_MAX`].
#[derive(Default)]
struct Entries {
    listed: Vec<Entry>,
    name_bytes: usize,
}

impl Entries {
    fn push(&mut self, entry: Entry) -> Result<(), Unlisted> {
        if self.listed.len() == ENTRIES_MAX {
            return Err(Unlisted::TooMany);
        }
        let target_bytes = entry.target.as_ref().map_or(0, String::len);
        self.name_bytes += entry.name.len() + target_bytes;
        if self.name_bytes > NAME_BYTES_MAX {
            return Err(Unlisted::NamesTooLong);
        }
        self.listed.push(entry);
        Ok(())
    }

    fn ended(self, result: Result<(), Unlisted>) -> Listing {
        match result {
            Ok(()) => Listing::Whole(self.listed),
            Err(why) => Listing::Partial(self.listed, why.to_string()),
        }
    }
}

/// Why a list ends before its archive does.
#[derive(Debug, Error)]
enum Unlisted {
    /// Something that programs read in several ways, or not at all.
    #[error("{0}")]
    Strange(&'static str),
    #[error("more than {ENTRIES_MAX} files")]
    TooMany,
    #[error("the names are longer than anybody reads")]
    NamesTooLong,
    #[error("the archive unpacks to more than is looked through")]
    UnpacksTooLarge,
    #[error("the archive ends in the middle")]
    CutShort,
    #[error("the archive cannot be read: {0}")]
    Read(#[source] io::Error),
}

impl From<io::Error> for Unlisted {
    fn from(err: io::Error) -> Self {
        match err.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            io::ErrorKind::FileTooLarge => Self::UnpacksTooLarge,
            _ => Self::Read(err),
        }
    }
}

/// The files in an archive.
pub(crate) enum Listing {
    /// It is none, or of a kind that holds one thing.
    NotAnArchive,
    /// All of them.
    Whole(Vec<Entry>),
    /// Those before the reason.
    Partial(Vec<Entry>, String),
}

/// Lists an archive.
pub(crate) fn list(found: Type, content: &Content) -> Listing {
    list_bytes(found, content)
}

/// Bytes that can be read at any place.
trait Bytes {
    fn size_bytes(&self) -> u64;

    /// Exactly these bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when some lie behind the end.
    fn bytes_at(&self, offset: u64, len: usize) -> io::Result<Zeroizing<Vec<u8>>>;

    /// From front to back.
    fn stream(&self) -> impl Read;
}

impl Bytes for Content {
    fn size_bytes(&self) -> u64 {
        self.size_bytes()
    }

    fn bytes_at(&self, offset: u64, len: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let end = offset.checked_add(len as u64);
        if end.is_none_or(|end| end > self.size_bytes()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_at(offset, len).map_err(io::Error::other)
    }

    fn stream(&self) -> impl Read {
        self.reader()
    }
}

fn list_bytes(found: Type, bytes: &impl Bytes) -> Listing {
    let packed = |kind: &str| {
        let why = format!("{kind} archives cannot be listed by this program");
        Listing::Partial(Vec::new(), why)
    };
    match found {
        Type::Tar => list_tar(bytes.stream()),
        Type::Gzip => list_compressed(MultiGzDecoder::new(bytes.stream())),
        Type::Zstd => match zstd_decoder(bytes.stream()) {
            Ok(decoder) => list_compressed(decoder),
            Err(err) => Entries::default().ended(Err(err.into())),
        },
        Type::Zip => {
            let mut entries = Entries::default();
            let result = zip::collect(bytes, &mut entries);
            entries.ended(result)
        }
        Type::Xz => packed("xz"),
        Type::Bzip2 => packed("bzip2"),
        Type::SevenZip => packed("7-zip"),
        Type::DebianPackage => packed("Debian package"),
        Type::RpmPackage => packed("RPM package"),
        Type::DiskImage => packed("ISO"),
        _ => Listing::NotAnArchive,
    }
}

fn zstd_decoder<R: Read>(stream: R) -> io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::new(stream)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// A compressed stream: an archive where it begins as one, else a single file.
fn list_compressed(mut stream: impl Read) -> Listing {
    let mut begin = Vec::new();
    let mut head = (&mut stream).take(TAR_BLOCK_BYTES);
    let why = match head.read_to_end(&mut begin) {
        Ok(_) if type_of(&begin) == Type::Tar => {
            return list_tar(io::Cursor::new(begin).chain(stream));
        }
        Ok(_) => Unlisted::Strange("what is compressed is not a tar archive"),
        Err(err) => err.into(),
    };
    Entries::default().ended(Err(why))
}

fn list_tar(stream: impl Read) -> Listing {
    let mut entries = Entries::default();
    let limited = Limited {
        stream,
        left: UNPACKED_BYTES_MAX,
    };
    let result = tar::collect(limited, &mut entries);
    entries.ended(result)
}

/// Whether a path leads out of the folder that it is unpacked in.
fn leaves_folder(path: &[u8]) -> bool {
    let starts = path
        .first()
        .is_some_and(|byte| matches!(byte, b'/' | b'\\'));
    let drive = path.get(1) == Some(&b':');
    let mut parts = path.split(|byte| matches!(byte, b'/' | b'\\'));
    starts || drive || parts.any(|part| part == b"..")
}

/// A stream that fails rather than ends at its limit.
struct Limited<R> {
    stream: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let len = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let count = self.stream.read(buf.get_mut(..len).unwrap_or_default())?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Most files that are listed: more than anybody reads.
const ENTRIES_MAX: usize = 20_000;
/// Most bytes of names, as they are shown: some 200 for each of the most files.
const NAME_BYTES_MAX: usize = 4 << 20;
/// Most unpacked bytes that are looked through for names: some minutes of work on a slow machine.
const UNPACKED_BYTES_MAX: u64 = 8 << 30;
/// The first block of a tar archive: its first header.
const TAR_BLOCK_BYTES: u64 = 512;
/// The largest window that `zstd` uses unless it is asked for more: 128 MiB would be held.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

#[cfg(test)]
mod tests;
