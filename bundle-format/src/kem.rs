//! HPKE in base mode to an encapsulation key: what slots and wrapped keys are sealed with.
//!
//! RFC 9180 and draft-ietf-hpke-pq: MLKEM768-X25519 (X-Wing), SHAKE256, ChaCha20-Poly1305.

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::KdfShake256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};

use crate::identity::{DecapsulationKey, EncapsulationKey, contributes};
use crate::random::HedgedRng;

/// Bytes of an encapsulation: ML-KEM-768 (1,088) and X25519 (32).
pub(crate) const ENCAPSULATED_BYTES: usize = 1120;
/// Bytes of the tag that each sealed message ends with.
pub(crate) const TAG_BYTES: usize = 16;

/// A context of whoever seals.
pub(crate) type SealContext = AeadCtxS<ChaCha20Poly1305, KdfShake256, XWing>;
/// A context of whoever opens.
pub(crate) type OpenContext = AeadCtxR<ChaCha20Poly1305, KdfShake256, XWing>;

/// Begins a context to `reader`, and gives the encapsulation that it needs for the same one.
pub(crate) fn encapsulate(
    reader: &EncapsulationKey,
    info: &[u8],
    rng: &mut HedgedRng,
) -> ([u8; ENCAPSULATED_BYTES], SealContext) {
    #[expect(
        clippy::expect_used,
        reason = "the key was checked when it was made or read"
    )]
    let (encapsulated, context) =
        hpke::setup_sender_with_rng::<ChaCha20Poly1305, KdfShake256, XWing>(
            &OpModeS::Base,
            &reader.public(),
            info,
            rng,
        )
        .expect("encapsulating to a checked key cannot fail");
    let mut bytes = [0; ENCAPSULATED_BYTES];
    encapsulated.write_exact(&mut bytes);
    (bytes, context)
}

/// The context that an encapsulation to `own_key` begins.
///
/// None when the encapsulation is not one, or its X25519 share is of small order: the KEM library
/// accepts such a share, which would give a secret that all know.
pub(crate) fn decapsulate(
    own_key: &DecapsulationKey,
    encapsulated: &[u8; ENCAPSULATED_BYTES],
    info: &[u8],
) -> Option<OpenContext> {
    if !contributes(*encapsulated.last_chunk::<32>()?) {
        return None;
    }
    let encapsulated = <XWing as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    hpke::setup_receiver::<ChaCha20Poly1305, KdfShake256, XWing>(
        &OpModeR::Base,
        &own_key.private(),
        &encapsulated,
        info,
    )
    .ok()
}
