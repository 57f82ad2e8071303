//! Runs the vectors of spaces.

use bundle_format::identity::DecapsulationKey;
use data_encoding::HEXLOWER;
use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use team_core::blob::{BlobCodec, BlobId, BlobKey, BlobSecret};
use team_core::content::{self, required_role};
use team_core::control::{self, Control, KeyCommitment};
use team_core::epoch::{self, Binding, ContentCodec, ContentPlace, EpochKey};
use team_core::ids::{CompartmentId, DeviceId, EpochId, SpaceId};
use team_core::invitation::{Admission, Invitation, Parcel, UncheckedJoinRequest};
use team_core::log::UncheckedForkProof;
use team_core::segment::{Kind, Segment, UncheckedHeader};
use team_core::sync::{SyncMessage, UncheckedHave};

use super::super::file::VectorFile;
use super::super::kind::Failure;
use super::super::run::{Outcome, decode, hash, out, out_hex};
use super::control_fields::fields;

/// The content of a segment, out of its encryption.
pub(super) fn content(_: &VectorFile, payload: &[u8]) -> Outcome {
    let operations = content::decode_operations(payload)?;
    assert_eq!(content::encode_operations(&operations), payload);
    let lines = operations.iter().map(|operation| {
        let role = required_role(operation.kind);
        let role = role.map_or("of a later version", |role| role.word());
        let body = HEXLOWER.encode(&operation.body);
        out("operation", format!("{} {role} {body}", operation.kind))
    });
    Ok(lines.collect())
}

/// The payload of a control segment.
pub(super) fn control(_: &VectorFile, payload: &[u8]) -> Outcome {
    let operations = control::decode_operations(payload)?;
    assert_eq!(control::encode_operations(&operations), payload);
    let mut outs = Vec::new();
    for operation in &operations {
        outs.push(out("operation", fields(operation)));
        if let Control::Genesis(genesis) = operation {
            outs.push(out_hex("space-id", &genesis.space_id().0));
        }
    }
    Ok(outs)
}

/// A header, and what was carried as its payload.
pub(super) fn segment(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let header = decode::<UncheckedHeader>(payload)?;
    let header = header.verify(SpaceId(vector.hex32("space-id")))?;
    assert_eq!(header.to_wire(), payload);
    let fields = header.fields().clone();
    let mut outs = vec![
        out_hex("hash", &header.hash().0),
        out_hex("device", &fields.device.0),
        out("number", fields.number),
        out_hex("previous", &fields.previous.0),
    ];
    outs.extend(fields.deps.iter().map(|dep| out_hex("dep", &dep.0)));
    outs.push(out("claimed-at", fields.claimed_at));
    if let Kind::Content(sealing) = &fields.kind {
        outs.push(out_hex("epoch", &sealing.epoch.0));
        outs.push(out_hex("salt", &sealing.salt));
    }
    outs.push(out("payload-bytes", fields.payload_bytes));
    outs.push(out_hex("payload-hash", &fields.payload_hash));
    if vector.header("carried").is_some() {
        let carried = vector.hex("carried");
        let segment =
            Segment::new(header, Some(carried)).map_err(|_| Failure::of("payload-mismatch"))?;
        outs.push(out("carried", hash(segment.payload().unwrap())));
    }
    Ok(outs)
}

/// A content payload, with the key of its epoch.
pub(super) fn sealed(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let key = EpochKey::from_stored(Secret32::new(vector.hex32("epoch-key")));
    let place = ContentPlace {
        epoch: EpochId(vector.hex32("epoch")),
        device: DeviceId(vector.hex32("device")),
        number: vector.header("number").unwrap().parse().unwrap(),
        salt: vector.hex("salt").try_into().unwrap(),
    };
    let mut codec = ContentCodec::new().unwrap();
    let content = codec.open(&key, &place, payload)?;
    let again = codec.seal(&key, &place, &content).unwrap();
    assert_eq!(codec.open(&key, &place, &again).unwrap(), content);
    Ok(vec![
        out("bytes", content.len()),
        out("blake3", hash(&content)),
    ])
}

/// A wrap, with the key that it was made for.
pub(super) fn wrap(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let own_key = DecapsulationKey::from_seed(Secret32::new(vector.hex32("own-kem-seed")));
    let share = [[0; 32].as_slice(), &[0, 0, 0, 1], payload].concat();
    let Control::ShareEpoch(share) = Control::from_body(15, &share)? else {
        panic!("kind 15 is a share of an epoch");
    };
    let binding = Binding {
        space: SpaceId(vector.hex32("space-id")),
        compartment: CompartmentId(vector.hex("compartment").try_into().unwrap()),
        commitment: KeyCommitment(vector.hex32("commitment")),
    };
    let device = DeviceId(vector.hex32("device"));
    let key = epoch::unwrap(&share.wraps[0], &binding, device, |_| Some(&own_key))?;
    Ok(vec![out_hex("key", key.secret().expose())])
}

