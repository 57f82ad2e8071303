//! Decides what has to be sent, and seals it into packs that never change again.

use std::collections::{BTreeSet, HashSet};

use pack_format::{
    codec::DecodeError,
    item::{KIND_BUNDLE, KIND_END},
    limits::{
        PACK_ITEMS_MAX, PART_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX, SMALL_ITEM_BYTES_MAX, WINDOW,
    },
    pack::{PackPlan, PlannedItem},
    part::{Cut, PART_HEADER_BYTES},
    ratchet::PackIndex,
    relay::ContentId,
};

use crate::{
    CrossingError, Host, Lane, LaneReport, Options,
    lane::Outstanding,
    limits::{OUTSTANDING_MAX, RESERVE_BYTES},
    receipts,
};

/// Gives up packs that need not or cannot arrive any more, and returns what is due.
///
/// That is: packs with a bundle that was withdrawn; packs so old that the other machine may have
/// given up waiting; and all of them where there would be too many. What is still due of them is
/// sealed again, with a new key.
pub(crate) fn give_up(
    lane: &mut Lane,
    host: &mut dyn Host,
    options: &Options,
) -> Result<Vec<PlannedItem>, CrossingError> {
    let due = host.due(lane.id).map_err(CrossingError::Host)?;
    due.iter()
        .try_for_each(check_item)
        .map_err(CrossingError::Due)?;
    let due = without_repeats(&due);
    let bundles: HashSet<ContentId> = due.iter().filter_map(bundle_of).collect();
    let is_withdrawn = |pack: &Outstanding| {
        let mut contained = pack.plan.items().iter().filter_map(bundle_of);
        contained.any(|content_id| !bundles.contains(&content_id))
    };
    let is_stale = |index: PackIndex| index.saturating_add(WINDOW as u64) <= lane.answered_next;
    let mut given_up: Vec<PackIndex> = lane
        .outstanding
        .iter()
        .filter(|(index, pack)| is_withdrawn(pack) || is_stale(**index))
        .map(|(index, _)| *index)
        .collect();
    let kept_count = lane.outstanding.len().saturating_sub(given_up.len());
    let new_count = split(new_items(lane, &due), options.pack_bytes).len();
    let is_crowded = new_count > 0 && kept_count.saturating_add(new_count) > OUTSTANDING_MAX;
    if is_crowded && lane.may_send() && split(due.clone(), options.pack_bytes).len() < kept_count {
        given_up = lane.outstanding.keys().copied().collect();
    }
    if !given_up.is_empty() {
        let mut next = lane.duplicate()?;
        for index in given_up {
            if let Some(pack) = next.outstanding.remove(&index) {
                next.retire(&pack);
            }
        }
        host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
    }
    Ok(due)
}

/// Seals what is due and in no pack yet, and a receipt where one is owed, as far as the medium
/// has room. The lane is saved before anything of it may be written.
///
/// `room_bytes` is what the medium can take beyond the packs that are outstanding already; what
/// is left of it is returned.
pub(crate) fn compose(
    lane: &mut Lane,
    due: &[PlannedItem],
    report: &mut LaneReport,
    host: &mut dyn Host,
    options: &Options,
    room_bytes: u64,
) -> Result<u64, CrossingError> {
    let mut composer = Composer {
        lane: lane.duplicate()?,
        options,
        room_bytes,
        composed_count: 0,
    };
    let new = new_items(&composer.lane, due);
    let wants_to_send = !new.is_empty() || composer.lane.owes_receipt;
    let owed = composer.lane.owes_receipt;
    if !composer.has_room_for(&new) {
        // What is due would take all the room: the receipt goes first, because it frees some on
        // the other side.
        composer.receipt()?;
    }
    for items in split(new, options.pack_bytes) {
        let item_count = items.len() as u64;
        if !composer.data(items)? {
            report.items_waiting = report.items_waiting.saturating_add(item_count);
        }
    }
    composer.receipt()?;
    let Composer {
        lane: next,
        room_bytes,
        composed_count,
        ..
    } = composer;
    report.packs_composed = report.packs_composed.saturating_add(composed_count);
    report.window_used_up =
        wants_to_send && !next.may_send() && (report.items_waiting > 0 || next.owes_receipt);
    if composed_count > 0 || owed != next.owes_receipt {
        host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
    }
    Ok(room_bytes)
}

