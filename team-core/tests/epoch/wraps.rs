//! The key of an epoch on its way to devices.

use bundle_format::wrap::wrap_key;
use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use proptest::prelude::*;
use team_core::control::{
    Control, KeyCommitment, ShareEpoch, Wrap, decode_operations, encode_operations,
};
use team_core::epoch::{Binding, EpochKey, Recipient, UnwrapError, mint, unwrap, wrap};
use team_core::ids::{CompartmentId, EpochId, OperationId, SegmentHash, SpaceId};
use team_core::limits::PAYLOAD_BYTES_MAX;
use team_core::segment::{HeaderFields, Kind};

use super::{Device, PART, PREKEY, SPACE, rng};

fn binding(key: &EpochKey) -> Binding {
    Binding {
        space: SPACE,
        compartment: PART,
        commitment: key.commitment(),
    }
}

fn single(key: &EpochKey, device: &Device) -> Wrap {
    let lists = wrap(key, SPACE, PART, &[device.recipient()], &mut rng(2));
    lists.into_iter().flatten().next().unwrap()
}

fn opened(wrap: &Wrap, binding: &Binding, device: &Device) -> Result<EpochKey, UnwrapError> {
    unwrap(wrap, binding, device.id, |it| device.find_prekey(it))
}

#[test]
fn every_recipient_gets_the_key_and_nobody_else_does() {
    let devices = Device::many(3);
    let recipients: Vec<_> = devices.iter().map(Device::recipient).collect();
    let minted = mint(SPACE, PART, &recipients, &mut rng(3));
    let binding = binding(&minted.key);
    assert_eq!(minted.epoch.commitment, minted.key.commitment());
    for device in &devices {
        let mut wraps = minted.epoch.wraps.iter();
        let own = wraps.find(|wrap| wrap.is_for(device.id)).unwrap();
        let key = opened(own, &binding, device).unwrap();
        assert_eq!(key.secret().expose(), minted.key.secret().expose());
    }
    let outsider = Device::new(9);
    for wrap in &minted.epoch.wraps {
        let device = outsider.id;
        assert_eq!(
            opened(wrap, &binding, &outsider).unwrap_err(),
            UnwrapError::OtherDevice { device }
        );
        // Also when the wrap is made to name the outsider: it is sealed for its own device.
        let mut renamed = wrap.clone();
        renamed.device_prefix = *device.0.first_chunk().unwrap();
        assert_eq!(
            opened(&renamed, &binding, &outsider).unwrap_err(),
            UnwrapError::Unopenable { number: PREKEY }
        );
    }
}

#[test]
fn insider_cannot_give_another_key_under_an_epochs_name() {
    let device = Device::new(1);
    let (named, other) = (
        EpochKey::from_stored(Secret32::new([1; 32])),
        EpochKey::from_stored(Secret32::new([2; 32])),
    );
    let bound = binding(&named);
    // The insider binds the wrap to the right commitment and puts another key in.
    let info = [
        b"causeway/team/v1 wrapped key\0".as_slice(),
        &SPACE.0,
        &PART.0,
        &named.commitment().0,
        &device.id.0,
        &PREKEY.to_be_bytes(),
    ]
    .concat();
    let put_in = |key: &EpochKey| Wrap {
        sealed: wrap_key(key.secret(), &device.public, &info, &mut rng(4)),
        ..single(&named, &device)
    };
    assert!(opened(&put_in(&named), &bound, &device).is_ok());
    assert_eq!(
        opened(&put_in(&other), &bound, &device).unwrap_err(),
        UnwrapError::WrongKey { number: PREKEY }
    );
}

#[test]
fn a_wrap_of_another_space_compartment_or_epoch_does_not_open() {
    let device = Device::new(1);
    let key = EpochKey::from_stored(Secret32::new([1; 32]));
    let (wrap, right) = (single(&key, &device), binding(&key));
    assert!(opened(&wrap, &right, &device).is_ok());
    for wrong in [
        Binding {
            space: SpaceId([7; 32]),
            ..right
        },
        Binding {
            compartment: CompartmentId([7; 16]),
            ..right
        },
        Binding {
            commitment: KeyCommitment([7; 32]),
            ..right
        },
    ] {
        assert_eq!(
            opened(&wrap, &wrong, &device).unwrap_err(),
            UnwrapError::Unopenable { number: PREKEY }
        );
    }
}

#[test]
fn a_wrap_for_a_destroyed_prekey_says_so() {
    let device = Device::new(1);
    let key = EpochKey::from_stored(Secret32::new([1; 32]));
    let gone = unwrap(&single(&key, &device), &binding(&key), device.id, |_| None);
    assert_eq!(
        gone.unwrap_err(),
        UnwrapError::PrekeyGone { number: PREKEY }
    );
}

