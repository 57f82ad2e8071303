//! The key packets of a certificate, and checking an Ed25519 signature with them.

use ed25519_dalek::{Signature, VerifyingKey};
use pack_format::codec::{DecodeError, Reader};
use sha1_checked::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::limits::CERTIFICATE_BYTES_MAX;
use super::packet::{
    Packet, TAG_MARKER, TAG_PADDING, TAG_PUBLIC_KEY, TAG_PUBLIC_SUBKEY, TAG_SECRET_KEY,
    TAG_SECRET_SUBKEY, TAG_SIGNATURE, TAG_TRUST, TAG_USER_ATTRIBUTE, TAG_USER_ID, packets,
};
use super::signature::{ED25519, EDDSA_LEGACY, SHA512};
use super::{
    Cleartext, CompactSignature, DataSignature, Fingerprint, OpenPgpFormatError, SignatureType,
    dearmor, is_armored,
};
use crate::digest_state::Sha512State;

/// One key or subkey, as its packet says it. That it belongs to its certificate is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The number of its algorithm.
    pub algorithm: u8,
    /// When it says that it was made, in seconds of Unix time.
    pub created_at: u32,
    /// The key itself, when it is an Ed25519 one.
    ed25519: Option<VerifyingKey>,
}

/// The keys of one certificate (transferable public key).
///
/// What is *not* checked here: self-signatures, that a subkey is bound to the primary key, what a
/// key may be used for, expiry, revocation. This answers one question only: did one of these keys
/// sign these bytes? The rest is the work of the stock tools (`gpg`, `sq`, `sqv`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    keys: Vec<PublicKey>,
}

/// The data that a signature is checked against.
#[derive(Clone, Copy, Debug)]
pub enum SignedData<'a> {
    /// All of it, for a signature over bytes.
    Bytes(&'a [u8]),
    /// The state of its hash, for a version 4 signature over bytes.
    State(&'a Sha512State),
    /// A text, for a cleartext signature.
    Text(Cleartext<'a>),
}

impl SignedData<'_> {
    fn is_of_type(&self, signature_type: SignatureType) -> bool {
        match self {
            Self::Bytes(_) | Self::State(_) => signature_type == SignatureType::Binary,
            Self::Text(_) => signature_type == SignatureType::Text,
        }
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The key with this fingerprint signed exactly this data at the time that the signature
    /// gives.
    Good {
        /// The key or subkey.
        by: Fingerprint,
        /// Seconds of Unix time, as the signer says.
        created_at: u32,
    },
    /// The signature is not over this data, of another type than the data, or not by the key that
    /// it names.
    Bad,
    /// The signature is by a key that the certificate does not hold.
    KeyMissing,
    /// Only a tool with more algorithms can tell. The type of the signature is that of the data.
    AlgorithmNeedsTool,
}

impl PublicKeys {
    /// Reads the keys of one certificate, armoured or not.
    ///
    /// # Errors
    /// [`OpenPgpFormatError`]: damaged, secret, or not exactly one certificate.
    pub fn from_certificate(bytes: &[u8]) -> Result<Self, OpenPgpFormatError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(OpenPgpFormatError::TooLarge {
                what: "certificate",
                found_bytes: bytes.len(),
                limit_bytes: CERTIFICATE_BYTES_MAX,
            });
        }
        if is_armored(bytes) {
            return Self::from_packets(&packets(&dearmor(bytes)?.1)?);
        }
        Self::from_packets(&packets(bytes)?)
    }

    fn from_packets(packets: &[Packet<'_>]) -> Result<Self, OpenPgpFormatError> {
        let mut keys = Vec::new();
        for packet in packets {
            match packet.tag {
                TAG_PUBLIC_KEY if !keys.is_empty() => {
                    return Err(OpenPgpFormatError::Several {
                        what: "certificate",
                    });
                }
                TAG_SECRET_KEY | TAG_SECRET_SUBKEY => return Err(OpenPgpFormatError::SecretKey),
                TAG_PUBLIC_KEY => keys.push(PublicKey::parse(packet.body)?),
                TAG_MARKER | TAG_PADDING => {}
                tag if keys.is_empty() => {
                    return Err(OpenPgpFormatError::UnexpectedPacket {
                        tag,
                        expected: "a public key",
                    });
                }
                // A subkey of a version that is not known here can sign nothing that is.
                TAG_PUBLIC_SUBKEY => match PublicKey::parse(packet.body) {
                    Err(OpenPgpFormatError::Unsupported { .. }) => {}
                    key => keys.push(key?),
                },
                TAG_SIGNATURE | TAG_TRUST | TAG_USER_ID | TAG_USER_ATTRIBUTE => {}
                // Tags from 40 on may be ignored (RFC 9580, 4.3).
                40.. => {}
                tag => {
                    return Err(OpenPgpFormatError::UnexpectedPacket {
                        tag,
                        expected: "a part of a certificate",
                    });
                }
            }
        }
        if keys.is_empty() {
            return Err(OpenPgpFormatError::Damaged(DecodeError::Truncated {
                what: "certificate",
            }));
        }
        Ok(Self { keys })
    }

    /// The fingerprint of the primary key, which names the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.keys.first().map(|key| key.fingerprint)
    }

    /// All keys, the primary one first.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Checks a signature, when it is by Ed25519 over SHA-512.
    #[must_use]
    pub fn verify(&self, signature: &DataSignature, data: SignedData<'_>) -> CheckOutcome {
        let Some(key) = self.keys.iter().find(|key| key.is_named_by(signature)) else {
            return CheckOutcome::KeyMissing;
        };
        // A tool that is asked instead takes a signature of either type.
        if !data.is_of_type(signature.signature_type) {
            return CheckOutcome::Bad;
        }
        let ours = signature.hash_algorithm == SHA512 && key.algorithm == signature.algorithm;
        let (Some(ed25519), true) = (&key.ed25519, ours) else {
            return CheckOutcome::AlgorithmNeedsTool;
        };
        let verified = digest(signature, data)
            .filter(|digest| digest.starts_with(&signature.digest_prefix))
            .zip(raw_signature(signature))
            .is_some_and(|(digest, raw)| ed25519.verify_strict(&digest, &raw).is_ok());
        match (verified, signature.created_at()) {
            (true, Some(created_at)) => CheckOutcome::Good {
                by: key.fingerprint,
                created_at,
            },
            _ => CheckOutcome::Bad,
        }
    }
}

