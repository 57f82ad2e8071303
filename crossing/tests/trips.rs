//! Ordinary trips, and what is sent again.

use std::{fs, path::Path};

use crossing::{Phase, Progress, SyncReport};
use pack_format::{
    advice::{Advice as _, Exit},
    item::{CourierReport, Item},
    relay::ContentId,
};
use tempfile::TempDir;

use crate::{
    machine::{Machine, lanes, noise, pair},
    media::{Faulty, PULLED},
};

pub(crate) fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn wipe(path: &Path) {
    for name in files(path) {
        fs::remove_file(path.join(name)).unwrap();
    }
}

fn wrote_nothing(report: &SyncReport) -> bool {
    report
        .lanes
        .iter()
        .all(|lane| lane.parts_written == 0 && lane.packs_composed == 0)
}

fn report_item(text: &str) -> Item {
    Item::Report(CourierReport {
        content_id: ContentId::of(b""),
        code: "relay-full".to_owned(),
        text: text.to_owned(),
    })
}

#[test]
fn a_bundle_goes_there_and_a_receipt_comes_back() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"to the courier");
    courier.send_item(&report_item("full"));

    let out = vault.sync(stick.path());
    assert_eq!(
        (out.lanes[0].packs_composed, out.lanes[0].parts_written),
        (1, 1)
    );
    assert_eq!(out.lanes[0].parts_to_carry(), 0);
    assert_eq!(vault.outbox_len(), 1, "freed before the receipt");

    let there = courier.sync(stick.path());
    assert_eq!(
        (there.lanes[0].packs_taken, there.lanes[0].bundles_taken),
        (1, 1)
    );
    assert_eq!(courier.received(), [b"to the courier"]);

    let back = vault.sync(stick.path());
    assert_eq!(
        (back.lanes[0].items_taken, back.lanes[0].items_delivered),
        (1, 1)
    );
    assert_eq!(
        (vault.outbox_len(), vault.lane().outstanding().count()),
        (0, 0)
    );
    assert_eq!(vault.item_count(), 1);
}

#[test]
fn after_the_last_receipt_nothing_is_written_any_more() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    courier.send(b"other");
    for _ in 0..3 {
        vault.sync(stick.path());
        courier.sync(stick.path());
    }
    for _ in 0..4 {
        assert!(wrote_nothing(&vault.sync(stick.path())));
        assert!(wrote_nothing(&courier.sync(stick.path())));
        let fresh = TempDir::new().unwrap();
        assert!(wrote_nothing(&vault.sync(fresh.path())));
        assert!(wrote_nothing(&courier.sync(fresh.path())));
    }
    assert_eq!(files(stick.path()), [] as [&str; 0]);
}

#[test]
fn a_pack_of_receipts_alone_is_not_answered() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.sync(stick.path());
    let receipt = courier.sync(stick.path());
    assert_eq!(
        (
            receipt.lanes[0].packs_composed,
            receipt.lanes[0].parts_written
        ),
        (1, 1)
    );
    let copy = files(stick.path()).remove(0);
    let bytes = fs::read(stick.path().join(&copy)).unwrap();
    assert!(wrote_nothing(&vault.sync(stick.path())));
    // Nor is a copy of it, however often it comes.
    for _ in 0..3 {
        fs::write(stick.path().join(&copy), &bytes).unwrap();
        let again = vault.sync(stick.path());
        assert_eq!(again.lanes[0].duplicate_parts, 1);
        assert!(wrote_nothing(&again));
    }
}

