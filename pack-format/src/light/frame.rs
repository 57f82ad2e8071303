//! A frame: the payload of one code, with some symbols of one transfer.

use thiserror::Error;

use crate::codec::{DecodeError, Reader, Writer};
use crate::limits::{FRAME_BYTES_MAX, PART_EXPONENT_MAX};

use super::CRC;
use super::layout::Layout;
use super::transfer::{Kind, TransferId};
use super::walk::Walk;

/// Why the payload of a code is not a frame or an answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It begins like nothing of ours: somebody else's code.
    #[error("not a code of a crossing by light")]
    NotOurs,
    /// A newer version made it.
    #[error("a code of version {found}; this program reads version {VERSION}")]
    Newer {
        /// The version it says.
        found: u8,
    },
    /// It was cut, misread or altered: its checksum is another.
    #[error("the checksum of the code is another")]
    Damaged,
    /// It arrived as it was made, and was made against the rules.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

/// What a frame says about its symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameParts {
    /// What is on its way.
    pub kind: Kind,
    /// Which transfer it is.
    pub transfer: TransferId,
    /// How the transfer is divided.
    pub layout: Layout,
    /// The pack is cut into parts of 2 to this power, in MiB; at most [`PART_EXPONENT_MAX`], and 0
    /// for what is no pack.
    pub part_exponent: u8,
    /// All symbols are of one block; otherwise they go round all blocks. False for a transfer of
    /// one block and for what is no pack.
    pub single_block: bool,
    /// The block of the first symbol.
    pub block: u8,
    /// The id of the first symbol; where symbols go round, the row in which it stands.
    pub first_symbol: u32,
    /// How many symbols the frame holds, from 1 on.
    pub count: u8,
}

impl FrameParts {
    /// Block and first symbol of the frame that goes on behind this one.
    #[must_use]
    pub fn following(&self) -> (u8, u32) {
        let mut walk = self.walk();
        walk.nth(usize::from(self.count).saturating_sub(1));
        let (block, row) = walk.settle().place();
        (block, u32::try_from(row).unwrap_or(u32::MAX))
    }

    /// Which symbols the frame holds: block and symbol id of each.
    pub fn places(&self) -> impl Iterator<Item = (u8, u32)> + use<> {
        self.walk().take(self.count.into())
    }

    fn walk(&self) -> Walk {
        Walk::new(
            &self.layout,
            self.single_block,
            self.block,
            self.first_symbol,
        )
    }

    fn flags(&self) -> u8 {
        let single_block = if self.single_block { SINGLE_BLOCK } else { 0 };
        single_block | (self.part_exponent & PART_EXPONENT_BITS)
    }

    /// The header without its checksum.
    fn header(&self) -> Vec<u8> {
        // A frame never begins at a place that has no symbol.
        let (block, row) = self.walk().settle().place();
        let total_bytes = u32::try_from(self.layout.total_bytes()).unwrap_or(u32::MAX);
        let mut writer = Writer::new();
        writer
            .u8(self.kind.mark())
            .u8((VERSION << 4) | self.flags())
            .u8(block)
            .u8(self.count)
            .u32(total_bytes)
            .u32(u32::try_from(row).unwrap_or(u32::MAX))
            .put(&self.transfer.0);
        writer.into_bytes()
    }

    fn read(reader: &mut Reader<'_>, kind: Kind) -> Result<Self, DecodeError> {
        let flags = reader.u8("flags")? & 0x0f;
        let block = reader.u8("block")?;
        let count = reader.u8("symbol count")?;
        let layout = Layout::new(reader.u32("bytes of the transfer")?.into())?;
        let first_symbol = reader.u32("first symbol")?;
        let transfer = TransferId(reader.take_array("transfer id")?);
        let parts = Self {
            kind,
            transfer,
            layout,
            part_exponent: flags & PART_EXPONENT_BITS,
            single_block: flags & SINGLE_BLOCK != 0,
            block,
            first_symbol,
            count,
        };
        parts.check()?;
        Ok(parts)
    }

