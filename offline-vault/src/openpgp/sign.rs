//! Data signatures by a key of the vault.

use sequoia_openpgp::Packet;
use sequoia_openpgp::cert::amalgamation::key::PrimaryKey as _;
use sequoia_openpgp::crypto::{KeyPair, Signer as _, mpi};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy as _, StandardPolicy};
use sequoia_openpgp::serialize::MarshalInto as _;
use sequoia_openpgp::types::HashAlgorithm;
use signing_format::digest_state::Sha512State;
use signing_format::openpgp::{
    Cleartext, CompactSignature, Fingerprint, SALT_BYTES, SignatureFrame, SignatureType, armor,
};

use super::{OpenPgpError, SecretCertificate, fingerprint, time};
use crate::clock::UnixTime;

/// A signature that was made and that the library has found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeSignature {
    packet: Vec<u8>,
    compact: Option<CompactSignature>,
    issuer: Fingerprint,
    created_at: u32,
}

impl MadeSignature {
    /// The signature packet.
    #[must_use]
    pub fn packet(&self) -> &[u8] {
        &self.packet
    }

    /// The packet in armour.
    #[must_use]
    pub fn armored(&self) -> String {
        armor(&self.packet)
    }

    /// `R || S`, from which the desk rebuilds the packet; only for Ed25519 keys of version 4.
    #[must_use]
    pub fn compact(&self) -> Option<CompactSignature> {
        self.compact
    }

    /// The key or subkey that signed.
    #[must_use]
    pub fn issuer(&self) -> Fingerprint {
        self.issuer
    }

    /// The time in the signature, in seconds of Unix time.
    #[must_use]
    pub fn created_at(&self) -> u32 {
        self.created_at
    }
}

/// A signing key, the time of its signatures, and the judge of what it makes.
///
/// Made once for a batch: all signatures of it share time and issuer.
pub struct DataSigner {
    pair: KeyPair,
    issuer: Fingerprint,
    created_at: u32,
}

impl SecretCertificate {
    /// The newest key or subkey that may sign data at `created_at`, ready to.
    ///
    /// # Errors
    /// [`OpenPgpError::PolicyRefused`], [`OpenPgpError::Revoked`], [`OpenPgpError::NotAlive`] or
    /// [`OpenPgpError::NoSigningKey`] say why there is none.
    pub fn data_signer(&self, created_at: UnixTime) -> Result<DataSigner, OpenPgpError> {
        let policy = StandardPolicy::at(time::to_library(created_at)?);
        let valid = self.alive(&policy, created_at)?;
        let usable = valid.keys().unencrypted_secret().supported();
        let usable = usable.alive().revoked(false).for_signing();
        // Among keys of one age a subkey goes first: what is at hand should not be the primary.
        let newest = usable.max_by_key(|key| (key.key().creation_time(), !key.primary()));
        let none = || OpenPgpError::NoSigningKey {
            certificate: self.cert.fingerprint().to_hex(),
            at: created_at,
        };
        let key = newest.ok_or_else(none)?.key().clone();
        let issuer = fingerprint::from_library(&key.fingerprint()).ok_or_else(none)?;
        let pair = key.into_keypair();
        Ok(DataSigner {
            pair: pair.map_err(OpenPgpError::failed("use the signing key"))?,
            issuer,
            created_at: time::seconds(created_at)?,
        })
    }

    /// Signs bytes as they are: a file, or a git object.
    ///
    /// # Errors
    /// As [`SecretCertificate::data_signer`] and [`DataSigner::sign_bytes`].
    pub fn sign_bytes(
        &self,
        data: &[u8],
        created_at: UnixTime,
    ) -> Result<MadeSignature, OpenPgpError> {
        self.data_signer(created_at)?.sign_bytes(data)
    }

    /// Signs a file of which only the state of its hash is here.
    ///
    /// # Errors
    /// As [`SecretCertificate::data_signer`] and [`DataSigner::sign_state`].
    pub fn sign_state(
        &self,
        state: &Sha512State,
        created_at: UnixTime,
    ) -> Result<MadeSignature, OpenPgpError> {
        self.data_signer(created_at)?.sign_state(state)
    }

    /// Signs a text for the cleartext framework.
    ///
    /// # Errors
    /// As [`SecretCertificate::data_signer`] and [`DataSigner::sign_cleartext`].
    pub fn sign_cleartext(
        &self,
        text: &Cleartext<'_>,
        created_at: UnixTime,
    ) -> Result<MadeSignature, OpenPgpError> {
        self.data_signer(created_at)?.sign_cleartext(text)
    }
}

impl DataSigner {
    /// The key or subkey that signs.
    #[must_use]
    pub fn issuer(&self) -> Fingerprint {
        self.issuer
    }

    /// The time in the signatures, in seconds of Unix time.
    #[must_use]
    pub fn created_at(&self) -> u32 {
        self.created_at
    }

    /// Signs bytes as they are.
    ///
    /// # Errors
    /// [`OpenPgpError::Failed`] when the library cannot sign, and [`OpenPgpError::SelfCheck`] when
    /// it does not find the signature good.
    pub fn sign_bytes(&self, data: &[u8]) -> Result<MadeSignature, OpenPgpError> {
        let frame = self.frame(SignatureType::Binary)?;
        let digest = frame.digest_of_bytes(data);
        self.finish(&frame, &digest, |signature, key| {
            signature.verify_message(key, data)
        })
    }

