//! Denials that add nothing to an earlier one.
//!
//! Each denial is looked at whenever it is asked whether a right stands. One who may deny, and be
//! it only his own device, could write as many as he likes and make that slow for everybody.

use super::engine::{Against, Denial, Point};
use super::order::{Key, index};
use super::rights::Court;

impl Court<'_> {
    /// Whether a point has an earlier denial that takes away everything that this one would, in
    /// every view.
    ///
    /// It is by the same members, so that what voids it would void this one too; nothing that it
    /// does not cut was granted since; and neither were the owners changed since nor was one of
    /// its authors sealed.
    pub(super) fn repeats(
        &self,
        point: &Point<'_>,
        against: Against,
        by_role: &[Key],
        by_self: &[Key],
    ) -> bool {
        let known = match against {
            Against::Member { member, .. } => self.engine.denials_of_member.of(member),
            Against::Device { device } => self.engine.denials_of_device.of(device),
            Against::Compartment {
                compartment,
                member,
            } => {
                let known = self.engine.expulsions.get(&(compartment, member));
                known.map_or(&[][..], Vec::as_slice)
            }
        };
        let known = known.iter().rev();
        let mut known = known.filter_map(|place| self.engine.denials.get(index(*place)));
        known.any(|earlier| {
            point.has(earlier.mark)
                && is_as_strong(earlier.against, against)
                && by_role.iter().all(|by| earlier.by_role.contains(by))
                && by_self.iter().all(|by| earlier.by_self.contains(by))
                && self.is_unchanged_since(point, earlier)
        })
    }

    fn is_unchanged_since(&self, point: &Point<'_>, earlier: &Denial) -> bool {
        let Some(then) = self.engine.point_of(earlier.mark) else {
            return false;
        };
        let is_new = |mark: u32| point.has(mark) && !then.has(mark);
        let mut authors = earlier.by_role.iter().chain(&earlier.by_self);
        then.state.generation == point.state.generation
            && then.state.owners == point.state.owners
            && !authors.any(|author| self.seals(*author).any(is_new))
            && !self
                .grants_to(earlier.against)
                .any(|mark| point.has(mark) && self.engine.precedes(earlier.mark, mark))
    }

    fn seals(&self, author: Key) -> impl Iterator<Item = u32> + '_ {
        let seals = self.engine.seals_of.of(author).iter();
        seals.filter_map(|seal| Some(self.engine.seals.get(index(*seal))?.mark))
    }

    /// The marks of the grants with which what a denial took away comes back. Whatever else is
    /// given to somebody who was removed rests on such a one.
    fn grants_to(&self, against: Against) -> Box<dyn Iterator<Item = u32> + '_> {
        let mark = |grant: u32| Some(self.engine.grants.get(index(grant))?.mark);
        match against {
            Against::Member { member, .. } => {
                let joins = self.engine.joins.of(member).iter();
                let grants = joins.chain(self.engine.raises.of(member)).rev();
                Box::new(grants.filter_map(move |grant| mark(*grant)))
            }
            Against::Device { device } => {
                let links = self.engine.links.of(device).iter().rev();
                Box::new(links.filter_map(move |(_, grant)| mark(*grant)))
            }
            Against::Compartment {
                compartment,
                member,
            } => {
                let grants = self.engine.admissions.get(&(compartment, member));
                let grants = grants.into_iter().flatten().rev();
                Box::new(grants.filter_map(move |grant| mark(*grant)))
            }
        }
    }
}

/// Whether a denial takes away at least what another one of the same would.
fn is_as_strong(one: Against, other: Against) -> bool {
    match (one, other) {
        (Against::Member { cap, .. }, Against::Member { cap: other, .. }) => cap <= other,
        _ => true,
    }
}
