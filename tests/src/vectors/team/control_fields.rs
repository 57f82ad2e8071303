//! Control operations as words: what an `out-operation` line of a vector says.

use data_encoding::HEXLOWER;
use pack_format::codec::Wire as _;
use team_core::control::{Change, Control, Reason, Wrap};
use team_core::ids::SegmentHash;

use super::super::run::hash;

/// Kind, name, and each field in order; what is long is named by its BLAKE3.
pub(super) fn fields(operation: &Control) -> String {
    let kind = operation.kind();
    let rest = match operation {
        Control::Genesis(genesis) => format!(
            "Genesis nonce={} space={:?} founder={} name={:?} card={} device-cap={} history={}",
            hex(&genesis.nonce),
            genesis.space_name.as_str(),
            hex(&genesis.founder.0),
            genesis.founder_name.as_str(),
            hash(&genesis.card.to_wire()),
            genesis.policy.device_cap,
            genesis.policy.history,
        ),
        Control::AddMember(add) => format!(
            "AddMember member={} card={} name={:?} role={} history={}",
            hex(&add.member.0),
            hash(&add.card.to_wire()),
            add.name.as_str(),
            add.role,
            add.history,
        ),
        Control::RaiseRole(member, role) => {
            format!("RaiseRole member={} role={role}", hex(&member.0))
        }
        Control::LowerRole(member, role) => {
            format!("LowerRole member={} role={role}", hex(&member.0))
        }
        Control::RemoveMember(member, reason) => {
            let reason = word(*reason);
            format!("RemoveMember member={} reason={reason}", hex(&member.0))
        }
        Control::AddDevice(add) => format!(
            "AddDevice member={} device={} card={}",
            hex(&add.member.0),
            hex(&add.device.0),
            hash(&add.card.to_wire()),
        ),
        Control::RemoveDevice(device, reason) => {
            let reason = word(*reason);
            format!("RemoveDevice device={} reason={reason}", hex(&device.0))
        }
        Control::Leave => "Leave".to_owned(),
        Control::OwnerChange(change) => {
            let (word, member) = match change.change {
                Change::Add(member) => ("add", member),
                Change::Remove(member) => ("remove", member),
            };
            let generation = change.generation;
            format!(
                "OwnerChange generation={generation} {word}={}",
                hex(&member.0)
            )
        }
        Control::Seal(member) => format!("Seal member={}", hex(&member.0)),
        other => of_other(other),
    };
    format!("{kind} {rest}")
}

fn of_other(operation: &Control) -> String {
    match operation {
        Control::AddCompartment(compartment, name) => format!(
            "AddCompartment compartment={} name={:?}",
            hex(&compartment.0),
            name.as_str()
        ),
        Control::Admit(compartment, member) => format!(
            "Admit compartment={} member={}",
            hex(&compartment.0),
            hex(&member.0)
        ),
        Control::Expel(compartment, member) => format!(
            "Expel compartment={} member={}",
            hex(&compartment.0),
            hex(&member.0)
        ),
        Control::Epoch(epoch) => format!(
            "Epoch compartment={} commitment={} wraps={}",
            hex(&epoch.compartment.0),
            hex(&epoch.commitment.0),
            wraps(&epoch.wraps)
        ),
        Control::ShareEpoch(share) => format!(
            "ShareEpoch epoch={} wraps={}",
            hex(&share.epoch.0),
            wraps(&share.wraps)
        ),
        Control::Prekey(number, key) => {
            format!("Prekey number={number} key={}", hash(key.as_bytes()))
        }
        Control::Routes(routes) => format!("Routes routes={}", hash(&routes.to_wire())),
        Control::Checkpoint(digest) => format!("Checkpoint digest={}", hex(digest)),
        Control::ConfirmCheckpoint(segment, digest) => format!(
            "ConfirmCheckpoint segment={} digest={}",
            hex(&segment.0),
            hex(digest)
        ),
        Control::Delete(segments) => format!("Delete segments={}", named(segments)),
        Control::ConfirmDeletion(segments) => {
            format!("ConfirmDeletion segments={}", named(segments))
        }
        Control::Adopt(segments) => format!("Adopt segments={}", named(segments)),
        Control::Unknown(_) => format!("Unknown body={}", hex(&operation.body())),
        other => panic!("an operation that has no vector: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Unsaid => "unsaid",
        Reason::Retired => "retired",
        Reason::Lost => "lost",
        Reason::Silent => "silent",
    }
}

fn wraps(wraps: &[Wrap]) -> String {
    let wraps = wraps.iter().map(|wrap| {
        let sealed = hash(wrap.sealed.as_slice());
        format!(
            "{}/{}/{sealed}",
            hex(&wrap.device_prefix),
            wrap.prekey_number
        )
    });
    format!("[{}]", wraps.collect::<Vec<_>>().join(","))
}

fn named(segments: &[SegmentHash]) -> String {
    let segments = segments.iter().map(|segment| hex(&segment.0));
    format!("[{}]", segments.collect::<Vec<_>>().join(","))
}
