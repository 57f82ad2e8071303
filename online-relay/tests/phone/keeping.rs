//! What a phone keeps, and for how long: whatever the courier, the tray and the browser do.

use online_relay::client::TrayClient;
use online_relay::server::make_tray;
use online_relay::tray::TrayPass;

use super::browser::Browser;
use super::carrying::{Scene, put_together, shown};
use crate::common::{bundle, eventually, quick};

fn opened(codes: &[Vec<u8>]) -> Scene {
    let mut scene = Scene::new(codes);
    let link = scene.link.clone();
    assert_eq!(scene.browser.open(&link), None);
    let browser = &mut scene.browser;
    browser.wait_for("#network", "Connected to the tray.");
    scene
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn what_the_courier_leaves_again_is_not_taken_for_shown() {
    let mut scene = opened(&shown(b"pack", 1, 1));
    let codes = shown(&bundle(1000, 2), 9, 3);
    scene.courier.post(&codes).unwrap();
    scene.browser.wait_for("#waiting", "On phone (3 of 3)");
    scene.browser.click("#waiting button");
    scene.browser.wait_for("#show-place", "of 3");
    scene.browser.click("#show-finished");
    scene.browser.wait_for("#waiting", "Shown to the vault");
    let courier = &scene.courier;
    let found = || courier.state().unwrap().for_phone.transfers[0];
    eventually("the courier sees that it was shown", || found().done);
    // Between two looks of the phone.
    courier.withdraw(&[found().transfer]).unwrap();
    courier.post(&codes).unwrap();
    scene.browser.wait_for("#waiting", "On phone (3 of 3)");
    assert!(!found().done && found().frames == 3);
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_transfer_that_was_left_in_part_is_left_whole_on_another_tray() {
    let pack = bundle(8000, 3);
    let codes = shown(&pack, 7, 30);
    let mut scene = opened(&codes);
    // The tray before takes the first frames only.
    scene.browser.run(
        "window.fetching = window.fetch;
         window.fetch = async (url, options) => {
           const isLeaving = options.method === 'POST' && String(url).endsWith('tray/frames');
           if (!isLeaving) { return fetching(url, options); }
           if (window.isLeft) { throw new TypeError('no network'); }
           window.isLeft = true;
           return fetching(url, options);
         }; null",
    );
    let hurry = "setInterval(() => window.isLeft || dispatchEvent(new Event('online')), 50)";
    scene.browser.run(hurry);
    scene.browser.click("#film-start");
    scene
        .browser
        .wait_for("#film-sight", "All pieces are on this phone.");
    scene.browser.click("#film-stop");
    let courier = &scene.courier;
    eventually("some are on the tray", || {
        !courier.frames(0).unwrap().frames.is_empty()
    });
    scene
        .browser
        .wait_for("#network", "The relay does not answer.");
    assert!(courier.frames(0).unwrap().frames.len() < 18);

    let links = make_tray(&scene.dir.path().join("data"), None, None, None).unwrap();
    let pass = TrayPass::from_text(&links.to_text()).unwrap();
    let other = TrayClient::new(pass, &quick()).unwrap();
    let link = links.phone_link();
    let (_, token) = link.split_once('#').unwrap();
    scene.browser.run("window.fetch = window.fetching; null");
    scene
        .browser
        .run(&format!("location.hash = '{token}'; null"));
    scene.browser.agree("This link is for another tray.");
    eventually("everything is on the other tray", || {
        let found = other.state().unwrap().from_phone.transfers;
        found.first().is_some_and(|it| it.symbols >= it.needed)
    });
    let frames = other.frames(0).unwrap().frames;
    assert_eq!(put_together(&frames, pack.len()), pack);
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_phone_without_room_still_leaves_what_it_has() {
    let pack = bundle(4000, 3);
    let mut scene = opened(&shown(&pack, 7, 15));
    // What the browser does when a page has used its share.
    scene.browser.run(
        "const put = IDBObjectStore.prototype.put;
         IDBObjectStore.prototype.put = function (...its) {
           if (this.name === 'waiting') { throw new DOMException('full', 'QuotaExceededError'); }
           return put.apply(this, its);
         }; null",
    );
    scene.courier.post(&shown(&bundle(1000, 2), 9, 3)).unwrap();
    scene
        .browser
        .wait_for("#network", "This phone could not store what it carries");
    scene.browser.click("#film-start");
    scene
        .browser
        .wait_for("#film-sight", "All pieces are on this phone.");
    scene.browser.click("#film-stop");
    let courier = &scene.courier;
    eventually("what was filmed is on the tray", || {
        let found = courier.state().unwrap().from_phone.transfers;
        found.first().is_some_and(|it| it.symbols >= it.needed)
    });
    // No half of a change: neither a record nor a place without its frames.
    scene
        .browser
        .wait_for("#waiting", "Nothing waits for the vault.");
    assert_eq!(scene.browser.open("about:blank"), None);
    assert_eq!(scene.browser.open(&scene.link.clone()), None);
    scene.browser.wait_for("#waiting", "On phone (3 of 3)");
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn erasing_leaves_nothing_behind_and_needs_a_network_to_come_back() {
    let mut scene = opened(&shown(b"pack", 1, 1));
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    browser.run("navigator.serviceWorker.ready.then(() => true)");
    // A tab that stays deaf to the wish.
    browser.run(
        "new Promise((resolve) => {
           const opening = indexedDB.open('causeway-phone');
           opening.onsuccess = () => { window.deaf = opening.result; resolve(true); };
         })",
    );
    browser.click("#erase");
    browser.agree("Erase everything?");
    browser.wait_for("#network", "Another tab has this page open.");
    browser.run("window.deaf.close(); null");
    browser.wait_for("#network", "Everything is erased.");
    let left = browser.run(
        "Promise.all([caches.keys(), indexedDB.databases(), navigator.serviceWorker.getRegistrations()])
           .then((lists) => lists.flat().length)",
    );
    assert_eq!(left, 0);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // The link brings it back in the same tab.
    let (_, token) = link.split_once('#').unwrap();
    browser.run(&format!("location.hash = '{token}'; null"));
    browser.wait_for("#network", "Connected to the tray.");
    browser.wait_for("#filmed", "Nothing was filmed yet.");
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_second_tab_says_that_the_page_is_open_elsewhere() {
    let mut scene = Scene::new(&shown(b"pack", 1, 1));
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    let (page, _) = link.split_once('#').unwrap();
    // Holds the page as another tab does.
    let held = format!("{page}icon.svg");
    assert_eq!(browser.open(&held), None);
    browser.run("window.open('./', 'other'); null");
    browser.run(
        "new Promise((resolve) => {
           const look = async () => {
             const { held } = await navigator.locks.query();
             if (held.length > 0) { resolve(true); } else { setTimeout(look, 50); }
           };
           look();
         })",
    );
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "This page is open in another tab.");
    assert!(!browser.text("body").contains("Film the vault"));
    let address = browser.run("location.href").as_str().unwrap().to_owned();
    assert!(!address.contains('#'), "{address}");
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_link_can_be_pasted_where_there_is_no_address() {
    let mut scene = Scene::new(&shown(b"pack", 1, 1));
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    let (page, token) = link.split_once('#').unwrap();
    assert_eq!(browser.open(page), None);
    browser.wait_for("#network", "This phone has no tray yet.");
    let paste = |browser: &mut Browser, text: &str| {
        browser.run(&format!("document.querySelector('#link').value = '{text}'"));
        browser.click("#link-take");
    };
    paste(browser, "somewhere");
    browser.wait_for("#link-trouble", "The link is not whole");
    paste(browser, &format!("https://relay.example/phone/#{token}"));
    browser.wait_for("#link-trouble", "This link is for another relay.");
    paste(browser, &link);
    browser.wait_for("#network", "Connected to the tray.");
    let left =
        "[document.querySelector('#link').value, document.querySelector('#link-panel').hidden]";
    assert_eq!(browser.run(left), serde_json::json!(["", true]));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_newer_page_waits_until_filming_has_stopped() {
    let mut scene = opened(&shown(&bundle(4000, 3), 1, 15));
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    // From the second visit on the page has a service worker that another can replace.
    browser.run("navigator.serviceWorker.ready.then(() => true)");
    assert_eq!(browser.open("about:blank"), None);
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "Connected to the tray.");
    let replaced = "navigator.serviceWorker.dispatchEvent(new Event('controllerchange')); null";
    browser.run("window.isOld = true");
    browser.click("#film-start");
    browser.wait_for("#film-sight", "All pieces are on this phone.");
    browser.run(replaced);
    browser.wait_for("#warnings", "A newer version of this page waits.");
    assert_eq!(browser.run("window.isOld"), true);
    browser.click("#film-stop");
    browser.wait_for("#filmed", "On the tray");
    browser.run(replaced);
    eventually("the newer page is here", || {
        browser.run("window.isOld === undefined") == true
    });
}
