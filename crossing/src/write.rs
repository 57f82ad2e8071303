//! Brings every part that is due onto a medium, whatever kind of medium it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use carriers::stick::PartName;
use pack_format::{
    chunked::ReadAt as _, pack::SealedPack, part::PART_HEADER_BYTES, ratchet::PackIndex,
};

use crate::{
    CrossingError, Host, Lane, OutgoingPack, Phase, SyncReport,
    lane::{Outstanding, part_name, part_size_bytes},
    limits::STEP_BYTES,
    meter::Meter,
    sources::OneAtATime,
};

/// A part that should be on the medium.
pub(crate) struct DuePart {
    pub(crate) lane: usize,
    pub(crate) index: PackIndex,
    pub(crate) part: u32,
    pub(crate) name: PartName,
    pub(crate) header: [u8; PART_HEADER_BYTES],
    pub(crate) size_bytes: u64,
}

/// What became of a part on a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It was there already, the same byte for byte.
    AlreadyThere,
    /// It was written.
    Written,
    /// The medium has no room for it.
    NoRoom,
}

/// A medium that parts are written to.
pub(crate) trait Target {
    /// Brings one part onto the medium, all of it or nothing that a reader would take for it.
    fn put(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Put, CrossingError>;
}

/// The bytes of one part, made on demand and the same every time.
pub(crate) struct PartBytes<'a> {
    sealed: &'a SealedPack<'a>,
    header: [u8; PART_HEADER_BYTES],
    start: u64,
    len: u64,
}

impl PartBytes<'_> {
    /// Gives all bytes in order, a MiB at a time.
    pub(crate) fn for_each_piece(
        &self,
        meter: &mut Meter<'_>,
        mut give: impl FnMut(&[u8]) -> Result<(), CrossingError>,
    ) -> Result<(), CrossingError> {
        give(&self.header)?;
        let mut done = 0;
        let mut buf = vec![0; STEP_BYTES];
        while done < self.len {
            let left = usize::try_from(self.len.saturating_sub(done)).unwrap_or(usize::MAX);
            let piece = buf.get_mut(..left.min(STEP_BYTES)).unwrap_or_default();
            self.sealed
                .read_exact_at(piece, self.start.saturating_add(done))
                .map_err(CrossingError::Bundle)?;
            give(piece)?;
            done = done.saturating_add(piece.len() as u64);
            meter.advance(piece.len() as u64)?;
        }
        Ok(())
    }

    /// BLAKE3 of all bytes.
    pub(crate) fn digest(&self, meter: &mut Meter<'_>) -> Result<blake3::Hash, CrossingError> {
        let mut hasher = blake3::Hasher::new();
        self.for_each_piece(meter, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        Ok(hasher.finalize())
    }
}

/// Every part that should reach the other machines, those that lie on no other medium first.
pub(crate) fn due_parts(lanes: &[Lane]) -> Vec<DuePart> {
    let mut due = Vec::new();
    for (lane, state) in lanes.iter().enumerate() {
        for (index, pack) in state.to_write() {
            let elsewhere = carried_elsewhere(pack);
            let key = pack.secret.tag_key();
            for part in pack.wanted() {
                let Some(name) = part_name(&key, part) else {
                    continue;
                };
                let due_part = DuePart {
                    lane,
                    index,
                    part,
                    name,
                    header: key.header(part, &pack.cut),
                    size_bytes: part_size_bytes(&pack.cut, part),
                };
                due.push((elsewhere.contains(&part), due_part));
            }
        }
    }
    due.sort_by_key(|(is_elsewhere, _)| *is_elsewhere);
    due.into_iter().map(|(_, part)| part).collect()
}

/// The parts that lie on some medium, as far as that is a reason to prefer others. Once all were
/// carried and some did not arrive, their media may be lost and every part counts alike again.
fn carried_elsewhere(pack: &Outstanding) -> BTreeSet<u32> {
    if pack.wanted().all(|part| pack.carried.contains(&part)) {
        BTreeSet::new()
    } else {
        pack.carried.clone()
    }
}

/// The parts that are on the medium now, by lane and pack.
#[derive(Default)]
pub(crate) struct OnMedium(BTreeMap<(usize, PackIndex), BTreeSet<u32>>);

impl OnMedium {
    fn parts(&self, lane: usize, index: PackIndex) -> BTreeSet<u32> {
        self.0.get(&(lane, index)).cloned().unwrap_or_default()
    }
}

