//! An answer: what the machine that films still lacks of what it is shown.

use subtle::ConstantTimeEq as _;

use crate::codec::{DecodeError, Reader, Writer};
use crate::limits::{ANSWER_ENTRIES_MAX, BLOCKS_MAX, SOURCE_SYMBOLS_MAX};
use crate::ratchet::TagKey;

use super::CRC;
use super::frame::{FrameError, VERSION, check_version};
use super::transfer::TransferId;

/// What a receiver lacks of one pack.
///
/// It steers what is shown and frees nothing: only a receipt in a sealed pack does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerEntry {
    /// Which pack.
    pub transfer: TransferId,
    /// Bit `b` is set while block `b` is not complete.
    pub blocks_missing: u64,
    /// How many symbols are still needed in all; 0 when no block is missing, and only then.
    pub symbols_needed: u32,
}

impl AnswerEntry {
    fn to_bytes(self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .put(&self.transfer.0)
            .u64(self.blocks_missing)
            .u32(self.symbols_needed);
        writer.into_bytes()
    }
}

/// An answer as it was read: nothing in it counts before its key has been found.
///
/// Spec: spec/light.md, "Answer".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    entries: Vec<(AnswerEntry, [u8; MAC_BYTES])>,
}

impl Answer {
    /// Reads the payload of one code. No entry is authenticated by that.
    ///
    /// # Errors
    /// As [`Frame::parse`](super::Frame::parse); a frame is not an answer.
    pub fn parse(payload: &[u8]) -> Result<Self, FrameError> {
        if payload.first() != Some(&MARK) {
            return Err(FrameError::NotOurs);
        }
        check_version(payload)?;
        let (content, crc) = payload.split_last_chunk::<4>().ok_or(FrameError::Damaged)?;
        if CRC.checksum(content) != u32::from_be_bytes(*crc) {
            return Err(FrameError::Damaged);
        }
        let mut reader = Reader::new(content);
        reader.u8("mark")?;
        if reader.u8("flags")? & 0x0f != 0 {
            return Err(DecodeError::Unknown {
                what: "flags of an answer",
            }
            .into());
        }
        let count = reader.u8("entries of an answer")?;
        check_limit(
            "entries of an answer",
            count.into(),
            ANSWER_ENTRIES_MAX.into(),
        )?;
        if count == 0 {
            return Err(DecodeError::Rule {
                what: "the answer has no entry",
            }
            .into());
        }
        let mut answer = Self {
            entries: Vec::new(),
        };
        for _ in 0..count {
            answer.read_entry(&mut reader)?;
        }
        reader.finish("answer")?;
        Ok(answer)
    }

    /// The payload of one code: the first [`ANSWER_ENTRIES_MAX`] entries, each with the key of its
    /// pack. At least one is given.
    #[must_use]
    pub fn build(entries: &[(AnswerEntry, &TagKey)]) -> Vec<u8> {
        let count = u8::try_from(entries.len()).unwrap_or(u8::MAX);
        let count = count.min(ANSWER_ENTRIES_MAX);
        let mut writer = Writer::new();
        writer.u8(MARK).u8(VERSION << 4).u8(count);
        for (entry, key) in entries.iter().take(count.into()) {
            let bytes = entry.to_bytes();
            writer.put(&bytes).put(&key.answer_mac(&bytes));
        }
        let mut payload = writer.into_bytes();
        let crc = CRC.checksum(&payload);
        payload.extend_from_slice(&crc.to_be_bytes());
        payload
    }

    /// What the paired machine says about this pack, if it is there and `key` has made it.
    #[must_use]
    pub fn entry_for(&self, transfer: TransferId, key: &TagKey) -> Option<AnswerEntry> {
        let mut entries = self.entries.iter();
        let (entry, mac) = entries.find(|(entry, _)| entry.transfer == transfer)?;
        let expected = key.answer_mac(&entry.to_bytes());
        bool::from(expected.ct_eq(mac)).then_some(*entry)
    }

