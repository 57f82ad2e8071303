//! A vault that keeps everything in memory, its courier, and the stick between them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use carriers::stick::Stick;
use crossing::{Host, HostError, Lane, LaneId, Options, Quiet, SyncReport};
use online_relay::courier::{
    Cancel, Courier, CourierError, Medium, PairingName, ServerUrl, SyncOptions, SyncOutcome, Watch,
};
use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::item::{CourierReport, Item};
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::ratchet::Side;
use pack_format::relay::{ContentId, FetchToken, RelayAddress, Signed, StoredReceipt};
use pack_format::secret::Secret32;
use pack_format::words::PairingCode;
use tempfile::TempDir;

use crate::common::{Person, TestRelay, quick};

/// A vault, its courier's directory, and the stick that goes between.
pub(super) struct Site {
    pub(super) vault: Vault,
    pub(super) courier_dir: PathBuf,
    pub(super) stick: PathBuf,
    dir: TempDir,
}

impl Site {
    /// A pair that may talk to this server.
    pub(super) fn new(server: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let courier_dir = dir.path().join("courier");
        let stick = dir.path().join("stick");
        std::fs::create_dir(&stick).unwrap();
        let servers = [ServerUrl::parse(server).unwrap()];
        let mut courier = Courier::init(&courier_dir, &servers).unwrap();
        let name = PairingName::parse("Amina").unwrap();
        let words = courier.pair_by_showing(&name).unwrap().join(" ");
        Self {
            vault: Vault::new(&words),
            courier_dir,
            stick,
            dir,
        }
    }

    pub(super) fn at(relay: &TestRelay) -> Self {
        Self::new(relay.address.url())
    }

