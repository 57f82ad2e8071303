//! Backups of vaults that have done some work, and what becomes of them in wrong hands.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crossing::{Options, Quiet};
use pack_format::advice::{Advice as _, Exit};
use pack_format::chunked::MessageStream;
use pack_format::relay::{Invitation, PublicKey, RelayAddress};

use super::sealed::{self, Salts, SealingWriter};
use super::*;
use crate::files::FileError;
use crate::names::LocalName;
use crate::store::{ChainDirection, IncomingId, RecipientState};
use crate::vault::{NewVault, VaultError};
use crate::work::{
    Crossed, Medium, SendRequest, Special, gaps, inbox, inspect, outbox, read_message, save, send,
    sync,
};

const NOW: UnixTime = UnixTime(1_800_000_000);
const LATER: UnixTime = UnixTime(1_800_100_000);

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn vault(&self, name: &str) -> Vault {
        let new = NewVault {
            dir: &self.path(name),
            name,
            key_file: None,
            cost: cost(),
            now: NOW,
        };
        Vault::create(&new, &passphrase("a long passphrase")).unwrap()
    }

    /// A fresh stick, so that nothing of another pairing lies on it.
    fn stick(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        path
    }
}

fn cost() -> KdfCost {
    KdfCost::new(64, 1).unwrap()
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn name(text: &str) -> LocalName {
    LocalName::new(text).unwrap()
}

fn introduce(to: &Vault, other: &Vault, nickname: &str) {
    let card = other.card().unwrap();
    to.add_contact(&card, Some(&name(nickname)), NOW).unwrap();
    let words = card.fingerprint().words().join(" ");
    let how = "in person";
    to.verify_contact(&name(nickname), &words, how, NOW)
        .unwrap();
}

fn pair(amina: &Vault, bilal: &Vault, lane: &str) {
    let code = amina
        .show_pairing(&name(lane), Some(&name("bilal")), NOW)
        .unwrap();
    let words = code.words().join(" ");
    bilal
        .type_pairing(&name(lane), Some(&name("amina")), &words, NOW)
        .unwrap();
}

fn cross(vault: &Vault, stick: &Path) -> Crossed {
    let crossed = sync(
        vault,
        Medium::Stick(stick),
        &Options::default(),
        NOW,
        &mut Quiet,
    )
    .unwrap();
    assert!(crossed.outcome.is_ok(), "{:?}", crossed.outcome);
    crossed
}

fn tell(from: &Vault, to: &str, text: &str, paths: Vec<PathBuf>) -> ItemId {
    let request = SendRequest {
        to: vec![name(to)],
        paths,
        message: Some(text.to_owned()),
        special: Special::Refuse,
        unverified_accepted: false,
    };
    send(from, &request, NOW, &mut |_| true).unwrap().item
}

fn incoming(item: ItemId) -> IncomingId {
    match item {
        ItemId::In(id) => id,
        ItemId::Out(_) => panic!("not of the inbox"),
    }
}

/// Amina and Bilal, who have written to each other both ways; Amina has an unread folder, one
/// confirmed bundle, and one that is not out yet.
fn at_work(place: &Place) -> (Vault, Vault) {
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    let relay = RelayAddress::new("https://relay.example", PublicKey([4; 32])).unwrap();
    let code = [9; 16];
    amina.add_relay(&Invitation { relay, code }, NOW).unwrap();
    introduce(&amina, &bilal, "bilal");
    introduce(&bilal, &amina, "amina");
    pair(&amina, &bilal, "direct");
    let stick = place.stick("stick");
    let folder = place.path("report");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("text"), "words ".repeat(10_000)).unwrap();
    tell(&bilal, "amina", "Please check.", vec![folder]);
    tell(&amina, "bilal", "Confirmed later.", Vec::new());
    for vault in [&bilal, &amina, &bilal, &amina, &bilal] {
        cross(vault, &stick);
    }
    tell(&amina, "bilal", "Never left.", Vec::new());
    (amina, bilal)
}

fn request<'a>(path: &'a Path, passphrase: &'a Passphrase) -> BackupRequest<'a> {
    BackupRequest {
        path,
        passphrase,
        cost: cost(),
        existing: Existing::Keep,
        damaged: DamagedBundles::Refuse,
    }
}

