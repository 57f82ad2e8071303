//! SHA-512 interrupted: what stands for a file that is too large to cross.
//!
//! OpenPGP and SSH sign `SHA-512(file || trailer)`. Whoever has the state after the file can
//! append any trailer, and can also finish it into the file's own SHA-512, which a person compares
//! with a published sum. Spec: spec/signing.md, "Hash states".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha512};

/// Hashes a file as it is read, and keeps the state at its end.
#[derive(Clone, Default)]
pub struct Sha512Stream {
    hasher: Sha512,
    total_bytes: u64,
}

impl Sha512Stream {
    /// A stream of no bytes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.total_bytes = self.total_bytes.saturating_add(bytes.len() as u64);
    }

    /// The state at the end of what was taken.
    #[must_use]
    pub fn into_state(self) -> Sha512State {
        Sha512State {
            hasher: self.hasher,
            total_bytes: self.total_bytes,
        }
    }
}

/// The state of SHA-512 after a whole file: eight words, the length, and the tail that did not
/// fill a block.
///
/// Says nothing about what the file holds. Two states are equal when they stand for files with
/// the same length, the same blocks by hash and the same tail.
#[derive(Clone)]
pub struct Sha512State {
    hasher: Sha512,
    total_bytes: u64,
}

impl Sha512State {
    /// The length of the file in bytes, as whoever hashed it says.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// `SHA-512(file)`: the sum that `sha512sum` prints.
    #[must_use]
    pub fn digest(&self) -> [u8; 64] {
        self.continue_with(&[])
    }

    /// `SHA-512(file || bytes)`.
    #[must_use]
    pub fn continue_with(&self, bytes: &[u8]) -> [u8; 64] {
        self.hasher.clone().chain_update(bytes).finalize().into()
    }
}

impl PartialEq for Sha512State {
    fn eq(&self, other: &Self) -> bool {
        self.to_wire() == other.to_wire()
    }
}

impl Eq for Sha512State {}

impl std::fmt::Debug for Sha512State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sum = data_encoding::HEXLOWER.encode(&self.digest());
        write!(formatter, "Sha512State({} B, {sum})", self.total_bytes)
    }
}

impl Wire for Sha512State {
    const WHAT: &'static str = "state of a SHA-512";

    /// Eight big-endian words, the length, and `length mod 128` bytes of tail.
    fn write(&self, writer: &mut Writer) {
        let inner = self.hasher.serialize();
        let (words, rest) = inner.split_at(WORDS_BYTES);
        for word in words.as_chunks::<8>().0 {
            writer.u64(u64::from_le_bytes(*word));
        }
        writer.u64(self.total_bytes);
        let tail = rest.iter().skip(COUNTER_BYTES + 1);
        let tail: Vec<u8> = tail.take(tail_len(self.total_bytes)).copied().collect();
        writer.put(&tail);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut inner = Vec::with_capacity(WORDS_BYTES + COUNTER_BYTES + BLOCK_BYTES);
        for _ in 0..WORDS_BYTES / 8 {
            inner.extend(reader.u64(Self::WHAT)?.to_le_bytes());
        }
        let total_bytes = reader.u64("length of the hashed file")?;
        let tail_len = tail_len(total_bytes);
        let tail = reader.take(tail_len, "tail of the hashed file")?;
        let blocks = u128::from(total_bytes) / BLOCK_BYTES as u128;
        inner.extend(blocks.to_le_bytes());
        inner.push(u8::try_from(tail_len).unwrap_or(u8::MAX));
        inner.extend(tail);
        inner.resize(WORDS_BYTES + COUNTER_BYTES + BLOCK_BYTES, 0);
        let wrong = DecodeError::Rule {
            what: "not a state of SHA-512",
        };
        let Ok(inner) = SerializedState::<Sha512>::try_from(inner.as_slice()) else {
            return Err(wrong);
        };
        let hasher = Sha512::deserialize(&inner).map_err(|_| wrong.clone())?;
        let state = Self {
            hasher,
            total_bytes,
        };
        if blocks == 0 && !state.begins_as_the_standard_says() {
            return Err(wrong);
        }
        Ok(state)
    }
}

impl Sha512State {
    /// Whether the words are those before the first block: a file that fills none has no others,
    /// and what it is signed for could be no file at all.
    fn begins_as_the_standard_says(&self) -> bool {
        let (found, first) = (self.hasher.serialize(), Sha512::new().serialize());
        found
            .iter()
            .take(WORDS_BYTES)
            .eq(first.iter().take(WORDS_BYTES))
    }
}

/// How many bytes after the last whole block.
fn tail_len(total_bytes: u64) -> usize {
    usize::try_from(total_bytes % BLOCK_BYTES as u64).unwrap_or_default()
}

/// A block of SHA-512. The tail is shorter, so that with its length in front it fills one too.
const BLOCK_BYTES: usize = 128;
/// The eight words, as the hasher serialises them: little-endian.
const WORDS_BYTES: usize = 64;
/// The number of whole blocks, as the hasher serialises it.
const COUNTER_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(bytes: &[u8]) -> Sha512State {
        let mut stream = Sha512Stream::new();
        for piece in bytes.chunks(33) {
            stream.update(piece);
        }
        stream.into_state()
    }

    #[test]
    fn a_state_that_crossed_finishes_like_plain_hashing() {
        let file: Vec<u8> = (0..1000_u32).map(|i| i.to_le_bytes()[0]).collect();
        for len in [0, 1, 63, 64, 111, 112, 127, 128, 129, 255, 256, 300, 1000] {
            let state = state_of(&file[..len]);
            let wire = state.to_wire();
            assert_eq!(wire.len(), 72 + len % 128);
            let crossed = Sha512State::from_wire(&wire).unwrap();
            assert_eq!(crossed, state);
            assert_eq!(crossed.total_bytes(), len as u64);
            assert_eq!(crossed.digest()[..], Sha512::digest(&file[..len])[..]);
            let mut longer = file[..len].to_vec();
            longer.extend(b"and the trailer");
            let continued = crossed.continue_with(b"and the trailer");
            assert_eq!(continued[..], Sha512::digest(&longer)[..]);
        }
    }

    #[test]
    fn the_state_of_nothing_holds_the_initial_words_of_the_standard() {
        let wire = state_of(&[]).to_wire();
        assert_eq!(wire[..8], 0x6a09_e667_f3bc_c908_u64.to_be_bytes());
        assert_eq!(wire[64..], [0; 8]);
    }

    #[test]
    fn a_state_with_a_cut_or_lengthened_tail_is_refused() {
        let mut wire = state_of(&[7; 200]).to_wire();
        assert!(Sha512State::from_wire(&wire[..wire.len() - 1]).is_err());
        wire.push(0);
        assert!(Sha512State::from_wire(&wire).is_err());
    }

    #[test]
    fn a_state_of_no_whole_block_has_the_words_of_the_begin() {
        let mut wire = state_of(&[7; 127]).to_wire();
        wire[0] ^= 1;
        assert!(Sha512State::from_wire(&wire).is_err());
        let mut wire = state_of(&[7; 128]).to_wire();
        wire[0] ^= 1;
        assert!(Sha512State::from_wire(&wire).is_ok());
    }
}