#[test]
fn a_wrap_does_not_open_under_another_prekey_number() {
    let device = Device::new(1);
    let key = EpochKey::from_stored(Secret32::new([1; 32]));
    let mut moved = single(&key, &device);
    moved.prekey_number += 1;
    let refused = unwrap(&moved, &binding(&key), device.id, |_| Some(&device.prekey));
    let number = PREKEY + 1;
    assert_eq!(refused.unwrap_err(), UnwrapError::Unopenable { number });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn courier_cannot_alter_a_wrap(at in 0_usize..1168, bit in 0_u8..8) {
        let device = Device::new(1);
        let key = EpochKey::from_stored(Secret32::new([1; 32]));
        let mut altered = single(&key, &device);
        altered.sealed[at] ^= 1 << bit;
        let refused = opened(&altered, &binding(&key), &device).unwrap_err();
        prop_assert_eq!(refused, UnwrapError::Unopenable { number: PREKEY });
    }
}

#[test]
fn a_device_named_twice_gets_one_wrap_for_its_newest_prekey() {
    let device = Device::new(1);
    let older = Recipient {
        prekey_number: PREKEY - 1,
        ..device.recipient()
    };
    let key = EpochKey::from_stored(Secret32::new([1; 32]));
    for both in [[older, device.recipient()], [device.recipient(), older]] {
        let lists = wrap(&key, SPACE, PART, &both, &mut rng(2));
        let numbers: Vec<_> = lists.iter().flatten().map(|it| it.prekey_number).collect();
        assert_eq!(numbers, [PREKEY]);
    }
}

#[test]
fn insider_with_two_devices_of_one_prefix_cannot_make_an_epoch_unreadable() {
    let first = Device::new(1);
    let mut twin = first.id;
    twin.0[31] ^= 1;
    let twin = Recipient {
        device: twin,
        ..first.recipient()
    };
    let key = EpochKey::from_stored(Secret32::new([1; 32]));
    let recipients = [twin, first.recipient()];
    let lists = wrap(&key, SPACE, PART, &recipients, &mut rng(2));
    assert_eq!(lists.len(), 2);
    for wraps in lists {
        let share = ShareEpoch {
            epoch: EpochId([1; 32]),
            wraps,
        };
        assert!(ShareEpoch::from_wire(&share.to_wire()).is_ok());
    }
}

#[test]
fn three_hundred_devices_are_given_a_key_in_360_000_bytes() {
    let devices = Device::many(300);
    let recipients: Vec<_> = devices.iter().map(Device::recipient).collect();
    let minted = mint(SPACE, PART, &recipients, &mut rng(3));
    assert_eq!(minted.segment_count(), 6);
    let key = EpochKey::from_stored(minted.key.secret().duplicate());
    let author = &devices[0];
    let mut total = 0;
    let mut given: Vec<Wrap> = minted.epoch.wraps.clone();
    let mut previous = SegmentHash([0; 32]);
    let mut write = |operation: Control, number: u64| {
        let payload = encode_operations(&[operation]);
        assert!(payload.len() as u64 <= u64::from(PAYLOAD_BYTES_MAX));
        assert_eq!(decode_operations(&payload).unwrap().len(), 1);
        let header = header(author, number, previous, &payload);
        previous = header.hash();
        total += payload.len() + header.to_wire().len();
        previous
    };
    let segment = write(Control::Epoch(minted.epoch.clone()), 1);
    let epoch = EpochId::of(OperationId { segment, index: 0 });
    for (share, number) in minted.into_shares(epoch).into_iter().zip(2..) {
        given.extend(share.wraps.iter().cloned());
        write(Control::ShareEpoch(share), number);
    }
    assert!(total <= 360_000, "{total} bytes");
    assert_eq!(given.len(), 300);
    for device in devices.iter().step_by(50) {
        let own = given.iter().find(|wrap| wrap.is_for(device.id)).unwrap();
        assert!(opened(own, &binding(&key), device).is_ok());
    }
}

fn header(
    author: &Device,
    number: u64,
    previous: SegmentHash,
    payload: &[u8],
) -> team_core::segment::Header {
    HeaderFields {
        device: author.id,
        number,
        previous,
        deps: Vec::new(),
        claimed_at: 0,
        kind: Kind::Control,
        payload_bytes: u32::try_from(payload.len()).unwrap(),
        payload_hash: *blake3::hash(payload).as_bytes(),
    }
    .sign(SPACE, &author.identity)
}

#[test]
fn the_key_for_one_device_takes_less_than_1_300_bytes() {
    let device = Device::new(1);
    let minted = mint(SPACE, PART, &[device.recipient()], &mut rng(3));
    let made = encode_operations(&[Control::Epoch(minted.epoch.clone())]);
    assert_eq!(made.len(), 1245);
    let shared = encode_operations(&[Control::ShareEpoch(ShareEpoch {
        epoch: EpochId([1; 32]),
        wraps: minted.epoch.wraps,
    })]);
    assert_eq!(shared.len(), 1229);
}

#[test]
fn an_epoch_for_nobody_has_no_wraps() {
    let minted = mint(SPACE, PART, &[], &mut rng(3));
    assert!(minted.epoch.wraps.is_empty());
    assert!(minted.into_shares(EpochId([1; 32])).is_empty());
}

#[test]
fn two_epochs_never_have_one_key() {
    let mut rng = rng(3);
    let keys = [(); 2].map(|()| *EpochKey::generate(&mut rng).secret().expose());
    assert_ne!(keys[0], keys[1]);
    let commitments = keys.map(|key| EpochKey::from_stored(Secret32::new(key)).commitment());
    assert_ne!(commitments[0], commitments[1]);
}
