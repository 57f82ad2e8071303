//! The program itself, as the operator runs it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use online_relay::client::RelayClient;
use pack_format::relay::Invitation;

use crate::common::{Person, TestRelay, quick};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_online-relay"));
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// A relay in its own process, and the URL that it prints.
fn serve(dir: &Path) -> (Child, String) {
    let mut child = program()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--quota-mib",
            "7",
            "--data",
        ])
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    (child, url)
}

#[test]
fn an_operator_serves_invites_looks_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("relay");
    let (mut child, url) = serve(&data);

    let invited = run(&["invite", "--data", data.to_str().unwrap()]);
    assert!(invited.status.success());
    let text = String::from_utf8(invited.stdout).unwrap();
    let invitation = Invitation::from_text(&text).unwrap();
    assert_eq!(invitation.relay.url(), url);
    let client = RelayClient::new(&invitation.relay, &quick()).unwrap();
    client.check_key().unwrap();
    let invited = run(&["invite", "--json", "--data", data.to_str().unwrap()]);
    let object: serde_json::Value = serde_json::from_slice(&invited.stdout).unwrap();
    assert!(Invitation::from_text(object["invitation"].as_str().unwrap()).is_ok());

    let status = run(&["status", "--json", "--data", data.to_str().unwrap()]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["invitations_unused"], 2);
    assert_eq!(status["quota_bytes"], 7 * 1024 * 1024);

    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_killed_relay_starts_again_with_what_it_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, url) = serve(dir.path());
    let invited = run(&["invite", "--data", dir.path().to_str().unwrap()]);
    let invitation = Invitation::from_text(&String::from_utf8(invited.stdout).unwrap()).unwrap();
    let client = RelayClient::new(&invitation.relay, &quick()).unwrap();
    let amina = Person::new(1);
    let key = invitation.relay.key();
    client
        .open_mailbox(&amina.wish_for(key, invitation.code))
        .unwrap();
    let sent = crate::common::bundle(100_000, 1);
    client
        .upload(&amina.ticket_for(key, &sent), &sent, &mut |_| ())
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, again) = serve(dir.path());
    assert_ne!(again, url);
    let address = pack_format::relay::RelayAddress::new(&again, key).unwrap();
    let client = RelayClient::new(&address, &quick()).unwrap();
    client.check_key().unwrap();
    assert_eq!(client.list(&amina.token, 0).unwrap().items.len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_invitation_goes_to_a_new_file_only() {
    let dir = tempfile::tempdir().unwrap();
    crate::common::TestRelay::start_in(dir.path(), |_| ()).stop();
    let file = dir.path().join("invitation.txt");
    let arguments = [
        "invite",
        "--data",
        dir.path().to_str().unwrap(),
        "--url",
        "https://relay.example",
        "--output",
        file.to_str().unwrap(),
    ];
    let written = run(&arguments);
    assert!(written.status.success() && written.stdout.is_empty());
    let invitation = Invitation::from_text(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(invitation.relay.url(), "https://relay.example");
    let again = run(&arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("error [output-failed]"));
}

#[test]
fn a_directory_without_a_relay_is_said_and_not_filled() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["invite", "status"] {
        let output = run(&[command, "--data", dir.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("error [no-relay-here]"), "{text}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_error_for_programs_is_json_on_stdout_and_for_people_on_stderr() {
    let output = run(&["status", "--json", "--data", "/nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["error"]["code"], "no-relay-here");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("error [no-relay-here]"), "{text}");
}

#[test]
fn a_url_that_no_invitation_can_hold_is_refused_before_serving() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let url = ["--url", "https://relay.example/"];
    let output = run(&[
        &["serve", "--listen", "127.0.0.1:0", "--data", data],
        &url[..],
    ]
    .concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error [url-unusable]"));
}

#[test]
fn an_invitation_s_file_takes_no_other_file_with_it() {
    let relay = TestRelay::start();
    let dir = tempfile::tempdir().unwrap();
    let (output, other) = (dir.path().join("FILE"), dir.path().join("FILE.new"));
    std::fs::write(&other, b"somebody's").unwrap();
    online_relay::server::invite(&relay.data_dir, None, Some(&output)).unwrap();
    assert_eq!(std::fs::read(&other).unwrap(), b"somebody's");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_data_directory_that_was_open_to_others_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open).unwrap();
    let _relay = TestRelay::start_in(dir.path(), |_| ());
    let mode = std::fs::metadata(dir.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
