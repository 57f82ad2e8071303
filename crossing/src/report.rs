//! What a crossing did, as plain data for a command line, a screen or JSON.

use std::collections::BTreeSet;

use pack_format::ratchet::PackIndex;

use crate::{CrossingError, Lane, LaneId};

/// What one run on one medium did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// One report for each lane, in the order in which the lanes were given.
    pub lanes: Vec<LaneReport>,
    /// The medium cannot be written to: everything was taken in, nothing removed or written.
    pub medium_read_only: bool,
    /// How much else lies on the medium, untouched.
    pub foreign_count: u64,
    /// Files that may be parts, but that the medium did not give.
    pub unreadable_count: u64,
    /// What interrupted runs had left and this one removed.
    pub leftovers_removed: u32,
    /// Nothing is pending any more: everything written was read back and compared.
    pub safe_to_remove: bool,
}

/// What one run did for one pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneReport {
    /// The pairing.
    pub lane: LaneId,
    /// Packs taken in.
    pub packs_taken: u32,
    /// Bundles in those packs.
    pub bundles_taken: u64,
    /// Other items in those packs, without receipts.
    pub items_taken: u64,
    /// Bytes of those packs, sealed.
    pub bytes_taken: u64,
    /// Items of ours that the other machine has receipted.
    pub items_delivered: u64,
    /// Parts of packs that had been taken in before.
    pub duplicate_parts: u32,
    /// Packs that were not taken in because something about them is wrong.
    pub damaged: Vec<DamagedPack>,
    /// Packs of which some parts are still missing here.
    pub incoming: Vec<IncomingPack>,
    /// Packs sealed in this run.
    pub packs_composed: u32,
    /// Parts written in this run, read back and compared.
    pub parts_written: u32,
    /// Bytes of those parts.
    pub bytes_written: u64,
    /// Packs that are on their way or have to be carried, oldest first; one of receipts only comes
    /// last.
    pub outgoing: Vec<OutgoingPack>,
    /// Items that are due and in no pack yet, because the medium or the lane is full.
    pub items_waiting: u64,
    /// So many packs were lost that another one would not be recognised: those that are
    /// outstanding have to arrive first, or the machines have to be paired again.
    pub window_used_up: bool,
}

/// A pack that was not taken in. The sender keeps its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedPack {
    /// The pack.
    pub index: PackIndex,
    /// How many parts it has.
    pub part_count: u32,
    /// The parts that are wrong, from 0, as far as that is known.
    pub parts: Vec<u32>,
    /// What is wrong.
    pub damage: Damage,
}

/// What is wrong with a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The bytes do not verify: they were altered or exchanged.
    Altered,
    /// A part does not have the length that its header says.
    CutShort,
    /// The medium did not give the bytes.
    Unreadable,
    /// The pack verifies, but holds something that this version does not understand.
    NotUnderstood,
}

/// A pack of which some parts have not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingPack {
    /// The pack.
    pub index: PackIndex,
    /// How many parts it has.
    pub part_count: u32,
    /// The parts that have not arrived, from 0, ascending.
    pub missing: Vec<u32>,
}

/// A pack that has not been receipted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingPack {
    /// The pack.
    pub index: PackIndex,
    /// It holds nothing but receipts, and is not receipted itself.
    pub receipts_only: bool,
    /// How many parts it has.
    pub part_count: u32,
    /// Parts that the other machine has said it has.
    pub arrived: BTreeSet<u32>,
    /// Parts that are on this medium, read back and compared.
    pub on_medium: BTreeSet<u32>,
    /// Parts that are neither there nor on a medium that an earlier run wrote.
    pub to_carry: BTreeSet<u32>,
    /// Bytes of the parts in `to_carry`.
    pub bytes_to_carry: u64,
}

impl LaneReport {
    pub(crate) fn new(lane: LaneId) -> Self {
        Self {
            lane,
            packs_taken: 0,
            bundles_taken: 0,
            items_taken: 0,
            bytes_taken: 0,
            items_delivered: 0,
            duplicate_parts: 0,
            damaged: Vec::new(),
            incoming: Vec::new(),
            packs_composed: 0,
            parts_written: 0,
            bytes_written: 0,
            outgoing: Vec::new(),
            items_waiting: 0,
            window_used_up: false,
        }
    }

    /// Parts that need another medium.
    #[must_use]
    pub fn parts_to_carry(&self) -> usize {
        self.outgoing.iter().map(|pack| pack.to_carry.len()).sum()
    }
}

impl SyncReport {
    pub(crate) fn new(lanes: &[Lane]) -> Self {
        Self {
            lanes: lanes
                .iter()
                .map(|lane| LaneReport::new(lane.id()))
                .collect(),
            ..Self::default()
        }
    }

    /// Whether the run ends well, for the exit code: what was taken in and written counts either
    /// way.
    ///
    /// # Errors
    /// [`CrossingError::Damaged`] when a pack was refused; [`CrossingError::Unreadable`] when the
    /// medium did not give a file; [`CrossingError::WindowUsedUp`] when a lane takes no further
    /// pack.
    pub fn outcome(&self) -> Result<(), CrossingError> {
        let damaged_count = self.lanes.iter().map(|lane| lane.damaged.len()).sum();
        if damaged_count > 0 {
            return Err(CrossingError::Damaged { damaged_count });
        }
        if self.unreadable_count > 0 {
            return Err(CrossingError::Unreadable {
                unreadable_count: self.unreadable_count,
            });
        }
        match self.lanes.iter().find(|lane| lane.window_used_up) {
            Some(lane) => Err(CrossingError::WindowUsedUp { lane: lane.lane }),
            None => Ok(()),
        }
    }
}