    /// Signs a text for the cleartext framework.
    ///
    /// # Errors
    /// As [`DataSigner::sign_bytes`].
    pub fn sign_cleartext(&self, text: &Cleartext<'_>) -> Result<MadeSignature, OpenPgpError> {
        let frame = self.frame(SignatureType::Text)?;
        let digest = frame.digest_of_text(text);
        self.finish(&frame, &digest, |signature, key| {
            signature.verify_message(key, text.hash_bytes())
        })
    }

    /// Signs a file of which only the state of its hash is here.
    ///
    /// # Errors
    /// [`OpenPgpError::NeedsContent`] for a key of version 6, which hashes a salt before the file;
    /// else as [`DataSigner::sign_bytes`].
    pub fn sign_state(&self, state: &Sha512State) -> Result<MadeSignature, OpenPgpError> {
        let frame = self.frame(SignatureType::Binary)?;
        let digest = frame
            .digest_of_state(state)
            .ok_or(OpenPgpError::NeedsContent)?;
        self.finish(&frame, &digest, |signature, key| {
            signature.verify_digest(key, digest)
        })
    }

    fn frame(&self, signature_type: SignatureType) -> Result<SignatureFrame, OpenPgpError> {
        let algorithm = u8::from(self.pair.public().pk_algo());
        Ok(match self.issuer {
            Fingerprint::V4(issuer) => {
                SignatureFrame::v4(signature_type, algorithm, self.created_at, issuer)
            }
            Fingerprint::V6(issuer) => {
                let mut salt = [0; SALT_BYTES];
                sequoia_openpgp::crypto::random(&mut salt)
                    .map_err(OpenPgpError::failed("make a salt"))?;
                SignatureFrame::v6(signature_type, algorithm, self.created_at, issuer, salt)
            }
        })
    }

    /// Signs the digest, and has the library read and verify what comes of it.
    fn finish(
        &self,
        frame: &SignatureFrame,
        digest: &[u8; 64],
        verify: impl FnOnce(&Signature, &PublicKey) -> sequoia_openpgp::Result<()>,
    ) -> Result<MadeSignature, OpenPgpError> {
        let failed = || OpenPgpError::failed("sign");
        let raw = self.pair.clone().sign(HashAlgorithm::SHA512, digest);
        let raw = raw.map_err(failed())?;
        let compact = compact(&raw);
        let packet = match compact {
            Some(compact) => compact.packet(frame, digest),
            None => frame.packet(digest, &raw.to_vec().map_err(failed())?),
        };
        self.check(&packet, verify)
            .map_err(OpenPgpError::self_check)?;
        Ok(MadeSignature {
            packet,
            compact,
            issuer: self.issuer,
            created_at: self.created_at,
        })
    }

    fn check(
        &self,
        packet: &[u8],
        verify: impl FnOnce(&Signature, &PublicKey) -> sequoia_openpgp::Result<()>,
    ) -> sequoia_openpgp::Result<()> {
        let Packet::Signature(signature) = Packet::from_bytes(packet)? else {
            let what = "what was made is not a signature".to_owned();
            return Err(sequoia_openpgp::Error::MalformedPacket(what).into());
        };
        let seconds = i64::from(self.created_at);
        let at = time::to_library(UnixTime(seconds))?;
        StandardPolicy::at(at).signature(&signature, HashAlgoSecurity::CollisionResistance)?;
        verify(&signature, self.pair.public())
    }
}

impl std::fmt::Debug for DataSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DataSigner({}, [redacted])", self.issuer)
    }
}

/// The compact form of an EdDSA signature with MPIs.
fn compact(raw: &mpi::Signature) -> Option<CompactSignature> {
    let mpi::Signature::EdDSA { r, s } = raw else {
        return None;
    };
    let both = [r.value_padded(32).ok()?, s.value_padded(32).ok()?].concat();
    Some(CompactSignature(both.try_into().ok()?))
}

type PublicKey = sequoia_openpgp::packet::Key<
    sequoia_openpgp::packet::key::PublicParts,
    sequoia_openpgp::packet::key::UnspecifiedRole,
>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::{KeyVersion, NewKey};

    #[test]
    fn a_signature_that_the_library_does_not_find_good_is_not_given_out() {
        let now = UnixTime(1_767_323_045);
        let new = NewKey {
            user_ids: vec!["Amina".to_owned()],
            version: KeyVersion::V4,
            for_encryption: false,
            valid_secs: None,
        };
        let key = SecretCertificate::generate(&new, now).unwrap().certificate;
        let signer = key.data_signer(now).unwrap();
        let frame = signer.frame(SignatureType::Binary).unwrap();
        let digest = frame.digest_of_bytes(b"one thing");
        let refused = signer.finish(&frame, &digest, |signature, key| {
            signature.verify_message(key, b"another")
        });
        assert!(matches!(refused, Err(OpenPgpError::SelfCheck(_))));
    }
}
