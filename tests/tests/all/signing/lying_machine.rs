//! A machine that crosses as an honest one does, and carries what a test says.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use carriers::stick::Stick;
use crossing::{Host, HostError, Lane, LaneId, Options, Quiet};
use pack_format::chunked::ReadAt;
use pack_format::item::Item;
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::ratchet::Side;
use pack_format::relay::ContentId;
use pack_format::words::PairingCode;
use serde_json::Value;
use tempfile::TempDir;

use super::room::joined;

/// A vault as far as a courier can see one, or a courier as far as a vault can.
pub(super) struct LyingMachine {
    lanes: Vec<Lane>,
    memory: Memory,
}

impl LyingMachine {
    /// Paired by typing the words that the other machine has shown.
    pub(super) fn typing(words: &Value) -> Self {
        let code = PairingCode::from_words(&joined(words)).unwrap();
        let lane = Lane::new(LaneId([7; 16]), &code.root(), Side::Typed);
        Self {
            lanes: vec![lane],
            memory: Memory {
                due: Vec::new(),
                bundles: BTreeMap::new(),
                taken: Vec::new(),
                delivered: Vec::new(),
                spool: tempfile::tempdir().unwrap(),
            },
        }
    }

    /// Lets something cross with the next plug.
    pub(super) fn send(&mut self, item: &Item) {
        self.memory.due.push(PlannedItem::small(item));
    }

    /// The same for what is larger.
    pub(super) fn send_bundle(&mut self, bytes: &[u8]) {
        let content_id = ContentId::of(bytes);
        self.memory.bundles.insert(content_id, bytes.to_vec());
        self.memory.due.push(PlannedItem::Bundle {
            content_id,
            size_bytes: bytes.len() as u64,
        });
    }

    /// One plug, both directions.
    pub(super) fn plug(&mut self, stick: &Path) {
        let stick = Stick::open(stick).unwrap();
        let (lanes, host) = (&mut self.lanes, &mut self.memory);
        crossing::sync_stick(&stick, lanes, host, &mut Quiet, &Options::default()).unwrap();
    }

    /// What has come since this was last asked.
    pub(super) fn taken(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.memory.taken)
    }
}

struct Memory {
    due: Vec<PlannedItem>,
    bundles: BTreeMap<ContentId, Vec<u8>>,
    taken: Vec<Item>,
    delivered: Vec<PlannedItem>,
    spool: TempDir,
}

impl BundleSource for Memory {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let found = self.bundles.get(content_id);
        let bytes = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

impl Host for Memory {
    fn take_bundle(&mut self, _: LaneId, _: u64, body: &mut dyn Read) -> io::Result<()> {
        io::copy(body, &mut io::sink())?;
        Ok(())
    }

    fn take_item(&mut self, _: LaneId, item: Item) -> io::Result<()> {
        self.taken.push(item);
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.save_lane(lane)
    }

    fn discard_pack(&mut self) {
        self.delivered.clear();
    }

    fn delivered(&mut self, _: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.delivered.extend_from_slice(items);
        Ok(())
    }

    fn save_lane(&mut self, _: &Lane) -> Result<(), HostError> {
        let delivered = std::mem::take(&mut self.delivered);
        self.due.retain(|item| !delivered.contains(item));
        Ok(())
    }

    fn due(&mut self, _: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        Ok(self.due.clone())
    }

    fn spool_dir(&self) -> &Path {
        self.spool.path()
    }
}
