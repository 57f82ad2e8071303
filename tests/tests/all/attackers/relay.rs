//! The relay fails, stalls, breaks off, gives something else, lies, forgets, hides and is full.
//! Whatever it does, the sender's outbox never says more than is known.

use std::fs;

use super::hostile::{HostileRelay, Manner};
use crate::people::{World, files_below, noise, text_of};

fn world() -> (World, HostileRelay) {
    let mut hostile = None;
    let world = World::behind(|relay| {
        let before = HostileRelay::before(&relay.url);
        let url = before.url.clone();
        hostile = Some(before);
        url
    });
    (world, hostile.unwrap())
}

/// The courier goes online, has trouble, and the vault hears of it. The item is with the courier.
fn fails_to_upload(world: &World, item: &str, exit: i32, code: &str) {
    let stick = world.amina.stick();
    world.amina.vault_sync(&stick).ok();
    let tried = world.amina.courier_sync(&stick);
    let said = tried.failed(exit, code);
    assert_eq!(said["servers"][0]["bundles_uploaded"], 0, "{said}");
    let told = world.amina.vault_sync(&stick).ok();
    let reports = told["noted"].to_string();
    assert!(reports.contains(code), "{reports}");
    assert_eq!(world.amina.state_of(item), "With the courier");
}

/// With an honest relay it arrives, once.
fn arrives(world: &World, item: &str, text: &str) {
    let before = world.bilal.inbox().len();
    world.round();
    assert_eq!(world.bilal.inbox().len(), before + 1);
    let last = format!("in-{}", before + 1);
    let shown = world.bilal.vault(&["show", &last]).ok();
    assert_eq!(shown["message"], text);
    assert_eq!(world.amina.state_of(item), "Confirmed (signed receipt)");
}

#[test]
fn a_relay_that_fails_stalls_or_breaks_off_uploads_only_delays() {
    let (world, hostile) = world();
    let large = world.file("large", &noise(31, 3_000_000));
    for (manner, code) in [
        (Manner::Fails, "relay-failed"),
        (Manner::Stalls, "connection-broke"),
        (Manner::BreaksUploads(700_000), "connection-broke"),
    ] {
        let text = format!("{manner:?}");
        let message = format!("--message={text}");
        let send = ["send", "--to", "bilal", &message, text_of(&large)];
        let sent = world.amina.vault(&send).ok();
        let item = sent["item"].as_str().unwrap();
        hostile.turn(manner);
        if let Manner::BreaksUploads(_) = manner {
            // Each connection brings some of it further: that is no failure at all.
            world.amina.carry_out();
        } else {
            fails_to_upload(&world, item, 1, code);
        }
        hostile.turn(Manner::Honest);
        arrives(&world, item, &text);
    }
}

#[test]
fn a_relay_that_changes_its_receipts_is_not_believed() {
    let (world, hostile) = world();
    let item = world.amina.send("bilal", "receipt");
    hostile.turn(Manner::ChangesReceipts);
    fails_to_upload(&world, &item, 3, "relay-lied");
    hostile.turn(Manner::Honest);
    arrives(&world, &item, "receipt");
}

#[test]
fn a_relay_that_breaks_off_or_changes_downloads_gets_nothing_to_the_vault() {
    let (world, hostile) = world();
    let large = world.file("large", &noise(32, 3_000_000));
    for (manner, exit, code) in [
        (Manner::Fails, 1, "relay-failed"),
        (Manner::Stalls, 1, "connection-broke"),
        (Manner::BreaksDownloads(1_000_000), 1, "connection-broke"),
        (Manner::GivesOtherBytes, 3, "fetched-bundle-wrong"),
    ] {
        let text = format!("{manner:?}");
        let message = format!("--message={text}");
        let send = ["send", "--to", "bilal", &message, text_of(&large)];
        let sent = world.amina.vault(&send).ok();
        let item = sent["item"].as_str().unwrap();
        world.amina.carry_out();
        hostile.turn(manner);
        let stick = world.bilal.stick();
        let fetched = world.bilal.courier_sync(&stick).failed(exit, code);
        assert_eq!(fetched["servers"][0]["bundles_fetched"], 0, "{fetched}");
        let taken = world.bilal.vault_sync(&stick).ok();
        assert_eq!(taken["taken_in"].as_array().unwrap().len(), 0, "{taken}");
        world.amina.vault_sync(&world.amina.stick()).ok();
        assert_eq!(world.amina.state_of(item), "With the relay");
        hostile.turn(Manner::Honest);
        arrives(&world, item, &text);
    }
}

