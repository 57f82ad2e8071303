//! What becomes of a journal that somebody has been at.

use std::path::Path;

use pack_format::codec::Wire as _;
use pack_format::relay::{PublicKey, Signed};
use pack_format::secret::Secret32;
use signing_format::request::RequestHash;

use super::*;
use crate::files::create_private;
use crate::store::{Meta, Store};

const NOW: UnixTime = UnixTime(1_800_000_000);
const KEY: KeyReference = KeyReference::Ssh([3; 32]);

fn identity() -> Identity {
    Identity::from_seed(Secret32::new([1; 32]))
}

fn store(dir: &Path) -> Store {
    let path = dir.join("vault.db");
    create_private(&path).unwrap();
    let meta = Meta {
        vault_seed: Secret32::new([5; 32]),
        identity_seed: Secret32::new([1; 32]),
        own_name: "Amina".to_owned(),
        incarnation: 1,
        decapsulation_seed: Secret32::new([6; 32]),
        card_serial: 1,
        clock_floor: NOW,
    };
    Store::create(&path, &Secret32::new([9; 32]), &(meta, 1)).unwrap()
}

fn draft(kind: EntryKind, name: &str) -> Draft {
    Draft {
        request: Some(RequestHash([7; 32])),
        digest: Digest::Sha512([8; 64]),
        name: name.to_owned(),
        namespace: "file".to_owned(),
        approvers: vec![PublicKey([2; 32])],
        ..Draft::of_key(kind, KEY, "release", "")
    }
}

fn add(store: &Store, kind: EntryKind, name: &str, now: UnixTime) -> u64 {
    store
        .write(|changes| append(changes, draft(kind, name), &identity(), now))
        .unwrap()
}

fn three(dir: &Path) -> Store {
    let store = store(dir);
    add(&store, EntryKind::KeyMade, "", NOW);
    add(&store, EntryKind::FileSigned, "one", NOW);
    add(&store, EntryKind::CommitSigned, "two", NOW);
    store
}

fn chain(dir: &Path) -> Vec<Signed<Entry>> {
    three(dir).read().signature_entries().unwrap()
}

#[test]
fn entries_follow_one_another_and_verify() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let entries = verify(&store.read(), identity().key()).unwrap();
    let numbers: Vec<_> = entries.iter().map(Entry::number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(entries[1].draft(), &draft(EntryKind::FileSigned, "one"));
}

#[test]
fn every_kind_of_entry_and_digest_survives_its_encoding() {
    let digests = [
        Digest::None,
        Digest::GitSha1([1; 20]),
        Digest::GitSha256([2; 32]),
        Digest::Sha512([3; 64]),
        Digest::Blake2b([4; 64]),
        Digest::Blake3([5; 32]),
        Digest::FingerprintV4([6; 20]),
        Digest::FingerprintV6([7; 32]),
    ];
    for code in 1..=18 {
        for digest in digests {
            let bytes = {
                let mut made = draft(EntryKind::FileSigned, "name");
                made.digest = digest;
                let entry = Entry::sign(None, made, &identity(), NOW);
                let mut bytes = entry.to_wire();
                // The kind stands behind version, vault, number, hash and time.
                bytes[1 + 32 + 8 + 32 + 8] = code;
                bytes
            };
            let read = Signed::<Entry>::from_wire(&bytes).unwrap();
            assert_eq!(read.to_wire(), bytes);
            assert!(!read.peek_statement().draft().kind.to_string().is_empty());
        }
    }
}

#[test]
fn no_statement_of_the_database_changes_or_removes_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    for statement in [
        "UPDATE signature_journal SET entry = x'00' WHERE number = 2",
        "DELETE FROM signature_journal WHERE number = 3",
    ] {
        let refused = store.dangerously_run_raw(statement);
        assert!(refused.is_err(), "{statement}");
    }
}

