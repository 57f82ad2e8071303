//! Downloads that break off, come wrong, or grow without end.

use std::sync::atomic::{AtomicUsize, Ordering};

use pack_format::advice::{Advice as _, Exit};
use pack_format::relay::ContentId;

use super::scripted::{self, Asked, ScriptedRelay, blob, listing};
use super::world::{Site, watch};
use crate::common::{Person, bundle};

/// A relay with these bundles in its one mailbox; `give` makes the answer to a download.
fn relay_with(
    bundles: Vec<Vec<u8>>,
    mut give: impl FnMut(&[u8], &Asked) -> Vec<u8> + Send + 'static,
) -> ScriptedRelay {
    ScriptedRelay::start(move |asked| {
        if asked.path == "/v1/relay" {
            return scripted::info();
        }
        if asked.path.starts_with("/v1/mailbox?") {
            let items: Vec<_> = bundles
                .iter()
                .map(|bytes| (ContentId::of(bytes), bytes.len()))
                .collect();
            return listing(&items);
        }
        let wanted = bundles
            .iter()
            .find(|bytes| asked.path.ends_with(&ContentId::of(bytes).to_string()));
        wanted.map_or_else(|| scripted::status("404 x"), |bytes| give(bytes, asked))
    })
}

fn site_that_fetches(relay: &ScriptedRelay) -> Site {
    let mut site = Site::new(relay.address.url());
    site.vault.fetch_from(&relay.address, &Person::new(1));
    site.vault_trip();
    site
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let sent = bundle(100_000, 1);
    let relay = relay_with(vec![sent.clone()], |bytes, asked| {
        blob(bytes, asked.offset(), 40_000)
    });
    let mut site = site_that_fetches(&relay);
    for _ in 0..2 {
        let outcome = site.courier_trip();
        assert_eq!(outcome.exit(), Exit::Failed);
        assert_eq!(site.courier_files("incoming").len(), 1);
    }
    let outcome = site.courier_trip();
    assert_eq!(outcome.exit(), Exit::Done);
    assert_eq!(relay.downloads(), [0, 40_000, 80_000]);
    site.vault_trip();
    assert_eq!(site.vault.memory.received, [sent]);
    assert_eq!(site.courier_files("incoming").len(), 0);
}

#[test]
fn a_fetched_bundle_that_is_damaged_before_it_is_packed_is_fetched_again() {
    let sent = bundle(100_000, 1);
    let relay = relay_with(vec![sent.clone()], |bytes, asked| {
        blob(bytes, asked.offset(), usize::MAX / 2)
    });
    let mut site = site_that_fetches(&relay);
    let trip = |site: &Site, offline: bool, with_stick: bool| {
        let mut options = site.options();
        options.offline = offline;
        options.medium = options.medium.filter(|_| with_stick);
        site.courier().sync(&options, &mut watch()).unwrap()
    };
    trip(&site, true, true);
    trip(&site, false, false);
    let file = site.courier_files("blobs").remove(0);
    let mut damaged = sent.clone();
    damaged[50_000] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    trip(&site, true, true);
    site.vault_trip();
    assert!(site.vault.memory.received.is_empty());
    assert!(!file.exists());
    trip(&site, false, true);
    site.vault_trip();
    assert_eq!(site.vault.memory.received, [sent]);
    assert_eq!(relay.downloads(), [0, 0]);
}

#[test]
fn wrong_bytes_are_thrown_away_and_told_and_the_others_still_come() {
    let (wrong, right) = (bundle(1000, 1), bundle(1000, 2));
    let is_wrong = ContentId::of(&wrong);
    let relay = relay_with(vec![wrong, right.clone()], move |bytes, asked| {
        let mut bytes = bytes.to_vec();
        bytes[500] ^= u8::from(ContentId::of(&bytes) == is_wrong);
        blob(&bytes, asked.offset(), usize::MAX / 2)
    });
    let mut site = site_that_fetches(&relay);
    let outcome = site.courier_trip();
    assert_eq!(outcome.exit(), Exit::Refused);
    let troubles = &outcome.network.as_ref().unwrap().troubles;
    assert_eq!(troubles[0].trouble.code(), "fetched-bundle-wrong");
    site.vault_trip();
    assert_eq!(site.vault.memory.received, [right]);
    assert_eq!(site.vault.report_codes(), ["fetched-bundle-wrong"]);
    assert_eq!(site.vault.memory.reports[0].content_id, is_wrong);
    assert_eq!(site.courier_files("incoming").len(), 0);
}

