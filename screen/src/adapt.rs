//! Finds the density that the other machine can read, from what it says it got.
//!
//! Nobody should have to find a slider: as long as the person has not chosen, a window whose
//! codes are read goes one step up, and one whose codes are missed goes back and stays below.

use carriers::light::Density;

/// What was tried so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Adapt {
    /// Sheets since the density changed.
    sheets: u32,
    /// Sheets since the other machine was last heard of, if it ever was.
    silence: Option<u32>,
    /// This was too dense.
    too_dense: Option<Density>,
}

impl Adapt {
    /// The density for the next sheet. `heard_percent` is how much of what was shown lately has
    /// arrived; `has_room` says whether a density fits the window.
    pub(crate) fn next(
        &mut self,
        density: Density,
        heard_percent: Option<u8>,
        has_room: impl Fn(Density) -> bool,
    ) -> Density {
        self.sheets = self.sheets.saturating_add(1);
        self.silence = match (heard_percent, self.silence) {
            (Some(_), _) => Some(0),
            (None, Some(sheets)) => Some(sheets.saturating_add(1)),
            (None, None) => None,
        };
        if self.sheets < SETTLE_SHEETS {
            return density;
        }
        let went_silent = self.silence.is_some_and(|sheets| sheets >= SETTLE_SHEETS);
        match heard_percent {
            Some(percent) if percent >= GOOD_PERCENT => {
                let denser = density.denser();
                if denser == density || self.too_dense == Some(denser) || !has_room(denser) {
                    return density;
                }
                self.sheets = 0;
                denser
            }
            Some(percent) if percent < BAD_PERCENT => self.step_back(density),
            None if went_silent => self.step_back(density),
            _ => density,
        }
    }

    fn step_back(&mut self, density: Density) -> Density {
        self.sheets = 0;
        self.silence = self.silence.map(|_| 0);
        self.too_dense = Some(density);
        density.coarser()
    }
}

/// Three seconds at twelve sheets a second: what is heard then is about this density.
const SETTLE_SHEETS: u32 = 36;

/// So much arrives where codes are read and only the shutter of the camera misses some.
const GOOD_PERCENT: u8 = 70;

/// Here one step down brings more than it costs: steps differ by half or less.
const BAD_PERCENT: u8 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows for a while to somebody who gets this much at each density.
    fn settle(sheets: u32, heard: impl Fn(Density) -> Option<u8>) -> Density {
        let mut adapt = Adapt::default();
        let mut density = Density::CALM;
        for _ in 0..sheets {
            density = adapt.next(density, heard(density), |_| true);
        }
        density
    }

    #[test]
    fn codes_that_are_read_grow_denser_step_by_step() {
        let densest = settle(36 * 20, |_| Some(95));
        assert_eq!(densest, densest.denser());
        assert_eq!(settle(36, |_| Some(95)), Density::CALM.denser());
    }

    #[test]
    fn what_was_too_dense_is_not_tried_again() {
        let best = Density::CALM.denser();
        let settled = settle(36 * 40, |it| Some(if it == best.denser() { 5 } else { 90 }));
        assert_eq!(settled, best);
    }

    #[test]
    fn codes_that_are_missed_grow_coarser() {
        let coarsest = settle(36 * 20, |_| Some(0));
        assert_eq!(coarsest, coarsest.coarser());
    }

    #[test]
    fn without_an_answer_it_stays_calm() {
        assert_eq!(settle(36 * 20, |_| None), Density::CALM);
    }

    #[test]
    fn a_machine_that_falls_silent_is_shown_coarser_codes() {
        let mut adapt = Adapt::default();
        let mut density = Density::CALM;
        for sheet in 0..200 {
            let heard = (sheet < 20).then_some(50);
            density = adapt.next(density, heard, |_| true);
        }
        assert_ne!(density, Density::CALM);
    }

    #[test]
    fn a_window_without_room_stays_as_it_is() {
        let mut adapt = Adapt::default();
        let mut density = Density::CALM;
        for _ in 0..200 {
            density = adapt.next(density, Some(95), |_| false);
        }
        assert_eq!(density, Density::CALM);
    }
}
