//! Works through the segments in order: what each had seen, and whether its author had the right
//! to each operation on that.

use super::authorise::Authorised;
use std::sync::Arc;

use super::bits::Bits;
use super::engine::{
    Against, Denial, Engine, ForkSign, Founding, Grant, GrantKind, Mark, Past, Place, Seal, View,
    What,
};
use super::graph::{ControlGraph, Fork};
use super::order::{Key, Order, index, small};
use super::owners::Vote;
use super::refused::Refused;
use super::rights::{Memo, settle};
use crate::control::Control;
use crate::limits::SEGMENT_NUMBER_MAX;
use crate::role::Role;

/// What the walk over all segments comes to.
#[derive(Clone, Debug)]
pub(super) struct Walked {
    pub(super) engine: Engine,
    /// Operations that change no right, whose authors had the right to them in their own past.
    pub(super) effects: Vec<Effect>,
    /// Operations whose authors had not.
    pub(super) refused: Vec<(Place, Refused)>,
    /// The owners by everything that is known.
    pub(super) state: u32,
}

/// An operation that changes no right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) at: Place,
    pub(super) needs: Role,
}

/// Works out what there is in a graph.
pub(super) fn walk(graph: &ControlGraph) -> Walked {
    let engine = Engine::new(Order::new(graph));
    let mut walk = Walk {
        joiner: Joiner::new(&engine.order),
        walked: Walked {
            engine,
            effects: Vec::new(),
            refused: Vec::new(),
            state: 0,
        },
        memo: Memo::default(),
        space: graph.space(),
    };
    for place in 0..small(walk.walked.engine.order.nodes.len()) {
        walk.enter(place);
        walk.take_in(place);
        walk.leave(place);
    }
    walk.finish(graph)
}

struct Walk {
    walked: Walked,
    joiner: Joiner,
    memo: Memo,
    space: crate::ids::SpaceId,
}

impl Walk {
    /// Works out the past of a segment.
    fn enter(&mut self, place: u32) {
        let engine = &mut self.walked.engine;
        let marks = self.joiner.join(place, &engine.order, &engine.pasts);
        let first = small(engine.marks.len());
        let state = engine.state_at(&|mark| marks.has(mark));
        engine.pasts.push(Past {
            marks,
            first,
            end: first,
            reach: None,
            state,
        });
        let at = Place {
            node: place,
            index: 0,
            marks: first,
            state,
        };
        let Some(ordered) = engine.order.nodes.get(index(place)) else {
            return;
        };
        let (node, device, before) = (Arc::clone(&ordered.node), ordered.device, ordered.before);
        if ordered.branches {
            let mark = push_mark(engine, at, What::Branch);
            let signs = engine.forks.entry(device).or_default();
            let side = (mark, node.number);
            let known = signs.iter_mut().find_map(|sign| match sign {
                ForkSign::Sides(after, sides) if *after == before => Some(sides),
                _ => None,
            });
            match known {
                Some(sides) => sides.push(side),
                None => signs.push(ForkSign::Sides(before, vec![side])),
            }
        }
        for Fork { device, number } in &node.forks {
            let Some(key) = engine.order.key(*device) else {
                continue;
            };
            // Every segment after a fork names it: what shows already is not noted once more.
            if engine.shows_fork(place, key, *number) {
                continue;
            }
            let mark = push_mark(engine, at, What::Branch);
            let signs = engine.forks.entry(key).or_default();
            signs.push(ForkSign::By(mark, *number));
        }
    }

    /// Judges the operations of a segment, each on what came before it.
    fn take_in(&mut self, place: u32) {
        let Some(node) = self.walked.engine.order.nodes.get(index(place)) else {
            return;
        };
        let node = Arc::clone(&node.node);
        let Some(past) = self.walked.engine.pasts.get(index(place)) else {
            return;
        };
        let mut state = past.state;
        for (index, operation) in (0..=u16::MAX).zip(&node.operations) {
            let at = Place {
                node: place,
                index,
                marks: small(self.walked.engine.marks.len()),
                state,
            };
            let verdict = self.judge(at, operation);
            match verdict {
                Ok(Authorised::Vote { voters, change }) => {
                    self.note_vote(at, operation, voters, change);
                    state = self.state_after(place);
                }
                Ok(authorised) => {
                    self.note(at, operation, authorised);
                    if matches!(operation, Control::Genesis(_)) {
                        state = self.state_after(place);
                    }
                }
                Err(refused) => self.walked.refused.push((at, refused)),
            }
        }
    }

    fn judge(&mut self, at: Place, operation: &Control) -> Result<Authorised, Refused> {
        if let Control::Genesis(genesis) = operation
            && genesis.space_id() != self.space
        {
            return Err(Refused::NotGenesis);
        }
        self.memo.turn();
        let engine = &self.walked.engine;
        let point = engine.point(at, None);
        let view = View {
            state: engine.owners(at.state),
            of: Some(point.clone()),
        };
        settle(engine, &view, &mut self.memo, |court| {
            court.judge(&point, operation)
        })
    }

