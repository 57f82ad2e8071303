//! Small histories, told by who wrote what having seen what.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bundle_format::identity::{ENCAPSULATION_KEY_BYTES, EncapsulationKey};
use team_core::control::{
    AddDevice, AddMember, Change, Control, Genesis, OwnerChange, Policy, Reason,
};
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::{DeviceId, MemberId, OperationId, SegmentHash, SpaceId};
use team_core::membership::{ControlGraph, ControlNode, Membership, Refused, Seen, ViewStep};
use team_core::name::Name;
use team_core::role::{History, Role};

/// A set of steps, by their places.
pub type Mask = u128;

/// One segment with one operation (in most tests) of a history.
#[derive(Clone, Debug)]
pub struct Step {
    pub device: usize,
    pub operations: Vec<Control>,
    /// Closed: with a step also its past.
    pub past: Mask,
    pub number: u64,
    /// The step of the device that it follows.
    pub before: Option<usize>,
    /// How far its author had seen the content of others, by device.
    pub content: BTreeMap<usize, u64>,
}

/// A history as it grows.
#[derive(Clone, Debug)]
pub struct World {
    pub space: SpaceId,
    pub steps: Vec<Step>,
    /// What each device knows when it is honest.
    pub knows: BTreeMap<usize, Mask>,
    /// The highest number of each device's log, on the branch written last.
    pub numbers: BTreeMap<usize, u64>,
    /// How far each device has seen the logs of others, content too.
    pub content: BTreeMap<usize, BTreeMap<usize, u64>>,
    graph: ControlGraph,
}

pub const FOUNDER: usize = 0;

pub fn device(place: usize) -> DeviceId {
    let mut bytes = [0; 32];
    bytes[0] = u8::try_from(place % 256).unwrap().wrapping_mul(37) ^ 0x5a;
    bytes[1] = u8::try_from(place % 256).unwrap();
    bytes[2] = u8::try_from(place / 256).unwrap();
    bytes[31] = 1;
    DeviceId(bytes)
}

pub fn member(place: usize) -> MemberId {
    device(place).as_member()
}

/// The hash of a step: spread, so that places and hashes have different orders.
pub fn segment(place: usize) -> SegmentHash {
    let spread = (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&spread.to_be_bytes());
    bytes[8..16].copy_from_slice(&(place as u64).to_be_bytes());
    SegmentHash(bytes)
}

pub fn card() -> DeviceCard {
    static KEY: OnceLock<EncapsulationKey> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut bytes = [0; ENCAPSULATION_KEY_BYTES];
        bytes[ENCAPSULATION_KEY_BYTES - 32] = 9;
        EncapsulationKey::new(bytes).unwrap()
    });
    DeviceCard {
        prekey_number: 1,
        prekey: key.clone(),
        routes: Routes::default(),
    }
}

