//! What a pack carries: typed items for the machine it is sealed to.
//!
//! Spec: spec/pack.md, "Items".

use std::fmt;

use zeroize::Zeroizing;

use crate::codec::{DecodeError, Reader, Wire, Writer};
use crate::limits::{PARTS_MAX, REPORT_BYTES_MAX, SIGNING_BYTES_MAX};
use crate::ratchet::PackIndex;
use crate::relay::{
    Acknowledgement, ContentId, FetchToken, OpenMailbox, RelayAddress, Signed, StoredReceipt,
    Ticket,
};
use crate::secret::Secret32;

/// An item that is held in memory; bundles are streamed and stand beside this type.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// Which of the other machine's packs have been taken in.
    Receipts(PackReceipts),
    /// For a courier: open this mailbox.
    Open(RelayAddress, Signed<OpenMailbox>),
    /// For a courier: fetch what waits in this mailbox.
    Fetch(RelayAddress, FetchToken),
    /// For a courier: put this bundle into a mailbox.
    Ticket(RelayAddress, Signed<Ticket>),
    /// For a courier: tell the relay that these bundles may be forgotten.
    Acknowledge(RelayAddress, Signed<Acknowledgement>),
    /// From a courier: the relay has stored this bundle.
    Stored(Signed<StoredReceipt>),
    /// From a courier: something could not be done, in the courier's words.
    Report(CourierReport),
    /// From a desk: a signing request, in the encoding of spec/signing.md. Its content, where it
    /// has any, crosses beside it as a bundle does.
    Request(SigningBytes),
    /// From a vault: the sealed reply to a signing request, in the encoding of spec/signing.md.
    Reply(SigningBytes),
}

/// The encoding of a signing request or of a sealed reply, at most [`SIGNING_BYTES_MAX`] bytes:
/// not read here, because it is not for the machines that carry it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningBytes(Zeroizing<Vec<u8>>);

impl SigningBytes {
    /// These bytes.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] for more than [`SIGNING_BYTES_MAX`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() > SIGNING_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "signing request or reply",
                found: bytes.len() as u64,
                limit: SIGNING_BYTES_MAX as u64,
            });
        }
        Ok(Self(bytes))
    }

    /// The bytes. Those of a request hold keys that open its content and its reply.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} bytes]", self.0.len())
    }
}

/// The packs that one machine has taken in from the other, sent with every pack, so that a lost
/// receipt heals itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackReceipts {
    /// Inclusive ranges of pack numbers, ascending and apart.
    pub taken: Vec<(PackIndex, PackIndex)>,
    /// Packs of which only some parts have arrived.
    pub partial: Vec<PartialPack>,
}

/// Which parts of a pack have arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPack {
    /// The pack.
    pub index: PackIndex,
    /// How many parts it has.
    pub part_count: u32,
    /// The parts that have not arrived, from 0, ascending.
    pub missing: Vec<u32>,
}

/// What a courier could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierReport {
    /// The bundle concerned, or all zeros when no single one is.
    pub content_id: ContentId,
    /// The error's code, for example `relay-full`.
    pub code: String,
    /// What happened, for a person. Shown escaped.
    pub text: String,
}

/// The kind byte of a bundle item.
pub const KIND_BUNDLE: u8 = 1;
/// The kind byte that ends the items; zeros follow it to the end of the pack.
pub const KIND_END: u8 = 0;

impl Item {
    /// The kind byte. Unknown kinds are refused: both machines of a pairing speak one version.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self {
            Self::Receipts(_) => 2,
            Self::Open(..) => 3,
            Self::Fetch(..) => 4,
            Self::Ticket(..) => 5,
            Self::Acknowledge(..) => 6,
            Self::Stored(_) => 7,
            Self::Report(_) => 8,
            Self::Request(_) => 9,
            Self::Reply(_) => 10,
        }
    }

    /// Whether the other machine must answer a pack with this item: a pack of receipts alone is
    /// not answered, or two machines would send receipts for receipts for ever.
    #[must_use]
    pub fn asks_for_receipt(&self) -> bool {
        !matches!(self, Self::Receipts(_))
    }

    /// The encoding without kind and length.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Receipts(receipts) => receipts.write(&mut writer),
            Self::Open(relay, signed) => addressed(&mut writer, relay, signed),
            Self::Fetch(relay, token) => {
                relay.write(&mut writer);
                writer.put(token.0.expose());
            }
            Self::Ticket(relay, signed) => addressed(&mut writer, relay, signed),
            Self::Acknowledge(relay, signed) => addressed(&mut writer, relay, signed),
            Self::Stored(signed) => signed.write(&mut writer),
            Self::Report(report) => report.write(&mut writer),
            Self::Request(bytes) | Self::Reply(bytes) => {
                writer.put(bytes.expose());
            }
        }
        writer.into_bytes()
    }

    /// Reads an item of kind `kind` that fills `body` exactly.
    ///
    /// # Errors
    /// [`DecodeError::Unknown`] for a kind that this version does not know, and any other
    /// [`DecodeError`].
    pub fn from_body(kind: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let from = &mut reader;
        let item = match kind {
            2 => Self::Receipts(PackReceipts::read(from)?),
            3 => Self::Open(RelayAddress::read(from)?, Signed::read(from)?),
            4 => {
                let relay = RelayAddress::read(from)?;
                Self::Fetch(
                    relay,
                    FetchToken(Secret32::new(from.take_array("fetch token")?)),
                )
            }
            5 => Self::Ticket(RelayAddress::read(from)?, Signed::read(from)?),
            6 => Self::Acknowledge(RelayAddress::read(from)?, Signed::read(from)?),
            7 => Self::Stored(Signed::read(from)?),
            8 => Self::Report(CourierReport::read(from)?),
            9 => Self::Request(SigningBytes::new(from.rest().to_vec())?),
            10 => Self::Reply(SigningBytes::new(from.rest().to_vec())?),
            _ => return Err(DecodeError::Unknown { what: "pack item" }),
        };
        reader.finish("pack item")?;
        Ok(item)
    }
}

