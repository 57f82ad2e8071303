//! One history: vaults, the links between them, and what befalls them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::OnceLock;

use bundle_format::identity::{DecapsulationKey, EncapsulationKey};
use pack_format::secret::Secret32;
use team_core::control::{AddMember, Control, Genesis, Policy, Reason};
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::{DeviceId, MemberId, SegmentHash};
use team_core::name::Name;
use team_core::role::{History, Role};
use team_core::segment::Segment;

use super::hostile;
use super::plans::{HOSTILE, Plans, draw_links};
use super::rng::Rng;
use super::store::size_bytes;
use super::vault::{Backup, Sender, Sent, SimVault, device_of};
use super::view::Agreed;

/// What may happen in a history.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub vaults: usize,
    pub sender: Sender,
    /// Restores, copies, joins, removals and a month's partition.
    pub has_life: bool,
    /// A member and a relay that cheat.
    pub has_attackers: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rounds after the last segment was written until all held the same.
    pub settled_after: Option<usize>,
    /// Segments that an honest member held and another one did not, summed over those.
    pub undelivered: usize,
    /// Honest members whose segments, membership or effective content differ from the founder's.
    pub disagreeing: usize,
    pub segments: usize,
    /// Bytes of segments, times those who had to be sent them.
    pub new_bytes: u64,
    pub sent_bytes: u64,
    pub bundles: u64,
    pub clones: usize,
    pub forks: usize,
    pub removed: usize,
}

struct Node {
    vault: SimVault,
    /// The row of its links; a copy of a vault has the same one.
    place: usize,
    is_hostile: bool,
    branch: Option<Segment>,
    backup: Option<Backup>,
    /// It takes part: it was there from the beginning, or has joined.
    is_present: bool,
    /// It has asked to be added as a new device.
    is_waiting: bool,
}

struct Mail {
    due: usize,
    from: DeviceId,
    to: usize,
    bytes: Rc<Vec<u8>>,
}

pub struct World {
    rng: Rng,
    scenario: Scenario,
    nodes: Vec<Node>,
    links: Vec<Vec<bool>>,
    mail: Vec<Mail>,
    old_mail: Vec<(DeviceId, usize, Rc<Vec<u8>>)>,
    plans: Plans,
    round: usize,
    now: u64,
    outcome: Outcome,
}

