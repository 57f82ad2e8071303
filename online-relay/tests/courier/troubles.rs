//! Relays that are down, full, broken or strangers: nothing is lost, and the vault is told.

use std::net::TcpListener;

use online_relay::courier::{Cancel, CourierError, ServerUrl, SyncOutcome, Watch};
use pack_format::advice::Exit;
use pack_format::item::Item;
use pack_format::relay::{ContentId, RelayAddress, Statement as _, Ticket};
use pack_format::secret::Secret32;

use super::scripted::{self, ScriptedRelay, relay_key};
use super::world::Site;
use crate::common::{Person, TestRelay, bundle};

fn codes(outcome: &SyncOutcome) -> Vec<&'static str> {
    use pack_format::advice::Advice as _;
    let network = outcome.network.iter().flat_map(|it| &it.troubles);
    let troubles = network.chain(&outcome.refused);
    troubles.map(|counted| counted.trouble.code()).collect()
}

/// Sends a bundle by way of a relay in trouble, and checks that it waits and that the vault hears
/// of it.
fn trip_with_trouble(relay: &RelayAddress, code: &str, exit: Exit) -> Site {
    let mut site = Site::new(relay.url());
    site.vault.send(relay, &Person::new(2), &bundle(1000, 1));
    site.vault_trip();
    let outcome = site.courier_trip();
    assert_eq!(codes(&outcome), [code]);
    assert_eq!(outcome.exit(), exit, "{code}");
    assert_eq!(outcome.safe_to_remove, Some(true));
    assert_eq!(outcome.vaults[0].on_medium.report_count, 1);
    let visit = &outcome.network.as_ref().unwrap().relays[0];
    assert_eq!((visit.outcome.as_str(), visit.bundles_waiting), (code, 1));
    site.vault_trip();
    assert_eq!(site.vault.report_codes(), [code]);
    assert!(site.vault.memory.receipts.is_empty());
    assert_eq!(site.courier().status().unwrap().bundles_here, 1);
    site
}

#[test]
fn an_unreachable_relay_is_told_once_and_the_bundle_waits() {
    let data = tempfile::tempdir().unwrap();
    let relay = TestRelay::start_in(data.path(), |_| ());
    let (address, socket) = (relay.address.clone(), relay.socket);
    let ben = relay.member(2);
    relay.stop();
    let mut site = trip_with_trouble(&address, "relay-unreachable", Exit::Failed);
    // The same again is no news.
    site.round_trip();
    site.round_trip();
    assert_eq!(site.vault.report_codes(), ["relay-unreachable"]);

    let relay = TestRelay::start_in(data.path(), |config| config.listen = socket);
    let outcome = site.round_trip();
    assert_eq!(outcome.exit(), Exit::Done);
    assert_eq!(site.vault.memory.receipts.len(), 1);
    assert_eq!(ben.waiting(&relay), [ContentId::of(&bundle(1000, 1))]);
    relay.stop();

    // A new trouble is.
    site.vault.send(&address, &ben, &bundle(1000, 2));
    site.round_trip();
    assert_eq!(site.vault.report_codes().len(), 2);
}

#[test]
fn a_relay_that_answers_500_keeps_nothing_from_being_tried_again() {
    let relay = ScriptedRelay::start(|_| scripted::status("500 x"));
    trip_with_trouble(&relay.address, "relay-failed", Exit::Failed);
}

#[test]
fn a_full_relay_leaves_the_bundle_with_the_courier() {
    let relay = TestRelay::start_with(|config| config.quota_bytes = Some(10));
    relay.member(2);
    trip_with_trouble(&relay.address, "relay-full", Exit::Failed);
}

#[test]
fn a_relay_with_another_key_gets_nothing() {
    let relay = ScriptedRelay::start(|_| {
        scripted::ok(&format!(
            "{{\"key\":\"{}\",\"version\":1}}",
            "ab".repeat(32)
        ))
    });
    trip_with_trouble(&relay.address, "wrong-relay-key", Exit::Refused);
    assert_eq!(relay.paths(), ["/v1/relay"]);
}

#[test]
fn a_relay_whose_receipt_is_forged_is_not_believed() {
    let relay = ScriptedRelay::start(|asked| match asked.method.as_str() {
        "HEAD" => b"HTTP/1.1 200 OK\r\nupload-complete: 1\r\ncauseway-receipt: AAAA\r\n\
                    content-length: 0\r\nconnection: close\r\n\r\n"
            .to_vec(),
        _ => scripted::info(),
    });
    trip_with_trouble(&relay.address, "relay-lied", Exit::Refused);
}

