//! Everything that is shown: which pack, and which of its symbols, come next.

use std::collections::BTreeSet;

use pack_format::{
    chunked::ReadAt as _,
    light::{
        Answer, BlockEncoder, Frame, FrameParts, Kind, Layout, PART_EXPONENT_MAX, SYMBOL_ID_MAX,
        TransferId, symbols_in_frame,
    },
    pack::SealedPack,
    part::Cut,
    ratchet::{PackIndex, TagKey},
};

use super::heard::Heard;
use crate::{
    CrossingError, Host, Lane, lane::Outstanding, limits::LIGHT_PART_BYTES, sources::OneAtATime,
};

/// A pack that is to be shown.
pub(crate) struct Showing {
    pub(crate) lane: usize,
    pub(crate) index: PackIndex,
    pub(crate) transfer: TransferId,
    pub(crate) layout: Layout,
    part_exponent: u8,
    key: TagKey,
    /// Blocks that the other machine may lack, as a bit each.
    wanted: u64,
    /// The parts that it has, as the lane knows.
    arrived: BTreeSet<u32>,
    /// The next symbol of each block.
    next_symbols: Vec<u32>,
    /// The block with which the next frame begins, where frames go round the blocks.
    next_block: u8,
    /// What the store knows of `next_symbols`; beyond that it is told first.
    reserved: u32,
    /// Symbols shown in this run.
    pub(crate) shown_count: u64,
    /// Symbols shown since the pack's turn began.
    turn_count: u64,
    /// Symbols that the other machine says it needs.
    pub(crate) needed: Option<u32>,
    /// What it got of what was shown lately.
    pub(crate) heard: Heard,
}

/// The sending half of a crossing by light.
#[derive(Default)]
pub(crate) struct Departures {
    /// The first one is shown.
    queue: Vec<Showing>,
    /// The sealed bytes of the first one.
    bytes: Option<(TransferId, Vec<u8>)>,
}

impl Departures {
    /// Brings the queue in line with what the lanes have to send.
    pub(crate) fn refresh(&mut self, lanes: &[Lane]) {
        let mut queue = Vec::new();
        for (lane, state) in lanes.iter().enumerate() {
            for (index, pack) in state.to_write() {
                let mut known = self.queue.iter();
                let at = known.position(|it| (it.lane, it.index) == (lane, index));
                let showing = match at {
                    Some(at) => {
                        let mut showing = self.queue.swap_remove(at);
                        showing.catch_up(pack);
                        Some(showing)
                    }
                    None => Showing::new(lane, index, pack),
                };
                queue.extend(showing);
            }
        }
        self.queue = queue;
    }

    /// Packs that are shown or were, in their order.
    pub(crate) fn queue(&self) -> &[Showing] {
        &self.queue
    }

    /// The pack that is shown now.
    pub(crate) fn current(&self) -> Option<&Showing> {
        self.queue.iter().find(|showing| !showing.is_done())
    }

    /// Whether the transfer is one of those that this machine shows.
    pub(crate) fn shows(&self, transfer: TransferId) -> bool {
        self.queue
            .iter()
            .any(|showing| showing.transfer == transfer)
    }