/// Puts every due part onto the medium, as far as it has room.
pub(crate) fn put_all(
    lanes: &[Lane],
    host: &dyn Host,
    target: &mut dyn Target,
    report: &mut SyncReport,
    meter: &mut Meter<'_>,
) -> Result<OnMedium, CrossingError> {
    let due = due_parts(lanes);
    let sizes = due.iter().map(|part| part.size_bytes);
    meter.begin(Phase::Writing, sizes.fold(0, u64::saturating_add))?;
    let mut on_medium = OnMedium::default();
    for run in due.chunk_by(|one, other| (one.lane, one.index) == (other.lane, other.index)) {
        let Some((pack, lane_report)) = run.first().and_then(|first| {
            let mut packs = lanes.get(first.lane)?.to_write();
            let (_, pack) = packs.find(|(index, _)| *index == first.index)?;
            Some((pack, report.lanes.get_mut(first.lane)?))
        }) else {
            continue;
        };
        let sources = OneAtATime::new(host, &pack.plan);
        let sealed =
            SealedPack::new(&pack.secret, &pack.plan, &sources).map_err(CrossingError::Bundle)?;
        for part in run {
            let (start, len) = pack.cut.piece(part.part);
            let bytes = PartBytes {
                sealed: &sealed,
                header: part.header,
                start,
                len,
            };
            let put = target.put(part, &bytes, meter)?;
            if put == Put::Written {
                lane_report.parts_written = lane_report.parts_written.saturating_add(1);
                lane_report.bytes_written =
                    lane_report.bytes_written.saturating_add(part.size_bytes);
            }
            if put != Put::NoRoom {
                let parts = on_medium.0.entry((part.lane, part.index)).or_default();
                parts.insert(part.part);
            }
        }
    }
    Ok(on_medium)
}

/// Says what is on the medium and what needs another one.
pub(crate) fn report_outgoing(lanes: &[Lane], on_medium: &OnMedium, report: &mut SyncReport) {
    for ((lane, state), report) in lanes.iter().enumerate().zip(&mut report.lanes) {
        for (index, pack) in state.to_write() {
            let here = on_medium.parts(lane, index);
            let elsewhere = carried_elsewhere(pack);
            let to_carry: BTreeSet<u32> = pack
                .wanted()
                .filter(|part| !here.contains(part) && !elsewhere.contains(part))
                .collect();
            let sizes = to_carry
                .iter()
                .map(|part| part_size_bytes(&pack.cut, *part));
            report.outgoing.push(OutgoingPack {
                index,
                receipts_only: !state.outstanding.contains_key(&index),
                part_count: pack.cut.count(),
                arrived: pack.arrived.clone(),
                on_medium: here,
                bytes_to_carry: sizes.fold(0, u64::saturating_add),
                to_carry,
            });
        }
        report
            .outgoing
            .sort_by_key(|pack| (pack.receipts_only, pack.index));
    }
}

/// Remembers which parts are on a medium that was settled.
pub(crate) fn mark_carried(
    lanes: &mut [Lane],
    on_medium: &OnMedium,
    host: &mut dyn Host,
) -> Result<(), CrossingError> {
    for (lane, state) in lanes.iter_mut().enumerate() {
        let mut next = state.duplicate()?;
        let mut is_changed = false;
        for ((_, index), here) in on_medium.0.range((lane, 0)..=(lane, PackIndex::MAX)) {
            let Some(pack) = next.sent_mut(*index) else {
                continue;
            };
            let mut carried = carried_elsewhere(pack);
            carried.extend(here);
            is_changed |= carried != pack.carried;
            pack.carried = carried;
        }
        if is_changed {
            host.save_lane(&next).map_err(CrossingError::Host)?;
            *state = next;
        }
    }
    Ok(())
}

/// Names of files of ours that nobody needs any more: of packs that are done with, and of parts
/// that have arrived.
pub(crate) fn useless_names(lanes: &[Lane]) -> HashSet<PartName> {
    let mut names = HashSet::new();
    for lane in lanes {
        names.extend(lane.retired.iter().cloned());
        for pack in lane.outstanding.values() {
            let key = pack.secret.tag_key();
            let arrived = pack.arrived.iter();
            names.extend(arrived.filter_map(|part| part_name(&key, *part)));
        }
    }
    names
}
