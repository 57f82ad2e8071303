//! Who gets in, and what a stop or damage does to the way in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use offline_vault::clock::UnixTime;
use offline_vault::passphrase::Passphrase;
use offline_vault::vault::{NewVault, Vault, VaultError};
use offline_vault::vault_key::KdfCost;
use pack_format::advice::Advice as _;

use crate::machine::{Machine, PASSPHRASE};

const NOW: UnixTime = UnixTime(1_800_000_000);

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn cheap() -> KdfCost {
    KdfCost::new(64, 1).unwrap()
}

fn create(dir: &Path, now: UnixTime) -> Result<Vault, VaultError> {
    let new = NewVault {
        dir,
        name: "Amina",
        key_file: None,
        cost: cheap(),
        now,
    };
    Vault::create(&new, &passphrase(PASSPHRASE))
}

fn open(dir: &Path, text: &str) -> Result<Vault, VaultError> {
    Vault::open(dir, &passphrase(text), None, NOW)
}

#[test]
fn a_wrong_passphrase_is_refused_and_changes_nothing() {
    let machine = Machine::new("Amina");
    let before = fs::read(machine.vault().join("vault.db")).unwrap();
    let wrong = machine.write("wrong", b"canary wrong horse battery");
    let answer = machine.run_bare(&["status", "--passphrase-file", &wrong]);
    answer.expect_error("vault-wrong-passphrase");
    assert_eq!(answer.code, 3);
    assert_eq!(before, fs::read(machine.vault().join("vault.db")).unwrap());
}

#[test]
fn a_changed_passphrase_replaces_the_old_one() {
    let machine = Machine::new("Amina");
    let words = machine.words();
    let new = machine.write("new", b"another passphrase of mine");
    machine.done(&["change-passphrase", "--new-passphrase-file", &new]);
    machine.refused(&["status"], "vault-wrong-passphrase");
    let answer = machine.run_bare(&["card", "--words", "--passphrase-file", &new]);
    assert_eq!(answer.stdout.trim(), words);
}

#[test]
fn a_short_new_passphrase_is_refused_before_anything_is_written() {
    let machine = Machine::empty("Amina");
    let short = machine.write("short", b"nine char");
    let arguments = [
        &machine.init_arguments()[..],
        &["--passphrase-file", &short],
    ]
    .concat();
    let answer = machine.run_bare(&arguments);
    answer.expect_error("passphrase-short");
    assert!(!machine.vault().exists());
}

#[test]
fn a_passphrase_file_that_others_can_read_is_pointed_out() {
    let machine = Machine::new("Amina");
    let path = machine.path("passphrase");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let answer = machine.run(&["status"]);
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("chmod 600"), "{answer:?}");
}

#[test]
fn without_a_terminal_and_a_file_the_person_is_told_what_to_do() {
    let machine = Machine::new("Amina");
    let mut alone = std::process::Command::new("setsid");
    alone.arg("--wait").arg(env!("CARGO_BIN_EXE_offline-vault"));
    alone.arg("status").env("CAUSEWAY_VAULT", machine.vault());
    let output = alone.stdin(std::process::Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("[passphrase-no-terminal]"), "{stderr}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_vault_with_a_key_file_needs_the_same_one() {
    let machine = Machine::empty("Amina");
    let right = machine.write("right", &[1; 64]);
    let other = machine.write("other", &[2; 64]);
    let init = [&machine.init_arguments()[..], &["--key-file", &right]].concat();
    machine.done(&init);
    machine.done(&["status", "--key-file", &right]);
    machine.refused(&["status"], "key-file-needed");
    machine.refused(&["status", "--key-file", &other], "vault-wrong-passphrase");
}

#[test]
fn a_missing_vault_is_reported_before_a_passphrase_is_asked_for() {
    let machine = Machine::empty("Amina");
    let answer = machine.run_bare(&["status"]);
    answer.expect_error("vault-missing");
    assert_eq!(answer.code, 2);
    assert!(!machine.vault().exists());
}

#[test]
fn a_directory_with_anything_in_it_is_never_overwritten() {
    let machine = Machine::new("Amina");
    machine.refused(&machine.init_arguments(), "vault-exists");
    let other = Machine::empty("Bruno");
    fs::create_dir(other.vault()).unwrap();
    other.write("vault/letter", b"mine");
    other.refused(&other.init_arguments(), "vault-exists");
    assert_eq!(fs::read(other.path("vault/letter")).unwrap(), b"mine");
}

#[test]
fn a_vault_that_lost_a_file_says_which() {
    let machine = Machine::new("Amina");
    for file in ["vault.key", "vault.db"] {
        let path = machine.vault().join(file);
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let answer = machine.refused(&["status"], "vault-incomplete");
        assert!(answer.stderr.contains(file), "{answer:?}");
        machine.refused(&machine.init_arguments(), "vault-exists");
        fs::write(&path, kept).unwrap();
    }
    machine.done(&["status"]);
}

#[test]
fn damage_to_the_key_or_the_database_is_told_from_a_wrong_passphrase() {
    let machine = Machine::new("Amina");
    for (file, code) in [
        ("vault.key", "vault-key-damaged"),
        ("vault.db", "store-damaged"),
    ] {
        let path = machine.vault().join(file);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - 1;
        for at in [0, at / 2, at] {
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let answer = machine.run(&["status"]);
            // A page of the database that nobody reads is found by the check of the store only.
            if file == "vault.key" || at == 0 {
                answer.expect_error(code);
                assert_eq!(answer.code, 3);
            }
            bytes[at] ^= 1;
        }
        fs::write(&path, &bytes).unwrap();
    }
    machine.done(&["status"]);
}

#[test]
fn every_page_of_the_database_is_checked_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    drop(create(&path, NOW).unwrap());
    open(&path, PASSPHRASE).unwrap().store().check().unwrap();
    let database = path.join("vault.db");
    let mut bytes = fs::read(&database).unwrap();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    fs::write(&database, &bytes).unwrap();
    let checked = open(&path, PASSPHRASE).and_then(|vault| Ok(vault.store().check()?));
    assert_eq!(checked.unwrap_err().code(), "store-damaged");
}

