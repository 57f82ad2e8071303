//! Seeded histories of a whole team: everything arrives, whatever the links and the attackers do.
//!
//! `CAUSEWAY_SIM_SEED` says with which seed each test begins, `CAUSEWAY_SIM_RUNS` how many
//! histories it lives through. A failure prints the seed of its history and how to live through it
//! again:
//!
//! ```sh
//! CAUSEWAY_SIM_SEED=77 CAUSEWAY_SIM_RUNS=1 cargo test -p team-core --test all \
//!     everything_reaches_every_honest_member_of_small_teams
//! ```

#![allow(unreachable_pub, reason = "tests")]

mod copies;
mod forks;
mod hostile;
mod plans;
pub mod rng;
pub mod store;
mod vault;
mod view;
pub mod world;

use rng::Rng;
use vault::Sender;
use world::{Outcome, Scenario, World};

/// What a number of histories came to.
#[derive(Debug, Default)]
struct Tally {
    sent_bytes: u64,
    new_bytes: u64,
    slowest: usize,
    failed: Vec<(u64, Outcome)>,
}

impl Tally {
    /// As many histories as this, unless the environment says otherwise.
    fn of(runs: u64, scenario: impl Fn(u64) -> Scenario) -> Self {
        let first = number("CAUSEWAY_SIM_SEED", 1);
        let runs = number("CAUSEWAY_SIM_RUNS", runs);
        let mut tally = Self::default();
        for seed in first..first + runs {
            let outcome = World::new(seed, scenario(seed)).run();
            match outcome.settled_after {
                Some(rounds) if outcome.disagreeing == 0 && outcome.undelivered == 0 => {
                    tally.slowest = tally.slowest.max(rounds);
                }
                _ => tally.failed.push((seed, outcome)),
            }
            tally.sent_bytes += outcome.sent_bytes;
            tally.new_bytes += outcome.new_bytes;
        }
        tally
    }

    fn assert_none_failed(&self) {
        let seeds: Vec<u64> = self.failed.iter().map(|(seed, _)| *seed).collect();
        assert!(
            self.failed.is_empty(),
            "failed with the seeds {seeds:?}; CAUSEWAY_SIM_SEED=… CAUSEWAY_SIM_RUNS=1 and the name \
             of this test live through one of them again: {:#?}",
            self.failed
        );
    }

    fn ratio(&self) -> f64 {
        self.sent_bytes as f64 / self.new_bytes as f64
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap())
}

/// Teams of many sizes; some have quiet lives, some have members and relays that cheat.
fn any_scenario(seed: u64) -> Scenario {
    let mut rng = Rng::new(seed ^ 0x5ca1_ab1e);
    Scenario {
        vaults: if rng.chance(25) {
            20
        } else {
            5 + rng.below(10)
        },
        sender: Sender::Ours,
        has_life: rng.chance(80),
        has_attackers: rng.chance(70),
    }
}

/// Twenty vaults with bad links, and nothing else.
fn twenty_vaults(sender: Sender) -> Scenario {
    Scenario {
        vaults: 20,
        sender,
        has_life: false,
        has_attackers: false,
    }
}

fn live_through(runs: u64) {
    let tally = Tally::of(runs, any_scenario);
    println!(
        "settled after at most {} rounds, {:.2} times the new bytes sent",
        tally.slowest,
        tally.ratio(),
    );
    tally.assert_none_failed();
}

/// Few vaults: quick, and the lonely links that small teams have.
fn small_scenario(seed: u64) -> Scenario {
    let mut scenario = any_scenario(seed);
    scenario.vaults = 5 + scenario.vaults % 4;
    scenario
}

#[test]
fn everything_reaches_every_honest_member() {
    live_through(16);
}

#[test]
fn everything_reaches_every_honest_member_of_small_teams() {
    Tally::of(160, small_scenario).assert_none_failed();
}

#[test]
#[ignore = "takes an hour"]
fn everything_reaches_every_honest_member_in_ten_thousand_histories() {
    live_through(10_000);
}

#[test]
fn sends_at_most_eight_times_the_new_bytes() {
    let tally = Tally::of(5, |_| twenty_vaults(Sender::Ours));
    println!("{:.2} times the new bytes", tally.ratio());
    tally.assert_none_failed();
    assert!(tally.ratio() <= 8.0, "{:.2} times", tally.ratio());
}

#[test]
fn a_sender_that_sends_what_is_new_since_the_last_bundle_loses_content() {
    let tally = Tally::of(3, |_| twenty_vaults(Sender::SinceLastSent));
    let (_, outcome) = tally.failed[0];
    assert!(outcome.undelivered > 0, "{outcome:#?}");
}

#[test]
fn a_history_is_the_same_from_the_same_seed() {
    let live = || World::new(5, any_scenario(5)).run();
    assert_eq!(live(), live());
}
