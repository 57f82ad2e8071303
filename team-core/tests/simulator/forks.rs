//! The proof of a fork that came without any segment of the device that forked.

use pack_format::codec::Wire as _;
use team_core::ids::SpaceId;
use team_core::log::{ForkProof, SegmentIndex as _};
use team_core::sync::SyncMessage;

use super::copies::{carry, vault};
use super::vault::SimVault;
use crate::log::{FIRST, begin, device, raw};

/// Who held both segments of device 4 is gone; the founder was given the proof alone. Each reaches
/// the next one only.
#[test]
fn a_proof_without_segments_reaches_everybody_and_then_rests() {
    let (space, store) = begin();
    let mut founder = vault(space, 1, &store);
    let mut friend = vault(space, 2, &store);
    let mut other = vault(space, 3, &store);
    founder.store.note_fork(proof(space));
    let mut proofs = Vec::new();
    for day in 1..=60 {
        let now = day * 86_400;
        let mut carried = carry(&mut founder, &mut [&mut friend], now);
        carried.extend(carry(&mut friend, &mut [&mut other], now));
        carried.extend(carry(&mut other, &mut [&mut founder], now));
        proofs.push(carried.iter().map(|bytes| count(bytes)).sum::<usize>());
    }
    let digest = |vault: &SimVault| vault.store.graph.evaluate().digest();
    assert_ne!(store.graph.evaluate().digest(), digest(&founder));
    assert_eq!(digest(&friend), digest(&founder));
    assert_eq!(digest(&other), digest(&founder));
    // Nobody has a segment to acknowledge, and yet it goes to nobody who knows it.
    assert_eq!(founder.store.heads(device(4)).unwrap(), []);
    assert_eq!(proofs[30..].iter().sum::<usize>(), 0, "{proofs:?}");
}

fn proof(space: SpaceId) -> ForkProof {
    let first = raw(space, 4, FIRST, &[], b"first");
    let second = (2, first.header().hash());
    let [one, two] = [b"one", b"two"].map(|payload| raw(space, 4, second, &[], payload));
    ForkProof::new(one.header().clone(), two.header().clone()).unwrap()
}

fn count(bytes: &[u8]) -> usize {
    SyncMessage::from_wire(bytes).unwrap().proofs.len()
}
