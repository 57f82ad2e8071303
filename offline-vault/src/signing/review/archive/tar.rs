//! The headers of a tar archive, as GNU tar, bsdtar and pax write them.
//!
//! Only what all of them read in the same way is taken: numbers in octal, one name for each file,
//! zeros alone behind the end.

use std::io::{self, Read};
use std::ops::Range;

use super::{Entries, Entry, Kind, Unlisted, pax};

/// Lists an archive, to the end of the stream.
pub(super) fn collect(mut stream: impl Read, entries: &mut Entries) -> Result<(), Unlisted> {
    let mut ahead = Ahead::default();
    loop {
        let block = next_block(&mut stream)?;
        if block.iter().all(|byte| *byte == 0) {
            ahead.must_be_nothing()?;
            return only_zeros(stream);
        }
        let header = Header::parse(&block)?;
        match header.type_flag {
            b'L' => {
                let name = long_name(&header, &mut stream)?;
                put(&mut ahead.name, name)?;
            }
            b'K' => {
                let target = long_name(&header, &mut stream)?;
                put(&mut ahead.target, target)?;
            }
            b'x' => {
                let said = pax::extended(&extension(&header, &mut stream)?)?;
                ahead.add(said)?;
            }
            b'g' => {
                ahead.must_be_nothing()?;
                pax::global(&extension(&header, &mut stream)?)?;
            }
            _ => {
                entries.push(entry(&header, std::mem::take(&mut ahead))?)?;
                skip(&mut stream, header.size_bytes)?;
            }
        }
    }
}

/// A plain header.
struct Header {
    name: Vec<u8>,
    target: Vec<u8>,
    mode: u32,
    size_bytes: u64,
    type_flag: u8,
}

impl Header {
    fn parse(block: &Block) -> Result<Self, Unlisted> {
        let counted = block.iter().enumerate().map(|(at, byte)| {
            let is_sum = CHECKSUM.contains(&at);
            u64::from(if is_sum { b' ' } else { *byte })
        });
        if number(field(block, CHECKSUM))? != counted.sum::<u64>() {
            return Err(Unlisted::Strange("a header whose sum is wrong"));
        }
        let is_zero = |range: Range<usize>| field(block, range).iter().all(|byte| *byte == 0);
        let prefix = match field(block, MAGIC) {
            b"ustar\x0000" if is_zero(BEHIND_PREFIX) => text(field(block, PREFIX)),
            b"ustar  \0" if is_zero(PREFIX) && is_zero(BEHIND_PREFIX) => &[],
            _ => return Err(Unlisted::Strange("a header in a form that is not in use")),
        };
        let mut name = prefix.to_vec();
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(text(field(block, NAME)));
        Ok(Self {
            name,
            target: text(field(block, TARGET)).to_vec(),
            mode: u32::try_from(number(field(block, MODE))?).unwrap_or(u32::MAX),
            size_bytes: number(field(block, SIZE))?,
            type_flag: block.get(TYPE_FLAG).copied().unwrap_or_default(),
        })
    }
}

/// What extension headers say of the file behind them.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size_bytes: Option<u64>,
    has_pax: bool,
}

impl Ahead {
    fn add(&mut self, said: pax::Extended) -> Result<(), Unlisted> {
        if std::mem::replace(&mut self.has_pax, true) {
            return Err(TWICE);
        }
        if let Some(path) = said.path {
            put(&mut self.name, path)?;
        }
        if let Some(target) = said.link_path {
            put(&mut self.target, target)?;
        }
        self.size_bytes = said.size_bytes;
        Ok(())
    }

    fn must_be_nothing(&self) -> Result<(), Unlisted> {
        let is_nothing = self.name.is_none() && self.target.is_none() && !self.has_pax;
        let why = Unlisted::Strange("an extension header without a file behind it");
        if is_nothing { Ok(()) } else { Err(why) }
    }
}

fn put(place: &mut Option<Vec<u8>>, name: Vec<u8>) -> Result<(), Unlisted> {
    match place.replace(name) {
        None => Ok(()),
        Some(_) => Err(TWICE),
    }
}

