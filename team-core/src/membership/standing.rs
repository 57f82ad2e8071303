//! With which right a device wrote its content: the rule of grants, for a run of segments.

use std::collections::BTreeSet;

use super::bits::Bits;
use super::engine::Point;
use super::graph::ViewStep;
use super::members::Membership;
use super::order::{Key, index};
use super::outcome::{Range, Standing};
use crate::ids::{CompartmentId, DeviceId};
use crate::role::Role;

impl Membership {
    /// With which role a device wrote which of its content segments in the space as a whole, given
    /// from which of them on it had seen which control segments. The order of `steps` does not
    /// matter.
    #[must_use]
    pub fn standing(&self, device: DeviceId, steps: &[ViewStep]) -> Standing {
        self.standing_in(device, CompartmentId::WHOLE, steps)
    }

    /// The same for content of one compartment: in a named one a member has a role only as long as
    /// it reads it. Who was expelled still has the key of what was written before.
    #[must_use]
    pub fn standing_in(
        &self,
        device: DeviceId,
        compartment: CompartmentId,
        steps: &[ViewStep],
    ) -> Standing {
        let engine = &self.walked.engine;
        let Some(key) = engine.order.key(device) else {
            return Standing::default();
        };
        let mut steps: Vec<(u64, u32)> = steps
            .iter()
            .filter_map(|step| Some((step.from, engine.order.place(step.control)?)))
            .collect();
        steps.sort_unstable();
        let end = self.fork_of(key).unwrap_or(u64::MAX);
        let breaks = self.breaks(key, compartment, &steps, end);
        let mut standing = Standing::default();
        let mut past = Bits::default();
        let mut passed = 0;
        for (place, from) in breaks.iter().enumerate() {
            while let Some((_, node)) = steps.get(passed).filter(|(at, _)| at <= from) {
                self.join(&mut past, *node);
                passed += 1;
            }
            let after = breaks.get(place + 1).copied().unwrap_or(end);
            let to = if after == u64::MAX { after } else { after - 1 };
            if let Some(role) = self.role_in(key, compartment, &past, *from) {
                push(
                    &mut standing.ranges,
                    Range {
                        from: *from,
                        to,
                        role,
                    },
                );
            }
        }
        standing
    }

    /// The numbers at which the role may change: something of weight is seen for the first time,
    /// or whoever denied had seen no further.
    fn breaks(
        &self,
        device: Key,
        compartment: CompartmentId,
        steps: &[(u64, u32)],
        end: u64,
    ) -> Vec<u64> {
        let engine = &self.walked.engine;
        let mut marks: BTreeSet<u32> = engine.votes.iter().map(|vote| vote.mark).collect();
        let grants = |places: &[u32]| -> Vec<u32> {
            let places = places.iter();
            let grants = places.filter_map(|place| engine.grants.get(index(*place)));
            grants.map(|grant| grant.mark).collect()
        };
        let denials = |places: &[u32]| -> Vec<u32> {
            let places = places.iter();
            let denials = places.filter_map(|place| engine.denials.get(index(*place)));
            denials.map(|denial| denial.mark).collect()
        };
        let links: Vec<u32> = engine
            .links
            .of(device)
            .iter()
            .map(|(_, grant)| *grant)
            .collect();
        marks.extend(grants(&links));
        let mut seers: BTreeSet<u32> = engine.votes.iter().map(|vote| vote.mark).collect();
        seers.extend(denials(engine.denials_of_device.of(device)));
        for member in engine.claimed_by(device) {
            marks.extend(grants(engine.raises.of(member)));
            seers.extend(denials(engine.denials_of_member.of(member)));
            let place = (compartment, member);
            let admissions = engine.admissions.get(&place);
            marks.extend(grants(admissions.map_or(&[], Vec::as_slice)));
            let expulsions = engine.expulsions.get(&place);
            seers.extend(denials(expulsions.map_or(&[], Vec::as_slice)));
            let seals = engine.seals_of.of(member).iter();
            for seal in seals.filter_map(|seal| engine.seals.get(index(*seal))) {
                marks.insert(seal.mark);
                seers.insert(seal.mark);
            }
        }
        let mut breaks = BTreeSet::from([1]);
        for mark in marks {
            let seen = steps.iter().find(|(_, node)| self.node_has(*node, mark));
            breaks.extend(seen.map(|(from, _)| *from));
        }
        for seer in seers {
            let node = engine.marks.get(index(seer)).map(|mark| mark.at.node);
            let past = node.and_then(|node| engine.pasts.get(index(node)));
            breaks.extend(past.map(|past| past.reached(device).saturating_add(1)));
        }
        breaks
            .into_iter()
            .filter(|at| *at > 0 && *at < end)
            .collect()
    }

    fn node_has(&self, node: u32, mark: u32) -> bool {
        let past = self.walked.engine.pasts.get(index(node));
        past.is_some_and(|past| (past.first..past.end).contains(&mark) || past.marks.has(mark))
    }

    fn join(&self, to: &mut Bits, node: u32) {
        if let Some(past) = self.walked.engine.pasts.get(index(node)) {
            to.join(&past.marks);
            for mark in past.first..past.end {
                to.add(mark);
            }
        }
    }

    fn role_in(
        &self,
        device: Key,
        compartment: CompartmentId,
        past: &Bits,
        number: u64,
    ) -> Option<Role> {
        let engine = &self.walked.engine;
        let state = engine.owners_by(&|mark| past.has(mark));
        let point = Point {
            past: Some(past),
            own: 0..0,
            mark: None,
            place: None,
            device,
            number,
            state: &state,
        };
        let mut best = None;
        for member in engine.claimed_by(device) {
            let role = self.ask(None, |court| {
                let is_whole = compartment == CompartmentId::WHOLE;
                if court.is_device(&point, member, device)?
                    && !court.is_sealed(&point, member)
                    && (is_whole || court.reads(&point, member, compartment)?)
                {
                    court.role(&point, member, Role::Owner)
                } else {
                    Ok(None)
                }
            });
            best = best.max(role);
        }
        best
    }
}

/// Adds a range, or lengthens the last one if it goes on with the same role.
fn push(ranges: &mut Vec<Range>, range: Range) {
    match ranges.last_mut() {
        Some(last) if last.role == range.role && last.to.checked_add(1) == Some(range.from) => {
            last.to = range.to;
        }
        _ => ranges.push(range),
    }
}
