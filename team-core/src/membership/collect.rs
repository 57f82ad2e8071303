//! Puts the outcome together once every operation has been judged on its own past.

use std::collections::{BTreeMap, BTreeSet};

use super::cards::card_in;
use super::engine::{Against, Denial, ForkSign, Place, Point};
use super::evaluate::{Effect, Walked};
use super::members::Membership;
use super::order::{Key, index};
use super::outcome::{
    Checkpoint, Compartment, Deed, DeletionRequest, Device, Ignored, Member, Removal,
};
use super::refused::Refused;
use super::rights::{Memo, settle};
use crate::control::{Control, Reason};
use crate::ids::{CompartmentId, DeviceId, MemberId, OperationId, SegmentHash};
use crate::name::Name;
use crate::role::{History, Role};

impl Membership {
    pub(super) fn new(walked: Walked) -> Self {
        let mut memo = Memo::default();
        memo.turn();
        let mut membership = Self {
            walked,
            memo,
            members: BTreeMap::new(),
            devices: BTreeMap::new(),
            compartments: BTreeMap::new(),
            epochs: BTreeMap::new(),
            prekeys: BTreeMap::new(),
            routes: BTreeMap::new(),
            checkpoints: Vec::new(),
            deletions: Vec::new(),
            confirmed_deletions: BTreeMap::new(),
            adopted: BTreeSet::new(),
            ignored: Vec::new(),
        };
        membership.collect_refused();
        membership.collect_grants();
        membership.collect_denials();
        membership.collect_members();
        membership.collect_devices();
        membership.collect_compartments();
        membership.collect_effects();
        membership.ignored.sort_unstable();
        membership
    }

    /// Those that had no right to begin with, and those in segments that cannot be.
    fn collect_refused(&mut self) {
        let refused = std::mem::take(&mut self.walked.refused);
        for (at, reason) in &refused {
            self.ignore(*at, *reason);
        }
        self.walked.refused = refused;
        let nodes: Vec<_> = self.walked.engine.order.unplaced.clone();
        for node in nodes {
            for (index, operation) in (0..=u16::MAX).zip(&node.operations) {
                self.ignored.push(Ignored {
                    deed: Deed {
                        operation: OperationId {
                            segment: node.hash,
                            index,
                        },
                        by: node.device,
                        claimed_at: node.claimed_at,
                    },
                    kind: operation.kind(),
                    reason: Refused::Unplaced,
                });
            }
        }
    }

    /// Settles every grant, and reports those that do not hold beside what their authors had not
    /// seen.
    fn collect_grants(&mut self) {
        let mut memo = std::mem::take(&mut self.memo);
        let mut lapsed = Vec::new();
        let view = self.view();
        for (place, grant) in (0..).zip(&self.walked.engine.grants) {
            let holds = settle(&self.walked.engine, &view, &mut memo, |court| {
                court.is_held(place)
            });
            if !holds {
                lapsed.push((grant.mark, grant.kind.needs()));
            }
        }
        self.memo = memo;
        for (mark, needs) in lapsed {
            let Some(found) = self.walked.engine.marks.get(index(mark)) else {
                continue;
            };
            let at = found.at;
            let reason = self.lapse(&self.walked.engine.point(at, Some(mark)), needs);
            self.ignore(at, reason);
        }
    }

