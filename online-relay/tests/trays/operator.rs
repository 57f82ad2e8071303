//! How a tray comes to be.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use online_relay::client::TrayClient;
use online_relay::tray::TrayPass;

use crate::common::{TestRelay, quick};

fn tray(relay: &TestRelay, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_online-relay"))
        .args(["tray", "--data"])
        .arg(&relay.data_dir)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_tray_s_file_opens_it_for_courier_and_phone() {
    let relay = TestRelay::start();
    let dir = tempfile::tempdir().unwrap();
    let (file, picture) = (dir.path().join("tray.txt"), dir.path().join("tray.png"));
    let arguments = [
        "--output",
        file.to_str().unwrap(),
        "--qr",
        picture.to_str().unwrap(),
    ];
    let made = tray(&relay, &arguments);
    assert!(made.status.success() && made.stdout.is_empty());
    let text = std::fs::read_to_string(&file).unwrap();
    let courier = TrayClient::new(TrayPass::from_text(&text).unwrap(), &quick()).unwrap();
    assert!(courier.state().is_ok());

    let link = carriers::qr::read_png(&std::fs::read(&picture).unwrap()).unwrap();
    let link = String::from_utf8(link).unwrap();
    assert!(text.lines().any(|line| line == link), "{text}");
    let (url, token) = link.split_once("/phone/#").unwrap();
    assert_eq!(url, relay.address.url());
    let bearer = format!("Bearer {token}");
    let answer = relay.call("GET", "/v1/tray", &[("authorization", &bearer)], b"");
    assert_eq!(answer.status, 200);
    for path in [&file, &picture] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Without its picture a second text would hold tokens that open nothing.
    let other = dir.path().join("other.txt");
    for bad in [
        picture.clone(),
        dir.path().join("no-such/tray.png"),
        other.clone(),
    ] {
        let arguments = [
            "--output",
            other.to_str().unwrap(),
            "--qr",
            bad.to_str().unwrap(),
        ];
        assert_eq!(tray(&relay, &arguments).status.code(), Some(1));
        assert!(!other.exists());
    }
    // A second one would take the first one's place.
    let again = tray(&relay, &arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("error [output-failed]"));
}

#[test]
fn a_tray_is_printed_for_programs() {
    let relay = TestRelay::start();
    let made = tray(&relay, &["--json", "--url", "https://relay.example"]);
    let object: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let pass = TrayPass::from_text(object["courier"].as_str().unwrap()).unwrap();
    assert_eq!(pass.relay.url(), "https://relay.example");
    let phone = object["phone"].as_str().unwrap();
    assert!(
        phone.starts_with("https://relay.example/phone/#"),
        "{phone}"
    );
}

#[test]
fn no_token_is_in_any_file_of_the_relay() {
    let relay = TestRelay::start();
    let made = tray(&relay, &["--json"]);
    let object: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let phone = object["phone"]
        .as_str()
        .unwrap()
        .rsplit('#')
        .next()
        .unwrap()
        .to_owned();
    let courier = TrayPass::from_text(object["courier"].as_str().unwrap()).unwrap();
    let bearer = format!("Bearer {phone}");
    relay.call("GET", "/v1/tray", &[("authorization", &bearer)], b"");
    let raw = data_encoding::BASE64URL_NOPAD
        .decode(phone.as_bytes())
        .unwrap();
    for file in relay.files() {
        let bytes = std::fs::read(relay.data_dir.join(&file)).unwrap();
        for secret in [raw.as_slice(), courier.token.0.expose(), phone.as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{file}");
        }
    }
}
