//! What crosses, both ways, and what is left when it has.

use online_relay::courier::{Medium, PairingName, SyncOptions};
use pack_format::advice::Exit;
use pack_format::item::Item;
use pack_format::relay::ContentId;

use super::world::{Site, Vault, copy_dir};
use crate::common::{Person, TestRelay, bundle};

#[test]
fn a_bundle_crosses_from_vault_to_vault_and_its_receipt_comes_back() {
    let relay = TestRelay::start();
    let (mut amina, mut ben) = (Site::at(&relay), Site::at(&relay));
    let (amina_keys, ben_keys) = (Person::new(1), Person::new(2));
    amina.vault.use_mailbox(&relay, &amina_keys);
    ben.vault.use_mailbox(&relay, &ben_keys);
    assert_eq!(ben.round_trip().exit(), Exit::Done);
    let (letter, reply) = (bundle(3_000_000, 1), bundle(5_000, 2));
    amina.vault.send(&relay.address, &ben_keys, &letter);
    let outcome = amina.round_trip();
    assert_eq!(outcome.exit(), Exit::Done);
    assert_eq!(outcome.safe_to_remove, Some(true));
    assert_eq!(outcome.vaults[0].bundles_taken, 1);
    assert_eq!(outcome.vaults[0].on_medium.receipt_count, 1);
    let visit = &outcome.network.as_ref().unwrap().relays[0];
    assert_eq!((visit.bundles_uploaded, visit.mailboxes_opened), (1, 1));
    assert_eq!(visit.bundles_waiting, 0);

    let receipt = &amina.vault.memory.receipts[0];
    let receipt = receipt.verify().unwrap();
    assert_eq!(receipt.content_id, ContentId::of(&letter));
    assert_eq!(amina.vault.memory.due, []);

    ben.vault.send(&relay.address, &amina_keys, &reply);
    let outcome = ben.round_trip();
    assert_eq!(outcome.vaults[0].on_medium.bundle_count, 1);
    assert_eq!(ben.vault.memory.received[0], letter);
    amina.round_trip();
    assert_eq!(amina.vault.memory.received, [reply]);

    // Only the vault lets the relay forget.
    assert_eq!(relay.blob_count(), 2);
    let done = ben_keys.acknowledgement(&relay, &[&letter]);
    ben.vault
        .instruct(&Item::Acknowledge(relay.address.clone(), done));
    let outcome = ben.round_trip();
    assert_eq!(outcome.network.unwrap().relays[0].bundles_acknowledged, 1);
    assert_eq!(relay.blob_count(), 1);
    assert_eq!(ben.vault.memory.received, [letter]);
}

#[test]
fn a_bundle_that_the_relay_has_already_is_receipted_and_not_counted_as_uploaded() {
    let relay = TestRelay::start();
    let ben = relay.member(2);
    let mut amina = Site::at(&relay);
    let letter = bundle(5_000, 1);
    ben.send(&relay, &letter);
    amina.vault.send(&relay.address, &ben, &letter);
    let outcome = amina.round_trip();
    let visit = &outcome.network.as_ref().unwrap().relays[0];
    assert_eq!((visit.bundles_uploaded, visit.bytes_uploaded), (0, 0));
    assert_eq!(amina.vault.memory.receipts.len(), 1);
}

#[test]
fn a_courier_keeps_nothing_that_both_sides_have_confirmed() {
    let relay = TestRelay::start();
    let keys = Person::new(1);
    let mut site = Site::at(&relay);
    site.vault.use_mailbox(&relay, &keys);
    // To oneself: out and back through the same courier.
    site.vault.send(&relay.address, &keys, &bundle(100_000, 1));
    site.round_trip();
    assert_eq!(site.courier().status().unwrap().bundles_here, 1);
    site.courier_trip();
    let status = site.courier().status().unwrap();
    assert_eq!(status.bundles_here, 0);
    assert_eq!(status.vaults[0].bundles_for_vault, 0);
    assert_eq!(status.vaults[0].receipts_for_vault, 0);
    assert_eq!(site.courier_files("blobs").len(), 0);
    assert_eq!(site.courier_files("incoming").len(), 0);
    assert_eq!(site.vault.memory.received.len(), 1);
}

