//! What a seizer sees of a locked vault.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::machine::{Machine, PASSPHRASE, files_below};

#[test]
fn nothing_in_the_directory_can_be_read() {
    let amina = Machine::new("Amina-Canary");
    let bruno = Machine::new("Bruno-Canary");
    amina.done(&[
        "contact",
        "add",
        &bruno.card_file(),
        "--as",
        "nickname-canary",
    ]);
    amina.done(&[
        "contact",
        "verify",
        "nickname-canary",
        "--words",
        &bruno.words(),
    ]);
    amina.done(&["pair", "show", "--name", "pairing-canary"]);
    let mut canaries: Vec<String> = bruno.words().split(' ').map(str::to_owned).collect();
    canaries.retain(|word| word.len() > 4);
    canaries.extend(["canary", PASSPHRASE, "SQLite", "CREATE TABLE"].map(str::to_owned));
    let files = files_below(&amina.vault());
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap().to_ascii_lowercase();
        for canary in &canaries {
            let canary = canary.to_ascii_lowercase();
            let found = bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {}", file.display());
        }
    }
}

#[test]
fn every_file_is_for_its_owner_only() {
    let machine = Machine::new("Amina");
    machine.done(&["pair", "show", "--name", "laptop"]);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.vault()), 0o700);
    for dir in ["bundles", "spool"] {
        assert_eq!(mode(&machine.vault().join(dir)), 0o700);
    }
    for file in files_below(&machine.vault()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let card = machine.card_file();
    assert_eq!(mode(card.as_ref()), 0o600);
}

#[test]
fn two_vaults_of_one_person_and_passphrase_share_no_run_of_bytes() {
    let (one, two) = (Machine::new("Amina"), Machine::new("Amina"));
    let read = |machine: &Machine, file: &str| fs::read(machine.vault().join(file)).unwrap();
    let (mut first, mut second) = (read(&one, "vault.db"), read(&two, "vault.db"));
    first.truncate(64 * 1024);
    second.truncate(64 * 1024);
    let windows: std::collections::BTreeSet<_> = first.windows(8).collect();
    assert!(!second.windows(8).any(|window| windows.contains(window)));
}
