//! A phone between a vault and a courier, in a real browser: it films, forgets nothing when the
//! network is gone, leaves, fetches and shows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use online_relay::client::TrayClient;
use online_relay::server::make_tray;
use online_relay::tray::{TransferName, TrayPass};
use pack_format::light::{BlockDecoder, BlockEncoder, Frame, FrameParts, Kind, Layout, TransferId};

use super::browser::Browser;
use super::video;
use crate::common::{TestRelay, eventually, quick};

/// The page as `phone/build.sh` makes it, once for all tests.
fn built_page() -> PathBuf {
    static BUILT: Once = Once::new();
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join("phone-page");
    BUILT.call_once(|| build(&page));
    page
}

fn build(page: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("phone/build.sh");
    let built = Command::new("sh").arg(script).arg(page).output().unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
}

/// What a vault shows of a pack: codes of eight symbols each.
pub(super) fn shown(pack: &[u8], id: u8, code_count: u32) -> Vec<Vec<u8>> {
    let layout = Layout::new(pack.len() as u64).unwrap();
    let encoder = BlockEncoder::new(pack, layout.symbol_bytes());
    let codes = (0..code_count).map(|at| {
        let parts = FrameParts {
            kind: Kind::Pack,
            transfer: TransferId([id; 4]),
            layout,
            part_exponent: 0,
            single_block: false,
            block: 0,
            first_symbol: at * 8,
            count: 8,
        };
        Frame::build(&parts, |_, id, symbol| encoder.symbol(id, symbol))
    });
    codes.collect()
}

/// The pack that frames give back.
pub(super) fn put_together(frames: &[Vec<u8>], size_bytes: usize) -> Vec<u8> {
    let layout = Layout::new(size_bytes as u64).unwrap();
    let mut decoder = BlockDecoder::new(layout.source_symbols(0), layout.symbol_bytes());
    for frame in frames {
        for (_, id, symbol) in Frame::parse(frame).unwrap().symbols() {
            decoder.add(id, symbol);
        }
    }
    decoder.into_block(size_bytes).unwrap()
}

/// A phone and what is around it.
pub(super) struct Scene {
    pub(super) dir: tempfile::TempDir,
    pub(super) relay: Option<TestRelay>,
    pub(super) courier: TrayClient,
    pub(super) link: String,
    pub(super) browser: Browser,
}

impl Scene {
    /// A phone in front of a screen that shows these codes one by one, and a tray for it.
    pub(super) fn new(codes: &[Vec<u8>]) -> Self {
        let alone: Vec<_> = codes.iter().map(|code| vec![code.clone()]).collect();
        Self::of_pictures(&alone)
    }

