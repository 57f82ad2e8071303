//! Hands things from some threads to others, a bounded number at a time.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What happens to a thing when there is no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// The oldest thing makes room: what is live is worth less the older it is.
    DropOldest,
    /// Whoever brings it waits: nothing may be lost.
    Wait,
}

/// A queue with a bound on the weight of what lies in it.
pub(super) struct HandOver<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    weight_max: usize,
    when_full: WhenFull,
}

struct State<T> {
    queue: VecDeque<(T, usize)>,
    weight: usize,
    is_closed: bool,
}

/// What came of waiting for the next thing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<T> {
    Thing(T),
    /// Nothing came in time.
    TimedOut,
    /// Nothing is left, and nothing more will come.
    Closed,
}

impl<T> HandOver<T> {
    pub(super) fn new(weight_max: usize, when_full: WhenFull) -> Self {
        Self {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                weight: 0,
                is_closed: false,
            }),
            changed: Condvar::new(),
            weight_max,
            when_full,
        }
    }

    /// Puts a thing in and says how many older ones were dropped for it.
    ///
    /// A thing heavier than the bound is taken when it is alone. After closing, nothing is.
    pub(super) fn put(&self, thing: T, weight: usize) -> u64 {
        let mut dropped_count = 0;
        let mut state = self.lock();
        while !state.is_closed && !state.has_room(weight, self.weight_max) {
            match self.when_full {
                WhenFull::DropOldest => {
                    state.pop();
                    dropped_count += 1;
                }
                WhenFull::Wait => {
                    let waited = self.changed.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        if !state.is_closed {
            state.queue.push_back((thing, weight));
            state.weight = state.weight.saturating_add(weight);
        }
        self.changed.notify_all();
        dropped_count
    }

    /// Takes the oldest thing, as soon as there is one.
    pub(super) fn take(&self, longest: Duration) -> Taken<T> {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            if let Some(thing) = state.pop() {
                self.changed.notify_all();
                return Taken::Thing(thing);
            }
            if state.is_closed {
                return Taken::Closed;
            }
            let left = longest.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Taken::TimedOut;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes nothing more in; what lies there can still be taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Nothing here can be half done when a thread panics, so the lock is never given up.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn has_room(&self, weight: usize, weight_max: usize) -> bool {
        self.queue.is_empty() || self.weight.saturating_add(weight) <= weight_max
    }

    fn pop(&mut self) -> Option<T> {
        let (thing, weight) = self.queue.pop_front()?;
        self.weight = self.weight.saturating_sub(weight);
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    const SOON: Duration = Duration::from_millis(5);

    #[test]
    fn oldest_makes_room_where_things_are_live() {
        let hand_over = HandOver::new(2, WhenFull::DropOldest);
        let dropped: u64 = (0..5).map(|thing| hand_over.put(thing, 1)).sum();
        assert_eq!(dropped, 3);
        assert_eq!(hand_over.take(SOON), Taken::Thing(3));
        assert_eq!(hand_over.take(SOON), Taken::Thing(4));
        assert_eq!(hand_over.take(SOON), Taken::TimedOut);
    }

    #[test]
    fn nothing_is_dropped_where_things_can_wait() {
        let hand_over = Arc::new(HandOver::new(2, WhenFull::Wait));
        let bringing = Arc::clone(&hand_over);
        let bringer = thread::spawn(move || {
            let dropped: u64 = (0..100).map(|thing| bringing.put(thing, 1)).sum();
            bringing.close();
            dropped
        });
        let long = Duration::from_secs(60);
        for expected in 0..100 {
            assert_eq!(hand_over.take(long), Taken::Thing(expected));
        }
        assert_eq!(hand_over.take(long), Taken::Closed);
        assert_eq!(bringer.join().unwrap(), 0);
    }

    #[test]
    fn closing_frees_whoever_waits_to_put_something_in() {
        let hand_over = Arc::new(HandOver::new(1, WhenFull::Wait));
        hand_over.put(1, 1);
        let bringing = Arc::clone(&hand_over);
        let bringer = thread::spawn(move || bringing.put(2, 1));
        hand_over.close();
        assert_eq!(bringer.join().unwrap(), 0);
        assert_eq!(hand_over.take(SOON), Taken::Thing(1));
        assert_eq!(hand_over.take(SOON), Taken::Closed);
    }

    #[test]
    fn heavy_thing_passes_alone() {
        let hand_over = HandOver::new(10, WhenFull::DropOldest);
        hand_over.put("light", 1);
        assert_eq!(hand_over.put("heavy", 100), 1);
        assert_eq!(hand_over.take(SOON), Taken::Thing("heavy"));
    }
}