struct Composer<'a> {
    lane: Lane,
    options: &'a Options,
    room_bytes: u64,
    composed_count: u32,
}

impl Composer<'_> {
    /// Whether all of these items fit onto the medium, with padding and a receipt besides.
    fn has_room_for(&self, items: &[PlannedItem]) -> bool {
        let bytes = items.iter().map(body_bytes);
        let bytes = bytes.fold(2 * OVERHEAD_BYTES, u64::saturating_add);
        bytes.saturating_add(bytes / 8) <= self.room_bytes
    }

    /// Seals items into a pack, receipts first; false where lane or medium have no room.
    fn data(&mut self, items: Vec<PlannedItem>) -> Result<bool, CrossingError> {
        if self.lane.outstanding.len() >= OUTSTANDING_MAX {
            return Ok(false);
        }
        let receipts = receipts::planned(&self.lane);
        let items: Vec<_> = std::iter::once(receipts).chain(items).collect();
        let Some((index, pack)) = self.seal(items)? else {
            return Ok(false);
        };
        // The receipts of a pack in several parts are read when the last one has arrived: too
        // late for what they say about missing parts.
        if pack.cut.count() == 1 {
            self.lane.owes_receipt = false;
            self.retire_receipt();
        }
        self.lane.outstanding.insert(index, pack);
        Ok(true)
    }

    /// Makes sure that what is owed reaches the other machine with this medium.
    fn receipt(&mut self) -> Result<(), CrossingError> {
        if !self.lane.owes_receipt {
            return Ok(());
        }
        let current = receipts::planned(&self.lane);
        let says_it = |pack: &Outstanding| pack.plan.items().first() == Some(&current);
        let goes_along = |pack: &Outstanding| {
            says_it(pack) && pack.cut.count() == 1 && pack.wanted().next().is_some()
        };
        if self.lane.outstanding.values().any(goes_along) {
            self.lane.owes_receipt = false;
            return Ok(());
        }
        // The same receipts are the same pack: asking again and again must not use up numbers.
        if let Some((_, pack)) = self.lane.receipt.as_mut().filter(|(_, pack)| says_it(pack)) {
            pack.carried.clear();
            pack.arrived.clear();
            self.lane.owes_receipt = false;
            return Ok(());
        }
        if let Some(sealed) = self.seal(vec![current])? {
            self.retire_receipt();
            self.lane.receipt = Some(sealed);
            self.lane.owes_receipt = false;
        }
        Ok(())
    }

    fn retire_receipt(&mut self) {
        if let Some((_, pack)) = self.lane.receipt.take() {
            self.lane.retire(&pack);
        }
    }

    /// Takes the next secret for these items; `None` where the other machine would not recognise
    /// the pack or the medium has no room for a part of it.
    fn seal(
        &mut self,
        items: Vec<PlannedItem>,
    ) -> Result<Option<(PackIndex, Outstanding)>, CrossingError> {
        let plan = PackPlan::new(items).map_err(CrossingError::Due)?;
        let pack_bytes = plan.sealed_bytes();
        let part_bytes = part_bytes(pack_bytes, self.room_bytes, self.options);
        let smallest = pack_bytes.min(part_bytes).saturating_add(OVERHEAD_BYTES);
        if !self.lane.may_send() || smallest > self.room_bytes {
            return Ok(None);
        }
        let cut = Cut::new(pack_bytes, part_bytes).map_err(CrossingError::Due)?;
        let headers = u64::from(cut.count()).saturating_mul(PART_HEADER_BYTES as u64);
        let needed = pack_bytes.saturating_add(headers);
        self.room_bytes = self.room_bytes.saturating_sub(needed);
        self.composed_count = self.composed_count.saturating_add(1);
        let (index, secret) = self.lane.send.advance();
        let pack = Outstanding {
            secret,
            plan,
            cut,
            arrived: BTreeSet::new(),
            carried: BTreeSet::new(),
            next_symbol: 0,
        };
        Ok(Some((index, pack)))
    }
}