    fn check(&self) -> Result<(), DecodeError> {
        let block_count = self.layout.block_count();
        if self.part_exponent > PART_EXPONENT_MAX {
            return Err(DecodeError::Unknown { what: "part size" });
        }
        if self.kind != Kind::Pack && self.flags() != 0 {
            return Err(DecodeError::Unknown {
                what: "flags of what is no pack",
            });
        }
        let rules = [
            (
                self.single_block && block_count == 1,
                "the only block needs no flag",
            ),
            (self.block >= block_count, "there is no such block"),
            (self.count == 0, "the frame holds no symbol"),
        ];
        if let Some((_, what)) = rules.into_iter().find(|(is_broken, _)| *is_broken) {
            return Err(DecodeError::Rule { what });
        }
        let walk = self.walk();
        walk.check(self.count)?;
        if walk.is_left_out() {
            return Err(DecodeError::Rule {
                what: "the frame begins where the last block has no symbol",
            });
        }
        Ok(())
    }
}

/// A frame that obeys every rule and has the checksum it says. Who made it is not known.
///
/// Spec: spec/light.md, "Frame".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    parts: FrameParts,
    symbols: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the payload of one code.
    ///
    /// # Errors
    /// [`FrameError::NotOurs`] for anybody else's code and for an answer, [`FrameError::Newer`] for
    /// one of a version to come, [`FrameError::Damaged`] where the checksum differs or is not
    /// there, [`FrameError::Malformed`] for a frame that was made against the rules.
    pub fn parse(payload: &'a [u8]) -> Result<Self, FrameError> {
        let mark = payload.first().copied().and_then(Kind::from_mark);
        let kind = mark.ok_or(FrameError::NotOurs)?;
        check_version(payload)?;
        let (header, rest) = payload
            .split_first_chunk::<CHECKED_HEADER_BYTES>()
            .ok_or(FrameError::Damaged)?;
        let (crc, symbols) = rest.split_first_chunk::<4>().ok_or(FrameError::Damaged)?;
        if checksum(header, symbols) != u32::from_be_bytes(*crc) {
            return Err(FrameError::Damaged);
        }
        if payload.len() > FRAME_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "frame",
                found: payload.len() as u64,
                limit: FRAME_BYTES_MAX as u64,
            }
            .into());
        }
        let mut reader = Reader::new(header);
        reader.u8("mark")?;
        let parts = FrameParts::read(&mut reader, kind)?;
        let mut reader = Reader::new(symbols);
        let symbols_bytes = usize::from(parts.count) * parts.layout.symbol_bytes();
        let symbols = reader.take(symbols_bytes, "symbols")?;
        reader.finish("frame")?;
        Ok(Self { parts, symbols })
    }

    /// The payload of one code: the header of `parts` and the symbols that `write` makes of a
    /// block, a symbol id and a slice of zeros of the right length.
    ///
    /// The caller keeps to the rules of [`FrameParts`]; what does not is refused by
    /// [`Frame::parse`].
    #[must_use]
    pub fn build(parts: &FrameParts, mut write: impl FnMut(u8, u32, &mut [u8])) -> Vec<u8> {
        let symbol_bytes = parts.layout.symbol_bytes();
        let mut symbols = vec![0; usize::from(parts.count) * symbol_bytes];
        let places = parts.places().zip(symbols.chunks_exact_mut(symbol_bytes));
        for ((block, id), symbol) in places {
            write(block, id, symbol);
        }
        let mut frame = parts.header();
        let crc = checksum(&frame, &symbols);
        frame.extend_from_slice(&crc.to_be_bytes());
        frame.extend_from_slice(&symbols);
        frame
    }

    /// What the frame says about its symbols.
    #[must_use]
    pub fn parts(&self) -> &FrameParts {
        &self.parts
    }

    /// What is on its way.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// Which transfer it is; it proves nothing.
    #[must_use]
    pub fn transfer(&self) -> TransferId {
        self.parts.transfer
    }

    /// How the transfer is divided.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.parts.layout
    }

    /// The pack is cut into parts of 2 to this power, in MiB.
    #[must_use]
    pub fn part_exponent(&self) -> u8 {
        self.parts.part_exponent
    }

    /// The id of the first symbol, or the row in which it stands.
    #[must_use]
    pub fn first_symbol(&self) -> u32 {
        self.parts.first_symbol
    }

    /// The symbols: block, symbol id and content.
    #[must_use]
    pub fn symbols(&self) -> Symbols<'a> {
        Symbols {
            walk: self.parts.walk(),
            rest: self.symbols.chunks_exact(self.parts.layout.symbol_bytes()),
        }
    }
}

