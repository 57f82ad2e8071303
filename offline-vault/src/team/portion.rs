//! How much content is opened at once.
//!
//! An author decides how well content is compressed and about how many items it is, so that a
//! small bundle can make very much work. What exceeds one portion stays sealed in the vault, and
//! every crossing opens a portion more. Spec: spec/store.md, "Spaces".

use std::collections::{BTreeMap, VecDeque};

use crate::clock::UnixTime;
use crate::limits::{OPENED_AT_ONCE_BYTES_MAX, OPENED_AT_ONCE_MAX};

/// What is left of the work that is done at once.
pub(super) struct Portion {
    steps: u64,
    bytes: u64,
}

impl Portion {
    /// For what one bundle brings, or what is caught up with at one crossing.
    pub(super) fn new() -> Self {
        Self {
            steps: STEPS_AT_ONCE_MAX,
            bytes: OPENED_AT_ONCE_BYTES_MAX,
        }
    }

    /// For what this vault wrote itself: it is opened whatever it takes.
    pub(super) fn unlimited() -> Self {
        Self {
            steps: u64::MAX,
            bytes: u64::MAX,
        }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.steps == 0 || self.bytes == 0
    }

    /// Content of so many operations was opened.
    pub(super) fn open(&mut self, operations: usize, bytes: usize) {
        let steps = (operations as u64).saturating_mul(STEPS_OF_OPENED);
        self.steps = self.steps.saturating_sub(steps);
        self.bytes = self.bytes.saturating_sub(bytes as u64);
    }

    /// So many operations were there before, of an item that is worked out again.
    pub(super) fn fold(&mut self, operations: u64, bytes: u64) {
        self.steps = self.steps.saturating_sub(operations);
        self.bytes = self.bytes.saturating_sub(bytes / STEPS_OF_OPENED);
    }
}

/// Orders what several wrote so that each has its turn, and nobody who writes very much keeps the
/// others' work from being opened.
pub(super) fn in_turn<K: Ord, T>(of_each: impl IntoIterator<Item = (K, T)>, turn: u32) -> Vec<T> {
    let mut by_author: BTreeMap<K, VecDeque<T>> = BTreeMap::new();
    for (who, what) in of_each {
        by_author.entry(who).or_default().push_back(what);
    }
    let mut queues: Vec<VecDeque<T>> = by_author.into_values().collect();
    let first = usize::try_from(turn).unwrap_or(0);
    let count = queues.len().max(1);
    queues.rotate_left(first.checked_rem(count).unwrap_or(0));
    let mut ordered = Vec::new();
    while !queues.is_empty() {
        queues.retain_mut(|queue| {
            ordered.extend(queue.pop_front());
            !queue.is_empty()
        });
    }
    ordered
}

/// Whose turn is first at this time: another one's with each crossing, so that nobody whose single
/// segment takes a whole portion is first for ever.
pub(super) fn turn(now: UnixTime) -> u32 {
    u32::try_from(now.to_secs() % u64::from(u16::MAX)).unwrap_or(0)
}

/// Storing an operation takes as long as reading so many stored ones.
const STEPS_OF_OPENED: u64 = 8;
/// Stored operations whose reading uses a portion up.
pub(super) const STEPS_AT_ONCE_MAX: u64 = OPENED_AT_ONCE_MAX * STEPS_OF_OPENED;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn() {
        let written = [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'd'), (3, 'e'), (3, 'f')];
        assert_eq!(in_turn(written, 0), ['a', 'd', 'e', 'b', 'f', 'c']);
        assert_eq!(in_turn(written, 4), ['d', 'e', 'a', 'f', 'b', 'c']);
        assert!(in_turn(Vec::<(u8, u8)>::new(), 7).is_empty());
    }

    #[test]
    fn a_portion_is_used_up_by_operations_by_bytes_and_by_old_ones() {
        let operations = usize::try_from(OPENED_AT_ONCE_MAX).unwrap();
        let bytes = usize::try_from(OPENED_AT_ONCE_BYTES_MAX).unwrap();
        for (opened, bytes) in [(operations, 0), (0, bytes)] {
            let mut portion = Portion::new();
            portion.open(opened.saturating_sub(1), bytes.saturating_sub(1));
            assert!(!portion.is_used_up());
            portion.open(1, 1);
            assert!(portion.is_used_up());
        }
        let mut portion = Portion::new();
        portion.fold(OPENED_AT_ONCE_MAX * STEPS_OF_OPENED, 0);
        assert!(portion.is_used_up());
        assert!(!Portion::unlimited().is_used_up());
    }
}