#[test]
fn an_entry_that_was_changed_beneath_the_vault_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let changed = {
        let entries = store.read().signature_entries().unwrap();
        let mut bytes = entries[1].to_wire();
        let at = bytes
            .windows(3)
            .position(|window| window == b"one")
            .unwrap();
        bytes[at] = b'O';
        data_encoding::HEXLOWER.encode(&bytes)
    };
    for statement in [
        "DROP TRIGGER signature_journal_is_append_only_update".to_owned(),
        format!("UPDATE signature_journal SET entry = x'{changed}' WHERE number = 2"),
    ] {
        store.dangerously_run_raw(&statement).unwrap();
    }
    let found = verify(&store.read(), identity().key());
    assert!(matches!(
        found,
        Err(JournalError::Altered { number: 2, .. })
    ));
    let refused = export(&store.read(), &identity(), NOW);
    assert!(matches!(refused, Err(JournalError::Altered { .. })));
}

#[test]
fn a_removed_an_exchanged_and_a_foreign_entry_break_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain(dir.path());
    let vault = identity().key();
    let removed = [entries[0].clone(), entries[2].clone()];
    let exchanged = [entries[1].clone(), entries[0].clone(), entries[2].clone()];
    let without_first = &entries[1..];
    for broken in [&removed[..], &exchanged, without_first] {
        assert!(matches!(
            verify_chain(broken, vault),
            Err(JournalError::Broken { .. })
        ));
    }
    let stranger = Identity::from_seed(Secret32::new([2; 32]));
    let foreign = Entry::sign(
        entries.get(1),
        draft(EntryKind::FileSigned, "x"),
        &stranger,
        NOW,
    );
    let with_foreign = [entries[0].clone(), entries[1].clone(), foreign];
    assert!(matches!(
        verify_chain(&with_foreign, vault),
        Err(JournalError::Broken { number: 3 })
    ));
}

#[test]
fn an_export_verifies_elsewhere_and_no_flipped_bit_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let text = export(&store.read(), &identity(), NOW).unwrap();
    let checked = check_export(&text).unwrap();
    assert_eq!(checked.entries.len(), 3);
    assert_eq!(checked.vault, identity().key());
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(flipped) = String::from_utf8(bytes) else {
            continue;
        };
        assert!(check_export(&flipped).is_err(), "byte {at}");
    }
}

#[test]
fn an_export_without_its_last_entry_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = three(dir.path());
    let text = export(&store.read(), &identity(), NOW).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let (found, stated) = (2, 3);
    let refused = check_export(&cut);
    assert!(
        matches!(refused, Err(JournalError::Cut { found: f, stated: s }) if (f, s) == (found, stated))
    );
}

#[test]
fn signatures_of_a_day_are_counted_for_each_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let count = |now: i64| made_within_a_day(&store.read(), &KEY, UnixTime(now)).unwrap();
    add(&store, EntryKind::KeyMade, "", NOW);
    for second in 0..300 {
        let at = UnixTime(NOW.0 + second);
        add(&store, EntryKind::CommitSigned, "c", at);
    }
    assert_eq!(count(NOW.0 + 300), 300);
    let day = 24 * 60 * 60;
    assert_eq!(count(NOW.0 + day), 299);
    assert_eq!(count(NOW.0 + day + 150), 149);
    assert_eq!(count(NOW.0 + 2 * day), 0);
    let other = KeyReference::Ssh([4; 32]);
    let others = made_within_a_day(&store.read(), &other, NOW).unwrap();
    assert_eq!(others, 0);
}

#[test]
fn a_clock_that_is_put_back_makes_no_room_and_no_earlier_entry() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    add(&store, EntryKind::FileSigned, "x", UnixTime(NOW.0 - 90_000));
    let entries = verify(&store.read(), identity().key()).unwrap();
    assert_eq!(entries[0].at(), NOW);
    let before = UnixTime(NOW.0 - 90_000);
    assert_eq!(made_within_a_day(&store.read(), &KEY, before).unwrap(), 1);
}

#[test]
fn the_example_of_the_specification_holds() {
    let mut made = Draft::of_key(EntryKind::FileSigned, KEY, "release", "");
    made.digest = Digest::Blake3([8; 32]);
    made.name = "notes.txt".to_owned();
    made.namespace = "file".to_owned();
    let entry = Entry::sign(None, made, &identity(), NOW);
    let specification = include_str!("../../../../spec/keys.md").replace('\n', "");
    for (what, bytes) in [
        ("entry", entry.to_wire()),
        ("hash", EntryHash::of(&entry).0.to_vec()),
    ] {
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        assert!(specification.contains(&hex), "{what}: {hex}");
    }
}