#[test]
fn a_lost_stick_loses_nothing() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.sync(stick.path());
    wipe(stick.path());
    let again = vault.sync(stick.path());
    assert_eq!(
        (again.lanes[0].packs_composed, again.lanes[0].parts_written),
        (0, 1)
    );
    courier.sync(stick.path());
    assert_eq!(courier.received(), [b"one"]);
    // The receipt is lost as well: the bundle comes again, and is answered again.
    wipe(stick.path());
    vault.sync(stick.path());
    let there = courier.sync(stick.path());
    assert_eq!(
        (
            there.lanes[0].duplicate_parts,
            there.lanes[0].packs_composed
        ),
        (1, 0)
    );
    assert_eq!(there.lanes[0].parts_written, 1);
    vault.sync(stick.path());
    assert_eq!(
        (vault.outbox_len(), courier.received()),
        (0, vec![b"one".to_vec()])
    );
}

#[test]
fn a_lost_receipt_asked_for_for_ever_uses_up_no_numbers() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    for _ in 0..300 {
        vault.sync(stick.path());
        let there = courier.sync(stick.path());
        assert!(!there.lanes[0].window_used_up);
        wipe(stick.path());
    }
    vault.sync(stick.path());
    courier.sync(stick.path());
    vault.sync(stick.path());
    assert_eq!(vault.outbox_len(), 0);
}

#[test]
fn a_second_run_on_the_same_stick_writes_nothing_and_checks_what_is_there() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.sync(stick.path());
    let again = vault.sync(stick.path());
    assert!(wrote_nothing(&again));
    assert_eq!(again.lanes[0].outgoing[0].on_medium.len(), 1);
    // The stick decays: the part that is there is found to be bad and written again.
    let name = files(stick.path()).remove(0);
    let mut bytes = fs::read(stick.path().join(&name)).unwrap();
    bytes[5000] ^= 1;
    fs::write(stick.path().join(&name), &bytes).unwrap();
    assert_eq!(vault.sync(stick.path()).lanes[0].parts_written, 1);
    courier.sync(stick.path());
    assert_eq!(courier.received(), [b"one"]);
}

#[test]
fn two_pairings_share_a_stick() {
    let ((vault_1, courier_1), (vault_2, courier_2)) = (lanes(1), lanes(2));
    let (id_1, id_2) = (vault_1.id(), vault_2.id());
    let mut vault = Machine::new(&[vault_1, vault_2]);
    let mut near = Machine::new(&[courier_1]);
    let mut far = Machine::new(&[courier_2]);
    let stick = TempDir::new().unwrap();
    vault.send_on(id_1, b"for the first");
    vault.send_on(id_2, b"for the second");
    near.send(b"from the first");
    far.send(b"from the second");
    vault.sync(stick.path());
    near.sync(stick.path());
    far.sync(stick.path());
    vault.sync(stick.path());
    assert_eq!(near.received(), [b"for the first"]);
    assert_eq!(far.received(), [b"for the second"]);
    assert_eq!(vault.received_on(id_1), [b"from the first"]);
    assert_eq!(vault.received_on(id_2), [b"from the second"]);
    assert_eq!(vault.outbox_len(), 0);
}

#[test]
fn foreign_files_are_left_alone() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    let foreign = [
        ("holiday.jpg", vec![1; 100]),
        ("firmware.bin", noise(1, 70_000)),
        ("small.bin", vec![2; 10]),
        // An unfinished download of another program.
        ("movie.part", vec![3; 1000]),
    ];
    for (name, bytes) in &foreign {
        fs::write(stick.path().join(name), bytes).unwrap();
    }
    vault.send(b"one");
    let out = vault.sync(stick.path());
    assert_eq!(out.foreign_count, 3);
    assert_eq!(out.leftovers_removed, 0);
    courier.sync(stick.path());
    vault.sync(stick.path());
    assert_eq!(vault.outbox_len(), 0);
    for (name, bytes) in &foreign {
        assert_eq!(&fs::read(stick.path().join(name)).unwrap(), bytes, "{name}");
    }
    assert_eq!(files(stick.path()).len(), foreign.len());
}