/// The symbols of a frame: block, symbol id and content. Made by [`Frame::symbols`].
#[derive(Clone, Debug)]
pub struct Symbols<'a> {
    walk: Walk,
    rest: std::slice::ChunksExact<'a, u8>,
}

impl<'a> Iterator for Symbols<'a> {
    type Item = (u8, u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let symbol = self.rest.next()?;
        let (block, id) = self.walk.next()?;
        Some((block, id, symbol))
    }
}

/// The second byte begins with the version in codes of every version, this one and those to come.
pub(super) fn check_version(payload: &[u8]) -> Result<(), FrameError> {
    match payload.get(1).map(|byte| byte >> 4) {
        None => Err(FrameError::Damaged),
        Some(VERSION) => Ok(()),
        Some(0) => Err(DecodeError::Unknown { what: "version" }.into()),
        Some(found) => Err(FrameError::Newer { found }),
    }
}

fn checksum(header: &[u8], symbols: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(header);
    digest.update(symbols);
    digest.finalize()
}

/// Bytes in front of the symbols of a frame.
pub const FRAME_HEADER_BYTES: usize = CHECKED_HEADER_BYTES + 4;
/// Most symbols in a frame, by the width of their count.
pub(super) const SYMBOLS_IN_FRAME_MAX: usize = u8::MAX as usize;
pub(super) const VERSION: u8 = 1;
const CHECKED_HEADER_BYTES: usize = 16;
const SINGLE_BLOCK: u8 = 0b1000;
const PART_EXPONENT_BITS: u8 = 0b0111;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(total_bytes: u64) -> FrameParts {
        FrameParts {
            kind: Kind::Pack,
            transfer: TransferId([9; 4]),
            layout: Layout::new(total_bytes).unwrap(),
            part_exponent: 0,
            single_block: false,
            block: 0,
            first_symbol: 0,
            count: 1,
        }
    }

    fn built(parts: &FrameParts) -> Vec<u8> {
        Frame::build(parts, |_, _, symbol| symbol.fill(7))
    }

    #[test]
    fn what_is_not_ours_is_told_from_what_is_newer_and_what_is_damaged() {
        let frame = built(&parts(100));
        let parse = |payload: &[u8]| Frame::parse(payload).unwrap_err();
        assert_eq!(parse(b""), FrameError::NotOurs);
        assert_eq!(parse(b"WIFI:S:net;T:WPA;P:secret;;"), FrameError::NotOurs);
        assert_eq!(parse(&[0xcb, 0x10]), FrameError::NotOurs);
        let mut newer = frame.clone();
        newer[1] += 0x10;
        assert_eq!(parse(&newer), FrameError::Newer { found: 2 });
        for len in [1, 2, 19, 20, frame.len() - 1] {
            assert_eq!(parse(&frame[..len]), FrameError::Damaged, "{len}");
        }
    }

    #[test]
    fn a_frame_against_the_rules_is_refused() {
        let of = |change: fn(&mut FrameParts)| {
            let mut parts = parts(3 << 20);
            change(&mut parts);
            Frame::parse(&built(&parts)).map(|frame| *frame.parts())
        };
        let refused = |change| matches!(of(change), Err(FrameError::Malformed(_)));
        assert!(of(|_| ()).is_ok());
        assert!(of(|it| it.single_block = true).is_ok());
        assert!(refused(|it| it.part_exponent = 7));
        assert!(refused(|it| it.block = 3));
        assert!(refused(|it| it.count = 0));
        assert!(refused(|it| it.count = 7), "longer than a code holds");
        assert!(refused(|it| it.first_symbol = 1 << 31));
        assert!(refused(|it| (it.kind, it.part_exponent) = (Kind::Card, 1)));
        assert!(refused(
            |it| (it.kind, it.single_block) = (Kind::Pairing, true)
        ));
        assert!(refused(
            |it| (it.layout, it.single_block) = (parts(1).layout, true)
        ));
    }

    #[test]
    fn what_follows_goes_on_where_a_frame_ends() {
        let mut parts = parts((3 << 20) + 1);
        let mut places = Vec::new();
        for count in [1, 2, 3, 5] {
            parts.count = count;
            places.extend(parts.places());
            (parts.block, parts.first_symbol) = parts.following();
        }
        let walk = Walk::new(&parts.layout, false, 0, 0);
        assert!(walk.take(11).eq(places));
    }
}
