//! The segments of a space in the vault's tables, as the engine asks for them.

use std::collections::BTreeSet;

use pack_format::codec::Wire as _;
use team_core::control::{Control, decode_operations};
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::{
    Accepted, Chain, ControlLinks, Listed, Pending, Place, SeenHeads, SegmentIndex,
};
use team_core::segment::{Header, Kind, Segment, UncheckedHeader};
use team_core::sync::{Extent, SegmentStore};

use super::TeamError;
use crate::clock::UnixTime;
use crate::store::{
    Changes, DeviceRow, NewSegment, PendingSegment, SegmentKind, SpaceRow, Standing, Tables, Tip,
};

/// The segments of one space. The second half writes.
pub(crate) struct SqlIndex<'a> {
    tables: &'a Tables<'a>,
    row: SpaceRow,
    space: SpaceId,
}

/// The segments of one space, inside a transaction.
pub(crate) struct SqlLog<'a> {
    index: SqlIndex<'a>,
    changes: &'a Changes<'a>,
    now: UnixTime,
}

impl<'a> SqlIndex<'a> {
    pub(crate) fn new(tables: &'a Tables<'a>, row: SpaceRow, space: SpaceId) -> Self {
        Self { tables, row, space }
    }
}

impl SegmentIndex for SqlIndex<'_> {
    type Error = TeamError;

    fn place(&self, segment: SegmentHash) -> Result<Option<Place>, TeamError> {
        let Some(stored) = self.tables.segment_header(self.row, segment)? else {
            return Ok(None);
        };
        let header = UncheckedHeader::from_wire(&stored.header).map_err(TeamError::Stored)?;
        let fields = header.peek_fields();
        Ok(Some(Place {
            device: fields.device,
            number: fields.number,
            previous: fields.previous,
            is_control: fields.kind == Kind::Control,
            // One that was destroyed is not asked for again.
            has_payload: stored.standing != Standing::Absent,
        }))
    }

    fn at(&self, device: DeviceId, number: u64) -> Result<Vec<SegmentHash>, TeamError> {
        let Some(chain) = self.tables.device_chain(self.row, device)? else {
            return Ok(Vec::new());
        };
        let places = self.tables.places_at(chain.id, number)?;
        let mut hashes: Vec<SegmentHash> = places.iter().map(|place| place.hash).collect();
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn one_at(&self, device: DeviceId, number: u64) -> Result<Option<SegmentHash>, TeamError> {
        let Some(chain) = self.tables.device_chain(self.row, device)? else {
            return Ok(None);
        };
        Ok(self.tables.one_at(chain.id, number)?)
    }

    fn header(&self, segment: SegmentHash) -> Result<Option<Header>, TeamError> {
        let stored = self.tables.segment_header(self.row, segment)?;
        let header =
            stored.map(|stored| Header::dangerously_from_store(self.space, &stored.header));
        header.transpose().map_err(TeamError::Stored)
    }

    fn chain(&self, device: DeviceId) -> Result<Option<Chain>, TeamError> {
        let stored = self.tables.device_chain(self.row, device)?;
        let known = stored.filter(|it| it.tip_number > 0 || it.forked_from.is_some());
        Ok(known.map(|stored| Chain {
            tip: stored.tip_number,
            forked_from: stored.forked_from,
        }))
    }

    fn devices(&self) -> Result<Vec<DeviceId>, TeamError> {
        let devices = self.tables.devices(self.row)?.into_iter();
        let known = devices.filter(|device| device.tip.is_some() || device.forked_from.is_some());
        Ok(known.map(|device| device.device).collect())
    }

    fn kept_seen(&self, segment: SegmentHash) -> Result<Option<SeenHeads>, TeamError> {
        let seen = self.tables.kept_seen(self.row, segment)?;
        let seen = seen.map(|seen| SeenHeads::from_wire(&seen));
        seen.transpose().map_err(TeamError::Stored)
    }

    fn control_written(&self, control: SegmentHash) -> Result<u64, TeamError> {
        let stored = self.tables.control_links(self.row, control)?;
        let links = ControlLinks::from_wire(&stored.ok_or_else(damaged)?);
        Ok(links.map_err(TeamError::Stored)?.written())
    }

    fn is_named(&self, device: DeviceId) -> Result<bool, TeamError> {
        let stored = self.tables.device_chain(self.row, device)?;
        Ok(stored.is_some_and(|stored| stored.named))
    }

    fn newest_control(&self, segment: SegmentHash) -> Result<Option<SegmentHash>, TeamError> {
        let mut at = segment;
        while let Some(place) = self.place(at)? {
            if place.is_control {
                return Ok(Some(at));
            }
            let Some(chain) = self.tables.device_chain(self.row, place.device)? else {
                break;
            };
            if chain.forked_from.is_none_or(|fork| place.number < fork) {
                return Ok(self.tables.newest_control(chain.id, place.number)?);
            }
            // Where there are branches, the chain is followed back to where there is one.
            at = place.previous;
        }
        Ok(None)
    }

    fn list(&self, after: &Extent, until: &Extent, limit: usize) -> Result<Vec<Listed>, TeamError> {
        let mut found = Vec::new();
        for device in self.tables.devices(self.row)? {
            let id = device.device;
            let (from, to) = (after.number(id), until.number(id));
            if from >= to {
                continue;
            }
            // The numbers of branches do not ascend with the rows: of those all are looked at.
            let limit_rows = match device.forked_from {
                Some(fork) if fork <= to => u32::MAX,
                _ => u32::try_from(limit).unwrap_or(u32::MAX),
            };
            let listed = self.tables.list_segments(device.id, from, to, limit_rows)?;
            found.extend(listed.into_iter().map(|it| (it, id)));
        }
        found.sort_unstable_by_key(|(listed, _)| listed.id);
        found.truncate(limit);
        let listed = found.into_iter().map(|(listed, device)| Listed {
            hash: listed.hash,
            device,
            number: listed.number,
            is_control: listed.kind == SegmentKind::Control,
            size_bytes: listed.size_bytes,
        });
        Ok(listed.collect())
    }
}

