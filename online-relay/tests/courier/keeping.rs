//! What the courier's directory and the stick show, and who may use them.

use std::os::unix::fs::PermissionsExt as _;

use online_relay::courier::{Courier, CourierError, PairingName, ServerUrl};
use pack_format::relay::ContentId;

use super::world::Site;
use crate::common::{Person, TestRelay, bundle};

/// A site in the middle of a trip, with bundles in both directions.
fn busy_site(relay: &TestRelay) -> (Site, Vec<Vec<u8>>) {
    let (keys, ben) = (relay.member(1), relay.member(2));
    let (sent, waiting) = (bundle(20_000, 1), bundle(30_000, 2));
    keys.send(relay, &waiting);
    let mut site = Site::at(relay);
    site.vault.fetch_from(&relay.address, &keys);
    site.vault.send(&relay.address, &ben, &sent);
    site.vault_trip();
    site.courier_trip();
    (site, vec![sent, waiting])
}

#[test]
fn everything_of_a_courier_is_for_its_owner_only() {
    let relay = TestRelay::start();
    let (site, _) = busy_site(&relay);
    let _open = site.courier();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    for dir in ["", "blobs", "incoming", "spool"] {
        assert_eq!(mode(&site.courier_dir.join(dir)) & 0o777, 0o700, "{dir}");
    }
    for file in site.files(&site.courier_dir) {
        assert_eq!(mode(&file) & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn no_file_is_named_after_a_bundle_a_mailbox_or_a_person() {
    let relay = TestRelay::start();
    let (site, bundles) = busy_site(&relay);
    let keys = Person::new(1);
    let ids = bundles.iter().map(|bytes| ContentId::of(bytes).to_string());
    let mut tells: Vec<String> = ids.map(|id| id[..8].to_owned()).collect();
    tells.push(data_encoding::HEXLOWER.encode(&keys.token.id().0)[..8].to_owned());
    tells.push("amina".to_owned());
    for below in [&site.courier_dir, &site.stick] {
        for file in site.files(below) {
            let inside = file.strip_prefix(below).unwrap();
            let name = inside.to_str().unwrap().to_lowercase();
            assert!(!tells.iter().any(|tell| name.contains(tell)), "{name}");
        }
    }
}

#[test]
fn a_finder_of_the_stick_sees_nothing_that_is_in_its_packs() {
    let relay = TestRelay::start();
    let (mut site, bundles) = busy_site(&relay);
    let courier_packs = site.files(&site.stick);
    site.vault_trip();
    let vault_packs = site.files(&site.stick);
    assert!(!courier_packs.is_empty());
    let url = relay.address.url().as_bytes().to_vec();
    let key = relay.address.key().0.to_vec();
    let mut canaries = vec![url, key, b"Amina".to_vec()];
    for bytes in &bundles {
        canaries.push(bytes[1000..1016].to_vec());
        canaries.push(ContentId::of(bytes).0[..16].to_vec());
    }
    let mut seen = 0;
    for file in courier_packs.iter().chain(&vault_packs) {
        let Ok(bytes) = std::fs::read(file) else {
            continue;
        };
        seen += 1;
        for canary in &canaries {
            let found = bytes.windows(canary.len()).any(|window| window == canary);
            assert!(!found, "{}", file.display());
        }
    }
    assert!(seen > 0);
}

#[test]
fn pairing_words_are_kept_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("courier");
    let mut courier = Courier::init(&path, &[]).unwrap();
    let words = courier
        .pair_by_showing(&PairingName::parse("Amina").unwrap())
        .unwrap();
    let code = pack_format::words::PairingCode::from_words(&words.join(" ")).unwrap();
    let root = *code.root().expose();
    drop(courier);
    let index = std::fs::read(path.join("index.sqlite")).unwrap();
    let holds = |canary: &[u8]| index.windows(canary.len()).any(|window| window == canary);
    assert!(!holds(words.join(" ").as_bytes()));
    assert!(!holds(&root));
}

#[test]
fn a_second_process_is_told_that_the_courier_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("courier");
    let first = Courier::init(&path, &[]).unwrap();
    let second = Courier::open(&path);
    assert!(matches!(second, Err(CourierError::InUse { .. })));
    drop(first);
    assert!(Courier::open(&path).is_ok());
}

#[test]
fn a_courier_is_neither_made_twice_nor_opened_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/courier");
    assert!(matches!(
        Courier::open(&path),
        Err(CourierError::NotACourier { .. })
    ));
    assert!(!path.exists());
    Courier::init(&path, &[]).unwrap();
    assert!(matches!(
        Courier::init(&path, &[]),
        Err(CourierError::AlreadyThere { .. })
    ));
}

#[test]
fn names_and_servers_are_each_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut courier = Courier::init(&dir.path().join("courier"), &[]).unwrap();
    let name = PairingName::parse(" Amina ").unwrap();
    courier.pair_by_showing(&name).unwrap();
    let again = courier.pair_by_showing(&name);
    assert!(matches!(again, Err(CourierError::NameTaken { .. })));
    assert_eq!(courier.pairings().unwrap(), ["Amina"]);
    let url = ServerUrl::parse("https://relay.example/").unwrap();
    assert!(courier.allow_server(&url).unwrap());
    assert!(!courier.allow_server(&url).unwrap());
    courier.forbid_server(&url).unwrap();
    let again = courier.forbid_server(&url);
    assert!(matches!(again, Err(CourierError::ServerUnknown { .. })));
    for name in ["", " \t", "a\u{202e}b", "a\nb", &"x".repeat(65)] {
        let parsed = PairingName::parse(name);
        assert!(
            matches!(parsed, Err(CourierError::BadName { .. })),
            "{name:?}"
        );
    }
}

#[test]
fn a_removed_pairing_takes_everything_with_it_that_was_its_own() {
    let relay = TestRelay::start();
    let (site, _) = busy_site(&relay);
    let mut courier = site.courier();
    assert_eq!(courier.status().unwrap().bundles_here, 2);
    courier
        .remove_pairing(&PairingName::parse("Amina").unwrap())
        .unwrap();
    let status = courier.status().unwrap();
    assert_eq!((status.bundles_here, status.vaults.len()), (0, 0));
    assert_eq!(site.courier_files("blobs").len(), 0);
    // The server stays allowed.
    assert_eq!(status.servers.len(), 1);
    drop(courier);
    assert!(matches!(
        site.try_courier_trip(),
        Err(CourierError::NoPairing)
    ));
}

#[test]
fn a_bundle_that_the_disk_has_lost_is_fetched_again_or_asked_for() {
    let relay = TestRelay::start();
    let (mut site, bundles) = busy_site(&relay);
    let ben = Person::new(2);
    let late = bundle(1000, 3);
    let full = TestRelay::start_with(|config| config.quota_bytes = Some(10));
    full.member(2);
    site.courier()
        .allow_server(&ServerUrl::parse(full.address.url()).unwrap())
        .unwrap();
    site.vault.send(&full.address, &ben, &late);
    // The stick has the fetched bundle; the vault takes another one.
    let other = site.scratch("other");
    std::fs::create_dir(&other).unwrap();
    site.vault.sync(&other);
    site.stick = other;
    site.courier_trip();
    for blob in site.courier_files("blobs") {
        std::fs::remove_file(blob).unwrap();
    }
    site.courier_trip();
    site.vault_trip();
    assert_eq!(site.vault.memory.received, [bundles[1].clone()]);
    let codes = site.vault.report_codes();
    assert!(codes.contains(&"bundle-missing"), "{codes:?}");
}
