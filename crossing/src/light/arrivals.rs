//! Everything that arrives by light: recognises it, keeps it, and takes complete packs in.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

use pack_format::{
    chunked::ReadAt,
    light::{AnswerEntry, Frame, Kind, TransferId},
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
    /// Packs that were taken in and whose sender may not know it, the last seen first.
    taken: VecDeque<TransferId>,
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
            taken: VecDeque::new(),
            refused: BTreeSet::new(),
        };
        for lane in entries(&arrivals.dir)? {
            arrivals.reopen(lanes, &lane)?;
        }
        Ok(arrivals)
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
        if expected.taken {
            self.note_taken(transfer);
            return Ok(Noticed::TakenBefore);
        }
        let place = (expected.lane, expected.index);
        let Some(at) = self.place_for(TransferKey::of(frame), place, lanes)? else {
            return Ok(Noticed::Damaged);
        };
        // What is being received last is answered first.
        let mut receiving = self.receiving.remove(at);
        receiving.was_seen = true;
        let is_new = receiving.take(frame)?;
        self.receiving.insert(0, receiving);
        if !is_new {
            return Ok(Noticed::Repeated);
        }
        self.keep_parts(lanes, host)?;
        if lanes
            .get(place.0)
            .is_none_or(|lane| !is_whole(lane, place.1))
        {
            return Ok(Noticed::Pieces);
        }
        self.take_in(place, transfer, lanes, host, report)
    }

    /// What the other machine is told about the transfers that it shows.
    pub(crate) fn answer(&self) -> Vec<(AnswerEntry, &TagKey)> {
        let receiving = self.receiving.iter().map(|receiving| {
            let (here, needed) = receiving.pieces();
            let entry = AnswerEntry {
                transfer: receiving.key.transfer,
                blocks_missing: receiving.blocks_missing(),
                symbols_needed: u32::try_from(needed.saturating_sub(here)).unwrap_or(u32::MAX),
            };
            (receiving.key.transfer, entry)
        });
        let taken = self.taken.iter().map(|transfer| {
            let entry = AnswerEntry {
                transfer: *transfer,
                blocks_missing: 0,
                symbols_needed: 0,
            };
            (*transfer, entry)
        });
        receiving
            .chain(taken)
            .filter_map(|(transfer, entry)| Some((entry, &self.expected.get(&transfer)?.key)))
            .collect()
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
        let mut receiving = self.receiving.iter();
        let (here, needed) = receiving.find(|it| it.key.transfer == transfer)?.pieces();
        u32::try_from(needed.saturating_sub(here)).ok()
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
    /// arrived some other way meanwhile, and a pairing may be forgotten.
    fn reopen(&mut self, lanes: &[Lane], dir: &Path) -> Result<(), CrossingError> {
        let name = dir.file_name().unwrap_or_default();
        let of_dir = |lane: &Lane| lane.id().to_string().as_str() == name;
        let of_lane = lanes.iter().position(of_dir);
        for path in entries(dir)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let key = name.and_then(TransferKey::from_file_name);
            let wanted = key.and_then(|key| {
                let expected = self.expected.get(&key.transfer)?;
                let is_here = !expected.taken && of_lane == Some(expected.lane);
                let has_room = self.receiving.len() < RECEIVING_MAX;
                (is_here && has_room).then_some((key, (expected.lane, expected.index)))
            });
            let Some((key, place)) = wanted else {
                symbols::remove_with_folders(&path)?;
                continue;
            };
            let kept = kept(lanes, place);
            self.receiving
                .extend(Receiving::open(dir, key, place, kept)?);
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

    /// Puts every part of the first transfer that is complete into the spool, where other media
    /// leave theirs.
    fn keep_parts(&mut self, lanes: &mut [Lane], host: &mut dyn Host) -> Result<(), CrossingError> {
        let Some(receiving) = self.receiving.first_mut() else {
            return Ok(());
        };
        let (index, cut) = (receiving.index, receiving.cut);
        let Some(lane) = lanes.get_mut(receiving.lane) else {
            return Ok(());
        };
        let kept = lane.incoming.get(&index);
        let parts = receiving.complete_parts(kept);
        // Parts of another cut: one of the two was forged. What is whole will show.
        let disagrees = kept.is_some_and(|kept| kept.cut != cut);
        if parts.is_empty() || (disagrees && !receiving.is_whole()) {
            return Ok(());
        }
        let Some(expected) = self.expected.get(&receiving.key.transfer) else {
            return Ok(());
        };
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
            receiving.arrived(part);
        }
        // Of a pack that is whole it is known in a moment whether it asks for a receipt.
        if !is_whole(&next, index) {
            next.owes_receipt = true;
        }
        host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
        Ok(())
    }

    /// All parts are in the spool: they are verified and taken in like those of any medium.
    fn take_in(
        &mut self,
        (lane, index): (usize, PackIndex),
        transfer: TransferId,
        lanes: &mut [Lane],
        host: &mut dyn Host,
        report: &mut SyncReport,
    ) -> Result<Noticed, CrossingError> {
        let mut quiet = Quiet;
        let mut meter = Meter::new(&mut quiet);
        let found = lanes.iter().map(|_| Vec::new()).collect();
        intake::take_in(lanes, found, report, host, &mut NoShelf, &mut meter)?;
        let is_here =
            |receiving: &Receiving| receiving.key.transfer == transfer && receiving.lane == lane;
        let (done, going_on): (Vec<_>, Vec<_>) =
            self.receiving.drain(..).partition(|it| is_here(it));
        self.receiving = going_on;
        self.expected = expected(lanes);
        let is_taken = self.expected.get(&transfer).is_some_and(|it| it.taken);
        for receiving in done {
            receiving.remove()?;
        }
        if !is_taken {
            self.refused.insert(transfer);
            return Ok(Noticed::Refused);
        }
        // What was refused before was sent again and is whole now.
        if let Some(report) = report.lanes.get_mut(lane) {
            report.damaged.retain(|damaged| damaged.index != index);
        }
        self.note_taken(transfer);
        Ok(Noticed::Taken)
    }

    fn note_taken(&mut self, transfer: TransferId) {
        self.taken.retain(|known| *known != transfer);
        self.taken.push_front(transfer);
        self.taken.truncate(TAKEN_ANSWERS_MAX);
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
    let lane_dir = spool_dir.join(DIR_NAME).join(lane.to_string());
    for path in entries(&lane_dir)? {
        let name = path.file_name().and_then(|name| name.to_str());
        let key = name.and_then(TransferKey::from_file_name);
        if key.is_some_and(|key| key.transfer == transfer) {
            symbols::remove_with_folders(&path)?;
        }
    }
    Ok(())
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

/// How many packs that were taken in are told of: the sender shows one at a time.
const TAKEN_ANSWERS_MAX: usize = 8;
