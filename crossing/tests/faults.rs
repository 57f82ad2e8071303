//! Every call to the stick and to the store fails once; a second run completes the first.

use std::path::Path;

use crossing::Quiet;
use pack_format::advice::Advice as _;
use tempfile::TempDir;

use crate::{
    machine::{Machine, noise, pair},
    media::{FULL, Faulty, PULLED, copy_files},
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

/// The vault's parts lie on the stick, and the courier has something to send.
fn scene() -> Scene {
    let (vault, courier) = pair();
    let mut scene = Scene {
        vault,
        courier,
        stick: TempDir::new().unwrap(),
        from_vault: vec![noise(1, 40), noise(2, 30_000)],
        from_courier: vec![noise(3, 50), noise(4, 60)],
    };
    scene.begin();
    scene
}

/// The same, but the larger part of the vault's second pack came before and waits in the
/// courier's spool.
fn scene_with_spool() -> Scene {
    let mut scene = scene();
    let large = noise(5, 1_100_000);
    scene.vault.send(&large);
    scene.from_vault.push(large);
    scene.vault.sync(scene.stick.path());
    let hidden = TempDir::new().unwrap();
    let (from, to) = (scene.stick.path(), hidden.path());
    for name in files(from) {
        let facts = std::fs::metadata(from.join(&name)).unwrap();
        if facts.len() < 1 << 20 {
            std::fs::rename(from.join(&name), to.join(&name)).unwrap();
        }
    }
    scene.courier.sync(from);
    assert_eq!(scene.courier.spooled_files(), 1);
    copy_files(to, from);
    scene
}

impl Scene {
    fn copy(&self) -> Self {
        let stick = TempDir::new().unwrap();
        copy_files(self.stick.path(), stick.path());
        Self {
            vault: self.vault.copy(),
            courier: self.courier.copy(),
            stick,
            from_vault: self.from_vault.clone(),
            from_courier: self.from_courier.clone(),
        }
    }

    /// Something goes there, a receipt comes back, and there is more to send on both sides.
    fn begin(&mut self) {
        self.vault.send(&self.from_vault[0]);
        self.courier.send(&self.from_courier[0]);
        self.courier.sync(self.stick.path());
        self.vault.sync(self.stick.path());
        self.courier.sync(self.stick.path());
        self.courier.send(&self.from_courier[1]);
        self.vault.send(&self.from_vault[1]);
        self.vault.sync(self.stick.path());
    }

    /// The same, after the courier's turn.
    fn before_the_vault(mut self) -> Self {
        self.courier.sync(self.stick.path());
        self
    }

    fn path(&self) -> &Path {
        self.stick.path()
    }

    /// A few more trips, and everything has arrived once.
    fn completes(&mut self, context: &str) {
        let path = self.stick.path();
        for _ in 0..3 {
            self.courier.sync(path);
            self.vault.sync(path);
            if files(path).is_empty() {
                break;
            }
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

/// Runs one machine with a fault at each call to the stick in turn, or at every `step`th.
fn stick_fails_at_every_call(
    errno: i32,
    for_good: bool,
    start: &Scene,
    vault_side: bool,
    step: usize,
) {
    let mut reported_count = 0;
    for call in (0..).step_by(step) {
        let mut scene = start.copy();
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
            assert!(call > 25, "the scene is shorter than it was: {call}");
            break;
        }
    }
    assert!(reported_count > 10, "{reported_count}");
}

#[test]
fn a_call_to_the_stick_that_fails_once_loses_nothing() {
    stick_fails_at_every_call(PULLED, false, &scene(), false, 1);
    stick_fails_at_every_call(PULLED, false, &scene().before_the_vault(), true, 1);
}

#[test]
fn a_stick_pulled_at_any_call_loses_nothing() {
    stick_fails_at_every_call(PULLED, true, &scene(), false, 1);
    stick_fails_at_every_call(PULLED, true, &scene().before_the_vault(), true, 1);
}

#[test]
fn a_stick_pulled_while_parts_wait_in_the_spool_loses_nothing() {
    stick_fails_at_every_call(PULLED, true, &scene_with_spool(), false, 3);
}

#[test]
fn a_stick_that_fills_up_at_any_call_loses_nothing() {
    stick_fails_at_every_call(FULL, false, &scene(), false, 1);
}

#[test]
fn a_store_that_fails_at_any_call_loses_nothing() {
    let starts = [scene_with_spool(), scene().before_the_vault()];
    for (start, vault_side) in starts.iter().zip([false, true]) {
        for call in 0.. {
            let mut scene = start.copy();
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

#[test]
fn what_the_store_did_not_take_stays_on_the_stick() {
    let mut scene = scene();
    let before = files(scene.path());
    // The courier's first call is for the bundle, its second for the pack.
    let commit = scene.courier.call_count() + 1;
    scene.courier.fails_at = Some(commit);
    let stick = Faulty::new(scene.path()).stick();
    let err = scene.courier.try_sync(&stick, &mut Quiet).unwrap_err();
    assert_eq!(err.code(), "store-failed");
    assert_eq!(files(scene.path()), before);
}

#[test]
fn a_stick_that_does_not_keep_what_is_written_is_found_out() {
    let mut scene = scene().before_the_vault();
    let mut medium = Faulty::new(scene.path());
    medium.forgets = true;
    let err = scene
        .vault
        .try_sync(&medium.stick(), &mut Quiet)
        .unwrap_err();
    assert_eq!(err.code(), "stick-read-back-differs");
    let lane = scene.vault.lane();
    assert!(lane.outstanding().all(|pack| pack.carried().is_empty()));
    scene.completes("a stick that forgets");
}
