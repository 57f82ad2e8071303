//! What has to hold in every history, worked out anew from the history itself: who wrote what
//! having seen what. Of the outcome that is checked only the answers are used.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use team_core::control::{Change, Control};
use team_core::membership::{Membership, Refused};
use team_core::role::Role;

use super::world::{Mask, World, device, member, places, segment};

/// A rule that the checker may be told to get wrong, to show that it notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As it is.
    Right,
    /// The intuitive one: denials of whoever was denied concurrently count for nothing.
    DeniersDenialsLapse,
    /// Grants stand whatever happened to their author.
    GrantsStand,
}

/// A history whose every segment holds one operation, with what membership says of it.
pub struct Checker<'w> {
    pub world: &'w World,
    pub membership: &'w Membership,
    /// Whose device each is.
    pub owner_of: &'w dyn Fn(usize) -> usize,
    pub rule: Rule,
    /// Why each step is ignored.
    reasons: Vec<Option<Refused>>,
    /// The owners who were removed.
    removals: Vec<Removal>,
    sealed: BTreeSet<usize>,
    /// Denials by device or member that count, without those sealed.
    denials: Vec<usize>,
    /// The votes.
    votes: Mask,
    /// The owners by votes.
    owners: RefCell<HashMap<Mask, Rc<Owners>>>,
}

/// An effective removal of an owner.
struct Removal {
    member: usize,
    votes: Vec<usize>,
}

/// Whether the author of a step lost a right only later.
fn is_late(reason: Refused) -> bool {
    matches!(
        reason,
        Refused::Overtaken | Refused::Sealed | Refused::Forked | Refused::AgainstOwner(_)
    )
}

impl<'w> Checker<'w> {
    pub fn new(
        world: &'w World,
        membership: &'w Membership,
        owner_of: &'w dyn Fn(usize) -> usize,
        rule: Rule,
    ) -> Self {
        let ignored: BTreeMap<_, _> = membership
            .ignored()
            .iter()
            .map(|one| (one.deed.operation.segment, one.reason))
            .collect();
        let reasons = (0..world.steps.len()).map(|place| ignored.get(&segment(place)).copied());
        let mut checker = Self {
            world,
            membership,
            owner_of,
            rule,
            reasons: reasons.collect(),
            removals: Vec::new(),
            sealed: BTreeSet::new(),
            denials: Vec::new(),
            votes: 0,
            owners: RefCell::default(),
        };
        let is_vote = |place: &usize| matches!(checker.op(*place), Control::OwnerChange(_));
        let votes = places(world.all()).filter(is_vote);
        checker.votes = votes.fold(0, |votes, place| votes | 1 << place);
        checker.removals = checker.removals_in(world.all());
        let sealed = places(world.all()).filter(|place| checker.is_sealed(*place));
        checker.sealed = sealed.collect();
        checker.denials = places(world.all())
            .filter(|place| checker.is_denial(*place) && checker.denial_counts(*place))
            .collect();
        checker
    }

