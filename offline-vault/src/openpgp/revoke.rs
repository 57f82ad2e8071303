//! Revoking a certificate, and taking a revocation in.

use sequoia_openpgp::cert::SubkeyRevocationBuilder;
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use sequoia_openpgp::types::{ReasonForRevocation, SignatureType};
use signing_format::openpgp::Fingerprint;

use super::generate::armored_revocation;
use super::limits::CERTIFICATE_BYTES_MAX;
use super::{OpenPgpError, SecretCertificate, fingerprint, time};
use crate::clock::UnixTime;

/// Why a certificate or subkey is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// Not said. Everything that it ever signed becomes doubtful.
    NotSaid,
    /// Another one has taken its place; what it signed before stays good.
    Superseded,
    /// Somebody else may have it. Everything that it ever signed becomes doubtful.
    Compromised,
    /// It is not used any more; what it signed before stays good.
    Retired,
}

impl RevocationReason {
    fn code(self) -> ReasonForRevocation {
        match self {
            Self::NotSaid => ReasonForRevocation::Unspecified,
            Self::Superseded => ReasonForRevocation::KeySuperseded,
            Self::Compromised => ReasonForRevocation::KeyCompromised,
            Self::Retired => ReasonForRevocation::KeyRetired,
        }
    }
}

impl SecretCertificate {
    /// A revocation certificate, armoured as GnuPG imports it. The certificate itself is not
    /// changed: [`SecretCertificate::attach_revocation`] does that.
    ///
    /// # Errors
    /// [`OpenPgpError::NoPrimarySecret`] or [`OpenPgpError::Failed`].
    pub fn revoke(
        &self,
        reason: RevocationReason,
        message: &str,
        now: UnixTime,
    ) -> Result<String, OpenPgpError> {
        armored_revocation(self.revocation(reason.code(), message, now)?)
    }

    /// The certificate with a revocation of it, its own or one that was made at its birth.
    ///
    /// # Errors
    /// [`OpenPgpError::NotItsRevocation`] when no signature in it revokes this certificate.
    pub fn attach_revocation(&self, revocation: &[u8]) -> Result<Self, OpenPgpError> {
        let what = "a revocation certificate";
        if revocation.len() > CERTIFICATE_BYTES_MAX {
            return Err(OpenPgpError::TooLarge {
                what,
                found_bytes: revocation.len(),
                limit_bytes: CERTIFICATE_BYTES_MAX,
            });
        }
        let unreadable = || OpenPgpError::unreadable(what);
        // Packet by packet, because a whole pile would unpack what is compressed.
        let mut parsed = PacketParser::from_bytes(revocation).map_err(unreadable())?;
        while let PacketParserResult::Some(parser) = parsed {
            let (packet, rest) = parser.next().map_err(unreadable())?;
            if let Some(found) = self.its_revocation(packet) {
                return self.with_packets(vec![found]);
            }
            parsed = rest;
        }
        Err(OpenPgpError::NotItsRevocation {
            certificate: self.cert.fingerprint().to_hex(),
        })
    }

    /// The certificate with one of its subkeys revoked.
    ///
    /// # Errors
    /// [`OpenPgpError::NoSuchSubkey`], [`OpenPgpError::NoPrimarySecret`] or
    /// [`OpenPgpError::Failed`].
    pub fn revoke_subkey(
        &self,
        subkey: &Fingerprint,
        reason: RevocationReason,
        message: &str,
        now: UnixTime,
    ) -> Result<Self, OpenPgpError> {
        let wanted = fingerprint::to_library(subkey);
        let mut subkeys = self.cert.keys().subkeys();
        let found = subkeys
            .find(|found| found.key().fingerprint() == wanted)
            .ok_or_else(|| OpenPgpError::NoSuchSubkey {
                certificate: self.cert.fingerprint().to_hex(),
                subkey: subkey.to_string(),
            })?;
        let mut signer = self.primary_signer()?;
        let revocation = SubkeyRevocationBuilder::new()
            .set_signature_creation_time(time::to_library(now)?)
            .and_then(|builder| {
                builder.set_reason_for_revocation(reason.code(), message.as_bytes())
            })
            .and_then(|builder| builder.build(&mut signer, &self.cert, found.key(), None))
            .map_err(OpenPgpError::failed("revoke a subkey"))?;
        self.with_packets(vec![revocation])
    }

    fn its_revocation(&self, packet: Packet) -> Option<Signature> {
        let Packet::Signature(signature) = packet else {
            return None;
        };
        let primary = self.cert.primary_key().key();
        let verified = signature.typ() == SignatureType::KeyRevocation
            && signature
                .verify_primary_key_revocation(primary, primary)
                .is_ok();
        verified.then_some(signature)
    }
}
