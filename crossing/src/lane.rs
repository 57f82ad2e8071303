//! The state of one pairing on this machine.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use carriers::stick::PartName;
use pack_format::{
    codec::Wire as _,
    limits::{TAKEN_MAX, WINDOW},
    pack::{PackPlan, PlannedItem},
    part::{Cut, PART_HEADER_BYTES},
    ratchet::{PackIndex, PackSecret, ReceiveChain, SendChain, Side, TagKey},
    secret::Secret32,
};
use zeroize::Zeroizing;

use crate::{CrossingError, IncomingPack, limits::RETIRED_NAMES_MAX};

/// Which pairing a lane belongs to: a random id that never leaves this machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub [u8; 16]);

impl fmt::Display for LaneId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LaneId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The two directions of one pairing: what was sent and not receipted, what came and not
/// completely.
///
/// The application stores its encoding (`Wire`) as one opaque blob in its sealed database; it
/// holds every key of the pairing.
pub struct Lane {
    pub(crate) id: LaneId,
    pub(crate) send: SendChain,
    pub(crate) receive: ReceiveChain,
    /// Packs that were sealed and not receipted.
    pub(crate) outstanding: BTreeMap<PackIndex, Outstanding>,
    /// The newest pack that holds receipts only, until it is overtaken or receipted.
    pub(crate) receipt: Option<(PackIndex, Outstanding)>,
    /// The other machine waits for a receipt, or has to be told which parts are missing.
    pub(crate) owes_receipt: bool,
    /// The other machine expects at least this pack; it recognises the [`WINDOW`] from here on.
    pub(crate) answered_next: PackIndex,
    /// Receipts in packs before this one are older than those that were applied.
    pub(crate) receipts_next: PackIndex,
    /// Packs that were taken in and ask for no receipt, so that a copy of one is not answered
    /// either.
    pub(crate) unanswered: BTreeSet<PackIndex>,
    /// Packs of which some parts have arrived.
    pub(crate) incoming: BTreeMap<PackIndex, Incoming>,
    /// Names of parts of ours that are of no use any more, oldest first.
    pub(crate) retired: VecDeque<PartName>,
}

/// A pack of ours on its way. Secret, plan and cut never change: the same bytes come out again.
pub(crate) struct Outstanding {
    pub(crate) secret: PackSecret,
    pub(crate) plan: PackPlan,
    pub(crate) cut: Cut,
    /// Parts that the other machine has said it has.
    pub(crate) arrived: BTreeSet<u32>,
    /// Parts that were written to some medium, read back and compared.
    pub(crate) carried: BTreeSet<u32>,
    /// The first symbol of every block that has not been shown by light: a later run goes on
    /// there, so that what it shows is new to whoever saw the earlier one.
    pub(crate) next_symbol: u32,
}

/// A pack of which some parts have arrived and lie in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) cut: Cut,
    pub(crate) parts: BTreeSet<u32>,
}

impl Outstanding {
    /// The parts that the other machine does not have.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = u32> {
        (0..self.cut.count()).filter(|part| !self.arrived.contains(part))
    }

    pub(crate) fn names(&self) -> Vec<PartName> {
        let key = self.secret.tag_key();
        let parts = 0..self.cut.count();
        parts.filter_map(|part| part_name(&key, part)).collect()
    }
}

/// Bytes of a part with its header.
pub(crate) fn part_size_bytes(cut: &Cut, part: u32) -> u64 {
    PART_HEADER_BYTES as u64 + cut.piece(part).1
}

/// The name of a part's file. Every name that a key gives is one; `None` cannot be.
pub(crate) fn part_name(key: &TagKey, part: u32) -> Option<PartName> {
    PartName::new(&key.name(part)).ok()
}

impl Lane {
    /// The first state of a pairing, from its root.
    #[must_use]
    pub fn new(id: LaneId, root: &Secret32, side: Side) -> Self {
        Self {
            id,
            send: SendChain::new(root, side),
            receive: ReceiveChain::new(root, side),
            outstanding: BTreeMap::new(),
            receipt: None,
            owes_receipt: false,
            answered_next: 0,
            receipts_next: 0,
            unanswered: BTreeSet::new(),
            incoming: BTreeMap::new(),
            retired: VecDeque::new(),
        }
    }

    /// Which pairing this is.
    #[must_use]
    pub fn id(&self) -> LaneId {
        self.id
    }