/// A blob, with what an operation names.
pub(super) fn blob(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let id = BlobId(vector.hex32("blob-id"));
    let key = BlobKey(vector.hex32("blob-key"));
    let size_bytes = vector.header("size-bytes").unwrap().parse().unwrap();
    let mut codec = BlobCodec::new().unwrap();
    let chunk = codec.open(id, &key, size_bytes, payload)?;
    let epoch_key = EpochKey::from_stored(Secret32::new(vector.hex32("epoch-key")));
    let sealed = codec.seal(&BlobSecret::of(&epoch_key), &chunk).unwrap();
    Ok(vec![
        out("blake3", hash(&chunk)),
        out_hex("sealed-key", &sealed.key.0),
    ])
}

/// What is said about joining.
pub(super) fn joining(_: &VectorFile, payload: &[u8]) -> Outcome {
    Ok(match decode::<Parcel>(payload)? {
        Parcel::Invitation(invitation) => vec![invited(&invitation)],
        Parcel::Join(request) => vec![joins(*request)?],
        Parcel::LinkOffer(offer) => offer.invitations().iter().map(invited).collect(),
        Parcel::LinkRequest(request) => {
            let requests = request.into_requests().into_iter();
            requests.map(joins).collect::<Result<_, _>>()?
        }
        other => panic!("a joining message that has no vector: {other:?}"),
    })
}

fn invited(invitation: &Invitation) -> (String, String) {
    let admission = match invitation.admission {
        Admission::Member { role, history } => format!("role={role} history={history}"),
        Admission::Device { member } => format!("device-of={}", HEXLOWER.encode(&member.0)),
    };
    let line = format!(
        "space={} name={:?} inviter={} card={} {admission} secret={} expires-at={}",
        HEXLOWER.encode(&invitation.space.0),
        invitation.space_name.as_str(),
        HEXLOWER.encode(&invitation.inviter.0),
        hash(&invitation.card.to_wire()),
        HEXLOWER.encode(invitation.secret.expose()),
        invitation.expires_at,
    );
    out("invitation", line)
}

fn joins(request: UncheckedJoinRequest) -> Result<(String, String), Failure> {
    let request = request.verify()?;
    let line = format!(
        "space={} device={} card={} name={:?} secret={}",
        HEXLOWER.encode(&request.space().0),
        HEXLOWER.encode(&request.device().0),
        hash(&request.card().to_wire()),
        request.name().as_str(),
        HEXLOWER.encode(request.secret().expose()),
    );
    Ok(out("join", line))
}

/// A have-summary.
pub(super) fn have(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let have = decode::<UncheckedHave>(payload)?;
    let have = have.verify(SpaceId(vector.hex32("space-id")))?;
    let mut outs = vec![
        out_hex("device", &have.device().0),
        out("counter", have.counter()),
        out("claimed-at", have.claimed_at()),
    ];
    outs.extend(have.wants().iter().map(|want| out_hex("want", &want.0)));
    Ok(outs)
}

/// The proof of a fork.
pub(super) fn fork(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let proof = decode::<UncheckedForkProof>(payload)?;
    let proof = proof.verify(SpaceId(vector.hex32("space-id")))?;
    let [lower, higher] = proof.headers();
    Ok(vec![
        out_hex("device", &proof.device().0),
        out("number", proof.number()),
        out_hex("lower", &lower.hash().0),
        out_hex("higher", &higher.hash().0),
    ])
}

/// A sync message, with everything in it verified.
pub(super) fn sync(_: &VectorFile, payload: &[u8]) -> Outcome {
    let message = decode::<SyncMessage>(payload)?;
    let space = message.space;
    let have = message.have.verify(space)?;
    let mut outs = vec![
        out_hex("space-id", &space.0),
        out("have", hash(&have.to_wire())),
    ];
    for relayed in message.relayed {
        outs.push(out("relayed", hash(&relayed.verify(space)?.to_wire())));
    }
    for proof in message.proofs {
        let bytes = proof.to_wire();
        proof.verify(space)?;
        outs.push(out("proof", hash(&bytes)));
    }
    for segment in message.segments {
        let segment = segment.verify(space)?;
        let name = HEXLOWER.encode(&segment.header().hash().0);
        let payload = segment.payload().map_or("absent".to_owned(), hash);
        outs.push(out("segment", format!("{name} {payload}")));
    }
    Ok(outs)
}
