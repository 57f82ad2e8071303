//! A pack put together from parts that lie in different places.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

use pack_format::{
    chunked::{PREFIX_BYTES, ReadAt, SEALED_CHUNK_BYTES},
    part::{Cut, PART_HEADER_BYTES},
};

use crate::{look::Shelf, spool};

/// Where a copy of a part lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the medium, by number.
    Medium(usize),
    /// In this machine's spool.
    Spool(PathBuf),
}

/// The copies of a pack's parts, for each part in the order in which they are tried.
pub(crate) struct Copies {
    cut: Cut,
    places: BTreeMap<u32, VecDeque<Place>>,
}

impl Copies {
    pub(crate) fn new(cut: Cut) -> Self {
        Self {
            cut,
            places: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, part: u32, place: Place) {
        self.places.entry(part).or_default().push_back(place);
    }

    /// The first copy of each part, or `None` while a part is missing.
    pub(crate) fn first_of_each(&self) -> Option<Vec<Place>> {
        (0..self.cut.count())
            .map(|part| self.places.get(&part)?.front().cloned())
            .collect()
    }

    /// Turns to another copy of one of these parts; false where none has another one.
    pub(crate) fn turn_to_another(&mut self, parts: &[u32]) -> bool {
        for part in parts {
            if let Some(places) = self.places.get_mut(part).filter(|places| places.len() > 1) {
                places.pop_front();
                return true;
            }
        }
        false
    }
}

/// The parts that a sealed chunk lies in: one, or two at a cut.
pub(crate) fn parts_of_chunk(cut: &Cut, chunk: u64) -> Vec<u32> {
    let first = chunk
        .saturating_mul(SEALED_CHUNK_BYTES as u64)
        .saturating_add(PREFIX_BYTES as u64);
    let last = first
        .saturating_add(SEALED_CHUNK_BYTES as u64 - 1)
        .min(cut.pack_bytes().saturating_sub(1));
    let part_at = |position: u64| position.checked_div(cut.part_bytes()).unwrap_or(0);
    (part_at(first)..=part_at(last))
        .filter_map(|part| u32::try_from(part).ok())
        .collect()
}

/// One choice of copies, read as one sealed pack. At most one part is open at a time.
pub(crate) struct AssembledPack<'m> {
    cut: Cut,
    places: Vec<Place>,
    shelf: &'m dyn Shelf,
    open: Mutex<Option<(u32, Box<dyn ReadAt + 'm>)>>,
    unreadable: OnceLock<u32>,
}

impl<'m> AssembledPack<'m> {
    /// A pack of these places, one for each part.
    pub(crate) fn new(cut: Cut, places: Vec<Place>, shelf: &'m dyn Shelf) -> Self {
        Self {
            cut,
            places,
            shelf,
            open: Mutex::new(None),
            unreadable: OnceLock::new(),
        }
    }

    /// The part that could not be read, if there was one.
    pub(crate) fn unreadable_part(&self) -> Option<u32> {
        self.unreadable.get().copied()
    }

    fn open_part(&self, part: u32) -> io::Result<Box<dyn ReadAt + 'm>> {
        let at = usize::try_from(part).unwrap_or(usize::MAX);
        match self.places.get(at).ok_or(io::ErrorKind::NotFound)? {
            Place::Medium(at) => self.shelf.open(*at),
            Place::Spool(path) => Ok(Box::new(spool::SpooledPart::open(path)?)),
        }
    }

    fn read_from_part(&self, part: u32, buf: &mut [u8], within: u64) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = match open.take() {
            Some((at, reader)) if at == part => reader,
            _ => self.open_part(part)?,
        };
        let offset = (PART_HEADER_BYTES as u64).saturating_add(within);
        let read = reader.read_exact_at(buf, offset);
        *open = Some((part, reader));
        read
    }
}

impl ReadAt for AssembledPack<'_> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let number = at.checked_div(self.cut.part_bytes()).unwrap_or(0);
            let part = u32::try_from(number).map_err(|_| io::ErrorKind::UnexpectedEof)?;
            let (start, len) = self.cut.piece(part);
            let within = at.saturating_sub(start);
            let available = usize::try_from(len.saturating_sub(within)).unwrap_or(usize::MAX);
            let count = rest.len().min(available);
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (head, tail) = rest.split_at_mut(count);
            if let Err(err) = self.read_from_part(part, head, within) {
                // Only the first failure says something: what follows is cleaning up.
                let _first = self.unreadable.set(part);
                return Err(err);
            }
            rest = tail;
            at = at.saturating_add(count as u64);
        }
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        self.cut.pack_bytes()
    }
}

#[cfg(test)]
mod tests {
    use pack_format::limits::PART_BYTES_MIN;

    use super::*;
    use crate::CrossingError;

    struct Memory(Vec<Vec<u8>>);

    impl Shelf for Memory {
        fn open(&self, at: usize) -> io::Result<Box<dyn ReadAt + '_>> {
            Ok(Box::new(self.0[at].as_slice()))
        }

        fn remove(&mut self, _at: usize) -> Result<(), CrossingError> {
            Ok(())
        }
    }

    #[test]
    fn bytes_across_a_cut_come_from_both_parts() {
        let cut = Cut::new(2 * PART_BYTES_MIN + 5, PART_BYTES_MIN).unwrap();
        let parts = [7_u8, 8, 9].into_iter().zip(0..3);
        let memory = Memory(
            parts
                .map(|(fill, part)| {
                    let len = usize::try_from(cut.piece(part).1).unwrap();
                    vec![fill; PART_HEADER_BYTES + len]
                })
                .collect(),
        );
        let places = (0..3).map(Place::Medium).collect();
        let pack = AssembledPack::new(cut, places, &memory);
        let mut buf = [0; 4];
        pack.read_exact_at(&mut buf, PART_BYTES_MIN - 2).unwrap();
        assert_eq!(buf, [7, 7, 8, 8]);
        pack.read_exact_at(&mut buf, 2 * PART_BYTES_MIN + 1)
            .unwrap();
        assert_eq!(buf, [9; 4]);
        assert!(
            pack.read_exact_at(&mut buf, 2 * PART_BYTES_MIN + 2)
                .is_err()
        );
    }

    #[test]
    fn a_chunk_at_a_cut_lies_in_two_parts() {
        let cut = Cut::new(2 * PART_BYTES_MIN + 5, PART_BYTES_MIN).unwrap();
        assert_eq!(parts_of_chunk(&cut, 0), [0]);
        let at_cut = (PART_BYTES_MIN - PREFIX_BYTES as u64) / SEALED_CHUNK_BYTES as u64;
        assert_eq!(parts_of_chunk(&cut, at_cut), [0, 1]);
        assert_eq!(parts_of_chunk(&cut, at_cut + 1), [1]);
    }
}
