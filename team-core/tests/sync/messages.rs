//! Sync messages that were altered on the way: no panic, and nothing wrong is taken in.

use std::collections::BTreeSet;

use pack_format::codec::{DecodeError, Wire as _};
use team_core::ids::SegmentHash;
use team_core::limits::SYNC_BYTES_MAX;
use team_core::log::Pending;
use team_core::sync::{SyncMessage, UncheckedSegment, take_in};

use super::have;
use crate::log::{author, begin, content, device, raw, take};
use crate::simulator::rng::Rng;
use crate::simulator::store::MapStore;

/// A message with all that one can hold, and the names of all honest segments.
fn original() -> (SyncMessage, BTreeSet<SegmentHash>, MapStore) {
    let (space, mut store) = begin();
    for seed in [2, 3, 2] {
        author(space, seed, content(), vec![seed; 40], &mut store);
    }
    let trunk = store.at_tip(device(3));
    let branches = [b"one", b"two"].map(|payload| raw(space, 3, (2, trunk), &[], payload));
    for branch in &branches {
        take(space, branch, &mut store);
    }
    let segments = store.entries().enumerate().map(|(at, entry)| {
        // One content segment comes without its payload.
        UncheckedSegment::carry(&entry.segment, at != 1)
    });
    let message = SyncMessage {
        space,
        have: have(space, 2, 1, &store).to_unchecked(),
        relayed: vec![have(space, 3, 4, &store).to_unchecked()],
        proofs: store.proofs().map(|proof| proof.to_unchecked()).collect(),
        segments: segments.collect(),
    };
    let (_, receiver) = begin();
    (message, store.hashes(), receiver)
}

/// One to three bits, a cut, a repeated piece, or segments in another order or twice.
fn mutate(message: &SyncMessage, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = message.to_wire();
    match rng.below(8) {
        0 => bytes.truncate(rng.below(bytes.len())),
        1 => {
            let from = rng.below(bytes.len());
            let piece = bytes[from..]
                .iter()
                .take(rng.below(80))
                .copied()
                .collect::<Vec<_>>();
            let to = rng.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        2 | 3 => {
            let mut message = message.clone();
            let count = message.segments.len();
            for _ in 0..=rng.below(4) {
                message.segments.swap(rng.below(count), rng.below(count));
            }
            let twice = message.segments[rng.below(count)].clone();
            message.segments.push(twice);
            bytes = message.to_wire();
        }
        _ => {
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
        }
    }
    bytes
}

fn alter(runs: u64) {
    let (message, honest, receiver) = original();
    let saved = receiver.save();
    let mut receiver = receiver;
    let mut rng = Rng::new(11);
    let mut read = 0;
    for _ in 0..runs {
        let bytes = mutate(&message, &mut rng);
        let Ok(altered) = SyncMessage::from_wire(&bytes) else {
            continue;
        };
        read += 1;
        assert_eq!(altered.to_wire(), bytes);
        for have in altered.relayed.into_iter().chain([altered.have]) {
            let is_same = have == message.have || message.relayed.contains(&have);
            assert_eq!(have.verify(message.space).is_ok(), is_same);
        }
        for proof in altered.proofs {
            let is_same = message.proofs.contains(&proof);
            assert_eq!(proof.verify(message.space).is_ok(), is_same);
        }
        let taken = take_in(
            message.space,
            device(4),
            device(2),
            altered.segments,
            &mut receiver,
            &mut Pending::new(),
        );
        let taken = taken.unwrap();
        assert!(taken.broken.is_empty());
        if !taken.accepted.is_empty() {
            assert!(receiver.hashes().is_subset(&honest));
            receiver.restore(&saved);
        }
    }
    assert!(read > runs / 4, "{read} of {runs} were read at all");
}

#[test]
fn an_altered_message_brings_nothing_wrong() {
    alter(20_000);
}

#[test]
#[ignore = "takes minutes"]
fn a_million_altered_messages_bring_nothing_wrong() {
    alter(1_000_000);
}

#[test]
fn a_message_round_trips_and_brings_everything_in_any_order() {
    let (message, honest, receiver) = original();
    let bytes = message.to_wire();
    assert_eq!(SyncMessage::from_wire(&bytes).unwrap(), message);
    let mut rng = Rng::new(3);
    for _ in 0..200 {
        let mut receiver = receiver.clone();
        let mut segments = message.segments.clone();
        for at in (1..segments.len()).rev() {
            segments.swap(at, rng.below(at + 1));
        }
        let mut pending = Pending::new();
        let taken = take_in(
            message.space,
            device(4),
            device(2),
            segments,
            &mut receiver,
            &mut pending,
        );
        assert_eq!(taken.unwrap().forks.len(), 1);
        assert_eq!(receiver.hashes(), honest);
        assert!(pending.is_empty());
    }
}

#[test]
fn a_message_over_the_limit_is_refused_unread() {
    let bytes = vec![0; SYNC_BYTES_MAX + 1];
    assert!(matches!(
        SyncMessage::from_wire(&bytes),
        Err(DecodeError::OverLimit {
            what: "sync message",
            ..
        })
    ));
}