#[test]
fn a_bundle_stays_with_the_courier_until_the_vault_has_the_receipt() {
    let relay = TestRelay::start();
    let ben_keys = relay.member(2);
    let mut site = Site::at(&relay);
    site.vault.send(&relay.address, &ben_keys, &bundle(1000, 1));
    site.vault_trip();
    site.courier_trip();
    // The stick is lost, with the receipt on it.
    let lost = site.scratch("lost");
    std::fs::rename(&site.stick, &lost).unwrap();
    std::fs::create_dir(&site.stick).unwrap();
    assert_eq!(site.courier().status().unwrap().bundles_here, 1);
    let outcome = site.courier_trip();
    assert_eq!(outcome.vaults[0].on_medium.receipt_count, 1);
    site.vault_trip();
    assert_eq!(site.vault.memory.receipts.len(), 1);
    site.courier_trip();
    assert_eq!(site.courier().status().unwrap().bundles_here, 0);
}

#[test]
fn one_bundle_for_two_people_lies_once_with_the_courier() {
    let relay = TestRelay::start();
    let (ben, chen) = (relay.member(2), relay.member(3));
    let mut site = Site::at(&relay);
    let letter = bundle(1000, 1);
    site.vault.send(&relay.address, &ben, &letter);
    let ticket = chen.ticket(&relay, &letter);
    site.vault
        .instruct(&Item::Ticket(relay.address.clone(), ticket));
    site.vault_trip();
    let outcome = site.courier_trip();
    assert_eq!(outcome.network.unwrap().relays[0].bundles_uploaded, 2);
    assert_eq!(site.courier_files("blobs").len(), 1);
    site.vault_trip();
    assert_eq!(site.vault.memory.receipts.len(), 2);
    site.courier_trip();
    assert_eq!(site.courier_files("blobs").len(), 0);
}

#[test]
fn a_replayed_stick_changes_nothing() {
    let relay = TestRelay::start();
    let keys = Person::new(1);
    let mut site = Site::at(&relay);
    site.vault.use_mailbox(&relay, &keys);
    site.vault.send(&relay.address, &keys, &bundle(1000, 1));
    site.vault_trip();
    let copy = site.scratch("copy");
    copy_dir(&site.stick, &copy);
    site.courier_trip();
    site.vault_trip();
    copy_dir(&copy, &site.stick);
    let outcome = site.courier_trip();
    assert_eq!(outcome.vaults[0].bundles_taken, 0);
    assert_eq!(outcome.exit(), Exit::Done);
    site.vault_trip();
    assert_eq!(site.vault.memory.received.len(), 1);
    assert_eq!(site.vault.memory.receipts.len(), 1);
    assert_eq!(site.courier().status().unwrap().bundles_here, 0);
}

#[test]
fn what_a_vault_has_is_not_fetched_again_while_the_relay_lists_it() {
    let relay = TestRelay::start();
    let keys = relay.member(1);
    keys.send(&relay, &bundle(1000, 1));
    let mut site = Site::at(&relay);
    site.vault.fetch_from(&relay.address, &keys);
    site.round_trip();
    for _ in 0..3 {
        let outcome = site.round_trip();
        let visit = outcome.network.unwrap().relays.remove(0);
        assert_eq!(visit.bundles_fetched, 0);
    }
    assert_eq!(site.vault.memory.received.len(), 1);
}

#[test]
fn without_a_stick_the_network_half_runs_alone() {
    let relay = TestRelay::start();
    let keys = relay.member(1);
    let mut site = Site::at(&relay);
    site.vault.fetch_from(&relay.address, &keys);
    site.round_trip();
    keys.send(&relay, &bundle(1000, 1));
    let options = SyncOptions {
        medium: None,
        ..site.options()
    };
    let mut watch = super::world::watch();
    let outcome = site.courier().sync(&options, &mut watch).unwrap();
    assert_eq!(outcome.safe_to_remove, None);
    assert_eq!(outcome.network.unwrap().relays[0].bundles_fetched, 1);
    site.round_trip();
    assert_eq!(site.vault.memory.received.len(), 1);
}

