//! Pictures and frames that were made to do harm.

use std::{
    collections::HashSet,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
};

use camera_model::Random;
use carriers::light::{CodeGrid, Correction, GreyPicture, Reader, Seen, Sheet, Version};
use pack_format::light::Frame;

use crate::{
    film::Transfer,
    machine::{cpu_millis, peak_mebibytes},
    mutate::{mutated_payload, mutated_picture},
};

/// A million mutants: no panic comes through, nothing is read that was not shown.
pub(crate) fn run() {
    // What the decoders say when they give up is counted, not printed.
    panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) if place.file().contains("rxing") => count(&PANICS_RXING),
        Some(place) if place.file().contains("rqrr") => count(&PANICS_RQRR),
        _ => eprintln!("{panic}"),
    }));
    let before = cpu_millis();
    let mut transfer = Transfer::new(100_000, 7);
    let bases = bases(&mut transfer);
    let genuine: HashSet<&[u8]> = bases
        .iter()
        .map(|(payload, _)| payload.as_slice())
        .collect();
    let mut random = Random::new(99);
    let mut reader = Reader::new();
    let (mut codes, mut unreadable, mut accepted, mut wrong) = (0, 0, 0, 0);
    for number in 0..PICTURES {
        let (_, picture) = &bases[random.below(bases.len())];
        let picture = mutated_picture(picture, &mut random);
        let sighting = reader.read(&picture);
        unreadable += usize::from(matches!(sighting.seen, Seen::Unreadable { .. }));
        for payload in &sighting.payloads {
            codes += 1;
            if Frame::parse(payload).is_ok() {
                accepted += 1;
                wrong += usize::from(!genuine.contains(payload.as_slice()));
            }
        }
        if number % 64 == 0 {
            reader = Reader::new();
        }
    }
    let small_peak = peak_mebibytes();
    for _ in 0..PAYLOADS {
        let (payload, _) = &bases[random.below(bases.len())];
        let mutant = mutated_payload(payload, &mut random);
        if Frame::parse(&mutant).is_ok() {
            accepted += 1;
            wrong += usize::from(!genuine.contains(mutant.as_slice()));
        }
    }
    println!("Hostile pictures and payloads\n");
    println!("| what | count |\n| --- | --- |");
    println!("| mutated pictures | {PICTURES} |");
    println!("| mutated payloads | {PAYLOADS} |");
    println!("| codes read in pictures | {codes} |");
    println!("| pictures with an unreadable code | {unreadable} |");
    println!("| frames accepted, all genuine | {accepted} |");
    println!("| frames accepted that nobody made | {wrong} |");
    let (large_peak, slowest) = large();
    println!(
        "| panics of rxing, caught | {} |",
        PANICS_RXING.load(Ordering::Relaxed)
    );
    println!(
        "| panics of rqrr, caught | {} |",
        PANICS_RQRR.load(Ordering::Relaxed)
    );
    println!("| panics that came through | 0 |");
    println!("| peak memory, small pictures | {small_peak:.0} MiB |");
    println!("| peak memory, with pictures of 2, 4 and 8 megapixels | {large_peak:.0} MiB |");
    println!(
        "| slowest of those, first and next frame | {:.0}, {:.0} ms CPU |",
        slowest.0, slowest.1
    );
    println!("| CPU seconds | {:.0} |\n", (cpu_millis() - before) / 1e3);
    assert_eq!(wrong, 0, "a frame that nobody made");
}

/// Pictures as large as those of cameras, full of noise and of what looks like codes: the peak of
/// memory, and the milliseconds of the slowest first and next frame.
fn large() -> (f64, (f64, f64)) {
    let mut random = Random::new(3);
    let mut slowest = (0.0_f64, 0.0_f64);
    let mut look = |width, height, pixels| {
        let picture = GreyPicture::new(width, height, pixels).unwrap();
        let mut reader = Reader::new();
        let mut spent = || {
            let before = cpu_millis();
            reader.read(&picture);
            cpu_millis() - before
        };
        slowest = (slowest.0.max(spent()), slowest.1.max(spent()));
    };
    for (width, height) in [(1_920, 1_080), (2_560, 1_600), (3_840, 2_160)] {
        look(width, height, random.bytes(width * height));
        for scale in 1..4 {
            let grey = |at| finder_grey(at % width / scale, at / width / scale);
            look(width, height, (0..width * height).map(grey).collect());
        }
    }
    (peak_mebibytes(), slowest)
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Finder patterns side by side without end.
fn finder_grey(x: usize, y: usize) -> u8 {
    let ring = (x % 8).abs_diff(3).max((y % 8).abs_diff(3));
    if matches!(ring, 0 | 1 | 3) { 0 } else { 255 }
}

/// Small codes of genuine frames, and one of somebody else.
fn bases(transfer: &mut Transfer) -> Vec<(Vec<u8>, GreyPicture)> {
    let draw = |payload: Vec<u8>, version, module_pixels| {
        let grid = CodeGrid::new(Version::nearest(version), Correction::Screen, 1, 1);
        let sheet = Sheet {
            codes: vec![payload.clone()],
            corner: None,
        };
        (payload, grid.draw(&sheet, module_pixels).unwrap())
    };
    let mut bases: Vec<_> = [(5, 2), (5, 3), (7, 2), (10, 2)]
        .into_iter()
        .map(|(version, module_pixels)| draw(transfer.frame(106), version, module_pixels))
        .collect();
    bases.push(draw(b"WIFI:S:guests;T:WPA;P:welcome;;".to_vec(), 3, 3));
    bases
}

static PANICS_RXING: AtomicUsize = AtomicUsize::new(0);
static PANICS_RQRR: AtomicUsize = AtomicUsize::new(0);

const PICTURES: usize = 500_000;
const PAYLOADS: usize = 500_000;
