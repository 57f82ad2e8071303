//! What devices tell each other, and what is sent when.

mod messages;

use std::collections::BTreeSet;
use std::convert::Infallible;

use pack_format::codec::{DecodeError, Wire as _};
use team_core::control::{Control, encode_operations};
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::{Chain, ForkProof, Listed, Place, SeenHeads, SegmentIndex};
use team_core::segment::{Header, Kind};
use team_core::sync::{
    Acknowledged, Extent, Have, HaveBook, HaveDraft, HaveVerdict, Now, Payloads, SegmentStore as _,
    SendState, UncheckedHave, Want, acknowledged, due,
};

use crate::log::{FIRST, author, begin, content, device, identity, raw, take};
use crate::simulator::store::MapStore;

fn have(space: SpaceId, seed: u8, counter: u64, store: &MapStore) -> Have {
    let draft = HaveDraft {
        counter,
        claimed_at: 100,
        wants: BTreeSet::new(),
    };
    Have::sign(space, &identity(seed), draft, store).unwrap()
}

#[test]
fn a_summary_acknowledges_what_its_device_holds() {
    let (space, mut store) = begin();
    author(space, 2, content(), vec![1], &mut store);
    let behind = have(space, 3, 1, &store);
    author(space, 2, content(), vec![2], &mut store);
    let extent = acknowledged(&behind, &store).unwrap().extent;
    assert_eq!(extent, Extent::from_iter([(device(1), 1), (device(2), 1)]));
    assert!(!behind.still_says(&BTreeSet::new(), &store).unwrap());
    assert!(
        have(space, 3, 2, &store)
            .still_says(&BTreeSet::new(), &store)
            .unwrap()
    );
    let (_, empty) = begin();
    let ahead = acknowledged(&have(space, 3, 2, &store), &empty).unwrap();
    assert_eq!(ahead.extent, Extent::from_iter([(device(1), 1)]));
}

#[test]
fn another_branch_is_not_acknowledged() {
    let (space, mut store) = begin();
    let trunk = author(space, 2, content(), vec![1], &mut store);
    let place = (2, trunk.header().hash());
    let (one, other) = (
        raw(space, 2, place, &[], b"one"),
        raw(space, 2, place, &[], b"other"),
    );
    let saved = store.save();
    take(space, &other, &mut store);
    let of_other = have(space, 3, 1, &store);
    store.restore(&saved);
    take(space, &one, &mut store);
    // The number is the same, and nobody knows of the fork.
    let extent = acknowledged(&of_other, &store).unwrap().extent;
    assert_eq!(extent.number(device(2)), 0);
    take(space, &other, &mut store);
    // The fork is known here: what comes before it is acknowledged at most.
    let said = acknowledged(&of_other, &store).unwrap();
    assert_eq!(said.extent.number(device(2)), 1);
    assert!(said.known_forks.is_empty());
    let both = acknowledged(&have(space, 3, 2, &store), &store).unwrap();
    assert_eq!(both.extent.number(device(2)), 2);
    assert_eq!(both.known_forks, BTreeSet::from([device(2)]));
}

#[test]
fn a_fork_of_which_no_segment_is_held_is_acknowledged() {
    let (space, nothing) = begin();
    let [one, two] = [b"one", b"two"].map(|payload| raw(space, 2, FIRST, &[], payload));
    let proof = ForkProof::new(one.header().clone(), two.header().clone()).unwrap();
    let mut only_proof = nothing.clone();
    only_proof.note_fork(proof);
    let mut only_one = nothing.clone();
    take(space, &one, &mut only_one);
    let mut both = only_one.clone();
    take(space, &two, &mut both);
    let says = |peer: &MapStore, own: &MapStore| {
        let said = acknowledged(&have(space, 3, 1, peer), own).unwrap();
        let number = said.extent.number(device(2));
        (number, said.known_forks.contains(&device(2)))
    };
    assert_eq!(says(&only_proof, &only_proof), (0, true));
    assert_eq!(says(&only_proof, &both), (0, true));
    // Who knows nothing of it, or holds one of the two and knows of no other, is told.
    for peer in [&nothing, &only_one] {
        assert!(!says(peer, &only_proof).1);
        assert!(!says(peer, &both).1);
    }
    // Who does not know of the fork takes it for nothing held.
    assert_eq!(says(&only_proof, &only_one), (0, false));
    assert_eq!(says(&only_proof, &nothing), (0, false));
}