#[test]
fn a_read_only_stick_is_read_and_said_to_be_so() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.sync(stick.path());
    let before = files(stick.path());
    let mut read_only = Faulty::new(stick.path());
    read_only.read_only = true;
    for taken in [1, 0] {
        let report = courier.sync_with(&read_only.stick());
        assert!(report.medium_read_only);
        assert_eq!(report.lanes[0].packs_taken, taken);
        assert!(wrote_nothing(&report));
        report.outcome().unwrap();
    }
    assert_eq!(files(stick.path()), before);
    assert_eq!(courier.received(), [b"one"]);
    courier.sync(stick.path());
    vault.sync(stick.path());
    assert_eq!(vault.outbox_len(), 0);
}

#[test]
fn thirty_three_unanswered_packs_become_one() {
    let (mut vault, mut courier) = pair();
    let first = TempDir::new().unwrap();
    for number in 0..32_u64 {
        vault.send(&noise(number, 100));
        vault.sync(first.path());
    }
    assert_eq!(vault.lane().outstanding().count(), 32);
    vault.send(&noise(32, 100));
    let second = TempDir::new().unwrap();
    vault.sync(second.path());
    assert_eq!(vault.lane().outstanding().count(), 1);
    assert_eq!(files(second.path()).len(), 1);
    // The old ones arrive late, in any case without harm.
    courier.sync(second.path());
    assert_eq!(courier.received().len(), 33);
    courier.sync(first.path());
    assert_eq!(courier.received().len(), 33);
    vault.sync(first.path());
    assert_eq!(vault.outbox_len(), 0);
    assert_eq!(files(first.path()), [] as [&str; 0]);
}

#[test]
fn parts_that_are_done_with_are_removed_from_a_stick_that_returns() {
    let (mut vault, mut courier) = pair();
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    vault.send(b"one");
    vault.sync(one.path());
    vault.sync(other.path());
    courier.sync(one.path());
    vault.sync(one.path());
    assert_eq!(files(other.path()).len(), 1);
    vault.sync(other.path());
    assert_eq!(files(other.path()), [] as [&str; 0]);
}

#[test]
fn a_withdrawn_bundle_does_not_leave_any_more() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"regretted");
    vault.sync(stick.path());
    vault.withdraw_all();
    vault.send(b"meant");
    vault.sync(stick.path());
    assert_eq!(files(stick.path()).len(), 1);
    courier.sync(stick.path());
    assert_eq!(courier.received(), [b"meant"]);
}

#[test]
fn a_bundle_that_cannot_be_read_is_said_to_be_so() {
    let (mut vault, _) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.withdraw_all();
    vault.send(b"two");
    let lost = vault.lane_id();
    vault.send_on(lost, b"three");
    let mut broken = vault;
    broken.lose_bundles();
    let err = broken
        .try_sync(&Faulty::new(stick.path()).stick(), &mut crossing::Quiet)
        .unwrap_err();
    assert_eq!(err.code(), "crossing-bundle-unreadable");
    assert_eq!(err.exit(), Exit::Failed);
}

#[test]
fn too_many_lost_packs_are_refused_before_one_is_sealed() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    let mut used_up = false;
    for number in 0..300_u64 {
        // A pack that is given up uses a number too.
        vault.withdraw_all();
        vault.send(&noise(number, 10));
        if number > 255 {
            vault.send(&noise(255, 10));
        }
        let report = vault.sync(stick.path());
        used_up |= report.lanes[0].window_used_up;
        if used_up {
            assert!(report.lanes[0].items_waiting > 0);
            assert_eq!(
                report.outcome().unwrap_err().code(),
                "crossing-window-used-up"
            );
            break;
        }
        wipe(stick.path());
    }
    assert!(used_up);
    // What is outstanding still opens the way.
    courier.sync(stick.path());
    vault.sync(stick.path());
    courier.sync(stick.path());
    vault.sync(stick.path());
    assert_eq!(vault.outbox_len(), 0);
}

