//! The words of one picture of the window, made from the state.

use std::fmt::Write as _;

use pack_format::shown::Shown;

use crate::state::State;

/// What stands beside the codes.
#[derive(Debug, PartialEq)]
pub(crate) struct Words {
    pub(crate) headline: String,
    /// Each with how much of it is done, from 0 to 1.
    pub(crate) progress: Vec<(String, f32)>,
    pub(crate) lines: Vec<String>,
    pub(crate) density: String,
    pub(crate) refusal: Option<&'static str>,
}

impl Words {
    pub(crate) fn of(state: &State) -> Self {
        let status = &state.status;
        let incoming = status.incoming.map(arrived);
        let outgoing = status.outgoing.map(shown);
        let lines = status.lines.iter().map(|line| Shown(line).to_string());
        let notice = state.notice.map(str::to_owned);
        Self {
            headline: Shown(&status.headline).to_string(),
            progress: incoming.into_iter().chain(outgoing).collect(),
            lines: lines.chain(notice).collect(),
            density: state.density().to_string(),
            refusal: state.refusal,
        }
    }

    /// For a reader of the screen, in place of the codes, which mean nothing to it.
    pub(crate) fn of_codes(&self) -> String {
        let mut text = format!("Codes for a camera: {}.", self.density);
        for (label, _) in &self.progress {
            // Writing to a string cannot fail.
            let _ = write!(text, " {label}.");
        }
        text
    }
}

fn arrived((done, needed): (u64, u64)) -> (String, f32) {
    (
        format!("Arrived: {done} of {needed} pieces"),
        fraction(done, needed),
    )
}

/// More pieces than needed are shown as long as the other side has not said that it has all.
fn shown((done, needed): (u64, u64)) -> (String, f32) {
    let label = if done > needed && needed > 0 {
        format!("Shown: all {needed} pieces, and {} more", done - needed)
    } else {
        format!("Shown: {done} of {needed} pieces")
    };
    (label, fraction(done, needed))
}

fn fraction(done: u64, needed: u64) -> f32 {
    let per_mille = done.saturating_mul(1_000).checked_div(needed).unwrap_or(0);
    f32::from(u16::try_from(per_mille.min(1_000)).unwrap_or(1_000)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use carriers::light::Status;

    use super::*;

    #[test]
    fn words_count_pieces_and_hide_nothing_that_steers() {
        let state = State {
            status: Status {
                headline: "To \u{202e}Amina\u{7}".to_owned(),
                lines: vec!["One more".to_owned()],
                outgoing: Some((312, 874)),
                incoming: Some((40, 40)),
                ..Status::default()
            },
            notice: Some("Move the mouse"),
            ..State::default()
        };
        let words = Words::of(&state);
        assert_eq!(words.headline, "To \\u{202e}Amina\\u{7}");
        assert_eq!(words.lines, ["One more", "Move the mouse"]);
        assert_eq!(
            words.progress[0],
            ("Arrived: 40 of 40 pieces".to_owned(), 1.0)
        );
        assert_eq!(words.progress[1].0, "Shown: 312 of 874 pieces");
        assert!(words.of_codes().ends_with("Shown: 312 of 874 pieces."));
    }

    #[test]
    fn more_than_all_pieces_are_said_to_be_more() {
        assert_eq!(shown((900, 874)).0, "Shown: all 874 pieces, and 26 more");
        assert_eq!(shown((0, 0)), ("Shown: 0 of 0 pieces".to_owned(), 0.0));
        assert_eq!(fraction(u64::MAX, 1), 1.0);
    }
}
