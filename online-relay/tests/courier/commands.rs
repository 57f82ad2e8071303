//! The courier's commands as a person runs them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pack_format::words::PairingCode;

use super::world::Site;
use crate::common::{Person, TestRelay, bundle};

fn run(courier: &Path, arguments: &[&str]) -> Output {
    command(courier, arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn command(courier: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_online-relay"));
    command
        .arg("courier")
        .args(arguments)
        .env("CAUSEWAY_COURIER", courier)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The lines that a run shows, with what differs between two runs taken out.
fn shown(output: &Output, site: &Site, relay: &TestRelay) -> String {
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    all.replace(relay.address.url(), "http://RELAY")
        .replace(site.stick.to_str().unwrap(), "/media/stick")
}

#[test]
fn a_trip_says_what_happened_in_plain_words() {
    let relay = TestRelay::start();
    let (keys, ben) = (Person::new(1), relay.member(2));
    let mut site = Site::at(&relay);
    site.vault.use_mailbox(&relay, &keys);
    site.vault.send(&relay.address, &keys, &bundle(700_000, 1));
    site.vault.send(&relay.address, &ben, &bundle(700_000, 2));
    site.vault_trip();
    let stick = site.stick.to_str().unwrap().to_owned();
    let first = run(&site.courier_dir, &["sync", "--stick", &stick]);
    site.vault_trip();
    let second = run(&site.courier_dir, &["sync", "--stick", &stick]);
    let third = run(&site.courier_dir, &["sync", "--stick", &stick]);
    let status = run(&site.courier_dir, &["status"]);
    let all: Vec<String> = [&first, &second, &third, &status]
        .iter()
        .map(|output| {
            assert_eq!(output.status.code(), Some(0));
            shown(output, &site, &relay)
        })
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_trip_with_trouble_says_what_waits_and_how_to_go_on() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut site = Site::new("https://other.example");
    site.vault.send(&relay.address, &ben, &bundle(5000, 1));
    site.vault.send(&relay.address, &ben, &bundle(5000, 2));
    site.vault_trip();
    let stick = site.stick.to_str().unwrap().to_owned();
    let output = run(&site.courier_dir, &["sync", "--stick", &stick]);
    assert_eq!(output.status.code(), Some(1));
    let status = run(&site.courier_dir, &["status"]);
    insta::assert_snapshot!(
        [&output, &status]
            .map(|it| shown(it, &site, &relay))
            .join("\n")
    );
}

#[test]
fn a_trip_for_programs_is_one_json_object() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut site = Site::at(&relay);
    site.vault.send(&relay.address, &ben, &bundle(5000, 1));
    site.vault_trip();
    let stick = site.stick.to_str().unwrap().to_owned();
    let output = run(&site.courier_dir, &["sync", "--json", "--stick", &stick]);
    assert_eq!(text(&output.stderr), "");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["vaults"][0]["name"], "Amina");
    assert_eq!(object["vaults"][0]["bundles_taken"], 1);
    assert_eq!(object["vaults"][0]["on_medium"]["receipts"], 1);
    assert_eq!(object["servers"][0]["bundles_uploaded"], 1);
    assert_eq!(object["servers"][0]["outcome"], "done");
    assert_eq!(object["safe_to_remove"], true);
    assert_eq!(object["problems"], serde_json::json!([]));
}

#[test]
fn a_courier_is_made_paired_and_told_its_servers() {
    let dir = tempfile::tempdir().unwrap();
    let courier = dir.path().join("courier");
    let missing = run(&courier, &["status"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("online-relay courier init"));

    let made = run(&courier, &["init", "--server", "https://Relay.Example/"]);
    assert_eq!(made.status.code(), Some(0));
    run(&courier, &["server", "add", "http://abc.onion"]);
    let list = run(&courier, &["server", "list"]);
    assert_eq!(
        text(&list.stdout),
        "http://abc.onion\nhttps://relay.example\n"
    );
    let removed = run(&courier, &["server", "remove", "http://abc.onion"]);
    assert_eq!(removed.status.code(), Some(0));
    let bad = run(&courier, &["server", "add", "relay.example"]);
    assert_eq!(bad.status.code(), Some(2));

    let shown = run(&courier, &["pair", "show", "--name", "Amina"]);
    assert!(PairingCode::from_words(text(&shown.stdout)).is_ok());
    let list = run(&courier, &["pair", "list"]);
    assert_eq!(text(&list.stdout), "Amina\n");
    let removed = run(&courier, &["pair", "remove", "Amina"]);
    assert_eq!(removed.status.code(), Some(0));
    let again = run(&courier, &["pair", "remove", "Amina"]);
    assert_eq!(again.status.code(), Some(2));
}

#[test]
fn words_are_typed_from_a_file_or_a_pipe_and_never_from_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let courier = dir.path().join("courier");
    run(&courier, &["init"]);
    let words = PairingCode::new([3; 16]).words().join(" ");
    let file = dir.path().join("code");
    std::fs::write(&file, &words).unwrap();
    let path = file.to_str().unwrap();
    let from_file = ["pair", "type", "--name", "A", "--code-file", path];
    assert_eq!(run(&courier, &from_file).status.code(), Some(0));

    let mut child = command(
        &courier,
        &["pair", "type", "--name", "B", "--code-file", "-"],
    )
    .stdin(Stdio::piped())
    .spawn()
    .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(words.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let list = run(&courier, &["pair", "list"]);
    assert_eq!(text(&list.stdout), "A\nB\n");

    let nothing = run(&courier, &["pair", "type", "--name", "C"]);
    assert_eq!(nothing.status.code(), Some(2));
    std::fs::write(&file, "abandon ability").unwrap();
    let wrong = ["pair", "type", "--name", "C", "--code-file", path];
    let wrong = run(&courier, &wrong);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("[pairing-bad-code]"));
    std::fs::write(&file, "zoo ".repeat(1000)).unwrap();
    let large = run(
        &courier,
        &["pair", "type", "--name", "C", "--code-file", path],
    );
    assert!(text(&large.stderr).contains("[pairing-code-unreadable]"));
}

#[test]
fn a_trip_without_a_medium_and_offline_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    let courier = dir.path().join("courier");
    run(&courier, &["init"]);
    let nothing = run(&courier, &["sync", "--offline"]);
    assert_eq!(nothing.status.code(), Some(2));
    let unpaired = run(&courier, &["sync", "--json"]);
    assert_eq!(unpaired.status.code(), Some(2));
    let object: serde_json::Value = serde_json::from_slice(&unpaired.stdout).unwrap();
    assert_eq!(object["error"]["code"], "courier-no-pairing");
}

#[test]
fn a_trip_with_trouble_does_not_say_that_there_was_nothing_to_do() {
    let relay = TestRelay::start();
    let mut site = Site::new("https://other.example");
    site.vault.fetch_from(&relay.address, &Person::new(1));
    site.vault_trip();
    let stick = site.stick.to_str().unwrap();
    run(&site.courier_dir, &["sync", "--offline", "--stick", stick]);
    let refused = run(&site.courier_dir, &["sync"]);
    assert!(text(&refused.stderr).contains("[server-not-allowed]"));
    assert_eq!(text(&refused.stdout), "");
    let refused = run(&site.courier_dir, &["sync", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(object["problems"][0]["code"], "server-not-allowed");
}
