//! A certificate with its secret keys, unprotected in memory: what the sealed store keeps.

use std::fmt;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::ValidCert;
use sequoia_openpgp::cert::amalgamation::key::PrimaryKey as _;
use sequoia_openpgp::crypto::{KeyPair, Password, S2K};
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::key::{PublicParts, SecretKeyMaterial, UnspecifiedRole};
use sequoia_openpgp::packet::prelude::Key;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::{Marshal, MarshalInto};
use sequoia_openpgp::types::{AEADAlgorithm, HashAlgorithm, RevocationStatus, SymmetricAlgorithm};
use signing_format::openpgp::Fingerprint;
use zeroize::Zeroizing;

use super::{OpenPgpError, fingerprint, time};
use crate::clock::UnixTime;

/// One OpenPGP certificate with its secret keys, which are not protected by a passphrase: the
/// vault's store is what protects them.
///
/// The library wipes its secret memory when it is freed.
pub struct SecretCertificate {
    pub(super) cert: Cert,
}

impl SecretCertificate {
    /// Reads what [`SecretCertificate::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`OpenPgpError::Unreadable`] when it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpenPgpError> {
        let cert = Cert::from_bytes(bytes).map_err(OpenPgpError::unreadable("a stored key"))?;
        Ok(Self { cert })
    }

    /// The certificate with its unprotected secret keys, for the sealed store only.
    ///
    /// # Errors
    /// [`OpenPgpError::Failed`] when the library cannot write it.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, OpenPgpError> {
        let tsk = self.cert.as_tsk();
        // Room for all of it, so that no part is left behind when the vector grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(tsk.serialized_len()));
        tsk.serialize(&mut *bytes)
            .map_err(OpenPgpError::failed("write the key"))?;
        Ok(bytes)
    }

    /// The fingerprint of the primary key, which names the certificate.
    ///
    /// # Errors
    /// [`OpenPgpError::UnsupportedAlgorithm`] when it is neither of version 4 nor of version 6.
    pub fn fingerprint(&self) -> Result<Fingerprint, OpenPgpError> {
        fingerprint::from_library(&self.cert.fingerprint()).ok_or_else(|| {
            OpenPgpError::UnsupportedAlgorithm {
                key: self.cert.fingerprint().to_hex(),
                algorithm: "a key of an old version".to_owned(),
            }
        })
    }

    /// The certificate without secrets, armoured, for everybody.
    ///
    /// # Errors
    /// [`OpenPgpError::Failed`] when the library cannot write it.
    pub fn export_public(&self) -> Result<String, OpenPgpError> {
        let armored = self.cert.armored().export_to_vec();
        let armored = armored.map_err(OpenPgpError::failed("write the certificate"))?;
        Ok(String::from_utf8_lossy(&armored).into_owned())
    }

    /// The certificate without secrets, as packets.
    ///
    /// # Errors
    /// [`OpenPgpError::Failed`] when the library cannot write it.
    pub fn public_bytes(&self) -> Result<Vec<u8>, OpenPgpError> {
        let bytes = self.cert.export_to_vec();
        bytes.map_err(OpenPgpError::failed("write the certificate"))
    }

    /// The certificate with its secret keys under a passphrase, armoured, for a backup.
    ///
    /// Version 4 in the form that GnuPG 2.2 reads (iterated and salted, AES-256); version 6 with
    /// Argon2id (64 MiB) and AES-256-OCB.
    ///
    /// # Errors
    /// [`OpenPgpError::Failed`] when the library cannot.
    pub fn export_protected(&self, passphrase: &str) -> Result<String, OpenPgpError> {
        let failed = || OpenPgpError::failed("protect the key");
        let password = Password::from(passphrase);
        let cert = replace_secrets(self.cert.clone(), |public, secret| {
            protect(public, secret, &password).map_err(failed())
        })?;
        let armored = cert.as_tsk().armored().to_vec().map_err(failed())?;
        Ok(String::from_utf8_lossy(&armored).into_owned())
    }

    /// The certificate as the policy sees it at a time, whether or not it is expired or revoked.
    pub(super) fn valid<'a>(
        &'a self,
        policy: &'a StandardPolicy<'a>,
        at: UnixTime,
    ) -> Result<ValidCert<'a>, OpenPgpError> {
        self.cert
            .with_policy(policy, time::to_library(at)?)
            .map_err(|source| OpenPgpError::policy(&self.cert, source))
    }

    /// The same, and neither expired nor revoked.
    pub(super) fn alive<'a>(
        &'a self,
        policy: &'a StandardPolicy<'a>,
        at: UnixTime,
    ) -> Result<ValidCert<'a>, OpenPgpError> {
        let valid = self.valid(policy, at)?;
        require_alive(&valid, at)?;
        Ok(valid)
    }

    /// The primary key, ready to sign.
    pub(super) fn primary_signer(&self) -> Result<KeyPair, OpenPgpError> {
        let key = self.cert.primary_key().key().clone();
        let secret = key
            .parts_into_secret()
            .map_err(|_| OpenPgpError::NoPrimarySecret {
                certificate: self.cert.fingerprint().to_hex(),
            })?;
        let pair = secret.into_keypair();
        pair.map_err(OpenPgpError::failed("use the primary key"))
    }

    /// A copy with more packets in it.
    pub(super) fn with_packets<P: Into<Packet>>(
        &self,
        packets: Vec<P>,
    ) -> Result<Self, OpenPgpError> {
        let packets = packets.into_iter().map(Into::into);
        let merged = self.cert.clone().insert_packets(packets);
        let (cert, _) = merged.map_err(OpenPgpError::failed("change the certificate"))?;
        Ok(Self { cert })
    }
}

