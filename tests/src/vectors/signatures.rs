//! Signatures that some programs accept and ours must not.

/// The neutral element of Edwards25519: a key under which one signature fits every message.
pub(super) const SMALL_ORDER_KEY: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 1;
    key
};

/// `R` neutral, `S` zero: verifies under [`SMALL_ORDER_KEY`] for a verifier that does not look.
pub(super) const EMPTY_SIGNATURE: [u8; 64] = {
    let mut signature = [0; 64];
    signature[0] = 1;
    signature
};

/// A second form of a signature: `S + L` in place of `S` (RFC 8032, section 8.4).
pub(super) fn unreduced(signature: &[u8; 64]) -> [u8; 64] {
    let mut second = *signature;
    let mut carry = 0;
    for (byte, order) in second[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    second
}

/// `L = 2^252 + 27742317777372353535851937790883648493`, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
