//! Everything that arrives by light: recognises it, keeps it, and takes complete packs in.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

use pack_format::{
    chunked::{ReadAt, sealed_bytes},
    light::{AnswerEntry, Frame, Kind, TransferId},
    limits::PACK_CONTENT_BYTES_MIN,
    part::Cut,
    ratchet::{PackIndex, TagKey},
};

use super::{
    noticed::Noticed,
    receiving::{Receiving, TransferKey},
    symbols,
};
use crate::{
    CrossingError, Host, Lane, LaneId, Quiet, SyncReport, intake,
    lane::{Incoming, part_name},
    limits::RECEIVING_MAX,
    look::Shelf,
    meter::Meter,
    spool::Spool,
};

/// A pack that may arrive, or has been taken in.
struct Expected {
    lane: usize,
    index: PackIndex,
    key: TagKey,
    taken: bool,
}

/// The receiving half of a crossing by light.
pub(crate) struct Arrivals {
    dir: PathBuf,
    expected: HashMap<TransferId, Expected>,
    receiving: Vec<Receiving>,
    /// The transfers of which frames were seen in this crossing, the last one first.
    seen: VecDeque<TransferId>,
    /// Packs that were whole and did not verify.
    refused: BTreeSet<TransferId>,
}

impl Arrivals {
    /// Goes on with what earlier runs have kept.
    pub(crate) fn begin(lanes: &[Lane], host: &dyn Host) -> Result<Self, CrossingError> {
        let mut arrivals = Self {
            dir: host.spool_dir().join(DIR_NAME),
            expected: expected(lanes),
            receiving: Vec::new(),
            seen: VecDeque::new(),
            refused: BTreeSet::new(),
        };
        for lane in 0..lanes.len() {
            arrivals.reopen(lanes, lane)?;
        }
        Ok(arrivals)
    }

    /// Takes in what is whole and was not: a crossing may have ended, or a disk have been full,
    /// between the last piece and the pack.
    pub(crate) fn resume(
        &mut self,
        lanes: &mut [Lane],
        host: &mut dyn Host,
        report: &mut SyncReport,
    ) -> Result<(), CrossingError> {
        let has_whole = |lane: &Lane| lane.incoming.keys().any(|index| is_whole(lane, *index));
        if lanes.iter().any(has_whole) {
            self.run_intake(lanes, host, report)?;
        }
        let keys: Vec<_> = self
            .receiving
            .iter()
            .map(|receiving| receiving.key)
            .collect();
        for key in keys {
            let at = self.receiving.iter().position(|it| it.key == key);
            if let Some(at) = at {
                self.settle(at, lanes, host, report)?;
            }
        }
        Ok(())
    }

    /// Takes one frame of a pack.
    pub(crate) fn take(
        &mut self,
        frame: &Frame<'_>,
        lanes: &mut [Lane],
        host: &mut dyn Host,
        report: &mut SyncReport,
    ) -> Result<Noticed, CrossingError> {
        match frame.kind() {
            Kind::Pack => {}
            Kind::Card => return Ok(Noticed::Card),
            Kind::Pairing => return Ok(Noticed::Pairing),
        }
        let transfer = frame.transfer();
        let Some(expected) = self.expected.get(&transfer) else {
            return Ok(Noticed::OtherTransfer);
        };
        let (is_taken, place) = (expected.taken, (expected.lane, expected.index));
        self.note_seen(transfer);
        if is_taken {
            return Ok(Noticed::TakenBefore);
        }
        // No pack is smaller: a forged length must not be reached at once.
        if frame.layout().total_bytes() < sealed_bytes(PACK_CONTENT_BYTES_MIN) {
            return Ok(Noticed::Damaged);
        }
        let Some(at) = self.place_for(TransferKey::of(frame), place, lanes)? else {
            return Ok(Noticed::Damaged);
        };
        let Some(receiving) = self.receiving.get_mut(at) else {
            return Ok(Noticed::Damaged);
        };
        receiving.was_seen = true;
        let is_new = receiving.take(frame)?;
        let nothing_more = if is_new {
            Noticed::Pieces
        } else {
            Noticed::Repeated
        };
        // A pack that is whole and was not taken in is tried again with every frame of it.
        if !is_new && !receiving.is_whole() {
            return Ok(nothing_more);
        }
        let settled = self.settle(at, lanes, host, report)?;
        Ok(settled.unwrap_or(nothing_more))
    }

