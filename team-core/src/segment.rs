//! Segments: signed runs of one device's operations, each chained to the one before.
//!
//! The signed header and the payload are apart, so that a payload can be destroyed and the chain
//! still stands. Spec: spec/team.md, "Segment".

use bundle_format::identity::{BadSignature, Identity};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::{DeviceId, EpochId, SegmentHash, SpaceId};
use crate::limits::{DEPS_MAX, PAYLOAD_BYTES_MAX, SEGMENT_NUMBER_MAX};

/// What a segment's payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Control operations in the clear.
    Control,
    /// Content operations under the key of an epoch.
    Content(Sealing),
}

/// How the payload of a content segment is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// The epoch whose key it is under.
    pub epoch: EpochId,
    /// Random: no two payloads share a key, also not those of a copied vault.
    pub salt: [u8; 24],
}

/// What a device says about one of its segments before it signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// The author.
    pub device: DeviceId,
    /// Its place in the author's log, from 1.
    pub number: u64,
    /// The author's segment before; zero for the first.
    pub previous: SegmentHash,
    /// The newest segments of other devices that the author has taken in since the segment
    /// before; ascending.
    pub deps: Vec<SegmentHash>,
    /// Seconds since 1970 on the author's clock: a claim.
    pub claimed_at: u64,
    /// What the payload is.
    pub kind: Kind,
    /// Bytes of the payload as carried.
    pub payload_bytes: u32,
    /// `BLAKE3(payload as carried)`.
    pub payload_hash: [u8; 32],
}

/// A header whose signature was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedHeader {
    fields: HeaderFields,
    signature: [u8; 64],
}

/// A header that its device signed for this space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    fields: HeaderFields,
    signature: [u8; 64],
    hash: SegmentHash,
}

impl HeaderFields {
    /// Signs the header: `Ed25519(device seed, "causeway/team/v1 segment", space id || header)`.
    ///
    /// `device` is the identity of [`HeaderFields::device`]; another one's signature does not
    /// verify.
    #[must_use]
    pub fn sign(self, space: SpaceId, device: &Identity) -> Header {
        let signature = device.sign(LABEL, &signed_bytes(space, &self));
        let hash = hash(space, &self, &signature);
        Header {
            fields: self,
            signature,
            hash,
        }
    }

    fn write(&self, writer: &mut Writer) {
        let kind = match self.kind {
            Kind::Control => KIND_CONTROL,
            Kind::Content(_) => KIND_CONTENT,
        };
        writer.u8(VERSION).u8(kind);
        self.device.write(writer);
        writer.u64(self.number);
        self.previous.write(writer);
        writer.u16(u16::try_from(self.deps.len()).unwrap_or(u16::MAX));
        for dep in &self.deps {
            dep.write(writer);
        }
        writer.u64(self.claimed_at);
        if let Kind::Content(sealing) = &self.kind {
            sealing.epoch.write(writer);
            writer.put(&sealing.salt);
        }
        writer.u32(self.payload_bytes).put(&self.payload_hash);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("segment version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "segment version",
            });
        }
        let kind = reader.u8("segment kind")?;
        let device = DeviceId::read(reader)?;
        let number = reader.u64("segment number")?;
        let previous = SegmentHash::read(reader)?;
        check_place(number, previous)?;
        let deps = read_deps(reader)?;
        let claimed_at = reader.u64("claimed time")?;
        let kind = match kind {
            KIND_CONTROL => Kind::Control,
            KIND_CONTENT => Kind::Content(Sealing {
                epoch: EpochId::read(reader)?,
                salt: reader.take_array("salt")?,
            }),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "segment kind",
                });
            }
        };
        Ok(Self {
            device,
            number,
            previous,
            deps,
            claimed_at,
            kind,
            payload_bytes: reader.count_u32(PAYLOAD_BYTES_MAX, "payload")?,
            payload_hash: reader.take_array("payload hash")?,
        })
    }
}

fn check_place(number: u64, previous: SegmentHash) -> Result<(), DecodeError> {
    if number > SEGMENT_NUMBER_MAX {
        return Err(DecodeError::OverLimit {
            what: "segment number",
            found: number,
            limit: SEGMENT_NUMBER_MAX,
        });
    }
    if number == 0 || (number == 1) != (previous.0 == [0; 32]) {
        return Err(DecodeError::Rule {
            what: "a segment's number and the one before do not fit",
        });
    }
    Ok(())
}

