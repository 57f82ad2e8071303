//! Which key a request is for: named by its public half, as the signature's checker knows it.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

/// A signing key, by what identifies its public half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyReference {
    /// An OpenPGP certificate of version 4, by its primary key's fingerprint.
    OpenPgpV4([u8; 20]),
    /// An OpenPGP certificate of version 6, by its primary key's fingerprint.
    OpenPgpV6([u8; 32]),
    /// An SSH key: its Ed25519 public key.
    Ssh([u8; 32]),
    /// A minisign key: its key number and its Ed25519 public key.
    Minisign {
        /// The key number, eight bytes as they stand in the file.
        key_id: [u8; 8],
        /// The public key.
        key: [u8; 32],
    },
}

impl KeyReference {
    /// Whether this names an OpenPGP certificate.
    #[must_use]
    pub fn is_openpgp(&self) -> bool {
        matches!(self, Self::OpenPgpV4(_) | Self::OpenPgpV6(_))
    }

    /// What kind of key this is, for a person: `OpenPGP`, `SSH` or `minisign`.
    #[must_use]
    pub fn kind_text(&self) -> &'static str {
        match self {
            Self::OpenPgpV4(_) | Self::OpenPgpV6(_) => "OpenPGP",
            Self::Ssh(_) => "SSH",
            Self::Minisign { .. } => "minisign",
        }
    }
}

impl fmt::Display for KeyReference {
    /// The form that the key's own tools show: a fingerprint in hex, `SHA256:…`, or a key number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &[u8]| data_encoding::HEXUPPER.encode(bytes);
        match self {
            Self::OpenPgpV4(fingerprint) => formatter.write_str(&hex(fingerprint)),
            Self::OpenPgpV6(fingerprint) => formatter.write_str(&hex(fingerprint)),
            Self::Ssh(key) => formatter.write_str(&ssh_fingerprint(key)),
            // minisign prints the number as a little-endian integer.
            Self::Minisign { key_id, .. } => {
                let mut reversed = *key_id;
                reversed.reverse();
                formatter.write_str(&hex(&reversed))
            }
        }
    }
}

/// `SHA256:` and the unpadded base64 of the SHA-256 of the key's blob, as `ssh-keygen -l` shows.
fn ssh_fingerprint(key: &[u8; 32]) -> String {
    use sha2::{Digest as _, Sha256};
    let name = b"ssh-ed25519";
    let mut blob = Vec::with_capacity(51);
    blob.extend([0, 0, 0, 11]);
    blob.extend(name);
    blob.extend([0, 0, 0, 32]);
    blob.extend(key);
    let digest = Sha256::digest(&blob);
    let text = data_encoding::BASE64_NOPAD.encode(&digest);
    format!("SHA256:{text}")
}

impl Wire for KeyReference {
    const WHAT: &'static str = "key reference";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::OpenPgpV4(fingerprint) => writer.u8(1).put(fingerprint),
            Self::OpenPgpV6(fingerprint) => writer.u8(2).put(fingerprint),
            Self::Ssh(key) => writer.u8(3).put(key),
            Self::Minisign { key_id, key } => writer.u8(4).put(key_id).put(key),
        };
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8("kind of key")? {
            1 => Self::OpenPgpV4(reader.take_array("fingerprint")?),
            2 => Self::OpenPgpV6(reader.take_array("fingerprint")?),
            3 => Self::Ssh(reader.take_array("SSH key")?),
            4 => Self::Minisign {
                key_id: reader.take_array("minisign key number")?,
                key: reader.take_array("minisign key")?,
            },
            _ => {
                return Err(DecodeError::Unknown {
                    what: "kind of key",
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_survives_its_encoding() {
        let keys = [
            KeyReference::OpenPgpV4([1; 20]),
            KeyReference::OpenPgpV6([2; 32]),
            KeyReference::Ssh([3; 32]),
            KeyReference::Minisign {
                key_id: [4; 8],
                key: [5; 32],
            },
        ];
        for key in keys {
            assert_eq!(KeyReference::from_wire(&key.to_wire()), Ok(key));
        }
        assert!(KeyReference::from_wire(&[9; 21]).is_err());
    }
}
