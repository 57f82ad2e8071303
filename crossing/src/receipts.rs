//! What the two machines tell each other about packs that have arrived.

use std::collections::BTreeSet;

use pack_format::{
    codec::Wire as _,
    item::{Item, PARTIALS_MAX, PackReceipts, PartialPack},
    pack::PlannedItem,
    ratchet::PackIndex,
};

use crate::{Lane, lane::Outstanding, limits::RECEIPTS_BYTES_MAX};

/// What the other machine has to know now: everything taken in, and which parts are missing.
///
/// Partial packs are left out, last ones first, where the list would not fit into an item: their
/// parts are then sent again.
pub(crate) fn current(lane: &Lane) -> PackReceipts {
    let partial = lane.incoming().into_iter().map(|pack| PartialPack {
        index: pack.index,
        part_count: pack.part_count,
        missing: pack.missing,
    });
    let partials_max = usize::try_from(PARTIALS_MAX).unwrap_or(usize::MAX);
    let mut receipts = PackReceipts {
        taken: lane.receive.taken_ranges(),
        partial: partial.take(partials_max).collect(),
    };
    while receipts.to_wire().len() > RECEIPTS_BYTES_MAX && receipts.partial.pop().is_some() {}
    receipts
}

/// The receipts as the first item of a pack.
pub(crate) fn planned(lane: &Lane) -> PlannedItem {
    PlannedItem::small(&Item::Receipts(current(lane)))
}

/// Whether an item of a plan is receipts.
pub(crate) fn is_receipts(item: &PlannedItem) -> bool {
    matches!(item, PlannedItem::Small { kind, .. } if *kind == RECEIPTS_KIND)
}

/// Applies what the pack `from` of the other machine says, and returns the items of ours that
/// need not be sent again.
pub(crate) fn apply(lane: &mut Lane, from: PackIndex, receipts: &PackReceipts) -> Vec<PlannedItem> {
    let is_taken = |index: PackIndex| {
        let mut ranges = receipts.taken.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&index))
    };
    let taken: Vec<PackIndex> = lane
        .outstanding
        .keys()
        .copied()
        .filter(|index| is_taken(*index))
        .collect();
    let mut delivered = Vec::new();
    for index in taken {
        if let Some(pack) = lane.outstanding.remove(&index) {
            lane.retire(&pack);
            let items = pack.plan.items().iter().filter(|item| !is_receipts(item));
            delivered.extend(items.cloned());
        }
    }
    if let Some((_, pack)) = lane.receipt.take_if(|(index, _)| is_taken(*index)) {
        lane.retire(&pack);
    }
    note_newest(lane, receipts);
    // Packs arrive in any order; an older list must not take back what a newer one said.
    if from >= lane.receipts_next {
        lane.receipts_next = from.saturating_add(1);
        for (index, pack) in &mut lane.outstanding {
            pack.arrived = arrived(*index, pack, receipts);
        }
    }
    delivered
}

/// The other machine has taken a pack in, so that it looks for more beyond. It cannot have taken
/// one that was never sent.
fn note_newest(lane: &mut Lane, receipts: &PackReceipts) {
    if let Some((_, last)) = receipts.taken.last() {
        let next = last.saturating_add(1).min(lane.send.next_index());
        lane.answered_next = lane.answered_next.max(next);
    }
}

/// The parts of an outstanding pack that the newest receipts say have arrived: none where they do
/// not name it, because the other machine may have lost what it had.
fn arrived(index: PackIndex, pack: &Outstanding, receipts: &PackReceipts) -> BTreeSet<u32> {
    let count = pack.cut.count();
    let named = receipts
        .partial
        .iter()
        .find(|partial| partial.index == index && partial.part_count == count);
    named.map_or_else(BTreeSet::new, |partial| {
        (0..count)
            .filter(|part| !partial.missing.contains(part))
            .collect()
    })
}

/// The kind byte of receipts.
const RECEIPTS_KIND: u8 = 2;

#[cfg(test)]
mod tests {
    use pack_format::{
        limits::PART_BYTES_MIN, part::Cut, ratchet::Side, relay::ContentId, secret::Secret32,
    };

