//! Taking in secret keys that another program exported.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::crypto::{Password, S2K};
use sequoia_openpgp::packet::key::{PublicParts, SecretKeyMaterial, UnspecifiedRole};
use sequoia_openpgp::packet::prelude::Key;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::{Curve, PublicKeyAlgorithm};
use zeroize::Zeroizing;

use super::algorithm::algorithm_text;
use super::limits::{ARGON2_MEMORY_EXPONENT_MAX, PASSPHRASE_TRIES_MAX, SECRET_FILE_BYTES_MAX};
use super::secret::replace_secrets;
use super::{OpenPgpError, SecretCertificate, time};
use crate::clock::UnixTime;

/// Which passphrase is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphrasePrompt {
    /// The fingerprint of the key or subkey that it opens.
    pub key: String,
    /// How often it was asked for, from 1 on.
    pub attempt: u32,
}

/// Asks the person; `None` when they give none.
pub type AskPassphrase<'a> = dyn FnMut(&PassphrasePrompt) -> Option<Zeroizing<String>> + 'a;

impl SecretCertificate {
    /// Takes in a file of `gpg --export-secret-keys` or of another program, armoured or not.
    ///
    /// One passphrase is tried on all keys of the file before another is asked for. Subkeys that
    /// come without a secret part stay public. An expired or revoked certificate is taken in.
    ///
    /// # Errors
    /// [`OpenPgpError`] says what is wrong: not exactly one certificate, no secret parts, secret
    /// parts that are elsewhere, algorithms that are not used, a passphrase that does not open it,
    /// or self-signatures that the policy does not accept any more.
    pub fn import(
        bytes: &[u8],
        now: UnixTime,
        ask: &mut AskPassphrase<'_>,
    ) -> Result<Self, OpenPgpError> {
        let cert = only_certificate(bytes, SECRET_FILE_BYTES_MAX, "a file of secret keys")?;
        if !cert.is_tsk() {
            return Err(OpenPgpError::NoSecret {
                certificate: cert.fingerprint().to_hex(),
            });
        }
        for key in cert.keys() {
            require_used(key.key())?;
        }
        if !cert.primary_key().key().has_secret() {
            return Err(OpenPgpError::SecretElsewhere {
                key: cert.fingerprint().to_hex(),
            });
        }
        let mut passphrases = Passphrases { ask, known: None };
        let cert = replace_secrets(cert, |public, secret| passphrases.open(public, secret))?;
        let imported = Self { cert };
        imported.valid(&StandardPolicy::at(time::to_library(now)?), now)?;
        Ok(imported)
    }
}

/// The one certificate in a file, armoured or not.
pub(super) fn only_certificate(
    bytes: &[u8],
    limit_bytes: usize,
    what: &'static str,
) -> Result<Cert, OpenPgpError> {
    if bytes.len() > limit_bytes {
        return Err(OpenPgpError::TooLarge {
            what,
            found_bytes: bytes.len(),
            limit_bytes,
        });
    }
    let parser = CertParser::from_bytes(bytes).map_err(OpenPgpError::unreadable(what))?;
    let certs = parser.collect::<Result<Vec<Cert>, _>>();
    let mut certs = certs.map_err(OpenPgpError::unreadable(what))?;
    match (certs.pop(), certs.is_empty()) {
        (Some(cert), true) => Ok(cert),
        (Some(last), false) => Err(OpenPgpError::SeveralCertificates {
            certificates: certs
                .iter()
                .chain([&last])
                .map(|cert| cert.fingerprint().to_hex())
                .collect(),
        }),
        (None, _) => {
            let cause = sequoia_openpgp::Error::MalformedCert("it is empty".to_owned());
            Err(OpenPgpError::unreadable(what)(cause.into()))
        }
    }
}

/// Refuses algorithms that are weak, that the backend lacks, or that no referee checks here.
fn require_used(key: &Key<PublicParts, UnspecifiedRole>) -> Result<(), OpenPgpError> {
    let curve_is_used = |curve: &Curve| {
        let curves = [
            Curve::NistP256,
            Curve::NistP384,
            Curve::NistP521,
            Curve::Ed25519,
            Curve::Cv25519,
        ];
        curves.contains(curve)
    };
    #[expect(
        deprecated,
        reason = "keys with the old identifiers of RSA and EdDSA are imported"
    )]
    let used = match (key.pk_algo(), key.mpis()) {
        (
            PublicKeyAlgorithm::RSAEncryptSign
            | PublicKeyAlgorithm::RSASign
            | PublicKeyAlgorithm::RSAEncrypt,
            mpis,
        ) => mpis.bits().is_some_and(|bits| RSA_BITS.contains(&bits)),
        (PublicKeyAlgorithm::Ed25519 | PublicKeyAlgorithm::X25519, _) => true,
        (
            _,
            PublicKey::EdDSA { curve, .. }
            | PublicKey::ECDSA { curve, .. }
            | PublicKey::ECDH { curve, .. },
        ) => curve_is_used(curve),
        _ => false,
    };
    if used {
        return Ok(());
    }
    Err(OpenPgpError::UnsupportedAlgorithm {
        key: key.fingerprint().to_hex(),
        algorithm: algorithm_text(key),
    })
}

/// The passphrases of one import.
struct Passphrases<'a, 'b> {
    ask: &'a mut AskPassphrase<'b>,
    known: Option<Password>,
}

impl Passphrases<'_, '_> {
    /// The secret part without its protection.
    fn open(
        &mut self,
        public: &Key<PublicParts, UnspecifiedRole>,
        secret: SecretKeyMaterial,
    ) -> Result<SecretKeyMaterial, OpenPgpError> {
        let SecretKeyMaterial::Encrypted(encrypted) = &secret else {
            return Ok(secret);
        };
        let key = public.fingerprint().to_hex();
        require_openable(encrypted.s2k(), &key)?;
        if let Some(known) = &self.known
            && let Ok(opened) = encrypted.decrypt(public, known)
        {
            return Ok(opened.into());
        }
        for attempt in 1..=PASSPHRASE_TRIES_MAX {
            let key = key.clone();
            let Some(passphrase) = (self.ask)(&PassphrasePrompt {
                key: key.clone(),
                attempt,
            }) else {
                return Err(OpenPgpError::PassphraseNeeded { key });
            };
            let password = Password::from(passphrase.as_bytes());
            if let Ok(opened) = encrypted.decrypt(public, &password) {
                self.known = Some(password);
                return Ok(opened.into());
            }
        }
        Err(OpenPgpError::WrongPassphrase { key })
    }
}

/// Refuses stubs of GnuPG, which hold no secret, and protections that cost too much.
fn require_openable(s2k: &S2K, key: &str) -> Result<(), OpenPgpError> {
    let key = key.to_owned();
    match s2k {
        S2K::Private { .. } | S2K::Unknown { .. } => Err(OpenPgpError::SecretElsewhere { key }),
        S2K::Argon2 { m, .. } if *m > ARGON2_MEMORY_EXPONENT_MAX => {
            Err(OpenPgpError::CostlyProtection { key })
        }
        _ => Ok(()),
    }
}

/// Sizes of RSA keys that are used: shorter ones are weak, longer ones slow and untested.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
