//! A pack that needs several sticks.

use std::fs;

use crossing::{Options, SyncReport};
use tempfile::TempDir;

use crate::{
    machine::{Machine, noise, pair},
    media::Faulty,
    trips::files,
};

/// Room for one part of 1 MiB and what is left free, not for two.
const ONE_PART: u64 = 1_800_000;

/// A vault with a pack of three parts on three sticks, and its courier.
fn on_three_sticks() -> (Machine, Machine, Vec<TempDir>, Vec<u8>) {
    let (mut vault, courier) = pair();
    let bundle = noise(7, 2_500_000);
    vault.send(&bundle);
    let sticks: Vec<_> = (0..3).map(|_| TempDir::new().unwrap()).collect();
    for (at, stick) in sticks.iter().enumerate() {
        let report = vault.sync_with(&Faulty::with_capacity(stick.path(), ONE_PART).stick());
        let lane = &report.lanes[0];
        assert_eq!(lane.parts_written, 1, "stick {at}");
        assert_eq!(lane.parts_to_carry(), 2 - at, "stick {at}");
        assert_eq!(lane.outgoing[0].part_count, 3);
        assert!(
            lane.outgoing[0]
                .on_medium
                .contains(&u32::try_from(at).unwrap())
        );
        assert_eq!(files(stick.path()).len(), 1);
    }
    (vault, courier, sticks, bundle)
}

fn missing(report: &SyncReport) -> Vec<u32> {
    let incoming = report.lanes[0].incoming.first();
    incoming.map_or_else(Vec::new, |pack| {
        assert_eq!(pack.part_count, 3);
        pack.missing.clone()
    })
}

#[test]
fn three_sticks_in_any_order_bring_the_pack() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let (mut vault, mut courier, sticks, bundle) = on_three_sticks();
        for (count, at) in order.into_iter().enumerate() {
            let report = courier.sync(sticks[at].path());
            assert_eq!(
                missing(&report).len(),
                if count == 2 { 0 } else { 2 - count }
            );
            assert_eq!(courier.received().len(), usize::from(count == 2));
        }
        assert!(courier.received() == [bundle], "{order:?}");
        assert_eq!(courier.spooled_files(), 0);
        vault.sync(sticks[order[2]].path());
        assert_eq!(vault.outbox_len(), 0);
    }
}