    fn of_pictures(pictures: &[Vec<Vec<u8>>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (page, film) = (built_page(), dir.path().join("film.y4m"));
        video::write(&film, pictures);
        let data = dir.path().join("data");
        let relay = TestRelay::start_in(&data, |config| config.phone_page = Some(page));
        let links = make_tray(&data, None, None, None).unwrap();
        let pass = TrayPass::from_text(&links.to_text()).unwrap();
        Self {
            courier: TrayClient::new(pass, &quick()).unwrap(),
            link: links.phone_link().to_string(),
            browser: Browser::start(dir.path(), Some(&film)),
            relay: Some(relay),
            dir,
        }
    }

    pub(super) fn stop_relay(&mut self) {
        self.relay.take().unwrap().stop();
    }

    pub(super) fn start_relay(&mut self) {
        let (_, rest) = self.link.split_once("://").unwrap();
        let listen = rest.split('/').next().unwrap().parse().unwrap();
        let relay = TestRelay::start_in(&self.dir.path().join("data"), |config| {
            config.listen = listen;
            config.phone_page = Some(built_page());
        });
        self.relay = Some(relay);
    }
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_phone_carries_both_ways_and_keeps_what_it_has_when_the_relay_is_gone() {
    let pack = crate::common::bundle(8000, 1);
    let mut codes = vec![b"WIFI:T:WPA;S:somebody;P:else;;".to_vec()];
    codes.extend(shown(&pack, 7, 30));
    let mut scene = Scene::new(&codes);

    opens_and_hides_its_token(&mut scene);
    films_while_the_relay_is_gone(&mut scene);
    opens_without_a_network(&mut scene);
    leaves_everything_when_the_relay_is_back(&mut scene, &pack);
    shows_what_the_courier_left(&mut scene);
    deletes_only_after_a_question(&mut scene);
}

fn opens_and_hides_its_token(scene: &mut Scene) {
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "Connected to the tray.");
    assert_eq!(browser.text("#banner"), "ONLINE MACHINE");
    let address = browser.run("location.href + history.length");
    assert!(!address.as_str().unwrap().contains('#'), "{address}");
    browser.run("navigator.serviceWorker.ready.then(() => true)");
    // Its own files, and no answer of the relay.
    let kept = "caches.keys().then((names) => caches.open(names[0]))
        .then((cache) => cache.keys()).then((keys) => keys.map(({ url }) => url).join())";
    let kept = browser.run(kept).as_str().unwrap().to_owned();
    assert!(
        kept.contains("zxing_full.wasm") && !kept.contains("/v1/"),
        "{kept}"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.picture("phone-start");
}

fn films_while_the_relay_is_gone(scene: &mut Scene) {
    scene.stop_relay();
    let browser = &mut scene.browser;
    browser.click("#film-start");
    browser.wait_for("#film-sight", "All pieces are on this phone.");
    assert_eq!(browser.text("#film-count"), "144 of 144 pieces");
    browser.picture("phone-film");
    browser.wait_for("#film-sight", "This is another kind of code");
    browser.click("#film-stop");
    browser.wait_for("#filmed", "On phone (144 of 144)");
}

fn opens_without_a_network(scene: &mut Scene) {
    let link = scene.link.clone();
    let (page, _) = link.split_once('#').unwrap();
    let browser = &mut scene.browser;
    assert_eq!(browser.open("about:blank"), None);
    assert_eq!(browser.open(page), None);
    browser.wait_for("#filmed", "On phone (144 of 144)");
    browser.wait_for("#network", "The relay does not answer.");
    browser.picture("phone-offline");
    let complaints = browser.complaints();
    let is_about_the_relay = |it: &&String| it.contains("ERR_CONNECTION_REFUSED");
    assert!(
        complaints.iter().all(|it| is_about_the_relay(&it)),
        "{complaints:?}"
    );
}

fn leaves_everything_when_the_relay_is_back(scene: &mut Scene, pack: &[u8]) {
    scene.start_relay();
    scene.browser.wait_for("#filmed", "On the tray");
    let state = scene.courier.state().unwrap().from_phone;
    assert_eq!(state.transfers.len(), 1);
    let (frames, found) = (scene.courier.frames(0).unwrap().frames, state.transfers[0]);
    assert_eq!(frames.len() as u64, found.frames);
    assert!(found.symbols >= 134 && found.needed == 134, "{found:?}");
    assert_eq!(put_together(&frames, pack.len()), pack);
    asks_for_more(scene, found.transfer);
    assert_eq!(scene.courier.done(&[found.transfer]).unwrap(), 1);
    scene.browser.wait_for("#filmed", "With the courier");
}

fn asks_for_more(scene: &mut Scene, transfer: TransferName) {
    assert!(scene.courier.want(transfer, 9).unwrap());
    let browser = &mut scene.browser;
    browser.wait_for("#filmed", "asks for 9 more pieces");
    browser.click("#film-start");
    browser.wait_for("#film-sight", "All pieces are on this phone.");
    browser.click("#film-stop");
    browser.wait_for("#filmed", "On the tray");
    let found = scene.courier.state().unwrap().from_phone.transfers[0];
    assert_eq!((found.transfer, found.wanted), (transfer, 0));
}

fn shows_what_the_courier_left(scene: &mut Scene) {
    let codes = shown(&crate::common::bundle(1000, 2), 9, 3);
    scene.courier.post(&codes).unwrap();
    let browser = &mut scene.browser;
    browser.wait_for("#waiting", "On phone (3 of 3)");
    browser.picture("phone-waiting");
    browser.click("#waiting button");
    let expected: BTreeSet<_> = codes.into_iter().collect();
    for (width, height, dark) in [(390, 844, false), (1280, 800, true), (844, 390, true)] {
        browser.size(width, height, dark);
        browser.wait_for("#show-place", "of 3");
        assert_eq!(browser.text("#stage-banner"), "ONLINE MACHINE");
        let mut seen = BTreeSet::new();
        for at in 0..60 {
            let picture = browser.picture(&format!("phone-show-{width}-{}", at % 3));
            // A picture may be taken between two codes.
            seen.extend(carriers::qr::read_png(&picture).ok());
            if seen.len() == expected.len() {
                break;
            }
        }
        assert_eq!(seen, expected, "{width}");
    }
    browser.size(390, 844, false);
    browser.click("#show-faster");
    browser.wait_for("#show-place", "10 a second");
    browser.click("#show-size");
    browser.picture("phone-show-big");
    browser.click("#show-finished");
    browser.wait_for("#waiting", "Shown to the vault");
    let courier = &scene.courier;
    eventually("the courier sees that it was shown", || {
        courier.state().unwrap().for_phone.transfers[0].done
    });
    // What the courier takes back is gone from the phone as well.
    let transfer = courier.state().unwrap().for_phone.transfers[0].transfer;
    courier.withdraw(&[transfer]).unwrap();
    scene
        .browser
        .wait_for("#waiting", "Nothing waits for the vault.");
}

fn deletes_only_after_a_question(scene: &mut Scene) {
    let browser = &mut scene.browser;
    browser.click("#filmed .danger");
    browser.wait_for("#question[open]", "The courier has it.");
    browser.picture("phone-question");
    browser.click("#question-no");
    assert!(browser.text("#filmed").contains("With the courier"));
    browser.click("#filmed .danger");
    browser.agree("The courier has it.");
    browser.wait_for("#filmed", "Nothing was filmed yet.");
    let courier = &scene.courier;
    eventually("the tray forgets it", || {
        courier.state().unwrap().from_phone.transfers.is_empty()
    });
    assert_eq!(scene.browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn an_insecure_address_says_why_there_is_no_camera_and_what_to_do() {
    let mut scene = Scene::new(&shown(b"pack", 1, 1));
    let port = scene.relay.as_ref().unwrap().socket.port();
    let browser = &mut scene.browser;
    assert_eq!(
        browser.open(&format!("http://relay.test:{port}/phone/")),
        None
    );
    browser.wait_for("#network", "This phone has no tray yet.");
    browser.wait_for("#warnings", "cannot work offline here");
    browser.click("#film-start");
    browser.wait_for("#camera-trouble", "The camera works only over https.");
    browser.picture("phone-insecure");
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn two_transfers_in_view_are_both_kept() {
    let (one, other) = (
        crate::common::bundle(3000, 1),
        crate::common::bundle(4000, 2),
    );
    let pictures = shown(&one, 1, 15).into_iter().zip(shown(&other, 2, 15));
    let pictures: Vec<_> = pictures.map(|(one, other)| vec![one, other]).collect();
    let mut scene = Scene::of_pictures(&pictures);
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "Connected to the tray.");
    browser.click("#film-start");
    browser.wait_for("#filmed", "Transfer 01010101");
    browser.wait_for("#filmed", "Transfer 02020202");
    let courier = &scene.courier;
    eventually("both are on the tray", || {
        let found = courier.state().unwrap().from_phone.transfers;
        found.len() == 2 && found.iter().all(|it| it.symbols >= it.needed)
    });
    let frames = scene.courier.frames(0).unwrap().frames;
    let of = |id: u8| {
        frames
            .iter()
            .filter(move |it| it[12] == id)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(put_together(&of(1), one.len()), one);
    assert_eq!(put_together(&of(2), other.len()), other);
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_camera_that_was_refused_says_how_to_allow_it() {
    let scene = Scene::new(&shown(b"pack", 1, 1));
    let link = scene.link.clone();
    let dir = tempfile::tempdir().unwrap();
    let browser = &mut Browser::start(dir.path(), None);
    browser.deny_camera();
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "Connected to the tray.");
    browser.click("#film-start");
    browser.wait_for("#camera-trouble", "Allow it in the browser’s settings");
}

#[test]
#[ignore = "needs node; .ci/run runs it"]
fn the_page_counts_symbols_as_a_vault_does() {
    const SCRIPT: &str = "
        const { readFrame } = await import(process.argv[1]);
        const { readFileSync } = await import('node:fs');
        const frames = JSON.parse(readFileSync(process.argv[2]));
        const read = frames.map((hex) => readFrame(Buffer.from(hex, 'hex')).symbols);
        console.log(JSON.stringify(read));
    ";
    let (mut frames, mut places) = (Vec::new(), Vec::new());
    for total_bytes in [
        1,
        60_001,
        131_073,
        (1 << 20) + 1,
        (3 << 20) + 70_000,
        64 << 20,
    ] {
        let layout = Layout::new(total_bytes).unwrap();
        for at in [0, 1, 126, 127, 128, 2184, 100_000] {
            for single_block in [false, true] {
                let parts = FrameParts {
                    kind: Kind::Pack,
                    transfer: TransferId([1; 4]),
                    layout,
                    part_exponent: 1,
                    single_block: single_block && layout.block_count() > 1,
                    block: layout.block_count() / 2,
                    first_symbol: at,
                    count: 5,
                };
                let frame = Frame::build(&parts, |_, _, _| ());
                // A frame never begins where there is no symbol: what it says is what counts.
                let parts = *Frame::parse(&frame).unwrap().parts();
                frames.push(data_encoding::HEXLOWER.encode(&frame));
                places.push(parts.places().collect::<Vec<_>>());
            }
        }
    }
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("phone/src/frame.js");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("frames.json");
    std::fs::write(&file, serde_json::to_vec(&frames).unwrap()).unwrap();
    let found = Command::new("node")
        .args(["--input-type=module", "--eval", SCRIPT])
        .args([module, file])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&found.stderr);
    let found: Vec<Vec<(u8, u32)>> = serde_json::from_slice(&found.stdout).expect(&errors);
    assert_eq!(found, places);
}

#[test]
#[ignore = "needs chromium, node and npm; .ci/run runs it"]
fn a_film_that_stops_early_goes_on_where_it_stopped() {
    let pack = crate::common::bundle(8000, 3);
    let codes = shown(&pack, 5, 5);
    let mut card = codes[0].clone();
    card[0] = 0xc9;
    // Filmed, and each of another kind.
    let mut film = codes.clone();
    film.extend([
        with_checksum(card),
        vec![0xca, 0x10, 0, 1],
        vec![0xc8, 0x20],
    ]);
    let mut scene = Scene::new(&film);
    let link = scene.link.clone();
    let browser = &mut scene.browser;
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#network", "Connected to the tray.");
    browser.click("#film-start");
    for words in [
        "This is a contact card.",
        "but damaged on the way",
        "a newer version",
    ] {
        browser.wait_for("#film-sight", words);
    }
    browser.wait_for("#film-count", "40 of 144 pieces");
    browser.wait_for("#filmed", "On phone (40 of 144)");
    // Without a word of farewell, as phones do.
    assert_eq!(browser.open("about:blank"), None);
    assert_eq!(browser.open(&link), None);
    browser.wait_for("#filmed", "On phone (40 of 144)");
    let courier = &scene.courier;
    eventually("what is there is on the tray", || {
        courier.frames(0).unwrap().frames.len() == codes.len()
    });
    // Neither the card nor anything else that was in view.
    let frames: BTreeSet<_> = courier.frames(0).unwrap().frames.into_iter().collect();
    assert_eq!(frames, codes.into_iter().collect());
    scene.browser.click("#erase");
    scene.browser.agree("Erase everything?");
    scene.browser.wait_for("#network", "Everything is erased.");
}

/// The frame with a checksum that fits what was altered in it.
fn with_checksum(mut frame: Vec<u8>) -> Vec<u8> {
    let rest = [&frame[..16], &frame[20..]].concat();
    frame[16..20].copy_from_slice(&crate::trays::crc32c(&rest).to_be_bytes());
    frame
}
