//! Every call to the stick and to the store fails once; a second run completes the first.

use std::path::Path;

use crossing::Quiet;
use pack_format::advice::Advice as _;
use tempfile::TempDir;

use crate::{
    machine::{Machine, noise, pair},
    media::{FULL, Faulty, PULLED},
    trips::files,
};

/// Two machines in the middle of an exchange, and what each has to send.
struct Scene {
    vault: Machine,
    courier: Machine,
    stick: TempDir,
    from_vault: Vec<Vec<u8>>,
    from_courier: Vec<Vec<u8>>,
}

/// The vault's parts lie on the stick, one part of a pack was lost on the way, and the courier
/// has something to send.
fn scene() -> Scene {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    let from_vault = vec![noise(1, 40), noise(2, 1_100_000)];
    let from_courier = vec![noise(3, 50), noise(4, 60)];
    vault.send(&from_vault[0]);
    courier.send(&from_courier[0]);
    courier.sync(stick.path());
    vault.sync(stick.path());
    courier.sync(stick.path());
    courier.send(&from_courier[1]);
    vault.send(&from_vault[1]);
    vault.sync(stick.path());
    // One of the two parts waits in the courier's spool.
    let large = files(stick.path()).into_iter().max_by_key(|name| {
        let facts = std::fs::metadata(stick.path().join(name)).unwrap();
        facts.len()
    });
    let hidden = TempDir::new().unwrap();
    let large = large.unwrap();
    std::fs::rename(stick.path().join(&large), hidden.path().join(&large)).unwrap();
    courier.sync(stick.path());
    std::fs::copy(hidden.path().join(&large), stick.path().join(&large)).unwrap();
    Scene {
        vault,
        courier,
        stick,
        from_vault,
        from_courier,
    }
}

impl Scene {
    fn path(&self) -> &Path {
        self.stick.path()
    }

    /// A few more trips, and everything has arrived once.
    fn completes(&mut self, context: &str) {
        let path = self.stick.path();
        for _ in 0..3 {
            self.courier.sync(path);
            self.vault.sync(path);
        }
        let sorted = |mut bundles: Vec<Vec<u8>>| {
            bundles.sort();
            bundles
        };
        let from_vault = sorted(self.from_vault.clone());
        assert!(sorted(self.courier.received()) == from_vault, "{context}");
        let from_courier = sorted(self.from_courier.clone());
        assert!(sorted(self.vault.received()) == from_courier, "{context}");
        let left = (self.vault.outbox_len(), self.courier.outbox_len());
        assert_eq!(left, (0, 0), "{context}");
        assert_eq!(files(path), [] as [&str; 0], "{context}");
        assert_eq!(self.courier.spooled_files(), 0, "{context}");
    }
}

/// Runs one machine with a fault at each call to the stick in turn.
fn stick_fails_at_every_call(errno: i32, for_good: bool, vault_side: bool) {
    let mut reported_count = 0;
    for call in 0.. {
        let mut scene = scene();
        if vault_side {
            scene.courier.sync(scene.stick.path());
        }
        let faulty = Faulty::failing(scene.path(), call, errno, for_good);
        let stick = faulty.stick();
        let machine = if vault_side {
            &mut scene.vault
        } else {
            &mut scene.courier
        };
        let result = machine.try_sync(&stick, &mut Quiet);
        let context = format!("errno {errno} at call {call}");
        let is_over = faulty.call_count() <= call;
        match &result {
            Ok(report) if !is_over => {
                // What is read twice can fail once; everything else has to be said.
                let lane = &report.lanes[0];
                let said = report.outcome().is_err() || lane.items_waiting > 0;
                let said = said || lane.parts_to_carry() > 0 || lane.parts_written > 0;
                assert!(said || errno == PULLED && !for_good, "{context}");
            }
            Ok(report) => report.outcome().unwrap(),
            Err(err) => {
                reported_count += 1;
                assert!(err.code().starts_with("stick-"), "{context}: {err}");
            }
        }
        assert!(result.is_err() || !for_good || is_over, "{context}");
        scene.completes(&context);
        if is_over {
            assert!(call > 40, "the scene is shorter than it was: {call}");
            break;
        }
    }
    assert!(reported_count > 10, "{reported_count}");
}

#[test]
fn a_call_to_the_stick_that_fails_once_loses_nothing() {
    for vault_side in [false, true] {
        stick_fails_at_every_call(PULLED, false, vault_side);
    }
}

#[test]
fn a_stick_pulled_at_any_call_loses_nothing() {
    for vault_side in [false, true] {
        stick_fails_at_every_call(PULLED, true, vault_side);
    }
}

#[test]
fn a_stick_that_fills_up_at_any_call_loses_nothing() {
    stick_fails_at_every_call(FULL, false, false);
}

#[test]
fn a_store_that_fails_at_any_call_loses_nothing() {
    for vault_side in [false, true] {
        for call in 0.. {
            let mut scene = scene();
            if vault_side {
                scene.courier.sync(scene.stick.path());
            }
            let machine = if vault_side {
                &mut scene.vault
            } else {
                &mut scene.courier
            };
            machine.fails_at = Some(machine.call_count() + call);
            let stick = Faulty::new(scene.stick.path()).stick();
            let result = machine.try_sync(&stick, &mut Quiet);
            let is_over = Some(machine.call_count()) <= machine.fails_at;
            machine.fails_at = None;
            assert_eq!(result.is_ok(), is_over, "call {call}");
            if let Err(err) = &result {
                assert!(["store-failed", "crossing-take-in"].contains(&err.code()));
            }
            scene.completes(&format!("store call {call}"));
            if is_over {
                assert!(call > 4, "the scene is shorter than it was: {call}");
                break;
            }
        }
    }
}
