//! The entries of a zip archive, from its directory and from the headers in front of the files.
//!
//! Some programs read the directory at the end and some the headers from front to back. So both
//! have to say the same, and every byte belongs to one of them.

use std::collections::HashSet;

use flate2::{Decompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use super::{
    Bytes, ENTRIES_MAX, Entries, Entry, Kind, NAME_BYTES_MAX, UNPACKED_BYTES_MAX, Unlisted,
};

/// Lists an archive.
pub(super) fn collect(bytes: &impl Bytes, entries: &mut Entries) -> Result<(), Unlisted> {
    let end = End::find(bytes)?;
    let mut members = Vec::new();
    let mut result = read_directory(bytes, &end, &mut members);
    if result.is_ok() {
        result = check_files(bytes, &end, &mut members);
    }
    for member in members {
        let target = member.target.as_deref();
        let entry = Entry::new(member.kind, member.size_bytes.into(), &member.name, target);
        entries.push(entry)?;
    }
    result
}

/// The record at the end, which says where the directory is.
struct End {
    count: u16,
    directory_at: u64,
    at: u64,
}

impl End {
    fn find(bytes: &impl Bytes) -> Result<Self, Unlisted> {
        let size = bytes.size_bytes();
        let len = usize::try_from(size).map_or(END_BYTES_MAX, |size| size.min(END_BYTES_MAX));
        let tail_at = size - len as u64;
        let tail = bytes.bytes_at(tail_at, len)?;
        let mut windows = tail.windows(END_MAGIC.len());
        let at = windows.rposition(|it| it == END_MAGIC);
        let at = at.ok_or(Unlisted::Strange("there is no directory at its end"))?;
        let record = Fields(tail.get(at..).unwrap_or_default());
        // Some programs take the large form only where this record asks for it, some always.
        let locator = at.checked_sub(LOCATOR_BYTES).and_then(|at| tail.get(at..));
        let is_large = locator.is_some_and(|it| it.starts_with(LOCATOR_MAGIC));
        let (count, comment_len) = (record.u16(10)?, usize::from(record.u16(20)?));
        let (directory_bytes, directory_at) = (record.u32(12)?, record.u32(16)?);
        if is_large || count == u16::MAX || directory_at == u32::MAX {
            return Err(LARGE);
        }
        if record.u16(4)? != 0 || record.u16(6)? != 0 || record.u16(8)? != count {
            return Err(Unlisted::Strange("it is one of several parts"));
        }
        let found = Self {
            count,
            directory_at: directory_at.into(),
            at: tail_at + at as u64,
        };
        let is_in_place = found.directory_at + u64::from(directory_bytes) == found.at;
        if !is_in_place || record.0.len() != END_BYTES + comment_len {
            return Err(GAP);
        }
        Ok(found)
    }
}

/// What the directory says of a file.
struct Member {
    name: Vec<u8>,
    kind: Kind,
    head: Head,
    size_bytes: u32,
    header_at: u64,
    /// Of a symbolic link, when it was read.
    target: Option<Vec<u8>>,
}

/// What the directory and the header in front of the file both say.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    flags: u16,
    method: u16,
    sizes: Sizes,
}

/// Also alone, behind the file.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sizes {
    crc: u32,
    packed_bytes: u32,
    unpacked_bytes: u32,
}

impl Sizes {
    fn parse(record: &Fields<'_>, at: usize) -> Result<Self, Unlisted> {
        Ok(Self {
            crc: record.u32(at)?,
            packed_bytes: record.u32(at + 4)?,
            unpacked_bytes: record.u32(at + 8)?,
        })
    }
}

fn read_directory(
    bytes: &impl Bytes,
    end: &End,
    members: &mut Vec<Member>,
) -> Result<(), Unlisted> {
    let mut window = Window::new(bytes);
    let (mut at, mut name_bytes, mut seen) = (end.directory_at, 0, HashSet::new());
    for _ in 0..end.count {
        let (member, next) = read_member(&mut window, at)?;
        name_bytes += member.name.len();
        if members.len() == ENTRIES_MAX {
            return Err(Unlisted::TooMany);
        }
        if name_bytes > NAME_BYTES_MAX {
            return Err(Unlisted::NamesTooLong);
        }
        let is_new = seen.insert(member.name.clone());
        members.push(member);
        if !is_new {
            return Err(Unlisted::Strange("two files have the same name"));
        }
        at = next;
    }
    if at == end.at { Ok(()) } else { Err(GAP) }
}

