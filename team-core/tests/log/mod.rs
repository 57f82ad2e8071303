//! Which segments become part of the log, and which do not.

#![allow(unreachable_pub, reason = "tests")]

use std::collections::BTreeSet;

use bundle_format::identity::Identity;
use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use team_core::control::{Control, Genesis, Policy, encode_operations};
use team_core::ids::{DeviceId, EpochId, SegmentHash, SpaceId};
use team_core::limits::{
    BRANCHES_SEEN_MAX, CONTROL_SEGMENT_COST, CONTROL_WRITTEN_MAX, PAYLOAD_BYTES_MAX,
    PENDING_BYTES_PER_SOURCE_MAX, SEGMENTS_NAMED_MAX,
};
use team_core::log::{
    Accepted, BadForkProof, BrokenRule, ControlLinks, Draft, ForkProof, Head, Pending, SeenHeads,
    SegmentIndex, Verdict, WriteError, accept, seen_by, write,
};
use team_core::name::Name;
use team_core::role::{History, Role};
use team_core::segment::{HeaderFields, Kind, Sealing, Segment};
use team_core::sync::SegmentStore as _;

use crate::simulator::store::MapStore;
use crate::simulator::world::{add_member, card};

pub fn identity(seed: u8) -> Identity {
    Identity::from_seed(Secret32::new([seed; 32]))
}

pub fn device(seed: u8) -> DeviceId {
    DeviceId(identity(seed).key().0)
}

pub fn content() -> Kind {
    Kind::Content(Sealing {
        epoch: EpochId([0; 32]),
        salt: [0; 24],
    })
}

/// A space whose founder is device 1 and has added devices 2 to 4.
pub fn begin() -> (SpaceId, MapStore) {
    let genesis = Genesis {
        nonce: [1; 32],
        space_name: Name::new("space").unwrap(),
        founder: device(1),
        founder_name: Name::new("founder").unwrap(),
        card: card(),
        policy: Policy {
            device_cap: 2,
            history: History::Full,
        },
    };
    let space = genesis.space_id();
    let mut store = MapStore::new(space);
    let mut operations = vec![Control::Genesis(Box::new(genesis))];
    operations.extend((2..=4).map(|seed| add_member(device(seed), Role::Editor)));
    author(
        space,
        1,
        Kind::Control,
        encode_operations(&operations),
        &mut store,
    );
    (space, store)
}

/// Writes the next segment of a device and stores it.
pub fn author(
    space: SpaceId,
    seed: u8,
    kind: Kind,
    payload: Vec<u8>,
    store: &mut MapStore,
) -> Segment {
    let draft = Draft {
        kind,
        payload,
        claimed_at: 7,
    };
    let (segment, accepted) = write(space, &identity(seed), draft, store).unwrap();
    store.store(&segment, &accepted).unwrap();
    segment
}

/// A segment with just these links, whatever the rules say.
pub fn raw(
    space: SpaceId,
    seed: u8,
    place: (u64, SegmentHash),
    deps: &[SegmentHash],
    payload: &[u8],
) -> Segment {
    raw_of(space, seed, place, deps, (content(), payload))
}

fn raw_of(
    space: SpaceId,
    seed: u8,
    place: (u64, SegmentHash),
    deps: &[SegmentHash],
    (kind, payload): (Kind, &[u8]),
) -> Segment {
    let mut deps = deps.to_vec();
    deps.sort_unstable();
    let header = HeaderFields {
        device: device(seed),
        number: place.0,
        previous: place.1,
        deps,
        claimed_at: 7,
        kind,
        payload_bytes: payload.len().try_into().unwrap(),
        payload_hash: *blake3::hash(payload).as_bytes(),
    };
    let header = header.sign(space, &identity(seed));
    Segment::new(header, Some(payload.to_vec())).unwrap()
}

pub const FIRST: (u64, SegmentHash) = (1, SegmentHash([0; 32]));

fn judge(space: SpaceId, segment: &Segment, store: &MapStore) -> Verdict {
    accept(space, device(4), segment, store).unwrap()
}

pub fn take(space: SpaceId, segment: &Segment, store: &mut MapStore) -> Accepted {
    match judge(space, segment, store) {
        Verdict::Accepted(accepted) => {
            store.store(segment, &accepted).unwrap();
            *accepted
        }
        other => panic!("{other:?}"),
    }
}

fn hash(segment: &Segment) -> SegmentHash {
    segment.header().hash()
}

