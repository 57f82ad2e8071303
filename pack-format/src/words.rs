//! Words that people read aloud and type: fingerprints and pairing codes.
//!
//! The list is BIP 39's English one: 2,048 words, 11 bits each, no two with the same first four
//! letters. The scheme is ours: spec/pack.md, "Words".

use bip39::Language;
use thiserror::Error;
use zeroize::Zeroize as _;

use crate::secret::Secret32;

/// Words in a fingerprint: 88 bits.
pub const FINGERPRINT_WORDS: usize = 8;
/// Words in a pairing code: 128 bits of secret and 15 of checksum.
pub const PAIRING_WORDS: usize = 13;

const BITS_PER_WORD: usize = 11;
const CHECKSUM_BITS: u32 = 15;

/// Why typed words are not a pairing code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordsError {
    /// Too few or too many words.
    #[error("{found} words were typed where {expected} belong")]
    Count {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A word is not on the list.
    #[error("word {position} is not one of the list")]
    NotOnList {
        /// The word's place, from 1.
        position: usize,
    },
    /// All words are on the list, but they are not a code that was ever shown.
    #[error("the words do not belong together")]
    Checksum,
}

/// `fingerprint words = first 88 bits of fingerprint`, 11 bits a word.
#[must_use]
pub fn fingerprint_words(fingerprint: &[u8; 32]) -> Vec<&'static str> {
    words_of(fingerprint, FINGERPRINT_WORDS)
}

/// Splits typed text into words as people type them: any white space, commas or hyphens between,
/// any case.
#[must_use]
pub fn split_words(text: &str) -> Vec<String> {
    text.split(|ch: char| ch.is_whitespace() || matches!(ch, ',' | '-' | '.'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A pairing code: 16 random bytes that two machines share because a person carried them.
pub struct PairingCode(Secret32);

impl PairingCode {
    /// A code from 16 random bytes.
    #[must_use]
    pub fn new(mut random: [u8; 16]) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(random) {
            *to = from;
        }
        random.zeroize();
        Self(Secret32::new(bytes))
    }

    /// The thirteen words to show, once, to the person who types them on the other machine.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        let mut bits = [0_u8; 18];
        let secret = self.0.expose().iter().take(16);
        for (to, from) in bits
            .iter_mut()
            .zip(secret.chain(&checksum(self.0.expose())))
        {
            *to = *from;
        }
        let words = words_of(&bits, PAIRING_WORDS);
        bits.zeroize();
        words
    }

    /// Reads typed words.
    ///
    /// # Errors
    /// [`WordsError::Count`], [`WordsError::NotOnList`], [`WordsError::Checksum`].
    pub fn from_words(text: &str) -> Result<Self, WordsError> {
        let words = split_words(text);
        if words.len() != PAIRING_WORDS {
            return Err(WordsError::Count {
                expected: PAIRING_WORDS,
                found: words.len(),
            });
        }
        let mut accumulator: u32 = 0;
        let mut pending_bits = 0;
        let mut bytes = Vec::with_capacity(18);
        for (position, word) in (1..).zip(&words) {
            let index = Language::English
                .find_word(word)
                .ok_or(WordsError::NotOnList { position })?;
            accumulator = accumulator << BITS_PER_WORD | u32::from(index);
            pending_bits += BITS_PER_WORD;
            while pending_bits >= 8 {
                pending_bits -= 8;
                bytes.push(((accumulator >> pending_bits) & 0xff) as u8);
            }
        }
        // 143 bits: 17 whole bytes and the top 7 bits of the last.
        bytes.push(((accumulator << 1) & 0xff) as u8);
        let (secret, check) = bytes
            .split_first_chunk::<16>()
            .ok_or(WordsError::Checksum)?;
        let code = Self::new(*secret);
        let right = check == checksum(code.0.expose());
        bytes.zeroize();
        if right {
            Ok(code)
        } else {
            Err(WordsError::Checksum)
        }
    }

    /// `pairing root = BLAKE3-derive-key("causeway/pairing/v1 root", code)`.
    #[must_use]
    pub fn root(&self) -> Secret32 {
        let secret = self
            .0
            .expose()
            .first_chunk::<16>()
            .copied()
            .unwrap_or_default();
        Secret32::new(blake3::derive_key("causeway/pairing/v1 root", &secret))
    }
}

/// 15 bits of `BLAKE3-derive-key("causeway/pairing/v1 checksum", code)`, left-aligned.
fn checksum(secret: &[u8; 32]) -> [u8; 2] {
    let code = secret.first_chunk::<16>().copied().unwrap_or_default();
    let hash = blake3::derive_key("causeway/pairing/v1 checksum", &code);
    let first = hash.first_chunk::<2>().copied().unwrap_or_default();
    let kept = u16::from_be_bytes(first) & (u16::MAX << (16 - CHECKSUM_BITS));
    kept.to_be_bytes()
}

/// The first `count` groups of 11 bits as words; `bytes` holds at least that many bits.
fn words_of(bytes: &[u8], count: usize) -> Vec<&'static str> {
    let list = Language::English.word_list();
    let bit = |at: usize| {
        let byte = bytes.get(at / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - at % 8) & 1)
    };
    (0..count)
        .map(|word| {
            let first = word * BITS_PER_WORD;
            let index = (first..first + BITS_PER_WORD).fold(0, |sum, at| sum << 1 | bit(at));
            list.get(index).copied().unwrap_or_default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pairing_code_survives_being_read_aloud_and_typed(secret: [u8; 16]) {
            let shown = PairingCode::new(secret);
            let typed = shown.words().join(", ").to_uppercase();
            let read = PairingCode::from_words(&typed).unwrap();
            let (read, shown) = (read.root(), shown.root());
            prop_assert_eq!(read.expose(), shown.expose());
        }
    }

    #[test]
    fn one_wrong_word_in_a_pairing_code_is_noticed() {
        let words = PairingCode::new([42; 16]).words();
        for at in 0..PAIRING_WORDS {
            let mut typed = words.clone();
            typed[at] = if typed[at] == "zoo" { "abandon" } else { "zoo" };
            assert_eq!(
                PairingCode::from_words(&typed.join(" ")).err(),
                Some(WordsError::Checksum),
                "word {at}"
            );
        }
    }

    #[test]
    fn a_misspelt_word_is_named_by_its_place() {
        let mut words = PairingCode::new([42; 16]).words();
        words[3] = "abandonn";
        assert_eq!(
            PairingCode::from_words(&words.join(" ")).err(),
            Some(WordsError::NotOnList { position: 4 })
        );
    }

    #[test]
    fn a_missing_word_is_counted() {
        let words = PairingCode::new([42; 16]).words();
        assert_eq!(
            PairingCode::from_words(&words[1..].join(" ")).err(),
            Some(WordsError::Count {
                expected: 13,
                found: 12
            })
        );
    }
}
