//! Strata 2 and 3: which denials count in a view, which grants hold there, and so who had which
//! right at which point.
//!
//! A grant rests on earlier grants. What is found out about one in a view is remembered in a
//! [`Memo`]; what is not yet known comes back as [`Missing`] and is settled first, so that nothing
//! here recurses.

use super::engine::{Against, Denial, Engine, GrantKind, Point, View};
use super::order::{Key, index};
use super::owners::Made;
use crate::ids::CompartmentId;
use crate::role::Role;

/// A grant of which it is not known yet whether it holds in the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing(u32);

/// Known, once every grant that it rests on is settled.
pub(super) type Known<T> = Result<T, Missing>;

/// Which grants hold in one view, as far as it was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    view: u32,
    cells: Vec<(u32, bool)>,
}

impl Memo {
    /// Forgets everything, for another view.
    pub(super) fn turn(&mut self) {
        self.view = self.view.wrapping_add(1);
        if self.view == 0 {
            self.cells.clear();
            self.view = 1;
        }
    }

    fn holds(&self, grant: u32) -> Known<bool> {
        match self.cells.get(index(grant)) {
            Some((view, holds)) if *view == self.view => Ok(*holds),
            _ => Err(Missing(grant)),
        }
    }

    fn note(&mut self, grant: u32, holds: bool) {
        let place = index(grant);
        if place >= self.cells.len() {
            self.cells.resize(place + 1, (0, false));
        }
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = (self.view, holds);
        }
    }
}

/// A view, with what is known of the grants in it.
#[derive(Clone, Copy)]
pub(super) struct Court<'e> {
    pub(super) engine: &'e Engine,
    pub(super) view: &'e View<'e>,
    pub(super) memo: &'e Memo,
}