fn back_up(vault: &Vault, path: &Path) -> Backup {
    let passphrase = passphrase("for the drawer");
    backup(vault, &request(path, &passphrase), NOW, &mut |_| true).unwrap()
}

fn read(path: &Path) -> Result<CheckedBackup, BackupError> {
    read_backup(path, &passphrase("for the drawer"), cost(), &mut |_| true)
}

fn restore(backup: &Path, dir: &Path, now: UnixTime) -> Result<(Vault, Restored), BackupError> {
    let request = RestoreRequest {
        dir,
        key_file: None,
        cost: cost(),
        now,
    };
    read(backup)?.restore(&request, &passphrase("a new passphrase"), &mut |_| true)
}

fn key(path: &Path) -> Secret32 {
    let salt = sealed::read_salt(&fs::read(path).unwrap()).unwrap();
    sealed::key_of(&passphrase("for the drawer"), &salt, cost()).unwrap()
}

/// Checks a file with a key that was derived before.
fn check(path: &Path, key: &Secret32) -> Result<CheckedBackup, BackupError> {
    let file = BundleFile::open(path).map_err(BackupError::Read)?;
    CheckedBackup::check(sealed::open(file, key)?, &mut |_| true)
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_restored_vault_has_people_and_inbox_and_is_another_incarnation() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    let made = back_up(&amina, &place.path("b"));
    assert_eq!(
        (made.contents.contact_count, made.contents.bundle_count),
        (1, 1)
    );
    let (again, restored) = restore(&place.path("b"), &place.path("again"), LATER).unwrap();
    let (old, new) = (amina.card().unwrap(), again.card().unwrap());
    assert_eq!(new.identity(), old.identity());
    assert!(new.encapsulation_key() != old.encapsulation_key());
    assert!(new.age() > old.age());
    assert_eq!(new.age(), (restored.incarnation, 1));
    let contact = again.contact(&name("bilal")).unwrap();
    assert_eq!(
        contact.verification,
        amina.contact(&name("bilal")).unwrap().verification
    );
    let (one, other) = (old.mailboxes(), new.mailboxes());
    assert_eq!((one.len(), &one[0].relay), (1, &other[0].relay));
    assert_eq!(one[0].send_seed.expose(), other[0].send_seed.expose());
    let seen = |vault: &Vault| vault.store().read().all_seen().unwrap();
    assert_eq!((seen(&again), seen(&again).len()), (seen(&amina), 2));
    let items = inbox(&again).unwrap();
    let read = read_message(&again, incoming(items[0].item), NOW).unwrap();
    assert_eq!(read.text.as_deref(), Some("Please check."));
    let out = place.path("out");
    save(&again, items[0].item, &out, NOW, &mut |_| true).unwrap();
    assert_eq!(
        fs::read_to_string(out.join("report/text")).unwrap(),
        "words ".repeat(10_000)
    );
    drop(again);
    let opened = Vault::open(
        &place.path("again"),
        &passphrase("a new passphrase"),
        None,
        NOW,
    );
    assert!(opened.is_ok(), "the passphrase is the new vault's own");
}

#[test]
fn a_restored_vault_tells_its_contacts_and_work_goes_on_both_ways() {
    let place = Place::new();
    let (amina, bilal) = at_work(&place);
    back_up(&amina, &place.path("b"));
    drop(amina);
    let (again, restored) = restore(&place.path("b"), &place.path("again"), LATER).unwrap();
    assert_eq!(restored.told, [name("bilal")]);
    pair(&again, &bilal, "after");
    let stick = place.stick("second");
    cross(&again, &stick);
    cross(&bilal, &stick);
    let known = bilal.contact(&name("amina")).unwrap();
    assert_eq!(known.card.age(), (restored.incarnation, 1));
    assert_eq!(inbox(&bilal).unwrap().last().unwrap().summary, "a new card");

    tell(&bilal, "amina", "To the new one.", Vec::new());
    let sent = tell(&again, "bilal", "From the new one.", Vec::new());
    for vault in [&bilal, &again, &bilal, &again] {
        cross(vault, &stick);
    }
    let last = inbox(&again).unwrap().pop().unwrap();
    let read = read_message(&again, incoming(last.item), NOW).unwrap();
    assert_eq!(read.text.as_deref(), Some("To the new one."));
    let items = outbox(&again).unwrap();
    let item = items.iter().find(|item| item.item == sent).unwrap();
    assert_eq!(item.readers[0].state, RecipientState::Confirmed);
    assert_eq!(
        (gaps(&again).unwrap(), gaps(&bilal).unwrap()),
        (vec![], vec![])
    );
}

