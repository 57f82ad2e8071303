//! A camera that misses codes, by counts: how many symbols it takes to have a whole transfer.
//!
//! Only the numbers of symbols pass, not their content; decoder, layout and order are those of the
//! crate. Shared by the tests and by `cargo bench -p pack-format`.

use std::collections::HashSet;

use pack_format::light::{Added, BlockDecoder, FrameParts, Kind, Layout, TransferId};

/// What the camera misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misses {
    /// Each code with this chance in a hundred.
    Random(u64),
    /// A third of the codes, about twenty in a row.
    Bursts,
    /// Every code up to a moment within the first four rounds, and none afterwards.
    TheBeginning,
}

/// What the sender shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// Ever new symbols.
    Fountain,
    /// The source symbols in turn.
    Carousel,
}

/// Every kind of loss of the table.
pub(crate) const ALL_MISSES: [Misses; 6] = [
    Misses::Random(0),
    Misses::Random(10),
    Misses::Random(30),
    Misses::Random(50),
    Misses::Bursts,
    Misses::TheBeginning,
];

/// How many symbols a camera sees, beyond as many as there are source symbols, until it has a
/// transfer of `total_bytes` in frames of `count` symbols. The same for the same `seed`.
pub(crate) fn symbols_beyond(
    total_bytes: u64,
    count: u8,
    shows: Shows,
    misses: Misses,
    seed: u64,
) -> u32 {
    let layout = Layout::new(total_bytes).unwrap();
    let mut receiver = Receiver::new(layout, shows);
    let mut random = Random::new(seed);
    let mut camera = Camera::new(layout, count, misses, &mut random);
    let mut parts = FrameParts {
        kind: Kind::Pack,
        transfer: TransferId([0; 4]),
        layout,
        part_exponent: 0,
        single_block: false,
        block: 0,
        first_symbol: 0,
        count,
    };
    loop {
        if camera.sees(&mut random) {
            // The numbers come from the bytes of a frame, as they would from a code.
            for (block, id) in parts.places() {
                if receiver.take(block, id) {
                    return receiver.seen_count - layout.source_symbols_in_all();
                }
            }
        }
        (parts.block, parts.first_symbol) = parts.following();
    }
}

struct Receiver {
    layout: Layout,
    shows: Shows,
    blocks: Vec<BlockDecoder>,
    seen_sources: HashSet<(u8, u32)>,
    needed_count: u32,
    seen_count: u32,
}

impl Receiver {
    fn new(layout: Layout, shows: Shows) -> Self {
        let blocks = 0..layout.block_count();
        Self {
            layout,
            shows,
            blocks: blocks
                .map(|block| BlockDecoder::new(layout.source_symbols(block), 0))
                .collect(),
            seen_sources: HashSet::new(),
            needed_count: layout.source_symbols_in_all(),
            seen_count: 0,
        }
    }

    /// Whether the transfer is whole with this symbol.
    fn take(&mut self, block: u8, id: u32) -> bool {
        self.seen_count += 1;
        let is_new = match self.shows {
            Shows::Fountain => self.blocks[usize::from(block)].add(id, &[]) == Added::New,
            Shows::Carousel => {
                let id = id % self.layout.source_symbols(block);
                self.seen_sources.insert((block, id))
            }
        };
        self.needed_count -= u32::from(is_new);
        self.needed_count == 0
    }
}

struct Camera {
    misses: Misses,
    unseen_frames: u64,
    in_burst: bool,
}

impl Camera {
    fn new(layout: Layout, count: u8, misses: Misses, random: &mut Random) -> Self {
        let frames = u64::from(layout.source_symbols_in_all()) / u64::from(count);
        let unseen_frames = match misses {
            Misses::TheBeginning => random.below(4 * frames + 1),
            _ => 0,
        };
        Self {
            misses,
            unseen_frames,
            in_burst: false,
        }
    }

    fn sees(&mut self, random: &mut Random) -> bool {
        match self.misses {
            Misses::Random(percent) => random.below(100) >= percent,
            Misses::Bursts => {
                let ends_after = if self.in_burst { 20 } else { 40 };
                if random.below(ends_after) == 0 {
                    self.in_burst = !self.in_burst;
                }
                !self.in_burst
            }
            Misses::TheBeginning => {
                let is_over = self.unseen_frames == 0;
                self.unseen_frames = self.unseen_frames.saturating_sub(1);
                is_over
            }
        }
    }
}

/// Xorshift64*, unlike the generator of the code under test.
pub(crate) struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The first step would give equal numbers for neighbouring seeds.
        for _ in 0..2 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            self.0 ^= self.0 >> 29;
        }
        (self.0 >> 20) % bound
    }
}
