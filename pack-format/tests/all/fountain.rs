//! How many symbols a transfer by light takes, by counts. `cargo bench -p pack-format` runs the
//! same with a thousand seeds each.

use crate::simulation::{ALL_MISSES, Misses, Shows, symbols_beyond};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

fn mean(total_bytes: u64, count: u8, misses: Misses, runs: u32) -> f64 {
    let beyond = (1..=runs).map(|seed| {
        let seed = seed.into();
        f64::from(symbols_beyond(
            total_bytes,
            count,
            Shows::Fountain,
            misses,
            seed,
        ))
    });
    beyond.sum::<f64>() / f64::from(runs)
}

#[test]
fn a_small_transfer_takes_at_most_two_symbols_more_on_average() {
    for (total_bytes, count, runs) in [(KIB, 1, 200), (16_472, 8, 200), (100 * KIB, 24, 20)] {
        for misses in ALL_MISSES {
            let mean = mean(total_bytes, count, misses, runs);
            assert!(mean <= 2.0, "{mean} for {total_bytes} bytes, {misses:?}");
        }
    }
}

#[test]
fn a_transfer_of_a_megabyte_takes_at_most_two_symbols_more_on_average() {
    for misses in ALL_MISSES {
        let mean = mean(MIB, 3, misses, 60);
        assert!(mean <= 2.0, "{mean}, {misses:?}");
    }
}

#[test]
fn a_transfer_of_several_blocks_takes_at_most_four_percent_more_on_average() {
    for total_bytes in [MIB + 1, 5 * MIB / 2] {
        for misses in [Misses::Random(30), Misses::Random(50), Misses::Bursts] {
            let mean = mean(total_bytes, 3, misses, 3);
            let needed = f64::from(u32::try_from(total_bytes.div_ceil(480)).unwrap());
            let percent = 100.0 * mean / needed;
            assert!(
                percent <= 4.0,
                "{percent} % for {total_bytes} bytes, {misses:?}"
            );
        }
    }
}

#[test]
fn a_camera_that_misses_nothing_needs_nothing_twice() {
    for total_bytes in [1, 61, 16_472, 128 * KIB, 128 * KIB + 1, MIB] {
        let beyond = symbols_beyond(total_bytes, 3, Shows::Fountain, Misses::Random(0), 1);
        assert_eq!(beyond, 0, "{total_bytes} bytes");
    }
}

#[test]
fn a_carousel_would_take_far_more() {
    let beyond = |shows| symbols_beyond(16_472, 3, shows, Misses::Random(30), 1);
    assert!(beyond(Shows::Carousel) > 10 * beyond(Shows::Fountain).max(10));
}
