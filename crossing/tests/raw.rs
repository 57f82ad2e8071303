//! Trips without a file system.

use std::{fs, path::Path};

use crossing::{CrossingError, Progress, Quiet, SyncReport, sync_raw};
use pack_format::advice::Advice as _;
use tempfile::TempDir;

use crate::machine::{Machine, noise, pair};

/// A blank image file.
fn image(dir: &TempDir, len: usize) -> std::path::PathBuf {
    let path = dir.path().join("image");
    fs::write(&path, vec![0; len]).unwrap();
    path
}

fn try_sync(
    machine: &mut Machine,
    path: &Path,
    progress: &mut dyn Progress,
) -> Result<SyncReport, CrossingError> {
    machine.run(|lanes, host, options| sync_raw(path, lanes, host, progress, options))
}

fn sync(machine: &mut Machine, path: &Path) -> SyncReport {
    let report = try_sync(machine, path, &mut Quiet).unwrap();
    assert!(report.safe_to_remove);
    report
}

#[test]
fn a_bundle_goes_there_and_a_receipt_comes_back() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 500_000);
    let bundle = noise(1, 2_500_000);
    vault.send(&bundle);
    vault.send(b"small");
    courier.send(b"answer");
    assert_eq!(sync(&mut vault, &path).lanes[0].parts_written, 3);
    let there = sync(&mut courier, &path);
    assert_eq!(there.lanes[0].bundles_taken, 2);
    assert!(courier.received() == [bundle, b"small".to_vec()]);
    sync(&mut vault, &path);
    assert_eq!(vault.received(), [b"answer"]);
    sync(&mut courier, &path);
    assert_eq!((vault.outbox_len(), courier.outbox_len()), (0, 0));
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let (mut vault, _) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 500_000);
    vault.send(&noise(1, 1_500_000));
    sync(&mut vault, &path);
    let before = fs::read(&path).unwrap();
    let again = sync(&mut vault, &path);
    assert_eq!(again.lanes[0].parts_written, 0);
    assert_eq!(again.lanes[0].outgoing[0].on_medium.len(), 2);
    assert!(fs::read(&path).unwrap() == before);
    // More is written behind it, and a damaged part once more.
    vault.send(b"more");
    assert_eq!(sync(&mut vault, &path).lanes[0].parts_written, 1);
    assert!(fs::read(&path).unwrap()[..1_000_000] == before[..1_000_000]);
    let mut damaged = fs::read(&path).unwrap();
    damaged[9000] ^= 1;
    fs::write(&path, damaged).unwrap();
    assert!(sync(&mut vault, &path).lanes[0].parts_written > 0);
}

#[test]
fn what_lies_further_back_is_not_gone_on_with() {
    let (mut vault, _) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    vault.send(b"one");
    sync(&mut vault, &path);
    let written = fs::read(&path).unwrap();
    let behind = [noise(4, 512 * 100), written.clone()].concat();
    fs::write(&path, behind).unwrap();
    assert_eq!(sync(&mut vault, &path).lanes[0].parts_written, 1);
    assert!(fs::read(&path).unwrap()[..16_000] == written[..16_000]);
}

#[test]
fn incomplete_packs_are_kept_before_the_medium_is_written_over() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    let bundle = noise(1, 2_500_000);
    vault.send(&bundle);
    courier.send(b"answer");
    sync(&mut vault, &path);
    // The medium was cut: the last part is not on it.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(2_300_000).unwrap();
    let report = sync(&mut courier, &path);
    assert_eq!(report.lanes[0].incoming[0].missing, [2]);
    assert_eq!(courier.spooled_files(), 2);
    let back = sync(&mut vault, &path);
    assert_eq!(vault.received(), [b"answer"]);
    assert_eq!(back.lanes[0].outgoing[0].arrived.len(), 2);
    assert_eq!(back.lanes[0].outgoing[0].on_medium.len(), 1);
    sync(&mut courier, &path);
    assert!(courier.received() == [bundle]);
}