    /// Why something that its author had the right to on what he saw does not stand.
    fn lapse(&self, point: &Point<'_>, needs: Role) -> Refused {
        let engine = &self.walked.engine;
        if engine.is_forked(&self.view(), point.device, point.number) {
            return Refused::Forked;
        }
        let sealed = self.ask(false, |court| {
            for member in engine.claimed_by(point.device) {
                if court.is_sealed(point, member)
                    && court.role(point, member, needs)? >= Some(needs)
                {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        if sealed {
            Refused::Sealed
        } else {
            Refused::Overtaken
        }
    }

    /// Reports the denials and seals that do not count.
    fn collect_denials(&mut self) {
        let mut found: Vec<(Place, Refused)> = Vec::new();
        let engine = &self.walked.engine;
        for denial in &engine.denials {
            let Some(mark) = engine.marks.get(index(denial.mark)) else {
                continue;
            };
            let counts = self.ask(true, |court| Ok(court.is_unsealed(denial)));
            if !counts {
                found.push((mark.at, Refused::Sealed));
            } else if let Some(owner) = self.protected_owner(denial) {
                found.push((mark.at, Refused::AgainstOwner(owner)));
            }
        }
        for (place, seal) in (0..).zip(&engine.seals) {
            if self.ask(true, |court| Ok(court.seal_stands(place))) {
                continue;
            }
            if let Some(point) = engine.point_of(seal.mark)
                && let Some(mark) = engine.marks.get(index(seal.mark))
            {
                found.push((mark.at, self.lapse(&point, Role::Owner)));
            }
        }
        for (at, reason) in found {
            self.ignore(at, reason);
        }
    }

    fn protected_owner(&self, denial: &Denial) -> Option<MemberId> {
        let (Against::Member { member, .. } | Against::Compartment { member, .. }) = denial.against
        else {
            return None;
        };
        let is_protected = self.ask(false, |court| Ok(court.is_protected(denial, member)));
        is_protected.then(|| self.member_id(member)).flatten()
    }

    fn collect_members(&mut self) {
        let keys: Vec<Key> = self.walked.engine.joins.keys().collect();
        for key in keys {
            if let Some(member) = self.member_of_key(key) {
                self.members.insert(member.id, member);
            }
        }
    }

    fn member_of_key(&self, key: Key) -> Option<Member> {
        let engine = &self.walked.engine;
        let joins = engine.joins.of(key);
        let held = joins
            .iter()
            .rev()
            .find(|grant| self.ask(false, |court| court.is_held(**grant)))?;
        let at = self.place_of_grant(*held)?;
        let (name, history) = joined_as(self.operation_at(at)?.1)?;
        let top = self.top(key);
        let role = self.ask(None, |court| court.role(&top, key, Role::Owner));
        let mut devices = Vec::new();
        for device in engine.devices_of.of(key) {
            if self.ask(false, |court| court.is_device(&top, key, *device)) {
                devices.extend(self.device_id(*device));
            }
        }
        devices.sort_unstable();
        let compartments = engine.compartments.keys().copied();
        let read = |id: &CompartmentId| self.ask(false, |court| court.reads(&top, key, *id));
        Some(Member {
            id: self.member_id(key)?,
            name,
            role,
            devices,
            joined: self.deed(at)?,
            history,
            removed: if role.is_none() {
                self.removal_of(key)
            } else {
                None
            },
            compartments: compartments.filter(read).collect(),
        })
    }

    /// How a member that is none any more was removed: the last of the denials that cut it, in
    /// the order in which they come after each other.
    fn removal_of(&self, member: Key) -> Option<Removal> {
        let engine = &self.walked.engine;
        let state = engine.owners(self.walked.state);
        let voted = state.removals.iter().filter(|made| made.member == member);
        if let Some(made) = voted.max_by_key(|made| made.generation) {
            return Some(Removal::Voted(made.generation));
        }
        let denials = engine.denials_of_member.of(member).iter().rev();
        let denials = denials.filter_map(|place| engine.denials.get(index(*place)));
        let cuts = |denial: &&Denial| {
            matches!(denial.against, Against::Member { cap: None, .. })
                && self.ask(false, |court| Ok(court.counts(denial)))
        };
        self.removal_by(denials.into_iter().find(cuts)?)
    }

    fn removal_by(&self, denial: &Denial) -> Option<Removal> {
        let at = self.walked.engine.marks.get(index(denial.mark))?.at;
        let deed = self.deed(at)?;
        Some(match self.operation_at(at)?.1 {
            Control::RemoveMember(_, reason) | Control::RemoveDevice(_, reason) => {
                Removal::Removed(deed, *reason)
            }
            Control::Leave => Removal::Left(deed),
            _ => Removal::Removed(deed, Reason::Unsaid),
        })
    }

    fn collect_devices(&mut self) {
        let keys: Vec<Key> = self.walked.engine.links.keys().collect();
        for key in keys {
            if let Some(device) = self.device_of_key(key) {
                self.devices.insert(device.id, device);
            }
        }
    }

    fn device_of_key(&self, key: Key) -> Option<Device> {
        let engine = &self.walked.engine;
        let top = self.top(key);
        // A member's first device is its own whatever others claim at the same time: they would
        // edit and delete in its name.
        let mut best: Option<(bool, bool, Option<Role>, Key)> = None;
        for (member, grant) in engine.links.of(key) {
            if !self.ask(false, |court| court.is_held(*grant)) {
                continue;
            }
            let active = self.ask(false, |court| court.is_device(&top, *member, key));
            let role = self.ask(None, |court| court.role(&top, *member, Role::Owner));
            best = best.max(Some((active, *member == key, role, *member)));
        }
        let (active, _, _, member) = best?;
        let denials = engine.denials_of_device.of(key).iter().rev();
        let mut denials = denials.filter_map(|place| engine.denials.get(index(*place)));
        let removed = if active {
            None
        } else {
            denials.find(|denial| self.ask(false, |court| Ok(court.cuts_device(denial, member))))
        };
        Some(Device {
            id: self.device_id(key)?,
            member: self.member_id(member)?,
            active,
            removed: removed.and_then(|denial| self.removal_by(denial)),
            forked: self.fork_of(key),
        })
    }

    /// The lowest number from which on a device is forked.
    pub(super) fn fork_of(&self, device: Key) -> Option<u64> {
        let signs = self.walked.engine.forks.get(&device)?;
        let numbers = signs.iter().filter_map(|sign| match sign {
            ForkSign::Now(number) | ForkSign::By(_, number) => Some(*number),
            ForkSign::Sides(_, sides) if sides.len() > 1 => {
                sides.iter().map(|(_, number)| *number).min()
            }
            ForkSign::Sides(..) => None,
        });
        numbers.min()
    }

    fn collect_compartments(&mut self) {
        let mut compartments = BTreeMap::new();
        for (id, grants) in &self.walked.engine.compartments {
            let held = grants
                .iter()
                .find(|grant| self.ask(false, |court| court.is_held(**grant)));
            let at = held.and_then(|grant| self.place_of_grant(*grant));
            let Some((_, Control::AddCompartment(_, name))) =
                at.and_then(|at| self.operation_at(at))
            else {
                continue;
            };
            let readers = self.members.values();
            let readers = readers.filter(|member| member.compartments.contains(id));
            let found = Compartment {
                id: *id,
                name: name.clone(),
                readers: readers.map(|member| member.id).collect(),
            };
            compartments.insert(*id, found);
        }
        self.compartments = compartments;
    }

    fn collect_effects(&mut self) {
        self.collect_cards();
        self.collect_epochs();
        let effects = std::mem::take(&mut self.walked.effects);
        for effect in &effects {
            if let Some(reason) = self.stands(effect) {
                self.ignore(effect.at, reason);
            } else {
                self.collect_effect(effect);
            }
        }
        self.walked.effects = effects;
        self.collect_confirmations();
        self.checkpoints
            .sort_by_key(|checkpoint| checkpoint.deed.operation);
        self.deletions.sort_by_key(|request| request.deed.operation);
    }

    /// Why an operation that changes no right does not stand, if it does not.
    pub(super) fn stands(&self, effect: &Effect) -> Option<Refused> {
        let engine = &self.walked.engine;
        let point = engine.point(effect.at, None);
        if engine.is_forked(&self.view(), point.device, point.number) {
            return Some(Refused::Forked);
        }
        let compartment = match self.operation_at(effect.at)?.1 {
            Control::Epoch(epoch) => Some(epoch.compartment),
            Control::ShareEpoch(share) => match self.epochs.get(&share.epoch) {
                Some(epoch) => Some(epoch.compartment),
                None => return Some(Refused::NoSuchEpoch(share.epoch)),
            },
            _ => None,
        };
        let stands = self.ask(false, |court| match compartment {
            Some(id) => Ok(court.judge_epoch(&point, id)?.is_ok()),
            None => Ok(court.actor(&point, effect.needs, None)?.is_some()),
        });
        (!stands).then(|| self.lapse(&point, effect.needs))
    }

    fn collect_effect(&mut self, effect: &Effect) {
        let Some((node, operation)) = self.operation_at(effect.at) else {
            return;
        };
        let id = OperationId {
            segment: node.hash,
            index: effect.at.index,
        };
        let by = node.device;
        match operation {
            Control::Prekey(number, _) => {
                let number = *number;
                // What a device says itself counts before what those say who let it in: they
                // could give it a prekey of their own, with the highest number there is.
                let is_newest = self.prekeys.get(&by).is_none_or(|(newest, known)| {
                    number > *newest || self.operation(*known).and_then(card_in).is_some()
                });
                if is_newest {
                    self.prekeys.insert(by, (number, id));
                }
            }
            Control::Routes(_) => {
                self.routes.insert(by, id);
            }
            Control::Checkpoint(digest) => {
                let digest = *digest;
                self.checkpoints
                    .extend(self.deed(effect.at).map(|deed| Checkpoint {
                        deed,
                        digest,
                        confirmed: BTreeSet::new(),
                        contradicted: BTreeSet::new(),
                    }));
            }
            Control::Delete(segments) => {
                let segments = segments.clone();
                self.deletions.extend(self.deletion(effect.at, segments));
            }
            Control::ConfirmDeletion(segments) => {
                for segment in segments.clone() {
                    self.confirmed_deletions
                        .entry(segment)
                        .or_default()
                        .insert(by);
                }
            }
            Control::Adopt(segments) => {
                let segments = segments.clone();
                self.adopted.extend(segments);
            }
            _ => {}
        }
    }

    fn deletion(&self, at: Place, segments: Vec<SegmentHash>) -> Option<DeletionRequest> {
        let point = self.walked.engine.point(at, None);
        let members = self.ask(Vec::new(), |court| court.actors(&point, Role::Courier));
        let members = members.into_iter().filter_map(|key| self.member_id(key));
        Some(DeletionRequest {
            deed: self.deed(at)?,
            members: members.collect(),
            any: self.ask(false, |court| {
                Ok(court.actor(&point, Role::Approver, None)?.is_some())
            }),
            segments,
        })
    }

    fn collect_confirmations(&mut self) {
        // By segment and device first: neither many checkpoints nor many answers to one make this
        // slow.
        let mut answers: BTreeMap<SegmentHash, BTreeMap<DeviceId, BTreeSet<[u8; 32]>>> =
            BTreeMap::new();
        for effect in &self.walked.effects {
            let Some((node, Control::ConfirmCheckpoint(segment, digest))) =
                self.operation_at(effect.at)
            else {
                continue;
            };
            if self.stands(effect).is_none() {
                let by_device = answers.entry(*segment).or_default();
                by_device.entry(node.device).or_default().insert(*digest);
            }
        }
        for checkpoint in &mut self.checkpoints {
            let found = answers.get(&checkpoint.deed.operation.segment);
            for (device, digests) in found.into_iter().flatten() {
                let confirms = digests.contains(&checkpoint.digest);
                if confirms {
                    checkpoint.confirmed.insert(*device);
                }
                if digests.len() > usize::from(confirms) {
                    checkpoint.contradicted.insert(*device);
                }
            }
        }
    }

    fn ignore(&mut self, at: Place, reason: Refused) {
        let Some(kind) = self.operation_at(at).map(|(_, operation)| operation.kind()) else {
            return;
        };
        if let Some(deed) = self.deed(at) {
            self.ignored.push(Ignored { deed, kind, reason });
        }
    }

    fn deed(&self, at: Place) -> Option<Deed> {
        let (node, _) = self.operation_at(at)?;
        Some(Deed {
            operation: OperationId {
                segment: node.hash,
                index: at.index,
            },
            by: node.device,
            claimed_at: node.claimed_at,
        })
    }

    pub(super) fn place_of_grant(&self, grant: u32) -> Option<Place> {
        let grant = self.walked.engine.grants.get(index(grant))?;
        Some(self.walked.engine.marks.get(index(grant.mark))?.at)
    }
}

fn joined_as(operation: &Control) -> Option<(Name, History)> {
    match operation {
        Control::Genesis(genesis) => Some((genesis.founder_name.clone(), History::Full)),
        Control::AddMember(add) => Some((add.name.clone(), add.history)),
        _ => None,
    }
}