    /// The owners after an operation of a segment.
    fn state_after(&mut self, place: u32) -> u32 {
        let engine = &mut self.walked.engine;
        let Some(past) = engine.pasts.get(index(place)) else {
            return 0;
        };
        let (marks, own) = (past.marks.clone(), past.first..small(engine.marks.len()));
        engine.state_at(&|mark| own.contains(&mark) || marks.has(mark))
    }

    fn note(&mut self, at: Place, operation: &Control, authorised: Authorised) {
        let engine = &mut self.walked.engine;
        match authorised {
            Authorised::Grant(kind) => note_grant(engine, at, kind, operation),
            Authorised::Denial {
                against,
                by_role,
                by_self,
            } => {
                let mark = push_mark(engine, at, What::Denial);
                let place = small(engine.denials.len());
                match against {
                    Against::Member { member, .. } => engine.denials_of_member.push(member, place),
                    Against::Device { device } => engine.denials_of_device.push(device, place),
                    Against::Compartment {
                        compartment,
                        member,
                    } => {
                        let place_of = (compartment, member);
                        engine.expulsions.entry(place_of).or_default().push(place);
                    }
                }
                engine.denials.push(Denial {
                    mark,
                    against,
                    by_role,
                    by_self,
                });
            }
            Authorised::Seal { member, by } => {
                let mark = push_mark(engine, at, What::Seal);
                let place = small(engine.seals.len());
                engine.seals_of.push(member, place);
                engine.seals.push(Seal { mark, by });
            }
            Authorised::Effect { needs } => self.walked.effects.push(Effect { at, needs }),
            Authorised::Vote { .. } | Authorised::Unknown => {}
        }
    }

    fn note_vote(
        &mut self,
        at: Place,
        operation: &Control,
        voters: Vec<Key>,
        change: super::owners::ChangeOf,
    ) {
        let Control::OwnerChange(said) = operation else {
            return;
        };
        let engine = &mut self.walked.engine;
        let mark = push_mark(engine, at, What::Vote);
        let among = engine.owners(at.state).owners.clone();
        engine.votes.push(Vote {
            mark,
            voters,
            generation: said.generation,
            change,
            among,
        });
    }

    /// Keeps of the past of a segment what others will ask for.
    fn leave(&mut self, place: u32) {
        let engine = &mut self.walked.engine;
        let end = small(engine.marks.len());
        let marks = engine.pasts.get(index(place)).map_or(0, |past| past.first);
        let own = engine.marks.get(index(marks)..).unwrap_or_default();
        let is_asked = own
            .iter()
            .any(|mark| matches!(mark.what, What::Denial | What::Vote | What::Seal));
        let reach = is_asked.then(|| self.joiner.reach(place));
        if let Some(past) = engine.pasts.get_mut(index(place)) {
            past.end = end;
            past.reach = reach.flatten();
        }
        self.joiner.leave(place);
    }

    fn finish(mut self, graph: &ControlGraph) -> Walked {
        let engine = &mut self.walked.engine;
        for Fork { device, number } in graph.forks() {
            if let Some(key) = engine.order.key(device) {
                let signs = engine.forks.entry(key).or_default();
                signs.push(ForkSign::Now(number));
            }
        }
        self.walked.state = engine.state_at(&|_| true);
        self.walked
    }
}

fn push_mark(engine: &mut Engine, at: Place, what: What) -> u32 {
    let mark = small(engine.marks.len());
    engine.marks.push(Mark { at, what });
    mark
}

fn note_grant(engine: &mut Engine, at: Place, kind: GrantKind, operation: &Control) {
    let mark = push_mark(engine, at, What::Grant);
    let grant = small(engine.grants.len());
    engine.grants.push(Grant { mark, kind });
    let link = match kind {
        GrantKind::Genesis { founder } => {
            engine.joins.push(founder, grant);
            if let (None, Control::Genesis(genesis)) = (engine.founding, operation)
                && let Some(id) = engine.operation_id(at)
            {
                engine.founding = Some(Founding {
                    founder,
                    policy: genesis.policy,
                    operation: id,
                });
                engine.state_of_votes.clear();
            }
            Some((founder, founder))
        }
        GrantKind::Member { member, .. } => {
            engine.joins.push(member, grant);
            engine.raises.push(member, grant);
            Some((member, member))
        }
        GrantKind::Role { member, .. } => {
            engine.raises.push(member, grant);
            None
        }
        GrantKind::Device { member, device } => {
            engine.additions.push(member, grant);
            Some((member, device))
        }
        GrantKind::Compartment => {
            if let Control::AddCompartment(id, _) = operation {
                engine.compartments.entry(*id).or_default().push(grant);
            }
            None
        }
        GrantKind::Admission {
            compartment,
            member,
        } => {
            let place = (compartment, member);
            engine.admissions.entry(place).or_default().push(grant);
            None
        }
    };
    if let Some((member, device)) = link {
        engine.links.push(device, (member, grant));
        if !engine.devices_of.of(member).contains(&device) {
            engine.devices_of.push(member, device);
        }
    }
}

