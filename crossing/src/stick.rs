//! A crossing with a stick.

use std::{
    collections::{BTreeSet, HashSet},
    io,
};

use carriers::stick::{
    FoundPart, PartName, PartReader, Scan, Stick, StickError, StickFs, WrittenPart,
};
use pack_format::{chunked::ReadAt, part::PART_HEADER_BYTES};

use crate::{
    CrossingError, Host, Lane, Options, Phase, Progress, SyncReport, compose, intake,
    limits::RESERVE_BYTES,
    look::{self, Head, Recognised, Shelf},
    meter::Meter,
    write::{self, DuePart, OnMedium, PartBytes, Put, Target},
};

/// Takes in what is on the stick for these lanes, then writes what is due in them.
///
/// The stick may be pulled and the program killed at any moment: running it again completes the
/// trip. Foreign files are not touched. A read-only stick is no error: everything is taken in and
/// the report says that nothing was removed or written.
///
/// # Errors
/// Any [`CrossingError`] but those of [`SyncReport::outcome`]. What was committed before counts;
/// the lanes are then as they were last stored.
pub fn sync_stick<F: StickFs>(
    stick: &Stick<F>,
    lanes: &mut [Lane],
    host: &mut dyn Host,
    progress: &mut dyn Progress,
    options: &Options,
) -> Result<SyncReport, CrossingError> {
    let mut meter = Meter::new(progress);
    let mut report = SyncReport::new(lanes);
    let scan = stick.scan().map_err(CrossingError::Stick)?;
    report.foreign_count = scan.foreign_count;
    let found = find_parts(stick, &scan, lanes, &mut report, &mut meter)?;
    let is_writable = stick.is_writable().map_err(CrossingError::Stick)?;
    let mut shelf = StickShelf {
        stick,
        parts: scan.parts.iter().cloned().map(Some).collect(),
        read_only: !is_writable,
    };
    intake::take_in(lanes, found, &mut report, host, &mut shelf, &mut meter)?;
    let on_medium = depart(shelf, &scan, lanes, host, &mut report, &mut meter, options)?;
    write::report_outgoing(lanes, &on_medium, &mut report);
    write::mark_carried(lanes, &on_medium, host)?;
    report.safe_to_remove = true;
    Ok(report)
}

/// Reads the beginning of every file that could be a part, whatever its name.
fn find_parts<F: StickFs>(
    stick: &Stick<F>,
    scan: &Scan,
    lanes: &[Lane],
    report: &mut SyncReport,
    meter: &mut Meter<'_>,
) -> Result<Vec<Vec<Recognised>>, CrossingError> {
    let header_bytes = PART_HEADER_BYTES as u64;
    let total = header_bytes.saturating_mul(scan.parts.len() as u64);
    meter.begin(Phase::Looking, total)?;
    let ours = our_names(lanes);
    let mut heads = Vec::new();
    for (at, file) in scan.parts.iter().enumerate() {
        meter.step()?;
        let is_ours = ours.contains(&file.name);
        let mut header = [0; PART_HEADER_BYTES];
        let read = match file.size_bytes {
            size_bytes if size_bytes <= header_bytes => None,
            _ => Some(
                stick
                    .open_part(file)
                    .and_then(|reader| reader.read_exact_at(&mut header, 0)),
            ),
        };
        match read {
            Some(Ok(())) => heads.push(Head {
                at,
                size_bytes: file.size_bytes,
                header,
                may_be_late: has_part_stem(&file.name),
                is_ours,
            }),
            Some(Err(StickError::Gone { .. } | StickError::Io { .. })) => {
                report.unreadable_count = report.unreadable_count.saturating_add(1);
            }
            _ if is_ours => {}
            _ => report.foreign_count = report.foreign_count.saturating_add(1),
        }
    }
    let (found, foreign_count) = look::recognise(lanes, heads);
    report.foreign_count = report.foreign_count.saturating_add(foreign_count);
    Ok(found)
}

/// Names of every part that these lanes have written or will write.
fn our_names(lanes: &[Lane]) -> HashSet<PartName> {
    let mut names = HashSet::new();
    for lane in lanes {
        names.extend(lane.retired.iter().cloned());
        let receipt = lane.receipt.iter().map(|(_, pack)| pack);
        for pack in lane.outstanding.values().chain(receipt) {
            names.extend(pack.names());
        }
    }
    names
}

