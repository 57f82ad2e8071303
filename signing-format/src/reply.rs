//! What a vault says to a request: signatures, an approval, or no.
//!
//! Sealed with the one-time key of the request and bound to the request's hash, so that it fits no
//! other request and nobody reads it on the way. Spec: spec/signing.md, "Reply".

use pack_format::chunked::{ChunkedError, Cobblestone, OpenedMessage, PREFIX_BYTES, SALT_BYTES};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::Signed;
use pack_format::secret::Secret32;
use thiserror::Error;

use crate::approval::Approval;
use crate::limits::{OBJECTS_MAX, REASON_BYTES_MAX, REQUEST_BYTES_MAX, SIGNATURE_BYTES_MAX};
use crate::request::{RequestHash, RequestId};

/// What the vault says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The signature of a file, whole, as its own tools expect it in a file; for a cleartext
    /// signature the armoured signature alone, which the desk puts under its own text.
    File(Vec<u8>),
    /// The signatures of a git request.
    Git(GitSignatures),
    /// Certifications: OpenPGP signature packets, to be added to the certificate.
    Certifications(Vec<u8>),
    /// The message was opened in the vault, and stays there.
    OpenedInVault,
    /// Approved by a vault whose key does not sign: the approval, for the one that does.
    Approved(Signed<Approval>),
    /// Refused, with the person's reason, which may be empty.
    Refused(String),
}

/// The signatures of a git request, one for each object in the request's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitSignatures {
    /// Ed25519 signatures in 64 bytes each; the desk builds SSHSIG around them.
    Ssh(Vec<[u8; 64]>),
    /// OpenPGP signatures of version 4 by an Ed25519 key: `R || S` of each; the desk builds the
    /// packets, which share one time and one issuer.
    OpenPgpCompact {
        /// When they were made, in seconds of Unix time.
        created_at: u32,
        /// The fingerprint of the key or subkey that made them.
        issuer: [u8; 20],
        /// `R || S` of each.
        signatures: Vec<[u8; 64]>,
    },
    /// OpenPGP signature packets of any other kind.
    OpenPgp(Vec<Vec<u8>>),
}

/// A sealed reply cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// It does not open with this request's key, or was made for another request.
    #[error("the reply is not for this request, or was damaged")]
    NotForThisRequest(#[source] ChunkedError),
    /// It opens, and is not a reply.
    #[error("the reply cannot be read")]
    Decode(#[source] DecodeError),
}

/// A sealed reply: whom it is for, and the sealed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReply {
    /// The request that it answers: says which key opens it.
    pub request_id: RequestId,
    sealed: Vec<u8>,
}

impl SealedReply {
    /// Seals a reply. `salt` is random.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] when it would be larger than a pack item may be.
    pub fn seal(
        reply: &Reply,
        request_id: RequestId,
        hash: &RequestHash,
        key: &Secret32,
        salt: &[u8; SALT_BYTES],
    ) -> Result<Self, DecodeError> {
        let cipher = Cobblestone::new(key, salt, &context(hash));
        let mut sealed = cipher.prefix().to_vec();
        cipher.seal_run(0, &reply.to_wire(), true, &mut sealed);
        if sealed.len() > SEALED_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "sealed reply",
                found: sealed.len() as u64,
                limit: SEALED_BYTES_MAX as u64,
            });
        }
        Ok(Self { request_id, sealed })
    }

    /// Opens the reply to the request with this hash.
    ///
    /// # Errors
    /// [`ReplyError`]: nothing of it is given out.
    pub fn open(&self, hash: &RequestHash, key: &Secret32) -> Result<Reply, ReplyError> {
        let sealed = self.sealed.as_slice();
        let prefix = sealed.first_chunk::<PREFIX_BYTES>();
        let wrong = ReplyError::NotForThisRequest;
        let prefix = prefix.ok_or_else(|| {
            wrong(ChunkedError::Length {
                found_bytes: sealed.len() as u64,
            })
        })?;
        let cipher = Cobblestone::for_opening(key, prefix, &context(hash)).map_err(wrong)?;
        let message = OpenedMessage::new(sealed, 0, cipher).map_err(wrong)?;
        let len = usize::try_from(message.plain_bytes()).unwrap_or(usize::MAX);
        let plain = message.read(0, len).map_err(wrong)?;
        Reply::from_wire(&plain).map_err(ReplyError::Decode)
    }
}

fn context(hash: &RequestHash) -> Vec<u8> {
    [CONTEXT, &hash.0].concat()
}

impl Wire for SealedReply {
    const WHAT: &'static str = "sealed reply";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.request_id.0)
            .count(self.sealed.len())
            .put(&self.sealed);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let request_id = RequestId(reader.take_array("request id")?);
        let limit = u32::try_from(SEALED_BYTES_MAX).unwrap_or(u32::MAX);
        let len = reader.count(limit, "sealed reply")?;
        Ok(Self {
            request_id,
            sealed: reader.take(len, "sealed reply")?.to_vec(),
        })
    }
}