/// What the signature is over; `None` when it is of another type than the data.
fn digest(signature: &DataSignature, data: SignedData<'_>) -> Option<[u8; 64]> {
    let trailer = signature.trailer();
    let of_bytes = |data: &[u8]| {
        let hasher = Sha512::new().chain_update(&signature.salt);
        hasher.chain_update(data).chain_update(&trailer).finalize()
    };
    match (data, signature.signature_type, signature.version) {
        (SignedData::Bytes(bytes), SignatureType::Binary, _) => Some(of_bytes(bytes).into()),
        (SignedData::Text(text), SignatureType::Text, _) => {
            Some(of_bytes(&text.hash_bytes()).into())
        }
        (SignedData::State(state), SignatureType::Binary, 4) => Some(state.continue_with(&trailer)),
        _ => None,
    }
}

fn raw_signature(signature: &DataSignature) -> Option<Signature> {
    let bytes = match signature.algorithm {
        EDDSA_LEGACY => CompactSignature::from_mpis(&signature.raw)?.0,
        ED25519 => signature.raw.as_slice().try_into().ok()?,
        _ => return None,
    };
    Some(Signature::from_bytes(&bytes))
}

impl PublicKey {
    /// Reads the body of a key packet (RFC 9580, 5.5.2).
    fn parse(body: &[u8]) -> Result<Self, OpenPgpFormatError> {
        let mut reader = Reader::new(body);
        let version = reader.u8("key version")?;
        if version != 4 && version != 6 {
            return Err(OpenPgpFormatError::Unsupported {
                what: "a key of this version",
            });
        }
        let created_at = reader.u32("creation time of a key")?;
        let algorithm = reader.u8("algorithm of a key")?;
        let material = match version {
            6 => {
                let len = reader.count(u32::MAX, "key material")?;
                let material = reader.take(len, "key material")?;
                reader.finish("key")?;
                material
            }
            _ => reader.take(reader.remaining(), "key material")?,
        };
        Ok(Self {
            fingerprint: fingerprint(version, body)?,
            algorithm,
            created_at,
            ed25519: ed25519(algorithm, material),
        })
    }