#[test]
fn what_had_been_sent_is_shown_with_what_is_known_of_it() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    back_up(&amina, &place.path("b"));
    let (again, _) = restore(&place.path("b"), &place.path("again"), LATER).unwrap();
    let known: Vec<_> = past_outbox(&again)
        .unwrap()
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert!(known[0][0].starts_with("Confirmed by bilal"), "{known:?}");
    assert!(known[1][0].ends_with("Send it again."), "{known:?}");
    // A backup of the restored vault keeps it.
    let contents = back_up(&again, &place.path("b2")).contents;
    assert_eq!(contents.past.len(), 3, "two of the past and the new card");
}

#[test]
fn each_restore_is_newer_than_the_one_before() {
    let numbers = |old, now, random| next(old, now, random);
    assert!(numbers(1, 1_800_000_000, 63) < numbers(1, 1_800_004_000, 0));
    for clock in [i64::MIN, 0, 3600, i64::MAX] {
        assert!(numbers(7, clock, 0) > 7, "a clock at {clock}");
    }
    assert_ne!(
        numbers(7, 0, 1),
        numbers(7, 0, 2),
        "one stopped clock, two restores"
    );
    assert!(numbers(u32::MAX - 1, 0, 9) == u32::MAX);
}

fn next(old: u32, now: i64, random: u8) -> u32 {
    super::restore::next_incarnation(old, [UnixTime(now), UnixTime(0)], [random])
}

#[test]
fn no_key_of_what_is_under_way_is_in_a_backup() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    let path = place.path("b");
    back_up(&amina, &path);
    let file = BundleFile::open(&path).unwrap();
    let message = sealed::open(file, &key(&path)).unwrap();
    let mut plain = Vec::new();
    MessageStream::new(&message, 0)
        .read_to_end(&mut plain)
        .unwrap();

    let tables = amina.store().read();
    let meta = tables.meta().unwrap();
    let mut secrets = vec![
        meta.decapsulation_seed.expose().to_vec(),
        meta.vault_seed.expose().to_vec(),
    ];
    secrets.extend(
        tables
            .lanes()
            .unwrap()
            .iter()
            .map(|lane| lane.state.to_vec()),
    );
    for direction in [ChainDirection::Send, ChainDirection::Receive] {
        let chains = tables.chains(direction).unwrap();
        assert!(!chains.is_empty());
        secrets.extend(chains.iter().map(|chain| chain.state.to_vec()));
    }
    let outgoing = tables.outgoing().unwrap();
    secrets.extend(
        outgoing
            .iter()
            .map(|row| row.bundle_key.secret.expose().to_vec()),
    );
    let canaries: HashSet<&[u8]> = secrets.iter().flat_map(|it| it.windows(16)).collect();
    let is_random = |it: &[u8]| it.iter().collect::<HashSet<_>>().len() > 8;
    let found = plain
        .windows(16)
        .find(|it| is_random(it) && canaries.contains(it));
    assert_eq!(found, None);
    // The scan finds what is in it.
    assert!(
        plain
            .windows(32)
            .any(|it| it == meta.identity_seed.expose())
    );
}

