//! In which order the symbols of several blocks follow each other.

use crate::codec::DecodeError;
use crate::limits::SYMBOL_ID_MAX;

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

    /// The rows of `count` places, and with them their ids, stay below the limit.
    pub(super) fn check(self, count: u8) -> Result<(), DecodeError> {
        let mut last = self;
        if let Some(before) = usize::from(count).checked_sub(2) {
            last.nth(before);
        }
        let found = last.settle().row;
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

/// A short last block has a share of `K + K / 32 + 16` symbols in the time in which the others
/// have theirs: a few of a small number are lost together more easily than of a large one.
const SPARE_SYMBOLS: u64 = 16;
const SPARE_DIVISOR: u64 = 32;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn layout(total_bytes: u64) -> Layout {
        Layout::new(total_bytes).unwrap()
    }

    fn first(total_bytes: u64, count: usize) -> Vec<(u8, u32)> {
        let walk = Walk::new(&layout(total_bytes), false, 0, 0);
        walk.take(count).collect()
    }

    #[test]
    fn one_block_is_walked_symbol_by_symbol() {
        assert_eq!(first(1000, 3), [(0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn full_blocks_have_their_turn_in_every_row() {
        assert_eq!(first(2 * MIB, 5), [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]);
    }

    #[test]
    fn a_block_alone_is_walked_symbol_by_symbol() {
        let walk = Walk::new(&layout(2 * MIB + 1), true, 2, 7);
        assert!(walk.take(3).eq([(2, 7), (2, 8), (2, 9)]));
    }

    #[test]
    fn a_short_last_block_takes_its_share_and_a_little_more() {
        for last_bytes in [1, 480, 48_000, MIB / 2, MIB - 480] {
            let layout = layout(3 * MIB + last_bytes);
            let walk = Walk::new(&layout, false, 0, 0);
            let mut counts = BTreeMap::new();
            for (block, id) in walk.take_while(|(_, id)| *id < 2185) {
                assert_eq!(*counts.entry(block).or_insert(0), id, "an id is left out");
                counts.insert(block, id + 1);
                if (block, id) == (2, 2184) {
                    break;
                }
            }
            let needed = layout.source_symbols(3);
            let spare = counts[&3] - needed;
            let allowed = needed / 32 + 16;
            assert!(spare <= allowed && (spare + 1 >= allowed || counts[&3] >= 2184));
        }
    }

    #[test]
    fn ids_end_at_their_limit() {
        for (total_bytes, row, count, is_refused) in [
            (100, SYMBOL_ID_MAX, 1, false),
            (100, SYMBOL_ID_MAX, 2, true),
            (100, SYMBOL_ID_MAX + 1, 1, true),
            (100, u32::MAX, 255, true),
            (3 * MIB, SYMBOL_ID_MAX, 3, false),
            (3 * MIB, SYMBOL_ID_MAX, 4, true),
        ] {
            let walk = Walk::new(&layout(total_bytes), false, 0, row);
            assert_eq!(walk.check(count).is_err(), is_refused, "{row} {count}");
        }
    }
}
