//! What was found out about the operations so far, as small numbers: the marks, which others may
//! have in their past, and who wrote what.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::bits::Bits;
use super::lists::Lists;
use super::order::{Key, Order, index};
use super::owners::{OwnerState, Vote};
use crate::control::Policy;
use crate::ids::{CompartmentId, OperationId};
use crate::role::Role;

/// Everything found out so far. It grows in the order of [`Order::nodes`].
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) order: Order,
    pub(super) pasts: Vec<Past>,
    pub(super) marks: Vec<Mark>,
    pub(super) grants: Vec<Grant>,
    pub(super) denials: Vec<Denial>,
    pub(super) votes: Vec<Vote>,
    pub(super) seals: Vec<Seal>,
    pub(super) forks: BTreeMap<Key, Vec<ForkSign>>,
    pub(super) states: Vec<OwnerState>,
    pub(super) state_of_votes: HashMap<Vec<u32>, u32>,
    pub(super) founding: Option<Founding>,
    /// The grants that make somebody a member, by member.
    pub(super) joins: Lists<u32>,
    /// The grants of a role, by member.
    pub(super) raises: Lists<u32>,
    /// The grants of a device, by device: whose it becomes, and the grant.
    pub(super) links: Lists<(Key, u32)>,
    /// The devices that a member was ever granted.
    pub(super) devices_of: Lists<Key>,
    /// The grants of further devices, by member.
    pub(super) additions: Lists<u32>,
    pub(super) compartments: BTreeMap<CompartmentId, Vec<u32>>,
    pub(super) admissions: BTreeMap<(CompartmentId, Key), Vec<u32>>,
    pub(super) denials_of_member: Lists<u32>,
    pub(super) denials_of_device: Lists<u32>,
    pub(super) expulsions: BTreeMap<(CompartmentId, Key), Vec<u32>>,
    pub(super) seals_of: Lists<u32>,
}

/// What the genesis says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Founding {
    pub(super) founder: Key,
    pub(super) policy: Policy,
    pub(super) operation: OperationId,
}

/// The past of one segment.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// The marks in it.
    pub(super) marks: Bits,
    /// How many marks there were before the first one of this segment.
    pub(super) first: u32,
    /// How many there were after its last one.
    pub(super) end: u32,
    /// For each device with a log the highest number in it; kept for segments that others ask
    /// what they had seen.
    pub(super) reach: Option<Box<[u64]>>,
    pub(super) state: u32,
}

/// An operation (or the beginning of a branch) that it matters to have seen.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: Place,
    pub(super) what: What,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) node: u32,
    pub(super) index: u16,
    /// How many marks there were before it.
    pub(super) marks: u32,
    pub(super) state: u32,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Branch,
    Grant,
    Denial,
    Vote,
    Seal,
}

/// Something that was given by one who had the right to, as far as he could see.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) mark: u32,
    pub(super) kind: GrantKind,
}

/// What a grant gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GrantKind {
    Genesis {
        founder: Key,
    },
    Member {
        member: Key,
        role: Role,
    },
    Role {
        member: Key,
        role: Role,
    },
    Device {
        member: Key,
        device: Key,
    },
    Compartment,
    Admission {
        compartment: CompartmentId,
        member: Key,
    },
}

impl GrantKind {
    /// The role that its author needs.
    pub(super) fn needs(&self) -> Role {
        match self {
            Self::Device { .. } => Role::Courier,
            Self::Member { role, .. } | Self::Role { role, .. } if *role >= Role::Admin => {
                Role::Owner
            }
            _ => Role::Admin,
        }
    }
}

/// Something that was taken away by one who had the right to, as far as he could see.
#[derive(Clone, Debug)]
pub(super) struct Denial {
    pub(super) mark: u32,
    pub(super) against: Against,
    /// The members as whom its author had the right by a role.
    pub(super) by_role: Vec<Key>,
    /// The members as whom its author did it to itself.
    pub(super) by_self: Vec<Key>,
}

/// What a denial takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// Any role above `cap`; being a member when there is none.
    Member {
        member: Key,
        cap: Option<Role>,
    },
    Device {
        device: Key,
    },
    Compartment {
        compartment: CompartmentId,
        member: Key,
    },
}

/// An owner's seal on a member.
#[derive(Clone, Debug)]
pub(super) struct Seal {
    pub(super) mark: u32,
    pub(super) by: Vec<Key>,
}

/// That a device forked, and to whom it shows.
#[derive(Clone, Debug)]
pub(super) enum ForkSign {
    /// To whoever works on all that is known.
    Now(u64),
    /// To whoever has this mark in its past.
    By(u32, u64),
    /// To whoever has two of these in its past: marks and numbers of the segments that follow the
    /// same control segment of the device.
    Sides(Option<u32>, Vec<(u32, u64)>),
}

/// Something that was written, and what its author had seen: an operation, a content segment, or
/// what is to be written next.
#[derive(Clone, Debug)]
pub(super) struct Point<'e> {
    /// The marks of its past; all of them when there is none.
    pub(super) past: Option<&'e Bits>,
    /// Those of its own segment before it.
    pub(super) own: Range<u32>,
    /// Its own mark.
    pub(super) mark: Option<u32>,
    /// Segment and place in it, of an operation.
    pub(super) place: Option<(u32, u16)>,
    pub(super) device: Key,
    pub(super) number: u64,
    pub(super) state: &'e OwnerState,
}

impl Point<'_> {
    /// Whether a mark is in its past.
    pub(super) fn has(&self, mark: u32) -> bool {
        self.own.contains(&mark) || self.past.is_none_or(|past| past.has(mark))
    }
}