/// Refuses what is revoked or not alive at a time.
pub(super) fn require_alive(valid: &ValidCert<'_>, at: UnixTime) -> Result<(), OpenPgpError> {
    let certificate = valid.fingerprint().to_hex();
    if !matches!(
        valid.revocation_status(),
        RevocationStatus::NotAsFarAsWeKnow
    ) {
        return Err(OpenPgpError::Revoked { certificate });
    }
    valid.alive().map_err(|_| OpenPgpError::NotAlive {
        certificate,
        at,
        expires_at: valid
            .primary_key()
            .key_expiration_time()
            .map(time::from_library),
    })
}

/// The certificate with each secret part put through `change`.
pub(super) fn replace_secrets(
    cert: Cert,
    mut change: impl FnMut(
        &Key<PublicParts, UnspecifiedRole>,
        SecretKeyMaterial,
    ) -> Result<SecretKeyMaterial, OpenPgpError>,
) -> Result<Cert, OpenPgpError> {
    let mut changed = Vec::new();
    for key in cert.keys().secret() {
        let (public, secret) = key.key().clone().take_secret();
        let secret = change(&public, secret)?;
        let (whole, _) = public.add_secret(secret);
        changed.push(if key.primary() {
            Packet::from(whole.role_into_primary())
        } else {
            Packet::from(whole.role_into_subordinate())
        });
    }
    let merged = cert.insert_packets(changed);
    Ok(merged
        .map_err(OpenPgpError::failed("change the secret keys"))?
        .0)
}

/// A secret part under a passphrase, in the form for the key's version.
fn protect(
    public: &Key<PublicParts, UnspecifiedRole>,
    secret: SecretKeyMaterial,
    password: &Password,
) -> sequoia_openpgp::Result<SecretKeyMaterial> {
    let SecretKeyMaterial::Unencrypted(plain) = &secret else {
        return Ok(secret);
    };
    let (s2k, aead) = if public.version() == 6 {
        let mut salt = [0; 16];
        sequoia_openpgp::crypto::random(&mut salt)?;
        let argon2 = S2K::Argon2 {
            salt,
            t: 3,
            p: 4,
            m: 16,
        };
        (argon2, Some(AEADAlgorithm::OCB))
    } else {
        let iterated = S2K::new_iterated(HashAlgorithm::SHA256, S2K_HASHED_BYTES)?;
        (iterated, None)
    };
    let symmetric = SymmetricAlgorithm::AES256;
    let encrypted = plain.encrypt_with(public, s2k, symmetric, aead, password)?;
    Ok(encrypted.into())
}

impl fmt::Debug for SecretCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretCertificate([redacted])")
    }
}

/// Bytes that are hashed for a passphrase: the most that the format can say, and what GnuPG takes
/// about a tenth of a second for.
const S2K_HASHED_BYTES: u32 = 0x03e0_0000;
