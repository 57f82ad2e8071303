//! One machine with a store that keeps only what was committed.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
};

use carriers::stick::{Stick, StickFs};
use crossing::{
    CrossingError, Host, HostError, Lane, LaneId, Options, Progress, Quiet, SyncReport, sync_stick,
};
use pack_format::{
    advice::Advice,
    chunked::ReadAt,
    codec::Wire as _,
    item::Item,
    pack::{BundleSource, PlannedItem},
    ratchet::Side,
    relay::ContentId,
    secret::Secret32,
};
use tempfile::TempDir;

/// What survives the end of the process.
#[derive(Clone, Default)]
struct Stored {
    lanes: BTreeMap<LaneId, Vec<u8>>,
    bundles: BTreeMap<ContentId, Vec<u8>>,
    outbox: Vec<(LaneId, PlannedItem)>,
    received: Vec<(LaneId, Vec<u8>)>,
    items: Vec<(LaneId, u8, Vec<u8>)>,
}

pub(crate) struct Machine {
    stored: Stored,
    /// What was taken and delivered since the last commit.
    staged: Stored,
    delivered: Vec<(LaneId, PlannedItem)>,
    spool: TempDir,
    call_count: usize,
    /// The call of the host that fails.
    pub(crate) fails_at: Option<usize>,
    pub(crate) options: Options,
}

/// The host's store failed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed")]
pub(crate) struct StoreFailed;

impl Advice for StoreFailed {
    fn code(&self) -> &'static str {
        "store-failed"
    }

    fn data_safe(&self) -> String {
        "Yes.".to_owned()
    }

    fn next_step(&self) -> String {
        "Run the same command again.".to_owned()
    }
}

impl Machine {
    pub(crate) fn new(lanes: &[Lane]) -> Self {
        let stored = Stored {
            lanes: lanes
                .iter()
                .map(|lane| (lane.id(), lane.to_wire()))
                .collect(),
            ..Stored::default()
        };
        Self {
            stored,
            staged: Stored::default(),
            delivered: Vec::new(),
            spool: TempDir::new().unwrap(),
            call_count: 0,
            fails_at: None,
            // Small parts, so that a pack of a few MiB has several.
            options: Options {
                part_bytes: 1 << 20,
                ..Options::default()
            },
        }
    }