/// How large the parts of a pack are: as asked for where the whole pack fits, a quarter of the
/// room at most where it does not, and never so small that there would be too many.
fn part_bytes(pack_bytes: u64, room_bytes: u64, options: &Options) -> u64 {
    let largest = power_of_two_within(options.part_bytes, PART_BYTES_MAX);
    let wished = if pack_bytes.saturating_add(OVERHEAD_BYTES) <= room_bytes {
        largest
    } else {
        power_of_two_within(room_bytes / 4, largest)
    };
    let fewest = pack_bytes
        .div_ceil(u64::from(PARTS_MAX))
        .checked_next_power_of_two()
        .unwrap_or(PART_BYTES_MAX);
    wished.max(fewest)
}

/// The largest power of two up to `bytes`, at least the smallest part and at most `largest`.
fn power_of_two_within(bytes: u64, largest: u64) -> u64 {
    let bytes = bytes.clamp(PART_BYTES_MIN, largest.max(PART_BYTES_MIN));
    1 << bytes.ilog2()
}

/// What is due and in no outstanding pack.
fn new_items(lane: &Lane, due: &[PlannedItem]) -> Vec<PlannedItem> {
    let packs = lane.outstanding.values();
    let sent: HashSet<Key<'_>> = packs
        .flat_map(|pack| pack.plan.items())
        .map(Key::of)
        .collect();
    let new = due.iter().filter(|item| !sent.contains(&Key::of(item)));
    new.cloned().collect()
}

fn without_repeats(due: &[PlannedItem]) -> Vec<PlannedItem> {
    let mut seen = HashSet::new();
    let firsts: Vec<bool> = due.iter().map(|item| seen.insert(Key::of(item))).collect();
    let kept = due.iter().zip(firsts).filter(|(_, is_first)| *is_first);
    kept.map(|(item, _)| item.clone()).collect()
}

/// Cuts a list of items into the contents of packs, in order.
fn split(items: Vec<PlannedItem>, pack_bytes: u64) -> Vec<Vec<PlannedItem>> {
    // One item of each pack is the receipts.
    let items_max = usize::try_from(PACK_ITEMS_MAX - 1).unwrap_or(usize::MAX);
    let mut packs: Vec<Vec<PlannedItem>> = Vec::new();
    let mut content_bytes = 0_u64;
    for item in items {
        let item_bytes = body_bytes(&item);
        content_bytes = content_bytes.saturating_add(item_bytes);
        match packs.last_mut() {
            Some(pack) if content_bytes <= pack_bytes && pack.len() < items_max => {
                pack.push(item);
            }
            _ => {
                content_bytes = item_bytes;
                packs.push(vec![item]);
            }
        }
    }
    packs
}

/// Refuses an item that would be sealed and then not be read.
fn check_item(item: &PlannedItem) -> Result<(), DecodeError> {
    match item {
        PlannedItem::Small { kind, .. } if [KIND_END, KIND_BUNDLE].contains(kind) => {
            Err(DecodeError::Unknown { what: "item kind" })
        }
        PlannedItem::Small { body, .. } if body.len() as u64 > SMALL_ITEM_BYTES_MAX.into() => {
            Err(DecodeError::OverLimit {
                what: "item",
                found: body.len() as u64,
                limit: SMALL_ITEM_BYTES_MAX.into(),
            })
        }
        _ if receipts::is_receipts(item) => Err(DecodeError::Rule {
            what: "receipts are not due: the engine writes them",
        }),
        _ => Ok(()),
    }
}

