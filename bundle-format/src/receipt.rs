//! What a reader tells a sender: which of its bundles were taken in, and which are missing.
//!
//! A receipt is an entry of an ordinary bundle, so that the bundle's signature is its signature.
//! Spec: spec/bundle.md, "Receipts".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::ContentId;

use crate::limits::SEQUENCE_MAX;

/// Most bundles in one receipt.
pub const TAKEN_MAX: u32 = 1000;
/// Most ranges of missing bundles in one receipt.
pub const MISSING_RANGES_MAX: u32 = 256;

/// One bundle that was verified and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TakenBundle {
    /// Its number from the sender.
    pub sequence: u64,
    /// BLAKE3 of its sealed bytes.
    pub content_id: ContentId,
}

/// A receipt for the bundles of one incarnation of the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The incarnation of the vault whose bundles these are.
    pub incarnation: u32,
    /// Bundles taken in since the last receipt, ascending, at most [`TAKEN_MAX`].
    pub taken: Vec<TakenBundle>,
    /// Inclusive ranges of numbers below the highest taken that have not arrived, ascending and
    /// apart, at most [`MISSING_RANGES_MAX`].
    pub missing: Vec<(u64, u64)>,
}

impl Wire for Receipt {
    const WHAT: &'static str = "receipt";

    fn write(&self, writer: &mut Writer) {
        writer
            .u8(VERSION)
            .u32(self.incarnation)
            .count(self.taken.len());
        for bundle in &self.taken {
            writer.u64(bundle.sequence).put(&bundle.content_id.0);
        }
        writer.count(self.missing.len());
        for (first, last) in &self.missing {
            writer.u64(*first).u64(*last);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("receipt version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "receipt version",
            });
        }
        let incarnation = reader.u32("incarnation")?;
        let mut taken: Vec<TakenBundle> = Vec::new();
        for _ in 0..reader.count(TAKEN_MAX, "receipted bundles")? {
            let sequence = reader.u64("sequence")?;
            let content_id = ContentId(reader.take_array("content id")?);
            let next = TakenBundle {
                sequence,
                content_id,
            };
            if sequence > SEQUENCE_MAX || taken.last().is_some_and(|before| *before >= next) {
                return Err(DecodeError::Rule {
                    what: "receipted bundles are not in order",
                });
            }
            taken.push(next);
        }
        let mut missing: Vec<(u64, u64)> = Vec::new();
        for _ in 0..reader.count(MISSING_RANGES_MAX, "missing ranges")? {
            let (first, last) = (reader.u64("range start")?, reader.u64("range end")?);
            let apart = missing
                .last()
                .is_none_or(|(_, before)| before.saturating_add(1) < first);
            if first > last || last > SEQUENCE_MAX || !apart {
                return Err(DecodeError::Rule {
                    what: "missing ranges are not in order",
                });
            }
            missing.push((first, last));
        }
        Ok(Self {
            incarnation,
            taken,
            missing,
        })
    }
}

/// The numbers from 1 to the highest of `taken` that are not in it, as inclusive ranges; the
/// oldest [`MISSING_RANGES_MAX`] of them. `taken` is ascending and without repetition.
#[must_use]
pub fn missing_ranges(taken: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    let mut expected = 1;
    for sequence in taken {
        if *sequence > expected {
            ranges.push((expected, sequence - 1));
        }
        expected = sequence.saturating_add(1);
    }
    ranges.truncate(MISSING_RANGES_MAX as usize);
    ranges
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_round_trips() {
        let receipt = Receipt {
            incarnation: 2,
            taken: vec![TakenBundle {
                sequence: 4,
                content_id: ContentId([7; 32]),
            }],
            missing: vec![(1, 1), (3, 3)],
        };
        assert_eq!(Receipt::from_wire(&receipt.to_wire()).unwrap(), receipt);
    }

    #[test]
    fn gaps_are_named() {
        assert_eq!(missing_ranges(&[]), []);
        assert_eq!(missing_ranges(&[1, 2, 3]), []);
        assert_eq!(missing_ranges(&[2, 3, 7]), [(1, 1), (4, 6)]);
    }

    #[test]
    fn overlapping_ranges_are_refused() {
        let receipt = Receipt {
            incarnation: 1,
            taken: vec![],
            missing: vec![(1, 5), (5, 6)],
        };
        assert!(Receipt::from_wire(&receipt.to_wire()).is_err());
    }
}