    /// The packs that were sealed and not receipted, oldest first.
    pub fn outstanding(&self) -> impl Iterator<Item = OutstandingPack<'_>> {
        self.outstanding
            .iter()
            .map(|(index, pack)| OutstandingPack {
                index: *index,
                pack,
            })
    }

    /// The packs of which some parts have not arrived, oldest first.
    #[must_use]
    pub fn incoming(&self) -> Vec<IncomingPack> {
        self.incoming
            .iter()
            .map(|(index, incoming)| IncomingPack {
                index: *index,
                part_count: incoming.cut.count(),
                missing: (0..incoming.cut.count())
                    .filter(|part| !incoming.parts.contains(part))
                    .collect(),
            })
            .collect()
    }

    /// Whether the next crossing writes a receipt.
    #[must_use]
    pub fn owes_receipt(&self) -> bool {
        self.owes_receipt
    }

    /// Whether the other machine would recognise one more pack.
    pub(crate) fn may_send(&self) -> bool {
        self.send.next_index() < self.answered_next.saturating_add(WINDOW as u64)
    }

    /// A second copy to change, so that a failed transaction leaves this one as it was. Goes
    /// through the encoding: what is about to be stored has then been read back once.
    pub(crate) fn duplicate(&self) -> Result<Self, CrossingError> {
        let bytes = Zeroizing::new(self.to_wire());
        Self::from_wire(&bytes).map_err(CrossingError::Lane)
    }

    /// Remembers the names of a pack that is done with, so that its parts are removed when they
    /// come back.
    pub(crate) fn retire(&mut self, pack: &Outstanding) {
        self.retired.extend(pack.names());
        while self.retired.len() > RETIRED_NAMES_MAX {
            self.retired.pop_front();
        }
    }

    /// Marks a pack as taken in.
    pub(crate) fn take(&mut self, index: PackIndex, asks_for_receipt: bool) {
        self.receive.take(index);
        self.incoming.remove(&index);
        if asks_for_receipt {
            self.owes_receipt = true;
        } else {
            self.unanswered.insert(index);
            while self.unanswered.len() > TAKEN_MAX {
                self.unanswered.pop_first();
            }
        }
    }

    /// The packs that the next crossing writes, a receipt first: it is small, and tells the other
    /// machine what it need not send.
    pub(crate) fn to_write(&self) -> impl Iterator<Item = (PackIndex, &Outstanding)> {
        let receipt = self.receipt.iter().map(|(index, pack)| (*index, pack));
        let receipt = receipt.filter(|(_, pack)| pack.carried.is_empty());
        let outstanding = self.outstanding.iter();
        receipt.chain(outstanding.map(|(index, pack)| (*index, pack)))
    }

    /// Whether these bytes begin with a part of a pack that was sent and not receipted.
    pub(crate) fn wrote(&self, beginning: &[u8]) -> bool {
        let receipt = self.receipt.iter().map(|(_, pack)| pack);
        receipt.chain(self.outstanding.values()).any(|pack| {
            let key = pack.secret.tag_key();
            (0..pack.cut.count()).any(|part| beginning.starts_with(&key.tag(part)))
        })
    }

    /// The pack of this number that is on its way.
    pub(crate) fn sent_mut(&mut self, index: PackIndex) -> Option<&mut Outstanding> {
        match &mut self.receipt {
            Some((at, pack)) if *at == index => Some(pack),
            _ => self.outstanding.get_mut(&index),
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Lane")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A pack of ours that has not been receipted.
pub struct OutstandingPack<'a> {
    index: PackIndex,
    pack: &'a Outstanding,
}

impl<'a> OutstandingPack<'a> {
    /// The number of the pack.
    #[must_use]
    pub fn index(&self) -> PackIndex {
        self.index
    }

    /// How many parts it has.
    #[must_use]
    pub fn part_count(&self) -> u32 {
        self.pack.cut.count()
    }

    /// Bytes of the sealed pack.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.pack.cut.pack_bytes()
    }

    /// The parts that the other machine has said it has, from 0.
    #[must_use]
    pub fn arrived(&self) -> &'a BTreeSet<u32> {
        &self.pack.arrived
    }

    /// The parts that were written to some medium, read back and compared.
    #[must_use]
    pub fn carried(&self) -> &'a BTreeSet<u32> {
        &self.pack.carried
    }

    /// What is in it; the first item is the receipts.
    #[must_use]
    pub fn items(&self) -> &'a [PlannedItem] {
        self.pack.plan.items()
    }
}

impl fmt::Debug for OutstandingPack<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutstandingPack")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