    pub(super) fn scratch(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Opens the courier. A process that another test is starting right now holds a copy of this
    /// one's lock until it has begun.
    pub(super) fn courier(&self) -> Courier {
        for _ in 0..100 {
            match Courier::open(&self.courier_dir) {
                Err(CourierError::InUse { .. }) => thread::sleep(Duration::from_millis(10)),
                opened => return opened.unwrap(),
            }
        }
        Courier::open(&self.courier_dir).unwrap()
    }

    /// The vault's half of a trip.
    pub(super) fn vault_trip(&mut self) -> SyncReport {
        self.vault.sync(&self.stick)
    }

    pub(super) fn options(&self) -> SyncOptions {
        SyncOptions {
            medium: Some(Medium::Stick(self.stick.clone())),
            client: quick(),
            ..SyncOptions::default()
        }
    }

    /// The courier's half of a trip.
    pub(super) fn courier_trip(&self) -> SyncOutcome {
        self.try_courier_trip().unwrap()
    }

    pub(super) fn try_courier_trip(&self) -> Result<SyncOutcome, CourierError> {
        let mut watch = Watch::quiet(Cancel::default());
        self.courier().sync(&self.options(), &mut watch)
    }

    /// Both halves and back: what the vault has sent is with the relay, what waits there is with
    /// the vault, and the courier has heard of it.
    pub(super) fn round_trip(&mut self) -> SyncOutcome {
        self.vault_trip();
        let outcome = self.courier_trip();
        self.vault_trip();
        outcome
    }

    /// Every file below a directory of the site.
    pub(super) fn files(&self, below: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut dirs = vec![below.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files.sort();
        files
    }

    /// Files in one of the courier's directories.
    pub(super) fn courier_files(&self, name: &str) -> Vec<PathBuf> {
        self.files(&self.courier_dir.join(name))
    }
}

/// A vault as far as a courier can see one.
pub(super) struct Vault {
    pub(super) lanes: Vec<Lane>,
    pub(super) memory: Memory,
}

impl Vault {
    pub(super) fn new(words: &str) -> Self {
        let root = PairingCode::from_words(words).unwrap().root();
        let lane = Lane::new(LaneId([7; 16]), &root, Side::Typed);
        Self {
            lanes: vec![lane],
            memory: Memory::default(),
        }
    }

    pub(super) fn sync(&mut self, stick: &Path) -> SyncReport {
        let stick = Stick::open(stick).unwrap();
        let options = Options::default();
        let host = &mut self.memory;
        crossing::sync_stick(&stick, &mut self.lanes, host, &mut Quiet, &options).unwrap()
    }

    /// Sends a bundle to a mailbox whose send key `to` holds.
    pub(super) fn send(&mut self, relay: &RelayAddress, to: &Person, bundle: &[u8]) {
        self.give(bundle);
        let ticket = to.ticket_for(relay.key(), bundle);
        self.instruct(&Item::Ticket(relay.clone(), ticket));
    }

    /// Hands a bundle over, without a ticket.
    pub(super) fn give(&mut self, bundle: &[u8]) {
        let content_id = ContentId::of(bundle);
        self.memory.bundles.insert(content_id, bundle.to_vec());
        self.memory.due.push(PlannedItem::Bundle {
            content_id,
            size_bytes: bundle.len() as u64,
        });
    }

    /// Opens a mailbox of its own and lets the courier fetch from it.
    pub(super) fn use_mailbox(&mut self, relay: &TestRelay, owner: &Person) {
        let wish = owner.wish(relay, relay.code());
        self.instruct(&Item::Open(relay.address.clone(), wish));
        self.fetch_from(&relay.address, owner);
    }

    pub(super) fn fetch_from(&mut self, relay: &RelayAddress, owner: &Person) {
        let token = FetchToken(Secret32::new(*owner.token.0.expose()));
        self.instruct(&Item::Fetch(relay.clone(), token));
    }

    pub(super) fn instruct(&mut self, item: &Item) {
        self.memory.due.push(PlannedItem::small(item));
    }

    pub(super) fn report_codes(&self) -> Vec<&str> {
        let reports = self.memory.reports.iter();
        reports.map(|report| report.code.as_str()).collect()
    }
}

/// The memory of a simulated vault.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) bundles: BTreeMap<ContentId, Vec<u8>>,
    pub(super) due: Vec<PlannedItem>,
    /// Bundles in the order in which they came, again where one came again.
    pub(super) received: Vec<Vec<u8>>,
    pub(super) receipts: Vec<Signed<StoredReceipt>>,
    pub(super) reports: Vec<CourierReport>,
    new_bundles: Vec<Vec<u8>>,
    new_items: Vec<Item>,
    new_delivered: Vec<PlannedItem>,
    pub(super) saved: Vec<u8>,
    spool: Option<TempDir>,
}

impl BundleSource for Memory {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let bytes = self
            .bundles
            .get(content_id)
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

impl Host for Memory {
    fn take_bundle(&mut self, _: LaneId, size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, size_bytes);
        self.new_bundles.push(bytes);
        Ok(())
    }

    fn take_item(&mut self, _: LaneId, item: Item) -> io::Result<()> {
        self.new_items.push(item);
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.received.append(&mut self.new_bundles);
        for item in self.new_items.drain(..) {
            match item {
                Item::Stored(receipt) => self.receipts.push(receipt),
                Item::Report(report) => self.reports.push(report),
                other => panic!("a courier sent {other:?}"),
            }
        }
        self.save_lane(lane)
    }

    fn discard_pack(&mut self) {
        self.new_bundles.clear();
        self.new_items.clear();
        self.new_delivered.clear();
    }

    fn delivered(&mut self, _: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.new_delivered.extend_from_slice(items);
        Ok(())
    }

    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError> {
        let delivered = std::mem::take(&mut self.new_delivered);
        self.due.retain(|item| !delivered.contains(item));
        self.saved = lane.to_wire();
        Ok(())
    }

    fn due(&mut self, _: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        self.spool_ready();
        Ok(self.due.clone())
    }

    fn spool_dir(&self) -> &Path {
        self.spool
            .as_ref()
            .map_or(Path::new("/nonexistent"), |dir| dir.path())
    }
}

impl Memory {
    fn spool_ready(&mut self) {
        if self.spool.is_none() {
            self.spool = Some(tempfile::tempdir().unwrap());
        }
    }
}

/// Copies the files of a stick.
pub(super) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Shows nothing and is never stopped.
pub(super) fn watch() -> Watch {
    Watch::quiet(Cancel::default())
}