    /// Everything that has to hold.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), String> {
        for place in places(self.world.all()) {
            self.check_step(place)?;
        }
        self.check_roles()
    }

    fn op(&self, place: usize) -> &Control {
        &self.world.steps[place].operations[0]
    }

    fn past(&self, place: usize) -> Mask {
        self.world.steps[place].past
    }

    fn precedes(&self, one: usize, other: usize) -> bool {
        self.past(other) >> one & 1 == 1
    }

    fn author(&self, place: usize) -> usize {
        (self.owner_of)(self.world.steps[place].device)
    }

    /// Whether its author had the right to it on what it saw.
    fn is_authorised(&self, place: usize) -> bool {
        match self.reasons[place] {
            None => true,
            Some(Refused::AgainstOwner(_)) => {
                // Refused at once if the target was an owner then, later only otherwise.
                target(self.op(place)).is_some_and(|target| !self.owned(self.past(place), target))
            }
            Some(reason) => is_late(reason),
        }
    }

    fn is_denial(&self, place: usize) -> bool {
        matches!(
            self.op(place),
            Control::LowerRole(..)
                | Control::RemoveMember(..)
                | Control::RemoveDevice(..)
                | Control::Leave
        ) && self.is_authorised(place)
    }

    /// The owners that a part of the history shows; no owner votes twice in these histories.
    fn owners_in(&self, part: Mask) -> Rc<Owners> {
        let votes = part & self.votes;
        if let Some(known) = self.owners.borrow().get(&votes) {
            return Rc::clone(known);
        }
        let counted = Rc::new(self.count(votes));
        self.owners.borrow_mut().insert(votes, Rc::clone(&counted));
        counted
    }

    fn count(&self, part: Mask) -> Owners {
        let mut owners = BTreeSet::from([0]);
        let mut removals = Vec::new();
        for generation in 0.. {
            let mut tally: BTreeMap<Change, Vec<usize>> = Default::default();
            for place in places(part) {
                if let Control::OwnerChange(vote) = self.op(place)
                    && vote.generation == generation
                    && self.is_authorised(place)
                {
                    tally.entry(vote.change).or_default().push(place);
                }
            }
            let carried = tally.into_iter().find(|(_, votes)| {
                let voters: BTreeSet<usize> = votes.iter().map(|vote| self.author(*vote)).collect();
                voters.len() > owners.len() / 2
            });
            let Some((change, votes)) = carried else {
                return (owners, removals);
            };
            match change {
                Change::Add(id) => owners.insert(place_of(id)),
                Change::Remove(id) => {
                    removals.push((place_of(id), votes));
                    owners.remove(&place_of(id))
                }
            };
        }
        (owners, removals)
    }

    fn owned(&self, part: Mask, who: usize) -> bool {
        self.owners_in(part).0.contains(&who)
    }

    fn removals_in(&self, part: Mask) -> Vec<Removal> {
        let owners = self.owners_in(part);
        let removals = owners.1.iter().cloned();
        removals
            .map(|(member, votes)| Removal { member, votes })
            .collect()
    }

    /// Whether an owner's removal had happened in a past.
    fn knows(&self, part: Mask, removal: &Removal) -> bool {
        let known = self.owners_in(part);
        known.1.iter().any(|(member, votes)| {
            *member == removal.member && votes.iter().any(|vote| removal.votes.contains(vote))
        })
    }

    fn is_owner_at(&self, place: usize) -> bool {
        let who = self.author(place);
        self.owned(self.past(place), who)
            && self
                .removals
                .iter()
                .filter(|one| one.member == who)
                .all(|removal| {
                    self.knows(self.past(place), removal)
                        || removal.votes.iter().any(|vote| self.precedes(place, *vote))
                })
    }

    fn is_sealed(&self, place: usize) -> bool {
        let who = self.author(place);
        if self.owned(self.past(place), who) {
            return false;
        }
        places(self.world.all()).any(|seal| {
            matches!(self.op(seal), Control::Seal(id) if place_of(*id) == who)
                && self.is_authorised(seal)
                && !self.precedes(seal, place)
                && !self.precedes(place, seal)
                && self.is_owner_at(seal)
        })
    }

    fn denial_counts(&self, place: usize) -> bool {
        if self.sealed.contains(&place) {
            return false;
        }
        if self.rule == Rule::DeniersDenialsLapse {
            let author = self.author(place);
            let denied = places(self.world.all()).any(|other| {
                self.is_denial(other)
                    && target(self.op(other)) == Some(author)
                    && other != place
                    && !self.precedes(place, other)
                    && !self.precedes(other, place)
            });
            return !denied;
        }
        true
    }

    /// Whether a denial of whoever is an owner now is one that no voter for it had seen.
    fn is_protected(&self, denial: usize, who: usize) -> bool {
        if !self.owned(self.world.all(), who) {
            return false;
        }
        let votes = self.votes_for(who);
        votes.is_empty() || !votes.iter().all(|vote| self.precedes(denial, *vote))
    }

    /// The votes of the last generation in which somebody was voted in.
    fn votes_for(&self, who: usize) -> Vec<usize> {
        let mut votes: Vec<usize> = places(self.world.all())
            .filter(|place| {
                self.is_authorised(*place)
                    && matches!(self.op(*place), Control::OwnerChange(vote)
                        if matches!(vote.change, Change::Add(id) if place_of(id) == who))
            })
            .collect();
        let last = votes.iter().map(|vote| generation(self.op(*vote))).max();
        votes.retain(|vote| Some(generation(self.op(*vote))) == last);
        votes
    }

    /// Whether a denial takes from `who` a role of at least `role`, or its device.
    fn cuts(&self, denial: usize, who: usize, device: Option<usize>, role: Role) -> bool {
        let own = self.author(denial) == who;
        match self.op(denial) {
            Control::RemoveMember(id, _) => place_of(*id) == who && !self.is_protected(denial, who),
            Control::LowerRole(id, cap) => {
                place_of(*id) == who && *cap < role && !self.is_protected(denial, who)
            }
            Control::Leave => own && !self.is_protected(denial, who),
            Control::RemoveDevice(id, _) => {
                device.is_some_and(|place| device_id(place) == id.0)
                    && (own
                        || (!self.owned(self.past(denial), who) && !self.is_protected(denial, who)))
            }
            _ => false,
        }
    }

    /// Whether what a grant gave is still there for a step, or now.
    fn stands(
        &self,
        grant: usize,
        at: Option<usize>,
        who: usize,
        device: Option<usize>,
        role: Role,
    ) -> bool {
        let seen = |denial: usize| {
            self.precedes(denial, grant) || at.is_some_and(|at| self.precedes(at, denial))
        };
        let by_denials = self
            .denials
            .iter()
            .all(|denial| seen(*denial) || !self.cuts(*denial, who, device, role));
        let removals = self.removals.iter().filter(|one| one.member == who);
        let by_votes = removals.into_iter().all(|removal| {
            self.knows(self.past(grant), removal)
                || at.is_some_and(|at| removal.votes.iter().any(|vote| self.precedes(at, *vote)))
        });
        by_denials && by_votes
    }

    fn gives(&self, grant: usize, who: usize) -> Option<Role> {
        if self.reasons[grant].is_some() {
            return None;
        }
        match self.op(grant) {
            Control::AddMember(add) if place_of(add.member) == who => Some(add.role),
            Control::RaiseRole(id, role) if place_of(*id) == who => Some(*role),
            _ => None,
        }
    }

    fn links(&self, grant: usize, who: usize, device: usize) -> bool {
        self.reasons[grant].is_none()
            && match self.op(grant) {
                Control::Genesis(_) => who == 0 && device == 0,
                Control::AddMember(add) => place_of(add.member) == who && who == device,
                Control::AddDevice(add) => {
                    place_of(add.member) == who && device_id(device) == add.device.0
                }
                _ => false,
            }
    }

    /// Whether the author of a step has, beside what it saw, a right by a grant that stands.
    fn is_justified(&self, place: usize) -> bool {
        let step = &self.world.steps[place];
        let who = self.author(place);
        let needed = needs(self.op(place));
        let linked = places(step.past).any(|grant| {
            self.links(grant, who, step.device)
                && self.stands(grant, Some(place), who, Some(step.device), Role::Courier)
        });
        let entitled = self.is_owner_at(place)
            || (needed < Role::Owner
                && places(step.past).any(|grant| {
                    self.gives(grant, who) >= Some(needed)
                        && self.stands(grant, Some(place), who, None, needed)
                }));
        linked && entitled && self.is_target_member(place)
    }

    /// A raise needs a member to be raised, by grants that stand.
    fn is_target_member(&self, place: usize) -> bool {
        let Control::RaiseRole(id, _) = self.op(place) else {
            return true;
        };
        let who = place_of(*id);
        let past = self.past(place);
        if self.owned(past, who) {
            return true;
        }
        places(past).any(|grant| {
            self.reasons[grant].is_none()
                && (matches!(self.op(grant), Control::AddMember(add) if place_of(add.member) == who)
                    || (who == 0 && matches!(self.op(grant), Control::Genesis(_))))
                && self
                    .denials
                    .iter()
                    .filter(|denial| past >> **denial & 1 == 1)
                    .all(|denial| {
                        self.precedes(*denial, grant)
                            || !self.cuts(*denial, who, None, Role::Courier)
                    })
                && self
                    .owners_in(past)
                    .1
                    .iter()
                    .filter(|(one, _)| *one == who)
                    .all(|(member, votes)| {
                        let removal = Removal {
                            member: *member,
                            votes: votes.clone(),
                        };
                        self.knows(self.past(grant), &removal)
                    })
        })
    }

    /// Whether those who made somebody an owner had seen this grant of a device to it.
    fn is_vouched(&self, grant: usize) -> bool {
        let (who, is_first) = match self.op(grant) {
            Control::AddMember(add) => (place_of(add.member), true),
            Control::AddDevice(add) => (place_of(add.member), false),
            _ => return false,
        };
        let votes = self.votes_for(who);
        let mut seen = votes.iter().map(|vote| self.precedes(grant, *vote));
        self.owned(self.world.all(), who)
            && !votes.is_empty()
            && if is_first {
                seen.any(|seen| seen)
            } else {
                seen.all(|seen| seen)
            }
    }

    fn is_forked(&self, place: usize) -> bool {
        let id = device(self.world.steps[place].device);
        let fork = self.membership.device(id).and_then(|device| device.forked);
        fork.is_some_and(|from| from <= self.world.steps[place].number)
    }

    fn check_step(&self, place: usize) -> Result<(), String> {
        let operation = self.op(place);
        let is_grant = matches!(
            operation,
            Control::AddMember(_) | Control::RaiseRole(..) | Control::AddDevice(_)
        );
        let reason = self.reasons[place];
        if reason == Some(Refused::AlreadyDenied) && !self.is_repeated(place) {
            return Err(format!("denial {place} is no repetition"));
        }
        if is_grant && self.is_authorised(place) {
            let stands = self.rule == Rule::GrantsStand
                || self.is_vouched(place)
                || (!self.is_forked(place)
                    && !self.sealed.contains(&place)
                    && self.is_justified(place));
            if stands != reason.is_none() {
                return Err(format!("grant {place}: stands {stands}, but {reason:?}"));
            }
        }
        if self.is_denial(place) && self.rule == Rule::Right {
            let sealed = self.sealed.contains(&place);
            if sealed != (reason == Some(Refused::Sealed)) {
                return Err(format!("denial {place}: sealed {sealed}, but {reason:?}"));
            }
        }
        Ok(())
    }

    /// Whether a denial knows one of the same member that takes as much away, after which nothing
    /// that it knows was given back.
    fn is_repeated(&self, place: usize) -> bool {
        let earlier = places(self.past(place)).filter(|one| self.is_denial(*one));
        let mut same = earlier.filter(|one| {
            self.author(*one) == self.author(place)
                && strength(self.op(*one))
                    .zip(strength(self.op(place)))
                    .is_some_and(|((who, left), (other, then))| who == other && left <= then)
        });
        same.any(|one| {
            let since = places(self.past(place)).filter(|grant| self.precedes(one, *grant));
            let mut since = since.filter(|grant| self.is_authorised(*grant));
            since.all(|grant| gives_back(self.op(grant)) != strength(self.op(place)).map(|it| it.0))
        })
    }

    fn check_roles(&self) -> Result<(), String> {
        let owners = self.owners_in(self.world.all()).0.clone();
        let found: BTreeSet<usize> = self.membership.owners().into_iter().map(place_of).collect();
        if found != owners {
            return Err(format!("owners {found:?}, expected {owners:?}"));
        }
        for who in 0..WHO_MAX {
            let expected = if owners.contains(&who) {
                Some(Role::Owner)
            } else {
                self.expected_role(who)
            };
            let found = self.membership.role_of(member(who));
            if found != expected {
                return Err(format!("role of {who}: {found:?}, expected {expected:?}"));
            }
        }
        Ok(())
    }

    fn expected_role(&self, who: usize) -> Option<Role> {
        let roles = Role::ALL[..6].iter().rev();
        roles.copied().find(|role| {
            places(self.world.all()).any(|grant| {
                self.gives(grant, who) >= Some(*role) && self.stands(grant, None, who, None, *role)
            })
        })
    }

    /// Each operation is judged on its author's own past: the same verdict as if nothing else
    /// had ever been written.
    pub fn check_own_pasts(&self) -> Result<(), String> {
        for place in places(self.world.all()) {
            let alone = self.world.evaluate_only(self.past(place) | 1 << place);
            let then = self.world.ignored(&alone, place);
            let now = self.reasons[place];
            let kept = match (then, now) {
                (None, None) => true,
                (None, Some(reason)) => is_late(reason),
                (Some(then), now) => now == Some(then),
            };
            if !kept {
                return Err(format!(
                    "step {place}: {then:?} on its own past, now {now:?}"
                ));
            }
        }
        Ok(())
    }
}

