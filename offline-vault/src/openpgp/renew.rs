//! Changing a certificate of the vault: its end, its subkeys, its user ids.
//!
//! The library's own calls for this read the clock, so the signatures are built here from the
//! ones that they replace.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::cert::ValidCert;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::cert::amalgamation::key::ValidSubordinateKeyAmalgamation;
use sequoia_openpgp::cert::{CipherSuite, KeyBuilder};
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::SubpacketTag;
use sequoia_openpgp::packet::{Packet, Signature, UserID};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, RevocationStatus, SignatureType};

use super::generate::check_user_ids;
use super::{OpenPgpError, RevocationReason, SecretCertificate, fingerprint, time};
use crate::clock::UnixTime;

/// What a new subkey is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubkeyKind {
    /// To sign data.
    Signing,
    /// To encrypt messages and files to.
    Encryption,
}

/// What becomes of the signing subkeys that a new one follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldSubkeys {
    /// They stay valid, so that what they signed stays plainly good; the newest one signs.
    Keep,
    /// They are revoked as superseded. GnuPG, and so git, then says of everything that they ever
    /// signed that its key is revoked.
    Revoke,
}

impl SecretCertificate {
    /// The certificate with a new end, `None` for never: of the primary key, and of all subkeys
    /// that are not revoked.
    ///
    /// # Errors
    /// [`OpenPgpError::EndsBeforeNow`], [`OpenPgpError::Revoked`], [`OpenPgpError::ClockBehind`],
    /// [`OpenPgpError::NoPrimarySecret`], or [`OpenPgpError::Failed`].
    pub fn renew(&self, expires_at: Option<UnixTime>, now: UnixTime) -> Result<Self, OpenPgpError> {
        if let Some(expires_at) = expires_at
            && expires_at <= now
        {
            return Err(OpenPgpError::EndsBeforeNow { expires_at, now });
        }
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        let valid = self.valid(&policy, now)?;
        require_unrevoked(&valid)?;
        let renewal = Renewal {
            valid: &valid,
            at,
            now,
            ends: expires_at.map(time::to_library).transpose()?,
        };
        let mut signer = self.primary_signer()?;
        let mut signatures = renewal.of_primary(&mut signer)?;
        for subkey in valid.keys().subkeys() {
            if matches!(
                subkey.revocation_status(),
                RevocationStatus::NotAsFarAsWeKnow
            ) {
                signatures.push(renewal.of_subkey(&subkey, &mut signer)?);
            }
        }
        self.with_packets(signatures)
    }

    /// The certificate with one more subkey, Ed25519 or X25519. `valid_secs` counts from `now`;
    /// `None` is as long as the certificate.
    ///
    /// # Errors
    /// [`OpenPgpError::Revoked`], [`OpenPgpError::NotAlive`], [`OpenPgpError::NoPrimarySecret`],
    /// or [`OpenPgpError::Failed`].
    pub fn add_subkey(
        &self,
        kind: SubkeyKind,
        valid_secs: Option<u64>,
        now: UnixTime,
    ) -> Result<Self, OpenPgpError> {
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        let valid = self.alive(&policy, now)?;
        let signer = self.primary_signer()?;
        let flags = match kind {
            SubkeyKind::Signing => KeyFlags::empty().set_signing(),
            SubkeyKind::Encryption => KeyFlags::empty()
                .set_transport_encryption()
                .set_storage_encryption(),
        };
        // A subkey is of no use after its certificate, and says so.
        let end = valid.primary_key().key_expiration_time();
        let left = end.map(|end| end.duration_since(at).unwrap_or_default());
        let wanted = valid_secs.map(Duration::from_secs);
        let validity = match (wanted, left) {
            (Some(wanted), Some(left)) => Some(wanted.min(left)),
            (wanted, left) => wanted.or(left),
        };
        let packets = KeyBuilder::new(flags)
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(at)
            .subkey(valid)
            .and_then(|subkey| subkey.set_signature_creation_time(at))
            .and_then(|subkey| subkey.set_key_validity_period(validity))
            .and_then(|subkey| subkey.set_primary_key_signer(signer).attach())
            .map_err(OpenPgpError::failed("add a subkey"))?;
        self.with_packets(packets)
    }

    /// The certificate with a new signing subkey, which from now on signs.
    ///
    /// # Errors
    /// As [`SecretCertificate::add_subkey`].
    pub fn rotate_signing_subkey(
        &self,
        valid_secs: Option<u64>,
        old: OldSubkeys,
        now: UnixTime,
    ) -> Result<Self, OpenPgpError> {
        let rotated = self.add_subkey(SubkeyKind::Signing, valid_secs, now)?;
        if old == OldSubkeys::Keep {
            return Ok(rotated);
        }
        let policy = StandardPolicy::at(time::to_library(now)?);
        let valid = self.alive(&policy, now)?;
        let mut rotated = rotated;
        for subkey in valid.keys().subkeys().revoked(false).for_signing() {
            let Some(subkey) = fingerprint::from_library(&subkey.key().fingerprint()) else {
                continue;
            };
            let reason = RevocationReason::Superseded;
            rotated = rotated.revoke_subkey(&subkey, reason, SUPERSEDED_MESSAGE, now)?;
        }
        Ok(rotated)
    }

