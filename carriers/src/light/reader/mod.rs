//! Finds and reads the codes in pictures, one picture after the other.

mod bits;
mod finder;
mod first;
mod second;
mod shrink;
mod sighting;

use std::panic::{self, AssertUnwindSafe};

use self::{bits::Bits, first::Tracks, shrink::shrunk};
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
    /// Where codes were read last: at one part in `2^level` of each side.
    level: u32,
    /// Pictures in a row without one reading.
    barren: u32,
    pictures: u32,
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
            level: 0,
            barren: OPINION_INTERVAL - 1,
            pictures: 0,
        }
    }

    /// Reads every code that it can in this picture.
    ///
    /// When nothing is read for a while it tries harder, but not with every picture: a camera
    /// does not wait.
    pub fn read(&mut self, picture: &GreyPicture) -> Sighting {
        let base = level_within_bounds(picture);
        let mut sighting = look(&mut self.tracks, picture, base + self.level);
        self.pictures = self.pictures.wrapping_add(1);
        self.barren = if sighting.is_barren() {
            self.barren.saturating_add(1)
        } else {
            0
        };
        let is_retry_due = sighting.is_barren() && self.barren.is_multiple_of(RETRY_INTERVAL);
        // At a smaller size the densest codes beside a coarse one may go unnoticed.
        let is_return_due = self.level > 0 && self.pictures.is_multiple_of(RETURN_INTERVAL);
        if is_retry_due || is_return_due {
            self.look_at_other_sizes(picture, base, &mut sighting);
        }
        if sighting.is_barren() && self.barren.is_multiple_of(OPINION_INTERVAL) {
            let opinion = guarded(|| Some(second::read(shrunk(picture, base)?.as_ref())));
            if let Some(found) = opinion.flatten().filter(|found| !found.is_barren()) {
                sighting = found;
            }
        }
        if !sighting.is_barren() {
            self.barren = 0;
        }
        sighting
    }

    /// Noise hides large modules; a smaller picture has less of it. The largest size at which
    /// nothing is lost is kept.
    fn look_at_other_sizes(&mut self, picture: &GreyPicture, base: u32, sighting: &mut Sighting) {
        let known = sighting.payloads.len().max(1);
        for level in (0..LEVELS).filter(|level| *level != self.level) {
            let mut tracks = Tracks::default();
            let found = look(&mut tracks, picture, base + level);
            if found.payloads.len() >= known {
                *sighting = found;
                self.tracks = tracks;
                self.level = level;
                return;
            }
            sighting.see_what(found.seen);
        }
    }
}

fn look(tracks: &mut Tracks, picture: &GreyPicture, level: u32) -> Sighting {
    let bits = shrunk(picture, level).and_then(|picture| Bits::new(&picture));
    bits.map(|bits| tracks.read(&bits).enlarged(level))
        .unwrap_or_default()
}

/// How often a picture is halved before it is looked at at all.
fn level_within_bounds(picture: &GreyPicture) -> u32 {
    let mut pixels = picture.pixels().len();
    let mut level = 0;
    while pixels > LOOK_PIXELS_MAX {
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

/// Whole, half and a quarter.
const LEVELS: u32 = 3;

/// Pictures without a reading between two looks at other sizes.
const RETRY_INTERVAL: u32 = 6;

/// And between two questions to the second decoder, which takes as long as ten pictures.
const OPINION_INTERVAL: u32 = 24;

/// Pictures read at a smaller size between two looks at the others.
const RETURN_INTERVAL: u32 = 16;
