//! What a certificate says about itself, as plain data for lists and reviews.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, PrimaryKey as _};
use sequoia_openpgp::cert::amalgamation::{
    UserIDAmalgamation, ValidAmalgamation as _, ValidateAmalgamation as _,
};
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use signing_format::openpgp::Fingerprint;

use super::algorithm::algorithm_text;
use super::{OpenPgpError, SecretCertificate, fingerprint, time};
use crate::clock::UnixTime;

/// A certificate as it stands at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// The fingerprint in hex, also of versions that are not used here.
    pub fingerprint: String,
    /// All user ids.
    pub user_ids: Vec<UserIdInfo>,
    /// All keys, the primary one first.
    pub keys: Vec<KeyInfo>,
    /// When it was made, as it says.
    pub created_at: UnixTime,
    /// When it ends; `None` for never.
    pub expires_at: Option<UnixTime>,
    /// Why it was revoked, in its owner's words behind the reason's; `None` when it was not.
    pub revoked: Option<String>,
    /// What keeps it from being valid now, in the library's words: expiry, or signatures that the
    /// policy does not accept.
    pub problem: Option<String>,
}

/// A user id as it stands at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIdInfo {
    /// Its bytes. Mostly UTF-8 text, but that is nobody's promise.
    pub raw: Vec<u8>,
    /// Whether its owner's own signature on it is valid.
    pub self_signed: bool,
    /// Whether its owner revoked it.
    pub revoked: bool,
}

/// A key or subkey as it stands at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its fingerprint in hex.
    pub fingerprint: String,
    /// Its key id in hex.
    pub key_id: String,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// For example `Ed25519` or `RSA 3072`.
    pub algorithm: String,
    /// What it may be used for.
    pub uses: KeyUses,
    /// When it was made, as it says.
    pub created_at: UnixTime,
    /// When it ends; `None` for never, or with the certificate.
    pub expires_at: Option<UnixTime>,
    /// Whether its owner revoked it.
    pub revoked: bool,
    /// Whether it is bound to the certificate, and neither ended nor revoked.
    pub alive: bool,
    /// Whether its secret part is here.
    pub has_secret: bool,
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUses {
    /// To certify: keys and user ids, of its own certificate and of others.
    pub certify: bool,
    /// To sign data.
    pub sign: bool,
    /// To encrypt messages or files to.
    pub encrypt: bool,
    /// To log in somewhere.
    pub authenticate: bool,
}

impl SecretCertificate {
    /// The certificate as it stands at `now`.
    ///
    /// # Errors
    /// [`OpenPgpError::TimeOutOfRange`].
    pub fn info(&self, now: UnixTime) -> Result<CertificateInfo, OpenPgpError> {
        CertificateInfo::of(&self.cert, now)
    }

    /// The key that [`SecretCertificate::sign_bytes`] would use at `now`; `None` without one.
    #[must_use]
    pub fn signing_key(&self, now: UnixTime) -> Option<Fingerprint> {
        self.data_signer(now).ok().map(|signer| signer.issuer())
    }
}

impl CertificateInfo {
    pub(super) fn of(cert: &Cert, now: UnixTime) -> Result<Self, OpenPgpError> {
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        let valid = cert.with_policy(&policy, at);
        let problem = match &valid {
            Ok(valid) => valid.alive().err(),
            Err(_) => cert.with_policy(&policy, at).err(),
        };
        let ends = valid.ok().and_then(|valid| {
            let primary = valid.primary_key();
            primary.key_expiration_time().map(time::from_library)
        });
        let revoked = match cert.revocation_status(&policy, at) {
            RevocationStatus::Revoked(signatures) => Some(reason_text(&signatures)),
            RevocationStatus::CouldBe(_) | RevocationStatus::NotAsFarAsWeKnow => None,
        };
        Ok(Self {
            fingerprint: cert.fingerprint().to_hex(),
            user_ids: cert
                .userids()
                .map(|user_id| UserIdInfo::of(&user_id, &policy, at))
                .collect(),
            keys: cert
                .keys()
                .map(|key| KeyInfo::of(&key, &policy, at))
                .collect(),
            created_at: time::from_library(cert.primary_key().key().creation_time()),
            expires_at: ends,
            revoked,
            // With its causes, of which the last one says most.
            problem: problem.map(|problem| format!("{problem:#}")),
        })
    }
}

impl UserIdInfo {
    fn of(
        user_id: &UserIDAmalgamation<'_>,
        policy: &StandardPolicy<'_>,
        at: std::time::SystemTime,
    ) -> Self {
        let status = user_id.revocation_status(policy, at);
        Self {
            raw: user_id.userid().value().to_vec(),
            self_signed: user_id.binding_signature(policy, at).is_ok(),
            revoked: matches!(status, RevocationStatus::Revoked(_)),
        }
    }
}

impl KeyInfo {
    fn of(
        key: &ErasedKeyAmalgamation<'_, PublicParts>,
        policy: &StandardPolicy<'_>,
        at: std::time::SystemTime,
    ) -> Self {
        let valid = key.with_policy(policy, at).ok();
        let flags = valid.as_ref().and_then(|valid| valid.key_flags());
        let uses = flags.map(|flags| KeyUses {
            certify: flags.for_certification(),
            sign: flags.for_signing(),
            encrypt: flags.for_transport_encryption() || flags.for_storage_encryption(),
            authenticate: flags.for_authentication(),
        });
        let status = valid.as_ref().map(|valid| valid.revocation_status());
        let revoked = matches!(status, Some(RevocationStatus::Revoked(_)));
        let alive = valid
            .as_ref()
            .is_some_and(|valid| valid.alive().is_ok() && valid.valid_cert().alive().is_ok());
        let packet = key.key();
        Self {
            fingerprint: packet.fingerprint().to_hex(),
            key_id: packet.keyid().to_hex(),
            is_primary: key.primary(),
            algorithm: algorithm_text(packet),
            uses: uses.unwrap_or_default(),
            created_at: time::from_library(packet.creation_time()),
            expires_at: valid
                .and_then(|valid| valid.key_expiration_time())
                .map(time::from_library),
            revoked,
            alive: alive && !revoked,
            has_secret: packet.has_secret(),
        }
    }

    /// The fingerprint as a value; `None` for versions that are not used here.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let parsed = self.fingerprint.parse().ok()?;
        fingerprint::from_library(&parsed)
    }
}

/// The reason of a revocation and its owner's words.
fn reason_text(signatures: &[&sequoia_openpgp::packet::Signature]) -> String {
    let reasons = signatures
        .iter()
        .find_map(|signature| signature.reason_for_revocation());
    match reasons {
        Some((reason, message)) => {
            let message = String::from_utf8_lossy(message);
            let separator = if message.is_empty() { "" } else { ": " };
            format!("{reason}{separator}{message}")
        }
        None => "no reason given".to_owned(),
    }
}
