//! Decides when a person should hear that nothing is read.

use std::time::{Duration, Instant};

use super::Watched;
use crate::light::{Seen, Trouble};

/// What was seen while nothing was read.
pub(super) struct Hints {
    /// When there was last nothing to hint at: a code was read, or a hint was given.
    content_at: Option<Instant>,
    /// The trouble since then, which says more than that there was nothing.
    trouble: Option<(Trouble, f32)>,
}

impl Hints {
    /// `content_at`: from when on a hint is due after a while; without it the first is due at
    /// once, as for a file with a single picture.
    pub(super) fn new(content_at: Option<Instant>) -> Self {
        Self {
            content_at,
            trouble: None,
        }
    }

    /// Takes note of what was seen in one picture; returns what a person should hear now.
    pub(super) fn note(&mut self, seen: Seen, now: Instant) -> Option<Watched> {
        match seen {
            Seen::Codes(_) => {
                *self = Self::new(Some(now));
                return None;
            }
            Seen::Unreadable {
                trouble,
                module_pixels,
            } => self.trouble = Some((trouble, module_pixels)),
            Seen::Nothing => {}
        }
        let since = self.content_at.map(|at| now.saturating_duration_since(at));
        if since.is_some_and(|since| since < QUIET) {
            return None;
        }
        let trouble = self.trouble;
        *self = Self::new(Some(now));
        Some(match trouble {
            None => Watched::Nothing,
            Some((trouble, module_pixels)) => Watched::Unreadable {
                trouble,
                module_pixels,
            },
        })
    }
}

/// How long nothing is read before that is worth a word, and before the next.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const BLURRED: Seen = Seen::Unreadable {
        trouble: Trouble::Blurred,
        module_pixels: 4.0,
    };

    #[test]
    fn hint_comes_after_a_while_and_not_at_every_picture() {
        let now = Instant::now();
        let mut hints = Hints::new(Some(now));
        assert!(hints.note(Seen::Nothing, now + QUIET / 2).is_none());
        assert!(hints.note(Seen::Nothing, now + QUIET).is_some());
        assert!(hints.note(Seen::Nothing, now + QUIET * 3 / 2).is_none());
        assert!(hints.note(Seen::Nothing, now + QUIET * 2).is_some());
    }

    #[test]
    fn code_that_is_read_ends_the_trouble() {
        let now = Instant::now();
        let mut hints = Hints::new(Some(now));
        assert!(hints.note(BLURRED, now + QUIET / 2).is_none());
        assert!(hints.note(Seen::Codes(1), now + QUIET).is_none());
        assert!(hints.note(Seen::Nothing, now + QUIET).is_none());
        let hint = hints.note(Seen::Nothing, now + QUIET * 2);
        assert!(matches!(hint, Some(Watched::Nothing)));
    }

    #[test]
    fn trouble_says_more_than_nothing() {
        let now = Instant::now();
        let mut hints = Hints::new(Some(now));
        assert!(hints.note(BLURRED, now + QUIET / 2).is_none());
        let hint = hints.note(Seen::Nothing, now + QUIET);
        assert!(matches!(hint, Some(Watched::Unreadable { .. })));
    }

    #[test]
    fn first_hint_about_a_file_comes_at_once() {
        let hint = Hints::new(None).note(BLURRED, Instant::now());
        assert!(matches!(hint, Some(Watched::Unreadable { .. })));
    }
}
