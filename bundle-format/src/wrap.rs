//! Wrapped keys: 32 secret bytes that only the owner of one encapsulation key gets.
//!
//! Unlike a slot of a bundle, a wrap stands alone, and its user says what it belongs to.
//! Spec: spec/team.md, "Epoch keys".

use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use crate::identity::{DecapsulationKey, EncapsulationKey};
use crate::kem::{ENCAPSULATED_BYTES, TAG_BYTES, decapsulate, encapsulate};
use crate::random::HedgedRng;

/// Bytes of a wrapped key: an encapsulation (1,120), the key (32), a tag (16).
pub const WRAPPED_BYTES: usize = ENCAPSULATED_BYTES + 32 + TAG_BYTES;

/// `wrapped = encapsulation || Seal(key)` by HPKE in base mode (RFC 9180, draft-ietf-hpke-pq):
/// MLKEM768-X25519, SHAKE256, ChaCha20-Poly1305, no associated data.
///
/// `info` names the purpose and everything that the key belongs to: with any other `info` the
/// wrap does not open.
#[must_use]
pub fn wrap_key(
    key: &Secret32,
    reader: &EncapsulationKey,
    info: &[u8],
    rng: &mut HedgedRng,
) -> Box<[u8; WRAPPED_BYTES]> {
    let (encapsulated, mut context) = encapsulate(reader, info, rng);
    #[expect(
        clippy::expect_used,
        reason = "first message of a new context, 32 bytes"
    )]
    let sealed = context
        .seal(key.expose(), b"")
        .expect("first of the context");
    let mut wrapped = Box::new([0; WRAPPED_BYTES]);
    for (to, from) in wrapped.iter_mut().zip(encapsulated.iter().chain(&sealed)) {
        *to = *from;
    }
    wrapped
}

/// The key in a wrap, or none when it was made for another encapsulation key or another `info`,
/// was altered, or has an X25519 share of small order. Which of these cannot be told apart.
#[must_use]
pub fn open_wrapped_key(
    wrapped: &[u8; WRAPPED_BYTES],
    own_key: &DecapsulationKey,
    info: &[u8],
) -> Option<Secret32> {
    let (encapsulated, sealed) = wrapped.split_first_chunk::<ENCAPSULATED_BYTES>()?;
    let mut context = decapsulate(own_key, encapsulated, info)?;
    let opened = Zeroizing::new(context.open(sealed, b"").ok()?);
    let key: &[u8; 32] = opened.as_slice().try_into().ok()?;
    Some(Secret32::new(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> HedgedRng {
        HedgedRng::new(&Secret32::new([1; 32]), &Secret32::new([2; 32]), 7)
    }

    fn own_key() -> DecapsulationKey {
        DecapsulationKey::from_seed(Secret32::new([5; 32]))
    }

    fn wrapped() -> Box<[u8; WRAPPED_BYTES]> {
        let reader = own_key().encapsulation_key();
        wrap_key(&Secret32::new([9; 32]), &reader, b"purpose", &mut rng())
    }

    #[test]
    fn a_wrapped_key_opens_for_its_reader_and_purpose_only() {
        let opened = open_wrapped_key(&wrapped(), &own_key(), b"purpose").unwrap();
        assert_eq!(opened.expose(), &[9; 32]);
        assert!(open_wrapped_key(&wrapped(), &own_key(), b"other").is_none());
        let stranger = DecapsulationKey::from_seed(Secret32::new([6; 32]));
        assert!(open_wrapped_key(&wrapped(), &stranger, b"purpose").is_none());
    }

    #[test]
    fn an_altered_wrap_does_not_open() {
        for at in [0, 600, ENCAPSULATED_BYTES - 32, ENCAPSULATED_BYTES, 1167] {
            let mut altered = wrapped();
            altered[at] ^= 1;
            let opened = open_wrapped_key(&altered, &own_key(), b"purpose");
            assert!(opened.is_none(), "byte {at}");
        }
    }

    #[test]
    fn a_wrap_with_a_share_of_small_order_does_not_open() {
        let mut weak = wrapped();
        weak[ENCAPSULATED_BYTES - 32..ENCAPSULATED_BYTES].fill(0);
        assert!(open_wrapped_key(&weak, &own_key(), b"purpose").is_none());
    }
}
