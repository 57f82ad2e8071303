//! Stratum 1: who the owners are, from the votes of a history.
//!
//! A vote is counted in the set of owners that its author could see: more than half of that set
//! makes a removal for good. An addition has to be the only change of its generation, and more
//! than half of the owners whom all the earlier changes leave have to have voted for it.

use std::collections::BTreeMap;

use super::engine::{Engine, Point};
use super::order::{Key, index};
use crate::control::Change;

/// The owners as one history shows them.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnerState {
    /// How many changes were made.
    pub(super) generation: u32,
    /// Ascending.
    pub(super) owners: Vec<Key>,
    /// The changes that took effect.
    pub(super) additions: Vec<Made>,
    /// The removals that took effect.
    pub(super) removals: Vec<Made>,
}

/// A change of the owners that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) generation: u32,
    pub(super) member: Key,
    /// The marks of the votes for it.
    pub(super) votes: Vec<u32>,
}

/// A vote whose author was an owner and voted for the generation that he could see.
#[derive(Clone, Debug)]
pub(super) struct Vote {
    pub(super) mark: u32,
    pub(super) voters: Vec<Key>,
    pub(super) generation: u32,
    pub(super) change: ChangeOf,
    /// The owners that its author could see.
    pub(super) among: Vec<Key>,
}

/// [`Change`] with the member as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeOf {
    Add(Key),
    Remove(Key),
}

impl OwnerState {
    pub(super) const fn new() -> Self {
        Self {
            generation: 0,
            owners: Vec::new(),
            additions: Vec::new(),
            removals: Vec::new(),
        }
    }

    /// Whether this member is an owner.
    pub(super) fn has(&self, member: Key) -> bool {
        self.owners.binary_search(&member).is_ok()
    }

    /// The newest addition that makes this member an owner; none for the founder.
    pub(super) fn addition(&self, member: Key) -> Option<&Made> {
        let additions = self.additions.iter().rev();
        additions.into_iter().find(|made| made.member == member)
    }
}

impl ChangeOf {
    pub(super) fn to_change(self, engine: &Engine) -> Option<Change> {
        let member = |key: Key| {
            engine
                .order
                .devices
                .get(index(key))
                .map(|id| id.as_member())
        };
        Some(match self {
            Self::Add(key) => Change::Add(member(key)?),
            Self::Remove(key) => Change::Remove(member(key)?),
        })
    }
}

/// A change for which more than half of the owners that the voters saw have voted.
struct Carried {
    generation: u32,
    change: ChangeOf,
    /// Marks of the votes with the voters.
    votes: Vec<(u32, Vec<Key>)>,
}

impl Engine {
    /// The place in [`Engine::states`] of the owners that a point's past shows.
    pub(super) fn state_at(&mut self, point_marks: &dyn Fn(u32) -> bool) -> u32 {
        let votes = self.votes.iter().map(|vote| vote.mark);
        let seen: Vec<u32> = votes.filter(|mark| point_marks(*mark)).collect();
        if let Some(state) = self.state_of_votes.get(&seen) {
            return *state;
        }
        let state = self.count(&seen);
        let place = super::order::small(self.states.len());
        self.states.push(state);
        self.state_of_votes.insert(seen, place);
        place
    }

    /// The owners that a past shows which no segment has.
    pub(super) fn owners_by(&self, has: &dyn Fn(u32) -> bool) -> OwnerState {
        let votes = self.votes.iter().map(|vote| vote.mark);
        let seen: Vec<u32> = votes.filter(|mark| has(*mark)).collect();
        match self.state_of_votes.get(&seen) {
            Some(state) => self.owners(*state).clone(),
            None => self.count(&seen),
        }
    }

