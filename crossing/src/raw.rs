//! A crossing with a medium that has no file system.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, Seek as _, SeekFrom},
    os::unix::fs::FileTypeExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use carriers::{
    limits::RAW_BOUNDARY_BYTES,
    raw::{RawError, RawFound, RawReader},
};
use pack_format::{
    chunked::ReadAt,
    part::{FoundPart, PART_HEADER_BYTES, PartFinder},
    ratchet::PackIndex,
};

use crate::{
    CrossingError, Host, Lane, Options, Phase, Progress, SyncReport, compose, intake,
    look::{Recognised, Shelf},
    meter::Meter,
    raw_owner::Owner,
    raw_write,
    write::{self, DuePart},
};

/// Takes in what lies on a device, a tape or an image file for these lanes, then writes what is
/// due over it, from its beginning on.
///
/// Parts of incomplete packs are kept on this machine before anything is overwritten; the sender
/// keeps everything else until a receipt returns. What is due and lies at the beginning already
/// stays there, and the rest is written behind it. A medium that holds something else is written
/// over only where [`Options::overwrite`] says so.
///
/// # Errors
/// [`CrossingError::MediumNotOurs`]; any other [`CrossingError`] but those of [`SyncReport::outcome`]. What was committed before counts;
/// the lanes are then as they were last stored.
pub fn sync_raw(
    device: &Path,
    lanes: &mut [Lane],
    host: &mut dyn Host,
    progress: &mut dyn Progress,
    options: &Options,
) -> Result<SyncReport, CrossingError> {
    let mut meter = Meter::new(progress);
    let mut report = SyncReport::new(lanes);
    let mut reader = RawReader::open(device).map_err(CrossingError::Raw)?;
    let extent = Extent::of(device).map_err(|source| {
        let doing = "asking for the medium's size";
        CrossingError::Raw(RawError::Io { doing, source })
    })?;
    let search = Search::run(&mut reader, &extent, lanes, &mut meter)?;
    let mut shelf = RawShelf {
        reader: Mutex::new(reader),
        places: search.places,
    };
    intake::take_in(
        lanes,
        search.found,
        &mut report,
        host,
        &mut shelf,
        &mut meter,
    )?;
    let mut room_bytes = extent.capacity_bytes;
    for (lane, report) in lanes.iter_mut().zip(&mut report.lanes) {
        let due = compose::give_up(lane, host, options)?;
        let outstanding = write::due_parts(std::slice::from_ref(&*lane));
        let sizes = outstanding.iter().map(|part| part.size_bytes);
        room_bytes = room_bytes.saturating_sub(sizes.fold(0, u64::saturating_add));
        room_bytes = compose::compose(lane, &due, report, host, options, room_bytes)?;
    }
    let due = write::due_parts(lanes);
    let beginning = beginning(&search.ours, &due);
    let on_medium = raw_write::Departure {
        device,
        rewrites_only: extent.is_tape,
        may_write_over: options.overwrite || search.is_free,
        lanes,
        host,
        report: &mut report,
        meter: &mut meter,
    }
    .run(shelf, beginning)?;
    write::report_outgoing(lanes, &on_medium, &mut report);
    write::mark_carried(lanes, &on_medium, host)?;
    report.safe_to_remove = true;
    Ok(report)
}

/// How large the medium is.
struct Extent {
    /// Its size in bytes, 0 where that is not known; for showing progress.
    size_bytes: u64,
    /// What can be written to it, as far as it says.
    capacity_bytes: u64,
    /// It can be written from its beginning only.
    is_tape: bool,
}

impl Extent {
    fn of(device: &Path) -> io::Result<Self> {
        let kind = fs::metadata(device)?.file_type();
        let is_tape = kind.is_char_device();
        let size_bytes = if is_tape {
            0
        } else {
            File::open(device)?.seek(SeekFrom::End(0))?
        };
        Ok(Self {
            size_bytes,
            capacity_bytes: if kind.is_block_device() {
                size_bytes
            } else {
                u64::MAX
            },
            is_tape,
        })
    }
}

/// What a medium holds that concerns these lanes.
struct Search {
    /// Parts for this machine, by lane; the number of each is its place in `places`.
    found: Vec<Vec<Recognised>>,
    places: Vec<RawFound>,
    /// Where something begins like a part that this machine writes.
    ours: BTreeMap<u64, ([u8; PART_HEADER_BYTES], RawFound)>,
    /// Nobody else needs what it holds.
    is_free: bool,
}

