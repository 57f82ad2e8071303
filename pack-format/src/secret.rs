//! Secret bytes: wiped when dropped, never printed, never copied by accident.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 32-byte secret. No `Clone`, no `Copy`, no serialisation; `Debug` prints `[redacted]`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes ownership of key bytes. The caller wipes its own copy.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for handing to a cipher or to the sealed store.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second owner of the same secret, asked for by name so that copies can be found.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// `HKDF-Expand(prk = self, info = label || context)` with SHA-512, 32 bytes (RFC 5869).
    ///
    /// Each use has its own `label`; labels are listed in spec/pack.md, "Keys of a pairing", and
    /// in spec/bundle.md.
    #[must_use]
    pub fn derive(&self, label: &str, context: &[u8]) -> Self {
        let mut okm = [0; 32];
        expand(&self.0, &[label.as_bytes(), context], &mut okm);
        let derived = Self(okm);
        okm.zeroize();
        derived
    }
}

impl ConstantTimeEq for Secret32 {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// `okm = HKDF-Expand(prk, info)` with SHA-512 (RFC 5869), `info` given in pieces.
pub(crate) fn expand(prk: &[u8], info: &[&[u8]], okm: &mut [u8]) {
    let hkdf = Hkdf::<Sha512>::from_prk(&padded_prk(prk));
    #[expect(
        clippy::expect_used,
        reason = "every okm of the format is below 255 * 64 bytes"
    )]
    hkdf.and_then(|hkdf| {
        hkdf.expand_multi_info(info, okm)
            .map_err(|_| hkdf::InvalidPrkLength)
    })
    .expect("prk is padded to the hash length and okm is below 255 blocks");
}

/// HMAC pads a key shorter than its block with zeros, so that a zero-padded PRK gives the same
/// result; the library insists on a PRK of at least the hash length (64 bytes for SHA-512).
fn padded_prk(prk: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let mut padded = zeroize::Zeroizing::new(vec![0; prk.len().max(64)]);
    for (to, from) in padded.iter_mut().zip(prk) {
        *to = *from;
    }
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_secret() {
        assert_eq!(format!("{:?}", Secret32::new([7; 32])), "[redacted]");
    }

    #[test]
    fn another_label_gives_another_key() {
        let root = Secret32::new([1; 32]);
        let one = root.derive("a", b"");
        let two = root.derive("b", b"");
        assert!(!bool::from(one.ct_eq(&two)));
    }
}