    /// What the other machine is told about the transfers that it has shown: one entry for each,
    /// however many lengths were claimed for it.
    pub(crate) fn answer(&self) -> Vec<(AnswerEntry, &TagKey)> {
        let entries = self.seen.iter().filter_map(|transfer| {
            let expected = self.expected.get(transfer)?;
            let entry = if expected.taken {
                AnswerEntry {
                    transfer: *transfer,
                    blocks_missing: 0,
                    symbols_needed: 0,
                }
            } else {
                self.nearest(*transfer)?.answer()
            };
            Some((entry, &expected.key))
        });
        entries.collect()
    }

    /// Of the lengths that were claimed for a transfer, the one that is most nearly whole.
    fn nearest(&self, transfer: TransferId) -> Option<&Receiving> {
        let claimed = self.receiving.iter();
        let claimed = claimed.filter(|receiving| receiving.key.transfer == transfer);
        claimed.max_by_key(|receiving| receiving.pieces().0)
    }

    /// Packs of which pieces are missing: pairing, pieces here, pieces needed.
    pub(crate) fn incomplete(&self) -> impl Iterator<Item = (usize, u64, u64)> {
        self.receiving.iter().map(|receiving| {
            let (here, needed) = receiving.pieces();
            (receiving.lane, here, needed)
        })
    }

    /// How many symbols of a transfer are missing; 0 when it was taken in, `None` when it is not
    /// expected or nothing of it is here.
    pub(crate) fn lacks(&self, transfer: TransferId) -> Option<u32> {
        if self.expected.get(&transfer)?.taken {
            return Some(0);
        }
        Some(self.nearest(transfer)?.answer().symbols_needed)
    }

    /// Whether a transfer was whole in this crossing and did not verify.
    pub(crate) fn was_refused(&self, transfer: TransferId) -> bool {
        self.refused.contains(&transfer)
    }

    /// Whether pieces are missing of a pack of which a frame was taken.
    pub(crate) fn lacks_pieces(&self) -> bool {
        self.receiving.iter().any(|receiving| receiving.was_seen)
    }

    /// Reads what is kept for one pairing, and removes what is of no use any more: a pack may have
    /// arrived some other way meanwhile.
    fn reopen(&mut self, lanes: &[Lane], of_lane: usize) -> Result<(), CrossingError> {
        let Some(lane) = lanes.get(of_lane) else {
            return Ok(());
        };
        let dir = self.dir.join(lane.id().to_string());
        for path in entries(&dir)? {
            let name = path.file_name().and_then(|name| name.to_str());
            // What has another name is nobody's business here.
            let Some(key) = name.and_then(TransferKey::from_file_name) else {
                continue;
            };
            let wanted = self.expected.get(&key.transfer).filter(|expected| {
                let is_here = !expected.taken && expected.lane == of_lane;
                is_here && self.receiving.len() < RECEIVING_MAX
            });
            let Some(expected) = wanted else {
                symbols::remove_with_folders(&path)?;
                continue;
            };
            let place = (expected.lane, expected.index);
            let kept = kept(lanes, place);
            self.receiving
                .extend(Receiving::open(&dir, key, place, kept)?);
        }
        Ok(())
    }

    /// Where the transfer is received; the one with the fewest pieces gives way to a new one.
    fn place_for(
        &mut self,
        key: TransferKey,
        place: (usize, PackIndex),
        lanes: &[Lane],
    ) -> Result<Option<usize>, CrossingError> {
        let mut all = self.receiving.iter();
        if let Some(at) = all.position(|receiving| receiving.key == key) {
            return Ok(Some(at));
        }
        if self.receiving.len() >= RECEIVING_MAX {
            let fewest = self.receiving.iter().enumerate();
            let fewest = fewest.min_by_key(|(_, receiving)| receiving.pieces().0);
            if let Some((at, _)) = fewest {
                self.receiving.remove(at).remove()?;
            }
        }
        let Some(lane) = lanes.get(place.0) else {
            return Ok(None);
        };
        let dir = self.dir.join(lane.id().to_string());
        let receiving = Receiving::open(&dir, key, place, kept(lanes, place))?;
        self.receiving.extend(receiving);
        Ok(self.receiving.len().checked_sub(1))
    }