#[test]
fn a_relay_that_is_no_relay_is_left_alone() {
    let relay = ScriptedRelay::start(|_| b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec());
    trip_with_trouble(&relay.address, "relay-lied", Exit::Refused);
}

#[test]
fn a_server_that_only_the_vault_named_is_not_contacted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let relay = RelayAddress::new(&url, relay_key()).unwrap();
    let mut site = Site::new("http://127.0.0.1:1");
    site.vault.send(&relay, &Person::new(2), &bundle(1000, 1));
    site.vault.fetch_from(&relay, &Person::new(1));
    let outcome = site.round_trip();
    assert_eq!(codes(&outcome), ["server-not-allowed"]);
    assert_eq!(outcome.exit(), Exit::Failed);
    assert!(listener.accept().is_err());
    let report = &site.vault.memory.reports[0];
    assert_eq!(report.code, "server-not-allowed");
    let command = format!("online-relay courier server add {url}");
    assert!(report.text.contains(&command), "{}", report.text);
    let status = site.courier().status().unwrap();
    let server = status.servers.iter().find(|it| it.url == url).unwrap();
    assert!(!server.allowed);
    assert_eq!(server.bundles_to_upload, 1);
}

#[test]
fn a_server_is_used_as_soon_as_it_is_allowed_for_the_run_or_for_good() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut site = Site::new("http://127.0.0.1:1");
    site.vault.send(&relay.address, &ben, &bundle(1000, 1));
    assert_eq!(site.round_trip().exit(), Exit::Failed);
    let url = ServerUrl::parse(relay.address.url()).unwrap();
    let mut options = site.options();
    options.servers.push(url.clone());
    let outcome = site.courier().sync(&options, &mut super::world::watch());
    assert_eq!(outcome.unwrap().exit(), Exit::Done);
    site.vault_trip();
    assert_eq!(site.vault.memory.receipts.len(), 1);

    site.vault.send(&relay.address, &ben, &bundle(1000, 2));
    assert_eq!(site.round_trip().exit(), Exit::Failed);
    site.courier().allow_server(&url).unwrap();
    assert_eq!(site.round_trip().exit(), Exit::Done);
    assert_eq!(site.vault.memory.receipts.len(), 2);
}

#[test]
fn one_relay_that_is_down_does_not_keep_the_other_from_working() {
    let (up, down) = (TestRelay::start(), TestRelay::start());
    let down_address = down.address.clone();
    let (ben, ben_down) = (up.member(2), down.member(2));
    down.stop();
    let mut site = Site::at(&up);
    let url = ServerUrl::parse(down_address.url()).unwrap();
    site.courier().allow_server(&url).unwrap();
    let letter = bundle(1000, 1);
    site.vault.send(&up.address, &ben, &letter);
    let ticket = ben_down.ticket_for(down_address.key(), &letter);
    site.vault.instruct(&Item::Ticket(down_address, ticket));
    let outcome = site.round_trip();
    assert_eq!(codes(&outcome), ["relay-unreachable"]);
    assert_eq!(ben.waiting(&up), [ContentId::of(&letter)]);
    assert_eq!(site.vault.memory.receipts.len(), 1);
    // One ticket is done, the other needs the bundle still.
    site.courier_trip();
    assert_eq!(site.courier().status().unwrap().bundles_here, 1);
}

#[test]
fn a_statement_that_does_not_verify_is_refused_and_told() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut site = Site::at(&relay);
    let letter = bundle(1000, 1);
    let forged = Ticket {
        relay_key: relay.address.key(),
        ..ben.ticket(&relay, &letter).peek_statement().clone()
    }
    .sign(&Secret32::new([99; 32]));
    site.vault.give(&letter);
    site.vault
        .instruct(&Item::Ticket(relay.address.clone(), forged));
    // Meant for another relay than it comes with.
    let strayed = ben.ticket_for(relay_key(), &letter);
    site.vault
        .instruct(&Item::Ticket(relay.address.clone(), strayed));
    let outcome = site.round_trip();
    assert_eq!(codes(&outcome), ["statement-refused"]);
    assert_eq!(outcome.refused[0].count, 2);
    assert_eq!(outcome.exit(), Exit::Refused);
    assert_eq!(site.vault.report_codes(), ["statement-refused"]);
    assert_eq!(relay.blob_count(), 0);
    assert_eq!(site.round_trip().exit(), Exit::Done);
    assert_eq!(site.vault.report_codes().len(), 1);
}