    /// A second machine in the same state, as a copy of its disk.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::new(&[]);
        copy.stored = self.stored.clone();
        copy.options = self.options;
        for lane in std::fs::read_dir(self.spool.path()).unwrap() {
            let lane = lane.unwrap();
            let to = copy.spool.path().join(lane.file_name());
            std::fs::create_dir(&to).unwrap();
            crate::media::copy_files(&lane.path(), &to);
        }
        copy
    }

    pub(crate) fn lanes(&self) -> Vec<Lane> {
        let lanes = self.stored.lanes.values();
        lanes.map(|bytes| Lane::from_wire(bytes).unwrap()).collect()
    }

    pub(crate) fn lane(&self) -> Lane {
        self.lanes().remove(0)
    }

    pub(crate) fn lane_id(&self) -> LaneId {
        *self.stored.lanes.keys().next().unwrap()
    }

    /// Queues a bundle for the first lane.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.send_on(self.lane_id(), bytes);
    }

    pub(crate) fn send_on(&mut self, lane: LaneId, bytes: &[u8]) {
        let content_id = ContentId::of(bytes);
        self.stored.bundles.insert(content_id, bytes.to_vec());
        let item = PlannedItem::Bundle {
            content_id,
            size_bytes: bytes.len() as u64,
        };
        self.stored.outbox.push((lane, item));
    }

    pub(crate) fn send_item(&mut self, item: &Item) {
        let lane = self.lane_id();
        self.stored.outbox.push((lane, PlannedItem::small(item)));
    }

    /// The person takes everything back that was not delivered, and the bytes are lost.
    pub(crate) fn withdraw_all(&mut self) {
        self.stored.outbox.clear();
        self.stored.bundles.clear();
    }

    /// The disk loses the bytes of everything that is to be sent.
    pub(crate) fn lose_bundles(&mut self) {
        self.stored.bundles.clear();
    }

    /// One run of the program, from what is stored.
    pub(crate) fn try_sync<F: StickFs>(
        &mut self,
        stick: &Stick<F>,
        progress: &mut dyn Progress,
    ) -> Result<SyncReport, CrossingError> {
        self.run(|lanes, host, options| sync_stick(stick, lanes, host, progress, options))
    }

    pub(crate) fn sync_with<F: StickFs>(&mut self, stick: &Stick<F>) -> SyncReport {
        let report = self.try_sync(stick, &mut Quiet).unwrap();
        assert!(report.safe_to_remove);
        report
    }

    pub(crate) fn sync(&mut self, path: &Path) -> SyncReport {
        self.sync_with(&crate::media::Faulty::new(path).stick())
    }

    pub(crate) fn run(
        &mut self,
        run: impl FnOnce(&mut [Lane], &mut dyn Host, &Options) -> Result<SyncReport, CrossingError>,
    ) -> Result<SyncReport, CrossingError> {
        let mut lanes = self.lanes();
        let options = self.options;
        let result = run(&mut lanes, self, &options);
        // The lanes in memory are those that are stored, however the run ended.
        for (lane, stored) in lanes.iter().zip(self.stored.lanes.values()) {
            assert!(lane.to_wire() == *stored, "a lane differs from its store");
        }
        assert!(self.delivered.is_empty() && self.staged.received.is_empty());
        result
    }

    fn forget_staged(&mut self) {
        self.staged = Stored::default();
        self.delivered.clear();
    }

    /// The bundles taken in, in order; each counts once, however often it came.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        let received = self.stored.received.iter();
        received.map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(crate) fn received_on(&self, lane: LaneId) -> Vec<Vec<u8>> {
        let received = self.stored.received.iter();
        let on_lane = received.filter(|(from, _)| *from == lane);
        on_lane.map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(crate) fn item_count(&self) -> usize {
        self.stored.items.len()
    }

    pub(crate) fn outbox_len(&self) -> usize {
        self.stored.outbox.len()
    }

    pub(crate) fn spooled_files(&self) -> usize {
        let lanes = std::fs::read_dir(self.spool.path()).unwrap();
        lanes
            .map(|lane| std::fs::read_dir(lane.unwrap().path()).unwrap().count())
            .sum()
    }

    pub(crate) fn spool_path(&self) -> &Path {
        self.spool.path()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.call_count
    }

    fn call(&mut self) -> io::Result<()> {
        self.call_count += 1;
        if self.fails_at == Some(self.call_count - 1) {
            return Err(io::Error::other(StoreFailed));
        }
        Ok(())
    }

    fn host_call(&mut self) -> Result<(), HostError> {
        self.call().map_err(|_| HostError::new(StoreFailed))
    }

    /// Makes everything staged and this lane durable at once.
    fn commit(&mut self, lane: &Lane) {
        let staged = std::mem::take(&mut self.staged);
        for (from, bytes) in staged.received {
            if !self.stored.received.contains(&(from, bytes.clone())) {
                self.stored.received.push((from, bytes));
            }
        }
        self.stored.items.extend(staged.items);
        for item in std::mem::take(&mut self.delivered) {
            self.stored.outbox.retain(|due| *due != item);
        }
        self.stored.lanes.insert(lane.id(), lane.to_wire());
    }
}

impl BundleSource for Machine {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let bytes = self.stored.bundles.get(content_id);
        let bytes = bytes.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

impl Host for Machine {
    fn take_bundle(
        &mut self,
        lane: LaneId,
        size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        self.call()?;
        let mut bytes = Vec::new();
        // A careless host that hides what the pack said.
        body.read_to_end(&mut bytes)
            .map_err(|_| io::Error::other("something about the bundle"))?;
        assert_eq!(bytes.len() as u64, size_bytes);
        self.staged.received.push((lane, bytes));
        Ok(())
    }

    fn take_item(&mut self, lane: LaneId, item: Item) -> io::Result<()> {
        self.call()?;
        assert!(!matches!(item, Item::Receipts(_)));
        self.staged.items.push((lane, item.kind(), item.body()));
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.host_call()?;
        self.commit(lane);
        Ok(())
    }

    fn discard_pack(&mut self) {
        self.forget_staged();
    }

    fn delivered(&mut self, lane: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.host_call()?;
        let items = items.iter().map(|item| (lane, item.clone()));
        self.delivered.extend(items);
        Ok(())
    }

    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.host_call()?;
        self.commit(lane);
        Ok(())
    }

    fn due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        self.host_call()?;
        let due = self.stored.outbox.iter().filter(|(to, _)| *to == lane);
        Ok(due.map(|(_, item)| item.clone()).collect())
    }

    fn spool_dir(&self) -> &Path {
        self.spool.path()
    }
}

/// Two machines with one pairing: a vault and its courier.
pub(crate) fn pair() -> (Machine, Machine) {
    let (vault, courier) = lanes(1);
    (Machine::new(&[vault]), Machine::new(&[courier]))
}

/// The two ends of one pairing.
pub(crate) fn lanes(seed: u8) -> (Lane, Lane) {
    let root = Secret32::new([seed; 32]);
    (
        Lane::new(LaneId([seed; 16]), &root, Side::Showed),
        Lane::new(LaneId([seed; 16]), &root, Side::Typed),
    )
}

/// Bytes that do not repeat.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
