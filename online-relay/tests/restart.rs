//! What a relay knows after it was stopped, and what it says about what it lost.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use online_relay::server::{Server, ServerConfig, ServerError, StoreError};

use pack_format::relay::ContentId;

use crate::common::{TestRelay, bundle, eventually};
use crate::transfer::{begin_upload, upload_offset};

fn config(dir: &std::path::Path) -> ServerConfig {
    ServerConfig::new(dir.to_owned(), "127.0.0.1:0".parse().unwrap())
}

#[test]
fn a_restart_keeps_everything_and_sequence_numbers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(dir.path(), |_| ());
    let key = relay.address.key();
    let amina = relay.member(1);
    let (first, second, third) = (bundle(100, 1), bundle(100, 2), bundle(100, 3));
    amina.send(&relay, &first);
    amina.send(&relay, &second);
    let done = amina.acknowledgement(&relay, &[&second]);
    relay.client().acknowledge(&done).unwrap();
    relay.stop();

    let relay = TestRelay::start_in(dir.path(), |_| ());
    assert_eq!(relay.address.key(), key);
    assert_eq!(amina.waiting(&relay).len(), 1);
    let receipt = amina.send(&relay, &third);
    assert_eq!(receipt.verify().unwrap().sequence, 3);
    let again = amina.send(&relay, &second);
    assert_eq!(again.verify().unwrap().sequence, 4);
}

#[test]
fn a_stop_cuts_an_upload_that_hangs_and_keeps_its_part() {
    let dir = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(dir.path(), |config| {
        config.stop_grace = Duration::from_millis(50);
    });
    let amina = relay.member(1);
    let sent = bundle(10_000, 1);
    let ticket = amina.ticket(&relay, &sent).to_header();
    let path = format!("/v1/blobs/{}", ContentId::of(&sent));
    let _hanging = begin_upload(&relay, &path, &ticket, 10_000, &sent[..4_000]);
    eventually("the part has come", || relay.blob_bytes() == 4_000);
    relay.stop();
    let relay = TestRelay::start_in(dir.path(), |_| ());
    assert_eq!(upload_offset(&relay, &path, &ticket), Some(4_000));
}

#[test]
fn what_was_used_of_the_quota_is_known_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(dir.path(), |config| config.quota_bytes = Some(150));
    let amina = relay.member(1);
    amina.send(&relay, &bundle(100, 1));
    relay.stop();
    let relay = TestRelay::start_in(dir.path(), |config| config.quota_bytes = Some(150));
    let second = bundle(100, 2);
    let ticket = amina.ticket(&relay, &second);
    let sent = relay.client().upload(&ticket, &second, &mut |_| ());
    assert!(matches!(sent, Err(online_relay::client::RelayError::Full)));
}

#[test]
fn two_relays_cannot_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let _first = TestRelay::start_in(dir.path(), |_| ());
    let second = Server::bind(&config(dir.path()));
    assert!(matches!(second, Err(ServerError::InUse { .. })));
}

#[test]
fn a_missing_key_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    TestRelay::start_in(dir.path(), |_| ()).stop();
    std::fs::remove_file(dir.path().join("relay-key")).unwrap();
    let again = Server::bind(&config(dir.path()));
    assert!(matches!(again, Err(ServerError::KeyMissing { .. })));
}

#[test]
fn a_missing_bundle_is_an_error_until_the_operator_accepts_the_loss() {
    let dir = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(dir.path(), |_| ());
    let amina = relay.member(1);
    let (lost, kept) = (bundle(100, 1), bundle(100, 2));
    amina.send(&relay, &lost);
    let file = relay
        .files()
        .into_iter()
        .find(|it| it.starts_with("blobs/"));
    amina.send(&relay, &kept);
    relay.stop();
    std::fs::remove_file(dir.path().join(file.unwrap())).unwrap();

    assert!(matches!(
        Server::bind(&config(dir.path())),
        Err(ServerError::Store(StoreError::BundlesMissing { count: 1 }))
    ));
    let relay = TestRelay::start_in(dir.path(), |config| config.accept_loss = true);
    assert_eq!(amina.waiting(&relay).len(), 1);
    let receipt = amina.send(&relay, &lost);
    assert_eq!(receipt.verify().unwrap().sequence, 3);
    assert_eq!(amina.waiting(&relay).len(), 2);
}

#[test]
fn files_that_the_index_does_not_know_are_counted_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    TestRelay::start_in(dir.path(), |_| ()).stop();
    let stray = dir.path().join("blobs/stray");
    std::fs::write(&stray, b"somebody's").unwrap();
    let server = Server::bind(&config(dir.path())).unwrap();
    assert_eq!(server.recovered().unknown_files, 1);
    assert!(stray.exists());
}

#[test]
fn everything_is_for_the_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(&dir.path().join("relay"), |_| ());
    relay.member(1).send(&relay, &bundle(100, 1));
    let mode = |path: &str| {
        let found = std::fs::metadata(relay.data_dir.join(path)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for file in relay.files() {
        assert_eq!(mode(&file), 0o600, "{file}");
    }
}
