//! The control segments of a space as the membership looks at them.

use std::collections::BTreeMap;

use pack_format::codec::Wire as _;
use team_core::control::decode_operations;
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::{Head, SeenHeads};
use team_core::membership::{ControlGraph, ControlNode, Fork, Seen as SeenControl, ViewStep};
use team_core::segment::{Header, UncheckedHeader};

use super::TeamError;
use crate::store::{SpaceRow, StoredDevice, StoredSegment, Tables};

/// What is known of the chains of control segments while they are put together.
pub(crate) struct Chains {
    space: SpaceRow,
    /// Of each device its control segments, ascending by number; branches of a fork among them.
    controls: BTreeMap<DeviceId, Vec<Head>>,
    forked: BTreeMap<DeviceId, u64>,
    /// In which order they were taken in: each behind those that it follows.
    places: BTreeMap<SegmentHash, usize>,
}

impl Chains {
    /// Reads the control segments of a space into a graph.
    pub(crate) fn read(
        tables: &Tables<'_>,
        space: SpaceRow,
        space_id: SpaceId,
    ) -> Result<(ControlGraph, Self), TeamError> {
        let mut chains = Self {
            space,
            controls: BTreeMap::new(),
            forked: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for device in tables.devices(space)? {
            if let Some(number) = device.forked_from {
                chains.forked.insert(device.device, number);
            }
        }
        let mut graph = ControlGraph::new(space_id);
        for (device, number) in &chains.forked {
            graph.note_fork(Fork {
                device: *device,
                number: *number,
            });
        }
        for stored in tables.control_segments(space)? {
            let header = Header::dangerously_from_store(space_id, &stored.header)
                .map_err(TeamError::Stored)?;
            chains.add(tables, &mut graph, &header, &stored)?;
        }
        Ok((graph, chains))
    }

    /// Adds a control segment; all that it follows were added before.
    pub(crate) fn add(
        &mut self,
        tables: &Tables<'_>,
        graph: &mut ControlGraph,
        header: &Header,
        stored: &StoredSegment,
    ) -> Result<(), TeamError> {
        let fields = header.fields();
        // A control payload is never destroyed; one that does not read says nothing.
        let payload = stored.payload.as_deref().unwrap_or_default();
        let operations = decode_operations(payload).unwrap_or_default();
        let seen = stored.seen.as_deref().unwrap_or_default();
        let seen = SeenHeads::from_wire(seen).map_err(TeamError::Stored)?;
        let before = match fields.number {
            1 => None,
            number => {
                let head = Head {
                    number: number.saturating_sub(1),
                    hash: fields.previous,
                };
                self.newest_control(tables, fields.device, head)?
            }
        };
        let mut node = ControlNode {
            hash: header.hash(),
            device: fields.device,
            number: fields.number,
            claimed_at: fields.claimed_at,
            before,
            seen: Vec::new(),
            forks: Vec::new(),
            operations,
        };
        for (device, heads) in seen.iter() {
            for head in heads {
                node.seen.push(SeenControl {
                    device,
                    number: head.number,
                    control: self.newest_control(tables, device, *head)?,
                });
            }
            if let (true, Some(number)) = (heads.len() > 1, self.forked.get(&device)) {
                node.forks.push(Fork {
                    device,
                    number: *number,
                });
            }
        }
        let heads = self.controls.entry(fields.device).or_default();
        heads.push(Head {
            number: fields.number,
            hash: header.hash(),
        });
        heads.sort_unstable();
        let place = self.places.len();
        self.places.insert(node.hash, place);
        graph.insert(node);
        Ok(())
    }

    /// The newest control segment at or before `head` in the chain of a device.
    fn newest_control(
        &self,
        tables: &Tables<'_>,
        device: DeviceId,
        head: Head,
    ) -> Result<Option<SegmentHash>, TeamError> {
        let Some(controls) = self.controls.get(&device) else {
            return Ok(None);
        };
        let mut at = head;
        if let Some(fork) = self.forked.get(&device) {
            // Where there are branches, the chain is followed back to where there is one.
            while at.number >= *fork {
                if controls.contains(&at) {
                    return Ok(Some(at.hash));
                }
                let Some(stored) = tables.segment_with_hash(self.space, at.hash)? else {
                    break;
                };
                let header = UncheckedHeader::from_wire(&stored.header);
                at = Head {
                    number: at.number.saturating_sub(1),
                    hash: header.map_err(TeamError::Stored)?.peek_fields().previous,
                };
            }
        }
        let until = controls.partition_point(|control| control.number <= at.number);
        let found = until.checked_sub(1).and_then(|place| controls.get(place));
        Ok(found.map(|control| control.hash))
    }

    /// The place of a control segment among all in the order in which they were taken in.
    pub(crate) fn place(&self, segment: SegmentHash) -> Option<usize> {
        self.places.get(&segment).copied()
    }

    /// From which of its segments on a device had seen which control segments.
    pub(crate) fn view_steps(
        &self,
        tables: &Tables<'_>,
        device: &StoredDevice,
    ) -> Result<Vec<ViewStep>, TeamError> {
        let mut steps = Vec::new();
        for step in tables.steps(device.id)? {
            let branches = self.branches(tables, step.other, step.other_number)?;
            steps.extend(branches.into_iter().map(|control| ViewStep {
                from: step.number,
                control,
            }));
        }
        let own = self.controls.get(&device.device);
        steps.extend(own.into_iter().flatten().map(|control| ViewStep {
            from: control.number.saturating_add(1),
            control: control.hash,
        }));
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest control segments at or before a number: one for each branch.
    fn branches(
        &self,
        tables: &Tables<'_>,
        device: DeviceId,
        number: u64,
    ) -> Result<Vec<SegmentHash>, TeamError> {
        let mut found = Vec::new();
        let is_forked = self.forked.get(&device).is_some_and(|fork| number >= *fork);
        if is_forked && let Some(row) = tables.device_with_id(self.space, device)? {
            for stored in tables.places_at(row.id, number)? {
                let head = Head {
                    number,
                    hash: stored.hash,
                };
                found.extend(self.newest_control(tables, device, head)?);
            }
            return Ok(found);
        }
        let head = Head {
            number,
            hash: SegmentHash([0; 32]),
        };
        found.extend(self.newest_control(tables, device, head)?);
        Ok(found)
    }
}
