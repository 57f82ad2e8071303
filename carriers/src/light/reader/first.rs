//! The first opinion: `rxing`, in its parts, so that it follows several codes.

use rxing::{
    common::{BitMatrix, DetectorRXingResult as _},
    qrcode::cpp_port::{
        decoder::Decode,
        detector::{FinderPatternSet, SampleQR},
    },
};

use super::{Sighting, bits::Bits, finder, guarded};

/// The codes that were read lately, and where they were.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    tracks: Vec<Track>,
    since_search: u32,
    /// Searches in a row that found nothing new.
    idle_searches: u32,
}

#[derive(Debug)]
struct Track {
    set: FinderPatternSet,
    /// Whether it was where it was before.
    is_there: bool,
    /// Pictures in a row in which it was not read.
    misses: u32,
}

impl Tracks {
    /// Reads what is where codes were, and looks everywhere when that is due.
    pub(super) fn read(&mut self, bits: &Bits) -> Sighting {
        let mut sighting = Sighting::default();
        self.follow(bits, &mut sighting);
        self.since_search += 1;
        if self.since_search >= self.search_interval() {
            self.since_search = 0;
            self.search(bits, &mut sighting);
        }
        sighting
    }

    fn search_interval(&self) -> u32 {
        let mut there = self.tracks.iter().map(|track| track.is_there);
        if there.clone().all(|is_there| !is_there) {
            NOTHING_THERE_INTERVAL
        } else if self.idle_searches < IDLE_SEARCHES || there.any(|is_there| !is_there) {
            UNSETTLED_INTERVAL
        } else {
            SETTLED_INTERVAL
        }
    }

    fn follow(&mut self, bits: &Bits, sighting: &mut Sighting) {
        for track in &mut self.tracks {
            track.misses += 1;
            let found = guarded(|| finder::follow(bits, &track.set)).flatten();
            track.is_there = found.is_some();
            let Some(set) = found else {
                continue;
            };
            track.set = set;
            if let Some(payload) = payload(bits.matrix(), &set) {
                track.misses = 0;
                sighting.push(payload);
            } else {
                sighting.see(finder::module_pixels(&set));
            }
        }
        self.tracks.retain(|track| track.misses <= MISSES_MAX);
    }

    /// Reads the codes that are not followed yet.
    fn search(&mut self, bits: &Bits, sighting: &mut Sighting) {
        let sets = guarded(|| finder::search(bits)).unwrap_or_default();
        let mut tries_left = TRIES_MAX;
        let mut found = false;
        // What has moved away is found where it is now.
        self.tracks.retain(|track| track.is_there);
        for set in sets {
            if self.tracks.len() == TRACKS_MAX || tries_left == 0 {
                break;
            }
            if self
                .tracks
                .iter()
                .any(|track| shares_pattern(&track.set, &set))
            {
                continue;
            }
            tries_left -= 1;
            if let Some(payload) = payload(bits.matrix(), &set) {
                sighting.push(payload);
                self.tracks.push(Track {
                    set,
                    is_there: true,
                    misses: 0,
                });
                found = true;
            } else if finder::is_likely(&set) {
                sighting.see(finder::module_pixels(&set));
            }
        }
        self.idle_searches = if found { 0 } else { self.idle_searches + 1 };
    }
}

fn shares_pattern(one: &FinderPatternSet, other: &FinderPatternSet) -> bool {
    let of = |set: &FinderPatternSet| [set.bl, set.tl, set.tr];
    of(one).iter().any(|pattern| {
        of(other)
            .iter()
            .any(|other| finder::is_same(pattern, other))
    })
}

/// The bytes as they were put in: never as text, which would be guessed.
fn payload(bits: &BitMatrix, set: &FinderPatternSet) -> Option<Vec<u8>> {
    guarded(|| {
        let sampled = SampleQR(bits, set).ok()?;
        let decoded = Decode(sampled.getBits()).ok()?;
        decoded
            .isValid()
            .then(|| decoded.content().bytes().to_vec())
    })
    .flatten()
}

/// Every picture, while there is nothing to lose.
const NOTHING_THERE_INTERVAL: u32 = 1;

/// A search costs as much as reading three codes; before every code is found it pays.
const UNSETTLED_INTERVAL: u32 = 2;

/// New codes still have to be noticed: a third of a second.
const SETTLED_INTERVAL: u32 = 10;

/// All codes are found when this many searches brought nothing new.
const IDLE_SEARCHES: u32 = 3;

/// A second without one reading: the code is gone.
const MISSES_MAX: u32 = 30;

/// Six codes, a corner code each side, and some of somebody else.
const TRACKS_MAX: usize = 12;

/// Sets of three that are tried in one picture: each costs as much as a small code.
const TRIES_MAX: u32 = 80;
