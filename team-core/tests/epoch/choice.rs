//! Which epoch is used, and who is to be given a key.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use team_core::control::{SEALED_KEY_BYTES, Wrap};
use team_core::epoch::{Choice, KnownEpoch, SpaceReader, choose, missing_shares, prefix_of};
use team_core::ids::{DeviceId, EpochId};
use team_core::role::History;

fn device(number: u8) -> DeviceId {
    DeviceId([number; 32])
}

fn devices(numbers: &[u8]) -> BTreeSet<DeviceId> {
    numbers.iter().map(|it| device(*it)).collect()
}

fn wraps(numbers: &[u8]) -> Vec<Wrap> {
    let wraps = numbers.iter().map(|it| Wrap {
        device_prefix: prefix_of(device(*it)),
        prekey_number: 1,
        sealed: Box::new([0; SEALED_KEY_BYTES]),
    });
    wraps.collect()
}

fn epoch(name: u8, author: u8, recipients: &[u8]) -> KnownEpoch {
    KnownEpoch::new(EpochId([name; 32]), device(author), &wraps(recipients))
}

fn uses(name: u8) -> Choice {
    Choice::Use(EpochId([name; 32]))
}

#[test]
fn an_epoch_for_exactly_the_readers_is_used() {
    let epochs = [epoch(1, 1, &[1, 2, 3])];
    assert_eq!(choose(&epochs, &devices(&[1, 2, 3])), uses(1));
    assert_eq!(choose(&[], &devices(&[1])), Choice::Mint);
}

#[test]
fn a_reader_who_has_no_key_makes_a_new_epoch_necessary() {
    let mut known = epoch(1, 1, &[1, 2]);
    let readers = devices(&[1, 2, 3]);
    assert_eq!(choose(std::slice::from_ref(&known), &readers), Choice::Mint);
    known.add_share(device(2), &wraps(&[3]));
    assert_eq!(choose(&[known], &readers), uses(1));
}

#[test]
fn leaver_reads_nothing_new() {
    // As recipient, as author without a wrap, as one to whom an insider shared it.
    let recipient = epoch(1, 1, &[1, 2, 9]);
    let author = epoch(2, 9, &[1, 2]);
    let mut shared = epoch(3, 1, &[1, 2]);
    shared.add_share(device(2), &wraps(&[9]));
    let mut sharer = epoch(4, 1, &[1, 2]);
    sharer.add_share(device(9), &wraps(&[2]));
    let all = [recipient, author, shared, sharer];
    assert_eq!(choose(&all, &devices(&[1, 2])), Choice::Mint);
}

#[test]
fn an_epoch_made_on_purpose_is_used_at_once() {
    let all = [epoch(7, 1, &[1, 2]), epoch(3, 2, &[1, 2])];
    assert_eq!(choose(&all, &devices(&[1, 2])), uses(3));
}

#[test]
fn an_author_needs_no_wrap_of_its_own() {
    assert_eq!(choose(&[epoch(1, 1, &[2])], &devices(&[1, 2])), uses(1));
}

fn reader(number: u8, history: History, earlier: &[u8]) -> SpaceReader {
    SpaceReader {
        device: device(number),
        history,
        earlier: earlier.iter().map(|it| EpochId([*it; 32])).collect(),
    }
}

#[test]
fn a_new_member_is_given_what_its_history_allows() {
    let before = epoch(1, 1, &[1]);
    let mut at_checkpoint = epoch(2, 1, &[1]);
    at_checkpoint.set_in_use_since_checkpoint();
    let at_the_same_time = epoch(3, 1, &[1]);
    let all = [before, at_checkpoint, at_the_same_time];
    let given = |history| {
        let readers = [reader(1, History::Full, &[]), reader(5, history, &[1, 2])];
        let missing = missing_shares(&all, &readers);
        assert!(missing.values().all(|due| *due == [device(5)]));
        missing.keys().map(|it| it.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(given(History::None), [3]);
    assert_eq!(given(History::Checkpoint), [2, 3]);
    assert_eq!(given(History::Full), [1, 2, 3]);
}

#[test]
fn who_was_given_a_key_is_not_given_it_again() {
    let mut known = epoch(1, 1, &[1]);
    let readers = [
        reader(1, History::Full, &[]),
        reader(2, History::Full, &[]),
        reader(2, History::Full, &[]),
    ];
    let missing = missing_shares(std::slice::from_ref(&known), &readers);
    assert_eq!(missing[&EpochId([1; 32])], [device(2)]);
    known.add_share(device(1), &wraps(&[2]));
    assert!(missing_shares(&[known], &readers).is_empty());
}

prop_compose! {
    fn any_epoch()(name in 0_u8..20, author in 0_u8..6, to in prop::collection::vec(0_u8..6, 0..6))
        -> KnownEpoch {
        epoch(name, author, &to)
    }
}

proptest! {
    #[test]
    fn what_is_used_is_held_by_the_readers_and_nobody_else(
        epochs in prop::collection::vec(any_epoch(), 0..12),
        readers in prop::collection::btree_set(0_u8..6, 0..6),
    ) {
        let readers: Vec<_> = readers.into_iter().collect();
        let set = devices(&readers);
        match choose(&epochs, &set) {
            Choice::Use(id) => {
                let fits = |it: &&KnownEpoch| it.id() == id && it.is_exactly_for(&set);
                let used = epochs.iter().find(fits).unwrap();
                for number in 0..6 {
                    let is_reader = readers.contains(&number);
                    prop_assert_eq!(used.is_held_by(device(number)), is_reader);
                }
            }
            Choice::Mint => prop_assert!(epochs.iter().all(|it| !it.is_exactly_for(&set))),
        }
    }

    #[test]
    fn after_the_missing_shares_nothing_is_missing(
        epochs in prop::collection::vec(any_epoch(), 0..12),
        joined in prop::collection::vec((0_u8..6, 0_usize..3), 0..6),
    ) {
        let readers = joined.iter().map(|(number, history)| {
            reader(*number, History::ALL[*history], &[1, 2, 3])
        });
        let readers: Vec<_> = readers.collect();
        // One epoch has one name.
        let epochs: BTreeMap<_, _> = epochs.into_iter().map(|it| (it.id(), it)).collect();
        let epochs: Vec<_> = epochs.into_values().collect();
        let missing = missing_shares(&epochs, &readers);
        let shared = epochs.into_iter().map(|mut known| {
            let due = missing.get(&known.id()).cloned().unwrap_or_default();
            let due: Vec<_> = due.iter().map(|it| it.0[0]).collect();
            known.add_share(device(1), &wraps(&due));
            known
        });
        prop_assert!(missing_shares(&shared.collect::<Vec<_>>(), &readers).is_empty());
    }
}