impl World {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut rng = Rng::new(seed);
        let plans = Plans::draw(&mut rng, scenario);
        let links = draw_links(&mut rng, scenario, &plans);
        let founder: [u8; 32] = rng.array();
        let genesis = Genesis {
            nonce: rng.array(),
            space_name: Name::new("space").unwrap(),
            founder: device_of(founder),
            founder_name: Name::new("founder").unwrap(),
            card: card(),
            policy: Policy {
                device_cap: 2,
                history: History::Full,
            },
        };
        let space = genesis.space_id();
        let joining: BTreeSet<usize> = plans.join.iter().map(|(_, node)| *node).collect();
        let nodes = (0..scenario.vaults).map(|place| {
            let seed = if place == 0 { founder } else { rng.array() };
            Node {
                vault: SimVault::new(space, seed, scenario.sender),
                place,
                is_hostile: scenario.has_attackers && place == HOSTILE,
                branch: None,
                backup: None,
                is_present: !joining.contains(&place),
                is_waiting: false,
            }
        });
        let mut world = Self {
            nodes: nodes.collect(),
            rng,
            scenario,
            links,
            mail: Vec::new(),
            old_mail: Vec::new(),
            plans,
            round: 1,
            now: 1_000_000,
            outcome: Outcome::default(),
        };
        world.begin(genesis);
        world
    }

    /// The founder writes the first segment, and everybody who is there has it.
    fn begin(&mut self, genesis: Genesis) {
        let mut operations = vec![Control::Genesis(Box::new(genesis))];
        for node in self.nodes.iter().skip(1).filter(|node| node.is_present) {
            let role = if node.place <= 2 {
                Role::Admin
            } else {
                Role::Editor
            };
            operations.push(add_member(node.vault.own, role));
        }
        let now = self.now;
        let founder = &mut self.nodes[0].vault;
        founder.write_control(&operations, now);
        let saved = founder.save();
        for node in self.nodes.iter_mut().skip(1).filter(|node| node.is_present) {
            let (own, seed) = (node.vault.own, node.vault.save());
            node.vault.restore(&saved.clone().of(&seed));
            assert_eq!(node.vault.own, own);
        }
    }

    /// Lives through the history.
    pub fn run(mut self) -> Outcome {
        for _ in 0..ACTIVE_ROUNDS {
            self.live();
            self.round(true);
        }
        for settling in 0..SETTLING_ROUNDS {
            if self.is_settled() {
                self.outcome.settled_after = Some(settling);
                break;
            }
            self.round(false);
        }
        self.conclude()
    }

    fn round(&mut self, is_active: bool) {
        self.round += 1;
        let (first, last) = self.plans.partition;
        let is_apart = (first..last).contains(&self.round);
        // A partition lasts a month.
        self.now += if is_apart { 5 * 86_400 } else { 86_400 };
        self.deliver();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, self.rng.below(at + 1));
        }
        for at in order {
            if self.nodes[at].is_present {
                self.turn(at, is_active);
            }
        }
    }

    /// One vault takes its mail in, writes, and makes its bundles.
    fn turn(&mut self, at: usize, is_active: bool) {
        self.take_mail(at);
        self.enrol_again(at);
        let now = self.now;
        let node = &mut self.nodes[at];
        let may_write = !node.vault.is_cloned && !node.is_waiting;
        if is_active && may_write && self.rng.chance(35) {
            for _ in 0..=self.rng.below(2) {
                let len = 100 + self.rng.below(2_000);
                let (payload, salt) = (self.rng.bytes(len), self.rng.array());
                node.vault.write_content(payload, salt, now);
            }
        }
        if !self.rng.chance(70) || node.vault.is_cloned {
            return;
        }
        let mut bundles = node.vault.sync(now);
        if node.is_hostile {
            for sent in &mut bundles {
                if self.rng.chance(50) {
                    sent.bytes = hostile::strip(&node.vault, &sent.bytes);
                }
            }
            let peers = self.devices_but(at);
            if is_active {
                let node = &mut self.nodes[at];
                let (vault, branch) = (&mut node.vault, &mut node.branch);
                bundles.extend(hostile::act(vault, branch, &mut self.rng, now, &peers));
            }
        }
        // It goes down after it recorded what it sent, and before that left it.
        let is_lost = is_active && self.rng.chance(3);
        for sent in bundles {
            self.send(at, sent, is_lost);
        }
    }

    fn take_mail(&mut self, at: usize) {
        let due: Vec<Mail>;
        (due, self.mail) = std::mem::take(&mut self.mail)
            .into_iter()
            .partition(|mail| mail.to == at && mail.due <= self.round);
        let now = self.now;
        let vault = &mut self.nodes[at].vault;
        // It goes down before it commits, and the mail is gone.
        let before = self.rng.chance(3).then(|| vault.save());
        for mail in due {
            vault.take(mail.from, &mail.bytes, now);
        }
        if let Some(before) = before {
            vault.restore(&before);
        }
    }

    /// A vault whose key is in two places becomes a new device, which the founder adds.
    fn enrol_again(&mut self, at: usize) {
        let seed = self.rng.array();
        let now = self.now;
        let node = &mut self.nodes[at];
        let own = node.vault.own;
        if node.is_waiting {
            node.is_waiting = !node.vault.view().active.contains(&own);
            return;
        }
        if !node.vault.is_cloned || node.is_hostile || at == 0 {
            return;
        }
        node.vault.reenrol(seed);
        node.is_waiting = true;
        let new = node.vault.own;
        self.outcome.clones += 1;
        let founder = &mut self.nodes[0].vault;
        let operations = [
            Control::RemoveMember(MemberId(own.0), Reason::Lost),
            add_member(new, Role::Editor),
        ];
        founder.write_control(&operations, now);
        founder.added.insert(new);
    }

    fn send(&mut self, at: usize, sent: Sent, is_lost: bool) {
        self.outcome.sent_bytes += sent.bytes.len() as u64;
        self.outcome.bundles += 1;
        let from = self.nodes[at].vault.own;
        let bytes = Rc::new(sent.bytes);
        let place = self.nodes[at].place;
        let targets: Vec<usize> = (0..self.nodes.len())
            .filter(|to| self.nodes[*to].vault.own == sent.to && *to != at)
            .collect();
        for to in targets {
            let is_linked = self.links[place][self.nodes[to].place];
            if is_lost || !is_linked || self.is_apart(at, to) || self.rng.chance(LOSS) {
                continue;
            }
            let copies = if self.rng.chance(DUPLICATES) { 2 } else { 1 };
            for _ in 0..copies {
                let withheld = self.scenario.has_attackers && self.rng.chance(3);
                // Half of it comes with the next trip, the rest later and out of order.
                let delay = if withheld {
                    12
                } else {
                    self.rng.below(4).saturating_sub(1)
                };
                self.mail.push(Mail {
                    due: self.round + 1 + delay,
                    from,
                    to,
                    bytes: Rc::clone(&bytes),
                });
            }
            if self.scenario.has_attackers && self.rng.chance(3) {
                self.old_mail.push((from, to, Rc::clone(&bytes)));
            }
        }
    }

    /// The malicious relay brings old bundles again.
    fn deliver(&mut self) {
        if self.old_mail.is_empty() || !self.rng.chance(50) {
            return;
        }
        let at = self.rng.below(self.old_mail.len());
        let (from, to, bytes) = &self.old_mail[at];
        self.mail.push(Mail {
            due: self.round,
            from: *from,
            to: *to,
            bytes: Rc::clone(bytes),
        });
    }

    fn is_apart(&self, one: usize, other: usize) -> bool {
        let (first, last) = self.plans.partition;
        let (one, other) = (self.nodes[one].place, self.nodes[other].place);
        (first..last).contains(&self.round) && one % 2 != other % 2
    }

    /// What the plans say for this round.
    fn live(&mut self) {
        let (round, now) = (self.round, self.now);
        if self.plans.backup.0 == round {
            let node = &mut self.nodes[self.plans.backup.1];
            node.backup = Some(node.vault.save());
        }
        if self.plans.restore.0 == round {
            let node = &mut self.nodes[self.plans.restore.1];
            if let Some(backup) = node.backup.take()
                && !node.is_waiting
            {
                node.vault.restore(&backup);
            }
        }
        if self.plans.copy.0 == round {
            self.copy(self.plans.copy.1);
        }
        for (_, node) in self
            .plans
            .join
            .clone()
            .into_iter()
            .filter(|join| join.0 == round)
        {
            let new = self.nodes[node].vault.own;
            self.nodes[node].is_present = true;
            let founder = &mut self.nodes[0].vault;
            founder.write_control(&[add_member(new, Role::Editor)], now);
            founder.added.insert(new);
        }
        if self.plans.remove.0 == round {
            let removed = MemberId(self.nodes[self.plans.remove.1].vault.own.0);
            let operation = Control::RemoveMember(removed, Reason::Unsaid);
            self.nodes[0].vault.write_control(&[operation], now);
            self.outcome.removed += 1;
        }
    }

    /// Somebody copies a vault, and both copies are used.
    fn copy(&mut self, at: usize) {
        let original = &self.nodes[at];
        let vault = &original.vault;
        let mut copy = SimVault::new(vault.space, [0; 32], self.scenario.sender);
        copy.restore(&vault.save());
        self.nodes.push(Node {
            vault: copy,
            place: original.place,
            is_hostile: false,
            branch: None,
            backup: None,
            is_present: true,
            is_waiting: original.is_waiting,
        });
    }

    fn devices_but(&self, at: usize) -> Vec<DeviceId> {
        let others = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        others.map(|(_, node)| node.vault.own).collect()
    }

    /// Those whom everything must reach: honest, there, and not removed.
    fn judged(&mut self) -> Vec<usize> {
        let view = self.nodes[0].vault.view().clone();
        let present = (0..self.nodes.len()).filter(|at| self.nodes[*at].is_present);
        present
            .filter(|at| {
                let node = &self.nodes[*at];
                !node.is_hostile && view.active.contains(&node.vault.own)
            })
            .collect()
    }

    fn is_settled(&mut self) -> bool {
        let judged = self.judged();
        let first = &self.nodes[0].vault.store;
        let lacks = first.lacking();
        judged.iter().all(|at| {
            let node = &self.nodes[*at];
            !node.is_waiting
                && !node.vault.is_cloned
                && node.vault.store.entries().count() == first.entries().count()
        }) && judged.iter().all(|at| {
            let store = &self.nodes[*at].vault.store;
            // The proof of a fork may be on its way although no segment is: who knows it
            // judges the device otherwise. One that stays on its way is never settled.
            store.hashes() == first.hashes()
                && store.lacking().len() == lacks.len()
                && store.graph.forks().eq(first.graph.forks())
        })
    }

    fn conclude(mut self) -> Outcome {
        let judged = self.judged();
        let mut all: BTreeSet<SegmentHash> = BTreeSet::new();
        for at in &judged {
            all.extend(self.nodes[*at].vault.store.hashes());
        }
        let agreed = Agreed::of(&self.nodes[0].vault.store);
        let differs = |at: &&usize| Agreed::of(&self.nodes[**at].vault.store) != agreed;
        self.outcome.disagreeing = judged.iter().filter(differs).count();
        let outcome = &mut self.outcome;
        for at in &judged {
            let store = &self.nodes[*at].vault.store;
            outcome.undelivered += all.len() - store.entries().count();
        }
        let founder = &self.nodes[0].vault.store;
        outcome.segments = all.len();
        outcome.forks = founder.proofs().count();
        let bytes: u64 = founder
            .entries()
            .map(|entry| size_bytes(&entry.segment))
            .sum();
        outcome.new_bytes = bytes * (self.nodes.len() as u64 - 1);
        self.outcome
    }
}

pub fn add_member(device: DeviceId, role: Role) -> Control {
    Control::AddMember(Box::new(AddMember {
        member: device.as_member(),
        card: card(),
        name: Name::new("member").unwrap(),
        role,
        history: History::Full,
    }))
}

/// All devices share one prekey: making a thousand of them would only cost time.
pub fn card() -> DeviceCard {
    static PREKEY: OnceLock<EncapsulationKey> = OnceLock::new();
    let make = || DecapsulationKey::from_seed(Secret32::new([9; 32])).encapsulation_key();
    DeviceCard {
        prekey_number: 1,
        prekey: PREKEY.get_or_init(make).clone(),
        routes: Routes::default(),
    }
}

const LOSS: usize = 30;
const DUPLICATES: usize = 10;
const ACTIVE_ROUNDS: usize = 14;
const SETTLING_ROUNDS: usize = 80;
