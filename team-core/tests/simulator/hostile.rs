//! A member with a valid key who breaks every rule it can think of.

use pack_format::codec::Wire as _;
use team_core::control::{Control, Reason, encode_operations};
use team_core::ids::{DeviceId, EpochId, MemberId, SegmentHash, SpaceId};
use team_core::log::{SegmentIndex as _, Verdict, accept};
use team_core::role::Role;
use team_core::segment::{HeaderFields, Kind, Sealing, Segment};
use team_core::sync::{SegmentStore as _, SyncMessage, UncheckedSegment};

use super::rng::Rng;
use super::vault::{Sent, SimVault};
use super::world::add_member;

/// What it does of its own in a round. `branch` is the newest segment of its second branch.
pub fn act(
    vault: &mut SimVault,
    branch: &mut Option<Segment>,
    rng: &mut Rng,
    now: u64,
    peers: &[DeviceId],
) -> Vec<Sent> {
    vault.refresh_have(now);
    match rng.below(9) {
        0 => fork(vault, branch, rng, now, peers),
        1 => {
            let header = next(vault, Vec::new(), now);
            let segment = signed(vault, header, rng.bytes(300), content(rng));
            adopt(vault, &segment);
            Vec::new()
        }
        2 => {
            vault.write_control(&forged_operations(vault, rng, peers), now);
            Vec::new()
        }
        3 => flood(vault, rng, now, peers),
        4..=6 => broken(vault, rng, now, peers),
        _ => Vec::new(),
    }
}

/// Takes the payloads out of what it passes on for others.
pub fn strip(vault: &SimVault, bytes: &[u8]) -> Vec<u8> {
    let mut message = SyncMessage::from_wire(bytes).unwrap();
    for carried in &mut message.segments {
        let segment = vault.store.segment(carried.peek_hash(vault.space)).unwrap();
        if segment.header().fields().device != vault.own {
            *carried = UncheckedSegment::carry(segment, false);
        }
    }
    message.to_wire()
}

/// One branch for some, another for the others, and both go on.
fn fork(
    vault: &mut SimVault,
    branch: &mut Option<Segment>,
    rng: &mut Rng,
    now: u64,
    peers: &[DeviceId],
) -> Vec<Sent> {
    let mut header = next(vault, Vec::new(), now);
    if let Some(before) = branch.as_ref() {
        header.number = before.header().fields().number + 1;
        header.previous = before.header().hash();
    }
    let operations = encode_operations(&forged_operations(vault, rng, peers));
    let other = if rng.chance(50) {
        signed(vault, header, operations, Kind::Control)
    } else {
        signed(vault, header, rng.bytes(200), content(rng))
    };
    if branch.is_none() {
        vault.write_content(rng.bytes(200), rng.array(), now);
    }
    *branch = Some(other.clone());
    let chosen = peers.iter().filter(|_| rng.chance(50)).copied().collect();
    tell(vault, chosen, &[other])
}

/// Segments that follow what does not exist.
fn flood(vault: &SimVault, rng: &mut Rng, now: u64, peers: &[DeviceId]) -> Vec<Sent> {
    let segments: Vec<Segment> = (0..8)
        .map(|_| {
            let header = next(vault, vec![SegmentHash(rng.array())], now);
            signed(vault, header, rng.bytes(100), content(rng))
        })
        .collect();
    tell(vault, one_of(rng, peers), &segments)
}