#[test]
fn what_the_own_disk_has_altered_is_fetched_again_before_the_relay_is_blamed() {
    let sent = bundle(100_000, 1);
    let breaks = AtomicUsize::new(1);
    let relay = relay_with(vec![sent.clone()], move |bytes, asked| {
        let is_first = breaks.fetch_sub(1, Ordering::Relaxed) == 1;
        let given = if is_first { 40_000 } else { 100_000 };
        blob(bytes, asked.offset(), given)
    });
    let mut site = site_that_fetches(&relay);
    site.courier_trip();
    let partial = site.courier_files("incoming").remove(0);
    let mut bytes = std::fs::read(&partial).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&partial, bytes).unwrap();
    assert_eq!(site.courier_trip().exit(), Exit::Done);
    assert_eq!(relay.downloads(), [0, 40_000, 0]);
    site.vault_trip();
    assert_eq!(site.vault.memory.received, [sent]);
}

#[test]
fn a_bundle_that_is_gone_since_it_was_listed_is_no_trouble() {
    let relay = relay_with(vec![bundle(1000, 1)], |_, _| {
        b"HTTP/1.1 404 x\r\ncauseway-error: bundle-unknown\r\ncontent-length: 0\r\n\
          connection: close\r\n\r\n"
            .to_vec()
    });
    let site = site_that_fetches(&relay);
    assert_eq!(site.courier_trip().exit(), Exit::Done);
    assert_eq!(
        site.courier().status().unwrap().vaults[0].bundles_to_fetch,
        0
    );
}

#[test]
fn a_relay_that_lists_more_than_the_disk_holds_fills_nothing() {
    let relay = ScriptedRelay::start(|asked| match asked.path.as_str() {
        "/v1/relay" => scripted::info(),
        _ => listing(&[(ContentId::of(b"huge"), 120 << 30)]),
    });
    let free = rustix::fs::statvfs("/tmp").unwrap();
    if free.f_bavail * free.f_frsize > 120 << 30 {
        // A disk on which the bundle has room shows nothing.
        return;
    }
    let mut site = site_that_fetches(&relay);
    let outcome = site.courier_trip();
    let troubles = &outcome.network.as_ref().unwrap().troubles;
    assert_eq!(troubles[0].trouble.code(), "courier-disk-full");
    assert!(relay.downloads().is_empty());
    site.vault_trip();
    assert_eq!(site.vault.report_codes(), ["courier-disk-full"]);
}

#[test]
fn a_mailbox_without_end_is_left_at_the_limit() {
    let next = AtomicUsize::new(1);
    let relay = ScriptedRelay::start(move |asked| {
        if asked.path == "/v1/relay" {
            return scripted::info();
        }
        if asked.path.starts_with("/v1/blobs/") {
            return scripted::status("500 x");
        }
        let items: Vec<String> = (0..1000)
            .map(|_| {
                let sequence = next.fetch_add(1, Ordering::Relaxed);
                let id = ContentId::of(&sequence.to_be_bytes());
                format!("{{\"sequence\":{sequence},\"content_id\":\"{id}\",\"size_bytes\":9}}")
            })
            .collect();
        scripted::ok(&format!(
            "{{\"items\":[{}],\"more\":true}}",
            items.join(",")
        ))
    });
    let site = site_that_fetches(&relay);
    let outcome = site.courier_trip();
    let troubles = &outcome.network.as_ref().unwrap().troubles;
    assert_eq!(troubles[0].trouble.code(), "mailbox-too-full");
    // It fails at every bundle, too, and is not asked fifty thousand times.
    assert_eq!(relay.downloads().len(), 3);
}
