//! Remembers for a moment what was read, because a camera sees every code several times.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    time::{Duration, Instant},
};

/// The payloads of the last moment, as hashes of 64 bits under a key of this process.
///
/// A payload that stays in view is new again after a moment, so that whoever waits for it sees
/// that it is still there.
#[derive(Default)]
pub(super) struct Recent {
    hasher: RandomState,
    seen_at: HashMap<u64, Instant>,
    /// The same hashes, the oldest first.
    order: VecDeque<(u64, Instant)>,
}

impl Recent {
    /// Takes note of a payload; says whether it is new.
    pub(super) fn note(&mut self, payload: &[u8], now: Instant) -> bool {
        self.forget_before(now);
        let hash = self.hasher.hash_one(payload);
        if self.seen_at.contains_key(&hash) {
            return false;
        }
        self.seen_at.insert(hash, now);
        self.order.push_back((hash, now));
        true
    }

    fn forget_before(&mut self, now: Instant) {
        while let Some((hash, seen_at)) = self.order.front() {
            let is_old = now.saturating_duration_since(*seen_at) >= MOMENT;
            if !is_old && self.order.len() < COUNT_MAX {
                return;
            }
            self.seen_at.remove(hash);
            self.order.pop_front();
        }
    }
}

/// How long a payload is not given a second time.
const MOMENT: Duration = Duration::from_secs(1);

/// More than six codes in each of sixty pictures.
const COUNT_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_is_new_once_in_a_moment() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        assert!(recent.note(b"a", now));
        assert!(!recent.note(b"a", now + MOMENT / 2));
        assert!(recent.note(b"b", now + MOMENT / 2));
        assert!(recent.note(b"a", now + MOMENT));
    }

    #[test]
    fn memory_stays_bounded() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        for number in 0..10_000_u32 {
            assert!(recent.note(&number.to_be_bytes(), now));
        }
        assert!(recent.seen_at.len() <= COUNT_MAX && recent.order.len() <= COUNT_MAX);
    }
}