    use super::*;
    use crate::{LaneId, lane::Incoming};

    fn lane() -> Lane {
        Lane::new(LaneId([1; 16]), &Secret32::new([1; 32]), Side::Showed)
    }

    fn send(lane: &mut Lane, size_bytes: u64) -> PackIndex {
        let bundle = PlannedItem::Bundle {
            content_id: ContentId::of(&size_bytes.to_be_bytes()),
            size_bytes,
        };
        let plan = pack_format::pack::PackPlan::new(vec![planned(lane), bundle]).unwrap();
        let (index, secret) = lane.send.advance();
        let pack = Outstanding {
            secret,
            cut: Cut::new(plan.sealed_bytes(), PART_BYTES_MIN).unwrap(),
            plan,
            arrived: BTreeSet::new(),
            carried: BTreeSet::new(),
            next_symbol: 0,
        };
        lane.outstanding.insert(index, pack);
        index
    }

    fn partial(index: PackIndex, part_count: u32, missing: Vec<u32>) -> PackReceipts {
        PackReceipts {
            taken: vec![],
            partial: vec![PartialPack {
                index,
                part_count,
                missing,
            }],
        }
    }

    #[test]
    fn the_kind_byte_is_that_of_receipts() {
        assert_eq!(
            Item::Receipts(PackReceipts::default()).kind(),
            RECEIPTS_KIND
        );
    }

    #[test]
    fn a_taken_range_frees_its_packs_and_no_other() {
        let mut lane = lane();
        for size in [10, 20, 30] {
            send(&mut lane, size);
        }
        let receipts = PackReceipts {
            taken: vec![(0, 1)],
            partial: vec![],
        };
        let delivered = apply(&mut lane, 0, &receipts);
        assert_eq!(delivered.len(), 2);
        assert_eq!(lane.outstanding().map(|it| it.index()).last(), Some(2));
        assert_eq!((lane.outstanding.len(), lane.answered_next), (1, 2));
        assert_eq!(lane.retired.len(), 2);
    }

    #[test]
    fn older_receipts_do_not_take_back_newer_ones() {
        let mut lane = lane();
        let index = send(&mut lane, 3 << 20);
        let count = lane.outstanding[&index].cut.count();
        apply(&mut lane, 5, &partial(index, count, vec![0]));
        apply(&mut lane, 4, &partial(index, count, vec![0, 1, 2]));
        let wanted: Vec<_> = lane.outstanding[&index].wanted().collect();
        assert_eq!(wanted, [0]);
    }

    #[test]
    fn parts_that_the_other_machine_lost_are_sent_again() {
        let mut lane = lane();
        let index = send(&mut lane, 3 << 20);
        let count = lane.outstanding[&index].cut.count();
        apply(&mut lane, 5, &partial(index, count, vec![0]));
        apply(&mut lane, 6, &PackReceipts::default());
        assert_eq!(lane.outstanding[&index].wanted().count(), 4);
    }

    #[test]
    fn a_range_of_packs_that_were_never_sent_does_not_move_the_window() {
        let mut lane = lane();
        send(&mut lane, 10);
        let receipts = PackReceipts {
            taken: vec![(0, u64::MAX)],
            partial: vec![],
        };
        apply(&mut lane, 0, &receipts);
        assert_eq!(lane.answered_next, 1);
    }

    #[test]
    fn receipts_always_fit_into_an_item() {
        let mut lane = lane();
        for index in 0..8 {
            let incoming = Incoming {
                cut: Cut::new(4096 << 20, PART_BYTES_MIN).unwrap(),
                parts: BTreeSet::from([7]),
            };
            lane.incoming.insert(index, incoming);
        }
        for index in 0..300 {
            lane.receive.take(2 * index);
        }
        let receipts = current(&lane);
        assert!(receipts.to_wire().len() <= RECEIPTS_BYTES_MAX);
        assert_eq!(receipts.partial.len(), 3);
        assert_eq!(receipts.taken.len(), 300);
    }
}