fn addressed(writer: &mut Writer, relay: &RelayAddress, statement: &impl Wire) {
    relay.write(writer);
    statement.write(writer);
}

impl Wire for PackReceipts {
    const WHAT: &'static str = "pack receipts";

    fn write(&self, writer: &mut Writer) {
        writer.count(self.taken.len());
        for (first, last) in &self.taken {
            writer.u64(*first).u64(*last);
        }
        writer.count(self.partial.len());
        for partial in &self.partial {
            writer
                .u64(partial.index)
                .u32(partial.part_count)
                .count(partial.missing.len());
            for part in &partial.missing {
                writer.u32(*part);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut taken: Vec<(PackIndex, PackIndex)> = Vec::new();
        for _ in 0..reader.count(RANGES_MAX, "taken ranges")? {
            let (first, last) = (reader.u64("range start")?, reader.u64("range end")?);
            let apart = taken
                .last()
                .is_none_or(|(_, before)| before.saturating_add(1) < first);
            if first > last || !apart {
                return Err(DecodeError::Rule {
                    what: "taken ranges are not in order",
                });
            }
            taken.push((first, last));
        }
        let mut partial = Vec::new();
        for _ in 0..reader.count(PARTIALS_MAX, "partial packs")? {
            partial.push(read_partial(reader)?);
        }
        Ok(Self { taken, partial })
    }
}

fn read_partial(reader: &mut Reader<'_>) -> Result<PartialPack, DecodeError> {
    let index = reader.u64("pack index")?;
    let part_count = reader.u32("part count")?;
    let mut missing: Vec<u32> = Vec::new();
    for _ in 0..reader.count(PARTS_MAX, "missing parts")? {
        let part = reader.u32("missing part")?;
        if part >= part_count || missing.last().is_some_and(|before| *before >= part) {
            return Err(DecodeError::Rule {
                what: "missing parts are not in order",
            });
        }
        missing.push(part);
    }
    Ok(PartialPack {
        index,
        part_count,
        missing,
    })
}

impl Wire for CourierReport {
    const WHAT: &'static str = "courier report";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.content_id.0)
            .text(&self.code)
            .text(&self.text);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content_id: ContentId(reader.take_array("content id")?),
            code: reader.text(CODE_BYTES_MAX, "report code")?.to_owned(),
            text: reader.text(REPORT_BYTES_MAX, "report text")?.to_owned(),
        })
    }
}

/// Most ranges of taken packs in one list.
const RANGES_MAX: u32 = 1024;
/// Most partly arrived packs in one list.
pub const PARTIALS_MAX: u32 = 8;
/// Longest error code in a report.
const CODE_BYTES_MAX: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_round_trip() {
        let receipts = PackReceipts {
            taken: vec![(0, 4), (6, 6)],
            partial: vec![PartialPack {
                index: 5,
                part_count: 3,
                missing: vec![1, 2],
            }],
        };
        let item = Item::Receipts(receipts.clone());
        let read = Item::from_body(item.kind(), &item.body()).unwrap();
        assert!(matches!(read, Item::Receipts(read) if read == receipts));
    }

    #[test]
    fn receipts_out_of_order_are_refused() {
        let wrong = PackReceipts {
            taken: vec![(6, 6), (0, 4)],
            partial: vec![],
        };
        assert!(Item::from_body(2, &wrong.to_wire()).is_err());
    }

    #[test]
    fn an_unknown_kind_of_item_is_refused() {
        assert!(matches!(
            Item::from_body(200, b""),
            Err(DecodeError::Unknown { .. })
        ));
    }

    #[test]
    fn a_missing_part_beyond_the_count_is_refused() {
        let wrong = PackReceipts {
            taken: vec![],
            partial: vec![PartialPack {
                index: 0,
                part_count: 2,
                missing: vec![2],
            }],
        };
        assert!(Item::from_body(2, &wrong.to_wire()).is_err());
    }
}
