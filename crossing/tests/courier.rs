//! The courier copies, keeps back, replays, exchanges and changes what is carried.

use std::{fs, path::Path};

use crossing::{Damage, SyncReport};
use pack_format::advice::{Advice as _, Exit};
use tempfile::TempDir;

use crate::{
    machine::{Machine, noise, pair},
    media::{Faulty, PULLED},
    trips::{files, wipe},
};

type Files = Vec<(String, Vec<u8>)>;

fn copy_of(path: &Path) -> Files {
    let names = files(path).into_iter();
    names
        .map(|name| {
            let bytes = fs::read(path.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

fn put(path: &Path, copied: &Files) {
    for (name, bytes) in copied {
        fs::write(path.join(name), bytes).unwrap();
    }
}

/// A vault whose bundle of three parts is due, and what it wrote.
fn three_parts() -> (Machine, Machine, Vec<u8>, Files) {
    let (mut vault, courier) = pair();
    let bundle = noise(11, 2_500_000);
    vault.send(&bundle);
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    let parts = copy_of(stick.path());
    assert_eq!(parts.len(), 3);
    (vault, courier, bundle, parts)
}

fn refused(report: &SyncReport, damage: Damage) {
    assert_eq!(report.lanes[0].packs_taken, 0);
    let kinds: Vec<_> = report.lanes[0]
        .damaged
        .iter()
        .map(|pack| pack.damage)
        .collect();
    assert_eq!(kinds, [damage]);
    let err = report.outcome().unwrap_err();
    assert_eq!(err.code(), "crossing-pack-damaged");
    assert_eq!(err.exit(), Exit::Refused);
}

/// Whatever was done to the stick, going on as usual brings the bundle.
fn heals(mut vault: Machine, mut courier: Machine, bundle: &[u8], stick: &Path) {
    for _ in 0..2 {
        vault.sync(stick);
        courier.sync(stick);
    }
    vault.sync(stick);
    assert!(courier.received() == [bundle]);
    assert_eq!(vault.outbox_len(), 0);
    assert_eq!(courier.spooled_files(), 0);
}

#[test]
fn replayed_packs_are_taken_in_once() {
    let (mut vault, mut courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    courier.sync(stick.path());
    vault.sync(stick.path());
    for _ in 0..3 {
        put(stick.path(), &parts);
        let again = courier.sync(stick.path());
        assert_eq!(again.lanes[0].duplicate_parts, 3);
        assert_eq!(again.lanes[0].packs_taken, 0);
        vault.sync(stick.path());
    }
    assert!(courier.received() == [bundle]);
}

#[test]
fn packs_kept_back_and_reordered_all_arrive() {
    let (mut vault, mut courier) = pair();
    let mut trips = Vec::new();
    for number in 0..5_u64 {
        vault.send(&noise(number, 50));
        let stick = TempDir::new().unwrap();
        vault.sync(stick.path());
        let mut new = copy_of(stick.path());
        new.retain(|(name, _)| {
            !trips
                .iter()
                .flatten()
                .any(|(old, _): &(String, _)| old == name)
        });
        assert_eq!(new.len(), 1);
        trips.push(new);
    }
    let stick = TempDir::new().unwrap();
    for at in [4, 1, 3, 0, 2] {
        put(stick.path(), &trips[at]);
        let report = courier.sync(stick.path());
        assert_eq!(report.lanes[0].packs_taken, 1);
    }
    assert_eq!(courier.received().len(), 5);
    vault.sync(stick.path());
    assert_eq!(vault.outbox_len(), 0);
}

#[test]
fn exchanged_names_do_not_matter() {
    let (mut vault, mut courier, bundle, mut parts) = three_parts();
    let (one, other) = (parts[0].0.clone(), parts[1].0.clone());
    parts[0].0 = other;
    parts[1].0 = one;
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    courier.sync(stick.path());
    assert!(courier.received() == [bundle]);
    vault.sync(stick.path());
    assert_eq!(files(stick.path()), [] as [&str; 0]);
}

#[test]
fn exchanged_contents_are_refused_and_written_again() {
    let (vault, mut courier, bundle, mut parts) = three_parts();
    // Two whole parts, each with the other's bytes behind its own header.
    let whole: Vec<_> = (0..3).filter(|at| parts[*at].1.len() > 1 << 20).collect();
    let tail = parts[whole[0]].1.split_off(64);
    let other = parts[whole[1]].1.split_off(64);
    parts[whole[0]].1.extend(other);
    parts[whole[1]].1.extend(tail);
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    refused(&courier.sync(stick.path()), Damage::Altered);
    assert_eq!(files(stick.path()).len(), 3, "removed although refused");
    assert_eq!(courier.received().len(), 0);
    heals(vault, courier, &bundle, stick.path());
}

#[test]
fn a_part_cut_at_any_length_is_refused() {
    let (vault, mut courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    let full = parts[1].1.len();
    for len in [0, 1, 63, 64, 65, 1000, full / 2, full - 1] {
        wipe(stick.path());
        let mut cut = parts.clone();
        cut[1].1.truncate(len);
        put(stick.path(), &cut);
        let report = courier.sync(stick.path());
        assert_eq!(report.lanes[0].packs_taken, 0, "cut to {len}");
        assert_eq!(courier.received().len(), 0);
    }
    heals(vault, courier, &bundle, stick.path());
}

#[test]
fn a_longer_part_is_refused() {
    let (vault, mut courier, bundle, mut parts) = three_parts();
    parts[2].1.push(0);
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    refused(&courier.sync(stick.path()), Damage::CutShort);
    heals(vault, courier, &bundle, stick.path());
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_named() {
    let (mut vault, mut courier) = pair();
    vault.send(b"one");
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    let part = copy_of(stick.path());
    let len = part[0].1.len();
    // Looking for a part with a broken header takes a while: those are tried here and there.
    let headers = [0, 15, 16, 40, 63];
    let body = (64..200).chain((200..len).step_by(997));
    for at in headers.into_iter().chain(body).chain([len - 1]) {
        let mut flipped = part.clone();
        flipped[0].1[at] ^= 0x10;
        put(stick.path(), &flipped);
        let report = courier.sync(stick.path());
        assert_eq!(courier.received().len(), 0, "byte {at}");
        if at < 64 {
            // Without its header it is any file.
            assert_eq!(report.foreign_count, 1, "byte {at}");
        } else {
            refused(&report, Damage::Altered);
            assert_eq!(report.lanes[0].damaged[0].parts, [0]);
        }
    }
    heals(vault, courier, b"one", stick.path());
}

#[test]
fn the_damaged_part_is_named() {
    let (vault, mut courier, bundle, mut parts) = three_parts();
    let last = (0..3).min_by_key(|at| parts[*at].1.len()).unwrap();
    parts[last].1[70_000] ^= 1;
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    let report = courier.sync(stick.path());
    refused(&report, Damage::Altered);
    assert_eq!(report.lanes[0].damaged[0].parts, [2]);
    assert_eq!(report.lanes[0].damaged[0].part_count, 3);
    heals(vault, courier, &bundle, stick.path());
}

#[test]
fn a_good_copy_is_used_where_another_is_damaged() {
    let (mut vault, mut courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    for (at, (_, bytes)) in parts.iter().enumerate() {
        for copy in 0..3 {
            let mut damaged = bytes.clone();
            damaged[5000 + copy] ^= 1;
            fs::write(stick.path().join(format!("0-{at}-{copy}.bin")), damaged).unwrap();
        }
    }
    let report = courier.sync(stick.path());
    assert_eq!(report.lanes[0].packs_taken, 1);
    assert!(courier.received() == [bundle]);
    vault.sync(stick.path());
    assert_eq!(files(stick.path()), [] as [&str; 0]);
}

#[test]
fn a_damaged_part_in_the_spool_is_sent_again_or_replaced() {
    for fresh_copy in [false, true] {
        let (mut vault, mut courier, bundle, parts) = three_parts();
        let stick = TempDir::new().unwrap();
        let mut damaged = parts[0].clone();
        damaged.1[6000] ^= 1;
        put(stick.path(), &vec![damaged]);
        courier.sync(stick.path());
        assert_eq!(courier.spooled_files(), 1);
        wipe(stick.path());
        put(stick.path(), &parts[1..].to_vec());
        if fresh_copy {
            put(stick.path(), &parts[..1].to_vec());
        }
        let report = courier.sync(stick.path());
        if fresh_copy {
            assert_eq!(report.lanes[0].packs_taken, 1);
        } else {
            refused(&report, Damage::Altered);
            assert_eq!(courier.spooled_files(), 0);
        }
        vault.sync(stick.path());
        heals(vault, courier, &bundle, stick.path());
    }
}

#[test]
fn a_fresh_copy_beside_a_damaged_one_in_the_spool_is_kept_on_the_stick() {
    let (_, mut courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    let mut damaged = parts[0].clone();
    damaged.1[6000] ^= 1;
    put(stick.path(), &vec![damaged]);
    courier.sync(stick.path());
    wipe(stick.path());
    // Not complete yet: neither copy is known to be the bad one.
    put(stick.path(), &parts[..2].to_vec());
    courier.sync(stick.path());
    assert!(files(stick.path()).contains(&parts[0].0));
    put(stick.path(), &parts[2..].to_vec());
    courier.sync(stick.path());
    assert!(courier.received() == [bundle]);
    assert_eq!(courier.spooled_files(), 0);
}

#[test]
fn an_unreadable_part_is_not_taken_for_an_altered_one() {
    let (vault, mut courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    let calls = Faulty::new(stick.path());
    let mut probe = Machine::new(&courier.lanes());
    probe
        .try_sync(&calls.stick(), &mut crossing::Quiet)
        .unwrap();
    put(stick.path(), &parts);
    wipe_other_files(stick.path(), &parts);
    // The look at three files takes sixteen calls; some read of the content fails after that.
    let medium = Faulty::failing(stick.path(), 30, PULLED, false);
    let report = courier.sync_with(&medium.stick());
    refused(&report, Damage::Unreadable);
    heals(vault, courier, &bundle, stick.path());
}

fn wipe_other_files(path: &Path, kept: &Files) {
    for name in files(path) {
        if !kept.iter().any(|(kept, _)| *kept == name) {
            fs::remove_file(path.join(name)).unwrap();
        }
    }
}

#[test]
fn a_stranger_to_the_pairing_takes_nothing_in() {
    let (_, _, _, parts) = three_parts();
    let (stranger, _) = crate::machine::lanes(200);
    let mut stranger = Machine::new(&[stranger]);
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    let report = stranger.sync(stick.path());
    assert_eq!(report.foreign_count, 3);
    assert_eq!(files(stick.path()).len(), 3);
}

#[test]
fn a_machine_does_not_take_in_its_own_packs() {
    let (mut vault, _, _, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    put(stick.path(), &parts);
    let report = vault.sync(stick.path());
    assert_eq!(report.lanes[0].packs_taken, 0);
    assert_eq!(report.foreign_count, 0);
    assert_eq!(report.lanes[0].outgoing[0].on_medium.len(), 3);
}

#[test]
fn more_incomplete_packs_than_can_be_reported_still_all_arrive() {
    let (mut vault, mut courier) = pair();
    let mut packs = Vec::new();
    for number in 0..10_u64 {
        vault.send(&noise(number, 1_200_000));
        let stick = TempDir::new().unwrap();
        vault.sync(stick.path());
        let mut new = copy_of(stick.path());
        new.retain(|(name, _)| {
            !packs
                .iter()
                .flatten()
                .any(|(old, _): &(String, _)| old == name)
        });
        assert_eq!(new.len(), 2);
        packs.push(new);
    }
    let stick = TempDir::new().unwrap();
    for pack in &packs {
        put(stick.path(), &pack[..1].to_vec());
        courier.sync(stick.path());
    }
    assert_eq!(courier.lane().incoming().len(), 8);
    assert_eq!(courier.spooled_files(), 8);
    for _ in 0..3 {
        vault.sync(stick.path());
        courier.sync(stick.path());
    }
    vault.sync(stick.path());
    assert_eq!(courier.received().len(), 10);
    assert_eq!((vault.outbox_len(), courier.spooled_files()), (0, 0));
}

#[test]
fn nothing_of_a_damaged_pack_is_kept_with_the_next_one() {
    let (mut vault, mut courier) = pair();
    let stick = TempDir::new().unwrap();
    vault.options.part_bytes = 4 << 20;
    vault.send(b"in front of the damage");
    // So much that the first bundle is handed over before the damage is met.
    vault.send(&noise(1, 2_500_000));
    vault.sync(stick.path());
    let mut damaged = copy_of(stick.path());
    let near_the_end = damaged[0].1.len() - 200_000;
    damaged[0].1[near_the_end] ^= 1;
    vault.send(b"another pack");
    vault.sync(stick.path());
    put(stick.path(), &damaged);
    let report = courier.sync(stick.path());
    assert_eq!(report.lanes[0].damaged.len(), 1);
    assert_eq!(courier.received(), [b"another pack"]);
}

#[test]
fn an_empty_file_under_the_name_of_a_part_is_written_over() {
    let (vault, courier, bundle, parts) = three_parts();
    let stick = TempDir::new().unwrap();
    // What a stick that was pulled can leave.
    for (name, _) in &parts {
        fs::write(stick.path().join(name), b"").unwrap();
    }
    heals(vault, courier, &bundle, stick.path());
}
