//! Whether the author of an operation had the right to it on what he could see.

use super::engine::{Against, GrantKind, Point};
use super::order::Key;
use super::owners::ChangeOf;
use super::refused::Refused;
use super::rights::{Court, Known};
use crate::control::{AddDevice, AddMember, Change, Control, Genesis, OwnerChange};
use crate::ids::{CompartmentId, DeviceId, MemberId};
use crate::limits::{DEVICES_ADDED_MAX, GRANTS_ALIKE_MAX};
use crate::role::Role;

/// What an operation comes to when its author had the right to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authorised {
    Grant(GrantKind),
    Denial {
        against: Against,
        by_role: Vec<Key>,
        by_self: Vec<Key>,
    },
    Vote {
        voters: Vec<Key>,
        change: ChangeOf,
    },
    Seal {
        member: Key,
        by: Vec<Key>,
    },
    /// It changes no right; whether it stands beside what its author had not seen is asked later.
    Effect {
        needs: Role,
    },
    /// Of a kind of a later version.
    Unknown,
}

/// What is known of right or wrong of an operation.
pub(super) type Verdict = Known<Result<Authorised, Refused>>;

const TOO_MANY_GRANTS: Refused = Refused::GrantsAlike {
    limit: GRANTS_ALIKE_MAX,
};

macro_rules! refuse_unless {
    ($condition:expr, $refused:expr) => {
        if !$condition {
            return Ok(Err($refused));
        }
    };
}

