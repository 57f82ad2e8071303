//! The people of the vectors: keys that everybody knows.

use bundle_format::identity::{DecapsulationKey, EncapsulationKey, Fingerprint, Identity};
use bundle_format::random::HedgedRng;
use pack_format::ratchet::{PackSecret, SendChain, Side};
use pack_format::secret::Secret32;

use super::file::VectorFile;

/// One person with one vault.
pub(super) struct Person {
    number: u8,
}

pub(super) const AMINA: Person = Person { number: 1 };
pub(super) const BILAL: Person = Person { number: 2 };
pub(super) const CAROL: Person = Person { number: 3 };

impl Person {
    pub(super) fn identity(&self) -> Identity {
        Identity::from_seed(Secret32::new([self.number; 32]))
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.identity().key().fingerprint()
    }

    pub(super) fn kem_seed(&self) -> [u8; 32] {
        [self.number + 100; 32]
    }

    pub(super) fn kem_key(&self) -> EncapsulationKey {
        DecapsulationKey::from_seed(Secret32::new(self.kem_seed())).encapsulation_key()
    }

    /// Makes a vector the vault of this person, who shares a chain with Amina.
    pub(super) fn opens(&self, vector: VectorFile) -> VectorFile {
        vector
            .with_hex("own-identity-seed", &[self.number; 32])
            .with_hex("own-kem-seed", &self.kem_seed())
            .with_hex("chain-root", &CHAIN_ROOT)
    }
}

/// The root of the chain from Amina to Bilal.
pub(super) const CHAIN_ROOT: [u8; 32] = [50; 32];

/// A secret of the chain from Amina to Bilal.
pub(super) fn chain_secret(index: usize) -> PackSecret {
    secret_of(&CHAIN_ROOT, Side::Showed, index)
}

/// A secret of one direction of a pairing.
pub(super) fn secret_of(root: &[u8; 32], sender: Side, index: usize) -> PackSecret {
    let mut chain = SendChain::new(&Secret32::new(*root), sender);
    for _ in 0..index {
        chain.advance();
    }
    chain.advance().1
}

/// Random bytes of one vector: the same each time, another for each `number`.
pub(super) fn rng(number: u64) -> HedgedRng {
    HedgedRng::new(&Secret32::new([201; 32]), &Secret32::new([202; 32]), number)
}

/// Bytes that do not compress.
pub(super) fn noise(len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    blake3::Hasher::new_derive_key("causeway/vectors/v1 noise")
        .finalize_xof()
        .fill(&mut noise);
    noise
}
