//! What a binary file is, and the names of the files in an archive. Nothing is unpacked.

use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

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

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    name: String,
    size_bytes: u64,
    kind: &'static str,
    is_suspicious: bool,
}

impl Entry {
    /// Whether unpacking it could write outside the folder, or make something that is no file.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.is_suspicious
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_suspicious {
            "  SUSPICIOUS"
        } else {
            ""
        };
        let (name, kind) = (&self.name, self.kind);
        write!(formatter, "{name}  {} bytes{kind}{mark}", self.size_bytes)
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
    let packed = |kind: &str| {
        let why = format!("{kind} archives cannot be listed by this program");
        Listing::Partial(Vec::new(), why)
    };
    match found {
        Type::Tar => list_tar(content.reader()),
        Type::Gzip => list_compressed(MultiGzDecoder::new(content.reader())),
        Type::Zstd => match zstd::stream::read::Decoder::new(content.reader()) {
            Ok(mut decoder) => match decoder.window_log_max(ZSTD_WINDOW_LOG_MAX) {
                Ok(()) => list_compressed(decoder),
                Err(err) => Listing::Partial(Vec::new(), err.to_string()),
            },
            Err(err) => Listing::Partial(Vec::new(), err.to_string()),
        },
        Type::Zip => list_zip(content),
        Type::Xz => packed("xz"),
        Type::Bzip2 => packed("bzip2"),
        Type::SevenZip => packed("7-zip"),
        Type::DebianPackage => packed("Debian package"),
        Type::RpmPackage => packed("RPM package"),
        Type::DiskImage => packed("ISO"),
        _ => Listing::NotAnArchive,
    }
}

/// A compressed stream: an archive where it begins as one, else a single file.
fn list_compressed(mut stream: impl Read) -> Listing {
    let mut begin = Vec::new();
    let mut head = (&mut stream).take(TAR_BLOCK_BYTES);
    if let Err(err) = head.read_to_end(&mut begin) {
        return Listing::Partial(Vec::new(), err.to_string());
    }
    if type_of(&begin) != Type::Tar {
        return Listing::Partial(
            Vec::new(),
            "what is compressed is not a tar archive".to_owned(),
        );
    }
    list_tar(io::Cursor::new(begin).chain(stream))
}

fn list_tar(stream: impl Read) -> Listing {
    let mut entries = Vec::new();
    let mut limited = Limited {
        stream,
        left: UNPACKED_BYTES_MAX,
    };
    let mut archive = tar::Archive::new(&mut limited);
    let ended = collect_tar(&mut archive, &mut entries);
    match ended {
        Ok(()) => Listing::Whole(entries),
        Err(err) => Listing::Partial(entries, err.to_string()),
    }
}

fn collect_tar<R: Read>(archive: &mut tar::Archive<R>, entries: &mut Vec<Entry>) -> io::Result<()> {
    for entry in archive.entries()? {
        let entry = entry?;
        if entries.len() == ENTRIES_MAX {
            return Err(io::Error::other(format!("more than {ENTRIES_MAX} files")));
        }
        let name = entry.path_bytes();
        let link = entry.link_name_bytes();
        let kind = entry.header().entry_type();
        let (kind_text, is_plain) = match kind {
            tar::EntryType::Regular | tar::EntryType::Continuous => ("", true),
            tar::EntryType::Directory => ("  directory", true),
            tar::EntryType::Symlink => ("  symbolic link", true),
            tar::EntryType::Link => ("  hard link", true),
            _ => ("  special", false),
        };
        let leaves = leaves_folder(&name) || link.as_deref().is_some_and(leaves_folder);
        let target = link.map_or_else(String::new, |link| format!(" -> {}", escaped(&link)));
        entries.push(Entry {
            name: escaped(&name) + &target,
            size_bytes: entry.size(),
            kind: kind_text,
            is_suspicious: leaves || !is_plain,
        });
    }
    Ok(())
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

fn list_zip(content: &Content) -> Listing {
    let mut entries = Vec::new();
    match collect_zip(content, &mut entries) {
        Ok(()) => Listing::Whole(entries),
        Err(why) => Listing::Partial(entries, why),
    }
}

fn collect_zip(content: &Content, entries: &mut Vec<Entry>) -> Result<(), String> {
    let reader = ZipBytes(content);
    let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
    let text = |err: rawzip::Error| err.to_string();
    let archive = rawzip::ZipArchive::with_max_search_space(64 * 1024 + 22)
        .locate_in_reader(reader, &mut buffer, content.size_bytes())
        .map_err(|(_, err)| err.to_string())?;
    let mut listed = archive.entries(&mut buffer);
    while let Some(entry) = listed.next_entry().map_err(text)? {
        if entries.len() == ENTRIES_MAX {
            return Err(format!("more than {ENTRIES_MAX} files"));
        }
        let path = entry.file_path();
        let name: &[u8] = path.as_ref();
        entries.push(Entry {
            name: escaped(name),
            size_bytes: entry.uncompressed_size_hint(),
            kind: if name.ends_with(b"/") {
                "  directory"
            } else {
                ""
            },
            is_suspicious: leaves_folder(name),
        });
    }
    Ok(())
}

/// The content as the library for zip reads it.
struct ZipBytes<'a>(&'a Content);

impl rawzip::ReaderAt for ZipBytes<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.0.size_bytes().saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let bytes = self.0.read_at(offset, len).map_err(io::Error::other)?;
        if let Some(target) = buf.get_mut(..bytes.len()) {
            target.copy_from_slice(&bytes);
        }
        Ok(bytes.len())
    }
}

/// A stream that fails rather than ends at its limit.
struct Limited<R> {
    stream: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(
                "the archive unpacks to more than is looked through",
            ));
        }
        let len = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let count = self.stream.read(buf.get_mut(..len).unwrap_or_default())?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Most files that are listed: more than anybody reads.
const ENTRIES_MAX: usize = 20_000;
/// Most unpacked bytes that are looked through for names: some minutes of work on a slow machine.
const UNPACKED_BYTES_MAX: u64 = 8 << 30;
/// The first block of a tar archive: its first header.
const TAR_BLOCK_BYTES: u64 = 512;
/// The largest window that `zstd` uses unless it is asked for more: 128 MiB would be held.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_their_folder_are_found() {
        for path in ["/etc/passwd", "a/../../b", "..", "C:\\x", "\\x", "a\\..\\b"] {
            assert!(leaves_folder(path.as_bytes()), "{path}");
        }
        for path in ["a/b", "a..b/c", "./a", ".git"] {
            assert!(!leaves_folder(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_file_is_named_by_its_first_bytes() {
        assert_eq!(type_of(b"\x7fELF\x02"), Type::Elf);
        assert_eq!(type_of(b"nothing in particular"), Type::Unknown);
        assert_eq!(type_of(b""), Type::Unknown);
    }
}