impl Court<'_> {
    /// Judges an operation at a point, on the view that the court sits on.
    pub(super) fn judge(&self, point: &Point<'_>, operation: &Control) -> Verdict {
        let judged = self.judge_right(point, operation)?;
        if let Ok(Authorised::Denial {
            against,
            by_role,
            by_self,
        }) = &judged
        {
            let repeats = self.repeats(point, *against, by_role, by_self);
            refuse_unless!(!repeats, Refused::AlreadyDenied);
        }
        Ok(judged)
    }

    fn judge_right(&self, point: &Point<'_>, operation: &Control) -> Verdict {
        match operation {
            Control::Genesis(genesis) => Ok(self.judge_genesis(point, genesis)),
            Control::AddMember(add) => self.judge_new_member(point, add),
            Control::RaiseRole(member, role) => self.judge_raise(point, *member, *role),
            Control::AddDevice(add) => self.judge_new_device(point, add),
            Control::LowerRole(member, role) => self.judge_denial(point, *member, Some(*role)),
            Control::RemoveMember(member, _) => self.judge_denial(point, *member, None),
            Control::RemoveDevice(device, _) => self.judge_device_denial(point, *device),
            Control::Leave => self.judge_leave(point),
            Control::OwnerChange(change) => self.judge_vote(point, change),
            Control::Seal(member) => self.judge_seal(point, *member),
            Control::AddCompartment(id, _) => self.judge_new_compartment(point, *id),
            Control::Admit(id, member) => self.judge_admission(point, *id, *member),
            Control::Expel(id, member) => self.judge_expulsion(point, *id, *member),
            Control::Epoch(epoch) => self.judge_epoch(point, epoch.compartment),
            Control::ShareEpoch(_) => self.judge_effect(point, Role::Suggester),
            Control::Checkpoint(_) => self.judge_effect(point, Role::Editor),
            Control::Adopt(_) => self.judge_effect(point, Role::Approver),
            Control::Prekey(..)
            | Control::Routes(_)
            | Control::ConfirmCheckpoint(..)
            | Control::Delete(_)
            | Control::ConfirmDeletion(_) => self.judge_effect(point, Role::Courier),
            Control::Unknown(_) => Ok(Ok(Authorised::Unknown)),
        }
    }

    fn judge_genesis(&self, point: &Point<'_>, genesis: &Genesis) -> Result<Authorised, Refused> {
        let founder = self.engine.order.key(genesis.founder);
        let first = point.place.is_some_and(|(_, index)| index == 0);
        let same = self
            .engine
            .founding
            .is_none_or(|founding| Some(founding.founder) == founder);
        match founder {
            Some(founder) if first && same && point.number == 1 && point.device == founder => {
                Ok(Authorised::Grant(GrantKind::Genesis { founder }))
            }
            _ => Err(Refused::NotGenesis),
        }
    }

    fn judge_new_member(&self, point: &Point<'_>, add: &AddMember) -> Verdict {
        let Some(member) = self.key_at_top(point, DeviceId(add.member.0)) else {
            return Ok(Err(Refused::NoSuchMember(add.member)));
        };
        let kind = GrantKind::Member {
            member,
            role: add.role,
        };
        let needs = kind.needs();
        refuse_unless!(
            self.actor(point, needs, None)?.is_some(),
            self.lacks(point, needs)?
        );
        let then = point.state;
        refuse_unless!(!then.has(member), Refused::OwnerAlready(add.member));
        let taken = self.is_anothers(point, member, member);
        refuse_unless!(!taken, Refused::DeviceTaken(DeviceId(add.member.0)));
        refuse_unless!(
            self.may_grant_again(point, self.engine.raises.of(member)),
            TOO_MANY_GRANTS
        );
        Ok(Ok(Authorised::Grant(kind)))
    }

    fn judge_raise(&self, point: &Point<'_>, id: MemberId, role: Role) -> Verdict {
        let kind = |member| GrantKind::Role { member, role };
        let needs = kind(Key::MAX).needs();
        refuse_unless!(
            self.actor(point, needs, None)?.is_some(),
            self.lacks(point, needs)?
        );
        let Some(member) = self.member_at(point, id)? else {
            return Ok(Err(Refused::NoSuchMember(id)));
        };
        let then = point.state;
        refuse_unless!(!then.has(member), Refused::OwnerAlready(id));
        refuse_unless!(
            self.may_grant_again(point, self.engine.raises.of(member)),
            TOO_MANY_GRANTS
        );
        Ok(Ok(Authorised::Grant(kind(member))))
    }

    fn judge_new_device(&self, point: &Point<'_>, add: &AddDevice) -> Verdict {
        let needs = Role::Courier;
        refuse_unless!(
            self.actor(point, needs, None)?.is_some(),
            self.lacks(point, needs)?
        );
        let member = self.engine.order.key(DeviceId(add.member.0));
        let own = match member {
            Some(member) => self.actor(point, needs, Some(member))?,
            None => None,
        };
        let Some(member) = own else {
            return Ok(Err(Refused::NotOwnMember(add.member)));
        };
        let ever = self.engine.additions.of(member).iter();
        let ever = ever.filter(|grant| self.has_grant(point, **grant));
        refuse_unless!(
            ever.take(DEVICES_ADDED_MAX).count() < DEVICES_ADDED_MAX,
            Refused::DevicesAdded {
                limit: DEVICES_ADDED_MAX,
            }
        );
        let Some(device) = self.key_at_top(point, add.device) else {
            return Ok(Ok(Authorised::Grant(GrantKind::Device {
                member,
                device: Key::MAX,
            })));
        };
        let taken = self.is_anothers(point, device, member);
        refuse_unless!(!taken, Refused::DeviceTaken(add.device));
        let cap = self
            .engine
            .founding
            .map_or(1, |founding| founding.policy.device_cap);
        let mut count = 0;
        for other in self.engine.devices_of.of(member) {
            if *other != device && self.is_device(point, member, *other)? {
                count += 1;
            }
        }
        refuse_unless!(count < u32::from(cap), Refused::DeviceCap { cap });
        Ok(Ok(Authorised::Grant(GrantKind::Device { member, device })))
    }

    fn judge_denial(&self, point: &Point<'_>, id: MemberId, cap: Option<Role>) -> Verdict {
        let by_role = self.actors(point, Role::Admin)?;
        refuse_unless!(!by_role.is_empty(), self.lacks(point, Role::Admin)?);
        let Some(member) = self.joined(point, id) else {
            return Ok(Err(Refused::NoSuchMember(id)));
        };
        let then = point.state;
        refuse_unless!(!then.has(member), Refused::AgainstOwner(id));
        Ok(Ok(Authorised::Denial {
            against: Against::Member { member, cap },
            by_role,
            by_self: Vec::new(),
        }))
    }

    fn judge_device_denial(&self, point: &Point<'_>, id: DeviceId) -> Verdict {
        let selves = self.actors(point, Role::Courier)?;
        refuse_unless!(!selves.is_empty(), self.lacks(point, Role::Courier)?);
        let mut claims: Vec<Key> = Vec::new();
        let device = self.engine.order.key(id);
        for (member, grant) in device.map_or(&[][..], |key| self.engine.links.of(key)) {
            if self.has_grant(point, *grant) {
                claims.push(*member);
            }
        }
        let (Some(device), false) = (device, claims.is_empty()) else {
            return Ok(Err(Refused::NoSuchDevice(id)));
        };
        let mut by_self = selves;
        by_self.retain(|member| claims.contains(member));
        let by_role = self.actors(point, Role::Admin)?;
        let then = point.state;
        if by_self.is_empty() {
            refuse_unless!(!by_role.is_empty(), self.lacks(point, Role::Admin)?);
            let owner = claims.iter().find(|member| then.has(**member)).copied();
            if let (Some(owner), true) = (owner, claims.iter().all(|member| then.has(*member))) {
                return Ok(Err(Refused::AgainstOwner(self.member_id(owner))));
            }
        }
        Ok(Ok(Authorised::Denial {
            against: Against::Device { device },
            by_role,
            by_self,
        }))
    }

    fn judge_leave(&self, point: &Point<'_>) -> Verdict {
        let mut by_self = self.actors(point, Role::Courier)?;
        refuse_unless!(!by_self.is_empty(), self.lacks(point, Role::Courier)?);
        let then = point.state;
        by_self.retain(|member| !then.has(*member));
        let Some(member) = by_self.first().copied() else {
            return Ok(Err(Refused::OwnerLeaves));
        };
        Ok(Ok(Authorised::Denial {
            against: Against::Member { member, cap: None },
            by_role: Vec::new(),
            by_self: vec![member],
        }))
    }

    fn judge_vote(&self, point: &Point<'_>, change: &OwnerChange) -> Verdict {
        let mut voters = self.actors(point, Role::Owner)?;
        refuse_unless!(!voters.is_empty(), self.lacks(point, Role::Owner)?);
        let state = point.state;
        refuse_unless!(
            change.generation == state.generation,
            Refused::WrongGeneration {
                expected: state.generation,
                found: change.generation,
            }
        );
        let generation = state.generation;
        voters.retain(|member| !self.engine.has_voted(point, *member));
        refuse_unless!(!voters.is_empty(), Refused::SecondVote { generation });
        let change = match change.change {
            Change::Add(id) => {
                let Some(member) = self.member_at(point, id)? else {
                    return Ok(Err(Refused::NoSuchMember(id)));
                };
                refuse_unless!(!state.has(member), Refused::OwnerAlready(id));
                ChangeOf::Add(member)
            }
            Change::Remove(id) => {
                let member = self.engine.order.key(DeviceId(id.0));
                let Some(member) = member.filter(|member| state.has(*member)) else {
                    return Ok(Err(Refused::NoOwner(id)));
                };
                refuse_unless!(state.owners.len() > 1, Refused::LastOwner);
                ChangeOf::Remove(member)
            }
        };
        Ok(Ok(Authorised::Vote { voters, change }))
    }

    fn judge_seal(&self, point: &Point<'_>, id: MemberId) -> Verdict {
        let by = self.actors(point, Role::Owner)?;
        refuse_unless!(!by.is_empty(), self.lacks(point, Role::Owner)?);
        let Some(member) = self.joined(point, id) else {
            return Ok(Err(Refused::NoSuchMember(id)));
        };
        let then = point.state;
        refuse_unless!(!then.has(member), Refused::AgainstOwner(id));
        Ok(Ok(Authorised::Seal { member, by }))
    }

    fn judge_new_compartment(&self, point: &Point<'_>, id: CompartmentId) -> Verdict {
        refuse_unless!(
            self.actor(point, Role::Admin, None)?.is_some(),
            self.lacks(point, Role::Admin)?
        );
        let exists = id == CompartmentId::WHOLE || self.is_compartment(point, id)?;
        refuse_unless!(!exists, Refused::CompartmentExists(id));
        Ok(Ok(Authorised::Grant(GrantKind::Compartment)))
    }

    fn judge_admission(&self, point: &Point<'_>, id: CompartmentId, who: MemberId) -> Verdict {
        refuse_unless!(
            self.actor(point, Role::Admin, None)?.is_some(),
            self.lacks(point, Role::Admin)?
        );
        let exists = self.is_compartment(point, id)?;
        refuse_unless!(exists, Refused::NoSuchCompartment(id));
        let Some(member) = self.member_at(point, who)? else {
            return Ok(Err(Refused::NoSuchMember(who)));
        };
        let known = self.engine.admissions.get(&(id, member));
        refuse_unless!(
            self.may_grant_again(point, known.map_or(&[], Vec::as_slice)),
            TOO_MANY_GRANTS
        );
        Ok(Ok(Authorised::Grant(GrantKind::Admission {
            compartment: id,
            member,
        })))
    }

    fn judge_expulsion(&self, point: &Point<'_>, id: CompartmentId, who: MemberId) -> Verdict {
        let mut by_self = self.actors(point, Role::Courier)?;
        refuse_unless!(!by_self.is_empty(), self.lacks(point, Role::Admin)?);
        let Some(member) = self.joined(point, who) else {
            return Ok(Err(Refused::NoSuchMember(who)));
        };
        by_self.retain(|own| *own == member);
        let mut by_role = self.actors(point, Role::Admin)?;
        let then = point.state;
        if by_self.is_empty() {
            refuse_unless!(!by_role.is_empty(), self.lacks(point, Role::Admin)?);
            refuse_unless!(!then.has(member), Refused::AgainstOwner(who));
        }
        if then.has(member) {
            by_role.clear();
        }
        let exists = self.is_compartment(point, id)?;
        refuse_unless!(exists, Refused::NoSuchCompartment(id));
        Ok(Ok(Authorised::Denial {
            against: Against::Compartment {
                compartment: id,
                member,
            },
            by_role,
            by_self,
        }))
    }

    /// Judges the making or sharing of an epoch of a compartment.
    pub(super) fn judge_epoch(&self, point: &Point<'_>, compartment: CompartmentId) -> Verdict {
        let writers = self.actors(point, Role::Suggester)?;
        refuse_unless!(!writers.is_empty(), self.lacks(point, Role::Suggester)?);
        for writer in writers {
            if self.reads(point, writer, compartment)? {
                return Ok(Ok(Authorised::Effect {
                    needs: Role::Suggester,
                }));
            }
        }
        Ok(Err(Refused::NotAdmitted(compartment)))
    }

    fn judge_effect(&self, point: &Point<'_>, needs: Role) -> Verdict {
        refuse_unless!(
            self.actor(point, needs, None)?.is_some(),
            self.lacks(point, needs)?
        );
        Ok(Ok(Authorised::Effect { needs }))
    }

    /// All members as whom a point's device may do there what `needed` may do.
    pub(super) fn actors(&self, point: &Point<'_>, needed: Role) -> Known<Vec<Key>> {
        let mut found = Vec::new();
        for member in self.engine.claimed_by(point.device) {
            if self.may_as(point, member, needed)? {
                found.push(member);
            }
        }
        Ok(found)
    }

    /// What a point's device lacks to do what `needed` may do.
    pub(super) fn lacks(&self, point: &Point<'_>, needed: Role) -> Known<Refused> {
        let mut known = false;
        let mut is_device = false;
        let mut held = None;
        for (member, grant) in self.engine.links.of(point.device) {
            if !self.has_grant(point, *grant) {
                continue;
            }
            known = true;
            if self.is_device(point, *member, point.device)? {
                is_device = true;
                held = held.max(self.role(point, *member, Role::Owner)?);
            }
        }
        Ok(match (known, is_device) {
            (false, _) => Refused::UnknownDevice,
            (true, false) => Refused::RemovedDevice,
            (true, true) => Refused::RoleTooLow { needed, held },
        })
    }

    /// The small number of a device that may be named for the first time by what is to be written.
    fn key_at_top(&self, point: &Point<'_>, device: DeviceId) -> Option<Key> {
        let key = self.engine.order.key(device);
        if key.is_none() && point.place.is_none() {
            return Some(Key::MAX);
        }
        key
    }

    fn member_at(&self, point: &Point<'_>, id: MemberId) -> Known<Option<Key>> {
        match self.engine.order.key(DeviceId(id.0)) {
            Some(member) if self.is_member(point, member)? => Ok(Some(member)),
            _ => Ok(None),
        }
    }

    /// The member of this id, if a point has a grant that once made it one.
    fn joined(&self, point: &Point<'_>, id: MemberId) -> Option<Key> {
        let member = self.engine.order.key(DeviceId(id.0))?;
        let mut joins = self.engine.joins.of(member).iter();
        joins
            .any(|grant| self.has_grant(point, *grant))
            .then_some(member)
    }

    fn is_anothers(&self, point: &Point<'_>, device: Key, member: Key) -> bool {
        let mut links = self.engine.links.of(device).iter();
        links.any(|(other, grant)| *other != member && self.has_grant(point, *grant))
    }

    /// Whether the device of a point has made few enough of these grants.
    ///
    /// By device, not by member: who names an admin's device as its own must not use it up.
    fn may_grant_again(&self, point: &Point<'_>, grants: &[u32]) -> bool {
        let own = grants.iter().filter(|place| {
            let grant = self.engine.grants.get(super::order::index(**place));
            let by = grant.and_then(|grant| self.engine.point_of(grant.mark));
            by.is_some_and(|by| by.device == point.device) && self.has_grant(point, **place)
        });
        own.take(GRANTS_ALIKE_MAX).count() < GRANTS_ALIKE_MAX
    }

    fn has_grant(&self, point: &Point<'_>, grant: u32) -> bool {
        let place = super::order::index(grant);
        let grant = self.engine.grants.get(place);
        grant.is_some_and(|grant| point.has(grant.mark))
    }

    fn member_id(&self, member: Key) -> MemberId {
        let place = super::order::index(member);
        let device = self.engine.order.devices.get(place);
        device.map_or(MemberId([0; 32]), |device| device.as_member())
    }
}
