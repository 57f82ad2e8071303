//! A copied vault whose only way out leads to somebody who has no way back to it.

use team_core::ids::SpaceId;

use super::store::MapStore;
use super::vault::{Sender, SimVault};
use crate::log::{begin, device};

/// Device 3 is in two places: one writes, one is silent. Both reach the founder alone and hear a
/// friend alone, whom the founder reaches.
#[test]
fn a_copy_learns_what_it_is_from_those_whom_it_does_not_reach() {
    let (space, store) = begin();
    let mut founder = vault(space, 1, &store);
    let mut friend = vault(space, 2, &store);
    let mut writing = vault(space, 3, &store);
    let mut silent = vault(space, 3, &store);
    for day in 1..=20 {
        let now = day * 86_400;
        writing.write_content(vec![1; 100], [0; 24], now);
        carry(&mut writing, &mut [&mut founder], now);
        carry(&mut silent, &mut [&mut founder], now);
        carry(&mut founder, &mut [&mut friend], now);
        carry(&mut friend, &mut [&mut writing, &mut silent], now);
        // Who is told the summary that it made itself goes on.
        assert!(!writing.is_cloned);
        if silent.is_cloned {
            return;
        }
    }
    panic!(
        "the copy holds {} segments of its own device, the founder {}, and it was not told",
        silent.store.held().number(device(3)),
        founder.store.held().number(device(3)),
    );
}

pub fn vault(space: SpaceId, seed: u8, store: &MapStore) -> SimVault {
    let mut vault = SimVault::new(space, [seed; 32], Sender::Ours);
    vault.store = store.clone();
    vault
}

/// Brings what is due for the device of `to` to all that have its key, and gives back what it
/// brought; the rest is lost.
pub fn carry(from: &mut SimVault, to: &mut [&mut SimVault], now: u64) -> Vec<Vec<u8>> {
    let source = from.own;
    let mut brought = Vec::new();
    for sent in from.sync(now) {
        for vault in to.iter_mut().filter(|vault| vault.own == sent.to) {
            vault.take(source, &sent.bytes, now);
            brought.push(sent.bytes.clone());
        }
    }
    brought
}
