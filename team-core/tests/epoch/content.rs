//! Payloads of content segments.

use pack_format::secret::Secret32;
use proptest::prelude::*;
use team_core::epoch::{
    CONTENT_OVERHEAD_BYTES, ContentCodec, ContentError, ContentPlace, EpochKey,
};
use team_core::ids::{DeviceId, EpochId};
use team_core::limits::{CONTENT_BYTES_MAX, PAYLOAD_BYTES_MAX};

fn key(byte: u8) -> EpochKey {
    EpochKey::from_stored(Secret32::new([byte; 32]))
}

fn place() -> ContentPlace {
    ContentPlace {
        epoch: EpochId([1; 32]),
        device: DeviceId([2; 32]),
        number: 7,
        salt: [3; 24],
    }
}

fn noise(len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

fn seal(content: &[u8]) -> Vec<u8> {
    let mut codec = ContentCodec::new().unwrap();
    codec.seal(&key(1), &place(), content).unwrap()
}

fn open(payload: &[u8]) -> Result<Vec<u8>, ContentError> {
    ContentCodec::new()
        .unwrap()
        .open(&key(1), &place(), payload)
}

#[test]
fn content_comes_back_and_grows_by_29_bytes_at_most() {
    assert_eq!(CONTENT_OVERHEAD_BYTES, 29);
    for content in [b"a".to_vec(), noise(60_000), vec![7; CONTENT_BYTES_MAX]] {
        let payload = seal(&content);
        assert!(payload.len() <= content.len() + CONTENT_OVERHEAD_BYTES);
        assert_eq!(open(&payload).unwrap(), content);
    }
}

#[test]
fn content_that_has_no_room_is_refused_before_it_is_written() {
    let mut codec = ContentCodec::new().unwrap();
    let room = PAYLOAD_BYTES_MAX as usize - CONTENT_OVERHEAD_BYTES;
    let refused = |codec: &mut ContentCodec, content: &[u8]| {
        codec.seal(&key(1), &place(), content).unwrap_err()
    };
    assert!(codec.seal(&key(1), &place(), &noise(room)).is_ok());
    for content in [noise(room + 1), vec![7; CONTENT_BYTES_MAX + 1]] {
        let err = refused(&mut codec, &content);
        assert!(matches!(err, ContentError::OverLimit { .. }), "{err}");
    }
    assert!(matches!(refused(&mut codec, b""), ContentError::Empty));
}

#[test]
fn content_does_not_open_in_another_place_or_under_another_key() {
    let (payload, mut codec) = (seal(b"content"), ContentCodec::new().unwrap());
    let right = place();
    for wrong in [
        ContentPlace {
            epoch: EpochId([9; 32]),
            ..right
        },
        ContentPlace {
            device: DeviceId([9; 32]),
            ..right
        },
        ContentPlace { number: 8, ..right },
        ContentPlace {
            salt: [9; 24],
            ..right
        },
    ] {
        let refused = codec.open(&key(1), &wrong, &payload).unwrap_err();
        assert!(matches!(refused, ContentError::Unopenable { .. }));
    }
    let refused = codec.open(&key(2), &right, &payload).unwrap_err();
    assert!(matches!(refused, ContentError::Unopenable { number: 7 }));
}

#[test]
fn a_copied_vault_never_encrypts_two_contents_with_one_key_stream() {
    let one = noise(64);
    let two: Vec<_> = one.iter().rev().copied().collect();
    let payloads = [seal(&one), seal(&two)];
    assert_ne!(payloads[0][..12], payloads[1][..12], "nonces differ");
    let xor = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a ^ b).collect::<Vec<_>>();
    assert_ne!(
        xor(&payloads[0][13..77], &payloads[1][13..77]),
        xor(&one, &two)
    );
}

#[test]
fn a_payload_cut_at_any_length_is_refused() {
    let payload = seal(b"content");
    for len in 0..payload.len() {
        assert!(open(&payload[..len]).is_err(), "cut to {len}");
    }
}

proptest! {
    #[test]
    fn any_content_comes_back(content in prop::collection::vec(any::<u8>(), 1..2000)) {
        prop_assert_eq!(open(&seal(&content)).unwrap(), content);
    }

    #[test]
    fn courier_cannot_alter_content(
        content in prop::collection::vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut payload = seal(&content);
        let at = at.index(payload.len());
        payload[at] ^= 1 << bit;
        let refused = open(&payload).unwrap_err();
        prop_assert!(matches!(refused, ContentError::Unopenable { .. }), "{}", refused);
    }

    #[test]
    fn outsider_junk_is_refused(junk in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&junk).is_err());
    }
}
