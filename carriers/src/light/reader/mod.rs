//! Finds and reads the codes in pictures, one picture after the other.

mod bits;
mod finder;
mod first;
mod second;
mod sharpen;
mod shrink;
mod sighting;

use std::panic::{self, AssertUnwindSafe};

use self::{bits::Bits, first::Tracks, sharpen::sharpened, shrink::shrunk};
use super::GreyPicture;
pub use sighting::{Seen, Sighting, Trouble};

/// Reads the codes in the pictures of one camera.
///
/// It remembers where codes were, so that the next picture of the same camera costs less. No
/// picture, however it was made, ends the program. What is read is bytes of unknown origin.
///
/// A decoder that gives up panics now and then; that is caught here, but a panic hook of the
/// program hears of it.
#[derive(Debug)]
pub struct Reader {
    tracks: Tracks,
    /// How codes were read last.
    view: View,
    /// Pictures in a row without one reading.
    barren: u32,
    /// Pictures in which a code was seen and not read.
    unread: u32,
    pictures: u32,
}

/// How a picture is prepared before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    /// At one part in `2^level` of each side.
    level: u32,
    is_sharpened: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that has seen nothing yet: its first picture is worth every effort.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tracks: Tracks::default(),
            view: View::PLAIN,
            barren: OPINION_INTERVAL - 1,
            unread: COMPARE_INTERVAL - 1,
            pictures: 0,
        }
    }

    /// Reads every code that it can in this picture.
    ///
    /// When nothing is read for a while it tries harder, but not with every picture: a camera
    /// does not wait.
    pub fn read(&mut self, picture: &GreyPicture) -> Sighting {
        let base = level_within(picture, LOOK_PIXELS_MAX);
        let mut sighting = look(&mut self.tracks, picture, base, self.view);
        self.pictures = self.pictures.wrapping_add(1);
        self.barren = if sighting.is_barren() {
            self.barren.saturating_add(1)
        } else {
            0
        };
        let is_retry_due = sighting.is_barren() && self.barren.is_multiple_of(RETRY_INTERVAL);
        // At a smaller size the densest codes beside a coarse one may go unnoticed.
        let is_return_due = self.view.level > 0 && self.pictures.is_multiple_of(RETURN_INTERVAL);
        if is_retry_due || is_return_due {
            self.change_view(picture, base, &mut sighting);
        } else {
            self.compare_sharpness(picture, base, &mut sighting);
        }
        let is_opinion_due = self.barren.is_multiple_of(OPINION_INTERVAL);
        // The second decoder needs minutes for a large picture full of squares or of noise.
        let is_worth_it = sighting.seen != Seen::Nothing && !self.tracks.is_crowded();
        if sighting.is_barren() && is_opinion_due && is_worth_it {
            let level = level_within(picture, OPINION_PIXELS_MAX);
            let opinion = guarded(|| Some(second::read(shrunk(picture, level)?.as_ref())));
            if let Some(found) = opinion.flatten().filter(|found| !found.is_barren()) {
                sighting = found;
            }
        }
        if !sighting.is_barren() {
            self.barren = 0;
        }
        sighting
    }

    /// Keeps the first view that loses nothing: blur hides small modules and noise large ones.
    fn change_view(&mut self, picture: &GreyPicture, base: u32, sighting: &mut Sighting) {
        let known = sighting.payloads.len().max(1);
        for view in VIEWS.into_iter().filter(|view| *view != self.view) {
            let mut tracks = Tracks::default();
            let found = look(&mut tracks, picture, base, view);
            if found.payloads.len() >= known {
                *sighting = found;
                self.tracks = tracks;
                self.view = view;
                return;
            }
            sighting.see_what(found.seen);
        }
    }

    /// Where some codes are read and some are not, finds out now and then whether a sharpened
    /// picture or a plain one shows more of them.
    fn compare_sharpness(&mut self, picture: &GreyPicture, base: u32, sighting: &mut Sighting) {
        if self.tracks.unread_count() == 0 {
            return;
        }
        self.unread = self.unread.wrapping_add(1);
        if !self.unread.is_multiple_of(COMPARE_INTERVAL) {
            return;
        }
        let view = View {
            is_sharpened: !self.view.is_sharpened,
            ..self.view
        };
        let mut tracks = self.tracks.before_search();
        let found = look(&mut tracks, picture, base, view);
        if found.payloads.len() > sighting.payloads.len() {
            self.tracks = tracks;
            self.view = view;
        }
        sighting.unite(found);
    }
}

impl View {
    /// The picture as it is.
    const PLAIN: View = View {
        level: 0,
        is_sharpened: false,
    };
}

fn look(tracks: &mut Tracks, picture: &GreyPicture, base: u32, view: View) -> Sighting {
    let level = base + view.level;
    let bits = shrunk(picture, level).and_then(|picture| {
        if view.is_sharpened {
            Bits::new(&sharpened(&picture)?)
        } else {
            Bits::new(&picture)
        }
    });
    bits.map(|bits| tracks.read(&bits).enlarged(level))
        .unwrap_or_default()
}

/// How often a picture is halved until it has at most so many pixels.
fn level_within(picture: &GreyPicture, pixels_max: usize) -> u32 {
    let mut pixels = picture.pixels().len();
    let mut level = 0;
    while pixels > pixels_max {
        pixels /= 4;
        level += 1;
    }
    level
}

/// Runs a decoder that is known to panic on some pictures: one picture must not end the program.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Larger pictures are halved: no screen shows a code that needs more.
const LOOK_PIXELS_MAX: usize = 4_500_000;

/// The second decoder sees smaller ones still.
const OPINION_PIXELS_MAX: usize = 1_300_000;

/// Whole, half and a quarter; the largest first.
const VIEWS: [View; 4] = [
    View::PLAIN,
    View {
        level: 0,
        is_sharpened: true,
    },
    View {
        level: 1,
        is_sharpened: false,
    },
    View {
        level: 2,
        is_sharpened: false,
    },
];

/// Pictures with an unread code between two comparisons: a rolling shutter leaves codes unread that
/// no view shows.
const COMPARE_INTERVAL: u32 = 4;

/// Pictures without a reading between two looks in other ways.
const RETRY_INTERVAL: u32 = 6;

/// And between two questions to the second decoder, which takes as long as ten pictures.
const OPINION_INTERVAL: u32 = 24;

/// Pictures read at a smaller size between two looks at the others.
const RETURN_INTERVAL: u32 = 16;
