//! Bytes that no program of ours writes.

use xxhash_rust::xxh32::xxh32;

/// Makes the checksum of a snapshot or an update right again.
pub(crate) fn set_checksum(bytes: &mut [u8]) {
    let sum = xxh32(&bytes[20..], u32::from_le_bytes(*b"LORO"));
    bytes[16..20].copy_from_slice(&sum.to_le_bytes());
}

/// One update with what is in two.
pub(crate) fn joined(first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut bytes = [first, &second[HEADER_LEN..]].concat();
    set_checksum(&mut bytes);
    bytes
}

/// `"loro" || checksum of 16 bytes || mode of 2 bytes`
const HEADER_LEN: usize = 22;