/// Holds one segment each of two devices whose ids begin alike.
struct Twins;

impl Twins {
    fn devices() -> [DeviceId; 2] {
        let mut other = [5; 32];
        other[31] = 6;
        [DeviceId([5; 32]), DeviceId(other)]
    }
}

impl SegmentIndex for Twins {
    type Error = Infallible;

    fn place(&self, _: SegmentHash) -> Result<Option<Place>, Infallible> {
        Ok(None)
    }

    fn at(&self, device: DeviceId, _: u64) -> Result<Vec<SegmentHash>, Infallible> {
        Ok(vec![SegmentHash(device.0)])
    }

    fn header(&self, _: SegmentHash) -> Result<Option<Header>, Infallible> {
        Ok(None)
    }

    fn chain(&self, _: DeviceId) -> Result<Option<Chain>, Infallible> {
        Ok(Some(Chain {
            tip: 1,
            forked_from: None,
        }))
    }

    fn devices(&self) -> Result<Vec<DeviceId>, Infallible> {
        Ok(Self::devices().to_vec())
    }

    fn kept_seen(&self, _: SegmentHash) -> Result<Option<SeenHeads>, Infallible> {
        Ok(None)
    }

    fn control_written(&self, _: SegmentHash) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn is_named(&self, _: DeviceId) -> Result<bool, Infallible> {
        Ok(true)
    }

    fn list(&self, _: &Extent, _: &Extent, _: usize) -> Result<Vec<Listed>, Infallible> {
        Ok(Vec::new())
    }
}

#[test]
fn devices_that_share_a_prefix_count_as_not_held() {
    let draft = HaveDraft {
        counter: 1,
        ..HaveDraft::default()
    };
    let have = Have::sign(SpaceId([1; 32]), &identity(3), draft, &Twins).unwrap();
    let extent = acknowledged(&have, &Twins).unwrap().extent;
    assert_eq!(extent, Extent::new());
}

#[test]
fn a_summary_takes_fifteen_bytes_a_device() {
    let (space, mut store) = begin();
    let one = have(space, 3, 1, &store).to_wire();
    author(space, 2, content(), vec![1], &mut store);
    let two = have(space, 3, 1, &store).to_wire();
    assert_eq!(two.len() - one.len(), 15);
    assert_eq!(UncheckedHave::from_wire(&two).unwrap().to_wire(), two);
    let altered = {
        let mut bytes = two.clone();
        bytes[45] ^= 1;
        UncheckedHave::from_wire(&bytes).unwrap()
    };
    assert!(altered.verify(space).is_err());
    let mut zero = two;
    zero[33..41].fill(0);
    assert!(matches!(
        UncheckedHave::from_wire(&zero),
        Err(DecodeError::Rule { .. })
    ));
}

#[test]
fn the_book_keeps_the_newest_summary_of_each_device() {
    let (space, store) = begin();
    let own = device(4);
    let mut book = HaveBook::new();
    let mut tell = |seed, counter, source| {
        let have = have(space, seed, counter, &store).to_unchecked();
        book.take_in(space, own, device(source), have, 50).unwrap()
    };
    assert_eq!(tell(2, 5, 3), HaveVerdict::Newer);
    assert_eq!(tell(2, 5, 2), HaveVerdict::Known);
    assert_eq!(tell(2, 4, 3), HaveVerdict::Older);
    assert_eq!(tell(2, 6, 3), HaveVerdict::Newer);
    assert_eq!(tell(4, 1, 3), HaveVerdict::Clone);
    let words = book.last_words();
    assert_eq!(words.len(), 1);
    assert_eq!((words[0].counter, words[0].received_at), (6, 50));
}