fn entry(header: &Header, ahead: Ahead) -> Result<Entry, Unlisted> {
    let name = ahead.name.unwrap_or_else(|| header.name.clone());
    let target = ahead.target.unwrap_or_else(|| header.target.clone());
    let kind = match header.type_flag {
        b'0' | b'7' | 0 if name.ends_with(b"/") => Kind::Directory,
        b'0' | b'7' | 0 => Kind::file(header.mode),
        b'1' => Kind::HardLink,
        b'2' => Kind::SymbolicLink,
        b'3' => Kind::CharacterDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Pipe,
        _ => return Err(Unlisted::Strange("a file of a type that is not in use")),
    };
    let is_file = matches!(kind, Kind::File | Kind::ExecutableFile | Kind::SetIdFile);
    let is_link = matches!(kind, Kind::HardLink | Kind::SymbolicLink);
    if name.is_empty() || is_link == target.is_empty() {
        return Err(Unlisted::Strange("a file without a name, or half a link"));
    }
    // Some skip so many bytes and some none.
    let is_other = ahead
        .size_bytes
        .is_some_and(|said| said != header.size_bytes);
    if is_other || !is_file && header.size_bytes != 0 {
        return Err(Unlisted::Strange("a file of two sizes"));
    }
    let target = is_link.then_some(target.as_slice());
    Ok(Entry::new(kind, header.size_bytes, &name, target))
}

/// The body of an extension header.
fn extension(header: &Header, stream: &mut impl Read) -> Result<Vec<u8>, Unlisted> {
    let len = usize::try_from(header.size_bytes).unwrap_or(usize::MAX);
    if len > EXTENSION_BYTES_MAX {
        return Err(Unlisted::Strange("an extension header that is too long"));
    }
    let mut body = vec![0; len.next_multiple_of(BLOCK_BYTES)];
    stream.read_exact(&mut body)?;
    body.truncate(len);
    Ok(body)
}

/// The name in an extension header of GNU tar: zero bytes may end it, and may not be in it.
fn long_name(header: &Header, stream: &mut impl Read) -> Result<Vec<u8>, Unlisted> {
    let mut name = extension(header, stream)?;
    let end = name.iter().rposition(|byte| *byte != 0);
    name.truncate(end.map_or(0, |last| last + 1));
    if name.is_empty() || name.contains(&0) {
        return Err(Unlisted::Strange("an extension header with half a name"));
    }
    Ok(name)
}

/// The next header, which is there: an archive has an end of its own.
fn next_block(stream: &mut impl Read) -> Result<Block, Unlisted> {
    let mut block = [0; BLOCK_BYTES];
    stream.read_exact(&mut block)?;
    Ok(block)
}

fn skip(stream: &mut impl Read, size_bytes: u64) -> Result<(), Unlisted> {
    let padded = size_bytes.next_multiple_of(BLOCK_BYTES as u64);
    let skipped = io::copy(&mut stream.take(padded), &mut io::sink())?;
    if skipped == padded {
        Ok(())
    } else {
        Err(Unlisted::CutShort)
    }
}

/// Some programs read on behind the end, and another archive may be there.
fn only_zeros(mut stream: impl Read) -> Result<(), Unlisted> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = stream.read(&mut piece)?;
        let bytes = piece.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(Unlisted::Strange("there is more behind its end"));
        }
    }
}

/// A number in octal, which zero bytes or blanks end. That it is empty means nought only when it
/// is all zero bytes.
fn number(field: &[u8]) -> Result<u64, Unlisted> {
    if field.iter().all(|byte| *byte == 0) {
        return Ok(0);
    }
    let begin = field.iter().position(|byte| *byte != b' ');
    let text = field.get(begin.unwrap_or_default()..).unwrap_or_default();
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'7');
    let len = text.iter().take_while(|byte| is_digit(byte)).count();
    let (digits, rest) = text.split_at_checked(len).unwrap_or_default();
    // A field has 12 digits at most: no overflow.
    let value = |value: u64, digit: &u8| (value << 3) | u64::from(digit - b'0');
    if len == 0 || rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return Err(Unlisted::Strange("a number that is not in octal"));
    }
    Ok(digits.iter().fold(0, value))
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn field(block: &Block, range: Range<usize>) -> &[u8] {
    block.get(range).unwrap_or_default()
}

type Block = [u8; BLOCK_BYTES];

const TWICE: Unlisted = Unlisted::Strange("a file whose name is given twice");

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const SIZE: Range<usize> = 124..136;
const CHECKSUM: Range<usize> = 148..156;
const TYPE_FLAG: usize = 156;
const TARGET: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
/// Times and maps of holes in the form of GNU tar; `star` has other things behind it.
const PREFIX: Range<usize> = 345..500;
const BEHIND_PREFIX: Range<usize> = 500..512;

const BLOCK_BYTES: usize = 512;
/// Longest extension header: sixteen times the longest path that Linux opens.
const EXTENSION_BYTES_MAX: usize = 64 * 1024;
/// How much is read at a time behind the end.
const PIECE_BYTES: usize = 64 * 1024;