/// Answers a question in a view; every grant that the answer rests on is settled before.
pub(super) fn settle<T>(
    engine: &Engine,
    view: &View<'_>,
    memo: &mut Memo,
    ask: impl Fn(Court<'_>) -> Known<T>,
) -> T {
    loop {
        let missing = match ask(Court { engine, view, memo }) {
            Ok(answer) => return answer,
            Err(missing) => missing,
        };
        // Each grant rests on grants with smaller numbers only, so this comes to an end.
        let mut open = vec![missing.0];
        while let Some(grant) = open.last().copied() {
            match (Court { engine, view, memo }).holds(grant) {
                Ok(holds) => {
                    memo.note(grant, holds);
                    open.pop();
                }
                Err(Missing(other)) => open.push(other),
            }
        }
    }
}

impl Court<'_> {
    /// Whether a grant holds in the view, as was found out.
    pub(super) fn is_held(&self, grant: u32) -> Known<bool> {
        self.memo.holds(grant)
    }

    /// Whether a grant holds in the view: its author's right to it stands there.
    fn holds(&self, grant: u32) -> Known<bool> {
        let Some(found) = self.engine.grants.get(index(grant)) else {
            return Ok(false);
        };
        if matches!(found.kind, GrantKind::Genesis { .. }) {
            return Ok(true);
        }
        let Some(point) = self.engine.point_of(found.mark) else {
            return Ok(false);
        };
        if self.is_vouched(grant) {
            return Ok(true);
        }
        if self.engine.is_forked(self.view, point.device, point.number) {
            return Ok(false);
        }
        let only = match found.kind {
            GrantKind::Device { member, .. } => Some(member),
            _ => None,
        };
        if self.actor(&point, found.kind.needs(), only)?.is_none() {
            return Ok(false);
        }
        match found.kind {
            GrantKind::Role { member, .. } => self.is_member(&point, member),
            GrantKind::Admission {
                compartment,
                member,
            } => Ok(self.is_member(&point, member)? && self.is_compartment(&point, compartment)?),
            _ => Ok(true),
        }
    }

    /// Whether the owners who made somebody an owner had seen this grant of a device to it.
    ///
    /// Whoever granted it may be removed, or fork, later or backdated: that must not leave an
    /// owner without a device, or a single admin could end the team. A member's first device is
    /// its name, so one vote is enough; for another one a liar among the voters is not.
    fn is_vouched(&self, grant: u32) -> bool {
        let Some(found) = self.engine.grants.get(index(grant)) else {
            return false;
        };
        let seen = |vote: &u32| self.engine.precedes(found.mark, *vote);
        let votes = |member: Key| {
            let addition = self.view.state.addition(member);
            let addition = addition.filter(|_| self.view.state.has(member));
            addition.map_or(&[][..], |made| made.votes.as_slice())
        };
        match found.kind {
            GrantKind::Member { member, .. } => votes(member).iter().any(seen),
            GrantKind::Device { member, .. } => {
                let votes = votes(member);
                !votes.is_empty() && votes.iter().all(seen)
            }
            _ => false,
        }
    }

    /// A member as whom the device of a point may do there what `needed` may do.
    pub(super) fn actor(
        &self,
        point: &Point<'_>,
        needed: Role,
        only: Option<Key>,
    ) -> Known<Option<Key>> {
        for member in self.engine.claimed_by(point.device) {
            if only.is_some_and(|only| only != member) {
                continue;
            }
            if self.may_as(point, member, needed)? {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    /// Whether the device of a point may act there as `member` with at least this role.
    pub(super) fn may_as(&self, point: &Point<'_>, member: Key, needed: Role) -> Known<bool> {
        Ok(self.is_device(point, member, point.device)?
            && self.role(point, member, needed)? >= Some(needed)
            && !self.is_sealed(point, member))
    }

    /// Whether `device` is one of `member`'s at a point.
    pub(super) fn is_device(&self, point: &Point<'_>, member: Key, device: Key) -> Known<bool> {
        for (owner, grant) in self.engine.links.of(device).iter().rev() {
            if *owner != member || !self.has(point, *grant) || !self.memo.holds(*grant)? {
                continue;
            }
            let cuts = |denial: &Denial| {
                self.cuts_device(denial, member) && self.is_lost(denial, *grant, point)
            };
            let of_device = self.engine.denials_of_device.of(device);
            let cut = self.denials(of_device).any(cuts);
            if !cut && self.keeps_membership(point, member, *grant) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The highest role of `member` at a point; a lower one when that is `enough`.
    pub(super) fn role(&self, point: &Point<'_>, member: Key, enough: Role) -> Known<Option<Role>> {
        if self.is_owner(point, member) {
            return Ok(Some(Role::Owner));
        }
        let mut best = None;
        for grant in self.engine.raises.of(member).iter().rev() {
            if self.role_said(*grant) <= best || !self.has(point, *grant) {
                continue;
            }
            best = best.max(self.role_by(point, member, *grant)?);
            if best >= Some(enough) {
                break;
            }
        }
        Ok(best)
    }

    fn role_said(&self, grant: u32) -> Option<Role> {
        let grant = self.engine.grants.get(index(grant))?;
        match grant.kind {
            GrantKind::Member { role, .. } | GrantKind::Role { role, .. } => Some(role),
            _ => None,
        }
    }

    /// The role that is left at a point of what a grant that the point has gave to `member`.
    pub(super) fn role_by(
        &self,
        point: &Point<'_>,
        member: Key,
        grant: u32,
    ) -> Known<Option<Role>> {
        let Some(role) = self.role_said(grant) else {
            return Ok(None);
        };
        if !self.memo.holds(grant)? || !self.keeps_membership(point, member, grant) {
            return Ok(None);
        }
        let of_member = self.engine.denials_of_member.of(member);
        let caps = self
            .denials(of_member)
            .filter_map(|denial| match denial.against {
                Against::Member { cap: Some(cap), .. }
                    if self.counts(denial) && self.is_lost(denial, grant, point) =>
                {
                    Some(cap)
                }
                _ => None,
            });
        Ok(Some(caps.fold(role, Role::min)))
    }

    /// Whether `member` is an owner at a point, and no removal of it in the view came before the
    /// point was seen.
    pub(super) fn is_owner(&self, point: &Point<'_>, member: Key) -> bool {
        let then = point.state;
        if !then.has(member) {
            return false;
        }
        let now = self.view.state;
        let stands = |since: Option<u32>| {
            let removals = now.removals.iter().filter(|made| made.member == member);
            removals
                .filter(|made| since.is_none_or(|since| made.generation > since))
                .all(|made| self.is_seen_by_voter(point, made))
        };
        let founder = self.engine.founding.map(|founding| founding.founder);
        let additions = now.additions.iter().filter(|made| made.member == member);
        let mut before = additions.filter(|made| made.generation < then.generation);
        (founder == Some(member) && stands(None))
            || before.any(|made| stands(Some(made.generation)))
    }

    /// Whether `member` is one at a point whose author can only go by what the point has.
    pub(super) fn is_member(&self, point: &Point<'_>, member: Key) -> Known<bool> {
        let then = point.state;
        if then.has(member) {
            return Ok(true);
        }
        for grant in self.engine.joins.of(member).iter().rev() {
            if !self.has(point, *grant) || !self.memo.holds(*grant)? {
                continue;
            }
            let removals = then.removals.iter().filter(|made| made.member == member);
            let left = self.denials(self.engine.denials_of_member.of(member));
            let left =
                left.filter(|denial| matches!(denial.against, Against::Member { cap: None, .. }));
            let is_cut = left
                .filter(|denial| point.has(denial.mark) && self.counts(denial))
                .any(|denial| !self.grant_has(*grant, denial.mark));
            if !is_cut
                && removals
                    .into_iter()
                    .all(|made| self.grant_knows(*grant, made))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a compartment exists at a point.
    pub(super) fn is_compartment(&self, point: &Point<'_>, id: CompartmentId) -> Known<bool> {
        for grant in self.engine.compartments.get(&id).into_iter().flatten() {
            if self.has(point, *grant) && self.memo.holds(*grant)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `member` reads a compartment at a point.
    pub(super) fn reads(
        &self,
        point: &Point<'_>,
        member: Key,
        compartment: CompartmentId,
    ) -> Known<bool> {
        if self.role(point, member, Role::Reader)? < Some(Role::Reader) {
            return Ok(false);
        }
        if compartment == CompartmentId::WHOLE {
            return Ok(true);
        }
        let grants = self.engine.admissions.get(&(compartment, member));
        for grant in grants.into_iter().flatten().rev() {
            if self.has(point, *grant) && self.admits(point, member, compartment, *grant)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether at a point an admission to a compartment that the point has is still one.
    pub(super) fn admits(
        &self,
        point: &Point<'_>,
        member: Key,
        compartment: CompartmentId,
        grant: u32,
    ) -> Known<bool> {
        if !self.memo.holds(grant)? {
            return Ok(false);
        }
        let expulsions = self.engine.expulsions.get(&(compartment, member));
        let mut expulsions = self.denials(expulsions.map_or(&[], Vec::as_slice));
        let cut =
            expulsions.any(|denial| self.counts(denial) && self.is_lost(denial, grant, point));
        Ok(!cut && self.keeps_membership(point, member, grant))
    }

    /// Whether an owner who had not seen a point voids it, neither having seen the other.
    pub(super) fn is_sealed(&self, point: &Point<'_>, member: Key) -> bool {
        let seals = self.engine.seals_of.of(member).iter();
        seals
            .filter_map(|seal| {
                self.engine
                    .seals
                    .get(index(*seal))
                    .map(|found| (seal, found))
            })
            .any(|(seal, found)| {
                self.view.has(found.mark)
                    && !point.has(found.mark)
                    && !self.engine.is_seen_by(point, found.mark)
                    && !point.state.has(member)
                    && self.seal_stands(*seal)
            })
    }

    /// Whether a seal's author was rightly an owner, also with what the view shows beside its past.
    pub(super) fn seal_stands(&self, seal: u32) -> bool {
        let Some(found) = self.engine.seals.get(index(seal)) else {
            return false;
        };
        let Some(point) = self.engine.point_of(found.mark) else {
            return false;
        };
        // A fork does not undo a seal, as it undoes no denial: it would give roles back.
        // Only what the owner himself took from his device counts here: it cannot be sealed away
        // in turn, so that no two seals decide about each other.
        let own_denials = self.engine.denials_of_device.of(point.device);
        let is_cut = |member: Key| {
            self.denials(own_denials).any(|denial| {
                denial.by_self.contains(&member)
                    && self.view.has(denial.mark)
                    && !point.has(denial.mark)
                    && !self.engine.is_seen_by(&point, denial.mark)
                    && self.author_owned(denial, member)
            })
        };
        let mut by = found.by.iter();
        by.any(|member| self.is_owner(&point, *member) && !is_cut(*member))
    }

    fn author_owned(&self, denial: &Denial, member: Key) -> bool {
        let point = self.engine.point_of(denial.mark);
        point.is_some_and(|point| point.state.has(member))
    }

    fn has(&self, point: &Point<'_>, grant: u32) -> bool {
        let grant = self.engine.grants.get(index(grant));
        grant.is_some_and(|grant| point.has(grant.mark))
    }

    fn grant_has(&self, grant: u32, mark: u32) -> bool {
        let grant = self.engine.grants.get(index(grant));
        grant.is_some_and(|grant| self.engine.precedes(mark, grant.mark))
    }

    /// Whether the author of a grant knew of this removal of an owner.
    fn grant_knows(&self, grant: u32, made: &Made) -> bool {
        let grant = self.engine.grants.get(index(grant));
        let point = grant.and_then(|grant| self.engine.point_of(grant.mark));
        point.is_some_and(|point| {
            let mut removals = point.state.removals.iter();
            removals.any(|known| (known.generation, known.member) == (made.generation, made.member))
        })
    }

    fn is_seen_by_voter(&self, point: &Point<'_>, made: &Made) -> bool {
        let mut votes = made.votes.iter();
        votes.any(|vote| self.engine.is_seen_by(point, *vote))
    }

    /// Whether neither the grant came after the denial nor the denial after the point.
    fn is_lost(&self, denial: &Denial, grant: u32, point: &Point<'_>) -> bool {
        !self.grant_has(grant, denial.mark) && !self.engine.is_seen_by(point, denial.mark)
    }

    /// Whether what a grant gave to `member` outlasts every removal of the member.
    pub(super) fn keeps_membership(&self, point: &Point<'_>, member: Key, grant: u32) -> bool {
        let mut denials = self.denials(self.engine.denials_of_member.of(member));
        let left = denials.any(|denial| {
            matches!(denial.against, Against::Member { cap: None, .. })
                && self.counts(denial)
                && self.is_lost(denial, grant, point)
        });
        let now = self.view.state;
        let mut removals = now.removals.iter().filter(|made| made.member == member);
        !left
            && removals
                .all(|made| self.grant_knows(grant, made) || self.is_seen_by_voter(point, made))
    }

    fn denials<'a>(&'a self, places: &'a [u32]) -> impl Iterator<Item = &'a Denial> + 'a {
        let places = places.iter().rev();
        places
            .filter_map(|place| self.engine.denials.get(index(*place)))
            .filter(|denial| self.view.has(denial.mark))
    }

    /// Whether a denial of a member's role or admission counts in the view.
    pub(super) fn counts(&self, denial: &Denial) -> bool {
        let (Against::Member { member, .. } | Against::Compartment { member, .. }) = denial.against
        else {
            return false;
        };
        self.is_unsealed(denial) && !self.is_protected(denial, member)
    }

    /// Whether no seal voids a denial.
    pub(super) fn is_unsealed(&self, denial: &Denial) -> bool {
        let mut by = denial.by_role.iter().chain(&denial.by_self);
        by.any(|author| !self.is_denial_sealed(denial, *author))
    }

    /// Whether a denial of a device cuts what it is to `member`.
    pub(super) fn cuts_device(&self, denial: &Denial, member: Key) -> bool {
        let by_self = denial.by_self.contains(&member) && !self.is_denial_sealed(denial, member);
        let mut by_role = denial.by_role.iter();
        by_self
            || (by_role.any(|author| !self.is_denial_sealed(denial, *author))
                && !self.author_owned(denial, member)
                && !self.is_protected(denial, member))
    }

    fn is_denial_sealed(&self, denial: &Denial, author: Key) -> bool {
        if self.engine.seals_of.of(author).is_empty() {
            return false;
        }
        let point = self.engine.point_of(denial.mark);
        point.is_some_and(|point| self.is_sealed(&point, author))
    }

    /// Whether `member` is an owner in the view and the owners who made it one had not all seen
    /// the denial: else whoever was an admin once could take an owner away with a backdated one.
    pub(super) fn is_protected(&self, denial: &Denial, member: Key) -> bool {
        let now = self.view.state;
        now.has(member)
            && now.addition(member).is_none_or(|made| {
                !made
                    .votes
                    .iter()
                    .all(|vote| self.engine.precedes(denial.mark, *vote))
            })
    }
}