    /// The certificate with one more user id, which is not the primary one.
    ///
    /// # Errors
    /// [`OpenPgpError::BadUserId`], [`OpenPgpError::Revoked`], [`OpenPgpError::NotAlive`],
    /// [`OpenPgpError::NoPrimarySecret`], or [`OpenPgpError::Failed`].
    pub fn add_user_id(&self, user_id: &str, now: UnixTime) -> Result<Self, OpenPgpError> {
        check_user_ids(&[user_id.to_owned()])?;
        let failed = || OpenPgpError::failed("add a user id");
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        let valid = self.alive(&policy, now)?;
        let like = match valid.primary_userid() {
            Ok(primary) => primary.binding_signature().clone(),
            Err(_) => valid.direct_key_signature().map_err(failed())?.clone(),
        };
        let mut builder = refreshed(&like, at)
            .map_err(failed())?
            .set_type(SignatureType::PositiveCertification);
        builder
            .hashed_area_mut()
            .remove_all(SubpacketTag::PrimaryUserID);
        let user_id = UserID::from(user_id);
        let binding = user_id.bind(&mut self.primary_signer()?, &self.cert, builder);
        let binding = binding.map_err(failed())?;
        self.with_packets(vec![Packet::from(user_id), Packet::from(binding)])
    }
}

/// One renewal of a certificate: all its signatures have one time and one end.
struct Renewal<'a> {
    valid: &'a ValidCert<'a>,
    at: SystemTime,
    now: UnixTime,
    ends: Option<SystemTime>,
}

impl Renewal<'_> {
    /// A direct key signature, and a binding of each user id: which of them a program goes by
    /// differs.
    fn of_primary(&self, signer: &mut KeyPair) -> Result<Vec<Signature>, OpenPgpError> {
        let failed = || OpenPgpError::failed("renew the certificate");
        let primary = self.valid.primary_key();
        let created_at = primary.key().creation_time();
        let mut signatures = Vec::new();
        if let Ok(direct) = self.valid.direct_key_signature() {
            let builder = self.template(direct, created_at)?;
            signatures.push(builder.sign_direct_key(signer, None).map_err(failed())?);
        }
        let first = self.valid.primary_userid().ok();
        for user_id in self.valid.userids().revoked(false) {
            let is_first = first
                .as_ref()
                .is_some_and(|first| first.userid() == user_id.userid());
            let builder = self
                .template(user_id.binding_signature(), created_at)?
                .set_primary_userid(is_first)
                .map_err(failed())?;
            let binding = user_id.userid().bind(signer, self.valid.cert(), builder);
            signatures.push(binding.map_err(failed())?);
        }
        Ok(signatures)
    }

    fn of_subkey(
        &self,
        subkey: &ValidSubordinateKeyAmalgamation<'_, PublicParts>,
        signer: &mut KeyPair,
    ) -> Result<Signature, OpenPgpError> {
        let failed = || OpenPgpError::failed("renew a subkey");
        let key = subkey.key();
        let mut builder = self.template(subkey.binding_signature(), key.creation_time())?;
        let signs = subkey.for_signing() || subkey.for_certification();
        // A subkey that signs says itself that it belongs to the primary key. Without its secret
        // part what it said before is kept.
        if (signs || subkey.for_authentication())
            && let Ok(secret) = key.clone().parts_into_secret()
        {
            let mut subkey_signer = secret.into_keypair().map_err(failed())?;
            let back = SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
                .set_hash_algo(HashAlgorithm::SHA512)
                .set_signature_creation_time(self.at)
                .and_then(|back| {
                    let primary = self.valid.primary_key();
                    back.sign_primary_key_binding(&mut subkey_signer, primary.key(), key)
                });
            let embedded = SubpacketTag::EmbeddedSignature;
            builder.unhashed_area_mut().remove_all(embedded);
            let back = back.map_err(failed())?;
            builder = builder.set_embedded_signature(back).map_err(failed())?;
        }
        key.bind(signer, self.valid.cert(), builder)
            .map_err(failed())
    }

    /// The signature that is replaced, with the new time and end.
    fn template(
        &self,
        before: &Signature,
        key_created_at: SystemTime,
    ) -> Result<SignatureBuilder, OpenPgpError> {
        let changed_at = before.signature_creation_time();
        if let Some(changed_at) = changed_at.filter(|changed_at| *changed_at >= self.at) {
            return Err(OpenPgpError::ClockBehind {
                now: self.now,
                changed_at: time::from_library(changed_at),
            });
        }
        let life = self.ends.map(|ends| {
            let life = ends.duration_since(key_created_at);
            life.unwrap_or_default()
        });
        refreshed(before, self.at)
            .and_then(|builder| builder.set_key_validity_period(life))
            .map_err(OpenPgpError::failed("renew the certificate"))
    }
}

/// A signature like another one, at a new time and with the hash of today.
fn refreshed(before: &Signature, at: SystemTime) -> sequoia_openpgp::Result<SignatureBuilder> {
    SignatureBuilder::from(before.clone())
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(at)
}

fn require_unrevoked(valid: &ValidCert<'_>) -> Result<(), OpenPgpError> {
    match valid.revocation_status() {
        RevocationStatus::NotAsFarAsWeKnow => Ok(()),
        RevocationStatus::Revoked(_) | RevocationStatus::CouldBe(_) => Err(OpenPgpError::Revoked {
            certificate: valid.fingerprint().to_hex(),
        }),
    }
}

/// What the revocation of a subkey says that a new one follows.
const SUPERSEDED_MESSAGE: &str = "followed by a new signing subkey";