    fn read_entry(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let entry = AnswerEntry {
            transfer: TransferId(reader.take_array("transfer id")?),
            blocks_missing: reader.u64("missing blocks")?,
            symbols_needed: reader.u32("needed symbols")?,
        };
        let mac = reader.take_array("answer MAC")?;
        check_limit("needed symbols", entry.symbols_needed, NEEDED_MAX)?;
        if (entry.blocks_missing == 0) != (entry.symbols_needed == 0) {
            return Err(DecodeError::Rule {
                what: "missing blocks and needed symbols disagree",
            });
        }
        let known = |(other, _): &(AnswerEntry, _)| other.transfer == entry.transfer;
        if self.entries.iter().any(known) {
            return Err(DecodeError::Rule {
                what: "two entries for one transfer",
            });
        }
        self.entries.push((entry, mac));
        Ok(())
    }
}

fn check_limit(what: &'static str, found: u32, limit: u32) -> Result<(), DecodeError> {
    if found > limit {
        return Err(DecodeError::OverLimit {
            what,
            found: found.into(),
            limit: limit.into(),
        });
    }
    Ok(())
}

/// Longest answer.
pub const ANSWER_BYTES_MAX: usize = 3 + ANSWER_ENTRIES_MAX as usize * ENTRY_BYTES + 4;
const ENTRY_BYTES: usize = 16 + MAC_BYTES;
const MAC_BYTES: usize = 8;
const MARK: u8 = 0xcb;
/// Symbols of the largest transfer.
const NEEDED_MAX: u32 = BLOCKS_MAX as u32 * SOURCE_SYMBOLS_MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret32;

    fn key(byte: u8) -> TagKey {
        TagKey(Secret32::new([byte; 32]))
    }

    fn entry(key: &TagKey) -> AnswerEntry {
        AnswerEntry {
            transfer: key.transfer_id(),
            blocks_missing: 0b101,
            symbols_needed: 77,
        }
    }

    #[test]
    fn an_answer_says_what_each_pack_lacks() {
        let (one, two, three) = (key(1), key(2), key(3));
        let done = AnswerEntry {
            blocks_missing: 0,
            symbols_needed: 0,
            ..entry(&two)
        };
        let payload = Answer::build(&[(entry(&one), &one), (done, &two)]);
        assert_eq!(payload.len(), 3 + 2 * 24 + 4);
        let answer = Answer::parse(&payload).unwrap();
        assert_eq!(answer.entry_for(one.transfer_id(), &one), Some(entry(&one)));
        assert_eq!(answer.entry_for(two.transfer_id(), &two), Some(done));
        assert_eq!(answer.entry_for(three.transfer_id(), &three), None);
    }

    #[test]
    fn an_answer_that_another_key_made_says_nothing() {
        let (ours, other) = (key(1), key(2));
        let payload = Answer::build(&[(entry(&ours), &other)]);
        let answer = Answer::parse(&payload).unwrap();
        assert_eq!(answer.entry_for(ours.transfer_id(), &ours), None);
    }

    #[test]
    fn more_than_four_entries_are_left_out() {
        let keys: Vec<_> = (0..6).map(key).collect();
        let entries: Vec<_> = keys.iter().map(|key| (entry(key), key)).collect();
        let payload = Answer::build(&entries);
        assert_eq!(payload.len(), ANSWER_BYTES_MAX);
        let answer = Answer::parse(&payload).unwrap();
        let heard = keys
            .iter()
            .filter(|key| answer.entry_for(key.transfer_id(), key).is_some());
        assert_eq!(heard.count(), usize::from(ANSWER_ENTRIES_MAX));
    }

    #[test]
    fn one_altered_byte_of_an_answer_is_refused() {
        let key = key(1);
        let payload = Answer::build(&[(entry(&key), &key)]);
        for at in 0..payload.len() {
            for change in 1..=u8::MAX {
                let mut altered = payload.clone();
                altered[at] ^= change;
                assert!(Answer::parse(&altered).is_err());
            }
        }
    }
}
