//! What a phone keeps, and for how long: whatever the courier, the tray and the browser do.

use online_relay::client::TrayClient;
use online_relay::server::make_tray;
use online_relay::tray::TrayPass;

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
    scene
        .browser
        .wait_for("#question", "This link is for another tray.");
    scene.browser.click("#question-yes");
    eventually("everything is on the other tray", || {
        let found = other.state().unwrap().from_phone.transfers;
        found.first().is_some_and(|it| it.symbols >= it.needed)
    });
    let frames = other.frames(0).unwrap().frames;
    assert_eq!(put_together(&frames, pack.len()), pack);
}
