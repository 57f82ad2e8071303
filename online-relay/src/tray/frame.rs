//! What the head of a light frame says; the one place where the relay looks into a frame.
//!
//! Spec: spec/light.md, "Frames".

use pack_format::codec::Reader;

use super::TransferId;
use crate::limits::TRAY_FRAME_BYTES_MAX;

/// A frame of a pack, by its head: which symbols of which transfer it carries.
///
/// The checksum was right, which an accident does not manage; nothing is known about the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    /// The transfer it belongs to.
    pub(crate) transfer: TransferId,
    block: u32,
    first: u32,
    count: u32,
    /// All symbols are of `block`, instead of one of each block in turn.
    single: bool,
}

impl FrameHead {
    /// Reads a frame of a pack; `None` for anything else.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame);
        let mark = reader.u8(FRAME).ok()?;
        let flags = reader.u8(FRAME).ok()?;
        let block = u32::from(reader.u8(FRAME).ok()?);
        let count = u32::from(reader.u8(FRAME).ok()?);
        let total_bytes = reader.u32(FRAME).ok()?;
        let first = reader.u32(FRAME).ok()?;
        let id = reader.take_array(FRAME).ok()?;
        let checksum = reader.u32(FRAME).ok()?;
        let symbols = reader.take(reader.remaining(), FRAME).ok()?;
        let head = Self {
            transfer: TransferId { id, total_bytes },
            block,
            first,
            count,
            single: flags & SINGLE != 0,
        };
        let known = mark == PACK && flags >> 4 == VERSION && flags & CUT_EXPONENT <= CUT_MAX;
        let checked = crc32c([frame.get(..CHECKED_BYTES)?, symbols]) == checksum;
        (known && head.fits(symbols.len()) && frame.len() <= TRAY_FRAME_BYTES_MAX && checked)
            .then_some(head)
    }

    /// `(block, symbol id)` of each symbol in it.
    pub(crate) fn symbols(self) -> impl Iterator<Item = (u32, u32)> {
        let blocks = block_count(self.transfer.total_bytes);
        (0..self.count).map(move |at| {
            if self.single {
                (self.block, self.first.saturating_add(at))
            } else {
                // Both numbers are at most 255, and there is a block.
                let place = self.block.saturating_add(at);
                let turn = place.checked_div(blocks).unwrap_or(0);
                let block = place.checked_rem(blocks).unwrap_or(0);
                (block, self.first.saturating_add(turn))
            }
        })
    }

    /// Whether the numbers can be those of one frame.
    fn fits(self, symbols_len: usize) -> bool {
        let total = self.transfer.total_bytes;
        let blocks = block_count(total);
        let bytes = self.count.saturating_mul(symbol_bytes(total));
        (1..=TOTAL_BYTES_MAX).contains(&total)
            && self.count >= 1
            && self.block < blocks
            && !(self.single && blocks == 1)
            && self.first.checked_add(self.count).is_some()
            && usize::try_from(bytes) == Ok(symbols_len)
    }
}

/// How many symbols a transfer of this length is made of: no fewer can give it back.
pub(crate) fn needed_symbols(total_bytes: u32) -> u32 {
    let symbol = symbol_bytes(total_bytes);
    let full = total_bytes / BLOCK_BYTES;
    let rest = total_bytes % BLOCK_BYTES;
    full.saturating_mul(BLOCK_BYTES.div_ceil(symbol))
        .saturating_add(rest.div_ceil(symbol))
}

fn symbol_bytes(total_bytes: u32) -> u32 {
    if total_bytes <= SMALL_BYTES_MAX {
        60
    } else {
        480
    }
}

fn block_count(total_bytes: u32) -> u32 {
    total_bytes.div_ceil(BLOCK_BYTES)
}

/// CRC-32C (Castagnoli) over pieces that lie behind one another.
fn crc32c<const N: usize>(pieces: [&[u8]; N]) -> u32 {
    let mut crc = u32::MAX;
    for byte in pieces.into_iter().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (POLYNOMIAL * (crc & 1));
        }
    }
    !crc
}

const FRAME: &str = "light frame";
const PACK: u8 = 0xc8;
const VERSION: u8 = 1;
const SINGLE: u8 = 0b1000;
const CUT_EXPONENT: u8 = 0b0111;
const CUT_MAX: u8 = 6;
/// What stands before the checksum.
const CHECKED_BYTES: usize = 16;
const BLOCK_BYTES: u32 = 1024 * 1024;
const TOTAL_BYTES_MAX: u32 = 64 * BLOCK_BYTES;
const SMALL_BYTES_MAX: u32 = 128 * 1024;
/// Castagnoli's, with its bits in reverse.
const POLYNOMIAL: u32 = 0x82f6_3b78;