/// One record of the directory, and where the next one begins.
fn read_member(window: &mut Window<'_, impl Bytes>, at: u64) -> Result<(Member, u64), Unlisted> {
    let fixed = Fields(window.take(at, MEMBER_BYTES)?);
    if !fixed.0.starts_with(MEMBER_MAGIC) {
        return Err(GAP);
    }
    let head = Head {
        flags: fixed.u16(8)?,
        method: fixed.u16(10)?,
        sizes: Sizes::parse(&fixed, 16)?,
    };
    let (name_len, extra_len) = (fixed.u16(28)?, fixed.u16(30)?);
    let (comment_len, disk) = (fixed.u16(32)?, fixed.u16(34)?);
    let (attributes, header_at) = (fixed.u32(38)?, fixed.u32(42)?);
    let mut next = at + MEMBER_BYTES as u64;
    let name = window.take(next, name_len.into())?.to_vec();
    next += u64::from(name_len);
    check_extra(window.take(next, extra_len.into())?)?;
    next += u64::from(extra_len) + u64::from(comment_len);
    check_name(&name, head.flags)?;
    check_head(&head, disk)?;
    let member = Member {
        kind: kind_of(&name, attributes, head.sizes.unpacked_bytes)?,
        name,
        head,
        size_bytes: head.sizes.unpacked_bytes,
        header_at: header_at.into(),
        target: None,
    };
    Ok((member, next))
}

fn check_name(name: &[u8], flags: u16) -> Result<(), Unlisted> {
    if name.is_empty() || name.iter().any(|byte| matches!(byte, 0 | b'\\')) {
        return Err(Unlisted::Strange(
            "a name that programs read in several ways",
        ));
    }
    let is_utf8 = flags & FLAG_UTF8 != 0 && str::from_utf8(name).is_ok();
    if name.is_ascii() || is_utf8 {
        return Ok(());
    }
    Err(Unlisted::Strange("a name whose characters are not certain"))
}

fn check_head(head: &Head, disk: u16) -> Result<(), Unlisted> {
    let sizes = &head.sizes;
    if sizes.packed_bytes == u32::MAX || sizes.unpacked_bytes == u32::MAX || disk == u16::MAX {
        return Err(LARGE);
    }
    if head.flags & !FLAGS_KNOWN != 0 || disk != 0 {
        return Err(Unlisted::Strange("a file that is encrypted or in parts"));
    }
    let is_stored = head.method == STORED && sizes.packed_bytes == sizes.unpacked_bytes;
    // Who reads from the front has to guess where a stored file of unknown size ends.
    let is_guessed = is_stored && head.flags & FLAG_SIZES_BEHIND != 0 && sizes.packed_bytes != 0;
    if is_guessed || !is_stored && head.method != DEFLATED {
        return Err(Unlisted::Strange("a file that is not packed as usual"));
    }
    Ok(())
}

/// What a file is by its name and by the mode that Unix gives it: they agree.
fn kind_of(name: &[u8], attributes: u32, size_bytes: u32) -> Result<Kind, Unlisted> {
    let mode = attributes >> 16;
    let is_directory = name.ends_with(b"/");
    let says_directory = mode & MODE_TYPE == MODE_DIRECTORY || attributes & DOS_DIRECTORY != 0;
    let kind = match mode & MODE_TYPE {
        0 | MODE_FILE | MODE_DIRECTORY if is_directory && size_bytes == 0 => Kind::Directory,
        _ if is_directory || says_directory => {
            return Err(Unlisted::Strange("a directory that is no directory, too"));
        }
        0 | MODE_FILE => Kind::file(mode),
        MODE_LINK => Kind::SymbolicLink,
        _ => Kind::Special,
    };
    Ok(kind)
}

/// Extra fields that hold times, owners and padding. Others give names, types or sizes of their
/// own.
fn check_extra(extra: &[u8]) -> Result<(), Unlisted> {
    let mut rest = extra;
    while !rest.is_empty() {
        let fields = Fields(rest);
        let (id, len) = (fields.u16(0)?, usize::from(fields.u16(2)?));
        if !EXTRA_KNOWN.contains(&id) {
            return Err(Unlisted::Strange(
                "an extra field that this program does not know",
            ));
        }
        rest = rest.get(4 + len..).ok_or(Unlisted::CutShort)?;
    }
    Ok(())
}

