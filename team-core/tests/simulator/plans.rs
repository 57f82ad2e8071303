//! What befalls whom and when, and who reaches whom: drawn before a history begins.

use std::collections::BTreeSet;

use super::rng::Rng;
use super::world::Scenario;

/// At which rounds which nodes have their turn.
#[derive(Default)]
pub struct Plans {
    pub backup: (usize, usize),
    pub restore: (usize, usize),
    pub copy: (usize, usize),
    pub join: Vec<(usize, usize)>,
    pub remove: (usize, usize),
    pub partition: (usize, usize),
}

impl Plans {
    pub fn draw(rng: &mut Rng, scenario: Scenario) -> Self {
        let mut plans = Self::default();
        if !scenario.has_life {
            return plans;
        }
        // Nodes 0 to 3 are the founder, two admins and the one who cheats.
        let mut free: Vec<usize> = (4..scenario.vaults).collect();
        let mut pick = |rng: &mut Rng| {
            let at = rng.below(free.len());
            if free.is_empty() { 0 } else { free.remove(at) }
        };
        let restored = pick(rng);
        let backup = 1 + rng.below(4);
        if restored > 0 {
            plans.backup = (backup, restored);
            plans.restore = (backup + 1 + rng.below(6), restored);
        }
        let copied = pick(rng);
        if copied > 0 {
            plans.copy = (1 + rng.below(8), copied);
        }
        let removed = if scenario.has_attackers && rng.chance(50) {
            HOSTILE
        } else {
            pick(rng)
        };
        if removed > 0 {
            plans.remove = (2 + rng.below(9), removed);
        }
        for _ in 0..2 {
            let joining = pick(rng);
            if joining > 0 {
                plans.join.push((1 + rng.below(9), joining));
            }
        }
        if rng.chance(60) {
            let first = 1 + rng.below(4);
            plans.partition = (first, first + 6);
        }
        plans
    }
}

/// 40 of a hundred links work one way only; everything can reach everybody who is honest, also
/// when those who cheat or are removed pass nothing on.
pub fn draw_links(rng: &mut Rng, scenario: Scenario, plans: &Plans) -> Vec<Vec<bool>> {
    let count = scenario.vaults;
    let relied_on = |at: usize| {
        let cheats = scenario.has_attackers && at == HOSTILE;
        !cheats && (plans.remove.0 == 0 || plans.remove.1 != at)
    };
    loop {
        let mut links = vec![vec![true; count]; count];
        let pairs = (0..count).flat_map(|one| (0..one).map(move |other| (one, other)));
        for (one, other) in pairs {
            if rng.chance(ONE_WAY) {
                let (from, to) = if rng.chance(50) {
                    (one, other)
                } else {
                    (other, one)
                };
                links[from][to] = false;
            }
        }
        let honest: Vec<usize> = (0..count).filter(|at| relied_on(*at)).collect();
        let forth = reached(&honest, |from, to| links[from][to]);
        let back = reached(&honest, |from, to| links[to][from]);
        if forth == honest.len() && back == honest.len() {
            return links;
        }
    }
}

fn reached(nodes: &[usize], is_linked: impl Fn(usize, usize) -> bool) -> usize {
    let mut met = BTreeSet::from([nodes[0]]);
    let mut open = vec![nodes[0]];
    while let Some(from) = open.pop() {
        for to in nodes {
            if is_linked(from, *to) && met.insert(*to) {
                open.push(*to);
            }
        }
    }
    met.len()
}

/// The place of the member who cheats.
pub const HOSTILE: usize = 3;
const ONE_WAY: usize = 40;