    /// The payloads of the next codes: fewer where less is to be shown.
    pub(crate) fn next_frames(
        &mut self,
        code_count: usize,
        payload_bytes: usize,
        lanes: &mut [Lane],
        host: &mut dyn Host,
    ) -> Result<Vec<Vec<u8>>, CrossingError> {
        let mut frames = Vec::new();
        while frames.len() < code_count {
            let Some(at) = self.queue.iter().position(|showing| !showing.is_done()) else {
                break;
            };
            // Whoever had its turn goes to the end of those that wait.
            if self.queue.get(at).is_some_and(Showing::had_its_turn) {
                let mut showing = self.queue.remove(at);
                showing.turn_count = 0;
                self.queue.push(showing);
                continue;
            }
            self.load(at, lanes, host)?;
            let (Some(showing), Some((_, bytes))) = (self.queue.get_mut(at), &self.bytes) else {
                break;
            };
            let Some(frame) = showing.next_frame(bytes, payload_bytes) else {
                break;
            };
            showing.reserve(lanes, host)?;
            if frames.is_empty() {
                showing.heard.sheet();
            }
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Shows nothing more of this transfer.
    pub(crate) fn hold_back(&mut self, transfer: TransferId) {
        let mut queue = self.queue.iter_mut();
        if let Some(showing) = queue.find(|showing| showing.transfer == transfer) {
            showing.wanted = 0;
        }
    }

    /// Hears what the other machine lacks: for each pack of ours that it names, the parts that it
    /// has. None where the answer is about others.
    pub(crate) fn hear(&mut self, answer: &Answer) -> Vec<(usize, PackIndex, BTreeSet<u32>)> {
        let mut heard = Vec::new();
        for showing in &mut self.queue {
            if let Some(entry) = answer.entry_for(showing.transfer, &showing.key) {
                showing.wanted = entry.blocks_missing & all_blocks(&showing.layout);
                showing.needed = Some(entry.symbols_needed);
                showing
                    .heard
                    .note(showing.shown_count, entry.symbols_needed);
                showing.arrived = showing.arrived_parts();
                heard.push((showing.lane, showing.index, showing.arrived.clone()));
            }
        }
        heard
    }

    /// Seals the pack of this place, unless it was the last one that was.
    fn load(&mut self, at: usize, lanes: &[Lane], host: &dyn Host) -> Result<(), CrossingError> {
        let Some(showing) = self.queue.get(at) else {
            return Ok(());
        };
        let is_loaded = |(transfer, _): &(TransferId, Vec<u8>)| *transfer == showing.transfer;
        if self.bytes.as_ref().is_some_and(is_loaded) {
            return Ok(());
        }
        self.bytes = None;
        let pack = lanes.get(showing.lane).and_then(|lane| {
            let mut packs = lane.to_write();
            packs.find(|(index, _)| *index == showing.index)
        });
        let Some((_, pack)) = pack else {
            return Ok(());
        };
        let sources = OneAtATime::new(host, &pack.plan);
        let sealed =
            SealedPack::new(&pack.secret, &pack.plan, &sources).map_err(CrossingError::Bundle)?;
        let len = usize::try_from(showing.layout.total_bytes()).unwrap_or(0);
        let mut bytes = vec![0; len];
        sealed
            .read_exact_at(&mut bytes, 0)
            .map_err(CrossingError::Bundle)?;
        self.bytes = Some((showing.transfer, bytes));
        Ok(())
    }
}

impl Showing {
    /// `None` where the pack is too large for light.
    fn new(lane: usize, index: PackIndex, pack: &Outstanding) -> Option<Self> {
        let layout = Layout::new(pack.cut.pack_bytes()).ok()?;
        let part_exponent = part_exponent(&pack.cut)?;
        let key = pack.secret.tag_key();
        Some(Self {
            lane,
            index,
            transfer: key.transfer_id(),
            layout,
            part_exponent,
            key,
            wanted: wanted_blocks(&layout, part_exponent, pack),
            arrived: pack.arrived.clone(),
            next_symbols: vec![pack.next_symbol; usize::from(layout.block_count())],
            next_block: 0,
            reserved: pack.next_symbol,
            shown_count: 0,
            turn_count: 0,
            needed: None,
            heard: Heard::default(),
        })
    }

    /// A receipt may have said otherwise than the last answer: the newer word counts.
    fn catch_up(&mut self, pack: &Outstanding) {
        if self.arrived != pack.arrived {
            self.arrived.clone_from(&pack.arrived);
            self.wanted = wanted_blocks(&self.layout, self.part_exponent, pack);
            self.needed = None;
        }
    }

    /// Whether the other machine has said that it has everything.
    pub(crate) fn is_done(&self) -> bool {
        self.wanted == 0
    }

    /// The parts of which no block is missing.
    fn arrived_parts(&self) -> BTreeSet<u32> {
        let part_of = |block: u8| u32::from(block) >> self.part_exponent;
        let blocks = 0..self.layout.block_count();
        let missing = blocks
            .clone()
            .filter(|block| self.wanted & bit(*block) != 0);
        let missing: BTreeSet<u32> = missing.map(part_of).collect();
        let all: BTreeSet<u32> = blocks.map(part_of).collect();
        all.difference(&missing).copied().collect()
    }

    /// Whether so much was shown that somebody who saw all of it has the pack with certainty.
    pub(crate) fn was_shown(&self, percent_more: u64) -> bool {
        self.shown_count >= self.enough(percent_more)
    }

    /// The pieces of which the blocks consist that the other machine may lack.
    pub(crate) fn wanted_symbols(&self) -> u64 {
        let blocks = 0..self.layout.block_count();
        let wanted = blocks.filter(|block| self.wanted & bit(*block) != 0);
        let symbols = wanted.map(|block| u64::from(self.layout.source_symbols(block)));
        symbols.fold(0, u64::saturating_add)
    }

    fn enough(&self, percent_more: u64) -> u64 {
        let block_count = self.wanted.count_ones().into();
        with_spare(self.wanted_symbols(), percent_more, block_count)
    }

    fn had_its_turn(&self) -> bool {
        self.turn_count >= self.enough(TURN_PERCENT_MORE)
    }

    /// The next frame, with as many symbols as fit; `None` where not one does.
    ///
    /// Whoever does not answer is shown all blocks alike, so that it does not matter what is
    /// missed. Whoever answers is shown one block after the other, so that what has arrived when
    /// the crossing is broken off is whole parts, which no other medium has to bring again.
    fn next_frame(&mut self, bytes: &[u8], payload_bytes: usize) -> Option<Vec<u8>> {
        let count = symbols_in_frame(&self.layout, payload_bytes);
        let count = u8::try_from(count).ok().filter(|count| *count > 0)?;
        let is_one_block = self.layout.block_count() == 1;
        let goes_round = !is_one_block && self.needed.is_none() && self.wants_all();
        let block = if goes_round {
            self.next_block.min(self.layout.block_count() - 1)
        } else if self.needed.is_some() {
            self.wanted_block_from(0)?
        } else {
            self.wanted_block_from(self.next_block)?
        };
        let first_symbol = if goes_round {
            self.next_symbols.iter().copied().max()?
        } else {
            *self.next_symbols.get(usize::from(block))?
        };
        // Ids last for years of showing; then those of random symbols come again.
        let first_symbol = if first_symbol >= SYMBOL_ID_MAX - u32::from(u8::MAX) {
            self.next_symbols.fill(0);
            self.layout.source_symbols(0)
        } else {
            first_symbol
        };
        let parts = FrameParts {
            kind: Kind::Pack,
            transfer: self.transfer,
            layout: self.layout,
            part_exponent: self.part_exponent,
            single_block: !goes_round && !is_one_block,
            block,
            first_symbol,
            count,
        };
        let frame = Frame::build(&parts, |block, id, symbol| {
            self.symbol(bytes, block, id, symbol);
        });
        self.advance(goes_round, &parts);
        self.shown_count = self.shown_count.saturating_add(count.into());
        self.turn_count = self.turn_count.saturating_add(count.into());
        Some(frame)
    }

    fn wants_all(&self) -> bool {
        self.wanted == all_blocks(&self.layout)
    }

    fn symbol(&self, bytes: &[u8], block: u8, id: u32, symbol: &mut [u8]) {
        let (start, len) = self.layout.block(block);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        let block = bytes.get(start..end).unwrap_or_default();
        BlockEncoder::new(block, self.layout.symbol_bytes()).symbol(id, symbol);
    }

    /// Goes on behind a frame.
    fn advance(&mut self, goes_round: bool, parts: &FrameParts) {
        if !goes_round {
            if let Some(next) = self.next_symbols.get_mut(usize::from(parts.block)) {
                *next = parts.first_symbol.saturating_add(parts.count.into());
            }
            self.next_block = parts.block.saturating_add(1);
            return;
        }
        let (next_block, next_symbol) = parts.following();
        self.next_block = next_block;
        self.next_symbols.fill(next_symbol);
    }

    /// The first block from here on that is wanted, beginning again at the front.
    fn wanted_block_from(&self, block: u8) -> Option<u8> {
        let is_wanted = |block: &u8| self.wanted & bit(*block) != 0;
        let count = self.layout.block_count();
        (block..count).chain(0..block.min(count)).find(is_wanted)
    }

    /// Has the store know that symbols were shown before they are: after a restart others come.
    fn reserve(&mut self, lanes: &mut [Lane], host: &mut dyn Host) -> Result<(), CrossingError> {
        let next = self.next_symbols.iter().copied().max().unwrap_or(0);
        let shown = next.saturating_add(u32::from(u8::MAX));
        if shown <= self.reserved {
            return Ok(());
        }
        let Some(lane) = lanes.get_mut(self.lane) else {
            return Ok(());
        };
        let mut next = lane.duplicate()?;
        self.reserved = shown.saturating_add(self.layout.source_symbols(0));
        if let Some(pack) = next.sent_mut(self.index) {
            pack.next_symbol = self.reserved;
        }
        host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
        Ok(())
    }
}

/// How many symbols of a pack are shown before the next pack has its turn.
pub(crate) fn turn_symbols(layout: &Layout) -> u64 {
    let needed = layout.source_symbols_in_all().into();
    with_spare(needed, TURN_PERCENT_MORE, layout.block_count().into())
}

/// Symbols with so many percent more, and those of each block that make chance irrelevant.
fn with_spare(needed: u64, percent_more: u64, block_count: u64) -> u64 {
    let more = needed.saturating_mul(percent_more).div_ceil(100);
    let for_chance = SYMBOLS_FOR_CHANCE.saturating_mul(block_count);
    needed.saturating_add(more).saturating_add(for_chance)
}

/// The blocks that lie, with a byte at least, in a part that has not arrived.
fn wanted_blocks(layout: &Layout, part_exponent: u8, pack: &Outstanding) -> u64 {
    let part_of = |block: u8| u32::from(block) >> part_exponent;
    let wanted = |block: &u8| !pack.arrived.contains(&part_of(*block));
    let blocks = (0..layout.block_count()).filter(wanted);
    blocks.fold(0, |bits, block| bits | bit(block))
}

/// The power of two, in MiB, at which a pack is cut; `None` where light does not say it.
fn part_exponent(cut: &Cut) -> Option<u8> {
    if cut.count() == 1 && cut.pack_bytes() <= LIGHT_PART_BYTES {
        return Some(0);
    }
    let mib = cut.part_bytes().checked_div(LIGHT_PART_BYTES)?;
    let exponent = u8::try_from(mib.checked_ilog2()?).ok()?;
    (exponent <= PART_EXPONENT_MAX && mib.is_power_of_two()).then_some(exponent)
}

fn all_blocks(layout: &Layout) -> u64 {
    (0..layout.block_count()).fold(0, |bits, block| bits | bit(block))
}

fn bit(block: u8) -> u64 {
    1_u64.checked_shl(block.into()).unwrap_or(0)
}

/// Symbols of each block beyond those it needs with which it fails once in 2^16 times.
const SYMBOLS_FOR_CHANCE: u64 = 16;

/// A pack is shown for so much longer than it takes at best before the next one has its turn: as
/// often as codes are missed by a camera that is held well.
const TURN_PERCENT_MORE: u64 = 10;