fn bundle_of(item: &PlannedItem) -> Option<ContentId> {
    match item {
        PlannedItem::Bundle { content_id, .. } => Some(*content_id),
        PlannedItem::Small { .. } => None,
    }
}

fn body_bytes(item: &PlannedItem) -> u64 {
    match item {
        PlannedItem::Bundle { size_bytes, .. } => *size_bytes,
        PlannedItem::Small { body, .. } => body.len() as u64,
    }
}

/// What makes two items the same.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Bundle(ContentId),
    Small(u8, &'a [u8]),
}

impl<'a> Key<'a> {
    fn of(item: &'a PlannedItem) -> Self {
        match item {
            PlannedItem::Bundle { content_id, .. } => Self::Bundle(*content_id),
            PlannedItem::Small { kind, body } => Self::Small(*kind, body),
        }
    }
}

/// What a part needs on a stick besides its piece of the pack.
const OVERHEAD_BYTES: u64 = PART_HEADER_BYTES as u64 + RESERVE_BYTES;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PACK_SPLIT_BYTES;

    const MIB: u64 = 1 << 20;

    fn bundle(seed: u8, size_bytes: u64) -> PlannedItem {
        PlannedItem::Bundle {
            content_id: ContentId([seed; 32]),
            size_bytes,
        }
    }

    #[test]
    fn parts_are_as_asked_for_where_the_pack_fits() {
        let options = Options::default();
        assert_eq!(part_bytes(700 * MIB, u64::MAX, &options), 256 * MIB);
        assert_eq!(part_bytes(17_000, 40 * MIB, &options), 256 * MIB);
    }

    #[test]
    fn parts_are_smaller_where_the_medium_is() {
        let options = Options::default();
        assert_eq!(part_bytes(700 * MIB, 300 * MIB, &options), 64 * MIB);
        assert_eq!(part_bytes(700 * MIB, 0, &options), MIB);
    }

    #[test]
    fn a_pack_never_has_too_many_parts() {
        let options = Options {
            part_bytes: MIB,
            ..Options::default()
        };
        let pack_bytes = 200 << 30;
        let part_bytes = part_bytes(pack_bytes, u64::MAX, &options);
        assert_eq!(part_bytes, 64 * MIB);
        assert!(Cut::new(pack_bytes, part_bytes).is_ok());
    }

    #[test]
    fn odd_part_sizes_are_rounded_down() {
        for (asked, given) in [(0, MIB), (3 * MIB, 2 * MIB), (u64::MAX, 1 << 30)] {
            let options = Options {
                part_bytes: asked,
                ..Options::default()
            };
            assert_eq!(part_bytes(64 * MIB, u64::MAX, &options), given);
        }
    }

    #[test]
    fn what_is_too_much_for_one_pack_is_split_in_order() {
        let half = PACK_SPLIT_BYTES / 2;
        let items = vec![bundle(1, half), bundle(2, half), bundle(3, 1)];
        let packs = split(items.clone(), PACK_SPLIT_BYTES);
        assert_eq!(packs, [&items[..2], &items[2..]]);
        assert_eq!(
            split(vec![bundle(1, 2 * PACK_SPLIT_BYTES)], PACK_SPLIT_BYTES).len(),
            1
        );
        assert_eq!(split(Vec::new(), PACK_SPLIT_BYTES).len(), 0);
    }

    #[test]
    fn items_that_could_not_be_read_are_never_sealed() {
        let large = usize::try_from(SMALL_ITEM_BYTES_MAX + 1).unwrap();
        for (kind, len) in [(0, 0), (1, 0), (2, 8), (8, large)] {
            let body = vec![0; len];
            assert!(
                check_item(&PlannedItem::Small { kind, body }).is_err(),
                "{kind}"
            );
        }
    }

    #[test]
    fn an_item_that_is_due_twice_is_sent_once() {
        let items = vec![bundle(1, 5), bundle(2, 5), bundle(1, 5)];
        assert_eq!(without_repeats(&items), items[..2]);
    }
}