/// A card with another prekey, and the highest number that one may have.
pub fn other_card(first: u8) -> DeviceCard {
    let mut bytes = *card().prekey.as_bytes();
    bytes[0] = first;
    DeviceCard {
        prekey_number: u32::MAX,
        prekey: EncapsulationKey::new(bytes).unwrap(),
        routes: Routes::default(),
    }
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn genesis() -> Genesis {
    Genesis {
        nonce: [3; 32],
        space_name: name("North"),
        founder: device(FOUNDER),
        founder_name: name("Founder"),
        card: card(),
        policy: Policy {
            device_cap: 3,
            history: History::Checkpoint,
        },
    }
}

pub fn add(place: usize, role: Role) -> Control {
    Control::AddMember(Box::new(AddMember {
        member: member(place),
        card: card(),
        name: name(&format!("Member {place}")),
        role,
        history: History::Checkpoint,
    }))
}

pub fn add_device(of: usize, new: usize) -> Control {
    Control::AddDevice(Box::new(AddDevice {
        member: member(of),
        device: device(new),
        card: card(),
    }))
}

pub fn remove(place: usize) -> Control {
    Control::RemoveMember(member(place), Reason::Unsaid)
}

pub fn remove_device(place: usize) -> Control {
    Control::RemoveDevice(device(place), Reason::Lost)
}

pub fn raise(place: usize, role: Role) -> Control {
    Control::RaiseRole(member(place), role)
}

pub fn lower(place: usize, role: Role) -> Control {
    Control::LowerRole(member(place), role)
}

pub fn vote_add(generation: u32, place: usize) -> Control {
    Control::OwnerChange(OwnerChange {
        generation,
        change: Change::Add(member(place)),
    })
}

pub fn vote_remove(generation: u32, place: usize) -> Control {
    Control::OwnerChange(OwnerChange {
        generation,
        change: Change::Remove(member(place)),
    })
}

pub fn seal(place: usize) -> Control {
    Control::Seal(member(place))
}

impl World {
    /// A space that its founder has just begun.
    pub fn new() -> Self {
        let genesis = genesis();
        let space = genesis.space_id();
        let mut world = Self {
            space,
            steps: Vec::new(),
            knows: BTreeMap::new(),
            numbers: BTreeMap::new(),
            content: BTreeMap::new(),
            graph: ControlGraph::new(space),
        };
        world.write(FOUNDER, Control::Genesis(Box::new(genesis)));
        world
    }

    /// A founder (0), and members 1, 2, … with these roles whom everybody knows; `Owner` is voted
    /// in by all owners before.
    pub fn with(roles: &[Role]) -> Self {
        let mut world = Self::new();
        let mut generation = 0;
        let mut owners = vec![FOUNDER];
        for (place, role) in (1..).zip(roles) {
            let first = (*role).min(Role::Admin);
            world.write(FOUNDER, add(place, first));
            if *role == Role::Owner {
                for owner in owners.clone() {
                    world.see(owner, FOUNDER);
                    world.write(owner, vote_add(generation, place));
                    world.see(FOUNDER, owner);
                }
                generation += 1;
                owners.push(place);
                world.see(place, FOUNDER);
            }
        }
        for place in 1..=roles.len() {
            world.see(place, FOUNDER);
        }
        world
    }

    pub fn known(&self, device: usize) -> Mask {
        self.knows.get(&device).copied().unwrap_or(0)
    }

    /// `device` takes in all that `other` knows, and its content.
    pub fn see(&mut self, device: usize, other: usize) {
        *self.knows.entry(device).or_default() |= self.known(other);
        let mut content = self.content.get(&other).cloned().unwrap_or_default();
        content.insert(other, self.numbers.get(&other).copied().unwrap_or(0));
        let own = self.content.entry(device).or_default();
        for (log, number) in content {
            let seen = own.entry(log).or_default();
            *seen = (*seen).max(number);
        }
    }

    /// An honest device writes on everything that it knows.
    pub fn write(&mut self, device: usize, operation: Control) -> usize {
        self.write_all(device, vec![operation])
    }

    pub fn write_all(&mut self, device: usize, operations: Vec<Control>) -> usize {
        let place = self.write_on(device, self.known(device), operations);
        *self.knows.entry(device).or_default() |= 1 << place;
        place
    }

    /// A device writes as if it knew only `past`; another segment of its own after the same one
    /// makes a fork.
    pub fn write_on(&mut self, device: usize, past: Mask, operations: Vec<Control>) -> usize {
        let own = places(past).filter(|place| self.steps[*place].device == device);
        let before = own.max_by_key(|place| self.steps[*place].number);
        let after = before.map_or(0, |place| self.steps[place].number);
        let latest = self.numbers.get(&device).copied().unwrap_or(0);
        let is_latest = self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.device == device)
            .all(|(place, _)| past >> place & 1 == 1);
        let number = 1 + if is_latest { latest.max(after) } else { after };
        let content = self.content.get(&device).cloned().unwrap_or_default();
        let place = self.steps.len();
        self.steps.push(Step {
            device,
            operations,
            past,
            number,
            before,
            content: if past == self.known(device) {
                content
            } else {
                BTreeMap::new()
            },
        });
        self.numbers.insert(device, latest.max(number));
        self.graph.insert(self.node(place));
        place
    }

    /// A device writes a content segment; its number comes back.
    pub fn write_content(&mut self, device: usize) -> u64 {
        let number = self.numbers.entry(device).or_default();
        *number += 1;
        *number
    }

    pub fn node(&self, place: usize) -> ControlNode {
        let step = &self.steps[place];
        let mut newest: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        // Its own chain is linked by `before`; what remains of its own is another branch.
        let own = step.before.map_or(0, |own| self.steps[own].past | 1 << own);
        let of_others =
            |other: &usize| self.steps[*other].device != step.device || own >> other & 1 == 0;
        for other in places(step.past).filter(of_others) {
            newest
                .entry(self.steps[other].device)
                .or_default()
                .push(other);
        }
        let mut seen = Vec::new();
        for (device_place, all) in newest {
            let is_head = |one: &&usize| {
                !all.iter()
                    .any(|other| self.steps[*other].past >> **one & 1 == 1)
            };
            for head in all.iter().filter(is_head) {
                let content = step.content.get(&device_place).copied().unwrap_or(0);
                seen.push(Seen {
                    device: device(device_place),
                    number: self.steps[*head].number.max(content),
                    control: Some(segment(*head)),
                });
            }
        }
        for (other, number) in &step.content {
            if *other != step.device && !seen.iter().any(|seen| seen.device == device(*other)) {
                seen.push(Seen {
                    device: device(*other),
                    number: *number,
                    control: None,
                });
            }
        }
        ControlNode {
            hash: segment(place),
            device: device(step.device),
            number: step.number,
            claimed_at: place as u64,
            before: step.before.map(segment),
            seen,
            forks: Vec::new(),
            operations: step.operations.clone(),
        }
    }

    pub fn graph(&self) -> &ControlGraph {
        &self.graph
    }

    pub fn evaluate(&self) -> Membership {
        self.graph.evaluate()
    }

    /// The membership on a closed part of the history.
    pub fn evaluate_only(&self, part: Mask) -> Membership {
        let mut graph = ControlGraph::new(self.space);
        for place in places(part) {
            graph.insert(self.node(place));
        }
        graph.evaluate()
    }

    /// Why the first operation of a step is ignored, if it is.
    pub fn ignored(&self, membership: &Membership, place: usize) -> Option<Refused> {
        reason(membership, place, 0)
    }

    pub fn role(&self, place: usize) -> Option<Role> {
        self.evaluate().role_of(member(place))
    }

    pub fn all(&self) -> Mask {
        if self.steps.len() == 128 {
            Mask::MAX
        } else {
            (1 << self.steps.len()) - 1
        }
    }

    /// From which of its numbers on a device knew what, up to the steps it wrote and saw.
    pub fn steps_of(&self, device: usize, from: &[(u64, usize)]) -> Vec<ViewStep> {
        let own = self.steps.iter().enumerate();
        let own = own.filter(|(_, step)| step.device == device);
        let mut steps: Vec<ViewStep> = own
            .map(|(place, step)| ViewStep {
                from: step.number + 1,
                control: segment(place),
            })
            .collect();
        steps.extend(from.iter().map(|(from, place)| ViewStep {
            from: *from,
            control: segment(*place),
        }));
        steps
    }
}

pub fn reason(membership: &Membership, place: usize, index: u16) -> Option<Refused> {
    let operation = OperationId {
        segment: segment(place),
        index,
    };
    let ignored = membership.ignored();
    let found = ignored
        .iter()
        .find(|ignored| ignored.deed.operation == operation);
    found.map(|found| found.reason)
}

pub fn places(mask: Mask) -> impl Iterator<Item = usize> + Clone {
    (0..128).filter(move |place| mask >> place & 1 == 1)
}
