//! What the tests of these tables begin with.

use std::path::PathBuf;
use std::rc::Rc;

use bundle_format::identity::Identity;
use pack_format::secret::Secret32;
use team_content::item_id::ItemId;
use team_core::ids::{CompartmentId, DeviceId, EpochId, SegmentHash, SpaceId};
use team_core::segment::{HeaderFields, Kind, Sealing, Segment};

use super::super::{Changes, Store, StoreError};
use super::{
    ItemRow, NewOperation, NewSegment, NewSpace, SegmentRow, SpaceRow, SpaceState, Standing, Tip,
};
use crate::clock::UnixTime;
use crate::files::create_private;
use crate::names::LocalName;

/// A database with one space.
pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) space: SpaceRow,
    dir: Rc<tempfile::TempDir>,
}

pub(super) const SPACE: SpaceId = SpaceId([1; 32]);
pub(super) const NOW: UnixTime = UnixTime(1_000);

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault.db");
        create_private(&path).unwrap();
        let store = Store::open(&path, &Secret32::new([1; 32])).unwrap();
        let space = store.write(|changes| insert_space(changes, SPACE)).unwrap();
        Self {
            store,
            space,
            dir: Rc::new(dir),
        }
    }

    /// The same database opened anew.
    pub(super) fn reopened(&self) -> Self {
        let store = Store::open(&self.path(), &Secret32::new([1; 32])).unwrap();
        Self {
            store,
            space: self.space,
            dir: Rc::clone(&self.dir),
        }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("vault.db")
    }

    pub(super) fn write<T>(&self, use_case: impl FnOnce(&Changes<'_>) -> T) -> T {
        let done = self
            .store
            .write(|changes| Ok::<_, StoreError>(use_case(changes)));
        done.unwrap()
    }

    /// Stores a segment as the newest of its device.
    pub(super) fn take_in(&self, segment: &Segment, standing: Standing) -> SegmentRow {
        self.write(|changes| take_in(changes, self.space, segment, standing))
    }

    /// Stores an operation on an item of the whole space.
    pub(super) fn operation(&self, item: ItemId, segment: SegmentRow, place: u32) -> ItemRow {
        self.write(|changes| {
            let compartment = CompartmentId::WHOLE;
            let item = changes.ensure_item(self.space, compartment, item).unwrap();
            let new = NewOperation {
                item,
                segment,
                place,
                kind: 0x40,
                body: b"said",
                in_effect: true,
            };
            changes.insert_operation(&new).unwrap();
            item
        })
    }

    /// How a statement is carried out, one step a line.
    pub(super) fn plan(&self, sql: &str) -> String {
        let explain = ["EXPLAIN QUERY PLAN ", sql].concat();
        let tables = self.store.read();
        let mut statement = tables.connection.prepare(&explain).unwrap();
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    /// Nothing is read from its beginning to its end, and nothing is sorted.
    pub(super) fn assert_direct(&self, sql: &str) {
        let plan = self.plan(sql);
        assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

fn insert_space(changes: &Changes<'_>, space_id: SpaceId) -> Result<SpaceRow, StoreError> {
    changes.insert_space(&NewSpace {
        space_id,
        name: LocalName::new("space").unwrap(),
        state: SpaceState::Active,
        device: device(0),
        device_seed: Secret32::new([3; 32]),
        joined_at: NOW,
    })
}

/// Stores a segment as the newest of its device.
pub(super) fn take_in(
    changes: &Changes<'_>,
    space: SpaceRow,
    segment: &Segment,
    standing: Standing,
) -> SegmentRow {
    let fields = segment.header().fields();
    let device = changes.ensure_device(space, fields.device).unwrap();
    let id = changes
        .insert_segment(&NewSegment {
            space,
            device,
            segment,
            standing,
            seen: None,
            links: None,
            taken_at: NOW,
        })
        .unwrap();
    let tip = Tip {
        number: fields.number,
        hash: segment.header().hash(),
        seen: Vec::new(),
    };
    changes.set_device_tip(device, &tip).unwrap();
    id
}

fn identity(seed: u8) -> Identity {
    Identity::from_seed(Secret32::new([seed; 32]))
}

/// The device of this seed.
pub(super) fn device(seed: u8) -> DeviceId {
    DeviceId(identity(seed).key().0)
}

/// A log of one device that is being written.
pub(super) struct Author {
    identity: Identity,
    number: u64,
    previous: SegmentHash,
}

impl Author {
    pub(super) fn new(seed: u8) -> Self {
        Self {
            identity: identity(seed),
            number: 0,
            previous: SegmentHash([0; 32]),
        }
    }

    /// The next control segment.
    pub(super) fn control(&mut self, deps: &[SegmentHash], payload: &[u8]) -> Segment {
        self.segment(Kind::Control, deps, payload)
    }

    /// The next content segment, under the epoch of this number.
    pub(super) fn content(&mut self, epoch: u8, payload: &[u8]) -> Segment {
        let sealing = Sealing {
            epoch: EpochId([epoch; 32]),
            salt: [7; 24],
        };
        self.segment(Kind::Content(sealing), &[], payload)
    }

    fn segment(&mut self, kind: Kind, deps: &[SegmentHash], payload: &[u8]) -> Segment {
        self.number += 1;
        let mut deps = deps.to_vec();
        deps.sort_unstable();
        let fields = HeaderFields {
            device: DeviceId(self.identity.key().0),
            number: self.number,
            previous: self.previous,
            deps,
            claimed_at: 900,
            kind,
            payload_bytes: u32::try_from(payload.len()).unwrap(),
            payload_hash: *blake3::hash(payload).as_bytes(),
        };
        let header = fields.sign(SPACE, &self.identity);
        self.previous = header.hash();
        Segment::new(header, Some(payload.to_vec())).unwrap()
    }
}

/// The segment as it comes without its payload.
pub(super) fn without_payload(segment: &Segment) -> Segment {
    let mut segment = segment.clone();
    segment.destroy_payload();
    segment
}
