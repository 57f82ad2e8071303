//! The keys of compartments, and who was ever given one.

use std::collections::BTreeSet;

use super::engine::{Place, Point, View};
use super::evaluate::Effect;
use super::members::Membership;
use super::order::index;
use super::outcome::EpochInfo;
use super::rights::{Memo, settle};
use crate::control::{Control, ShareEpoch, Wrap};
use crate::ids::{CompartmentId, DeviceId, EpochId, OperationId};

impl Membership {
    /// Epochs with those who hold their keys.
    pub(super) fn collect_epochs(&mut self) {
        let effects = std::mem::take(&mut self.walked.effects);
        let granted = self.walked.engine.links.keys();
        let granted: BTreeSet<DeviceId> = granted.filter_map(|key| self.device_id(key)).collect();
        let mut memo = Memo::default();
        // Epochs first: sharing one asks for its compartment.
        for effect in &effects {
            if let Some(epoch) = self.epoch_made(effect, &granted, &mut memo) {
                self.epochs.insert(epoch.id, epoch);
            }
        }
        for effect in &effects {
            self.collect_share(effect, &granted, &mut memo);
        }
        self.walked.effects = effects;
        for epoch in self.epochs.values_mut() {
            if let Some(shares) = epoch.wraps.get_mut(1..) {
                shares.sort_unstable();
            }
        }
    }

    fn epoch_made(
        &self,
        effect: &Effect,
        granted: &BTreeSet<DeviceId>,
        memo: &mut Memo,
    ) -> Option<EpochInfo> {
        let (node, Control::Epoch(epoch)) = self.operation_at(effect.at)? else {
            return None;
        };
        let operation = OperationId {
            segment: node.hash,
            index: effect.at.index,
        };
        Some(EpochInfo {
            id: EpochId::of(operation),
            operation,
            compartment: epoch.compartment,
            commitment: epoch.commitment,
            author: node.device,
            wraps: vec![operation],
            recipients: self.recipients(effect, &epoch.wraps, granted, memo),
            refused: self.stands(effect),
        })
    }

    /// Takes a share in, also one that lost its effect: whom it named has the key all the same, so
    /// that the epoch is not to be used where they do not read.
    fn collect_share(&mut self, effect: &Effect, granted: &BTreeSet<DeviceId>, memo: &mut Memo) {
        let Some((node, Control::ShareEpoch(share))) = self.operation_at(effect.at) else {
            return;
        };
        let operation = OperationId {
            segment: node.hash,
            index: effect.at.index,
        };
        if self.stands(effect).is_some() && !self.could_share(effect, share, memo) {
            return;
        }
        let recipients = self.recipients(effect, &share.wraps, granted, memo);
        let id = share.epoch;
        if let Some(epoch) = self.epochs.get_mut(&id) {
            epoch.recipients.extend(recipients);
            epoch.wraps.push(operation);
        }
    }

    /// Whether on what its author could see a share had effect, and its author knew what the one
    /// who made the epoch knew. Otherwise somebody who was removed, and hides that it knows, could
    /// name itself in each epoch that is made without it, and another would have to be made.
    fn could_share(&self, effect: &Effect, share: &ShareEpoch, memo: &mut Memo) -> bool {
        let engine = &self.walked.engine;
        let Some(epoch) = self.epochs.get(&share.epoch) else {
            return false;
        };
        let point = engine.point(effect.at, None);
        let compartment = epoch.compartment;
        self.knows_past_of(&point, epoch.operation)
            && !engine.is_forked(&own_view(&point), point.device, point.number)
            && self.may_share(&point, compartment, memo)
    }

    fn may_share(&self, point: &Point<'_>, compartment: CompartmentId, memo: &mut Memo) -> bool {
        memo.turn();
        settle(&self.walked.engine, &own_view(point), memo, |court| {
            Ok(court.judge_epoch(point, compartment)?.is_ok())
        })
    }

    /// Whether everything of weight in the past of an operation is in that of a point.
    fn knows_past_of(&self, point: &Point<'_>, operation: OperationId) -> bool {
        let engine = &self.walked.engine;
        let Some(node) = engine.order.place(operation.segment) else {
            return false;
        };
        if let Some((own, index)) = point.place
            && own == node
        {
            return operation.index < index;
        }
        match (engine.pasts.get(index(node)), point.past) {
            (Some(past), Some(own)) => {
                past.marks.is_within(own) && (past.first..past.end).all(|mark| own.has(mark))
            }
            _ => false,
        }
    }

    /// The devices that wraps name by the beginning of their ids.
    ///
    /// Whoever adds a device chooses its id, so that two may begin alike: what their author saw
    /// tells then which it meant.
    fn recipients(
        &self,
        effect: &Effect,
        wraps: &[Wrap],
        granted: &BTreeSet<DeviceId>,
        memo: &mut Memo,
    ) -> BTreeSet<DeviceId> {
        let mut found = BTreeSet::new();
        for wrap in wraps {
            let mut from = [0; 32];
            for (slot, byte) in from.iter_mut().zip(&wrap.device_prefix) {
                *slot = *byte;
            }
            let alike = granted.range(DeviceId(from)..).copied();
            let alike: Vec<DeviceId> = alike.take_while(|id| wrap.is_for(*id)).collect();
            match alike.as_slice() {
                [] => {}
                [only] if self.devices.contains_key(only) => {
                    found.insert(*only);
                }
                _ => found.extend(self.meant(effect.at, &alike, memo)),
            }
        }
        found
    }

    /// Of devices those that count on what the author of an operation could see; else those that
    /// were ever rightly granted.
    fn meant(&self, at: Place, devices: &[DeviceId], memo: &mut Memo) -> Vec<DeviceId> {
        let engine = &self.walked.engine;
        let point = engine.point(at, None);
        memo.turn();
        let counted = devices.iter().copied().filter(|device| {
            let Some(key) = engine.order.key(*device) else {
                return false;
            };
            settle(engine, &own_view(&point), memo, |court| {
                for member in engine.claimed_by(key) {
                    if court.is_device(&point, member, key)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
        });
        let counted: Vec<DeviceId> = counted.collect();
        if !counted.is_empty() {
            return counted;
        }
        let held = devices.iter().copied();
        held.filter(|id| self.devices.contains_key(id)).collect()
    }
}

/// The past of a point as a view.
fn own_view<'e>(point: &Point<'e>) -> View<'e> {
    View {
        state: point.state,
        of: Some(point.clone()),
    }
}