#[test]
fn an_invitation_that_is_used_up_is_told_and_not_tried_for_ever() {
    let relay = TestRelay::start();
    let code = relay.code();
    let first = Person::new(5);
    relay
        .client()
        .open_mailbox(&first.wish(&relay, code))
        .unwrap();
    let keys = Person::new(1);
    let mut site = Site::at(&relay);
    site.vault
        .instruct(&Item::Open(relay.address.clone(), keys.wish(&relay, code)));
    site.vault.fetch_from(&relay.address, &keys);
    let outcome = site.round_trip();
    assert_eq!(codes(&outcome), ["relay-refused"]);
    assert_eq!(site.vault.report_codes(), ["relay-refused"]);
    assert_eq!(site.round_trip().exit(), Exit::Done);
    assert_eq!(site.vault.report_codes().len(), 1);

    // A new invitation heals it.
    site.vault.use_mailbox(&relay, &keys);
    site.round_trip();
    keys.send(&relay, &bundle(1000, 1));
    site.round_trip();
    assert_eq!(site.vault.memory.received.len(), 1);
}

#[test]
fn a_ticket_without_its_bundle_is_told_and_waits() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let letter = bundle(1000, 1);
    let mut site = Site::at(&relay);
    let ticket = ben.ticket(&relay, &letter);
    site.vault
        .instruct(&Item::Ticket(relay.address.clone(), ticket));
    assert_eq!(codes(&site.round_trip()), ["bundle-missing"]);
    let report = &site.vault.memory.reports[0];
    assert_eq!(report.content_id, ContentId::of(&letter));
    site.vault.give(&letter);
    assert_eq!(site.round_trip().exit(), Exit::Done);
    assert_eq!(site.vault.memory.receipts.len(), 1);
}

#[test]
fn a_recipient_whose_mailbox_is_not_open_yet_gets_the_bundle_later() {
    let relay = TestRelay::start();
    let ben = Person::new(2);
    let mut site = Site::at(&relay);
    site.vault.send(&relay.address, &ben, &bundle(1000, 1));
    assert_eq!(codes(&site.round_trip()), ["mailbox-unknown"]);
    relay
        .client()
        .open_mailbox(&ben.wish(&relay, relay.code()))
        .unwrap();
    assert_eq!(site.round_trip().exit(), Exit::Done);
    assert_eq!(site.vault.memory.receipts.len(), 1);
}

#[test]
fn plain_http_to_another_machine_needs_permission() {
    let relay = RelayAddress::new("http://relay.example", relay_key()).unwrap();
    trip_with_trouble(&relay, "plain-http", Exit::Failed);
}

#[test]
fn a_stopped_trip_loses_nothing() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut site = Site::at(&relay);
    site.vault.send(&relay.address, &ben, &bundle(1000, 1));
    site.vault_trip();
    let cancel = Cancel::default();
    cancel.set();
    let stopped = site
        .courier()
        .sync(&site.options(), &mut Watch::quiet(cancel));
    assert!(matches!(stopped, Err(CourierError::Crossing(_))));
    assert_eq!(site.courier_trip().exit(), Exit::Done);
    site.vault_trip();
    assert_eq!(site.vault.memory.receipts.len(), 1);
}

#[test]
fn a_stick_that_is_gone_after_the_network_half_is_said() {
    let stick_gone = tempfile::tempdir().unwrap();
    let relay = TestRelay::start();
    let keys = relay.member(1);
    let mut site = Site::at(&relay);
    site.vault.fetch_from(&relay.address, &keys);
    site.round_trip();
    keys.send(&relay, &bundle(1000, 1));
    let (stick, away) = (site.stick.clone(), stick_gone.path().join("stick"));
    // The relay is asked in the middle of the trip: that is when the stick goes.
    let watcher = ScriptedRelay::start(move |_| {
        let _ = std::fs::rename(&stick, &away);
        scripted::status("500 x")
    });
    site.courier()
        .allow_server(&ServerUrl::parse(watcher.address.url()).unwrap())
        .unwrap();
    site.vault.fetch_from(&watcher.address, &Person::new(4));
    site.vault_trip();
    let outcome = site.courier_trip();
    assert_eq!(outcome.safe_to_remove, Some(false));
    assert_eq!(outcome.problems.len(), 1);
    assert_eq!(outcome.exit(), Exit::Failed);
    std::fs::create_dir(&site.stick).unwrap();
    site.courier_trip();
    site.vault_trip();
    assert_eq!(site.vault.memory.received.len(), 1);
}