    /// The owners by these votes.
    fn count(&self, marks: &[u32]) -> OwnerState {
        let Some(founding) = self.founding else {
            return OwnerState::new();
        };
        let mut state = OwnerState {
            owners: vec![founding.founder],
            ..OwnerState::new()
        };
        let carried = self.carried(marks);
        for change in &carried {
            if let ChangeOf::Remove(member) = change.change {
                let votes = change.votes.iter().map(|(mark, _)| *mark).collect();
                push_removal(&mut state.removals, change.generation, member, votes);
            }
        }
        let last = carried.iter().map(|change| change.generation).max();
        for generation in 0..=last.unwrap_or(0) {
            let of_generation = carried
                .iter()
                .filter(|change| change.generation == generation);
            let changes: Vec<&Carried> = of_generation.collect();
            if changes.is_empty() {
                break;
            }
            self.apply(&mut state, &changes);
            state.generation = generation.saturating_add(1);
        }
        state
    }

    /// Applies what was carried in one generation: all removals, or one addition.
    fn apply(&self, state: &mut OwnerState, changes: &[&Carried]) {
        let mut only_additions = true;
        let mut additions: BTreeMap<Key, (Vec<Key>, Vec<u32>)> = BTreeMap::new();
        let before = state.owners.clone();
        for change in changes {
            match change.change {
                ChangeOf::Remove(member) => {
                    only_additions = false;
                    state.owners.retain(|owner| *owner != member);
                }
                ChangeOf::Add(member) => {
                    let (voters, marks) = additions.entry(member).or_default();
                    for (mark, by) in &change.votes {
                        let stands = |voter: &&Key| {
                            before.contains(voter) && !self.is_cut(state, *mark, **voter, change)
                        };
                        voters.extend(by.iter().filter(stands));
                        marks.push(*mark);
                    }
                }
            }
        }
        let mut standing = additions
            .into_iter()
            .filter_map(|(member, (mut voters, marks))| {
                voters.sort_unstable();
                voters.dedup();
                (voters.len() > before.len() / 2).then_some((member, marks))
            });
        let first = standing.next();
        if let (Some((member, votes)), None, true) = (first, standing.next(), only_additions) {
            state.owners.push(member);
            state.owners.sort_unstable();
            state.owners.dedup();
            let generation = changes.first().map_or(0, |change| change.generation);
            state.additions.push(Made {
                generation,
                member,
                votes,
            });
        }
    }

    /// Whether a vote's author was removed later by owners none of whom had seen the vote.
    fn is_cut(&self, state: &OwnerState, vote: u32, voter: Key, change: &Carried) -> bool {
        state.removals.iter().any(|removal| {
            removal.member == voter
                && removal.generation >= change.generation
                && !removal.votes.iter().any(|seer| self.precedes(vote, *seer))
        })
    }

    /// The changes that more than half of the owners whom their voters saw have voted for.
    fn carried(&self, marks: &[u32]) -> Vec<Carried> {
        let mut boxes: BTreeMap<(u32, &[Key], ChangeOf), Vec<&Vote>> = BTreeMap::new();
        for vote in &self.votes {
            if marks.binary_search(&vote.mark).is_ok() {
                let key = (vote.generation, vote.among.as_slice(), vote.change);
                boxes.entry(key).or_default().push(vote);
            }
        }
        let carried = boxes.into_iter().filter(|((_, among, _), votes)| {
            let mut voters: Vec<Key> = Vec::new();
            voters.extend(votes.iter().flat_map(|vote| &vote.voters));
            voters.sort_unstable();
            voters.dedup();
            voters.len() > among.len() / 2
        });
        carried
            .map(|((generation, _, change), votes)| Carried {
                generation,
                change,
                votes: votes
                    .iter()
                    .map(|vote| (vote.mark, vote.voters.clone()))
                    .collect(),
            })
            .collect()
    }

    /// Whether this member has voted before in what is the present generation at a point.
    pub(super) fn has_voted(&self, point: &Point<'_>, member: Key) -> bool {
        let state = point.state;
        self.votes.iter().any(|vote| {
            vote.generation == state.generation
                && vote.voters.contains(&member)
                && vote.among == state.owners
                && point.has(vote.mark)
        })
    }
}

fn push_removal(removals: &mut Vec<Made>, generation: u32, member: Key, votes: Vec<u32>) {
    let same = |made: &&mut Made| made.generation == generation && made.member == member;
    match removals.iter_mut().find(same) {
        Some(made) => made.votes.extend(votes),
        None => removals.push(Made {
            generation,
            member,
            votes,
        }),
    }
}