/// Works out pasts, and keeps of them only what segments to come link to.
struct Joiner {
    logs: usize,
    /// Devices whose control segments branch: the newest of theirs says nothing of the others.
    branching: Vec<bool>,
    /// For each segment its horizon, as long as segments to come link to it.
    horizons: Vec<Option<Horizon>>,
    /// How many of those are to come.
    followers: Vec<u32>,
}

/// How far a past goes: for each device with a log the highest number, and in the lower bits one
/// more than the place of the newest control segment up to there.
type Horizon = Vec<u64>;

/// Bits for the place of a control segment in a [`Horizon`]; numbers of segments have 40.
const PLACE_BITS: u32 = 24;

impl Joiner {
    fn new(order: &Order) -> Self {
        // Without room for the places nothing is taken for joined already.
        let is_large = order.nodes.len() >= 1 << PLACE_BITS;
        let mut branching = vec![is_large; order.logs];
        let mut followers: Vec<u32> = vec![0; order.nodes.len()];
        for ordered in &order.nodes {
            if ordered.branches
                && let Some(branching) = branching.get_mut(index(ordered.device))
            {
                *branching = true;
            }
            for link in ordered.links() {
                if let Some(count) = followers.get_mut(index(link)) {
                    *count += 1;
                }
            }
        }
        Self {
            logs: order.logs,
            branching,
            horizons: vec![None; order.nodes.len()],
            followers,
        }
    }

    /// The marks in the past of a segment; its horizon is kept.
    fn join(&mut self, place: u32, order: &Order, pasts: &[Past]) -> Bits {
        let mut marks = Bits::default();
        let Some(ordered) = order.nodes.get(index(place)) else {
            return marks;
        };
        let mut horizon: Horizon = Vec::new();
        // The newest first: what it had seen need not be joined again.
        for link in ordered.links().max().into_iter().chain(ordered.links()) {
            self.add(&mut horizon, &mut marks, link, order, pasts);
        }
        horizon.resize(self.logs, 0);
        for link in &ordered.seen {
            raise(&mut horizon, link.device, link.number, link.control);
        }
        let own = ordered.node.number.saturating_sub(1);
        raise(&mut horizon, ordered.device, own, ordered.before);
        for link in ordered.links() {
            if let Some(count) = self.followers.get_mut(index(link)) {
                *count = count.saturating_sub(1);
                if *count == 0
                    && let Some(done) = self.horizons.get_mut(index(link))
                {
                    *done = None;
                }
            }
        }
        if let Some(slot) = self.horizons.get_mut(index(place)) {
            *slot = Some(horizon);
        }
        marks
    }

    fn add(&self, to: &mut Horizon, marks: &mut Bits, link: u32, order: &Order, pasts: &[Past]) {
        let (Some(ordered), Some(past)) = (order.nodes.get(index(link)), pasts.get(index(link)))
        else {
            return;
        };
        let device = index(ordered.device);
        let is_linear = self.branching.get(device) == Some(&false);
        let newest = to
            .get(device)
            .map_or(0, |one| one & ((1 << PLACE_BITS) - 1));
        if is_linear && newest > u64::from(link) {
            return;
        }
        marks.join(&past.marks);
        for mark in past.first..past.end {
            marks.add(mark);
        }
        if let Some(Some(horizon)) = self.horizons.get(index(link)) {
            if to.is_empty() {
                to.clone_from(horizon);
            } else {
                for (own, other) in to.iter_mut().zip(horizon) {
                    *own = (*own).max(*other);
                }
            }
        }
        to.resize(self.logs, 0);
        raise(to, ordered.device, ordered.node.number, Some(link));
    }

    /// For each device with a log the highest number in the past of a segment.
    fn reach(&self, place: u32) -> Option<Box<[u64]>> {
        let horizon = self.horizons.get(index(place))?.as_ref()?;
        Some(horizon.iter().map(|one| one >> PLACE_BITS).collect())
    }

    /// Drops the horizon of a segment that no other links to.
    fn leave(&mut self, place: u32) {
        if self.followers.get(index(place)) == Some(&0)
            && let Some(done) = self.horizons.get_mut(index(place))
        {
            *done = None;
        }
    }
}

fn raise(horizon: &mut Horizon, device: Key, number: u64, control: Option<u32>) {
    let place = control.map_or(0, |place| u64::from(place).saturating_add(1));
    let place = place & ((1 << PLACE_BITS) - 1);
    if let Some(own) = horizon.get_mut(index(device)) {
        *own = (*own).max(number.min(SEGMENT_NUMBER_MAX) << PLACE_BITS | place);
    }
}