impl Search {
    fn run(
        reader: &mut RawReader,
        extent: &Extent,
        lanes: &[Lane],
        meter: &mut Meter<'_>,
    ) -> Result<Self, CrossingError> {
        meter.begin(Phase::Looking, extent.size_bytes)?;
        let owner = Owner::of(reader.beginning().map_err(CrossingError::Raw)?, lanes);
        let chains: Vec<_> = lanes.iter().map(|lane| &lane.receive).collect();
        let mut finder = PartFinder::new(&chains);
        // What is no part cannot be told from a late part here: both look like noise.
        finder.look_deeper();
        let due = write::due_parts(lanes);
        let due: HashMap<_, _> = due
            .iter()
            .map(|part| (part.header, part.size_bytes))
            .collect();
        let mut search = Self {
            found: lanes.iter().map(|_| Vec::new()).collect(),
            places: Vec::new(),
            ours: BTreeMap::new(),
            is_free: owner.is_free(false),
        };
        let mut copy_counts = HashMap::new();
        loop {
            let mut stopped = None;
            let mut hit = None;
            let mut is_free = search.is_free;
            let place = reader.find_next(|head| {
                if let Err(err) = meter.advance(RAW_BOUNDARY_BYTES) {
                    // Any length ends the search; what it found is not looked at.
                    stopped = Some(err);
                    return Some(1);
                }
                let part = finder.find(head);
                hit = Some((*head, part));
                if part.is_some() || due.contains_key(head) {
                    // Also one that was not written to its end.
                    is_free = owner.is_free(true);
                }
                part.map_or_else(|| due.get(head).copied(), |part| Some(part.size_bytes()))
            });
            search.is_free = is_free;
            if let Some(err) = stopped {
                return Err(err);
            }
            match (place.map_err(CrossingError::Raw)?, hit) {
                (Some(place), Some((_, Some(part)))) => search.add(part, place, &mut copy_counts),
                (Some(place), Some((head, None))) => {
                    search.ours.insert(place.offset_bytes, (head, place));
                }
                _ => return Ok(search),
            }
        }
    }

    fn add(
        &mut self,
        part: FoundPart,
        place: RawFound,
        copy_counts: &mut HashMap<(usize, PackIndex, u32), u32>,
    ) {
        let count = copy_counts
            .entry((part.lane, part.pack, part.part))
            .or_insert(0);
        *count = count.saturating_add(1);
        if *count > COPIES_MAX {
            return;
        }
        if let Some(parts) = self.found.get_mut(part.lane) {
            parts.push(Recognised {
                at: self.places.len(),
                size_bytes: place.size_bytes,
                part,
            });
            self.places.push(place);
        }
    }
}

/// The parts at the beginning of the medium that are still due, one behind the other.
fn beginning(
    ours: &BTreeMap<u64, ([u8; PART_HEADER_BYTES], RawFound)>,
    due: &[DuePart],
) -> Vec<([u8; PART_HEADER_BYTES], RawFound)> {
    let mut run = Vec::new();
    let mut end = 0;
    for (offset, (header, place)) in ours {
        // A later run begins at its own, coarser boundary.
        let is_next = offset
            .checked_sub(end)
            .is_some_and(|gap| gap < RUN_GAP_BYTES);
        if !is_next || !due.iter().any(|part| part.header == *header) {
            break;
        }
        run.push((*header, *place));
        end = place.offset_bytes.saturating_add(place.size_bytes);
    }
    run
}

/// The parts that a search found.
pub(crate) struct RawShelf {
    reader: Mutex<RawReader>,
    places: Vec<RawFound>,
}

impl RawShelf {
    /// The bytes at a place that a search of this medium found.
    pub(crate) fn at(&self, place: RawFound) -> OnRaw<'_> {
        OnRaw { shelf: self, place }
    }
}

impl Shelf for RawShelf {
    fn open(&self, at: usize) -> io::Result<Box<dyn ReadAt + '_>> {
        let place = self.places.get(at).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(self.at(*place)))
    }

    /// Nothing is removed from such a medium: the next run writes over it.
    fn remove(&mut self, _at: usize) -> Result<(), CrossingError> {
        Ok(())
    }
}

/// A part on a raw medium as a source of bytes.
pub(crate) struct OnRaw<'s> {
    shelf: &'s RawShelf,
    place: RawFound,
}

impl ReadAt for OnRaw<'_> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let reader = &self.shelf.reader;
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader
            .read_exact_at(&self.place, buf, offset)
            .map_err(io::Error::other)
    }

    fn size_bytes(&self) -> u64 {
        self.place.size_bytes
    }
}

/// How many copies of one part are looked at: a courier can make any number.
const COPIES_MAX: u32 = 4;
/// Bytes between two parts are fewer than this: where a run of parts may begin.
const RUN_GAP_BYTES: u64 = carriers::limits::RAW_START_BYTES;
