//! The first opinion: `rxing`, in its parts, so that it follows several codes.

use rxing::{
    common::{BitMatrix, DetectorRXingResult as _, cpp_essentials::DecoderResult},
    qrcode::cpp_port::{
        decoder::Decode,
        detector::{FinderPatternSet, SampleQR},
    },
};

use super::{Sighting, bits::Bits, finder, guarded};

/// The codes that were read lately, and where they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracks {
    tracks: Vec<Track>,
    /// Codes in the latest picture that were seen and not read.
    unread_count: usize,
    /// Whether the latest search found more squares than any honest picture has.
    is_crowded: bool,
    since_search: u32,
    /// Searches in a row that found nothing new.
    idle_searches: u32,
}

#[derive(Clone, Copy, Debug)]
struct Track {
    set: FinderPatternSet,
    /// Whether it was where it was before.
    is_there: bool,
    /// Whether it was ever read.
    was_read: bool,
    /// Pictures in a row in which it was not read.
    misses: u32,
}

impl Tracks {
    /// Reads what is where codes were, and looks everywhere when that is due.
    pub(super) fn read(&mut self, bits: &Bits) -> Sighting {
        let mut sighting = Sighting::default();
        self.unread_count = 0;
        self.follow(bits, &mut sighting);
        self.since_search += 1;
        if self.since_search >= self.search_interval() {
            self.since_search = 0;
            self.search(bits, &mut sighting);
        }
        sighting
    }

    /// How many codes in the latest picture were seen and not read.
    pub(super) fn unread_count(&self) -> usize {
        self.unread_count
    }

    /// Whether the latest search found more squares than any honest picture has.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// The same, about to look everywhere.
    pub(super) fn before_search(&self) -> Self {
        Self {
            since_search: SETTLED_INTERVAL,
            ..self.clone()
        }
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
            if let Looked::Read(payload) = look_at(bits.matrix(), &set) {
                track.misses = 0;
                track.was_read = true;
                sighting.push(payload);
            } else {
                self.unread_count += 1;
                sighting.see(finder::module_pixels(&set));
            }
        }
        self.tracks.retain(|track| {
            let misses_max = if track.was_read {
                MISSES_MAX
            } else {
                CLAIM_MISSES_MAX
            };
            track.misses <= misses_max
        });
    }

    /// Reads the codes that are not followed yet.
    fn search(&mut self, bits: &Bits, sighting: &mut Sighting) {
        // What has moved away is found where it is now.
        self.tracks.retain(|track| track.is_there);
        let squares = guarded(|| finder::search(bits)).unwrap_or_default();
        self.is_crowded = squares.is_crowded;
        let mut tries_left = TRIES_MAX;
        let mut found = false;
        for set in squares.sets {
            if self.tracks.len() == TRACKS_MAX || tries_left == 0 {
                break;
            }
            if self.tracks.iter().any(|track| track.settles(&set)) {
                continue;
            }
            tries_left -= 1;
            match look_at(bits.matrix(), &set) {
                Looked::Read(payload) => {
                    sighting.push(payload);
                    // What was made of the same squares was none.
                    self.tracks
                        .retain(|track| shared_count(&track.set, &set) == 0);
                    self.tracks.push(Track::new(set, true));
                    found = true;
                }
                Looked::Unread => {
                    self.unread_count += 1;
                    sighting.see(finder::module_pixels(&set));
                    if self
                        .tracks
                        .iter()
                        .all(|track| shared_count(&track.set, &set) == 0)
                    {
                        self.tracks.push(Track::new(set, false));
                        found = true;
                    }
                }
                Looked::Nothing if finder::is_likely(&set) => {
                    self.unread_count += 1;
                    sighting.see(finder::module_pixels(&set));
                }
                Looked::Nothing => {}
            }
        }
        self.idle_searches = if found {
            0
        } else {
            self.idle_searches.saturating_add(1)
        };
    }
}

impl Track {
    fn new(set: FinderPatternSet, was_read: bool) -> Self {
        Self {
            set,
            is_there: true,
            was_read,
            misses: 0,
        }
    }

    /// Whether nothing is to be learnt from a set that may share squares with this one. One that
    /// was never read may consist of squares of two codes.
    fn settles(&self, set: &FinderPatternSet) -> bool {
        let shared = shared_count(&self.set, set);
        if self.was_read {
            shared > 0
        } else {
            shared == 3
        }
    }
}

fn shared_count(one: &FinderPatternSet, other: &FinderPatternSet) -> usize {
    let pairs = [(one.bl, other), (one.tl, other), (one.tr, other)];
    let is_shared = |(pattern, set): &(_, &FinderPatternSet)| {
        [set.bl, set.tl, set.tr]
            .iter()
            .any(|other| finder::is_same(pattern, other))
    };
    pairs.iter().filter(|pair| is_shared(pair)).count()
}

/// What three squares turned out to be.
enum Looked {
    /// Chance, or too small a code to tell.
    Nothing,
    /// A code: it names its version rightly.
    Unread,
    /// The bytes as they were put in: never as text, which would be guessed.
    Read(Vec<u8>),
}

fn look_at(bits: &BitMatrix, set: &FinderPatternSet) -> Looked {
    let sampled = guarded(|| SampleQR(bits, set).ok()).flatten();
    let Some(sampled) = sampled else {
        return Looked::Nothing;
    };
    let decoded = guarded(|| Decode(sampled.getBits()).ok()).flatten();
    match decoded.filter(DecoderResult::isValid) {
        Some(decoded) => Looked::Read(decoded.content().bytes().to_vec()),
        None if sampled.getBits().height() >= NAMED_VERSION_MODULES => Looked::Unread,
        None => Looked::Nothing,
    }
}

/// Codes from version 7 on name their version, with error correction.
const NAMED_VERSION_MODULES: u32 = 45;

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

/// What was never read is soon given up, and perhaps found again.
const CLAIM_MISSES_MAX: u32 = 8;

/// Six codes, a corner code each side, and some of somebody else.
const TRACKS_MAX: usize = 12;

/// Sets of three that are tried in one picture: each costs as much as a small code.
const TRIES_MAX: u32 = 80;