impl<'a> SqlLog<'a> {
    pub(crate) fn new(
        changes: &'a Changes<'a>,
        row: SpaceRow,
        space: SpaceId,
        now: UnixTime,
    ) -> Self {
        Self {
            index: SqlIndex::new(changes, row, space),
            changes,
            now,
        }
    }

    /// Reads what waits for other segments.
    pub(crate) fn pending(&self) -> Result<Pending, TeamError> {
        let mut pending = Pending::new();
        for stored in self.changes.pending_segments(self.index.row)? {
            let PendingSegment {
                source,
                header,
                payload,
            } = stored;
            let header = Header::dangerously_from_store(self.index.space, &header)
                .map_err(TeamError::Stored)?;
            let missing = self.missing(&header)?;
            let segment = Segment::new(header, payload).map_err(|_| damaged())?;
            // What had room when it came has room now.
            let _ = pending.hold(source, segment, missing);
        }
        Ok(pending)
    }

    fn missing(&self, header: &Header) -> Result<BTreeSet<SegmentHash>, TeamError> {
        let fields = header.fields();
        let previous = (fields.number > 1).then_some(fields.previous);
        let mut missing = BTreeSet::new();
        for hash in previous.into_iter().chain(fields.deps.iter().copied()) {
            if self.index.place(hash)?.is_none() {
                missing.insert(hash);
            }
        }
        Ok(missing)
    }

    /// Keeps what waits now and forgets what waits no more.
    pub(crate) fn save_pending(&self, pending: &Pending) -> Result<(), TeamError> {
        let row = self.index.row;
        let waiting: BTreeSet<SegmentHash> = pending
            .iter()
            .map(|(_, segment)| segment.header().hash())
            .collect();
        for stored in self.changes.pending_segments(row)? {
            let header = Header::dangerously_from_store(self.index.space, &stored.header)
                .map_err(TeamError::Stored)?;
            if !waiting.contains(&header.hash()) {
                self.changes.remove_pending(row, header.hash())?;
            }
        }
        for (source, segment) in pending.iter() {
            self.changes
                .insert_pending(row, source, segment, self.now)?;
        }
        Ok(())
    }

    /// What the author of a segment saw with it for the first time.
    fn store_steps(
        &self,
        device: DeviceRow,
        number: u64,
        accepted: &Accepted,
    ) -> Result<(), TeamError> {
        let steps = accepted.steps.iter();
        let steps: Vec<_> = steps.map(|step| (step.device, step.head.number)).collect();
        self.changes
            .insert_steps(self.index.row, device, number, &steps)?;
        let views = accepted.view.iter();
        let views: Vec<_> = views.map(|view| (view.from, view.control)).collect();
        self.changes.insert_control_views(device, &views)?;
        Ok(())
    }

