//! What others would need for the same payload in front of the same camera.
//!
//! Their schedules are simulated; each code is read as often as ours were, phase by phase.

use camera_model::Random;

use crate::goodput::{MEBIBYTE, Row};

/// Prints the seconds that each would need for 1 MiB.
pub(crate) fn compare(ours: &Row) {
    let (version, count, rate) = (ours.version, ours.code_count, ours.pictures_per_second);
    println!(
        "1 MiB, {}, {count} codes of version {version} at {rate} pictures a second\n",
        ours.camera
    );
    println!("| who | seconds | kB/s | pictures | bytes in a code |");
    println!("| --- | --- | --- | --- | --- |");
    let seconds = MEBIBYTE / ours.goodput() / 1e3;
    let payload = symbols_bytes(version);
    line("ours, filmed", seconds, seconds * f64::from(rate), payload);
    let same = |name: &'static str, kind, bytes| Peer {
        name,
        kind,
        bytes,
        count,
        rate,
    };
    let own = |name: &'static str, kind, bytes, rate| Peer {
        name,
        kind,
        bytes,
        count: 1,
        rate,
    };
    let peers = [
        same("carousel of our frames", Kind::Carousel, payload),
        same("UR, our codes and rate", Kind::Ur, ur_bytes(version)),
        same(
            "BBQr, our codes and rate",
            Kind::Carousel,
            bbqr_bytes(version),
        ),
        own("UR, 200 bytes a code", Kind::Ur, 200, 5),
        own("BBQr, version 27", Kind::Carousel, bbqr_bytes(27), 4),
    ];
    for peer in peers {
        let pictures = peer.mean_pictures(&ours.read_shares);
        line(
            peer.name,
            pictures / f64::from(peer.rate),
            pictures,
            peer.bytes,
        );
    }
    println!("\n{NOTES}\n");
}

fn line(name: &str, seconds: f64, pictures: f64, bytes: usize) {
    let goodput = MEBIBYTE / seconds / 1e3;
    println!("| {name} | {seconds:.1} | {goodput:.1} | {pictures:.0} | {bytes} |");
}

struct Peer {
    name: &'static str,
    kind: Kind,
    bytes: usize,
    count: usize,
    rate: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Every piece in turn, again and again.
    Carousel,
    /// Every piece once, then sums of some, as many as its fountain draws.
    Ur,
}

impl Peer {
    fn mean_pictures(&self, read_shares: &[f64]) -> f64 {
        let pieces = (MEBIBYTE as usize).div_ceil(self.bytes);
        let codes = (0..).zip(read_shares).map(|(seed, share)| {
            let mut random = Random::new(seed);
            let read = move |random: &mut Random| f64::from(random.unit()) < *share;
            match self.kind {
                Kind::Carousel => carousel(pieces, &mut random, read),
                Kind::Ur => ur(pieces, &mut random, read),
            }
        });
        codes.sum::<usize>() as f64 / read_shares.len() as f64 / self.count as f64
    }
}

fn carousel(pieces: usize, random: &mut Random, read: impl Fn(&mut Random) -> bool) -> usize {
    let mut known = vec![false; pieces];
    let mut missing = pieces;
    (0..)
        .find(|shown| {
            if read(random) && !std::mem::replace(&mut known[shown % pieces], true) {
                missing -= 1;
            }
            missing == 0
        })
        .map_or(0, |last: usize| last + 1)
}

/// UR takes a sum apart as soon as all but one of its pieces are known.
fn ur(pieces: usize, random: &mut Random, read: impl Fn(&mut Random) -> bool) -> usize {
    let mut peeling = Peeling::new(pieces);
    let harmonic: f64 = (1..=pieces).map(|degree| 1.0 / degree as f64).sum();
    (0..)
        .find(|shown| {
            let mix = if *shown < pieces {
                vec![*shown]
            } else {
                mix(pieces, harmonic, random)
            };
            if read(random) {
                peeling.take(mix);
            }
            peeling.missing == 0
        })
        .map_or(0, |last: usize| last + 1)
}

/// So many pieces with a probability of one in so many, chosen by a shuffle.
fn mix(pieces: usize, harmonic: f64, random: &mut Random) -> Vec<usize> {
    let mut left = f64::from(random.unit()) * harmonic;
    let degree = (1..pieces)
        .find(|degree| {
            left -= 1.0 / *degree as f64;
            left <= 0.0
        })
        .unwrap_or(pieces);
    let mut order: Vec<usize> = (0..pieces).collect();
    for at in 0..degree {
        order.swap(at, at + random.below(pieces - at));
    }
    order.truncate(degree);
    order
}

struct Peeling {
    known: Vec<bool>,
    missing: usize,
    /// Of each sum, how many of its pieces are unknown and the exclusive-or of their numbers.
    sums: Vec<(usize, usize)>,
    /// In which sums each piece is.
    sums_of: Vec<Vec<usize>>,
}

impl Peeling {
    fn new(pieces: usize) -> Self {
        Self {
            known: vec![false; pieces],
            missing: pieces,
            sums: Vec::new(),
            sums_of: vec![Vec::new(); pieces],
        }
    }

    fn take(&mut self, mix: Vec<usize>) {
        let unknown: Vec<usize> = mix
            .into_iter()
            .filter(|piece| !self.known[*piece])
            .collect();
        let number = self.sums.len();
        for piece in &unknown {
            self.sums_of[*piece].push(number);
        }
        let together = unknown.iter().fold(0, |sum, piece| sum ^ piece);
        self.sums.push((unknown.len(), together));
        let mut ready = vec![number];
        while let Some(number) = ready.pop() {
            let (1, piece) = self.sums[number] else {
                continue;
            };
            if std::mem::replace(&mut self.known[piece], true) {
                continue;
            }
            self.missing -= 1;
            for other in std::mem::take(&mut self.sums_of[piece]) {
                self.sums[other].0 -= 1;
                self.sums[other].1 ^= piece;
                ready.push(other);
            }
        }
    }
}

/// What one of our codes brings: whole symbols of 480 bytes.
fn symbols_bytes(version: u8) -> usize {
    let capacity = carriers::light::capacity_bytes(
        carriers::light::Version::nearest(version),
        carriers::light::Correction::Screen,
    );
    (capacity - 20) / 480 * 480
}

/// Two letters a byte behind some twenty letters, and some thirty bytes around each piece.
fn ur_bytes(version: u8) -> usize {
    (letters(version) - 20) / 2 - 30
}

/// Five bits a letter behind eight letters, in whole groups of eight.
fn bbqr_bytes(version: u8) -> usize {
    (letters(version) - 8) / 8 * 5
}

/// How many capital letters and digits a code holds at the lowest correction.
fn letters(version: u8) -> usize {
    let bytes = carriers::light::capacity_bytes(
        carriers::light::Version::nearest(version),
        carriers::light::Correction::Screen,
    );
    // Eleven bits for two letters; the length takes three bits less than that of bytes.
    (bytes * 8 + 3) / 11 * 2
}

const NOTES: &str = "Ours was filmed and read, frame by frame. For the others each code counts as \
read with the share of our codes that was read at the same phase, independently of its neighbours, \
which is kind to a carousel; their pieces are of the same sealed bytes, which do not compress. UR: \
Bytewords (two letters a byte), each piece once and then sums of d pieces with a probability of \
1/d, taken apart one by one. BBQr: base32, a carousel. The last two rows show one code at the \
size and rate that wallets usually show: 200 bytes at 5 a second, and version 27 at 4 a second.";
