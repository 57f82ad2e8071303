//! The secret half of a signing key, in memory while it is used.

use std::fmt;

use ed25519_dalek::Signer as _;
use pack_format::secret::Secret32;
use signing_format::key_reference::KeyReference;
use signing_format::minisign::{
    MinisignKeyId, MinisignSignature, TrustedComment, UntrustedComment,
};
use signing_format::openpgp::Fingerprint;
use signing_format::ssh::{MessageDigest, Namespace, signed_data};
use zeroize::Zeroizing;

use super::KeyError;
use crate::foreign_keys::minisign::MinisignSecretKey;
use crate::foreign_keys::ssh::SshSecretKey;
use crate::openpgp::SecretCertificate;

/// A secret key, taken from the store for as long as it is used; wiped when dropped.
pub enum SecretKeyMaterial {
    /// An OpenPGP certificate with its secret keys.
    OpenPgp(Box<SecretCertificate>),
    /// An SSH key.
    Ssh(Box<SshSecretKey>),
    /// A minisign key.
    Minisign(MinisignSecretKey),
}

impl SecretKeyMaterial {
    /// Reads what [`SecretKeyMaterial::to_stored`] wrote. The rest of a key is in its row.
    ///
    /// # Errors
    /// [`KeyError::Stored`] when it is not the secret of that key.
    pub(super) fn from_stored(
        bytes: &[u8],
        reference: &KeyReference,
        comment: &str,
    ) -> Result<Self, KeyError> {
        let key = match reference {
            KeyReference::OpenPgpV4(_) | KeyReference::OpenPgpV6(_) => {
                Self::OpenPgp(Box::new(SecretCertificate::from_bytes(bytes)?))
            }
            KeyReference::Ssh(_) => {
                Self::Ssh(Box::new(SshSecretKey::from_seed(seed(bytes)?, comment)?))
            }
            KeyReference::Minisign { key_id, .. } => Self::Minisign(MinisignSecretKey::from_seed(
                seed(bytes)?,
                MinisignKeyId(*key_id),
            )),
        };
        if key.reference()? != *reference {
            return Err(KeyError::Stored);
        }
        Ok(key)
    }

    /// The secret half as the sealed store keeps it.
    pub(super) fn to_stored(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Ok(match self {
            Self::OpenPgp(certificate) => certificate.to_bytes()?,
            Self::Ssh(key) => Zeroizing::new(key.seed().expose().to_vec()),
            Self::Minisign(key) => Zeroizing::new(key.seed().expose().to_vec()),
        })
    }

    /// The public half as the store keeps it: packets, a line, or a file.
    pub(super) fn public(&self) -> Result<Vec<u8>, KeyError> {
        Ok(match self {
            Self::OpenPgp(certificate) => certificate.public_bytes()?,
            Self::Ssh(key) => format!("{}\n", key.line()).into_bytes(),
            Self::Minisign(key) => key.public().to_file().into_bytes(),
        })
    }

    /// What names the key in requests.
    ///
    /// # Errors
    /// [`KeyError::OpenPgp`] for a certificate of an old version.
    pub fn reference(&self) -> Result<KeyReference, KeyError> {
        Ok(match self {
            Self::OpenPgp(certificate) => match certificate.fingerprint()? {
                Fingerprint::V4(fingerprint) => KeyReference::OpenPgpV4(fingerprint),
                Fingerprint::V6(fingerprint) => KeyReference::OpenPgpV6(fingerprint),
            },
            Self::Ssh(key) => KeyReference::Ssh(*key.line().key().as_bytes()),
            Self::Minisign(key) => KeyReference::Minisign {
                key_id: key.key_id().0,
                key: *key.public().as_bytes(),
            },
        })
    }

    /// The certificate.
    ///
    /// # Errors
    /// [`KeyError::OtherKind`] when it is a key of another kind.
    pub fn openpgp(&self) -> Result<&SecretCertificate, KeyError> {
        match self {
            Self::OpenPgp(certificate) => Ok(certificate),
            _ => Err(KeyError::OtherKind { needed: "OpenPGP" }),
        }
    }

    /// The 64 bytes of an SSH signature over a message's SHA-512.
    ///
    /// # Errors
    /// [`KeyError::OtherKind`].
    pub fn sign_ssh(&self, namespace: &Namespace, sha512: &[u8; 64]) -> Result<[u8; 64], KeyError> {
        let Self::Ssh(key) = self else {
            return Err(KeyError::OtherKind { needed: "SSH" });
        };
        let data = signed_data(namespace, &MessageDigest::Sha512(*sha512));
        Ok(key.signing_key().sign(&data).to_bytes())
    }

    /// The minisign signature of a file by its BLAKE2b-512.
    ///
    /// # Errors
    /// [`KeyError::OtherKind`].
    pub fn sign_minisign(
        &self,
        digest: &[u8; 64],
        trusted_comment: TrustedComment,
        untrusted_comment: UntrustedComment,
    ) -> Result<MinisignSignature, KeyError> {
        let Self::Minisign(key) = self else {
            return Err(KeyError::OtherKind { needed: "minisign" });
        };
        Ok(MinisignSignature::sign(
            &key.signing_key(),
            key.key_id(),
            digest,
            trusted_comment,
            untrusted_comment,
        ))
    }
}

impl fmt::Debug for SecretKeyMaterial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

fn seed(bytes: &[u8]) -> Result<Secret32, KeyError> {
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError::Stored)?;
    Ok(Secret32::new(*bytes))
}