    /// An operation names a device: its segments are taken in from now on.
    fn name_devices(&self, segment: &Segment) -> Result<(), TeamError> {
        let payload = segment.payload().unwrap_or_default();
        for operation in decode_operations(payload).unwrap_or_default() {
            let device = match &operation {
                Control::Genesis(genesis) => genesis.founder,
                Control::AddMember(add) => DeviceId(add.member.0),
                Control::AddDevice(add) => add.device,
                _ => continue,
            };
            self.changes.name_device(self.index.row, device)?;
        }
        Ok(())
    }
}

pub(super) fn damaged() -> TeamError {
    TeamError::Stored(pack_format::codec::DecodeError::Rule {
        what: "a stored payload does not fit its header",
    })
}

impl SegmentIndex for SqlLog<'_> {
    type Error = TeamError;

    fn place(&self, segment: SegmentHash) -> Result<Option<Place>, TeamError> {
        self.index.place(segment)
    }

    fn at(&self, device: DeviceId, number: u64) -> Result<Vec<SegmentHash>, TeamError> {
        self.index.at(device, number)
    }

    fn one_at(&self, device: DeviceId, number: u64) -> Result<Option<SegmentHash>, TeamError> {
        self.index.one_at(device, number)
    }

    fn header(&self, segment: SegmentHash) -> Result<Option<Header>, TeamError> {
        self.index.header(segment)
    }

    fn chain(&self, device: DeviceId) -> Result<Option<Chain>, TeamError> {
        self.index.chain(device)
    }

    fn devices(&self) -> Result<Vec<DeviceId>, TeamError> {
        self.index.devices()
    }

    fn kept_seen(&self, segment: SegmentHash) -> Result<Option<SeenHeads>, TeamError> {
        self.index.kept_seen(segment)
    }

    fn control_written(&self, control: SegmentHash) -> Result<u64, TeamError> {
        self.index.control_written(control)
    }

    fn is_named(&self, device: DeviceId) -> Result<bool, TeamError> {
        self.index.is_named(device)
    }

    fn newest_control(&self, segment: SegmentHash) -> Result<Option<SegmentHash>, TeamError> {
        self.index.newest_control(segment)
    }

    fn list(&self, after: &Extent, until: &Extent, limit: usize) -> Result<Vec<Listed>, TeamError> {
        self.index.list(after, until, limit)
    }
}

impl SegmentStore for SqlLog<'_> {
    fn store(&mut self, segment: &Segment, accepted: &Accepted) -> Result<(), TeamError> {
        let row = self.index.row;
        let fields = segment.header().fields();
        let device = self.changes.ensure_device(row, fields.device)?;
        if accepted.fork.is_some() {
            self.changes.set_device_forked(device, fields.number)?;
        }
        let chain = self.changes.device_chain(row, fields.device)?;
        let (tip, fork) = chain.map_or((0, None), |chain| (chain.tip_number, chain.forked_from));
        let is_control = fields.kind == Kind::Control;
        let seen = accepted.seen.to_wire();
        // What was seen with a segment in the middle of a chain is worked out from the nearest one
        // before it where it is kept; on branches every segment may be followed.
        let keeps_seen = is_control
            || fields.number.is_multiple_of(SEEN_KEPT_EVERY)
            || fork.is_some_and(|fork| fields.number >= fork);
        let links = accepted.links.as_ref().map(|links| links.to_wire());
        self.changes.insert_segment(&NewSegment {
            space: row,
            device,
            segment,
            standing: match (is_control, segment.payload()) {
                (true, _) => Standing::InEffect,
                (false, Some(_)) => Standing::Waiting,
                (false, None) => Standing::Absent,
            },
            seen: keeps_seen.then_some(seen.as_slice()),
            links: links.as_deref(),
            taken_at: self.now,
        })?;
        if fields.number > tip {
            let tip = Tip {
                number: fields.number,
                hash: segment.header().hash(),
                seen,
            };
            self.changes.set_device_tip(device, &tip)?;
        }
        self.store_steps(device, fields.number, accepted)?;
        if is_control {
            self.name_devices(segment)?;
        }
        Ok(())
    }

    fn store_payload(&mut self, segment: &Segment) -> Result<(), TeamError> {
        let place = self
            .changes
            .segment_place(self.index.row, segment.header().hash())?;
        if let (Some(place), Some(payload)) = (place, segment.payload()) {
            self.changes.fill_payload(place.id, payload)?;
        }
        Ok(())
    }
}

/// Of every so many segments of a device, what its author had seen is kept beside one.
const SEEN_KEPT_EVERY: u64 = 64;