#[test]
fn a_backup_cannot_be_told_from_noise_and_small_ones_are_of_one_size() {
    let place = Place::new();
    let (amina, bilal) = (place.vault("amina"), place.vault("bilal"));
    introduce(&amina, &bilal, "bilal");
    let one = back_up(&amina, &place.path("one"));
    let other = back_up(&bilal, &place.path("other"));
    assert_eq!(one.size_bytes, other.size_bytes);
    for seen in inspect(&place.path("one")).unwrap().files {
        assert_eq!(seen.looks_random, Some(true));
    }
    let (one, other) = (
        fs::read(place.path("one")).unwrap(),
        fs::read(place.path("other")).unwrap(),
    );
    let same = one
        .iter()
        .zip(&other)
        .filter(|(one, other)| one == other)
        .count();
    assert!(same < one.len() / 128, "{same} bytes in common");
}

#[test]
fn every_flipped_byte_of_a_backup_is_refused() {
    let place = Place::new();
    let path = place.path("b");
    let size = back_up(&place.vault("amina"), &path).size_bytes;
    let key = key(&path);
    assert!(check(&path, &key).is_ok());
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let flip = |at| {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    };
    // The passphrase's salt first: another salt is another key.
    for at in [0, 17, 31] {
        flip(at);
        assert!(matches!(read(&path), Err(BackupError::Locked)), "byte {at}");
        flip(at);
    }
    for at in 32..size {
        flip(at);
        let refused = check(&path, &key).map(drop).unwrap_err();
        assert_eq!(refused.exit(), Exit::Refused, "byte {at}: {refused}");
        let is_front = at < 88;
        assert_eq!(
            matches!(refused, BackupError::Locked),
            is_front,
            "byte {at}: {refused}"
        );
        flip(at);
    }
    assert!(read(&path).is_ok());
}

#[test]
fn a_backup_cut_at_any_length_is_refused() {
    let place = Place::new();
    let path = place.path("b");
    let size = back_up(&place.vault("amina"), &path).size_bytes;
    let key = key(&path);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for len in (0..size).rev() {
        file.set_len(len).unwrap();
        let refused = check(&path, &key).map(drop).unwrap_err();
        assert_eq!(refused.exit(), Exit::Refused, "cut to {len}: {refused}");
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_leaves_nothing() {
    let place = Place::new();
    let path = place.path("b");
    back_up(&place.vault("amina"), &path);
    let refused = read_backup(&path, &passphrase("for the Drawer"), cost(), &mut |_| true);
    let refused = refused.map(drop).unwrap_err();
    assert_eq!(
        (refused.code(), refused.exit()),
        ("backup-locked", Exit::Refused)
    );
    assert!(
        refused.to_string().contains("damaged"),
        "both reasons are named"
    );
}

#[test]
fn a_restore_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    back_up(&amina, &place.path("b"));
    let checked = read(&place.path("b")).unwrap();
    for dir in ["made for it", "there before"] {
        let dir = place.path(dir);
        let was_there = dir.ends_with("there before");
        if was_there {
            fs::create_dir(&dir).unwrap();
        }
        let request = RestoreRequest {
            dir: &dir,
            key_file: None,
            cost: cost(),
            now: NOW,
        };
        let new = passphrase("a new passphrase");
        let stopped = checked.restore(&request, &new, &mut |_| false);
        assert!(matches!(stopped, Err(BackupError::Stopped)));
        assert_eq!(dir.exists(), was_there);
        assert!(!was_there || names_in(&dir).is_empty());
    }
}

#[test]
fn a_machine_that_stops_during_a_restore_leaves_no_vault_and_the_next_restore_works() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    back_up(&amina, &place.path("b"));
    let (dir, snapshot) = (place.path("again"), place.path("snapshot"));
    let request = RestoreRequest {
        dir: &dir,
        key_file: None,
        cost: cost(),
        now: NOW,
    };
    let new = passphrase("a new passphrase");
    let mut snap = |_| {
        copy_dir(&dir, &snapshot);
        true
    };
    let checked = read(&place.path("b")).unwrap();
    checked.restore(&request, &new, &mut snap).unwrap();
    assert!(
        names_in(&snapshot)
            .iter()
            .any(|name| name.ends_with("-journal"))
    );
    assert_eq!(names_in(&snapshot.join("bundles")).len(), 1);
    assert!(matches!(
        Vault::look(&snapshot),
        Err(VaultError::Missing { .. })
    ));
    let (again, _) = restore(&place.path("b"), &snapshot, NOW).unwrap();
    assert_eq!(inbox(&again).unwrap().len(), 1);
    assert_eq!(
        names_in(&snapshot.join("bundles")).len(),
        2,
        "the inbox and the new card"
    );
}