/// Looks at each file where it lies: no byte in front of the directory belongs to none.
fn check_files(bytes: &impl Bytes, end: &End, members: &mut [Member]) -> Result<(), Unlisted> {
    let mut window = Window::new(bytes);
    let mut unpacked_left = UNPACKED_BYTES_MAX;
    let mut order: Vec<&mut Member> = members.iter_mut().collect();
    order.sort_by_key(|member| member.header_at);
    let mut at = 0;
    for member in order {
        if member.header_at != at {
            return Err(GAP);
        }
        let data_at = check_header(&mut window, member)?;
        let packed_bytes = u64::from(member.head.sizes.packed_bytes);
        if member.kind == Kind::SymbolicLink && member.size_bytes > LINK_BYTES_MAX {
            return Err(Unlisted::Strange("a symbolic link that is too long"));
        }
        let data = match member.head.method {
            STORED if member.kind == Kind::SymbolicLink => {
                let len = usize::try_from(packed_bytes).unwrap_or(usize::MAX);
                window.take(data_at, len)?.to_vec()
            }
            STORED => Vec::new(),
            _ => check_deflated(&mut window, data_at, &member.head.sizes, &mut unpacked_left)?,
        };
        if member.kind == Kind::SymbolicLink {
            member.target = Some(data);
        }
        at = check_behind(&mut window, data_at + packed_bytes, &member.head)?;
    }
    if at == end.directory_at {
        Ok(())
    } else {
        Err(GAP)
    }
}

/// Compares a file's header with the directory; returns where the file's bytes begin.
fn check_header(window: &mut Window<'_, impl Bytes>, member: &Member) -> Result<u64, Unlisted> {
    let fixed = Fields(window.take(member.header_at, HEADER_BYTES)?);
    if !fixed.0.starts_with(HEADER_MAGIC) {
        return Err(GAP);
    }
    let said = Head {
        flags: fixed.u16(6)?,
        method: fixed.u16(8)?,
        sizes: Sizes::parse(&fixed, 14)?,
    };
    let (name_len, extra_len) = (fixed.u16(26)?, fixed.u16(28)?);
    let mut at = member.header_at + HEADER_BYTES as u64;
    let is_same_name = window.take(at, name_len.into())? == member.name;
    at += u64::from(name_len);
    check_extra(window.take(at, extra_len.into())?)?;
    at += u64::from(extra_len);
    let mut expected = member.head;
    if expected.flags & FLAG_SIZES_BEHIND != 0 && said.sizes == Sizes::default() {
        expected.sizes = Sizes::default();
    }
    if is_same_name && said == expected {
        Ok(at)
    } else {
        Err(Unlisted::Strange(
            "a file says another thing than the directory",
        ))
    }
}

/// Unpacks a file, to nowhere but its begin: who reads from the front finds its end by that.
fn check_deflated(
    window: &mut Window<'_, impl Bytes>,
    at: u64,
    sizes: &Sizes,
    unpacked_left: &mut u64,
) -> Result<Vec<u8>, Unlisted> {
    let wrong = || Unlisted::Strange("a file that unpacks to another size than it says");
    let packed_bytes = u64::from(sizes.packed_bytes);
    let mut inflate = Decompress::new(false);
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    let mut begin = Vec::new();
    loop {
        let before = (inflate.total_in(), inflate.total_out());
        let len = usize::try_from(packed_bytes - before.0).unwrap_or(PIECE_BYTES);
        let packed = window.take(at + before.0, len.min(PIECE_BYTES))?;
        let status = inflate
            .decompress(packed, &mut piece, FlushDecompress::None)
            .map_err(|_| wrong())?;
        let made = inflate.total_out() - before.1;
        *unpacked_left = unpacked_left
            .checked_sub(made)
            .ok_or(Unlisted::UnpacksTooLarge)?;
        let room = (LINK_BYTES_MAX as usize).saturating_sub(begin.len());
        let made = usize::try_from(made).unwrap_or(PIECE_BYTES);
        let kept = piece.get(..made.min(room)).unwrap_or_default();
        begin.extend_from_slice(kept);
        if status == Status::StreamEnd {
            break;
        }
        let is_stuck = before == (inflate.total_in(), inflate.total_out());
        if is_stuck || inflate.total_out() > sizes.unpacked_bytes.into() {
            return Err(wrong());
        }
    }
    let is_right = inflate.total_in() == packed_bytes
        && inflate.total_out() == u64::from(sizes.unpacked_bytes);
    if is_right { Ok(begin) } else { Err(wrong()) }
}

