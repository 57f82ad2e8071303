//! Writes what is due to a medium that has no file system.

use std::{collections::BTreeSet, path::Path};

use carriers::raw::{RawError, RawFound, RawWriter};
use pack_format::{chunked::ReadAt as _, part::PART_HEADER_BYTES};

use crate::{
    CrossingError, Host, Lane, Phase, SyncReport,
    meter::Meter,
    raw::RawShelf,
    write::{self, DuePart, OnMedium, PartBytes, Put, Target},
};

/// Everything that writing works on.
pub(crate) struct Departure<'a, 'p> {
    pub(crate) device: &'a Path,
    /// The medium cannot be gone on with: it is written from its beginning or not at all.
    pub(crate) rewrites_only: bool,
    /// What lies on the medium is not needed by anybody else, or not at all.
    pub(crate) may_write_over: bool,
    pub(crate) lanes: &'a [Lane],
    pub(crate) host: &'a dyn Host,
    pub(crate) report: &'a mut SyncReport,
    pub(crate) meter: &'a mut Meter<'p>,
}

impl Departure<'_, '_> {
    /// Keeps what is due and lies at the beginning, and writes the rest behind it.
    pub(crate) fn run(
        mut self,
        shelf: RawShelf,
        beginning: Vec<([u8; PART_HEADER_BYTES], RawFound)>,
    ) -> Result<OnMedium, CrossingError> {
        let due_count = write::due_parts(self.lanes).len();
        let end = beginning.last().map_or(0, |(_, place)| {
            place.offset_bytes.saturating_add(place.size_bytes)
        });
        let mut kept = Kept {
            shelf,
            beginning,
            same: BTreeSet::new(),
        };
        let on_medium = self.put_all(&mut kept)?;
        if kept.same.len() == due_count {
            return Ok(on_medium);
        }
        if !self.may_write_over {
            return Err(CrossingError::MediumNotOurs);
        }
        let mut same = kept.same;
        let start = if self.rewrites_only || same.is_empty() {
            same.clear();
            0
        } else {
            end
        };
        drop(kept.shelf);
        let key = gap_key(self.lanes);
        let mut gaps = blake3::Hasher::new_keyed(&key).finalize_xof();
        let writer = match RawWriter::open(self.device, start, |gap: &mut [u8]| gaps.fill(gap)) {
            Err(RawError::ReadOnly { .. }) => {
                self.report.medium_read_only = true;
                return Ok(on_medium);
            }
            Err(RawError::Full { .. }) if start > 0 => return Ok(on_medium),
            writer => writer.map_err(CrossingError::Raw)?,
        };
        let mut target = RawTarget { writer, same };
        let on_medium = self.put_all(&mut target)?;
        self.meter.begin(Phase::Checking, 0)?;
        target.writer.finish().map_err(CrossingError::Raw)?;
        Ok(on_medium)
    }

    fn put_all(&mut self, target: &mut dyn Target) -> Result<OnMedium, CrossingError> {
        write::put_all(self.lanes, self.host, target, self.report, self.meter)
    }
}

/// `gap key = BLAKE3-derive-key("causeway/crossing/v1 raw gaps", seal key of each pack || header
/// of each part)`: gaps look like noise to everybody, and two media share gaps only where they
/// hold the same parts.
fn gap_key(lanes: &[Lane]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("causeway/crossing/v1 raw gaps");
    for (_, pack) in lanes.iter().flat_map(Lane::to_write) {
        hasher.update(pack.secret.seal_key().expose());
    }
    for part in write::due_parts(lanes) {
        hasher.update(&part.header);
    }
    *hasher.finalize().as_bytes()
}

/// Looks which parts are there already, and writes none.
struct Kept {
    shelf: RawShelf,
    beginning: Vec<([u8; PART_HEADER_BYTES], RawFound)>,
    same: BTreeSet<[u8; PART_HEADER_BYTES]>,
}

impl Target for Kept {
    fn put(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Put, CrossingError> {
        let mut beginning = self.beginning.iter();
        let Some((_, place)) = beginning.find(|(header, _)| *header == due.header) else {
            return Ok(Put::NoRoom);
        };
        let there = self.shelf.at(*place);
        let mut offset = 0_u64;
        let mut is_same = there.size_bytes() == due.size_bytes;
        bytes.for_each_piece(meter, |piece| {
            let mut found = vec![0; piece.len()];
            let read = there.read_exact_at(&mut found, offset);
            // What cannot be read is written again, behind.
            is_same = is_same && read.is_ok() && found == piece;
            offset = offset.saturating_add(piece.len() as u64);
            Ok(())
        })?;
        if !is_same {
            return Ok(Put::NoRoom);
        }
        self.same.insert(due.header);
        Ok(Put::AlreadyThere)
    }
}

/// A medium that is being written.
struct RawTarget<F: FnMut(&mut [u8])> {
    writer: RawWriter<F>,
    same: BTreeSet<[u8; PART_HEADER_BYTES]>,
}

impl<F: FnMut(&mut [u8])> Target for RawTarget<F> {
    fn put(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Put, CrossingError> {
        if self.same.contains(&due.header) {
            return Ok(Put::AlreadyThere);
        }
        let mut part = match self.writer.begin_part(due.size_bytes) {
            Err(RawError::Full { .. }) => return Ok(Put::NoRoom),
            part => part.map_err(CrossingError::Raw)?,
        };
        bytes.for_each_piece(meter, |piece| {
            part.write_all(piece).map_err(CrossingError::Raw)
        })?;
        part.finish().map_err(CrossingError::Raw)?;
        Ok(Put::Written)
    }
}
