//! Fingerprints of keys, and the key ids that are parts of them.

use std::fmt;

/// The fingerprint of a key or subkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fingerprint {
    /// Version 4: SHA-1 of the key packet.
    V4([u8; 20]),
    /// Version 6: SHA-256 of the key packet.
    V6([u8; 32]),
}

impl Fingerprint {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }

    /// The fingerprint with these bytes, of the version that has that many.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let v4 = bytes.try_into().map(Self::V4);
        v4.or_else(|_| bytes.try_into().map(Self::V6)).ok()
    }

    /// The key id: the last 8 bytes of version 4, the first 8 of version 6. Not unique.
    #[must_use]
    pub fn key_id(&self) -> [u8; 8] {
        let part = match self {
            Self::V4(bytes) => bytes.last_chunk(),
            Self::V6(bytes) => bytes.first_chunk(),
        };
        part.copied().unwrap_or_default()
    }

    /// The version of the key packet, 4 or 6.
    #[must_use]
    pub fn key_version(&self) -> u8 {
        match self {
            Self::V4(_) => 4,
            Self::V6(_) => 6,
        }
    }
}

impl fmt::Display for Fingerprint {
    /// Upper-case hex without spaces, as `gpg` prints it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXUPPER.encode(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_id_is_at_the_end_in_version_4_and_at_the_start_in_version_6() {
        let bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let v4 = Fingerprint::from_slice(&bytes[..20]).unwrap();
        assert_eq!(v4.key_id(), [12, 13, 14, 15, 16, 17, 18, 19]);
        let v6 = Fingerprint::from_slice(&bytes).unwrap();
        assert_eq!(v6.key_id(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Fingerprint::from_slice(&bytes[..21]), None);
    }
}
