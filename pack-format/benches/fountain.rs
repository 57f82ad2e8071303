//! How many symbols a transfer by light takes beyond the minimum, and what its code costs.
//!
//! `cargo bench -p pack-format` prints counts of seeded runs, which are the same each time, and CPU
//! times of one thread.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on must stop"
)]

#[path = "../tests/all/simulation.rs"]
mod simulation;

use std::hint::black_box;
use std::time::Duration;

use pack_format::light::{BlockDecoder, BlockEncoder};
use rustix::time::{ClockId, clock_gettime};
use simulation::{ALL_MISSES, Misses, Shows, symbols_beyond};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Length of the transfer, symbols in a frame, and runs: the largest take seconds each.
const TRANSFERS: [(&str, u64, u8, u64); 8] = [
    ("1 KiB", KIB, 3, 1000),
    ("16 KiB", 16_472, 8, 1000),
    ("128 KiB", 128 * KIB, 24, 1000),
    ("300 KiB", 300 * KIB, 3, 1000),
    ("1 MiB", MIB, 3, 1000),
    ("1 MiB + 1", MIB + 1, 3, 100),
    ("3.5 MiB", 7 * MIB / 2, 3, 50),
    ("64 MiB", 64 * MIB, 3, 3),
];

fn main() {
    println!("CPU time of one block of 1 MiB in symbols of 480 bytes");
    for loss_percent in [0, 10, 30, 50, 100] {
        decode(loss_percent);
    }
    encode();
    println!("\nSymbols seen beyond the minimum, mean (in percent of the minimum)");
    for shows in [Shows::Fountain, Shows::Carousel] {
        println!("\n{shows:?}");
        print!("{:>10} {:>5}", "", "runs");
        for misses in ALL_MISSES {
            print!(" {:>18}", name(misses));
        }
        println!();
        for (label, total_bytes, count, runs) in TRANSFERS {
            print!("{label:>10} {runs:>5}");
            for misses in ALL_MISSES {
                print!(" {:>18}", mean(total_bytes, count, shows, misses, runs));
            }
            println!();
        }
    }
}

fn name(misses: Misses) -> String {
    match misses {
        Misses::Random(percent) => format!("{percent} % lost"),
        Misses::Bursts => "bursts".to_owned(),
        Misses::TheBeginning => "late".to_owned(),
    }
}

fn mean(total_bytes: u64, count: u8, shows: Shows, misses: Misses, runs: u64) -> String {
    let beyond = (1..=runs).map(|seed| {
        let symbols = symbols_beyond(total_bytes, count, shows, misses, seed);
        f64::from(symbols)
    });
    let layout = pack_format::light::Layout::new(total_bytes).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand runs")]
    let mean = beyond.sum::<f64>() / runs as f64;
    let percent = 100.0 * mean / f64::from(layout.source_symbols_in_all());
    format!("{mean:.2} ({percent:.2} %)")
}

fn block() -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    let mut hash = blake3::Hasher::new().finalize_xof();
    hash.fill(&mut bytes);
    bytes
}

fn decode(loss_percent: u32) {
    let block = block();
    let encoder = BlockEncoder::new(&block, 480);
    let kept = (0..2185).filter(|id| id * 37 % 100 >= loss_percent);
    let ids: Vec<u32> = kept.chain(2185..5000).take(2200).collect();
    let symbols = ids.iter().map(|id| {
        let mut symbol = vec![0; 480];
        encoder.symbol(*id, &mut symbol);
        (*id, symbol)
    });
    let symbols: Vec<_> = symbols.collect();
    let before = cpu_time();
    let mut decoder = BlockDecoder::new(2185, 480);
    for (id, symbol) in &symbols {
        decoder.add(*id, symbol);
    }
    let last = cpu_time();
    assert_eq!(decoder.into_block(block.len()).unwrap(), block);
    let end = cpu_time();
    println!(
        "decoding, {loss_percent:>3} % lost: {:>6.1} ms, of which {:.1} after the last symbol",
        millis(end.saturating_sub(before)),
        millis(end.saturating_sub(last)),
    );
}

fn encode() {
    let block = block();
    let encoder = BlockEncoder::new(&block, 480);
    let mut symbol = [0; 480];
    let before = cpu_time();
    for id in 2185..3185 {
        encoder.symbol(id, &mut symbol);
        black_box(&symbol);
    }
    let spent = cpu_time().saturating_sub(before);
    println!("a symbol: {:.1} µs", millis(spent));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// CPU time of this thread: other programs on the machine do not count.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}