/// The owners, and of those removed who and the votes for it.
type Owners = (BTreeSet<usize>, Vec<(usize, Vec<usize>)>);

/// Members and devices in generated histories are fewer.
pub const WHO_MAX: usize = 16;

fn generation(operation: &Control) -> u32 {
    match operation {
        Control::OwnerChange(vote) => vote.generation,
        _ => 0,
    }
}

fn target(operation: &Control) -> Option<usize> {
    match operation {
        Control::LowerRole(id, _) | Control::RemoveMember(id, _) | Control::Seal(id) => {
            Some(place_of(*id))
        }
        _ => None,
    }
}

/// Whom or what a denial is about, and the role that it leaves.
fn strength(operation: &Control) -> Option<([u8; 33], Option<Role>)> {
    match operation {
        Control::LowerRole(id, cap) => Some((about(0, id.0), Some(*cap))),
        Control::RemoveMember(id, _) => Some((about(0, id.0), None)),
        Control::RemoveDevice(id, _) => Some((about(1, id.0), None)),
        _ => None,
    }
}

/// Whom or what a grant is about, as [`strength`] has it; the device that comes with a member not.
fn gives_back(operation: &Control) -> Option<[u8; 33]> {
    match operation {
        Control::AddMember(add) => Some(about(0, add.member.0)),
        Control::RaiseRole(id, _) => Some(about(0, id.0)),
        Control::AddDevice(add) => Some(about(1, add.device.0)),
        _ => None,
    }
}

fn about(kind: u8, id: [u8; 32]) -> [u8; 33] {
    let mut both = [kind; 33];
    both[1..].copy_from_slice(&id);
    both
}

fn needs(operation: &Control) -> Role {
    match operation {
        Control::AddMember(add) if add.role >= Role::Admin => Role::Owner,
        Control::RaiseRole(_, role) if *role >= Role::Admin => Role::Owner,
        Control::AddDevice(_) => Role::Courier,
        _ => Role::Admin,
    }
}

fn device_id(place: usize) -> [u8; 32] {
    device(place).0
}

/// The place of a member: [`device`] writes it into the second byte.
pub fn place_of(id: team_core::ids::MemberId) -> usize {
    usize::from(id.0[1])
}
