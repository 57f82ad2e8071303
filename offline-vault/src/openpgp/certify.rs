//! Certifying certificates of others: saying that a user id is theirs.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Packet, UserID};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::{Serialize as _, SerializeInto as _};
use sequoia_openpgp::types::{HashAlgorithm, RevocationStatus, SignatureType};

use super::import::only_certificate;
use super::limits::CERTIFICATE_BYTES_MAX;
use super::secret::require_alive;
use super::{OpenPgpError, SecretCertificate, time};
use crate::clock::UnixTime;

/// How well it was checked that the user ids are the certificate owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Not said (`0x10`): what GnuPG says, too, unless it is told otherwise.
    NotSaid,
    /// Somewhat (`0x12`).
    Casually,
    /// Thoroughly (`0x13`).
    Carefully,
}

/// What a certification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certification {
    /// The user ids, each as its bytes stand in the certificate.
    pub user_ids: Vec<Vec<u8>>,
    /// How well they were checked.
    pub checked: Checked,
    /// Whether others may see it; else GnuPG keeps it out of exports.
    pub exportable: bool,
}

/// Certifications that were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The certifications alone, one signature packet for each user id in the order that was
    /// asked for.
    pub signatures: Vec<u8>,
    /// The primary key, and each certified user id with its owner's binding and the new
    /// certification: what `gpg --import` and `sq` merge into the certificate. Packets.
    pub for_import: Vec<u8>,
    /// The whole certificate with the certifications in it, without local ones. Packets.
    pub certificate: Vec<u8>,
}

impl SecretCertificate {
    /// Certifies user ids of another certificate.
    ///
    /// # Errors
    /// [`OpenPgpError::NoSuchUserId`] for one that is not there, not its owner's or revoked;
    /// [`OpenPgpError::Revoked`], [`OpenPgpError::NotAlive`], or [`OpenPgpError::PolicyRefused`],
    /// of either certificate; what reading it can say.
    pub fn certify(
        &self,
        other: &[u8],
        what: &Certification,
        now: UnixTime,
    ) -> Result<Certified, OpenPgpError> {
        let other = only_certificate(other, CERTIFICATE_BYTES_MAX, "a certificate")?;
        let other = other.strip_secret_key_material();
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        self.alive(&policy, now)?;
        let valid = other
            .with_policy(&policy, at)
            .map_err(|source| OpenPgpError::policy(&other, source))?;
        require_alive(&valid, now)?;
        let failed = || OpenPgpError::failed("certify");
        let mut signer = self.primary_signer()?;
        let mut made = Vec::new();
        let mut for_import = vec![Packet::from(other.primary_key().key().clone())];
        for raw in &what.user_ids {
            let mut user_ids = valid.userids();
            let user_id = user_ids
                .find(|user_id| user_id.userid().value() == raw)
                .filter(|user_id| {
                    let status = user_id.revocation_status();
                    matches!(status, RevocationStatus::NotAsFarAsWeKnow)
                })
                .ok_or_else(|| OpenPgpError::NoSuchUserId {
                    user_id: String::from_utf8_lossy(raw).into_owned(),
                })?;
            let packet: &UserID = user_id.userid();
            let builder = what.builder(at).map_err(failed())?;
            let signature = packet.bind(&mut signer, &other, builder);
            let signature = signature.map_err(failed())?;
            for_import.push(packet.clone().into());
            for_import.push(user_id.binding_signature().clone().into());
            for_import.push(signature.clone().into());
            made.push(Packet::from(signature));
        }
        Ok(Certified {
            signatures: serialized(&made)?,
            for_import: serialized(&for_import)?,
            certificate: merged(&other, made)?,
        })
    }
}

impl Certification {
    fn builder(&self, at: std::time::SystemTime) -> sequoia_openpgp::Result<SignatureBuilder> {
        let signature_type = match self.checked {
            Checked::NotSaid => SignatureType::GenericCertification,
            Checked::Casually => SignatureType::CasualCertification,
            Checked::Carefully => SignatureType::PositiveCertification,
        };
        let builder = SignatureBuilder::new(signature_type)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(at)?;
        if self.exportable {
            Ok(builder)
        } else {
            builder.set_exportable_certification(false)
        }
    }
}

fn serialized(packets: &[Packet]) -> Result<Vec<u8>, OpenPgpError> {
    let mut bytes = Vec::new();
    for packet in packets {
        packet
            .serialize(&mut bytes)
            .map_err(OpenPgpError::failed("write the certification"))?;
    }
    Ok(bytes)
}

fn merged(other: &Cert, made: Vec<Packet>) -> Result<Vec<u8>, OpenPgpError> {
    let merged = other.clone().insert_packets(made);
    merged
        .and_then(|(cert, _)| cert.export_to_vec())
        .map_err(OpenPgpError::failed("write the certificate"))
}
