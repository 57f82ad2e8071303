//! One pack on its way to this machine by light.

use std::{
    io::{self, Read},
    path::Path,
};

use pack_format::{
    item::Item,
    light::{AnswerEntry, Frame, Layout, TransferId},
    pack::{ItemSink, OpenedPack},
    part::Cut,
    ratchet::PackIndex,
};

use super::symbols::SymbolStore;
use crate::{CrossingError, Lane, lane::Incoming};

/// What distinguishes a transfer from others that claim its id: nothing of a frame is
/// authenticated, so that frames that disagree about it are kept apart until a pack verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransferKey {
    pub(crate) transfer: TransferId,
    pub(crate) layout: Layout,
    pub(crate) part_exponent: u8,
}

impl TransferKey {
    pub(crate) fn of(frame: &Frame<'_>) -> Self {
        Self {
            transfer: frame.transfer(),
            layout: frame.layout(),
            part_exponent: frame.part_exponent(),
        }
    }

    /// How the sender has cut the pack. A pack in one part may have been cut at any size above
    /// its own; that makes no difference.
    pub(crate) fn cut(&self) -> Option<Cut> {
        let part_bytes = 1_u64.checked_shl(MIB_BITS.saturating_add(self.part_exponent.into()))?;
        Cut::new(self.layout.total_bytes(), part_bytes).ok()
    }

    /// The name of the file that keeps its symbols.
    pub(crate) fn file_name(&self) -> String {
        let id = data_encoding::HEXLOWER.encode(&self.transfer.0);
        let total_bytes = self.layout.total_bytes();
        format!("{id}-{total_bytes}-{}", self.part_exponent)
    }

    /// Reads a name that [`TransferKey::file_name`] gave.
    pub(crate) fn from_file_name(name: &str) -> Option<Self> {
        let mut fields = name.split('-');
        let id = data_encoding::HEXLOWER
            .decode(fields.next()?.as_bytes())
            .ok()?;
        let key = Self {
            transfer: TransferId(id.try_into().ok()?),
            layout: Layout::new(fields.next()?.parse().ok()?).ok()?,
            part_exponent: fields.next()?.parse().ok()?,
        };
        (key.file_name() == name).then_some(key)
    }

    /// The blocks that part `part` consists of.
    fn blocks_of(&self, part: u32) -> std::ops::Range<u8> {
        let count = self.layout.block_count();
        let bound = |part: u32| {
            let block = part.checked_shl(self.part_exponent.into());
            let block = block.and_then(|block| u8::try_from(block).ok());
            block.map_or(count, |block| block.min(count))
        };
        bound(part)..bound(part.saturating_add(1))
    }
}

/// A transfer of which pieces have arrived.
pub(crate) struct Receiving {
    pub(crate) key: TransferKey,
    pub(crate) lane: usize,
    pub(crate) index: PackIndex,
    pub(crate) cut: Cut,
    /// A frame of it was taken since it was opened.
    pub(crate) was_seen: bool,
    store: SymbolStore,
    /// Blocks that need no further symbol.
    complete: Vec<bool>,
    /// Symbols beyond those it needs at which each block was tried last.
    tried_beyond: Vec<Option<u32>>,
}

impl Receiving {
    /// Goes on with what is on the disk of a transfer, and with the parts of it that other media
    /// brought.
    pub(crate) fn open(
        dir: &Path,
        key: TransferKey,
        (lane, index): (usize, PackIndex),
        kept: Option<&Incoming>,
    ) -> Result<Option<Self>, CrossingError> {
        let Some(cut) = key.cut() else {
            return Ok(None);
        };
        let store = SymbolStore::open(dir, &key.file_name(), &key.layout)?;
        let mut receiving = Self {
            key,
            lane,
            index,
            cut,
            was_seen: false,
            store,
            complete: vec![false; usize::from(key.layout.block_count())],
            tried_beyond: vec![None; usize::from(key.layout.block_count())],
        };
        if let Some(kept) = kept.filter(|kept| kept.cut == cut) {
            for part in &kept.parts {
                receiving.arrived(*part);
            }
        }
        for block in 0..key.layout.block_count() {
            receiving.try_block(block)?;
        }
        Ok(Some(receiving))
    }

    /// A part is in the spool, whatever brought it.
    pub(crate) fn arrived(&mut self, part: u32) {
        for block in self.key.blocks_of(part) {
            self.store.forget(block);
            if let Some(complete) = self.complete.get_mut(usize::from(block)) {
                *complete = true;
            }
        }
    }

    /// Takes the symbols of a frame; false where none of them was new.
    pub(crate) fn take(&mut self, frame: &Frame<'_>) -> Result<bool, CrossingError> {
        let mut is_new = false;
        for (block, id, symbol) in frame.symbols() {
            if self.is_complete(block) {
                continue;
            }
            let needed_count = self.key.layout.source_symbols(block);
            if self.store.add(block, id, symbol, needed_count)? {
                is_new = true;
                self.try_block(block)?;
            }
        }
        Ok(is_new)
    }

    /// The parts whose blocks are all here, although they are in no spool.
    pub(crate) fn complete_parts(&self, kept: Option<&Incoming>) -> Vec<u32> {
        let kept = kept.filter(|kept| kept.cut == self.cut);
        (0..self.cut.count())
            .filter(|part| kept.is_none_or(|kept| !kept.parts.contains(part)))
            .filter(|part| {
                self.key
                    .blocks_of(*part)
                    .all(|block| self.is_complete(block))
            })
            .collect()
    }

