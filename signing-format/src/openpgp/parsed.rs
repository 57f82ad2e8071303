//! Reading a data signature, to check it.

use pack_format::codec::{DecodeError, Reader};

use super::limits::SIGNATURE_BYTES_MAX;
use super::packet::{TAG_MARKER, TAG_PADDING, TAG_SIGNATURE, packets, subpacket_length};
use super::signature::{
    CREATION_TIME, CRITICAL, ISSUER_FINGERPRINT, ISSUER_KEY_ID, SALT_BYTES, SHA512, SignatureType,
    trailer,
};
use super::{Fingerprint, OpenPgpFormatError, dearmor, is_armored};

/// One data signature, of version 4 or 6. That it is genuine is not checked by reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSignature {
    pub(super) signature_type: SignatureType,
    pub(super) version: u8,
    pub(super) algorithm: u8,
    pub(super) hash_algorithm: u8,
    /// From the version to the end of the hashed area.
    hashed_fields: Vec<u8>,
    subpackets: Subpackets,
    pub(super) digest_prefix: [u8; 2],
    pub(super) salt: Vec<u8>,
    pub(super) raw: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Subpackets {
    created_at: Option<u32>,
    issuer: Option<Fingerprint>,
    issuer_key_id: Option<[u8; 8]>,
}

impl DataSignature {
    /// Reads the only signature in `bytes`, armoured or not.
    ///
    /// # Errors
    /// [`OpenPgpFormatError`]: damaged, of another kind, with parts that change its meaning, or
    /// not alone.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpenPgpFormatError> {
        if bytes.len() > SIGNATURE_BYTES_MAX {
            return Err(OpenPgpFormatError::TooLarge {
                what: "signature",
                found_bytes: bytes.len(),
                limit_bytes: SIGNATURE_BYTES_MAX,
            });
        }
        if is_armored(bytes) {
            return Self::from_packets(&dearmor(bytes)?.1);
        }
        Self::from_packets(bytes)
    }

    fn from_packets(bytes: &[u8]) -> Result<Self, OpenPgpFormatError> {
        let mut found = None;
        for packet in packets(bytes)? {
            match packet.tag {
                TAG_SIGNATURE if found.is_some() => {
                    return Err(OpenPgpFormatError::Several { what: "signature" });
                }
                TAG_SIGNATURE => found = Some(Self::from_body(packet.body)?),
                TAG_MARKER | TAG_PADDING => {}
                tag => {
                    return Err(OpenPgpFormatError::UnexpectedPacket {
                        tag,
                        expected: "a signature",
                    });
                }
            }
        }
        found.ok_or(OpenPgpFormatError::Damaged(DecodeError::Truncated {
            what: "signature",
        }))
    }

    fn from_body(body: &[u8]) -> Result<Self, OpenPgpFormatError> {
        let mut reader = Reader::new(body);
        let version = reader.u8("signature version")?;
        if version != 4 && version != 6 {
            return Err(OpenPgpFormatError::Unsupported {
                what: "a signature of this version",
            });
        }
        let signature_type = match reader.u8("signature type")? {
            0x00 => SignatureType::Binary,
            0x01 => SignatureType::Text,
            _ => {
                return Err(OpenPgpFormatError::Unsupported {
                    what: "a signature over something else than data",
                });
            }
        };
        let algorithm = reader.u8("public key algorithm")?;
        let hash_algorithm = reader.u8("hash algorithm")?;
        let hashed = area(&mut reader, version)?;
        let hashed_len = body.len() - reader.remaining();
        let unhashed = area(&mut reader, version)?;
        let digest_prefix = reader.take_array("start of the digest")?;
        let salt = match version {
            6 => {
                let len = usize::from(reader.u8("salt")?);
                reader.take(len, "salt")?.to_vec()
            }
            _ => Vec::new(),
        };
        if version == 6 && hash_algorithm == SHA512 && salt.len() != SALT_BYTES {
            return Err(OpenPgpFormatError::Damaged(DecodeError::Rule {
                what: "the salt of the signature has the wrong length",
            }));
        }
        Ok(Self {
            signature_type,
            version,
            algorithm,
            hash_algorithm,
            hashed_fields: body.get(..hashed_len).unwrap_or_default().to_vec(),
            subpackets: Subpackets::read(hashed, unhashed)?,
            digest_prefix,
            salt,
            raw: reader.take(reader.remaining(), "signature")?.to_vec(),
        })
    }

    /// What follows the data in the hash.
    pub(super) fn trailer(&self) -> Vec<u8> {
        trailer(&self.hashed_fields)
    }

    /// Whether the bytes or the text of a file are signed.
    #[must_use]
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// When it says that it was made, in seconds of Unix time.
    #[must_use]
    pub fn created_at(&self) -> Option<u32> {
        self.subpackets.created_at
    }

    /// The fingerprint of the key that it says it was made with.
    #[must_use]
    pub fn issuer(&self) -> Option<Fingerprint> {
        self.subpackets.issuer
    }

    /// The id of the key that it says it was made with.
    #[must_use]
    pub fn issuer_key_id(&self) -> Option<[u8; 8]> {
        let of_issuer = self.subpackets.issuer.map(|issuer| issuer.key_id());
        of_issuer.or(self.subpackets.issuer_key_id)
    }

    /// The public key algorithm's number.
    #[must_use]
    pub fn algorithm(&self) -> u8 {
        self.algorithm
    }
}