/// Writes what is due, unless the stick is read-only, and settles the stick.
fn depart<F: StickFs>(
    mut shelf: StickShelf<'_, F>,
    scan: &Scan,
    lanes: &mut [Lane],
    host: &mut dyn Host,
    report: &mut SyncReport,
    meter: &mut Meter<'_>,
    options: &Options,
) -> Result<OnMedium, CrossingError> {
    let mut due = Vec::new();
    for lane in &mut *lanes {
        due.push(compose::give_up(lane, host, options)?);
    }
    tidy(&mut shelf, scan, lanes, report)?;
    if shelf.read_only {
        report.medium_read_only = true;
        return Ok(OnMedium::default());
    }
    let mut room_bytes = shelf.room_for_new(lanes)?;
    for ((lane, due), report) in lanes.iter_mut().zip(due).zip(&mut report.lanes) {
        room_bytes = compose::compose(lane, &due, report, host, options, room_bytes)?;
    }
    // A receipt that has been overtaken is not needed on the stick any more.
    tidy(&mut shelf, scan, lanes, report)?;
    let mut target = StickTarget {
        shelf,
        leftovers: scan.leftovers.iter().cloned().collect(),
        written: Vec::new(),
        is_full: false,
    };
    match write::put_all(lanes, host, &mut target, report, meter) {
        Err(CrossingError::Stick(StickError::ReadOnly { .. })) => {
            report.medium_read_only = true;
            report.lanes.iter_mut().for_each(|lane| {
                lane.parts_written = 0;
                lane.bytes_written = 0;
            });
            Ok(OnMedium::default())
        }
        on_medium => {
            let on_medium = on_medium?;
            meter.begin(Phase::Checking, 0)?;
            target.settle(scan, report)?;
            Ok(on_medium)
        }
    }
}

/// Removes parts of ours that nobody needs any more, and what interrupted runs left of packs that
/// will not be written again.
fn tidy<F: StickFs>(
    shelf: &mut StickShelf<'_, F>,
    scan: &Scan,
    lanes: &[Lane],
    report: &mut SyncReport,
) -> Result<(), CrossingError> {
    let useless = write::useless_names(lanes);
    for (at, file) in scan.parts.iter().enumerate() {
        if useless.contains(&file.name) {
            shelf.remove(at)?;
        }
    }
    let mut keep: Vec<PartName> = write::due_parts(lanes)
        .into_iter()
        .map(|part| part.name)
        .collect();
    keep.extend(foreign_leftovers(scan));
    let removed_count = shelf.remove_leftovers(&keep)?;
    report.leftovers_removed = report.leftovers_removed.saturating_add(removed_count);
    Ok(())
}

/// Unfinished downloads of other programs can look like leftovers; the names of our parts have
/// one length and one alphabet.
fn foreign_leftovers(scan: &Scan) -> impl Iterator<Item = PartName> {
    let leftovers = scan.leftovers.iter();
    leftovers.filter(|name| !has_part_stem(name)).cloned()
}

/// Whether a name is of the form that our parts have.
fn has_part_stem(name: &PartName) -> bool {
    let stem = name.as_str().as_bytes();
    stem.len() == STEM_BYTES
        && stem
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

/// The parts that a scan found.
struct StickShelf<'s, F: StickFs> {
    stick: &'s Stick<F>,
    /// In the order of the scan; `None` once removed.
    parts: Vec<Option<FoundPart>>,
    read_only: bool,
}

impl<F: StickFs> StickShelf<'_, F> {
    /// What the stick can take beyond the parts that are due already.
    fn room_for_new(&self, lanes: &[Lane]) -> Result<u64, CrossingError> {
        let here: BTreeSet<&PartName> =
            self.parts.iter().flatten().map(|file| &file.name).collect();
        let due = write::due_parts(lanes);
        let missing = due.iter().filter(|part| !here.contains(&part.name));
        let needed = missing.map(|part| part.size_bytes);
        let needed = needed.fold(0, u64::saturating_add);
        let free = self.stick.free_bytes().map_err(CrossingError::Stick)?;
        Ok(free.saturating_sub(needed))
    }

    fn remove_leftovers(&mut self, keep: &[PartName]) -> Result<u32, CrossingError> {
        if self.read_only {
            return Ok(0);
        }
        match self.stick.remove_leftovers(keep) {
            Err(StickError::ReadOnly { .. }) => {
                self.read_only = true;
                Ok(0)
            }
            removed => removed.map_err(CrossingError::Stick),
        }
    }
}

