//! The sync message: one entry of a bundle, from one device of a space to another.

use bundle_format::identity::BadSignature;
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use thiserror::Error;

use crate::ids::{SegmentHash, SpaceId};
use crate::limits::{SYNC_BYTES_MAX, SYNC_HAVES_MAX, SYNC_PROOFS_MAX, SYNC_SEGMENTS_MAX};
use crate::log::UncheckedForkProof;
use crate::segment::{PayloadMismatch, Segment, UncheckedHeader};
use crate::sync::have::UncheckedHave;

/// What one device tells another. Of its parts nothing is verified, also when the bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncMessage {
    /// The space that it is about.
    pub space: SpaceId,
    /// The sender's own summary.
    pub have: UncheckedHave,
    /// Summaries of others that it passes on.
    pub relayed: Vec<UncheckedHave>,
    /// Proofs that devices forked.
    pub proofs: Vec<UncheckedForkProof>,
    /// Segments, each after those that it follows.
    pub segments: Vec<UncheckedSegment>,
}

/// A segment as it is carried: neither the signature nor the payload was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedSegment {
    header: UncheckedHeader,
    payload: Option<Vec<u8>>,
}

/// A carried segment is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadSegment {
    /// Another device signed it, it was altered, or it is of another space.
    #[error("a segment is not signed by its device for this space")]
    Signature(#[source] BadSignature),
    /// The payload is another one.
    #[error("a segment does not carry its own payload")]
    Payload(#[source] PayloadMismatch),
}

impl UncheckedSegment {
    /// A segment as it goes into a message, with its payload or without.
    #[must_use]
    pub fn carry(segment: &Segment, with_payload: bool) -> Self {
        let payload = segment.payload().filter(|_| with_payload);
        Self {
            header: segment.header().to_unchecked(),
            payload: payload.map(<[u8]>::to_vec),
        }
    }

    /// Its hash. Whoever holds a verified segment of this hash need not verify this one's header.
    #[must_use]
    pub fn peek_hash(&self, space: SpaceId) -> SegmentHash {
        self.header.peek_hash(space)
    }

    /// Whether it carries a payload.
    #[must_use]
    pub fn has_payload(&self) -> bool {
        self.payload.is_some()
    }

    /// Verifies signature and payload for a space.
    ///
    /// # Errors
    /// [`BadSegment`].
    pub fn verify(self, space: SpaceId) -> Result<Segment, BadSegment> {
        let header = self.header.verify(space).map_err(BadSegment::Signature)?;
        Segment::new(header, self.payload).map_err(BadSegment::Payload)
    }
}

impl Wire for UncheckedSegment {
    const WHAT: &'static str = "segment";

    fn write(&self, writer: &mut Writer) {
        self.header.write(writer);
        match &self.payload {
            Some(payload) => writer.u8(CARRIED).put(payload),
            None => writer.u8(ABSENT),
        };
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = UncheckedHeader::read(reader)?;
        let payload = match reader.u8("whether the payload is there")? {
            ABSENT => None,
            CARRIED => {
                let len = usize::try_from(header.peek_fields().payload_bytes)
                    .map_err(|_| DecodeError::Truncated { what: "payload" })?;
                Some(reader.take(len, "payload")?.to_vec())
            }
            _ => {
                return Err(DecodeError::Unknown {
                    what: "whether the payload is there",
                });
            }
        };
        Ok(Self { header, payload })
    }
}

impl Wire for SyncMessage {
    const WHAT: &'static str = "sync message";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION);
        self.space.write(writer);
        self.have.write(writer);
        write_list(&self.relayed, writer);
        write_list(&self.proofs, writer);
        write_list(&self.segments, writer);
    }

    /// Nothing is read when more than [`SYNC_BYTES_MAX`] are there.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.remaining() > SYNC_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "sync message",
                found: reader.remaining() as u64,
                limit: SYNC_BYTES_MAX as u64,
            });
        }
        if reader.u8("sync version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "sync version",
            });
        }
        Ok(Self {
            space: SpaceId::read(reader)?,
            have: UncheckedHave::read(reader)?,
            relayed: read_list(reader, SYNC_HAVES_MAX, "relayed summaries")?,
            proofs: read_list(reader, SYNC_PROOFS_MAX, "fork proofs")?,
            segments: read_list(reader, SYNC_SEGMENTS_MAX, "carried segments")?,
        })
    }
}

fn write_list<T: Wire>(items: &[T], writer: &mut Writer) {
    writer.count(items.len());
    for item in items {
        item.write(writer);
    }
}

/// Memory is taken as items come, never for a count that is only claimed.
fn read_list<T: Wire>(
    reader: &mut Reader<'_>,
    limit: u32,
    what: &'static str,
) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    for _ in 0..reader.count(limit, what)? {
        items.push(T::read(reader)?);
    }
    Ok(items)
}

const VERSION: u8 = 1;
const ABSENT: u8 = 0;
const CARRIED: u8 = 1;