fn copy_dir(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_directory_with_anything_in_it_is_left_alone() {
    let place = Place::new();
    let amina = place.vault("amina");
    back_up(&amina, &place.path("b"));
    let mine = place.path("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("thesis"), "words").unwrap();
    for dir in [mine.clone(), place.path("amina")] {
        let refused = restore(&place.path("b"), &dir, NOW).map(drop);
        let exists = matches!(refused, Err(BackupError::Vault(VaultError::Exists { .. })));
        assert!(exists, "{refused:?}");
    }
    assert_eq!(names_in(&mine), ["thesis"]);
    assert!(amina.card().is_ok());
}

#[test]
fn damaged_bundles_are_named_and_no_backup_is_claimed() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    let item = inbox(&amina).unwrap()[0].item;
    let row = amina
        .store()
        .read()
        .incoming_bundle(incoming(item))
        .unwrap()
        .unwrap();
    let stored = amina.paths().bundles().join(&row.bundle.file);
    let good = fs::read(&stored).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let cut = good[..100].to_vec();
    for bad in [Some(flipped), Some(cut), None] {
        match bad {
            Some(bytes) => fs::write(&stored, bytes).unwrap(),
            None => fs::remove_file(&stored).unwrap(),
        }
        let secret = passphrase("for the drawer");
        let (path, skipped) = (place.path("b"), place.path("skipped"));
        let refused = backup(&amina, &request(&path, &secret), NOW, &mut |_| true).unwrap_err();
        assert_eq!(
            (refused.code(), refused.exit()),
            ("backup-bundles-damaged", Exit::Failed)
        );
        assert!(refused.to_string().contains(&item.to_string()));
        assert!(!path.exists() && !place.path("b.part").exists());

        let request = BackupRequest {
            damaged: DamagedBundles::Skip,
            existing: Existing::Replace,
            ..request(&skipped, &secret)
        };
        let made = backup(&amina, &request, NOW, &mut |_| true).unwrap();
        assert_eq!((made.skipped, made.contents.damaged_count), (vec![item], 1));
    }
    let (again, _) = restore(&place.path("skipped"), &place.path("again"), LATER).unwrap();
    let items = inbox(&again).unwrap();
    assert!(items[0].is_damaged && !items[0].is_read);
    let refused = read_message(&again, incoming(items[0].item), NOW).unwrap_err();
    assert_eq!(refused.code(), "bundle-refused");
}

/// A medium with room for so many bytes.
struct Full {
    left: usize,
}

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_reported_wherever_it_happens() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    let salts = Salts {
        passphrase: [1; 32],
        message: [2; 24],
    };
    let size = back_up(&amina, &place.path("b")).size_bytes;
    let write_to = |left: u64| -> io::Result<()> {
        let sink = Full {
            left: usize::try_from(left).unwrap(),
        };
        let out = SealingWriter::new(sink, &Secret32::new([3; 32]), &salts)?;
        let mut progress = |_| true;
        let mut gather = Gather::new(&amina, out, &mut progress);
        match gather.all(NOW) {
            Ok(()) => gather.out.finish().map(drop),
            Err(GatherError::Write(err)) => Err(err),
            Err(GatherError::Other(err)) => panic!("{err}"),
        }
    };
    for left in (0..size).step_by(999).chain([size - 1]) {
        let failed = write_to(left).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull, "room for {left}");
    }
    write_to(size).unwrap();
}