#[test]
fn a_stick_looks_random() {
    let (mut vault, _) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(&[0; 3 << 20]);
    vault.sync(stick.path());
    let names = files(stick.path());
    assert_eq!(names.len(), 4);
    let parts: Vec<_> = names
        .iter()
        .map(|name| fs::read(stick.path().join(name)).unwrap())
        .collect();
    for (at, part) in parts.iter().enumerate() {
        let stem = names[at].strip_suffix(".bin").unwrap();
        assert!(stem.len() == 26 && stem.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let mut counts = [0_usize; 256];
        part.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        let mean = part.len() / 256;
        let spread = mean / 2 + 60;
        assert!(
            counts.iter().all(|count| count.abs_diff(mean) < spread),
            "part {at} is not noise"
        );
        for other in &parts[at + 1..] {
            assert_ne!(part[..8], other[..8], "two parts begin alike");
        }
    }
}

/// Stops after so many looks.
struct StopsAfter {
    left: std::cell::Cell<usize>,
    phases: Vec<Phase>,
}

impl StopsAfter {
    fn new(looks: usize) -> Self {
        Self {
            left: looks.into(),
            phases: Vec::new(),
        }
    }
}

impl Progress for StopsAfter {
    fn step(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64) {
        assert!(done_bytes <= total_bytes, "{phase:?}");
        if self.phases.last() != Some(&phase) {
            self.phases.push(phase);
        }
    }

    fn cancelled(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.left.get() == 0
    }
}

#[test]
fn cancelling_anywhere_loses_nothing_and_goes_on() {
    let bundles = [noise(1, 1_200_000), noise(2, 100)];
    let mut stopped_count = 0;
    for looks in 1.. {
        let (mut vault, mut courier) = pair();
        let stick = TempDir::new().unwrap();
        bundles.iter().for_each(|bundle| vault.send(bundle));
        courier.send(b"answer");
        courier.sync(stick.path());
        let mut all_done = true;
        for machine in [&mut vault, &mut courier] {
            let mut progress = StopsAfter::new(looks);
            let medium = Faulty::new(stick.path()).stick();
            match machine.try_sync(&medium, &mut progress) {
                Ok(_) => {}
                Err(err) => {
                    assert_eq!(err.code(), "cancelled", "{err}");
                    assert!(err.data_safe().starts_with("Yes"));
                    all_done = false;
                    stopped_count += 1;
                }
            }
            machine.sync(stick.path());
        }
        vault.sync(stick.path());
        courier.sync(stick.path());
        let mut received = courier.received();
        received.sort();
        let mut expected = bundles.to_vec();
        expected.sort();
        assert!(received == expected, "stopped after {looks}");
        assert_eq!((vault.outbox_len(), courier.outbox_len()), (0, 0));
        assert_eq!(files(stick.path()), [] as [&str; 0], "after {looks}");
        if all_done {
            break;
        }
    }
    assert!(stopped_count > 8, "{stopped_count}");
}

#[test]
fn progress_goes_through_its_phases_in_order() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(&noise(1, 2 << 20));
    vault.sync(stick.path());
    courier.send(b"back");
    let mut progress = StopsAfter::new(usize::MAX);
    let medium = Faulty::new(stick.path()).stick();
    courier.try_sync(&medium, &mut progress).unwrap();
    assert_eq!(
        progress.phases,
        [
            Phase::Looking,
            Phase::TakingIn,
            Phase::Writing,
            Phase::Checking
        ]
    );
}

#[test]
fn an_unreadable_file_does_not_hide_the_others() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.send(b"one");
    vault.sync(stick.path());
    vault.send(b"two");
    vault.sync(stick.path());
    // Listing, looking at two files, and the three looks at the first that is opened.
    let medium = Faulty::failing(stick.path(), 6, PULLED, false);
    let report = courier.sync_with(&medium.stick());
    assert_eq!(report.unreadable_count, 1);
    assert_eq!(report.lanes[0].packs_taken, 1);
    assert_eq!(
        report.outcome().unwrap_err().code(),
        "crossing-file-unreadable"
    );
}
