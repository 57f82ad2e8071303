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
    let end = |digits: usize| format!("{}\n", &fingerprint[fingerprint.len() - digits..]);
    // Anybody can make a key with the same last eight digits.
    for short in ["\n".to_owned(), end(8), end(15)] {
        let refused = amina.run_with_input(&certify, &short);
        refused.expect_error("fingerprint-differs");
    }
    let typed = end(16).to_lowercase();
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
fn all_of_a_certificate_is_shown_before_it_is_certified() {
    let (amina, bruno) = (with_release(), Machine::new("Bruno"));
    let theirs = format!("Bruno {}\u{202e}end <bruno@example.org>", "x".repeat(600));
    let made = ["key", "generate", "own", "--user-id"];
    bruno.done(&[&made[..], &["Bruno", "--user-id", &theirs]].concat());
    let text = fs::read_to_string(bruno.exported("own")).unwrap();
    // A user attribute: a part that cannot be shown.
    let with_attribute = [&dearmored(&text)[..], &[0xd1, 3, 2, 100, 0]].concat();
    let file = amina.write("own", &with_attribute);
    let output = amina.text_path("certified");
    let fingerprint = bruno.key("own")["key"].as_str().unwrap().to_owned();
    let certify = ["key", "certify", "release", &file, "--output", &output];
    let certify = [&certify[..], &["--user-id", &theirs]].concat();

    let refused = amina.run_with_input(&certify, &format!("{fingerprint}\nyes\n"));
    refused.expect_error("risk-not-accepted");
    let shown = &refused.stderr;
    assert!(
        shown.contains("xxx\\u{202e}end <bruno@example.org>"),
        "{shown}"
    );
    assert!(shown.contains("Not certified  Bruno\n"), "{shown}");
    assert!(!amina.path("certified").exists());
    let typed = format!("{fingerprint}\nunknown-certificate-parts\n");
    let done = amina.run_with_input(&certify, &typed);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(amina.path("certified").exists());
}

/// The packets in an armoured file.
fn dearmored(armor: &str) -> Vec<u8> {
    let (_, body) = armor.split_once("\n\n").unwrap();
    let lines = body
        .lines()
        .take_while(|line| !line.starts_with(['=', '-']));
    data_encoding::BASE64
        .decode(lines.collect::<String>().as_bytes())
        .unwrap()
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