#[test]
fn a_backup_that_is_stopped_leaves_the_one_before() {
    let place = Place::new();
    let (amina, _bilal) = at_work(&place);
    let path = place.path("b");
    back_up(&amina, &path);
    let before = fs::read(&path).unwrap();
    let secret = passphrase("for the drawer");
    let kept = backup(&amina, &request(&path, &secret), NOW, &mut |_| true);
    assert!(matches!(
        kept,
        Err(BackupError::File(FileError::Exists { .. }))
    ));
    let replacing = BackupRequest {
        existing: Existing::Replace,
        ..request(&path, &secret)
    };
    // What a machine left that stopped during an earlier backup to this name.
    fs::write(place.path("b.part"), "half").unwrap();
    for allowed in [0, 1] {
        let mut calls = 0;
        let mut stop = |_| {
            calls += 1;
            calls <= allowed
        };
        let stopped = backup(&amina, &replacing, NOW, &mut stop);
        assert!(matches!(stopped, Err(BackupError::Stopped)));
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(!place.path("b.part").exists());
    }
}

#[test]
fn content_of_a_newer_version_or_out_of_order_is_told_from_damage() {
    let place = Place::new();
    let owner = || {
        Record::Owner(Owner {
            identity_seed: Secret32::new([1; 32]),
            name: "amina".to_owned(),
            incarnation: 1,
            made_at: NOW,
        })
        .to_bytes()
    };
    let end = Record::End.to_bytes();
    let path = place.path("b");
    let code = |parts: &[&[u8]]| {
        let salts = Salts {
            passphrase: [1; 32],
            message: [2; 24],
        };
        let key = Secret32::new([3; 32]);
        let mut out = SealingWriter::new(Vec::new(), &key, &salts).unwrap();
        out.write_all(&parts.concat()).unwrap();
        fs::write(&path, out.finish().unwrap()).unwrap();
        match check(&path, &key) {
            Ok(_) => "fine",
            Err(err) => err.code(),
        }
    };
    let end_of_1 = [7, 0, 0, 0, 0];
    assert_eq!(code(&[&[2], &owner(), &end]), "fine");
    assert_eq!(code(&[&[1], &owner(), &end_of_1]), "fine");
    assert_eq!(code(&[&[3], &owner(), &end]), "backup-newer");
    assert_eq!(code(&[&[0], &owner(), &end]), "backup-newer");
    let huge = [&[1_u8][..], &[0xff; 4]].concat();
    for wrong in [
        &[&[2_u8][..], &end[..]][..],
        &[&[2], &owner(), &owner(), &end],
        &[&[2], &owner()],
        &[&[2], &owner(), &end, &[1]],
        &[&[2], &owner(), &end, &[0; 17_000]],
        &[&[2], &huge],
        &[&[2], &owner(), &[10, 0, 0, 0, 0]],
        &[&[2], &owner(), &end_of_1],
        &[&[1], &owner(), &end],
        &[&[1], &owner(), &[8, 0, 0, 0, 0]],
    ] {
        assert_eq!(code(wrong), "backup-unreadable");
    }
}

/// A vault with a key of each kind, of which one is retired and one has a policy of its own.
fn with_signing_keys(vault: &Vault) {
    use crate::openpgp::KeyVersion;
    use crate::signing::keys::{Generate, generate, retire, set_policy};
    let openpgp = |version| Generate::OpenPgp {
        user_ids: vec!["Amina <amina@example.org>".to_owned()],
        version,
        for_encryption: true,
        valid_secs: Some(86_400 * 365),
    };
    let ssh = Generate::Ssh {
        comment: "amina@example.org".to_owned(),
    };
    for (text, wanted) in [
        ("release", openpgp(KeyVersion::V4)),
        ("new", openpgp(KeyVersion::V6)),
        ("git", ssh),
        ("files", Generate::Minisign),
    ] {
        generate(vault, &name(text), wanted, NOW).unwrap();
    }
    retire(vault, &name("files"), "files", NOW).unwrap();
    let git = vault.store().read().signing_key_named(&name("git"));
    let mut policy = git.unwrap().unwrap().policy;
    policy.per_day = 7;
    set_policy(vault, &name("git"), &policy, "7 a day", NOW).unwrap();
}