/// `create` gives the key its name last; each earlier stop leaves one of these.
#[test]
fn a_stop_while_a_vault_is_made_leaves_nothing_in_the_way() {
    let whole = tempfile::tempdir().unwrap();
    drop(create(&whole.path().join("vault"), NOW).unwrap());
    let stops: [&[(&str, &str)]; 5] = [
        &[],
        &[("vault.key", "vault.key.new")],
        &[("bundles", "bundles"), ("vault.key", "vault.key.new")],
        &[("vault.key", "vault.key.new"), ("vault.db", "vault.db.new")],
        &[("vault.key", "vault.key.new"), ("vault.db", "vault.db")],
    ];
    for left in stops {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault");
        fs::create_dir(&path).unwrap();
        for (from, to) in left {
            let from = whole.path().join("vault").join(from);
            if from.is_dir() {
                fs::create_dir(path.join(to)).unwrap();
            } else {
                fs::copy(from, path.join(to)).unwrap();
            }
        }
        let early = open(&path, PASSPHRASE).err().unwrap();
        assert_eq!(early.code(), "vault-missing", "{left:?}");
        drop(create(&path, NOW).unwrap_or_else(|err| panic!("{left:?}: {err}")));
        open(&path, PASSPHRASE).unwrap();
    }
}

#[test]
fn a_stop_while_the_passphrase_changes_leaves_the_old_one_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = create(&path, NOW).unwrap();
    let old = fs::read(path.join("vault.key")).unwrap();
    vault
        .change_passphrase(&passphrase("another passphrase"), None, cheap(), NOW)
        .unwrap();
    drop(vault);
    let new = fs::read(path.join("vault.key")).unwrap();
    // The stop comes before the rename, with the new key written in part or in full.
    for written in [&new[..0], &new[..50], &new[..]] {
        fs::write(path.join("vault.key"), &old).unwrap();
        fs::write(path.join("vault.key.next"), written).unwrap();
        open(&path, PASSPHRASE).unwrap();
        assert!(!path.join("vault.key.next").exists());
    }
    // The stop comes after it.
    fs::write(path.join("vault.key"), &new).unwrap();
    open(&path, "another passphrase").unwrap();
}

#[test]
fn a_bundle_that_was_never_finished_is_removed_at_the_next_opening() {
    let machine = Machine::new("Amina");
    let left = machine.write("vault/bundles/left", b"half a bundle");
    machine.done(&["status"]);
    assert!(!Path::new(&left).exists());
}

#[test]
fn a_number_for_random_keys_is_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    drop(create(&path, NOW).unwrap());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let vault = open(&path, PASSPHRASE).unwrap();
        for _ in 0..3 {
            let taken = vault.store().write(|changes| changes.take_rng_counter());
            assert!(seen.insert(taken.unwrap()));
            let undone: Result<(), _> = vault.store().write(|changes| {
                changes.take_rng_counter()?;
                Err(VaultError::CardIsOwn)
            });
            assert!(undone.is_err());
        }
    }
    assert!(
        seen.first() > Some(&1),
        "the keys of the vault itself used number 1"
    );
}

#[test]
fn a_generator_cannot_be_taken_inside_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(&dir.path().join("vault"), NOW).unwrap();
    let nested: Result<(), VaultError> = vault.store().write(|_| vault.rng().map(drop));
    assert_eq!(nested.unwrap_err().code(), "store-failed");
    assert!(vault.rng().is_ok());
}

#[test]
fn any_clock_opens_the_vault_and_an_earlier_one_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let (year_1970, year_2100) = (UnixTime(0), UnixTime(4_102_444_800));
    drop(create(&path, year_1970).unwrap());
    let open_at = |now| Vault::open(&path, &passphrase(PASSPHRASE), None, now).unwrap();
    assert_eq!(open_at(year_2100).clock_floor_before(), year_1970);
    assert_eq!(open_at(year_1970).clock_floor_before(), year_2100);
    assert_eq!(open_at(NOW).clock_floor_before(), year_2100);
}

#[test]
fn a_clock_before_the_floor_is_reported_by_status_and_stops_nothing() {
    let machine = Machine::empty("Amina");
    drop(create(&machine.vault(), UnixTime(i64::from(u32::MAX) * 2)).unwrap());
    let status = machine.json(&["status"]);
    assert_eq!(status["clock"]["finding"], "problem");
    let text = status["clock"]["text"].as_str().unwrap();
    assert!(text.contains("2242-03-16"), "{text}");
    machine.done(&["card"]);
}

#[test]
fn a_cost_that_is_too_small_is_refused() {
    let machine = Machine::empty("Amina");
    let arguments = ["init", "--name", "Amina", "--kdf-memory-mib", "63"];
    machine.refused(&arguments, "kdf-cost");
    assert!(!machine.vault().exists());
}

#[test]
fn the_key_of_one_vault_opens_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    drop(create(&one, NOW).unwrap());
    drop(create(&two, NOW).unwrap());
    fs::copy(one.join("vault.key"), two.join("vault.key")).unwrap();
    let mixed = open(&two, PASSPHRASE).err().unwrap();
    assert_eq!(mixed.code(), "store-damaged");
}
