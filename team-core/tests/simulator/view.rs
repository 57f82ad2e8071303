//! What one vault makes of the control segments that it holds.

use std::collections::BTreeSet;

use team_core::ids::{DeviceId, SegmentHash};
use team_core::membership::Membership;
use team_core::role::Role;
use team_core::segment::Kind;

use super::store::MapStore;

/// The devices that bundles go to.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub active: BTreeSet<DeviceId>,
    pub removed: BTreeSet<DeviceId>,
    /// How many control segments and forks it was worked out from.
    basis: (usize, usize),
}

impl View {
    /// The view again, worked out only when there is something new.
    pub fn refresh(&mut self, store: &MapStore) {
        let basis = (store.graph.nodes().len(), store.graph.forks().len());
        if self.basis == basis {
            return;
        }
        *self = Self {
            basis,
            ..Self::default()
        };
        for device in store.graph.evaluate().devices() {
            let devices = if device.active {
                &mut self.active
            } else {
                &mut self.removed
            };
            devices.insert(device.id);
        }
    }
}

/// All that members must agree on.
#[derive(Debug, PartialEq, Eq)]
pub struct Agreed {
    membership: [u8; 32],
    segments: BTreeSet<SegmentHash>,
    effective: BTreeSet<SegmentHash>,
}

impl Agreed {
    pub fn of(store: &MapStore) -> Self {
        let membership = store.graph.evaluate();
        Self {
            membership: membership.digest(),
            segments: store.hashes(),
            effective: effective(store, &membership),
        }
    }
}

fn effective(store: &MapStore, membership: &Membership) -> BTreeSet<SegmentHash> {
    let standings = store.views.iter().map(|(device, steps)| {
        let standing = membership.standing(*device, steps);
        (*device, standing)
    });
    let standings: std::collections::BTreeMap<_, _> = standings.collect();
    let content = store.entries().filter(|entry| {
        let fields = entry.segment.header().fields();
        let role = standings
            .get(&fields.device)
            .and_then(|standing| standing.role_at(fields.number));
        fields.kind != Kind::Control && role >= Some(Role::Suggester)
    });
    content.map(|entry| entry.segment.header().hash()).collect()
}
