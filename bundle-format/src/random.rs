//! Randomness for keys, hedged: the system's generator mixed with a secret of the vault.
//!
//! A vault cloned from an image, or a live system with a poor seed, may be given the same "random"
//! bytes twice. The vault's own seed and a counter that only rises keep the keys apart.

use core::convert::Infallible;

use pack_format::secret::Secret32;
use rand_core::{TryCryptoRng, TryRng};

/// `block_i = HKDF-Expand(HKDF-Expand(vault seed, "causeway/random/v1", system || counter), "block", i)`
pub struct HedgedRng {
    key: Secret32,
    next_block: u64,
}

impl HedgedRng {
    /// A generator for one operation.
    ///
    /// `system` comes fresh from the system's generator; `counter` is one that the store never
    /// gives twice.
    #[must_use]
    pub fn new(system: &Secret32, vault_seed: &Secret32, counter: u64) -> Self {
        let context = [system.expose().as_slice(), &counter.to_be_bytes()].concat();
        let context = zeroize::Zeroizing::new(context);
        Self {
            key: vault_seed.derive("causeway/random/v1", &context),
            next_block: 0,
        }
    }

    /// A fresh secret.
    pub fn secret(&mut self) -> Secret32 {
        let block = self.next_block;
        self.next_block += 1;
        self.key.derive("block", &block.to_be_bytes())
    }

    /// Fresh random bytes of a fixed length up to 32.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, buf: &mut [u8]) {
        for piece in buf.chunks_mut(32) {
            let block = self.secret();
            for (to, from) in piece.iter_mut().zip(block.expose()) {
                *to = *from;
            }
        }
    }
}

impl TryRng for HedgedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, buf: &mut [u8]) -> Result<(), Infallible> {
        self.fill(buf);
        Ok(())
    }
}

impl TryCryptoRng for HedgedRng {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_system_bytes_with_another_counter_give_other_keys() {
        let (system, seed) = (Secret32::new([1; 32]), Secret32::new([2; 32]));
        let one = HedgedRng::new(&system, &seed, 1).secret();
        let two = HedgedRng::new(&system, &seed, 2).secret();
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn a_clone_with_another_vault_seed_gets_other_keys() {
        let system = Secret32::new([1; 32]);
        let one = HedgedRng::new(&system, &Secret32::new([2; 32]), 1).secret();
        let two = HedgedRng::new(&system, &Secret32::new([3; 32]), 1).secret();
        assert_ne!(one.expose(), two.expose());
    }
}