/// The part of the history on which something is judged: the past of one point, or everything.
#[derive(Clone, Debug)]
pub(super) struct View<'e> {
    pub(super) of: Option<Point<'e>>,
    pub(super) state: &'e OwnerState,
}

impl View<'_> {
    /// Whether a mark is part of it.
    pub(super) fn has(&self, mark: u32) -> bool {
        self.of.as_ref().is_none_or(|point| point.has(mark))
    }
}

impl Engine {
    /// Nothing found out yet.
    pub(super) fn new(order: Order) -> Self {
        let count = order.devices.len();
        Self {
            order,
            pasts: Vec::new(),
            marks: Vec::new(),
            grants: Vec::new(),
            denials: Vec::new(),
            votes: Vec::new(),
            seals: Vec::new(),
            forks: BTreeMap::new(),
            states: vec![OwnerState::default()],
            state_of_votes: HashMap::new(),
            founding: None,
            joins: Lists::new(count),
            raises: Lists::new(count),
            links: Lists::new(count),
            devices_of: Lists::new(count),
            additions: Lists::new(count),
            compartments: BTreeMap::new(),
            admissions: BTreeMap::new(),
            denials_of_member: Lists::new(count),
            denials_of_device: Lists::new(count),
            expulsions: BTreeMap::new(),
            seals_of: Lists::new(count),
        }
    }

    /// An operation as a point.
    pub(super) fn point(&self, at: Place, mark: Option<u32>) -> Point<'_> {
        let past = self.pasts.get(index(at.node));
        let ordered = self.order.nodes.get(index(at.node));
        Point {
            past: past.map(|past| &past.marks),
            own: past.map_or(0..0, |past| past.first..at.marks),
            mark,
            place: Some((at.node, at.index)),
            device: ordered.map_or(Key::MAX, |ordered| ordered.device),
            number: ordered.map_or(0, |ordered| ordered.node.number),
            state: self.owners(at.state),
        }
    }

    /// A marked operation as a point; none for a mark that is none.
    pub(super) fn point_of(&self, mark: u32) -> Option<Point<'_>> {
        let found = self.marks.get(index(mark))?;
        Some(self.point(found.at, Some(mark)))
    }

    /// Whether `mark` is in the past of the operation marked `later`.
    pub(super) fn precedes(&self, mark: u32, later: u32) -> bool {
        self.point_of(later).is_some_and(|later| later.has(mark))
    }

    /// Whether a point is in the past of a marked operation.
    pub(super) fn is_seen_by(&self, point: &Point<'_>, mark: u32) -> bool {
        let Some(seer) = self.marks.get(index(mark)) else {
            return false;
        };
        if let Some((node, index)) = point.place
            && node == seer.at.node
        {
            return index < seer.at.index;
        }
        let Some(past) = self.pasts.get(index(seer.at.node)) else {
            return false;
        };
        match point.mark {
            Some(mark) => past.marks.has(mark),
            None => past.reached(point.device) >= point.number,
        }
    }

    /// The owners at a point or in a view.
    pub(super) fn owners(&self, state: u32) -> &OwnerState {
        static NOBODY: OwnerState = OwnerState::new();
        self.states.get(index(state)).unwrap_or(&NOBODY)
    }

    /// Whether a device's segment of this number comes at or after a fork of the device.
    pub(super) fn is_forked(&self, view: &View<'_>, device: Key, number: u64) -> bool {
        let signs = self.forks.get(&device).map_or(&[][..], Vec::as_slice);
        signs.iter().any(|sign| match sign {
            ForkSign::Now(from) => *from <= number && view.of.is_none(),
            ForkSign::By(mark, from) => *from <= number && view.has(*mark),
            ForkSign::Sides(_, sides) => {
                let mut shown = sides.iter().filter(|(mark, _)| view.has(*mark));
                shown.clone().count() > 1 && shown.any(|(_, from)| *from <= number)
            }
        })
    }

    /// Whether a segment in the past of this one, or this one, names the fork of a device, at this
    /// number or below.
    pub(super) fn shows_fork(&self, node: u32, device: Key, number: u64) -> bool {
        let Some(past) = self.pasts.get(index(node)) else {
            return false;
        };
        let signs = self.forks.get(&device).map_or(&[][..], Vec::as_slice);
        signs.iter().any(|sign| match sign {
            ForkSign::By(mark, from) => {
                *from <= number && (*mark >= past.first || past.marks.has(*mark))
            }
            ForkSign::Now(_) | ForkSign::Sides(..) => false,
        })
    }

    /// The members whose device this was ever granted to be, each once.
    pub(super) fn claimed_by(&self, device: Key) -> impl Iterator<Item = Key> + '_ {
        let links = self.links.of(device);
        links.iter().enumerate().filter_map(|(place, (member, _))| {
            let before = links.get(..place).unwrap_or_default();
            (!before.iter().any(|(other, _)| other == member)).then_some(*member)
        })
    }

    /// The id of an operation.
    pub(super) fn operation_id(&self, at: Place) -> Option<OperationId> {
        let ordered = self.order.nodes.get(index(at.node))?;
        Some(OperationId {
            segment: ordered.node.hash,
            index: at.index,
        })
    }
}

impl Past {
    /// The highest number of a device in it; 0 when that is none or was not kept.
    pub(super) fn reached(&self, device: Key) -> u64 {
        let reach = self.reach.as_ref();
        let found = reach.and_then(|reach| reach.get(index(device)).copied());
        found.unwrap_or(0)
    }
}