    /// Keeps the parts that are complete, and takes the pack in when all are there; `None` where
    /// there is more to come.
    fn settle(
        &mut self,
        at: usize,
        lanes: &mut [Lane],
        host: &mut dyn Host,
        report: &mut SyncReport,
    ) -> Result<Option<Noticed>, CrossingError> {
        let Some(receiving) = self.receiving.get(at) else {
            return Ok(None);
        };
        let (key, place) = (receiving.key, (receiving.lane, receiving.index));
        if self.disagrees(at, lanes) {
            // Whoever shows codes can claim any length. What other media brought, or what came
            // under another length, gives way to a pack that verifies, and to nothing else.
            if !receiving.is_whole() {
                return Ok(None);
            }
            if !receiving.verifies(lanes)? {
                return self.refuse(key).map(Some);
            }
        }
        self.keep_parts(at, lanes, host)?;
        let lane = lanes.get(place.0);
        if lane.is_none_or(|lane| !is_whole(lane, place.1)) {
            return Ok(None);
        }
        self.run_intake(lanes, host, report)?;
        let is_taken = self.expected.get(&key.transfer).is_some_and(|it| it.taken);
        if !is_taken {
            return self.refuse(key).map(Some);
        }
        // What was refused before was sent again and is whole now.
        if let Some(report) = report.lanes.get_mut(place.0) {
            report.damaged.retain(|damaged| damaged.index != place.1);
        }
        Ok(Some(Noticed::Taken))
    }

    /// Whether parts of the pack are kept that were cut in another way.
    fn disagrees(&self, at: usize, lanes: &[Lane]) -> bool {
        let receiving = self.receiving.get(at);
        receiving.is_some_and(|receiving| {
            let kept = kept(lanes, (receiving.lane, receiving.index));
            kept.is_some_and(|kept| kept.cut != receiving.cut)
        })
    }

    /// What came under this length does not verify: it goes, and nothing else does.
    fn refuse(&mut self, key: TransferKey) -> Result<Noticed, CrossingError> {
        self.refused.insert(key.transfer);
        let at = self.receiving.iter().position(|it| it.key == key);
        if let Some(at) = at {
            self.receiving.remove(at).remove()?;
        }
        Ok(Noticed::Refused)
    }

    /// Puts every part that is complete into the spool, where other media leave theirs.
    fn keep_parts(
        &mut self,
        at: usize,
        lanes: &mut [Lane],
        host: &mut dyn Host,
    ) -> Result<(), CrossingError> {
        let disagrees = self.disagrees(at, lanes);
        let Some(receiving) = self.receiving.get_mut(at) else {
            return Ok(());
        };
        let (index, cut) = (receiving.index, receiving.cut);
        let expected = self.expected.get(&receiving.key.transfer);
        let (Some(lane), Some(expected)) = (lanes.get_mut(receiving.lane), expected) else {
            return Ok(());
        };
        let parts = receiving.complete_parts(lane.incoming.get(&index));
        if parts.is_empty() {
            return Ok(());
        }
        let mut next = lane.duplicate()?;
        if disagrees {
            next.incoming.remove(&index);
        }
        if !intake::make_room(&mut next, index) {
            return Ok(());
        }
        let spool = Spool::new(host.spool_dir(), lane.id());
        for part in parts {
            let Some(bytes) = receiving.part(part)? else {
                continue;
            };
            store_part(&spool, &expected.key, &cut, part, &bytes)?;
            let incoming = next.incoming.entry(index).or_insert_with(|| Incoming {
                cut,
                parts: BTreeSet::new(),
            });
            incoming.parts.insert(part);
        }
        // Of a pack that is whole it is known in a moment whether it asks for a receipt.
        if !is_whole(&next, index) {
            next.owes_receipt = true;
        }
        host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
        // Until the lane says that it has them, the pieces stay.
        let arrived = lane.incoming.get(&index).map(|kept| kept.parts.clone());
        arrived
            .into_iter()
            .flatten()
            .for_each(|part| receiving.arrived(part));
        Ok(())
    }

