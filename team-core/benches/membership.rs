//! What working out the membership of a large space costs: CPU time of one thread.
//!
//! `cargo bench -p team-core --bench membership` prints CPU milliseconds for 10,000 operations of
//! 300 members, and the ratio to a named peer in the same run. The peer ("naive") only walks back
//! from each segment to count what it had seen; it judges nothing. `-- alone 4` leaves the peer
//! out and takes only the row of segments that name 4 others.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on must stop"
)]

#[path = "../tests/membership/world.rs"]
mod world;

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use team_core::control::Control;
use team_core::ids::{CompartmentId, DeviceId, SegmentHash};
use team_core::membership::{ControlGraph, ControlNode, Seen};
use team_core::role::Role;
use world::{add, add_device, card, genesis, lower, member, name, raise, remove, vote_add};

const MEMBERS: usize = 300;
const OPERATIONS: usize = 10_000;
const OWNERS: usize = 3;
const ADMINS: usize = 20;

fn main() {
    println!("{OPERATIONS} operations, {MEMBERS} members, CPU ms (least of 5)");
    println!(
        "{:<44} {:>10} {:>10} {:>8} {:>8}",
        "each segment names segments of", "membership", "naive", "ratio", "ignored"
    );
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_alone = words.iter().any(|word| word == "alone");
    let wanted: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let rows = [4, 16, 64, MEMBERS];
    for names in rows
        .into_iter()
        .filter(|row| wanted.is_empty() || wanted.contains(row))
    {
        let nodes = space(names);
        let mut graph = ControlGraph::new(genesis().space_id());
        for node in &nodes {
            graph.insert(node.clone());
        }
        let membership = least(|| black_box(graph.evaluate()).members().len());
        let has_peer = !is_alone && names < MEMBERS;
        let naive = has_peer.then(|| once(|| black_box(naive(&nodes))));
        println!(
            "{:<44} {:>10.1} {:>10} {:>8} {:>8}",
            format!("up to {names} other devices"),
            ms(membership),
            naive.map_or("-".to_owned(), |naive| format!("{:.1}", ms(naive))),
            naive.map_or("-".to_owned(), |naive| {
                format!("{:.3}", membership.as_secs_f64() / naive.as_secs_f64())
            }),
            graph.evaluate().ignored().len()
        );
    }
}

/// A space in which mostly owners and admins write, members rotate prekeys and add devices, and
/// everybody takes in what some others have written since.
fn space(names: usize) -> Vec<ControlNode> {
    let mut random = 7_u64;
    let mut nodes: Vec<ControlNode> = Vec::new();
    let mut newest: BTreeMap<usize, (u64, SegmentHash)> = BTreeMap::new();
    let mut begin = vec![Control::Genesis(Box::new(genesis()))];
    begin.push(Control::AddCompartment(
        CompartmentId([4; 16]),
        name("Board"),
    ));
    for place in 1..MEMBERS {
        let role = if place < ADMINS {
            Role::Admin
        } else {
            Role::Editor
        };
        begin.push(add(place, role));
    }
    begin.push(vote_add(0, 1));
    let mut count = begin.len();
    push(&mut nodes, &mut newest, 0, begin, 0, &mut random);
    push(
        &mut nodes,
        &mut newest,
        1,
        vec![vote_add(1, 2)],
        4,
        &mut random,
    );
    push(
        &mut nodes,
        &mut newest,
        0,
        vec![vote_add(1, 2)],
        4,
        &mut random,
    );
    while count < OPERATIONS {
        let turn = below(&mut random, 100);
        let author = if turn < 60 {
            below(&mut random, ADMINS)
        } else {
            ADMINS + below(&mut random, MEMBERS - ADMINS)
        };
        let who = ADMINS + below(&mut random, MEMBERS - ADMINS);
        let operation = match below(&mut random, 10) {
            _ if author >= ADMINS && below(&mut random, 8) == 0 => {
                add_device(author, MEMBERS + author)
            }
            _ if author >= ADMINS => Control::Prekey(2, Box::new(card().prekey)),
            0 | 1 => remove(who),
            2..=4 => add(who, Role::Editor),
            5 | 6 => raise(who, Role::Approver),
            7 | 8 => lower(who, Role::Editor),
            _ => Control::Admit(CompartmentId([4; 16]), member(who)),
        };
        let several = if author < OWNERS { 2 } else { 1 };
        count += several;
        let operations = vec![operation; several];
        push(
            &mut nodes,
            &mut newest,
            author,
            operations,
            names,
            &mut random,
        );
    }
    nodes
}

fn push(
    nodes: &mut Vec<ControlNode>,
    newest: &mut BTreeMap<usize, (u64, SegmentHash)>,
    author: usize,
    operations: Vec<Control>,
    names: usize,
    random: &mut u64,
) {
    let hash = world::segment(nodes.len());
    let before = newest.get(&author).copied();
    let mut seen: Vec<Seen> = Vec::new();
    let others: Vec<(usize, (u64, SegmentHash))> =
        newest.iter().map(|(place, head)| (*place, *head)).collect();
    let first = below(random, others.len().max(1));
    for step in 0..names.min(others.len()) {
        let (place, (number, control)) = others[(first + step) % others.len()];
        if place != author {
            seen.push(Seen {
                device: device(place),
                number,
                control: Some(control),
            });
        }
    }
    if let Some((number, control)) = newest.get(&0).copied().filter(|_| author != 0) {
        seen.push(Seen {
            device: device(0),
            number,
            control: Some(control),
        });
    }
    let number = before.map_or(1, |(number, _)| number + 1);
    newest.insert(author, (number, hash));
    nodes.push(ControlNode {
        hash,
        device: device(author),
        number,
        claimed_at: 0,
        before: before.map(|(_, hash)| hash),
        seen,
        forks: Vec::new(),
        operations,
    });
}

fn device(place: usize) -> DeviceId {
    world::device(place)
}

fn below(random: &mut u64, bound: usize) -> usize {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize % bound
}

/// The size of the past of every segment, found by walking back from it.
fn naive(nodes: &[ControlNode]) -> usize {
    let places: HashMap<SegmentHash, usize> = nodes.iter().map(|node| node.hash).zip(0..).collect();
    let links: Vec<Vec<usize>> = nodes
        .iter()
        .map(|node| {
            let seen = node.seen.iter().filter_map(|seen| seen.control);
            node.before
                .into_iter()
                .chain(seen)
                .map(|hash| places[&hash])
                .collect()
        })
        .collect();
    let mut met = vec![usize::MAX; nodes.len()];
    let mut total = 0;
    for place in 0..nodes.len() {
        let mut open = vec![place];
        while let Some(node) = open.pop() {
            for link in &links[node] {
                if met[*link] != place {
                    met[*link] = place;
                    total += 1;
                    open.push(*link);
                }
            }
        }
    }
    total
}

fn least<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..5).map(|_| {
        let before = cpu();
        black_box(run());
        cpu().saturating_sub(before)
    });
    times.min().unwrap()
}

fn once<T>(run: impl FnOnce() -> T) -> Duration {
    let before = cpu();
    black_box(run());
    cpu().saturating_sub(before)
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