    /// Whether every block of the pack is here.
    pub(crate) fn is_whole(&self) -> bool {
        self.complete.iter().all(|complete| *complete)
    }

    /// The bytes of a part that is complete.
    pub(crate) fn part(&self, part: u32) -> Result<Option<Vec<u8>>, CrossingError> {
        let mut bytes = Vec::new();
        for block in self.key.blocks_of(part) {
            match self.decode(block)? {
                Some(block) => bytes.extend_from_slice(&block),
                None => return Ok(None),
            }
        }
        Ok(Some(bytes))
    }

    /// Whether the pack, whole as it came, opens to its last byte. Nothing of it goes anywhere.
    pub(crate) fn verifies(&self, lanes: &[Lane]) -> Result<bool, CrossingError> {
        let mut bytes = Vec::new();
        for block in 0..self.key.layout.block_count() {
            match self.decode(block)? {
                Some(block) => bytes.extend_from_slice(&block),
                None => return Ok(false),
            }
        }
        let expected = lanes.get(self.lane).map(|lane| lane.receive.expected());
        let mut expected = expected.into_iter().flatten();
        let Some((_, secret)) = expected.find(|(index, _)| *index == self.index) else {
            return Ok(false);
        };
        let opened = OpenedPack::new(bytes, &secret);
        Ok(opened.is_ok_and(|opened| opened.read_items(&mut Nowhere).is_ok()))
    }

    /// What the sender is told. A pack that is whole and not taken in still lacks something, or
    /// the sender would stop for good.
    pub(crate) fn answer(&self) -> AnswerEntry {
        let (here, needed) = self.pieces();
        let symbols_needed = u32::try_from(needed.saturating_sub(here)).unwrap_or(u32::MAX);
        AnswerEntry {
            transfer: self.key.transfer,
            blocks_missing: self.blocks_missing().max(1),
            symbols_needed: symbols_needed.max(1),
        }
    }

    /// Bit `b` stands for block `b`, where it is not complete.
    fn blocks_missing(&self) -> u64 {
        let blocks = self.complete.iter().zip(0_u32..);
        let missing = blocks.filter(|(complete, _)| !**complete);
        missing.fold(0, |bits, (_, block)| {
            bits | 1_u64.checked_shl(block).unwrap_or(0)
        })
    }

    /// Symbols that have arrived, and those that are needed in all. A block that has as many as it
    /// needs and cannot be put together yet counts one less.
    pub(crate) fn pieces(&self) -> (u64, u64) {
        let (mut here, mut needed) = (0_u64, 0_u64);
        for block in 0..self.key.layout.block_count() {
            let of_block = self.key.layout.source_symbols(block);
            let of_block_here = if self.is_complete(block) {
                of_block
            } else {
                self.store.count(block).min(of_block.saturating_sub(1))
            };
            here = here.saturating_add(of_block_here.into());
            needed = needed.saturating_add(of_block.into());
        }
        (here, needed)
    }

    /// Removes what is on the disk.
    pub(crate) fn remove(self) -> Result<(), CrossingError> {
        self.store.remove()
    }

    fn is_complete(&self, block: u8) -> bool {
        self.complete.get(usize::from(block)).copied() == Some(true)
    }

    /// Puts a block together where its symbols may suffice. Each symbol beyond those it needs
    /// halves the chance that they do not; forged ones may never do, and are not tried each time.
    fn try_block(&mut self, block: u8) -> Result<(), CrossingError> {
        let beyond = self
            .store
            .count(block)
            .checked_sub(self.key.layout.source_symbols(block));
        let Some(beyond) = beyond.filter(|_| !self.is_complete(block)) else {
            return Ok(());
        };
        let Some(tried) = self.tried_beyond.get_mut(usize::from(block)) else {
            return Ok(());
        };
        let is_due = tried.is_none_or(|tried| beyond < tried || beyond >= next_try(tried));
        if !is_due {
            return Ok(());
        }
        *tried = Some(beyond);
        if self.decode(block)?.is_some()
            && let Some(complete) = self.complete.get_mut(usize::from(block))
        {
            *complete = true;
        }
        Ok(())
    }

    fn decode(&self, block: u8) -> Result<Option<Vec<u8>>, CrossingError> {
        let (_, len) = self.key.layout.block(block);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let source_symbols = self.key.layout.source_symbols(block);
        self.store.decode(block, source_symbols, len)
    }
}

/// After so many symbols beyond those that are needed a block is tried again.
fn next_try(tried: u32) -> u32 {
    if tried < EACH_TRIED {
        tried.saturating_add(1)
    } else {
        tried.saturating_mul(2)
    }
}

/// Four symbols beyond suffice fifteen times in sixteen.
const EACH_TRIED: u32 = 4;

/// Where a pack goes that is only verified.
struct Nowhere;

impl ItemSink for Nowhere {
    fn bundle(&mut self, _size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
        io::copy(body, &mut io::sink()).map(drop)
    }

    fn item(&mut self, _item: Item) -> io::Result<()> {
        Ok(())
    }
}

/// A part has 2^20 bytes times a power of two.
const MIB_BITS: u32 = 20;