    /// Takes in every pack whose parts are all in the spool, like those of any medium.
    fn run_intake(
        &mut self,
        lanes: &mut [Lane],
        host: &mut dyn Host,
        report: &mut SyncReport,
    ) -> Result<(), CrossingError> {
        let mut quiet = Quiet;
        let mut meter = Meter::new(&mut quiet);
        let found = lanes.iter().map(|_| Vec::new()).collect();
        intake::take_in(lanes, found, report, host, &mut NoShelf, &mut meter)?;
        self.expected = expected(lanes);
        // The files went with the packs.
        let expected = &self.expected;
        self.receiving.retain(|receiving| {
            let expected = expected.get(&receiving.key.transfer);
            expected.is_some_and(|expected| !expected.taken)
        });
        Ok(())
    }

    fn note_seen(&mut self, transfer: TransferId) {
        self.seen.retain(|known| *known != transfer);
        self.seen.push_front(transfer);
        self.seen.truncate(SEEN_MAX);
    }
}

fn kept(lanes: &[Lane], (lane, index): (usize, PackIndex)) -> Option<&Incoming> {
    lanes.get(lane)?.incoming.get(&index)
}

fn is_whole(lane: &Lane, index: PackIndex) -> bool {
    let incoming = lane.incoming.get(&index);
    incoming.is_some_and(|it| (0..it.cut.count()).all(|part| it.parts.contains(&part)))
}

/// Every pack that may arrive, and those that were taken in, by what their frames say.
fn expected(lanes: &[Lane]) -> HashMap<TransferId, Expected> {
    let mut all = HashMap::new();
    for (lane, state) in lanes.iter().enumerate() {
        let taken = state.receive.taken();
        let taken = taken.map(|(index, key)| (index, key.duplicate(), true));
        let coming = state.receive.expected().into_iter();
        let coming = coming.map(|(index, secret)| (index, secret.tag_key(), false));
        for (index, key, taken) in taken.chain(coming) {
            let transfer = key.transfer_id();
            let expected = Expected {
                lane,
                index,
                key,
                taken,
            };
            all.insert(transfer, expected);
        }
    }
    all
}

/// Writes a part as a stick would have brought it.
fn store_part(
    spool: &Spool,
    key: &TagKey,
    cut: &Cut,
    part: u32,
    bytes: &[u8],
) -> Result<(), CrossingError> {
    let Some(name) = part_name(key, part) else {
        return Ok(());
    };
    let mut whole = key.header(part, cut).to_vec();
    whole.extend_from_slice(bytes);
    let mut quiet = Quiet;
    spool.store(&name, &whole, &mut Meter::new(&mut quiet))?;
    Ok(())
}

/// There is no medium: everything is in the spool.
struct NoShelf;

impl Shelf for NoShelf {
    fn open(&self, _at: usize) -> io::Result<Box<dyn ReadAt + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn remove(&mut self, _at: usize) -> Result<(), CrossingError> {
        Ok(())
    }
}

/// Removes what light has kept of a pack that is taken in, whatever brought it.
pub(crate) fn forget(
    spool_dir: &Path,
    lane: LaneId,
    transfer: TransferId,
) -> Result<(), CrossingError> {
    for path in entries(&lane_dir(spool_dir, lane))? {
        let name = path.file_name().and_then(|name| name.to_str());
        let key = name.and_then(TransferKey::from_file_name);
        if key.is_some_and(|key| key.transfer == transfer) {
            symbols::remove_with_folders(&path)?;
        }
    }
    Ok(())
}

/// Where the symbols of one pairing are kept.
pub(crate) fn lane_dir(spool_dir: &Path, lane: LaneId) -> PathBuf {
    spool_dir.join(DIR_NAME).join(lane.to_string())
}

/// What lies in `dir`, which need not be there.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, CrossingError> {
    let reading = CrossingError::spool("looking for pieces that arrived by light");
    let entries = match fs::read_dir(dir) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(&reading)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(&reading)
}

/// Beside the folders of the pairings, whose names are longer.
const DIR_NAME: &str = "light";

/// More than an answer holds, since those of which nothing is known any more are left out.
const SEEN_MAX: usize = 16;
