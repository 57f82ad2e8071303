//! The yardstick of `tests/bench.sh`: what the parts of sealing cost one core, without any format
//! around them.
//!
//! Reads standard input in pieces of 1 MiB, compresses each with zstd 3, hashes the result with
//! BLAKE3 and seals it with ChaCha20-Poly1305 in chunks of 16 KiB, in one thread, and prints the
//! CPU seconds of each: `zstd blake3 aead`.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Read};
use std::time::Duration;

use pack_format::chunked::{CHUNK_BYTES, Cobblestone};
use pack_format::secret::Secret32;
use rustix::time::{ClockId, clock_gettime};
use zstd::bulk::Compressor;

/// As in bundle-format, so that the same work is measured.
const FRAME_BYTES: u64 = 1024 * 1024;
const LEVEL: i32 = 3;

#[derive(Default)]
struct Spent {
    zstd: Duration,
    blake3: Duration,
    aead: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let spent = measure(io::stdin().lock())?;
    println!(
        "{:.3} {:.3} {:.3}",
        spent.zstd.as_secs_f64(),
        spent.blake3.as_secs_f64(),
        spent.aead.as_secs_f64()
    );
    Ok(())
}

fn measure(mut input: impl Read) -> Result<Spent, Box<dyn Error>> {
    let mut compressor = Compressor::new(LEVEL)?;
    let cipher = Cobblestone::new(&Secret32::new([1; 32]), &[2; 24], b"yardstick");
    let (mut spent, mut frame) = (Spent::default(), Vec::new());
    let (mut packed, mut sealed) = (
        vec![0; zstd::zstd_safe::compress_bound(1 << 20)],
        Vec::new(),
    );
    loop {
        frame.clear();
        if input.by_ref().take(FRAME_BYTES).read_to_end(&mut frame)? == 0 {
            return Ok(spent);
        }
        let before = cpu_time();
        let len = compressor.compress_to_buffer(&frame, &mut packed)?;
        // Stored as it is where it does not shrink, as in a bundle.
        let stored = packed
            .get(..len)
            .filter(|packed| packed.len() < frame.len());
        let stored = stored.unwrap_or(&frame);
        let compressed = cpu_time();
        black_box(blake3::hash(stored));
        let hashed = cpu_time();
        sealed.clear();
        for (index, chunk) in (0_u64..).zip(stored.chunks(CHUNK_BYTES)) {
            cipher.seal_run(index, chunk, chunk.len() < CHUNK_BYTES, &mut sealed);
        }
        black_box(&sealed);
        spent.zstd += compressed.saturating_sub(before);
        spent.blake3 += hashed.saturating_sub(compressed);
        spent.aead += cpu_time().saturating_sub(hashed);
    }
}

/// CPU time of this thread: other programs on the machine do not count.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}