#[test]
fn a_segment_waits_for_what_it_follows() {
    let (space, mut store) = begin();
    let root = store.entries().next().unwrap().segment.clone();
    let one = raw(space, 2, FIRST, &[hash(&root)], b"one");
    let other = raw(space, 3, FIRST, &[hash(&one)], b"other");
    let next = raw(space, 2, (2, hash(&one)), &[hash(&other)], b"next");
    let missing =
        |hashes: &[SegmentHash]| Verdict::Missing(hashes.iter().copied().collect::<BTreeSet<_>>());
    assert_eq!(
        judge(space, &next, &store),
        missing(&[hash(&one), hash(&other)])
    );
    let mut pending = Pending::new();
    let wait = |pending: &mut Pending, segment: &Segment, store: &MapStore| {
        let Verdict::Missing(missing) = judge(space, segment, store) else {
            panic!("it misses nothing");
        };
        pending.hold(device(3), segment.clone(), missing).unwrap();
    };
    wait(&mut pending, &next, &store);
    wait(&mut pending, &other, &store);
    assert_eq!(pending.gaps(), BTreeSet::from([hash(&one)]));
    take(space, &one, &mut store);
    let released = pending.release(hash(&one));
    assert_eq!(released, [(device(3), other.clone())]);
    take(space, &other, &mut store);
    assert_eq!(pending.release(hash(&other)), [(device(3), next.clone())]);
    take(space, &next, &mut store);
    assert!(pending.is_empty());
}

#[test]
fn broken_rules_are_named() {
    let (space, mut store) = begin();
    let root = hash(&store.entries().next().unwrap().segment);
    let one = raw(space, 2, FIRST, &[root], b"one");
    take(space, &one, &mut store);
    let other = raw(space, 3, FIRST, &[root], b"other");
    take(space, &other, &mut store);
    let cases = [
        (
            raw(space, 2, (2, hash(&other)), &[], b"a"),
            BrokenRule::Previous,
        ),
        (
            raw(space, 2, (3, hash(&one)), &[], b"b"),
            BrokenRule::Previous,
        ),
        (
            raw(space, 2, (2, hash(&one)), &[hash(&one)], b"c"),
            BrokenRule::OwnDevice,
        ),
        (
            raw(space, 2, (2, hash(&one)), &[root], b"d"),
            BrokenRule::NoProgress,
        ),
    ];
    for (segment, rule) in cases {
        assert_eq!(judge(space, &segment, &store), Verdict::BrokenRule(rule));
    }
}

#[test]
fn who_signs_very_many_branches_makes_nobody_elses_segments_longer() {
    let (space, mut store) = begin();
    let root = hash(&store.entries().next().unwrap().segment);
    let mut branches = Vec::new();
    for branch in 0..BRANCHES_SEEN_MAX + 4 {
        let text = format!("branch {branch}");
        let segment = raw(space, 2, FIRST, &[root], text.as_bytes());
        let fork = take(space, &segment, &mut store).fork;
        // One proof says it all.
        assert_eq!(fork.is_some(), branch == 1);
        branches.push(hash(&segment));
    }
    let (few, _) = branches.split_at(BRANCHES_SEEN_MAX);
    for (named, broken) in [(few, false), (&branches[..=BRANCHES_SEEN_MAX], true)] {
        let segment = raw(space, 3, FIRST, named, b"sees them");
        match judge(space, &segment, &store) {
            Verdict::Accepted(_) => assert!(!broken),
            verdict => {
                assert_eq!(verdict, Verdict::BrokenRule(BrokenRule::Branches));
                assert!(broken);
            }
        }
    }
    for _ in 0..3 {
        let own = author(space, 1, content(), b"own".to_vec(), &mut store);
        assert!(own.header().fields().deps.len() <= BRANCHES_SEEN_MAX);
    }
}