#[test]
fn offline_takes_in_and_writes_without_the_network() {
    let relay = TestRelay::start();
    let keys = relay.member(1);
    let mut site = Site::at(&relay);
    site.vault.send(&relay.address, &keys, &bundle(1000, 1));
    site.vault_trip();
    let options = SyncOptions {
        offline: true,
        ..site.options()
    };
    let mut watch = super::world::watch();
    let outcome = site.courier().sync(&options, &mut watch).unwrap();
    assert!(outcome.network.is_none());
    assert_eq!(outcome.vaults[0].bundles_taken, 1);
    assert_eq!(relay.blob_count(), 0);
    assert_eq!(
        site.courier().status().unwrap().vaults[0].bundles_to_upload,
        1
    );
}

#[test]
fn a_raw_medium_carries_the_same() {
    let relay = TestRelay::start();
    let keys = relay.member(1);
    keys.send(&relay, &bundle(1000, 1));
    let mut site = Site::at(&relay);
    site.vault.fetch_from(&relay.address, &keys);
    site.round_trip();
    keys.send(&relay, &bundle(1000, 2));
    let image = site.scratch("image");
    std::fs::write(&image, vec![0; 8 << 20]).unwrap();
    let options = SyncOptions {
        medium: Some(Medium::Raw(image.clone())),
        ..site.options()
    };
    let mut watch = super::world::watch();
    let outcome = site.courier().sync(&options, &mut watch).unwrap();
    assert_eq!(outcome.safe_to_remove, Some(true));
    // The courier has not heard yet that the first one arrived.
    assert_eq!(outcome.vaults[0].on_medium.bundle_count, 2);
    let Vault { lanes, memory } = &mut site.vault;
    let crossed = crossing::sync_raw(
        &image,
        lanes,
        memory,
        &mut crossing::Quiet,
        &crossing::Options::default(),
    );
    assert_eq!(crossed.unwrap().lanes[0].bundles_taken, 1);
    assert_eq!(memory.received.len(), 2);
}

#[test]
fn many_small_bundles_cross_in_one_trip() {
    let relay = TestRelay::start();
    let keys = Person::new(1);
    let mut site = Site::at(&relay);
    site.vault.use_mailbox(&relay, &keys);
    for seed in 0..40 {
        site.vault.send(&relay.address, &keys, &bundle(500, seed));
    }
    let outcome = site.round_trip();
    let visit = outcome.network.unwrap().relays.remove(0);
    assert_eq!((visit.bundles_uploaded, visit.bundles_fetched), (40, 40));
    assert_eq!(site.vault.memory.received.len(), 40);
    assert_eq!(site.vault.memory.receipts.len(), 40);
    site.courier_trip();
    assert_eq!(site.courier_files("blobs").len(), 0);
}

#[test]
fn two_vaults_share_a_courier_and_each_medium_can_be_for_one_of_them() {
    let relay = TestRelay::start();
    let (amina_keys, ben_keys) = (Person::new(1), Person::new(2));
    let mut site = Site::at(&relay);
    let ben_name = PairingName::parse("Ben").unwrap();
    let words = site.courier().pair_by_showing(&ben_name).unwrap();
    let mut ben = Vault::new(&words.join(" "));
    let ben_stick = site.scratch("ben");
    std::fs::create_dir(&ben_stick).unwrap();
    site.vault.use_mailbox(&relay, &amina_keys);
    site.round_trip();
    ben.use_mailbox(&relay, &ben_keys);
    let for_ben = SyncOptions {
        medium: Some(Medium::Stick(ben_stick.clone())),
        vault: Some(ben_name),
        ..site.options()
    };
    let mut watch = super::world::watch();
    ben.sync(&ben_stick);
    site.courier().sync(&for_ben, &mut watch).unwrap();

    let letter = bundle(50_000, 1);
    site.vault.send(&relay.address, &ben_keys, &letter);
    site.round_trip();
    let outcome = site.courier().sync(&for_ben, &mut watch).unwrap();
    assert_eq!(outcome.vaults.len(), 1);
    assert_eq!(outcome.vaults[0].on_medium.bundle_count, 1);
    assert_eq!(outcome.vaults[0].on_medium.receipt_count, 0);
    ben.sync(&ben_stick);
    assert_eq!(ben.memory.received, [letter]);
    assert_eq!(site.vault.memory.receipts.len(), 1);
    assert!(site.vault.memory.received.is_empty());
}
