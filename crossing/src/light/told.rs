//! What a person is told while a crossing by light is under way.

use carriers::light::Status;

use super::{
    noticed::Noticed,
    session::{LightCrossing, Pieces},
};

/// What was said last about what the camera sees, for as long as it is worth reading.
#[derive(Default)]
pub(super) struct Advice {
    text: Option<String>,
    age: u32,
}

impl Advice {
    /// Something was filmed.
    pub(super) fn noticed(&mut self, noticed: Noticed) {
        match noticed.advice() {
            Some(text) => self.say(text.to_owned()),
            // Pieces are coming in: what was wrong is not any more.
            None if noticed == Noticed::Pieces => self.text = None,
            None => {}
        }
    }

    pub(super) fn say(&mut self, text: String) {
        self.text = Some(text);
        self.age = 0;
    }

    fn current(&mut self) -> Option<String> {
        self.age = self.age.saturating_add(1);
        if self.age > ADVICE_SHEETS {
            self.text = None;
        }
        self.text.clone()
    }
}

/// The state of a crossing in sentences; `names` are those of the pairings.
pub(super) fn status(
    crossing: &LightCrossing<'_>,
    names: &[String],
    advice: &mut Advice,
    films: bool,
    shows: bool,
) -> Status {
    let name = |lane: usize| names.get(lane).map_or("another machine", String::as_str);
    let outgoing = crossing.outgoing();
    let incoming = crossing.incoming().into_iter().next();
    let mut lines: Vec<String> = advice.current().into_iter().collect();
    if let Some(pieces) = &incoming {
        lines.push(incoming_text(name(pieces.lane), pieces));
    }
    if let Some(pieces) = &outgoing {
        lines.push(outgoing_text(name(pieces.lane), pieces, films));
    }
    let waiting = crossing.all_outgoing();
    let waiting = waiting.iter().filter(|pack| !pack.has_all()).count();
    if waiting > 1 {
        lines.push(format!("{waiting} packs are shown in turn."));
    }
    Status {
        headline: headline(
            crossing,
            outgoing.is_some(),
            // What earlier crossings have left does not make this one film.
            incoming.is_some() && films,
            films,
            shows,
        ),
        lines,
        outgoing: outgoing.map(|pieces| (pieces.here, pieces.needed)),
        incoming: incoming.map(|pieces| (pieces.here, pieces.needed)),
        heard_percent: crossing.heard_percent(),
    }
}

fn headline(
    crossing: &LightCrossing<'_>,
    is_sending: bool,
    is_receiving: bool,
    films: bool,
    shows: bool,
) -> String {
    match (is_sending, is_receiving) {
        _ if crossing.is_complete() => "Both machines have everything.",
        (true, true) => "Showing and filming.",
        (true, false) if films => "Showing, and waiting for an answer.",
        (true, false) => "Showing: let the other machine film this screen until it has everything.",
        (false, true) => "Filming.",
        (false, false) if shows && films => {
            "Nothing is left to show. Waiting for the other machine."
        }
        (false, false) if shows => "There is nothing to show.",
        (false, false) => "Waiting for a code: point the camera at the other screen.",
    }
    .to_owned()
}

fn incoming_text(name: &str, pieces: &Pieces) -> String {
    format!(
        "From {name}: {} of {} pieces have arrived.",
        pieces.here, pieces.needed
    )
}

fn outgoing_text(name: &str, pieces: &Pieces, films: bool) -> String {
    let Pieces { here, needed, .. } = pieces;
    if pieces.is_known {
        return format!("For {name}: the other machine has {here} of {needed} pieces.");
    }
    let unknown = if films {
        "it has not answered yet"
    } else {
        "what it has is not known here"
    };
    if here < needed {
        format!("For {name}: {here} of {needed} pieces were shown; {unknown}.")
    } else {
        format!("For {name}: all {needed} pieces were shown, and more follow; {unknown}.")
    }
}

/// How many sheets a sentence stays: a few seconds.
const ADVICE_SHEETS: u32 = 40;