#[test]
fn what_one_device_writes_about_members_and_keys_is_bounded() {
    let (space, mut store) = begin();
    let names = (0..SEGMENTS_NAMED_MAX).map(|at| {
        let mut name = [0; 32];
        name[..4].copy_from_slice(&at.to_be_bytes());
        SegmentHash(name)
    });
    let payload = encode_operations(&[Control::Delete(names.collect())]);
    let control = (Kind::Control, payload.as_slice());
    let kib = payload.len().div_ceil(1024) as u64;
    let weight = CONTROL_SEGMENT_COST + 1 + u64::from(SEGMENTS_NAMED_MAX) + kib;
    let room = CONTROL_WRITTEN_MAX / weight;
    let mut previous = FIRST;
    for number in 1..=room {
        // What is not about members and keys takes nothing of the room.
        for of in [(content(), b"words".as_slice()), control.clone()] {
            let segment = raw_of(space, 2, previous, &[], of);
            take(space, &segment, &mut store);
            previous = (previous.0 + 1, hash(&segment));
        }
        assert_eq!(store.control_written(previous.1), Ok(number * weight));
    }
    let too_much = raw_of(space, 2, previous, &[], control.clone());
    let broken = Verdict::BrokenRule(BrokenRule::Control);
    assert_eq!(judge(space, &too_much, &store), broken);
    let draft = Draft {
        kind: Kind::Control,
        payload: payload.clone(),
        claimed_at: 7,
    };
    let refused = write(space, &identity(2), draft, &store).unwrap_err();
    assert!(matches!(refused, WriteError::ControlFull), "{refused}");
    // It still writes content, and others have their own room.
    take(space, &raw(space, 2, previous, &[], b"words"), &mut store);
    take(space, &raw_of(space, 3, FIRST, &[], control), &mut store);
}

#[test]
fn a_device_that_nothing_names_is_not_taken_in() {
    let (space, mut store) = begin();
    let stranger = raw(space, 9, FIRST, &[], b"hello");
    assert_eq!(judge(space, &stranger, &store), Verdict::Stranger);
    let adds = encode_operations(&[add_member(device(9), Role::Reader)]);
    author(space, 1, Kind::Control, adds, &mut store);
    take(space, &stranger, &mut store);
}

#[test]
fn another_founder_is_a_stranger() {
    let (space, _) = begin();
    let store = MapStore::new(space);
    let genesis = Genesis {
        nonce: [2; 32],
        space_name: Name::new("space").unwrap(),
        founder: device(5),
        founder_name: Name::new("impostor").unwrap(),
        card: card(),
        policy: Policy {
            device_cap: 2,
            history: History::Full,
        },
    };
    let payload = encode_operations(&[Control::Genesis(Box::new(genesis))]);
    let mut scratch = MapStore::new(space);
    let impostor = author(space, 5, Kind::Control, payload, &mut scratch);
    assert_eq!(judge(space, &impostor, &store), Verdict::Stranger);
}

#[test]
fn a_control_segment_without_its_payload_is_not_taken_in() {
    let (space, mut store) = begin();
    let saved = store.save();
    let payload = encode_operations(&[Control::Leave]);
    let mut segment = author(space, 1, Kind::Control, payload, &mut store);
    store.restore(&saved);
    segment.destroy_payload();
    assert_eq!(judge(space, &segment, &store), Verdict::PayloadWithheld);
}

#[test]
fn a_payload_may_come_after_its_header() {
    let (space, mut store) = begin();
    let whole = raw(space, 2, FIRST, &[], b"one");
    let mut bare = whole.clone();
    bare.destroy_payload();
    take(space, &bare, &mut store);
    let duplicate = |brings_payload| Verdict::Duplicate { brings_payload };
    assert_eq!(judge(space, &bare, &store), duplicate(false));
    assert_eq!(judge(space, &whole, &store), duplicate(true));
    store.store_payload(&whole).unwrap();
    assert_eq!(judge(space, &whole, &store), duplicate(false));
}

#[test]
fn a_copied_vault_recognises_what_it_never_wrote() {
    let (space, store) = begin();
    let foreign = raw(space, 4, FIRST, &[], b"mine?");
    assert_eq!(judge(space, &foreign, &store), Verdict::Clone);
}

#[test]
fn a_fork_is_proved_and_both_branches_stand() {
    let (space, mut store) = begin();
    let one = raw(space, 2, FIRST, &[], b"one");
    let other = raw(space, 2, FIRST, &[], b"other");
    assert_eq!(take(space, &one, &mut store).fork, None);
    let proof = take(space, &other, &mut store).fork.unwrap();
    assert_eq!((proof.device(), proof.number()), (device(2), 1));
    let next = raw(space, 2, (2, hash(&one)), &[], b"next");
    take(space, &next, &mut store);
    let heads = store.heads(device(2)).unwrap();
    let head = |number, segment| Head {
        number,
        hash: hash(segment),
    };
    assert_eq!(heads, [head(1, &other), head(2, &next)]);
    let sent = proof.to_unchecked();
    assert_eq!(sent.peek_fork(), (device(2), 1));
    let again = team_core::log::UncheckedForkProof::from_wire(&sent.to_wire()).unwrap();
    assert_eq!(again.clone().verify(space).unwrap(), *proof);
    assert!(matches!(
        again.verify(SpaceId([3; 32])),
        Err(BadForkProof::Signature(_))
    ));
    let (one, next) = (one.header().clone(), next.header().clone());
    assert_eq!(
        ForkProof::new(one.clone(), one.clone()),
        Err(BadForkProof::NoFork)
    );
    assert_eq!(ForkProof::new(one, next), Err(BadForkProof::NoFork));
}

