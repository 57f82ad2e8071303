//! Making a certificate, and with it the certificate that can revoke it.

use std::time::Duration;

use sequoia_openpgp::Profile;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::cert::{CertBuilder, CertRevocationBuilder, CipherSuite};
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::types::{Features, KeyFlags, ReasonForRevocation};

use super::limits::USER_ID_BYTES_MAX;
use super::{OpenPgpError, SecretCertificate, time};
use crate::clock::UnixTime;

/// The version of a certificate's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVersion {
    /// Version 4: every OpenPGP program reads it.
    V4,
    /// Version 6 (RFC 9580): GnuPG does not read it.
    V6,
}

/// What a new certificate is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The user ids, at least one; the first is the primary one.
    pub user_ids: Vec<String>,
    /// The version.
    pub version: KeyVersion,
    /// Whether messages can be encrypted to it.
    pub for_encryption: bool,
    /// How long it is valid, in seconds; `None` for ever.
    pub valid_secs: Option<u64>,
}

/// A new certificate, and what revokes it.
#[derive(Debug)]
pub struct NewCertificate {
    /// The certificate with its secret keys.
    pub certificate: SecretCertificate,
    /// The revocation certificate, armoured: whoever publishes it ends the certificate.
    pub revocation: String,
}

impl SecretCertificate {
    /// Makes a certificate: an Ed25519 primary key that only certifies, an Ed25519 subkey that
    /// signs data, and, where asked for, an X25519 subkey for messages.
    ///
    /// # Errors
    /// [`OpenPgpError::BadUserId`], [`OpenPgpError::TimeOutOfRange`] or [`OpenPgpError::Failed`].
    pub fn generate(new: &NewKey, now: UnixTime) -> Result<NewCertificate, OpenPgpError> {
        check_user_ids(&new.user_ids)?;
        let failed = || OpenPgpError::failed("make a key");
        let (profile, features) = match new.version {
            // What version 4 says that it takes is what GnuPG takes, so that the key can move.
            KeyVersion::V4 => (Profile::RFC4880, Features::empty().set_seipdv1()),
            KeyVersion::V6 => (Profile::RFC9580, Features::sequoia()),
        };
        let mut builder = CertBuilder::new()
            .set_creation_time(time::to_library(now)?)
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_validity_period(new.valid_secs.map(Duration::from_secs))
            .set_profile(profile)
            .and_then(|builder| builder.set_features(features))
            .map_err(failed())?
            .add_signing_subkey();
        if new.for_encryption {
            let flags = KeyFlags::empty().set_transport_encryption();
            builder = builder.add_subkey(flags.set_storage_encryption(), None, None);
        }
        for user_id in &new.user_ids {
            builder = builder.add_userid(user_id.as_str());
        }
        let (cert, _) = builder.generate().map_err(failed())?;
        let certificate = Self { cert };
        let reason = ReasonForRevocation::Unspecified;
        let revocation = certificate.revocation(reason, BIRTH_MESSAGE, now)?;
        Ok(NewCertificate {
            certificate,
            revocation: armored_revocation(revocation)?,
        })
    }

    /// A signature that revokes the whole certificate.
    pub(super) fn revocation(
        &self,
        reason: ReasonForRevocation,
        message: &str,
        now: UnixTime,
    ) -> Result<Signature, OpenPgpError> {
        let mut signer = self.primary_signer()?;
        CertRevocationBuilder::new()
            .set_signature_creation_time(time::to_library(now)?)
            .and_then(|builder| builder.set_reason_for_revocation(reason, message.as_bytes()))
            .and_then(|builder| builder.build(&mut signer, &self.cert, None))
            .map_err(OpenPgpError::failed("make a revocation"))
    }
}

/// Armoured as GnuPG writes and imports it: as a piece of a certificate.
pub(super) fn armored_revocation(signature: Signature) -> Result<String, OpenPgpError> {
    let failed = || OpenPgpError::failed("write the revocation");
    let headers = [("Comment", "This is a revocation certificate")];
    let mut writer = Writer::with_headers(Vec::new(), Kind::PublicKey, headers)
        .map_err(|err| failed()(err.into()))?;
    let packet = Packet::from(signature);
    packet.serialize(&mut writer).map_err(failed())?;
    let armored = writer.finalize().map_err(|err| failed()(err.into()))?;
    Ok(String::from_utf8_lossy(&armored).into_owned())
}

/// User ids of ours are text without control characters.
pub(super) fn check_user_ids(user_ids: &[String]) -> Result<(), OpenPgpError> {
    let wrong = |user_id: &str, what| OpenPgpError::BadUserId {
        user_id: user_id.to_owned(),
        what,
    };
    if user_ids.is_empty() {
        return Err(wrong("", "there is none"));
    }
    for user_id in user_ids {
        if user_id.trim().is_empty() {
            return Err(wrong(user_id, "it is empty"));
        }
        if user_id.len() > USER_ID_BYTES_MAX {
            return Err(wrong(user_id, "it is too long"));
        }
        if user_id.chars().any(char::is_control) {
            return Err(wrong(user_id, "it holds a control character"));
        }
    }
    Ok(())
}

/// What the revocation certificate that is made with a key says.
const BIRTH_MESSAGE: &str = "made together with the key, for the day it is lost";
