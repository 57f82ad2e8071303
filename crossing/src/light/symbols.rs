//! Symbols that have arrived of blocks that are not complete, in a file.
//!
//! The file is what survives a restart, and what keeps memory small: only the numbers of the
//! symbols are held. A record is a block (1 byte), a symbol id (4), the symbol, and the beginning
//! of a BLAKE3 hash of these; what a killed program left half-written at the end is cut off.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, Read as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use pack_format::light::{BlockDecoder, Layout};

use crate::{CrossingError, limits::SYMBOLS_BEYOND_MAX};

/// The symbols of one transfer.
pub(crate) struct SymbolStore {
    path: PathBuf,
    file: File,
    symbol_bytes: usize,
    /// More records than this are written anew without those that are of no use any more.
    record_count_max: u64,
    /// For each block the symbols that are here, and the number of the record that holds each.
    blocks: Vec<BTreeMap<u32, u64>>,
    record_count: u64,
}

impl SymbolStore {
    /// Opens or makes the file `name` in `dir`, which is made for the owner only.
    pub(crate) fn open(dir: &Path, name: &str, layout: &Layout) -> Result<Self, CrossingError> {
        let opening = CrossingError::spool("opening the file for pieces that arrive by light");
        make_dir(dir).map_err(&opening)?;
        let path = dir.join(name);
        let file = open_file(&path).map_err(&opening)?;
        let mut store = Self {
            path,
            file,
            symbol_bytes: layout.symbol_bytes(),
            record_count_max: record_count_max(layout),
            blocks: vec![BTreeMap::new(); usize::from(layout.block_count())],
            record_count: 0,
        };
        store.read_index(layout).map_err(&opening)?;
        Ok(store)
    }

    /// Keeps a symbol; false where it is here already or too many are.
    pub(crate) fn add(
        &mut self,
        block: u8,
        id: u32,
        symbol: &[u8],
        needed_count: u32,
    ) -> Result<bool, CrossingError> {
        let Some(symbols) = self.blocks.get_mut(usize::from(block)) else {
            return Ok(false);
        };
        let needed_count = usize::try_from(needed_count).unwrap_or(usize::MAX);
        if symbols.contains_key(&id) {
            return Ok(false);
        }
        if symbols.len() >= needed_count.saturating_add(SYMBOLS_BEYOND_MAX) {
            symbols.clear();
        }
        if self.record_count >= self.record_count_max {
            self.write_anew()?;
        }
        let Some(symbols) = self.blocks.get_mut(usize::from(block)) else {
            return Ok(false);
        };
        let record = record(block, id, symbol);
        let offset = self.record_count.saturating_mul(record.len() as u64);
        self.file
            .write_all_at(&record, offset)
            .map_err(CrossingError::spool(
                "keeping a piece that arrived by light",
            ))?;
        symbols.insert(id, self.record_count);
        self.record_count = self.record_count.saturating_add(1);
        Ok(true)
    }

    /// How many different symbols of a block are here.
    pub(crate) fn count(&self, block: u8) -> u32 {
        let symbols = self.blocks.get(usize::from(block));
        symbols.map_or(0, |symbols| {
            u32::try_from(symbols.len()).unwrap_or(u32::MAX)
        })
    }

    /// Puts a block together from its symbols, where they suffice.
    pub(crate) fn decode(
        &self,
        block: u8,
        source_symbols: u32,
        len: usize,
    ) -> Result<Option<Vec<u8>>, CrossingError> {
        let reading = CrossingError::spool("reading pieces that arrived by light");
        let mut decoder = BlockDecoder::new(source_symbols, self.symbol_bytes);
        let mut record = vec![0; self.record_bytes()];
        for (id, at) in self.blocks.get(usize::from(block)).into_iter().flatten() {
            let offset = at.saturating_mul(record.len() as u64);
            self.file
                .read_exact_at(&mut record, offset)
                .map_err(&reading)?;
            if let Some((_, _, symbol)) = read_record(&record) {
                decoder.add(*id, symbol);
            }
            if decoder.is_complete() {
                break;
            }
        }
        Ok(decoder.into_block(len))
    }

    /// Writes the file anew with the records that are of use: what was forgotten must not fill
    /// the disk.
    fn write_anew(&mut self) -> Result<(), CrossingError> {
        let writing = CrossingError::spool("tidying pieces that arrived by light");
        let record_bytes = self.record_bytes();
        let aside = self.path.with_extension("new");
        let file = open_file(&aside).and_then(|file| file.set_len(0).map(|()| file));
        let file = file.map_err(&writing)?;
        let mut record = vec![0; record_bytes];
        let mut count = 0_u64;
        for at in self.blocks.iter_mut().flat_map(BTreeMap::values_mut) {
            let (from, to) = (*at, count);
            let offset = |at: u64| at.saturating_mul(record_bytes as u64);
            self.file
                .read_exact_at(&mut record, offset(from))
                .and_then(|()| file.write_all_at(&record, offset(to)))
                .map_err(&writing)?;
            *at = to;
            count = count.saturating_add(1);
        }
        fs::rename(&aside, &self.path).map_err(&writing)?;
        self.file = file;
        self.record_count = count;
        Ok(())
    }

