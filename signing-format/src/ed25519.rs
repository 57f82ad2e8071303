//! Ed25519 public keys: which of them are accepted at all.

use ed25519_dalek::VerifyingKey;

/// The key of these bytes, if they are the one encoding of a point of the curve that is not weak.
///
/// Against a weak point anybody can make signatures; a second encoding of a point would give one
/// key two fingerprints.
pub(crate) fn key_of(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    let is_canonical = key.to_edwards().compress().as_bytes() == bytes;
    (is_canonical && !key.is_weak()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_point_a_second_encoding_and_no_point_are_no_keys() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut no_point = [0; 32];
        no_point[0] = 2;
        for bytes in [neutral, [0; 32], [0xff; 32], no_point] {
            assert!(key_of(&bytes).is_none(), "{bytes:?}");
        }
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(key_of(key.as_bytes()), Some(key));
    }
}