/// A segment against one rule.
fn broken(vault: &SimVault, rng: &mut Rng, now: u64, peers: &[DeviceId]) -> Vec<Sent> {
    let mut header = next(vault, Vec::new(), now);
    let mut payload = Some(rng.bytes(80));
    let mut space = vault.space;
    let mut kind = content(rng);
    match rng.below(6) {
        0 => header.number += 1,
        1 if header.number > 1 => header.deps = vec![header.previous],
        2 => {
            let first = vault.store.entries().next().unwrap();
            header.deps = vec![first.segment.header().hash()];
        }
        3 => {
            kind = Kind::Control;
            payload = None;
        }
        4 => space = SpaceId([7; 32]),
        _ => header.device = peers.first().copied().unwrap_or(vault.own),
    }
    let with_payload = payload.is_some();
    header.kind = kind;
    let payload = payload.unwrap_or_else(|| encode_operations(&[Control::Leave]));
    header.payload_bytes = payload.len().try_into().unwrap();
    header.payload_hash = *blake3::hash(&payload).as_bytes();
    let header = header.sign(space, &vault.identity());
    let segment = Segment::new(header, Some(payload)).unwrap();
    let carried = UncheckedSegment::carry(&segment, with_payload);
    message(vault, one_of(rng, peers), vec![carried])
}

fn forged_operations(vault: &SimVault, rng: &mut Rng, peers: &[DeviceId]) -> Vec<Control> {
    let own = MemberId(vault.own.0);
    let victim = MemberId(peers[rng.below(peers.len())].0);
    vec![match rng.below(5) {
        0 => Control::RemoveMember(victim, Reason::Unsaid),
        1 => Control::LowerRole(victim, Role::Courier),
        2 => Control::RaiseRole(own, Role::Admin),
        3 => Control::Seal(victim),
        _ => add_member(DeviceId(rng.array()), Role::Admin),
    }]
}

/// The next place in its chain, whatever it follows.
fn next(vault: &SimVault, deps: Vec<SegmentHash>, now: u64) -> HeaderFields {
    let chain = vault.store.chain(vault.own).unwrap();
    let tip = chain.map_or(0, |chain| chain.tip);
    let held = vault.store.at(vault.own, tip).unwrap();
    HeaderFields {
        device: vault.own,
        number: tip + 1,
        previous: held.first().copied().unwrap_or(SegmentHash([0; 32])),
        deps,
        claimed_at: now,
        kind: Kind::Control,
        payload_bytes: 0,
        payload_hash: [0; 32],
    }
}

fn signed(vault: &SimVault, mut header: HeaderFields, payload: Vec<u8>, kind: Kind) -> Segment {
    header.kind = kind;
    header.payload_bytes = payload.len().try_into().unwrap();
    header.payload_hash = *blake3::hash(&payload).as_bytes();
    let header = header.sign(vault.space, &vault.identity());
    Segment::new(header, Some(payload)).unwrap()
}

fn adopt(vault: &mut SimVault, segment: &Segment) {
    let nobody = DeviceId([0; 32]);
    let verdict = accept(vault.space, nobody, segment, &vault.store).unwrap();
    if let Verdict::Accepted(accepted) = verdict {
        vault.store.store(segment, &accepted).unwrap();
    }
}

fn content(rng: &mut Rng) -> Kind {
    Kind::Content(Sealing {
        epoch: EpochId([0; 32]),
        salt: rng.array(),
    })
}

fn one_of(rng: &mut Rng, peers: &[DeviceId]) -> Vec<DeviceId> {
    vec![peers[rng.below(peers.len())]]
}

fn tell(vault: &SimVault, peers: Vec<DeviceId>, segments: &[Segment]) -> Vec<Sent> {
    let carried = segments
        .iter()
        .map(|segment| UncheckedSegment::carry(segment, true));
    message(vault, peers, carried.collect())
}

fn message(vault: &SimVault, peers: Vec<DeviceId>, segments: Vec<UncheckedSegment>) -> Vec<Sent> {
    let Some(have) = vault.book.newest(vault.own) else {
        return Vec::new();
    };
    let message = SyncMessage {
        space: vault.space,
        have: have.to_unchecked(),
        relayed: Vec::new(),
        proofs: Vec::new(),
        segments,
    };
    let bytes = message.to_wire();
    let sent = peers.into_iter().map(|to| Sent {
        to,
        bytes: bytes.clone(),
    });
    sent.collect()
}
