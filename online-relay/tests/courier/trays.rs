//! A phone goes between vault and courier, by way of a tray.

use carriers::light::Demand;
use crossing::light::LightCrossing;
use online_relay::client::TrayClient;
use online_relay::courier::{AtTray, Cancel, SyncOutcome, Watch, close_tray};
use online_relay::server::make_tray;
use online_relay::tray::{TrayPass, join_frames, split_frames};
use pack_format::advice::{Advice as _, Exit};
use pack_format::item::Item;

use super::world::{Site, Vault};
use crate::common::{Person, TestRelay, bundle, quick};

/// What a phone films at a time.
const CODE: Demand = Demand {
    code_count: 1,
    payload_bytes: 1465,
};

/// A phone with its link, and the courier's text for the same tray.
struct Phone<'r> {
    relay: &'r TestRelay,
    token: String,
    pass: String,
}

impl<'r> Phone<'r> {
    fn at(relay: &'r TestRelay) -> Self {
        let links = make_tray(&relay.data_dir, None, None, None).unwrap();
        let link = links.phone_link();
        let (_, token) = link.split_once('#').unwrap();
        Self {
            relay,
            token: format!("Bearer {token}"),
            pass: links.courier.to_text().to_string(),
        }
    }

    fn pass(&self) -> TrayPass {
        TrayPass::from_text(&self.pass).unwrap()
    }

    fn call(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let headers = [("authorization", self.token.as_str())];
        let answer = self.relay.call(method, path, &headers, body);
        assert!(answer.status < 300, "{path}: {}", answer.status);
        answer.body
    }

    /// Films what the vault shows and leaves it in the tray, but for every `lost`th code.
    fn carry_from(&self, vault: &mut Vault, codes: usize, lost: usize) {
        let mut crossing = LightCrossing::begin(&mut vault.lanes, &mut vault.memory, true).unwrap();
        let mut frames = Vec::new();
        for number in 1..=codes {
            let shown = crossing.sheet(CODE).unwrap().codes;
            frames.extend(shown.into_iter().filter(|_| number % lost != 0));
        }
        for frames in frames.chunks(100) {
            let body = join_frames(frames.iter().map(Vec::as_slice));
            self.call("POST", "/v1/tray/frames", &body);
        }
    }

    /// Shows the vault what waits in the tray.
    fn carry_to(&self, vault: &mut Vault) -> usize {
        let body = self.call("GET", "/v1/tray/frames?after=0&limit=1000", b"");
        let frames = split_frames(&body).unwrap();
        let mut crossing =
            LightCrossing::begin(&mut vault.lanes, &mut vault.memory, false).unwrap();
        for frame in &frames {
            crossing.take(frame).unwrap();
        }
        frames.len()
    }
}

fn trip(site: &Site, phone: &Phone<'_>) -> (SyncOutcome, AtTray) {
    let mut watch = Watch::quiet(Cancel::default());
    let options = site.options();
    let outcome = site
        .courier()
        .sync_tray(&options, phone.pass(), &mut watch)
        .unwrap();
    let at_tray = outcome.at_tray.clone().unwrap();
    (outcome, at_tray)
}

#[test]
fn a_phone_carries_both_ways_and_the_tray_is_empty_in_the_end() {
    let relay = TestRelay::start();
    let phone = Phone::at(&relay);
    let mut amina = Site::at(&relay);
    let (own, ben) = (Person::new(1), relay.member(2));
    amina.vault.use_mailbox(&relay, &own);
    let letter = bundle(30_000, 3);
    amina.vault.send(&relay.address, &ben, &letter);
    phone.carry_from(&mut amina.vault, 60, usize::MAX);
    let (outcome, at_tray) = trip(&amina, &phone);
    assert_eq!(outcome.exit(), Exit::Done);
    assert_eq!(outcome.vaults[0].bundles_taken, 1);
    assert_eq!(relay.blob_count(), 1);
    assert!(at_tray.frames_taken > 0 && at_tray.frames_left > 0);
    assert_eq!(at_tray.asked_for_more, 0);

    // The phone shows what the courier has left, and brings the vault's receipt.
    assert!(phone.carry_to(&mut amina.vault) > 0);
    assert_eq!(amina.vault.memory.receipts.len(), 1);
    assert_eq!(amina.vault.memory.due, []);
    phone.carry_from(&mut amina.vault, 40, usize::MAX);
    let (_, at_tray) = trip(&amina, &phone);
    assert_eq!(at_tray.frames_left, 0);
    let state = TrayClient::new(phone.pass(), &quick()).unwrap();
    assert_eq!(state.state().unwrap().for_phone.transfers, []);
}

#[test]
fn pieces_that_are_missing_are_asked_for_and_come_later() {
    let relay = TestRelay::start();
    let phone = Phone::at(&relay);
    let mut amina = Site::at(&relay);
    let ben = relay.member(2);
    let letter = bundle(200_000, 4);
    amina.vault.send(&relay.address, &ben, &letter);
    phone.carry_from(&mut amina.vault, 100, 3);
    let (outcome, at_tray) = trip(&amina, &phone);
    assert_eq!(at_tray.asked_for_more, 1);
    assert_eq!(outcome.vaults[0].bundles_taken, 0);
    phone.carry_from(&mut amina.vault, 150, 3);
    let (outcome, _) = trip(&amina, &phone);
    assert_eq!(outcome.vaults[0].bundles_taken, 1);
    assert_eq!(relay.blob_count(), 1);
}

#[test]
fn what_lies_in_the_tray_is_left_once() {
    let relay = TestRelay::start();
    let phone = Phone::at(&relay);
    let mut amina = Site::at(&relay);
    amina.vault.instruct(&Item::Open(
        relay.address.clone(),
        Person::new(1).wish(&relay, relay.code()),
    ));
    phone.carry_from(&mut amina.vault, 40, usize::MAX);
    assert!(trip(&amina, &phone).1.frames_left > 0);
    assert_eq!(trip(&amina, &phone).1.frames_left, 0);
}

#[test]
fn what_is_for_another_courier_stays_in_the_tray() {
    let relay = TestRelay::start();
    let phone = Phone::at(&relay);
    let (mut amina, ben) = (Site::at(&relay), Site::at(&relay));
    amina.vault.give(&bundle(10_000, 5));
    phone.carry_from(&mut amina.vault, 40, usize::MAX);
    let (outcome, at_tray) = trip(&ben, &phone);
    assert_eq!((at_tray.foreign, outcome.vaults[0].packs_taken), (1, 0));
    let (outcome, _) = trip(&amina, &phone);
    assert_eq!(outcome.vaults[0].packs_taken, 1);
}

#[test]
fn a_tray_that_is_closed_is_gone_for_phone_and_courier() {
    let relay = TestRelay::start();
    let phone = Phone::at(&relay);
    let amina = Site::at(&relay);
    close_tray(phone.pass(), &quick()).unwrap();
    let mut watch = Watch::quiet(Cancel::default());
    let refused = amina
        .courier()
        .sync_tray(&amina.options(), phone.pass(), &mut watch);
    let codes: Vec<_> = match refused {
        Ok(outcome) => outcome.problems.iter().map(|it| it.code()).collect(),
        Err(err) => vec![err.code()],
    };
    assert!(codes.contains(&"tray-unknown"), "{codes:?}");
}