fn read_deps(reader: &mut Reader<'_>) -> Result<Vec<SegmentHash>, DecodeError> {
    let count = reader.u16("number of segments it follows")?;
    if count > DEPS_MAX {
        return Err(DecodeError::OverLimit {
            what: "segments it follows",
            found: u64::from(count),
            limit: u64::from(DEPS_MAX),
        });
    }
    let mut deps: Vec<SegmentHash> = Vec::new();
    for _ in 0..count {
        let dep = SegmentHash::read(reader)?;
        if deps.last().is_some_and(|before| *before >= dep) {
            return Err(DecodeError::Rule {
                what: "the segments it follows are not in order",
            });
        }
        deps.push(dep);
    }
    Ok(deps)
}

impl UncheckedHeader {
    /// What it says, before it is known who said it.
    #[must_use]
    pub fn peek_fields(&self) -> &HeaderFields {
        &self.fields
    }

    /// What its name would be, before it is known who signed it.
    #[must_use]
    pub fn peek_hash(&self, space: SpaceId) -> SegmentHash {
        hash(space, &self.fields, &self.signature)
    }

    /// Verifies the signature for a space.
    ///
    /// # Errors
    /// [`BadSignature`]: another device signed it, it was altered, or it is of another space.
    pub fn verify(self, space: SpaceId) -> Result<Header, BadSignature> {
        let signed = signed_bytes(space, &self.fields);
        let key = self.fields.device.key();
        key.verify(LABEL, &signed, &self.signature)?;
        let hash = hash(space, &self.fields, &self.signature);
        Ok(Header {
            fields: self.fields,
            signature: self.signature,
            hash,
        })
    }
}

impl Wire for UncheckedHeader {
    const WHAT: &'static str = "segment header";

    fn write(&self, writer: &mut Writer) {
        self.fields.write(writer);
        writer.put(&self.signature);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fields: HeaderFields::read(reader)?,
            signature: reader.take_array("signature")?,
        })
    }
}

impl Header {
    /// What it says.
    #[must_use]
    pub fn fields(&self) -> &HeaderFields {
        &self.fields
    }

    /// Its name: `BLAKE3-derive-key("causeway/team/v1 segment hash", space id || header ||
    /// signature)`.
    #[must_use]
    pub fn hash(&self) -> SegmentHash {
        self.hash
    }

    /// The encoding, with the signature.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.fields.write(&mut writer);
        writer.put(&self.signature);
        writer.into_bytes()
    }

    /// The header as it goes into a message.
    #[must_use]
    pub fn to_unchecked(&self) -> UncheckedHeader {
        UncheckedHeader {
            fields: self.fields.clone(),
            signature: self.signature,
        }
    }

    /// Takes a header out of a store that only verified headers enter.
    ///
    /// # Errors
    /// [`DecodeError`] when the store is damaged.
    pub fn dangerously_from_store(space: SpaceId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let UncheckedHeader { fields, signature } = UncheckedHeader::from_wire(bytes)?;
        let hash = hash(space, &fields, &signature);
        Ok(Self {
            fields,
            signature,
            hash,
        })
    }

    /// Whether these bytes are its payload.
    #[must_use]
    pub fn fits(&self, payload: &[u8]) -> bool {
        payload.len() as u64 == u64::from(self.fields.payload_bytes)
            && *blake3::hash(payload).as_bytes() == self.fields.payload_hash
    }
}

/// A verified header and, unless it was destroyed, the payload that fits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    header: Header,
    payload: Option<Vec<u8>>,
}

/// A payload does not fit its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not the one that its author signed")]
pub struct PayloadMismatch;

impl Segment {
    /// Puts header and payload together.
    ///
    /// # Errors
    /// [`PayloadMismatch`].
    pub fn new(header: Header, payload: Option<Vec<u8>>) -> Result<Self, PayloadMismatch> {
        let fits = payload.as_ref().is_none_or(|payload| header.fits(payload));
        if fits {
            Ok(Self { header, payload })
        } else {
            Err(PayloadMismatch)
        }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload as carried, unless it was destroyed.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// Destroys the payload.
    pub fn destroy_payload(&mut self) {
        self.payload = None;
    }
}

fn signed_bytes(space: SpaceId, fields: &HeaderFields) -> Vec<u8> {
    let mut writer = Writer::new();
    space.write(&mut writer);
    fields.write(&mut writer);
    writer.into_bytes()
}

fn hash(space: SpaceId, fields: &HeaderFields, signature: &[u8; 64]) -> SegmentHash {
    let mut hasher = blake3::Hasher::new_derive_key("causeway/team/v1 segment hash");
    hasher.update(&signed_bytes(space, fields));
    hasher.update(signature);
    SegmentHash(*hasher.finalize().as_bytes())
}

const VERSION: u8 = 1;
const KIND_CONTROL: u8 = 1;
const KIND_CONTENT: u8 = 2;
const LABEL: &str = "causeway/team/v1 segment";
