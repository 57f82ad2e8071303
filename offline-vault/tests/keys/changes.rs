//! Keys that end later, get subkeys, certify, are revoked and go.

use std::fs;

use super::*;

#[test]
fn gpg_sees_the_new_end_and_the_new_subkeys() {
    let amina = with_release();
    let gpg = Gpg::new();
    amina.done(&["key", "renew", "release", "--until", "2031-12-31"]);
    amina.done(&["key", "add-subkey", "release", "--purpose", "encryption"]);
    amina.done(&["key", "rotate", "release"]);
    gpg.import(&amina.exported("release"));
    let listed = gpg.text(&["--list-keys"], b"");
    // The last second of that day.
    assert!(listed.contains(":1956527999:"), "{listed}");
    assert_eq!(listed.matches("\nsub:").count(), 4, "{listed}");
    amina.refused(
        &["key", "renew", "release", "--until", "2020-01-01"],
        "openpgp-ends-before-now",
    );
    let both = [
        "key",
        "renew",
        "release",
        "--until",
        "2031-12-31",
        "--for",
        "1y",
    ];
    assert_eq!(amina.run(&both).code, 2);
}

#[test]
fn other_kinds_of_keys_have_no_end_and_no_subkeys() {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    for arguments in [
        &["key", "renew", "git", "--for", "1y"][..],
        &["key", "rotate", "git"],
        &["key", "add-subkey", "git", "--purpose", "signing"],
    ] {
        amina.refused(arguments, "key-other-kind");
    }
}

#[test]
fn a_certification_takes_the_fingerprint_and_gpg_sees_it() {
    let (amina, bruno) = (with_release(), Machine::new("Bruno"));
    let theirs = "Bruno <bruno@example.org>";
    bruno.done(&["key", "generate", "own", "--user-id", theirs]);
    let file = bruno.exported("own");
    let output = amina.text_path("certified");
    let fingerprint = bruno.key("own")["key"].as_str().unwrap().to_owned();
    let certify = [
        "key",
        "certify",
        "release",
        file.to_str().unwrap(),
        "--user-id",
        theirs,
        "--output",
        &output,
    ];
    let wrong = amina.run_with_input(&certify, "00000000\n");
    wrong.expect_error("fingerprint-differs");
    assert_eq!(wrong.code, 3);
    let unknown: Vec<&str> = certify
        .iter()
        .map(|part| if *part == theirs { "Mallory" } else { part })
        .collect();
    let last = &fingerprint[fingerprint.len() - 8..];
    let typed = format!("{last}\n");
    let refused = amina.run_with_input(&unknown, &typed);
    refused.expect_error("openpgp-no-such-user-id");
    assert!(!amina.path("certified").exists());
    let done = amina.run_with_input(&certify, &typed);
    assert_eq!(done.code, 0, "{done:?}");

    let gpg = Gpg::new();
    gpg.import(&amina.exported("release"));
    gpg.import(&amina.path("certified"));
    let checked = gpg.text(&["--check-sigs", &fingerprint], b"");
    let own = amina.key("release")["key"].as_str().unwrap().to_owned();
    let id = &own[own.len() - 16..];
    assert!(checked.contains(&format!("sig:!::22:{id}")), "{checked}");
    assert_eq!(amina.key("release")["made_within_a_day"], 1);
}

#[test]
fn gpg_sees_the_revocation_that_was_made_at_birth() {
    let amina = with_release();
    let output = amina.text_path("revoked");
    let revoke = ["key", "revoke", "release", "--output", &output];
    let refused = amina.run_with_input(&revoke, "other\n");
    refused.expect_error("key-not-confirmed");
    assert_eq!(amina.key("release")["retired_at"], Value::Null);
    let done = amina.run_with_input(&revoke, "release\n");
    assert_eq!(done.code, 0, "{done:?}");
    let gpg = Gpg::new();
    gpg.import(Path::new(&output));
    let listed = gpg.text(&["--list-keys"], b"");
    assert!(listed.contains("\npub:r:"), "{listed}");
    assert!(amina.key("release")["retired_at"].is_i64());
}

#[test]
fn ssh_keygen_takes_the_line_of_a_retired_key() {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    let public = amina.exported("git");
    let (line, list) = (amina.text_path("line"), amina.text_path("list"));
    let revoke = ["key", "revoke", "git", "--output", &line];
    let done = amina.run_with_input(&revoke, "git\n");
    assert_eq!(done.code, 0, "{done:?}");
    ran("ssh-keygen", &["-k", "-f", &list, &line], "");
    let asked = Command::new("ssh-keygen")
        .args(["-Q", "-f", &list, public.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(said.contains("REVOKED"), "{asked:?}");
}

#[test]
fn a_key_is_renamed_and_removed_only_by_its_name() {
    let amina = Machine::new("Amina");
    for name in ["git", "other"] {
        amina.done(&["key", "generate", name, "--kind", "ssh"]);
    }
    amina.refused(&["key", "rename", "git", "other"], "key-name-taken");
    amina.done(&["key", "rename", "git", "daily"]);
    let remove = ["key", "remove", "daily"];
    amina.refused(&remove, "no-answer");
    amina
        .run_with_input(&remove, "yes\n")
        .expect_error("key-not-confirmed");
    let done = amina.run_with_input(&remove, "daily\n");
    assert_eq!(done.code, 0, "{done:?}");
    let listed = amina.json(&["key", "list"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_restored_vault_has_the_keys_and_goes_on_with_the_journal() {
    let (lost, new) = (with_release(), Machine::empty("Amina"));
    let words = lost.key_passphrase();
    let backup = lost.text_path("backup");
    let made = lost.json(&["backup", &backup, "--backup-passphrase-file", &words]);
    assert_eq!(made["key_count"], 1);
    assert_eq!(made["signature_count"], 1);
    let restore = ["restore", &backup, "--backup-passphrase-file", &words];
    let cost = ["--kdf-memory-mib", "64", "--kdf-passes", "1"];
    new.done(&[&restore[..], &cost[..]].concat());
    let of = |machine: &Machine| fs::read(machine.exported("release")).unwrap();
    assert_eq!(of(&new), of(&lost));
    new.done(&["key", "renew", "release", "--for", "3y"]);
    let journal = new.json(&["journal", "--signatures"]);
    let kinds: Vec<_> = journal["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["key made", "key renewed"]);
}