#[test]
fn who_saw_both_branches_says_so() {
    let (space, mut store) = begin();
    let one = raw(space, 2, FIRST, &[], b"one");
    let other = raw(space, 2, FIRST, &[], b"other");
    take(space, &one, &mut store);
    let before = author(space, 3, content(), vec![1], &mut store);
    assert!(before.header().fields().deps.contains(&hash(&one)));
    take(space, &other, &mut store);
    let payload = encode_operations(&[Control::Leave]);
    let after = author(space, 3, Kind::Control, payload, &mut store);
    assert_eq!(after.header().fields().deps, [hash(&other)]);
    let entry = store.entries().last().unwrap();
    assert_eq!(entry.accepted.seen.heads(device(2)).len(), 2);
    let links = entry.accepted.links.clone().unwrap();
    assert_eq!(ControlLinks::from_wire(&links.to_wire()).unwrap(), *links);
    let node = links.into_node(&after);
    assert_eq!(node.forks.len(), 1);
    assert_eq!((node.forks[0].device, node.forks[0].number), (device(2), 1));
}

#[test]
fn what_was_seen_is_the_same_kept_or_worked_out() {
    let (space, mut store) = begin();
    for round in 0..5 {
        for seed in 1..=4 {
            author(space, seed, content(), vec![round, seed], &mut store);
        }
    }
    for entry in store.entries() {
        let worked_out = seen_by(&store, hash(&entry.segment)).unwrap();
        assert_eq!(worked_out, entry.accepted.seen);
        let wire = worked_out.to_wire();
        assert_eq!(SeenHeads::from_wire(&wire).unwrap(), worked_out);
    }
}

#[test]
fn a_new_segment_follows_what_is_new_and_nothing_else() {
    let (space, mut store) = begin();
    let root = hash(&store.entries().next().unwrap().segment);
    let one = author(space, 2, content(), vec![1], &mut store);
    assert_eq!(one.header().fields().deps, [root]);
    let two = author(space, 2, content(), vec![2], &mut store);
    assert_eq!(two.header().fields().number, 2);
    assert_eq!(two.header().fields().previous, hash(&one));
    assert!(two.header().fields().deps.is_empty());
}

#[test]
fn a_forked_device_writes_no_more() {
    let (space, mut store) = begin();
    let draft = |payload| Draft {
        kind: content(),
        payload,
        claimed_at: 7,
    };
    take(space, &raw(space, 2, FIRST, &[], b"one"), &mut store);
    take(space, &raw(space, 2, FIRST, &[], b"other"), &mut store);
    let refused = write(space, &identity(2), draft(vec![]), &store);
    assert!(matches!(refused, Err(WriteError::Forked { number: 1 })));
    let large = vec![0; PAYLOAD_BYTES_MAX as usize + 1];
    let refused = write(space, &identity(3), draft(large), &store);
    assert!(matches!(refused, Err(WriteError::TooLarge { .. })));
}

#[test]
fn who_fills_the_waiting_room_takes_none_of_others() {
    let (space, _) = begin();
    let mut pending = Pending::new();
    let payload = vec![0; PAYLOAD_BYTES_MAX as usize];
    let mut held = 0u64;
    let overflow = loop {
        held += 1;
        let previous = SegmentHash(*blake3::hash(&held.to_be_bytes()).as_bytes());
        let segment = raw(space, 2, (2, previous), &[], &payload);
        let missing = BTreeSet::from([previous]);
        if let Err(overflow) = pending.hold(device(2), segment, missing) {
            break overflow;
        }
    };
    assert_eq!(overflow.limit, PENDING_BYTES_PER_SOURCE_MAX);
    let other = raw(space, 3, (2, SegmentHash([9; 32])), &[], b"");
    let missing = BTreeSet::from([SegmentHash([9; 32])]);
    pending.hold(device(3), other, missing).unwrap();
    assert_eq!(pending.len() as u64, held);
}