#[test]
fn after_the_last_receipt_nothing_is_written_any_more() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 300_000);
    vault.send(&noise(1, 1_500_000));
    courier.send(b"answer");
    for _ in 0..3 {
        sync(&mut vault, &path);
        sync(&mut courier, &path);
    }
    let before = fs::read(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(sync(&mut vault, &path).lanes[0].packs_composed, 0);
        assert_eq!(sync(&mut courier, &path).lanes[0].packs_composed, 0);
    }
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn altered_parts_are_refused() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    vault.send(b"one");
    sync(&mut vault, &path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[3000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = sync(&mut courier, &path);
    assert_eq!(
        report.outcome().unwrap_err().code(),
        "crossing-pack-damaged"
    );
    assert_eq!(courier.received().len(), 0);
    sync(&mut vault, &path);
    sync(&mut courier, &path);
    assert_eq!(courier.received(), [b"one"]);
}

#[test]
fn a_thousand_copied_headers_do_not_hide_the_part() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    vault.send(b"one");
    sync(&mut vault, &path);
    let written = fs::read(&path).unwrap();
    let mut bytes = noise(5, 512 * 1000);
    for at in (0..bytes.len()).step_by(512) {
        bytes[at..at + 64].copy_from_slice(&written[..64]);
    }
    // The genuine part comes first here; where a courier puts it last, it is sent again.
    let hostile = [written, bytes].concat();
    fs::write(&path, hostile).unwrap();
    sync(&mut courier, &path);
    assert_eq!(courier.received(), [b"one"]);
}

#[test]
fn a_missing_medium_is_said_to_be_missing() {
    let (mut vault, _) = pair();
    let dir = TempDir::new().unwrap();
    let err = try_sync(&mut vault, &dir.path().join("none"), &mut Quiet).unwrap_err();
    assert_eq!(err.code(), "raw-not-there");
    let err = try_sync(&mut vault, dir.path(), &mut Quiet).unwrap_err();
    assert_eq!(err.code(), "raw-not-a-medium");
}

#[test]
fn cancelling_a_search_stops_it() {
    struct Stop;
    impl Progress for Stop {
        fn step(&mut self, _phase: crossing::Phase, _done_bytes: u64, _total_bytes: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let (mut vault, _) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 3_000_000);
    let err = try_sync(&mut vault, &path, &mut Stop).unwrap_err();
    assert_eq!(err.code(), "cancelled");
}

#[test]
fn what_somebody_else_needs_is_not_written_over() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    for thesis in [
        b"Chapter one.\n".repeat(9000),
        noise(99, 90_000),
        vec![b'x'],
    ] {
        fs::write(&path, &thesis).unwrap();
        // Nothing is due: nothing to refuse.
        sync(&mut courier, &path);
        if vault.outbox_len() == 0 {
            vault.send(b"one");
        }
        let err = try_sync(&mut vault, &path, &mut Quiet).unwrap_err();
        assert_eq!(err.code(), "crossing-medium-not-ours");
        assert!(fs::read(&path).unwrap() == thesis);
    }
    vault.options.overwrite = true;
    assert_eq!(sync(&mut vault, &path).lanes[0].parts_written, 1);
    sync(&mut courier, &path);
    assert_eq!(courier.received(), [b"one"]);
}

#[test]
fn parts_between_foreign_files_are_taken_in_and_nothing_is_written() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    vault.send(b"one");
    sync(&mut vault, &path);
    let disk = [vec![b'f'; 8192], fs::read(&path).unwrap()].concat();
    fs::write(&path, &disk).unwrap();
    let err = try_sync(&mut courier, &path, &mut Quiet).unwrap_err();
    assert_eq!(err.code(), "crossing-medium-not-ours");
    assert_eq!(courier.received(), [b"one"]);
    assert!(fs::read(&path).unwrap() == disk);
}

#[test]
fn a_medium_that_was_pulled_while_it_was_written_is_still_ours() {
    let (mut vault, mut courier) = pair();
    let dir = TempDir::new().unwrap();
    let path = image(&dir, 0);
    vault.send(&noise(1, 900_000));
    sync(&mut vault, &path);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(300_000).unwrap();
    assert_eq!(sync(&mut vault, &path).lanes[0].parts_written, 1);
    sync(&mut courier, &path);
    // The receipt that the courier wrote there itself.
    courier.send(b"answer");
    assert_eq!(sync(&mut courier, &path).lanes[0].parts_written, 1);
}
