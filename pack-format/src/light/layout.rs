//! How the bytes of a transfer are divided into blocks and symbols.

use crate::codec::DecodeError;
use crate::limits::{BLOCKS_MAX, FRAME_BYTES_MAX, SOURCE_SYMBOLS_MAX, TRANSFER_BYTES_MAX};

use super::frame::{FRAME_HEADER_BYTES, SYMBOLS_IN_FRAME_MAX};

/// How a transfer is divided: blocks of [`BLOCK_BYTES`] and a last one with the rest, each of
/// symbols of one size. It follows from the length alone.
///
/// Spec: spec/light.md, "Blocks and symbols".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    total_bytes: u32,
}

impl Layout {
    /// The layout of a transfer of `total_bytes`, from 1 to [`TRANSFER_BYTES_MAX`].
    ///
    /// # Errors
    /// [`DecodeError::Rule`] for no bytes at all, [`DecodeError::OverLimit`] for too many.
    pub fn new(total_bytes: u64) -> Result<Self, DecodeError> {
        let over_limit = DecodeError::OverLimit {
            what: "bytes of the transfer",
            found: total_bytes,
            limit: TRANSFER_BYTES_MAX,
        };
        if total_bytes == 0 {
            return Err(DecodeError::Rule {
                what: "the transfer has no bytes",
            });
        }
        if total_bytes > TRANSFER_BYTES_MAX {
            return Err(over_limit);
        }
        let total_bytes = u32::try_from(total_bytes).map_err(|_| over_limit)?;
        Ok(Self { total_bytes })
    }

    /// Length of the whole transfer.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes.into()
    }

    /// Length of each symbol: small where the transfer is, so that a terminal can show one.
    #[must_use]
    pub fn symbol_bytes(&self) -> usize {
        if self.total_bytes() <= TRANSFER_BYTES_SMALL {
            SYMBOL_BYTES_SMALL
        } else {
            SYMBOL_BYTES
        }
    }

    /// How many blocks there are, from 1 to [`BLOCKS_MAX`].
    #[must_use]
    pub fn block_count(&self) -> u8 {
        u8::try_from(self.total_bytes().div_ceil(BLOCK_BYTES)).unwrap_or(BLOCKS_MAX)
    }

    /// Where block `block` begins in the transfer and how long it is; nothing at the end for one
    /// that does not exist.
    #[must_use]
    pub fn block(&self, block: u8) -> (u64, u64) {
        let start = (u64::from(block) * BLOCK_BYTES).min(self.total_bytes());
        (start, BLOCK_BYTES.min(self.total_bytes() - start))
    }

    /// `K`: how many symbols block `block` consists of, the last padded with zeros; at most
    /// [`SOURCE_SYMBOLS_MAX`].
    #[must_use]
    pub fn source_symbols(&self, block: u8) -> u32 {
        let (_, len) = self.block(block);
        let count = len.div_ceil(self.symbol_bytes() as u64);
        u32::try_from(count).unwrap_or(SOURCE_SYMBOLS_MAX)
    }

    /// How many symbols the transfer consists of.
    #[must_use]
    pub fn source_symbols_in_all(&self) -> u32 {
        let counts = (0..self.block_count()).map(|block| self.source_symbols(block));
        counts.fold(0, u32::saturating_add)
    }
}

/// How many symbols fit a code of `payload_bytes`: 0 where not one does, at most 255.
#[must_use]
pub fn symbols_in_frame(layout: &Layout, payload_bytes: usize) -> usize {
    let room = payload_bytes.min(FRAME_BYTES_MAX);
    let room = room.saturating_sub(FRAME_HEADER_BYTES);
    (room / layout.symbol_bytes()).min(SYMBOLS_IN_FRAME_MAX)
}

/// Up to this length, symbols are small.
pub const TRANSFER_BYTES_SMALL: u64 = 128 << 10;
/// Bytes of each block but the last. One of them takes a tenth of a second to put together; larger
/// ones take longer by the square.
pub const BLOCK_BYTES: u64 = 1 << 20;
/// Bytes of a symbol of a small transfer: a code with one fits a terminal of 80 by 24.
pub const SYMBOL_BYTES_SMALL: usize = 60;
/// Bytes of a symbol of any other transfer.
pub const SYMBOL_BYTES: usize = 480;

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;

    fn of(total_bytes: u64) -> (usize, u8, u32) {
        let layout = Layout::new(total_bytes).unwrap();
        let last = layout.block_count() - 1;
        (
            layout.symbol_bytes(),
            layout.block_count(),
            layout.source_symbols(last),
        )
    }

    #[test]
    fn a_transfer_is_divided_by_its_length_alone() {
        assert_eq!(of(1), (60, 1, 1));
        assert_eq!(of(60), (60, 1, 1));
        assert_eq!(of(61), (60, 1, 2));
        assert_eq!(of(128 * KIB), (60, 1, 2185));
        assert_eq!(of(128 * KIB + 1), (480, 1, 274));
        assert_eq!(of(MIB), (480, 1, 2185));
        assert_eq!(of(MIB + 1), (480, 2, 1));
        assert_eq!(of(64 * MIB), (480, 64, 2185));
    }

    #[test]
    fn blocks_cover_a_transfer_without_gaps() {
        for total_bytes in [1, MIB, MIB + 1, 3 * MIB + 7, 64 * MIB] {
            let layout = Layout::new(total_bytes).unwrap();
            let mut end = 0;
            for block in 0..layout.block_count() {
                let (start, len) = layout.block(block);
                assert_eq!(start, end);
                assert!(len > 0);
                end += len;
            }
            assert_eq!(end, total_bytes);
            assert_eq!(layout.block(layout.block_count()), (total_bytes, 0));
        }
    }

    #[test]
    fn a_transfer_of_nothing_or_over_64_mib_is_refused() {
        assert!(matches!(Layout::new(0), Err(DecodeError::Rule { .. })));
        for over in [64 * MIB + 1, 1 << 32, (1 << 32) + 5, u64::MAX] {
            let refused = Layout::new(over);
            assert!(matches!(refused, Err(DecodeError::OverLimit { .. })));
        }
    }

    #[test]
    fn whole_symbols_are_counted_into_codes() {
        let large = Layout::new(MIB).unwrap();
        let counts = [0, 20, 499, 520, 1003, 1465, 1952, 2431, 2953, 60_000];
        let counts = counts.map(|payload_bytes| symbols_in_frame(&large, payload_bytes));
        assert_eq!(counts, [0, 0, 0, 1, 2, 3, 4, 5, 6, 6]);
        let small = Layout::new(100).unwrap();
        assert_eq!(symbols_in_frame(&small, 106), 1);
        assert_eq!(symbols_in_frame(&small, 2953), 48);
    }
}
