//! The program is killed at any moment of a trip: the next run finishes it, exactly once.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::world::Site;
use crate::common::{TestRelay, bundle};

fn program(courier: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_online-relay"));
    command
        .args(["courier", "--courier"])
        .arg(courier)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a_trip_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let relay = TestRelay::start();
    let (keys, ben) = (relay.member(1), relay.member(2));
    let mut site = Site::at(&relay);
    site.vault.fetch_from(&relay.address, &keys);
    let (mut sent, mut waiting) = (Vec::new(), Vec::new());
    let mut kills = 0;
    for round in 0..16_u8 {
        let (out, inward) = (bundle(150_000, 2 * round), bundle(150_000, 2 * round + 1));
        site.vault.send(&relay.address, &ben, &out);
        keys.send(&relay, &inward);
        sent.push(out);
        waiting.push(inward);
        site.vault_trip();
        let mut child = program(&site.courier_dir)
            .args(["sync", "--stick"])
            .arg(&site.stick)
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(2 + 4 * u64::from(round)));
        let _ = child.kill();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills > 0);
    site.courier_trip();
    site.vault_trip();
    site.courier_trip();
    site.vault_trip();
    site.courier_trip();

    let mut received = site.vault.memory.received.clone();
    received.sort();
    waiting.sort();
    assert_eq!(received, waiting);
    assert_eq!(ben.waiting(&relay).len(), sent.len());
    assert_eq!(site.vault.memory.receipts.len(), sent.len());
    assert_eq!(site.vault.memory.due, []);
    assert!(site.vault.memory.reports.is_empty());
    let status = site.courier().status().unwrap();
    assert_eq!(status.bundles_here, 0);
    for dir in ["blobs", "incoming", "spool"] {
        assert!(site.courier_files(dir).is_empty(), "{dir}");
    }
}