#[test]
fn signing_keys_their_policies_and_the_journal_survive() {
    let place = Place::new();
    let amina = place.vault("amina");
    with_signing_keys(&amina);
    let made = back_up(&amina, &place.path("b"));
    let counts = (made.contents.key_count, made.contents.signature_count);
    assert_eq!(counts, (4, 6));
    let (again, _) = restore(&place.path("b"), &place.path("again"), LATER).unwrap();
    let (before, after) = (amina.store().read(), again.store().read());
    let keys = before.signing_keys().unwrap();
    let restored = after.signing_keys().unwrap();
    for (key, kept) in keys.iter().zip(&restored) {
        let secret = before.signing_key_secret(key.id).unwrap();
        assert_eq!(*after.signing_key_secret(kept.id).unwrap(), *secret);
        let same_row = crate::store::SigningKey {
            id: key.id,
            ..kept.clone()
        };
        assert_eq!(same_row, *key);
        crate::signing::keys::secret(&after, kept).unwrap();
    }
    assert_eq!(keys.len(), restored.len());
    let identity = again.identity().key();
    let journal = crate::signing::journal::verify(&after, identity).unwrap();
    let entries = crate::signing::journal::verify(&before, identity).unwrap();
    assert_eq!(journal, entries);
    // The chain goes on where it was.
    crate::signing::keys::rename(&again, &name("git"), &name("daily"), LATER).unwrap();
    let journal = crate::signing::journal::verify(&after, identity).unwrap();
    assert_eq!(journal.len(), entries.len() + 1);
}

/// Content that is longer than a run of chunks, so that every path of the sealing is taken.
#[test]
fn a_backup_of_several_megabytes_is_whole() {
    let place = Place::new();
    let (amina, bilal) = at_work(&place);
    let mut noise = vec![0; 5 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    fs::write(place.path("noise"), &noise).unwrap();
    tell(&bilal, "amina", "Large.", vec![place.path("noise")]);
    let stick = place.path("stick");
    cross(&bilal, &stick);
    cross(&amina, &stick);
    let made = back_up(&amina, &place.path("b"));
    assert!(made.contents.bundle_bytes > 5 << 20);
    let (again, _) = restore(&place.path("b"), &place.path("again"), LATER).unwrap();
    let last = inbox(&again).unwrap().pop().unwrap();
    save(&again, last.item, &place.path("out"), NOW, &mut |_| true).unwrap();
    assert_eq!(fs::read(place.path("out/noise")).unwrap(), noise);
}

#[test]
fn a_medium_that_does_not_keep_what_it_is_given_is_found_out() {
    let place = Place::new();
    let path = place.path("b");
    back_up(&place.vault("amina"), &path);
    let key = key(&path);
    let temporary = Temporary::create(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    (&temporary.file).write_all(&bytes).unwrap();
    assert!(read_back(&temporary, &key, &mut |_| true).is_ok());
    bytes[9000] ^= 1;
    temporary.file.write_all_at(&bytes, 0).unwrap();
    let refused = read_back(&temporary, &key, &mut |_| true).unwrap_err();
    assert_eq!(
        (refused.code(), refused.exit()),
        ("backup-not-read-back", Exit::Failed)
    );
}

/// The smallest backup there is, under fixed salts and the cost of every backup.
#[test]
fn the_example_of_the_specification_holds() {
    let salts = Salts {
        passphrase: [5; 32],
        message: [6; 24],
    };
    let cost = KdfCost::OF_BACKUP;
    let key = sealed::key_of(&passphrase("six words"), &salts.passphrase, cost).unwrap();
    let owner = Record::Owner(Owner {
        identity_seed: Secret32::new([1; 32]),
        name: "Amina".to_owned(),
        incarnation: 1,
        made_at: NOW,
    });
    let content = [&[2][..], &owner.to_bytes(), &Record::End.to_bytes()].concat();
    let mut out = SealingWriter::new(Vec::new(), &key, &salts).unwrap();
    out.write_all(&content).unwrap();
    let file = out.finish().unwrap();
    let specification = include_str!("../../../../spec/backup.md").replace('\n', "");
    let hash = *blake3::hash(&file).as_bytes();
    let commitment = &file[56..88];
    for (what, bytes) in [
        ("key", key.expose().as_slice()),
        ("content", &content),
        ("commitment", commitment),
        ("file", &hash),
    ] {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        assert!(specification.contains(&hex), "{what}: {hex}");
    }
    assert_eq!(file.len(), 16_504);
}
