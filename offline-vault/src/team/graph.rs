//! The control segments of a space as the membership looks at them.
//!
//! How each hangs together with others was worked out when it was taken in, and is kept beside it:
//! no content segment is looked at here, however many there are.

use std::collections::BTreeMap;

use pack_format::codec::Wire as _;
use team_core::ids::{SegmentHash, SpaceId};
use team_core::log::ControlLinks;
use team_core::membership::{ControlGraph, Fork, ViewStep};
use team_core::segment::{Header, Segment};

use super::TeamError;
use super::index::damaged;
use crate::store::{DeviceRow, SpaceRow, Tables};

/// In which order control segments were taken in: each behind those that it follows.
pub(crate) struct Places(BTreeMap<SegmentHash, usize>);

impl Places {
    /// The place of a control segment among all.
    pub(crate) fn of(&self, segment: SegmentHash) -> Option<usize> {
        self.0.get(&segment).copied()
    }
}

/// Reads the control segments of a space.
pub(crate) fn read(
    tables: &Tables<'_>,
    space: SpaceRow,
    space_id: SpaceId,
) -> Result<(ControlGraph, Places), TeamError> {
    let mut graph = ControlGraph::new(space_id);
    for device in tables.devices(space)? {
        if let Some(number) = device.forked_from {
            graph.note_fork(Fork {
                device: device.device,
                number,
            });
        }
    }
    let mut places = BTreeMap::new();
    for stored in tables.control_segments(space)? {
        let header =
            Header::dangerously_from_store(space_id, &stored.header).map_err(TeamError::Stored)?;
        let links = stored.links.as_deref().ok_or_else(damaged)?;
        let links = ControlLinks::from_wire(links).map_err(TeamError::Stored)?;
        let segment = Segment::new(header, stored.payload).map_err(|_| damaged())?;
        places.insert(segment.header().hash(), places.len());
        graph.insert(links.into_node(&segment));
    }
    Ok((graph, Places(places)))
}

/// From which of its segments on a device had seen which control segments.
pub(crate) fn view_steps(
    tables: &Tables<'_>,
    device: DeviceRow,
) -> Result<Vec<ViewStep>, TeamError> {
    let steps = tables.control_views(device)?.into_iter();
    let steps = steps.map(|(from, control)| ViewStep { from, control });
    Ok(steps.collect())
}