#[test]
fn a_relay_that_hides_what_it_has_makes_nobody_free_their_copy() {
    let (world, hostile) = world();
    let item = world.amina.send("bilal", "hidden");
    world.amina.carry_out();
    hostile.turn(Manner::HidesEverything);
    world.bilal.carry_in();
    world.amina.vault_sync(&world.amina.stick()).ok();
    assert_eq!(world.bilal.inbox().len(), 0);
    // That much the relay has signed for, and no more is said.
    assert_eq!(world.amina.state_of(&item), "With the relay");
    let outbox = world.amina.vault(&["outbox"]).ok();
    assert_eq!(outbox["items"][0]["freed"], false);
    hostile.turn(Manner::Honest);
    arrives(&world, &item, "hidden");
}

#[test]
fn a_bundle_that_a_relay_forgot_is_named_and_sent_again_without_being_asked() {
    let mut world = World::new();
    let forgotten = world.amina.send("bilal", "first");
    world.amina.carry_out();
    world.amina.vault_sync(&world.amina.stick()).ok();
    assert_eq!(world.amina.state_of(&forgotten), "With the relay");
    world.relay.kill();
    let blobs = files_below(&world.relay.data.join("blobs"));
    assert_eq!(blobs.len(), 1, "{blobs:?}");
    fs::remove_file(&blobs[0]).unwrap();
    world.relay.start_again(&["--accept-loss"]);

    world.bilal.carry_in();
    assert_eq!(world.bilal.inbox().len(), 0);
    let later = world.amina.send("bilal", "second");
    world.amina.carry_out();
    world.bilal.carry_in();
    assert_eq!(world.bilal.messages(), ["second"]);
    let inbox = world.bilal.vault(&["inbox"]).ok();
    let missing = serde_json::json!([{ "from": "amina", "first": 1, "last": 1 }]);
    assert_eq!(inbox["missing"], missing);
    let shown = world.bilal.vault_as_text(&["inbox"]).stdout;
    assert!(shown.contains("MISSING: bundle 1 of amina"), "{shown}");

    world.bilal.carry_out();
    world.amina.carry_in();
    assert_eq!(world.amina.state_of(&later), "Confirmed (signed receipt)");
    assert_eq!(world.amina.state_of(&forgotten), "With the relay");
    world.round();
    let mut came = world.bilal.messages();
    came.sort();
    assert_eq!(came, ["first", "second"]);
    assert_eq!(
        world.amina.state_of(&forgotten),
        "Confirmed (signed receipt)"
    );
    let inbox = world.bilal.vault(&["inbox"]).ok();
    assert_eq!(inbox["missing"], serde_json::json!([]));
}

#[test]
fn a_full_relay_keeps_what_it_has_and_the_courier_keeps_the_rest() {
    let mut world = World::new();
    world.relay.kill();
    world.relay.start_again(&["--quota-mib", "1"]);
    let small = world.amina.send("bilal", "small");
    world.amina.carry_out();
    let large = world.file("large", &noise(33, 2_000_000));
    let item = world.amina.send_file("bilal", &large);
    fails_to_upload(&world, &item, 1, "relay-full");
    assert_eq!(world.amina.state_of(&small), "With the relay");
    let tried = world.amina.courier(&["sync"]);
    let said = tried.failed(1, "relay-full");
    assert_eq!(said["servers"][0]["bundles_waiting"], 1, "{said}");
    world.bilal.carry_in();
    assert_eq!(world.bilal.messages(), ["small"]);
    world.relay.kill();
    world.relay.start_again(&[]);
    world.round();
    world.round();
    assert_eq!(world.bilal.inbox().len(), 2);
    assert_eq!(world.amina.state_of(&item), "Confirmed (signed receipt)");
}
