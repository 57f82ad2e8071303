//! In which order the symbols of several blocks follow each other.

use crate::codec::DecodeError;

use super::layout::Layout;

/// The places of the symbols of one frame: pairs of a block and a symbol id.
///
/// Frames go round the blocks row by row, so that a burst of missed codes costs each block a
/// little and none of them much. The last block may be shorter than the others; it is left out of
/// as many rows as keeps it from taking more than its share. Spec: spec/light.md, "Order".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    block_count: u8,
    /// Symbols of every block but the last.
    full: u64,
    /// Rows out of `full` in which the last block has a symbol.
    share: u64,
    single_block: bool,
    block: u8,
    row: u64,
}

impl Walk {
    /// A walk from `block` and `row` on: round all blocks, or in this one alone.
    pub(super) fn new(layout: &Layout, single_block: bool, block: u8, row: u32) -> Self {
        let block_count = layout.block_count();
        let full = u64::from(layout.source_symbols(0));
        let last = u64::from(layout.source_symbols(block_count.saturating_sub(1)));
        Self {
            block_count,
            full,
            share: full.min(last + last / SPARE_DIVISOR + SPARE_SYMBOLS),
            single_block,
            block,
            row: row.into(),
        }
    }

    /// Goes on to the next place that has a symbol, which may be this one.
    pub(super) fn settle(mut self) -> Self {
        while self.is_left_out() {
            self.step();
        }
        self
    }

    /// Block and row of this place.
    pub(super) fn place(&self) -> (u8, u64) {
        (self.block, self.row)
    }

    /// Whether the place is one of the last block in a row that leaves it out. Never two in a row:
    /// the block before it is there always, and in a transfer of one block nothing is left out.
    pub(super) fn is_left_out(&self) -> bool {
        self.has_share() && self.due(self.row + 1) == self.due(self.row)
    }

    fn symbol_id(&self) -> u64 {
        if self.has_share() {
            self.due(self.row)
        } else {
            self.row
        }
    }

    fn has_share(&self) -> bool {
        let is_last = self.block + 1 >= self.block_count;
        !self.single_block && is_last && self.share < self.full
    }

    /// How many symbols of the last block come before this row.
    fn due(&self, row: u64) -> u64 {
        row * self.share / self.full.max(1)
    }

    fn step(&mut self) {
        if self.single_block || self.block + 1 >= self.block_count {
            self.row += 1;
        }
        if !self.single_block {
            self.block = if self.block + 1 >= self.block_count {
                0
            } else {
                self.block + 1
            };
        }
    }

    /// The ids of the first and the last of `count` places stay below the limit.
    pub(super) fn check(self, count: u8) -> Result<(), DecodeError> {
        let mut end = self;
        end.nth(usize::from(count).saturating_sub(1));
        // The row bounds the id: it never is below it.
        let found = end.row.max(self.row);
        if found > u64::from(SYMBOL_ID_MAX) {
            return Err(DecodeError::OverLimit {
                what: "symbol id",
                found,
                limit: SYMBOL_ID_MAX.into(),
            });
        }
        Ok(())
    }
}

/// Never ends.
impl Iterator for Walk {
    type Item = (u8, u32);

    fn next(&mut self) -> Option<(u8, u32)> {
        *self = self.settle();
        let place = (
            self.block,
            u32::try_from(self.symbol_id()).unwrap_or(u32::MAX),
        );
        self.step();
        Some(place)
    }
}

/// Largest symbol id. No screen shows as many; below it no sum of ids overflows.
pub const SYMBOL_ID_MAX: u32 = (1 << 31) - 1;
/// A short last block has a share of `K + K / 32 + 16` symbols in the time in which the others
/// have theirs: a few of a small number are lost together more easily than of a large one.
const SPARE_SYMBOLS: u64 = 16;
const SPARE_DIVISOR: u64 = 32;