/// A subpacket area with its length.
fn area<'a>(reader: &mut Reader<'a>, version: u8) -> Result<&'a [u8], DecodeError> {
    let len = match version {
        4 => usize::from(reader.u16("subpackets")?),
        _ => reader.count(u32::MAX, "subpackets")?,
    };
    reader.take(len, "subpackets")
}

impl Subpackets {
    /// Of the unhashed area only the key id is taken: anybody could have put it there, and it is a
    /// hint for finding the key.
    fn read(hashed: &[u8], unhashed: &[u8]) -> Result<Self, OpenPgpFormatError> {
        let mut found = Self::default();
        each(hashed, |kind, value| found.take(kind, value))?;
        if found.created_at.is_none() {
            return Err(OpenPgpFormatError::Damaged(DecodeError::Rule {
                what: "the signature has no creation time",
            }));
        }
        each(unhashed, |kind, value| {
            if kind & !CRITICAL == ISSUER_KEY_ID && found.issuer_key_id.is_none() {
                found.issuer_key_id = value.try_into().ok();
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn take(&mut self, kind: u8, value: &[u8]) -> Result<(), OpenPgpFormatError> {
        match kind & !CRITICAL {
            CREATION_TIME if self.created_at.is_some() => {
                return Err(OpenPgpFormatError::Damaged(DecodeError::Rule {
                    what: "the signature has two creation times",
                }));
            }
            CREATION_TIME => {
                let mut reader = Reader::new(value);
                self.created_at = Some(reader.u32("creation time")?);
                reader.finish("creation time")?;
            }
            ISSUER_KEY_ID => self.issuer_key_id = value.try_into().ok(),
            ISSUER_FINGERPRINT => {
                let bytes = value.split_first().map(|(_, bytes)| bytes);
                self.issuer = bytes.and_then(Fingerprint::from_slice);
            }
            EXPIRATION_TIME => {
                return Err(OpenPgpFormatError::Unsupported {
                    what: "a signature that expires",
                });
            }
            _ if kind & CRITICAL != 0 => {
                return Err(OpenPgpFormatError::Unsupported {
                    what: "a critical part of the signature",
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Calls `take` with type and value of each subpacket of an area.
fn each(
    area: &[u8],
    mut take: impl FnMut(u8, &[u8]) -> Result<(), OpenPgpFormatError>,
) -> Result<(), OpenPgpFormatError> {
    let mut reader = Reader::new(area);
    while reader.remaining() > 0 {
        let len = usize::try_from(subpacket_length(&mut reader)?).unwrap_or(usize::MAX);
        let subpacket = reader.take(len, "subpacket")?;
        let (kind, value) = subpacket
            .split_first()
            .ok_or(DecodeError::Truncated { what: "subpacket" })?;
        take(*kind, value)?;
    }
    Ok(())
}

/// Subpacket: when the signature stops being valid. Ours never have it.
const EXPIRATION_TIME: u8 = 3;