    /// Forgets the symbols of a block that is complete or does not verify.
    pub(crate) fn forget(&mut self, block: u8) {
        if let Some(symbols) = self.blocks.get_mut(usize::from(block)) {
            symbols.clear();
        }
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> Result<(), CrossingError> {
        remove_with_folders(&self.path)
    }

    fn record_bytes(&self) -> usize {
        RECORD_HEADER_BYTES + self.symbol_bytes + CHECK_BYTES
    }

    /// Reads which symbols are in the file, and cuts off what is not a whole record.
    fn read_index(&mut self, layout: &Layout) -> io::Result<()> {
        let mut record = vec![0; self.record_bytes()];
        let mut reader = BufReader::new(&self.file);
        while reader.read_exact(&mut record).is_ok() {
            let Some((block, id, _)) = read_record(&record) else {
                break;
            };
            let Some(symbols) = self.blocks.get_mut(usize::from(block)) else {
                break;
            };
            let needed_count = usize::try_from(layout.source_symbols(block)).unwrap_or(usize::MAX);
            if symbols.len() >= needed_count.saturating_add(SYMBOLS_BEYOND_MAX) {
                symbols.clear();
            }
            symbols.insert(id, self.record_count);
            self.record_count = self.record_count.saturating_add(1);
        }
        self.file
            .set_len(self.record_count.saturating_mul(record.len() as u64))
    }
}

/// Removes a file, and the folders around it where nothing else is in them; absent is as good as
/// removed.
pub(crate) fn remove_with_folders(path: &Path) -> Result<(), CrossingError> {
    match fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => {
            return Err(CrossingError::spool(
                "removing pieces that arrived by light",
            )(err));
        }
        _ => {}
    }
    for dir in path.ancestors().skip(1).take(FOLDERS) {
        // One with something in it stays, and says so with an error.
        if fs::remove_dir(dir).is_err() {
            break;
        }
    }
    Ok(())
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Twice what can be of use at a time.
fn record_count_max(layout: &Layout) -> u64 {
    let beyond = (SYMBOLS_BEYOND_MAX as u64).saturating_mul(layout.block_count().into());
    let of_use = u64::from(layout.source_symbols_in_all()).saturating_add(beyond);
    of_use.saturating_mul(2)
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn record(block: u8, id: u32, symbol: &[u8]) -> Vec<u8> {
    let mut record = vec![block];
    record.extend_from_slice(&id.to_be_bytes());
    record.extend_from_slice(symbol);
    let check = check(&record);
    record.extend_from_slice(&check);
    record
}

fn read_record(record: &[u8]) -> Option<(u8, u32, &[u8])> {
    let (content, found) = record.split_last_chunk::<CHECK_BYTES>()?;
    let (block, rest) = content.split_first()?;
    let (id, symbol) = rest.split_first_chunk::<4>()?;
    (check(content) == *found).then(|| (*block, u32::from_be_bytes(*id), symbol))
}

fn check(content: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = blake3::hash(content);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// That of the pairing, and the one for all.
const FOLDERS: usize = 2;
/// Block and symbol id.
const RECORD_HEADER_BYTES: usize = 5;
/// Finds what a crash left half-written, not what somebody altered.
const CHECK_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn layout() -> Layout {
        Layout::new(20_000).unwrap()
    }

    fn open(dir: &TempDir) -> SymbolStore {
        SymbolStore::open(dir.path(), "store", &layout()).unwrap()
    }

    #[test]
    fn symbols_survive_being_closed() {
        let dir = TempDir::new().unwrap();
        let mut store = open(&dir);
        assert!(store.add(0, 3, &[7; 60], 334).unwrap());
        assert!(store.add(0, 900, &[8; 60], 334).unwrap());
        assert!(!store.add(0, 3, &[7; 60], 334).unwrap());
        drop(store);
        assert_eq!(open(&dir).count(0), 2);
    }

    #[test]
    fn what_a_killed_program_wrote_in_part_is_cut_off() {
        let dir = TempDir::new().unwrap();
        let mut store = open(&dir);
        store.add(0, 1, &[1; 60], 334).unwrap();
        store.add(0, 2, &[2; 60], 334).unwrap();
        let len = store.file.metadata().unwrap().len();
        store.file.set_len(len - 1).unwrap();
        drop(store);
        let mut store = open(&dir);
        assert_eq!(store.count(0), 1);
        assert!(store.add(0, 2, &[2; 60], 334).unwrap());
        drop(store);
        assert_eq!(open(&dir).count(0), 2);
    }

    #[test]
    fn a_block_never_keeps_more_symbols_than_can_be_of_use() {
        let dir = TempDir::new().unwrap();
        let mut store = open(&dir);
        for id in 0..1000 {
            store.add(0, id, &[1; 60], 100).unwrap();
            assert!(store.count(0) <= 164);
        }
    }

    #[test]
    fn the_file_never_grows_beyond_twice_what_can_be_of_use() {
        let dir = TempDir::new().unwrap();
        let mut store = open(&dir);
        let record_bytes = store.record_bytes() as u64;
        let limit = store.record_count_max * record_bytes;
        for id in 0..5_000 {
            store.add(0, id, &[7; 60], 334).unwrap();
            assert!(store.file.metadata().unwrap().len() <= limit);
        }
        let count = store.count(0);
        drop(store);
        assert!(open(&dir).count(0) >= count);
    }
}