#[test]
fn a_restored_device_is_told_its_own_newest_summary() {
    let (space, store) = begin();
    let (own, peer) = (device(4), device(2));
    let mut book = HaveBook::new();
    let tell = |book: &mut HaveBook, counter| {
        let have = have(space, 2, counter, &store).to_unchecked();
        book.take_in(space, own, peer, have, 50).unwrap()
    };
    let told = Extent::from_iter([(peer, 5)]);
    tell(&mut book, 5);
    assert!(book.relays(own, peer, &told).is_empty());
    assert_eq!(tell(&mut book, 3), HaveVerdict::Older);
    let relays = book.relays(own, peer, &told);
    assert_eq!(
        relays.iter().map(|have| have.counter()).collect::<Vec<_>>(),
        [5]
    );
    book.reminded(peer);
    assert!(book.relays(own, peer, &told).is_empty());
}

/// A peer of device 1 that acknowledges nothing, and is reached by others or not.
struct Peer {
    state: SendState,
    held: Extent,
    counters: Extent,
    is_reached_by_others: bool,
}

impl Peer {
    fn new(is_reached_by_others: bool) -> Self {
        Self {
            state: SendState::new(),
            held: Extent::new(),
            counters: Extent::new(),
            is_reached_by_others,
        }
    }

    /// What a bundle would carry now.
    fn plan(&self) -> team_core::sync::Plan {
        self.state.plan(&Now {
            at: 1,
            own: device(1),
            peer: device(2),
            acknowledged: &Acknowledged::default(),
            held: &self.held,
            counters: &self.counters,
            is_reached_by_others: self.is_reached_by_others,
        })
    }

    /// From where to where the next bundle goes for a device.
    fn bundle(&mut self, of: u8) -> (u64, u64) {
        let plan = self.record_next();
        (plan.start.number(device(of)), plan.until.number(device(of)))
    }

    /// What the next bundle carries, which is made.
    fn record_next(&mut self) -> team_core::sync::Plan {
        // This device writes something each time: without news all that is missing would go.
        let written = self.held.number(device(1)) + 1;
        self.held.raise(device(1), written);
        let acknowledged = Acknowledged::default();
        let now = Now {
            at: 1,
            own: device(1),
            peer: device(2),
            acknowledged: &acknowledged,
            held: &self.held,
            counters: &self.counters,
            is_reached_by_others: self.is_reached_by_others,
        };
        let plan = self.state.plan(&now);
        let mut sent = plan.start.clone();
        sent.raise_all(&plan.until);
        self.state.record(&now, &plan, sent);
        plan
    }
}

#[test]
fn each_segment_crosses_in_three_bundles_and_every_sixth_begins_at_the_base() {
    let mut peer = Peer::new(true);
    let mut starts = Vec::new();
    for number in 1..=13 {
        let (start, until) = peer.bundle(1);
        assert_eq!(until, number);
        starts.push(start);
    }
    assert_eq!(starts, [0, 0, 0, 1, 2, 3, 0, 5, 6, 7, 8, 9, 0]);
    let state = &peer.state;
    assert_eq!(SendState::from_wire(&state.to_wire()).unwrap(), *state);
}

#[test]
fn every_sixth_bundle_tells_the_peer_its_own_newest_summary() {
    let (space, store) = begin();
    let (own, peer) = (device(1), device(2));
    let mut book = HaveBook::new();
    book.enter(have(space, 2, 5, &store), 50);
    let mut to = Peer::new(true);
    to.counters = book.counters();
    let tells = |above: &Extent| book.relays(own, peer, above).len();
    let told: Vec<usize> = (0..7)
        .map(|_| tells(&to.record_next().relays_above))
        .collect();
    assert_eq!(told, [1, 0, 0, 0, 0, 0, 1]);
    // Without news the next one begins at the base too.
    assert_eq!(tells(&to.plan().relays_above), 1);
}