    /// Whether a signature says that it is by this key; by the id where it gives no fingerprint.
    fn is_named_by(&self, signature: &DataSignature) -> bool {
        let named = match signature.issuer() {
            Some(issuer) => issuer == self.fingerprint,
            None => signature.issuer_key_id() == Some(self.fingerprint.key_id()),
        };
        named && signature.version == self.fingerprint.key_version()
    }

    /// Whether signatures by this key can be checked here.
    #[must_use]
    pub fn is_ed25519(&self) -> bool {
        self.ed25519.is_some()
    }
}

/// `SHA-1(0x99 || len16 || body)` in version 4, `SHA-256(0x9B || len32 || body)` in version 6
/// (RFC 9580, 5.5.4).
fn fingerprint(version: u8, body: &[u8]) -> Result<Fingerprint, OpenPgpFormatError> {
    if version == 6 {
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let hasher = Sha256::new().chain_update([0x9b]);
        let hasher = hasher.chain_update(len.to_be_bytes()).chain_update(body);
        return Ok(Fingerprint::V6(hasher.finalize().into()));
    }
    let len = u16::try_from(body.len()).map_err(|_| OpenPgpFormatError::TooLarge {
        what: "key",
        found_bytes: body.len(),
        limit_bytes: usize::from(u16::MAX),
    })?;
    let mut hashed = vec![0x99];
    hashed.extend(len.to_be_bytes());
    hashed.extend(body);
    let result = Sha1::try_digest(&hashed);
    if result.has_collision() {
        return Err(OpenPgpFormatError::Collision);
    }
    let bytes: &[u8] = result.hash();
    Fingerprint::from_slice(bytes).ok_or(OpenPgpFormatError::Collision)
}

/// The Ed25519 key in key material, when that is what it is.
fn ed25519(algorithm: u8, material: &[u8]) -> Option<VerifyingKey> {
    let point = match algorithm {
        EDDSA_LEGACY => material.strip_prefix(LEGACY_ED25519)?,
        ED25519 => material,
        _ => return None,
    };
    VerifyingKey::from_bytes(point.try_into().ok()?).ok()
}

/// The curve's OID 1.3.6.1.4.1.11591.15.1 with its length, and an MPI of 263 bits that begins with
/// the octet 0x40 (RFC 9580, 5.5.5.5).
const LEGACY_ED25519: &[u8] = &[
    9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01, 0x01, 0x07, 0x40,
];

#[cfg(test)]
mod tests {
    use super::super::SignatureFrame;
    use super::*;

    #[test]
    fn a_signature_of_another_type_than_the_data_is_bad_whatever_its_algorithm() {
        // An RSA key: version 4, a time, the algorithm, and numbers that nobody looks at here.
        let body = [4, 0x60, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1];
        let len = u8::try_from(body.len()).unwrap();
        let certificate = [&[0xc6, len], body.as_slice()].concat();
        let keys = PublicKeys::from_certificate(&certificate).unwrap();
        let Some(Fingerprint::V4(issuer)) = keys.fingerprint() else {
            panic!("no key of version 4");
        };
        let check = |signature_type, data| {
            let frame = SignatureFrame::v4(signature_type, 1, 1, issuer);
            let packet = CompactSignature([1; 64]).packet(&frame, &[0; 64]);
            keys.verify(&DataSignature::parse(&packet).unwrap(), data)
        };
        let state = crate::digest_state::Sha512Stream::new().into_state();
        let text = SignedData::Text(Cleartext::parse(b"text\n").unwrap());
        for data in [SignedData::Bytes(b"text\n"), SignedData::State(&state)] {
            assert_eq!(
                check(SignatureType::Binary, data),
                CheckOutcome::AlgorithmNeedsTool
            );
            assert_eq!(check(SignatureType::Text, data), CheckOutcome::Bad);
        }
        assert_eq!(
            check(SignatureType::Text, text),
            CheckOutcome::AlgorithmNeedsTool
        );
        assert_eq!(check(SignatureType::Binary, text), CheckOutcome::Bad);
    }
}
