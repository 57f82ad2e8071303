//! How much of what is shown arrives, from the answers of the other machine.

use std::collections::VecDeque;

/// The answers about one pack, as far as they are about what was shown lately.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Sheets shown so far.
    sheet_count: u64,
    /// At an answer: sheets shown, symbols shown, symbols that were still needed.
    answers: VecDeque<(u64, u64, u32)>,
}

impl Heard {
    /// One more sheet was shown.
    pub(crate) fn sheet(&mut self) {
        self.sheet_count = self.sheet_count.saturating_add(1);
        let oldest = self.sheet_count.saturating_sub(SHEETS_LATELY);
        while self
            .answers
            .front()
            .is_some_and(|(sheet, ..)| *sheet < oldest)
        {
            self.answers.pop_front();
        }
    }

    /// The other machine has said what it still needs.
    pub(crate) fn note(&mut self, shown_count: u64, needed: u32) {
        let newest = (self.sheet_count, shown_count, needed);
        // One filmed twice says nothing new.
        if self.answers.back() != Some(&newest) {
            self.answers.push_back(newest);
        }
        while self.answers.len() > ANSWERS_MAX {
            self.answers.pop_front();
        }
    }

    /// How many of a hundred symbols arrived between the oldest and the newest of these answers;
    /// `None` where they are too few to tell.
    pub(crate) fn percent(&self) -> Option<u8> {
        let (first_sheet, first_shown, first_needed) = self.answers.front()?;
        let (last_sheet, last_shown, last_needed) = self.answers.back()?;
        if last_sheet.saturating_sub(*first_sheet) < SHEETS_MIN {
            return None;
        }
        let arrived = u64::from(first_needed.saturating_sub(*last_needed));
        let shown = last_shown.saturating_sub(*first_shown);
        let percent = arrived.saturating_mul(100).checked_div(shown)?;
        Some(u8::try_from(percent.min(100)).unwrap_or(100))
    }
}

/// Two to four seconds.
const SHEETS_LATELY: u64 = 40;
/// Fewer are chance.
const SHEETS_MIN: u64 = 12;
const ANSWERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows sheets of three symbols, of which some arrive, with an answer after each.
    fn heard(sheets: u64, arrived_of_three: u32) -> Heard {
        let mut heard = Heard::default();
        let mut needed = 1_000;
        for sheet in 1..=sheets {
            heard.sheet();
            needed -= arrived_of_three;
            heard.note(3 * sheet, needed);
        }
        heard
    }

    #[test]
    fn what_arrives_is_told_in_percent() {
        assert_eq!(heard(30, 3).percent(), Some(100));
        assert_eq!(heard(30, 1).percent(), Some(33));
        assert_eq!(heard(30, 0).percent(), Some(0));
    }

    #[test]
    fn few_answers_tell_nothing() {
        assert_eq!(heard(5, 3).percent(), None);
        assert_eq!(Heard::default().percent(), None);
    }

    #[test]
    fn a_machine_that_no_longer_answers_is_no_longer_heard() {
        let mut heard = heard(30, 3);
        (0..50).for_each(|_| heard.sheet());
        assert_eq!(heard.percent(), None);
    }
}