impl Wire for Reply {
    const WHAT: &'static str = "reply";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION);
        match self {
            Self::File(signature) => bytes(writer.u8(1), signature),
            Self::Git(signatures) => signatures.write(writer.u8(2)),
            Self::Certifications(packets) => bytes(writer.u8(3), packets),
            Self::OpenedInVault => {
                writer.u8(4);
            }
            Self::Approved(approval) => approval.write(writer.u8(5)),
            Self::Refused(reason) => {
                writer.u8(6).text(reason);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("reply version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "reply version",
            });
        }
        Ok(match reader.u8("kind of reply")? {
            1 => Self::File(read_bytes(reader, "signature")?),
            2 => Self::Git(GitSignatures::read(reader)?),
            3 => Self::Certifications(read_bytes(reader, "certifications")?),
            4 => Self::OpenedInVault,
            5 => Self::Approved(Signed::read(reader)?),
            6 => Self::Refused(reader.text(REASON_BYTES_MAX, "reason")?.to_owned()),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "kind of reply",
                });
            }
        })
    }
}

impl GitSignatures {
    /// How many signatures these are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Ssh(signatures) | Self::OpenPgpCompact { signatures, .. } => signatures.len(),
            Self::OpenPgp(packets) => packets.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Wire for GitSignatures {
    const WHAT: &'static str = "git signatures";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Ssh(signatures) => raw(writer.u8(1), signatures),
            Self::OpenPgpCompact {
                created_at,
                issuer,
                signatures,
            } => raw(writer.u8(2).u32(*created_at).put(issuer), signatures),
            Self::OpenPgp(packets) => {
                writer.u8(3).count(packets.len());
                for packet in packets {
                    bytes(writer, packet);
                }
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8("form of git signatures")? {
            1 => Self::Ssh(read_raw(reader)?),
            2 => Self::OpenPgpCompact {
                created_at: reader.u32("signatures' time")?,
                issuer: reader.take_array("issuer")?,
                signatures: read_raw(reader)?,
            },
            3 => {
                let count = reader.count(OBJECTS_MAX, "signatures")?;
                let mut packets = Vec::new();
                for _ in 0..count {
                    packets.push(read_bytes(reader, "signature")?);
                }
                Self::OpenPgp(packets)
            }
            _ => {
                return Err(DecodeError::Unknown {
                    what: "form of git signatures",
                });
            }
        })
    }
}

fn bytes(writer: &mut Writer, bytes: &[u8]) {
    writer.count(bytes.len()).put(bytes);
}

fn read_bytes(reader: &mut Reader<'_>, what: &'static str) -> Result<Vec<u8>, DecodeError> {
    let len = reader.count(SIGNATURE_BYTES_MAX, what)?;
    Ok(reader.take(len, what)?.to_vec())
}

fn raw(writer: &mut Writer, signatures: &[[u8; 64]]) {
    writer.count(signatures.len());
    for signature in signatures {
        writer.put(signature);
    }
}

fn read_raw(reader: &mut Reader<'_>) -> Result<Vec<[u8; 64]>, DecodeError> {
    let count = reader.count(OBJECTS_MAX, "signatures")?;
    let mut signatures = Vec::new();
    for _ in 0..count {
        signatures.push(reader.take_array("signature")?);
    }
    Ok(signatures)
}

/// Bytes in front of the sealed ones: the request's id and a length.
const FRONT_BYTES: usize = 16 + 4;
/// Most sealed bytes: with what stands in front they are one item of a pack.
const SEALED_BYTES_MAX: usize = REQUEST_BYTES_MAX - FRONT_BYTES;
/// The version of replies.
const VERSION: u8 = 1;
/// The context of the chunked form; the request's hash follows.
const CONTEXT: &[u8] = b"causeway/reply/v1";

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(reply: &Reply) -> Result<SealedReply, DecodeError> {
        let key = Secret32::new([1; 32]);
        let hash = RequestHash([2; 32]);
        SealedReply::seal(reply, RequestId([3; 16]), &hash, &key, &[4; SALT_BYTES])
    }

    fn packets(packet_bytes: usize) -> Reply {
        Reply::Git(GitSignatures::OpenPgp(vec![vec![5; packet_bytes]; 2]))
    }

    #[test]
    fn the_largest_reply_that_is_sealed_fits_into_a_pack_item() {
        // Version, kind, form, count, and a length in front of each of the two packets.
        let rest_bytes = 2 + 1 + 4 + 2 * 4;
        let tags_bytes = 16 * 4;
        let plain_bytes = REQUEST_BYTES_MAX - FRONT_BYTES - PREFIX_BYTES - tags_bytes;
        let largest = (plain_bytes - rest_bytes) / 2;
        let wire = seal(&packets(largest)).unwrap().to_wire();
        assert!(wire.len() >= REQUEST_BYTES_MAX - 1 && wire.len() <= REQUEST_BYTES_MAX);
        assert!(SealedReply::from_wire(&wire).is_ok());
        let over = seal(&packets(largest + 1));
        assert!(matches!(over, Err(DecodeError::OverLimit { .. })));
    }
}