/// The sizes behind a file, where the flag says so; returns where they end.
fn check_behind(
    window: &mut Window<'_, impl Bytes>,
    at: u64,
    head: &Head,
) -> Result<u64, Unlisted> {
    if head.flags & FLAG_SIZES_BEHIND == 0 {
        return Ok(at);
    }
    let has_magic = window.take(at, BEHIND_MAGIC.len())? == BEHIND_MAGIC;
    let at = if has_magic { at + 4 } else { at };
    if Sizes::parse(&Fields(window.take(at, SIZES_BYTES)?), 0)? != head.sizes {
        return Err(Unlisted::Strange(
            "a file says another size behind it than the directory",
        ));
    }
    Ok(at + SIZES_BYTES as u64)
}

/// Small reads at places that mostly follow each other.
struct Window<'a, B> {
    source: &'a B,
    at: u64,
    bytes: Zeroizing<Vec<u8>>,
}

impl<'a, B: Bytes> Window<'a, B> {
    fn new(source: &'a B) -> Self {
        let bytes = Zeroizing::new(Vec::new());
        Self {
            source,
            at: 0,
            bytes,
        }
    }

    fn take(&mut self, at: u64, len: usize) -> Result<&[u8], Unlisted> {
        if self.range(at, len).is_none() {
            let left = self.source.size_bytes().saturating_sub(at);
            let ahead = usize::try_from(left).map_or(WINDOW_BYTES, |left| left.min(WINDOW_BYTES));
            self.bytes = self.source.bytes_at(at, len.max(ahead))?;
            self.at = at;
        }
        let range = self.range(at, len).ok_or(Unlisted::CutShort)?;
        self.bytes.get(range).ok_or(Unlisted::CutShort)
    }

    fn range(&self, at: u64, len: usize) -> Option<std::ops::Range<usize>> {
        let begin = usize::try_from(at.checked_sub(self.at)?).ok()?;
        let end = begin.checked_add(len)?;
        (end <= self.bytes.len()).then_some(begin..end)
    }
}

/// Numbers at fixed places, the low byte first.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> Result<u16, Unlisted> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Result<u32, Unlisted> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Unlisted> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or(Unlisted::CutShort)
    }
}

const GAP: Unlisted = Unlisted::Strange("some bytes belong to no file, or to two");
/// Only archives of 4 GiB or 65,535 files need it, and neither is listed.
const LARGE: Unlisted = Unlisted::Strange("it is in the form for large archives (zip64)");

const END_MAGIC: &[u8] = b"PK\x05\x06";
const LOCATOR_MAGIC: &[u8] = b"PK\x06\x07";
const MEMBER_MAGIC: &[u8] = b"PK\x01\x02";
const HEADER_MAGIC: &[u8] = b"PK\x03\x04";
const BEHIND_MAGIC: &[u8] = b"PK\x07\x08";

const END_BYTES: usize = 22;
/// With the longest comment.
const END_BYTES_MAX: usize = END_BYTES + 0xffff;
const LOCATOR_BYTES: usize = 20;
const MEMBER_BYTES: usize = 46;
const HEADER_BYTES: usize = 30;
const SIZES_BYTES: usize = 12;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const FLAG_SIZES_BEHIND: u16 = 1 << 3;
const FLAG_UTF8: u16 = 1 << 11;
/// Bits 1 and 2 say how hard the packer tried.
const FLAGS_KNOWN: u16 = 0b110 | FLAG_SIZES_BEHIND | FLAG_UTF8;

const MODE_TYPE: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_DIRECTORY: u32 = 0o040_000;
const MODE_LINK: u32 = 0o120_000;
const DOS_DIRECTORY: u32 = 0x10;

/// NTFS times; Unix times and owners in four forms; the mark of a jar; padding of office programs
/// and of Android. Not here, above all: 0x7075, another name.
const EXTRA_KNOWN: [u16; 8] = [
    0x000a, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe, 0xa220, 0xd935,
];

/// Longest target of a symbolic link, as Linux has it.
const LINK_BYTES_MAX: u32 = 4096;
/// How much is unpacked at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// How much is read at a time.
const WINDOW_BYTES: usize = 128 * 1024;