#[test]
fn what_others_wrote_waits_when_they_reach_the_peer_themselves() {
    let mut peer = Peer::new(true);
    peer.held.raise(device(3), 1);
    let mut untils = Vec::new();
    for _ in 0..7 {
        untils.push(peer.bundle(3).1);
    }
    assert_eq!(untils, [0, 0, 0, 0, 0, 0, 1]);
    let mut quiet = Peer::new(true);
    quiet.held.raise(device(3), 1);
    quiet.bundle(3);
    assert_eq!(quiet.plan().until.number(device(3)), 1);
    let mut alone = Peer::new(false);
    alone.held.raise(device(3), 1);
    assert_eq!(alone.bundle(3), (0, 1));
    let mut missed = Peer::new(true);
    missed.held.raise(device(3), 1);
    missed.bundle(3);
    // The peer has gone on saying that it lacks it.
    missed.counters.raise(device(2), 20);
    assert_eq!(missed.bundle(3).1, 1);
}

#[test]
fn a_bundle_holds_no_more_than_fits_and_says_so() {
    let (space, mut store) = begin();
    for at in 0..10 {
        author(space, 2, content(), vec![at; 1000], &mut store);
    }
    let plan = team_core::sync::Plan {
        start: Extent::new(),
        until: store.held(),
        relays_above: Extent::new(),
        is_from_base: true,
    };
    let some = due(&store, &plan, &BTreeSet::new(), Payloads::All, 9_000).unwrap();
    assert!(some.is_cut && some.segments.len() < 11);
    assert_eq!(some.sent.number(device(2)) + 1, some.segments.len() as u64);
    let rest = team_core::sync::Plan {
        start: some.sent,
        ..plan
    };
    let rest = due(&store, &rest, &BTreeSet::new(), Payloads::All, 90_000).unwrap();
    assert!(!rest.is_cut);
    assert_eq!(rest.segments.len() + some.segments.len(), 11);
}

#[test]
fn somebody_removed_is_given_no_content() {
    let (space, mut store) = begin();
    let message = author(space, 2, content(), vec![1], &mut store);
    let leave = encode_operations(&[Control::Leave]);
    author(space, 2, Kind::Control, leave, &mut store);
    let plan = team_core::sync::Plan {
        start: Extent::new(),
        until: store.held(),
        relays_above: Extent::new(),
        is_from_base: true,
    };
    let wants = BTreeSet::from([Want(message.header().hash().0)]);
    let selected = due(&store, &plan, &wants, Payloads::Control, 90_000).unwrap();
    let carried: Vec<bool> = selected.segments.iter().map(|it| it.with_payload).collect();
    assert_eq!(carried, [true, false, true]);
}

#[test]
fn a_payload_that_is_asked_for_is_sent_again() {
    let (space, mut store) = begin();
    let message = author(space, 2, content(), vec![1], &mut store);
    let plan = team_core::sync::Plan {
        start: store.held(),
        until: store.held(),
        relays_above: Extent::new(),
        is_from_base: false,
    };
    let wants = BTreeSet::from([Want(message.header().hash().0), Want([9; 32])]);
    let selected = due(&store, &plan, &wants, Payloads::All, 90_000).unwrap();
    assert_eq!(selected.segments.len(), 1);
    assert!(selected.segments[0].with_payload);
    let mut bare = message.clone();
    bare.destroy_payload();
    store.store_payload(&bare).unwrap();
    let selected = due(&store, &plan, &wants, Payloads::All, 90_000).unwrap();
    assert!(selected.segments.is_empty());
}