impl<F: StickFs> Shelf for StickShelf<'_, F> {
    fn open(&self, at: usize) -> io::Result<Box<dyn ReadAt + '_>> {
        let part = self.parts.get(at).and_then(Option::as_ref);
        let part = part.ok_or(io::ErrorKind::NotFound)?;
        let reader = self.stick.open_part(part).map_err(io::Error::other)?;
        Ok(Box::new(OnStick(reader)))
    }

    fn remove(&mut self, at: usize) -> Result<(), CrossingError> {
        if self.read_only {
            return Ok(());
        }
        let Some(part) = self.parts.get_mut(at).and_then(Option::take) else {
            return Ok(());
        };
        match self.stick.remove_part(&part.name) {
            Err(StickError::ReadOnly { .. }) => {
                self.read_only = true;
                Ok(())
            }
            removed => removed.map_err(CrossingError::Stick),
        }
    }
}

/// A part on a stick as a source of bytes.
struct OnStick<F: StickFs>(PartReader<F>);

impl<F: StickFs> ReadAt for OnStick<F> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buf, offset).map_err(io::Error::other)
    }

    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }
}

/// A stick that is being written.
struct StickTarget<'s, F: StickFs> {
    shelf: StickShelf<'s, F>,
    leftovers: HashSet<PartName>,
    written: Vec<WrittenPart>,
    /// A part did not fit although there had been room: something else writes here too.
    is_full: bool,
}

impl<F: StickFs> StickTarget<'_, F> {
    /// Whether a finished part of this name is there and the same; another one is removed.
    fn is_there(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<bool, CrossingError> {
        let mut parts = self.shelf.parts.iter().flatten();
        let Some(file) = parts.find(|file| file.name == due.name) else {
            return Ok(false);
        };
        if file.size_bytes == due.size_bytes {
            let expected = bytes.digest(meter)?;
            let checked = self.shelf.stick.check_part(file);
            if checked.is_ok_and(|checked| checked.digest() == expected) {
                return Ok(true);
            }
        }
        let removed = self.shelf.stick.remove_part(&due.name);
        removed.map_err(CrossingError::Stick)?;
        Ok(false)
    }

    fn has_room(&self, due: &DuePart) -> Result<bool, CrossingError> {
        // What an interrupted run wrote of the part counts; the stick then looks for itself.
        if self.leftovers.contains(&due.name) {
            return Ok(true);
        }
        let free = self.shelf.stick.free_bytes();
        let free = free.map_err(CrossingError::Stick)?;
        Ok(due.size_bytes.saturating_add(RESERVE_BYTES) <= free)
    }

    fn write(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<WrittenPart, CrossingError> {
        let stick = self.shelf.stick;
        let writer = match stick.create_part(&due.name, due.size_bytes) {
            // A file of a size that no part has, such as a stick that was pulled leaves. Nobody
            // else gives a file a name like this; what is no file stays and is reported.
            Err(StickError::NotOurs { .. }) => {
                let removed = stick.remove_part(&due.name);
                removed.map_err(CrossingError::Stick)?;
                stick.create_part(&due.name, due.size_bytes)
            }
            writer => writer,
        };
        let mut writer = writer.map_err(CrossingError::Stick)?;
        bytes.for_each_piece(meter, |piece| {
            writer.write_all(piece).map_err(CrossingError::Stick)
        })?;
        writer.finish().map_err(CrossingError::Stick)
    }

    /// Makes sure that everything is on the device, and leaves nothing unfinished behind.
    fn settle(&mut self, scan: &Scan, report: &mut SyncReport) -> Result<(), CrossingError> {
        let stick = self.shelf.stick;
        stick.settle(&self.written).map_err(CrossingError::Stick)?;
        let keep: Vec<PartName> = foreign_leftovers(scan).collect();
        let removed_count = self.shelf.remove_leftovers(&keep)?;
        report.leftovers_removed = report.leftovers_removed.saturating_add(removed_count);
        Ok(())
    }
}

impl<F: StickFs> Target for StickTarget<'_, F> {
    fn put(
        &mut self,
        due: &DuePart,
        bytes: &PartBytes<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Put, CrossingError> {
        if self.is_there(due, bytes, meter)? {
            return Ok(Put::AlreadyThere);
        }
        if self.is_full || !self.has_room(due)? {
            return Ok(Put::NoRoom);
        }
        match self.write(due, bytes, meter) {
            Err(CrossingError::Stick(StickError::Full { .. })) => {
                self.is_full = true;
                Ok(Put::NoRoom)
            }
            written => {
                self.written.push(written?);
                Ok(Put::Written)
            }
        }
    }
}

/// Characters in the name of a part: 16 bytes in base32.
const STEM_BYTES: usize = 26;
