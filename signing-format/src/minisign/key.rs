//! minisign's public keys: a file of two lines, or the second of them alone.

use std::fmt;

use data_encoding::BASE64;
use ed25519_dalek::{SigningKey, VerifyingKey};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::{DecodeError, Reader, Writer};
use thiserror::Error;

use crate::ed25519::key_of;

/// The number of a key: eight random bytes that lead a checker to the right key, and prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinisignKeyId(pub [u8; 8]);

/// A public key with its number. A point of the curve, and not one of the few weak ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinisignPublicKey {
    key_id: MinisignKeyId,
    key: VerifyingKey,
}

/// Why bytes are not a minisign public key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MinisignKeyError {
    /// Neither a file of two lines nor a line of base64.
    #[error("this is not a minisign public key")]
    NotAKey,
    /// The base64 does not hold what it should.
    #[error("the minisign public key is damaged")]
    Damaged(#[source] DecodeError),
    /// The bytes are no Ed25519 key, or a weak one.
    #[error("the minisign public key is not a point that Ed25519 allows as a key")]
    NotAPoint,
}

impl Advice for MinisignKeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAKey => "minisign-key-form",
            Self::Damaged(_) => "minisign-key-damaged",
            Self::NotAPoint => "minisign-key-not-a-point",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was signed and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NotAKey => {
                "Give the .pub file that minisign -G made, or its line that begins with RW."
            }
            Self::Damaged(_) | Self::NotAPoint => {
                "Copy the .pub file again from where the key was made."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotAKey => Exit::Usage,
            Self::Damaged(_) | Self::NotAPoint => Exit::Refused,
        }
    }
}

impl fmt::Display for MinisignKeyId {
    /// As minisign shows it: a little-endian number in hexadecimal, without leading zeros.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:X}", u64::from_le_bytes(self.0))
    }
}

impl MinisignPublicKey {
    /// The key of these 32 bytes with this number.
    ///
    /// # Errors
    /// [`MinisignKeyError::NotAPoint`] when they are no point of the curve, a weak one, or
    /// not its one encoding.
    pub fn from_bytes(key_id: MinisignKeyId, key: &[u8; 32]) -> Result<Self, MinisignKeyError> {
        let key = key_of(key).ok_or(MinisignKeyError::NotAPoint)?;
        Ok(Self { key_id, key })
    }

    /// The public half of a secret key.
    #[must_use]
    pub fn of(key_id: MinisignKeyId, signing_key: &SigningKey) -> Self {
        let key = signing_key.verifying_key();
        Self { key_id, key }
    }

    /// Reads the content of a `.pub` file, or its base64 alone as `minisign -P` takes it. What
    /// the comment says is not kept: anybody can change it.
    ///
    /// # Errors
    /// [`MinisignKeyError`], per variant.
    pub fn parse(text: &str) -> Result<Self, MinisignKeyError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(MinisignKeyError::NotAKey);
        }
        let mut lines = text.lines();
        let first = lines.next().ok_or(MinisignKeyError::NotAKey)?;
        let base64 = match first.strip_prefix(COMMENT_PREFIX) {
            Some(_) => lines.next().ok_or(MinisignKeyError::NotAKey)?,
            None => first,
        };
        if lines.next().is_some() {
            return Err(MinisignKeyError::NotAKey);
        }
        let bytes = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| MinisignKeyError::NotAKey)?;
        let (key_id, key) = read(&bytes).map_err(MinisignKeyError::Damaged)?;
        Self::from_bytes(key_id, &key)
    }

    /// `base64("Ed" || key id || key)`: 56 characters, as `minisign -P` takes it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        let mut writer = Writer::new();
        writer
            .put(ALGORITHM)
            .put(&self.key_id.0)
            .put(self.as_bytes());
        BASE64.encode(&writer.into_bytes())
    }

    /// The `.pub` file, byte for byte as `minisign -G` writes it.
    #[must_use]
    pub fn to_file(&self) -> String {
        let (key_id, base64) = (self.key_id, self.to_base64());
        format!("{COMMENT_PREFIX}minisign public key {key_id}\n{base64}\n")
    }

    /// The key's number.
    #[must_use]
    pub fn key_id(&self) -> MinisignKeyId {
        self.key_id
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The key itself, for verifying.
    pub(super) fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }
}

fn read(bytes: &[u8]) -> Result<(MinisignKeyId, [u8; 32]), DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.take_array("type of the minisign key")? != *ALGORITHM {
        return Err(DecodeError::Unknown {
            what: "type of the minisign key",
        });
    }
    let key_id = MinisignKeyId(reader.take_array("number of the minisign key")?);
    let key = reader.take_array("minisign key")?;
    reader.finish("minisign public key")?;
    Ok((key_id, key))
}

/// What the first line of each of minisign's files begins with.
pub(super) const COMMENT_PREFIX: &str = "untrusted comment: ";
/// Ed25519, as minisign names it in keys.
const ALGORITHM: &[u8; 2] = b"Ed";
/// Longest file: a comment at minisign's limit and the key.
const FILE_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MinisignPublicKey {
        let key_id = MinisignKeyId([6, 0xf8, 0x3b, 0x2c, 0xf8, 0xc0, 0x8a, 0]);
        MinisignPublicKey::of(key_id, &SigningKey::from_bytes(&[7; 32]))
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_from_its_base64_alone() {
        let file = key().to_file();
        assert!(file.starts_with("untrusted comment: minisign public key 8AC0F82C3BF806\n"));
        assert_eq!(MinisignPublicKey::parse(&file), Ok(key()));
        assert_eq!(MinisignPublicKey::parse(&key().to_base64()), Ok(key()));
        let windows = file.replace('\n', "\r\n");
        assert_eq!(MinisignPublicKey::parse(&windows), Ok(key()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let base64 = key().to_base64();
        for text in [
            String::new(),
            "untrusted comment: x\n".to_owned(),
            format!("{base64}\n{base64}\n"),
            format!("untrusted comment: x\n{base64}\nmore\n"),
            format!("{base64}="),
            "x".repeat(FILE_BYTES_MAX + 1),
        ] {
            let read = MinisignPublicKey::parse(&text);
            assert_eq!(read, Err(MinisignKeyError::NotAKey), "{text}");
        }
        let bytes = BASE64.decode(base64.as_bytes()).unwrap();
        let mut other = bytes.clone();
        other[0] = b'X';
        for damaged in [&bytes[..41], &[bytes.as_slice(), &[0]].concat(), &other] {
            let read = MinisignPublicKey::parse(&BASE64.encode(damaged));
            assert!(matches!(read, Err(MinisignKeyError::Damaged(_))));
        }
        let mut weak = bytes[..10].to_vec();
        weak.extend([0; 32]);
        let read = MinisignPublicKey::parse(&BASE64.encode(&weak));
        assert_eq!(read, Err(MinisignKeyError::NotAPoint));
    }
}
