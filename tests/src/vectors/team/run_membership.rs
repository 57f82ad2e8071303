//! Runs the histories: the segments are taken in, and everything that follows is put into words.

use std::collections::BTreeMap;

use pack_format::codec::{Reader, Wire as _};
use team_core::ids::{DeviceId, SegmentHash, SpaceId};
use team_core::log::Pending;
use team_core::sync::{UncheckedSegment, take_in};

use super::super::file::VectorFile;
use super::super::kind::Failure;
use super::super::run::{Outcome, out};
use super::store::MapStore;

/// More than any history has.
const HISTORY_BYTES_MAX: usize = 1 << 20;

type Outs = Vec<(String, String)>;

/// A history. It is taken in forwards and backwards: the outcome has no order.
pub(super) fn membership(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let space = SpaceId(vector.hex32("space-id"));
    let expanded = zstd::bulk::decompress(payload, HISTORY_BYTES_MAX);
    let expanded = expanded.map_err(|_| Failure::of("not-compressed"))?;
    let mut reader = Reader::new(&expanded);
    let mut segments = Vec::new();
    while reader.remaining() > 0 {
        segments.push(UncheckedSegment::read(&mut reader)?);
    }
    let places: BTreeMap<SegmentHash, usize> = segments
        .iter()
        .enumerate()
        .map(|(place, segment)| (segment.peek_hash(space), place))
        .collect();
    for segment in &segments {
        segment.clone().verify(space)?;
    }
    let kinds: Vec<Vec<u8>> = segments.iter().map(|segment| segment.to_wire()).collect();
    let forwards = outcome(space, &places, &kinds, segments.clone());
    segments.reverse();
    assert_eq!(
        forwards,
        outcome(space, &places, &kinds, segments),
        "the order in which segments come makes a difference"
    );
    Ok(forwards)
}

fn outcome(
    space: SpaceId,
    places: &BTreeMap<SegmentHash, usize>,
    carried: &[Vec<u8>],
    segments: Vec<UncheckedSegment>,
) -> Outs {
    let nobody = DeviceId([0; 32]);
    let mut store = MapStore::new(space);
    let mut pending = Pending::new();
    let mut rest = segments;
    // What nothing named yet comes again, as from a sender.
    for _ in 0..3 {
        let again = rest.clone();
        let Ok(taken) = take_in(space, nobody, nobody, rest, &mut store, &mut pending);
        assert!(taken.forged.is_empty() && taken.withheld.is_empty() && !taken.is_clone);
        rest = again;
    }
    let mut outs = refused(&store, places);
    outs.extend(members(&store));
    outs.extend(effects(&store, places, carried));
    outs
}

/// Segments that are no part of the log.
fn refused(store: &MapStore, places: &BTreeMap<SegmentHash, usize>) -> Outs {
    let mut refused: Vec<usize> = places
        .iter()
        .filter(|(hash, _)| store.author(**hash).is_none())
        .map(|(_, place)| *place)
        .collect();
    refused.sort_unstable();
    refused
        .iter()
        .map(|place| out("not-taken-in", place))
        .collect()
}

fn members(store: &MapStore) -> Outs {
    let membership = store.graph.evaluate();
    let mut outs = vec![out("generation", membership.generation())];
    outs.extend(membership.owners().iter().map(|owner| out("owner", owner)));
    for member in membership.members() {
        let role = member.role.map_or("none", |role| role.word());
        let devices: Vec<String> = member.devices.iter().map(ToString::to_string).collect();
        outs.push(out(
            "member",
            format!("{} {role} [{}]", member.id, devices.join(" ")),
        ));
    }
    for device in membership.devices() {
        if let Some(number) = device.forked {
            outs.push(out("forked", format!("{} {number}", device.id)));
        }
    }
    for compartment in membership.compartments() {
        let readers: Vec<String> = compartment
            .readers
            .iter()
            .map(ToString::to_string)
            .collect();
        outs.push(out("readers", readers.join(" ")));
    }
    outs
}

fn effects(store: &MapStore, places: &BTreeMap<SegmentHash, usize>, carried: &[Vec<u8>]) -> Outs {
    let membership = store.graph.evaluate();
    let mut by_place: Vec<(usize, u16, &str)> = membership
        .ignored()
        .iter()
        .map(|ignored| {
            let operation = ignored.deed.operation;
            let code = pack_format::advice::Advice::code(&ignored.reason);
            (places[&operation.segment], operation.index, code)
        })
        .collect();
    by_place.sort_unstable();
    let mut outs: Outs = by_place
        .iter()
        .map(|(place, index, code)| out("ignored", format!("{place}/{index} {code}")))
        .collect();
    let adopted = membership.adopted();
    let mut in_order: Vec<(usize, SegmentHash)> =
        places.iter().map(|(hash, place)| (*place, *hash)).collect();
    in_order.sort_unstable();
    for (place, hash) in &in_order {
        let (Some(device), true) = (store.author(*hash), carried[*place][1] == 2) else {
            continue;
        };
        let standing = membership.standing(device, &store.views[&device]);
        let number = u64::from_be_bytes(carried[*place][34..42].try_into().unwrap());
        let role = standing.role_at(number).map_or("held", |role| role.word());
        let adopted = if adopted.contains(hash) {
            " adopted"
        } else {
            ""
        };
        outs.push(out("content", format!("{place} {role}{adopted}")));
    }
    let deleted = membership.deleted(|segment| store.author(segment));
    let mut deleted: Vec<usize> = deleted.iter().map(|hash| places[hash]).collect();
    deleted.sort_unstable();
    outs.extend(deleted.iter().map(|place| out("deleted", place)));
    outs
}