#[test]
fn both_sides_name_the_missing_part_and_only_that_is_sent_again() {
    let (mut vault, mut courier, sticks, bundle) = on_three_sticks();
    courier.sync(sticks[0].path());
    let report = courier.sync(sticks[2].path());
    assert_eq!(missing(&report), [1]);
    assert_eq!(courier.lane().incoming()[0].missing, [1]);
    assert_eq!(courier.spooled_files(), 2);
    // Stick 1 is lost; the receipt on stick 2 says what has arrived.
    let back = vault.sync(sticks[2].path());
    let outgoing = &back.lanes[0].outgoing[0];
    assert_eq!(outgoing.arrived.iter().copied().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(back.lanes[0].parts_written, 1);
    assert!(back.lanes[0].bytes_written < 1_100_000);
    assert_eq!(files(sticks[2].path()).len(), 1);
    courier.sync(sticks[2].path());
    assert!(courier.received() == [bundle]);
    vault.sync(sticks[2].path());
    assert_eq!(vault.outbox_len(), 0);
    assert_eq!(courier.spooled_files(), 0);
}

#[test]
fn parts_that_arrived_are_removed_from_a_stick_that_returns() {
    let (mut vault, mut courier, sticks, _) = on_three_sticks();
    let copy = TempDir::new().unwrap();
    for name in files(sticks[0].path()) {
        fs::copy(sticks[0].path().join(&name), copy.path().join(&name)).unwrap();
    }
    courier.sync(sticks[0].path());
    vault.sync(sticks[0].path());
    let stick = Faulty::with_capacity(copy.path(), 700_000).stick();
    vault.sync_with(&stick);
    assert_eq!(files(copy.path()), [] as [&str; 0]);
}

#[test]
fn sticks_that_are_all_lost_are_written_again_from_the_first_part() {
    let (mut vault, mut courier, _, bundle) = on_three_sticks();
    let sticks: Vec<_> = (0..3).map(|_| TempDir::new().unwrap()).collect();
    for stick in &sticks {
        let medium = Faulty::with_capacity(stick.path(), ONE_PART).stick();
        assert_eq!(vault.sync_with(&medium).lanes[0].parts_written, 1);
    }
    for stick in &sticks {
        courier.sync(stick.path());
    }
    assert!(courier.received() == [bundle]);
}

#[test]
fn running_again_with_the_same_full_stick_changes_nothing_on_it() {
    let (mut vault, _, sticks, _) = on_three_sticks();
    let before = files(sticks[1].path());
    let report = vault.sync_with(&Faulty::with_capacity(sticks[1].path(), ONE_PART).stick());
    assert_eq!(report.lanes[0].parts_written, 0);
    assert_eq!(files(sticks[1].path()), before);
}

#[test]
fn parts_in_the_spool_that_vanish_are_asked_for_again() {
    let (mut vault, mut courier, sticks, bundle) = on_three_sticks();
    courier.sync(sticks[0].path());
    courier.sync(sticks[1].path());
    vault.sync(sticks[1].path());
    let lane = fs::read_dir(courier.spool_path()).unwrap().next().unwrap();
    let lane = lane.unwrap().path();
    let first = files(&lane).remove(0);
    fs::remove_file(lane.join(first)).unwrap();
    fs::write(lane.join("left-by-a-crash.new"), b"x").unwrap();
    let report = courier.sync(sticks[1].path());
    assert_eq!(missing(&report).len(), 2.min(missing(&report).len()));
    assert!(!files(&lane).iter().any(|name| name.ends_with(".new")));
    for _ in 0..2 {
        vault.sync(sticks[0].path());
        courier.sync(sticks[0].path());
    }
    assert!(courier.received() == [bundle]);
}

#[test]
fn what_a_crash_left_in_the_spool_is_removed_by_any_run() {
    let (_, mut courier, sticks, _) = on_three_sticks();
    courier.sync(sticks[0].path());
    let lane = fs::read_dir(courier.spool_path()).unwrap().next().unwrap();
    let lane = lane.unwrap().path();
    fs::write(lane.join("left-by-a-crash.new"), b"x").unwrap();
    let empty = TempDir::new().unwrap();
    courier.sync(empty.path());
    assert_eq!(files(&lane).len(), 1);
}

#[test]
fn a_small_stick_makes_small_parts_and_a_large_one_large_parts() {
    let (mut vault, _) = pair();
    vault.options = Options::default();
    vault.send(&noise(1, 9 << 20));
    let stick = TempDir::new().unwrap();
    vault.sync_with(&Faulty::with_capacity(stick.path(), 9 << 20).stick());
    assert_eq!(vault.lane().outstanding().next().unwrap().part_count(), 5);
    let (mut vault, _) = pair();
    vault.options = Options::default();
    vault.send(&noise(1, 9 << 20));
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    assert_eq!(vault.lane().outstanding().next().unwrap().part_count(), 1);
}

#[test]
fn a_full_stick_leaves_what_is_due_unsealed() {
    let (mut vault, _) = pair();
    vault.send(b"one");
    let stick = TempDir::new().unwrap();
    let report = vault.sync_with(&Faulty::with_capacity(stick.path(), 10_000).stick());
    assert_eq!(report.lanes[0].items_waiting, 1);
    assert!(!report.lanes[0].window_used_up);
    assert_eq!(vault.lane().outstanding().count(), 0);
    assert_eq!(vault.sync(stick.path()).lanes[0].parts_written, 1);
}

#[test]
fn a_pack_of_many_parts_is_found_by_its_last_ones() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(3, 11 << 20);
    vault.send(&bundle);
    let all = TempDir::new().unwrap();
    vault.sync(all.path());
    let outgoing = vault.lane();
    let part_count = outgoing.outstanding().next().unwrap().part_count();
    assert_eq!(part_count, 12);
    // Every stick brings three of the parts.
    for chunk in files(all.path()).chunks(3) {
        let stick = TempDir::new().unwrap();
        for name in chunk {
            fs::copy(all.path().join(name), stick.path().join(name)).unwrap();
        }
        courier.sync(stick.path());
    }
    assert!(courier.received() == [bundle]);
}

#[test]
fn receipts_do_not_wait_for_a_large_pack() {
    let (mut vault, mut courier, sticks, _) = on_three_sticks();
    courier.send(&noise(9, 3 << 20));
    // The courier's own pack does not fit on the stick; its receipt goes along all the same.
    let back = Faulty::with_capacity(sticks[0].path(), ONE_PART).stick();
    assert!(courier.sync_with(&back).lanes[0].parts_to_carry() > 0);
    let report = vault.sync(sticks[0].path());
    assert_eq!(report.lanes[0].outgoing[0].arrived.len(), 1);
}
