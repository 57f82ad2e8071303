//! What a person can ask of the window, and the only place where that changes the state.

use crate::state::{Choice, State};

/// One wish of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Denser,
    Coarser,
    Faster,
    Slower,
    FullScreen,
    Stop,
}

impl Command {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Command; 6] = [
        Command::Denser,
        Command::Coarser,
        Command::Faster,
        Command::Slower,
        Command::FullScreen,
        Command::Stop,
    ];

    /// What it does and the keys for it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Command::Denser => "Denser: + or arrow up",
            Command::Coarser => "Coarser: − or arrow down",
            Command::Faster => "Faster: arrow right",
            Command::Slower => "Slower: arrow left",
            Command::FullScreen => "Full screen: F",
            Command::Stop => "Stop: Esc or Q",
        }
    }

    /// Carries it out.
    pub(crate) fn apply(self, state: &mut State) {
        state.refusal = None;
        let density = state.density();
        match self {
            Command::Denser => {
                let denser = density.denser();
                if denser == density {
                    state.refusal = Some(NOTHING_DENSER);
                } else if state.has_room(denser) {
                    state.density = Choice::Chosen(denser);
                } else {
                    state.refusal = Some(NO_ROOM);
                }
            }
            Command::Coarser => state.density = Choice::Chosen(density.coarser()),
            Command::Faster => state.density = at_rate(state.density, true),
            Command::Slower => state.density = at_rate(state.density, false),
            Command::FullScreen => state.is_full_screen = !state.is_full_screen,
            Command::Stop => state.is_stopped = true,
        }
    }
}

/// A choice of rate is none of density.
fn at_rate(choice: Choice, is_faster: bool) -> Choice {
    let change = |density: carriers::light::Density| {
        if is_faster {
            density.faster()
        } else {
            density.slower()
        }
    };
    match choice {
        Choice::Fitted(density) => Choice::Fitted(change(density)),
        Choice::Chosen(density) => Choice::Chosen(change(density)),
    }
}

const NOTHING_DENSER: &str = "There are no denser codes.";

const NO_ROOM: &str = "Denser codes need a larger window: press F for the full screen.";

#[cfg(test)]
mod tests {
    use carriers::light::Density;

    use super::*;
    use crate::state::Area;

    fn state(width: usize, height: usize) -> State {
        let mut state = State {
            area: Area { width, height },
            ..State::default()
        };
        state.fit();
        state
    }

    #[test]
    fn denser_goes_as_far_as_the_window_allows_and_says_so() {
        let mut state = state(600, 600);
        for _ in 0..20 {
            Command::Denser.apply(&mut state);
        }
        assert!(state.has_room(state.density()));
        assert!(!state.has_room(state.density().denser()));
        assert_eq!(state.refusal, Some(NO_ROOM));
        Command::Coarser.apply(&mut state);
        assert_eq!(state.refusal, None);
    }

    #[test]
    fn chosen_density_gives_way_only_where_it_does_not_fit() {
        let mut state = state(1_600, 900);
        Command::Denser.apply(&mut state);
        let chosen = state.density();
        state.area.width = 1_000;
        state.fit();
        assert_eq!(state.density(), chosen);
        state.area = Area {
            width: 200,
            height: 200,
        };
        state.fit();
        assert!(state.has_room(state.density()));
        assert_ne!(state.density(), chosen);
    }

    #[test]
    fn rate_is_kept_when_the_window_changes() {
        let mut state = state(1_600, 900);
        Command::Slower.apply(&mut state);
        Command::Slower.apply(&mut state);
        state.area.width = 500;
        state.fit();
        assert_eq!(state.density().pictures_per_second(), 8);
        assert_ne!(state.density().denser(), Density::CALM);
    }

    #[test]
    fn stop_and_full_screen_do_what_they_say() {
        let mut state = state(500, 500);
        Command::FullScreen.apply(&mut state);
        assert!(state.is_full_screen && !state.is_stopped);
        Command::Stop.apply(&mut state);
        assert!(state.is_stopped);
    }
}
