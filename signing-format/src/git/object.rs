//! Objects and their ids: `id = H(kind || " " || decimal length || NUL || bytes)`.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::limits::OBJECT_BYTES_MAX;

/// Which hash names the objects of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectFormat {
    /// SHA-1: ids of 20 bytes. Attempted collisions are detected and refused.
    Sha1,
    /// SHA-256: ids of 32 bytes.
    Sha256,
}

impl ObjectFormat {
    /// How many bytes an id has.
    #[must_use]
    pub fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The commit header that holds the signature of an object of this format.
    #[must_use]
    pub fn signature_header(self) -> &'static str {
        match self {
            Self::Sha1 => "gpgsig",
            Self::Sha256 => "gpgsig-sha256",
        }
    }

    /// The name that git gives it: `sha1` or `sha256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

impl fmt::Display for ObjectFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// As one byte: 1 is SHA-1, 2 is SHA-256.
impl Wire for ObjectFormat {
    const WHAT: &'static str = "object format";

    fn write(&self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8(Self::WHAT)? {
            1 => Ok(Self::Sha1),
            2 => Ok(Self::Sha256),
            _ => Err(DecodeError::Unknown { what: Self::WHAT }),
        }
    }
}

/// The name of an object: the hash of its kind, length and bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    format: ObjectFormat,
    // Of a SHA-1 id the last twelve bytes are zero.
    bytes: [u8; 32],
}

impl ObjectId {
    /// An id from its raw bytes.
    ///
    /// # Errors
    /// [`ObjectError::IdLength`] when the number of bytes is not that of the format.
    pub fn from_bytes(format: ObjectFormat, raw: &[u8]) -> Result<Self, ObjectError> {
        let wrong_length = || ObjectError::IdLength {
            expected_bytes: format.id_len(),
            found_bytes: raw.len(),
        };
        let mut bytes = [0; 32];
        if raw.len() != format.id_len() {
            return Err(wrong_length());
        }
        bytes
            .get_mut(..raw.len())
            .ok_or_else(wrong_length)?
            .copy_from_slice(raw);
        Ok(Self { format, bytes })
    }

    /// An id of the given format from lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`ObjectError::IdDigits`] or [`ObjectError::IdLength`].
    pub fn from_hex(format: ObjectFormat, hex: &[u8]) -> Result<Self, ObjectError> {
        let raw = HEXLOWER.decode(hex).map_err(|_| ObjectError::IdDigits)?;
        Self::from_bytes(format, &raw)
    }

    /// The format that it belongs to.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The raw bytes, 20 or 32.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.format.id_len())
            .unwrap_or(&self.bytes)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(self.as_bytes()))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Forty digits are a SHA-1 id, sixty-four a SHA-256 id.
impl FromStr for ObjectId {
    type Err = ObjectError;

    fn from_str(hex: &str) -> Result<Self, ObjectError> {
        let format = if hex.len() == 64 {
            ObjectFormat::Sha256
        } else {
            ObjectFormat::Sha1
        };
        Self::from_hex(format, hex.as_bytes())
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
    /// A directory.
    Tree,
    /// The bytes of a file or the target of a symbolic link.
    Blob,
}

impl ObjectKind {
    /// The name that git gives it, which is part of what is hashed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tag, Self::Tree, Self::Blob]
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// As one byte, with the numbers that git's packs use: 1 commit, 2 tree, 3 blob, 4 tag.
impl Wire for ObjectKind {
    const WHAT: &'static str = "object kind";

    fn write(&self, writer: &mut Writer) {
        writer.u8(match self {
            Self::Commit => 1,
            Self::Tree => 2,
            Self::Blob => 3,
            Self::Tag => 4,
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8(Self::WHAT)? {
            1 => Ok(Self::Commit),
            2 => Ok(Self::Tree),
            3 => Ok(Self::Blob),
            4 => Ok(Self::Tag),
            _ => Err(DecodeError::Unknown { what: Self::WHAT }),
        }
    }
}

/// The bytes of an object as `git cat-file KIND ID` prints them. Nothing is parsed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct RawObject {
    kind: ObjectKind,
    bytes: Vec<u8>,
}

impl RawObject {
    /// An object of at most [`OBJECT_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`].
    pub fn new(kind: ObjectKind, bytes: Vec<u8>) -> Result<Self, ObjectError> {
        match u32::try_from(bytes.len()) {
            Ok(len) if len <= OBJECT_BYTES_MAX => Ok(Self { kind, bytes }),
            _ => Err(ObjectError::TooLarge {
                found_bytes: bytes.len(),
            }),
        }
    }

    /// What it is said to be. The id covers it.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// `id = H(kind || " " || decimal length || NUL || bytes)`.
    ///
    /// # Errors
    /// [`ObjectError::Collision`] when the bytes are one half of a SHA-1 collision: two objects
    /// would share the id, and a signature over one would be a signature over the other.
    pub fn id(&self, format: ObjectFormat) -> Result<ObjectId, ObjectError> {
        let frame = format!("{} {}\0", self.kind.name(), self.bytes.len());
        match format {
            ObjectFormat::Sha1 => {
                let mut hasher = sha1_checked::Sha1::new();
                sha1_checked::Digest::update(&mut hasher, frame.as_bytes());
                sha1_checked::Digest::update(&mut hasher, &self.bytes);
                let result = hasher.try_finalize();
                if result.has_collision() {
                    return Err(ObjectError::Collision);
                }
                ObjectId::from_bytes(format, result.hash())
            }
            ObjectFormat::Sha256 => {
                let mut hasher = Sha256::new();
                hasher.update(frame.as_bytes());
                hasher.update(&self.bytes);
                ObjectId::from_bytes(format, &hasher.finalize())
            }
        }
    }
}

impl fmt::Debug for RawObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} bytes", self.kind, self.bytes.len())
    }
}

/// The bytes behind a `u32` length, after the kind.
impl Wire for RawObject {
    const WHAT: &'static str = "git object";

    fn write(&self, writer: &mut Writer) {
        self.kind.write(writer);
        writer.count(self.bytes.len()).put(&self.bytes);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = ObjectKind::read(reader)?;
        let len = reader.count(OBJECT_BYTES_MAX, "length of a git object")?;
        let bytes = reader.take(len, Self::WHAT)?.to_vec();
        Ok(Self { kind, bytes })
    }
}

/// Why bytes are not an object or not an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The object is larger than any that is taken.
    #[error("a git object of {found_bytes} bytes is over the limit of {OBJECT_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        found_bytes: usize,
    },
    /// The bytes were made so that another object has the same SHA-1 id.
    #[error("the bytes of the git object are an attempted collision of SHA-1")]
    Collision,
    /// The id has another length than ids of the format have.
    #[error("a git object id of {found_bytes} bytes, not {expected_bytes}")]
    IdLength {
        /// The length of ids of the format.
        expected_bytes: usize,
        /// The length that was found.
        found_bytes: usize,
    },
    /// The id is not written in lower-case hexadecimal digits.
    #[error("a git object id that is not lower-case hexadecimal digits")]
    IdDigits,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: &[u8]) -> RawObject {
        RawObject::new(ObjectKind::Blob, bytes.to_vec()).unwrap()
    }

    #[test]
    fn the_empty_blob_has_the_ids_that_git_gives_it() {
        assert_eq!(
            blob(b"").id(ObjectFormat::Sha1).unwrap().to_string(),
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        );
        assert_eq!(
            blob(b"").id(ObjectFormat::Sha256).unwrap().to_string(),
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
        );
    }

    #[test]
    fn the_kind_is_part_of_the_id() {
        let tree = RawObject::new(ObjectKind::Tree, Vec::new()).unwrap();
        assert_ne!(
            tree.id(ObjectFormat::Sha1).unwrap(),
            blob(b"").id(ObjectFormat::Sha1).unwrap()
        );
    }

    #[test]
    fn ids_are_read_back_from_their_digits() {
        for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
            let id = blob(b"x").id(format).unwrap();
            assert_eq!(id.to_string().parse::<ObjectId>(), Ok(id));
        }
    }

    #[test]
    fn rejects_ids_in_capitals_and_of_other_lengths() {
        let capitals = "E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391";
        assert_eq!(capitals.parse::<ObjectId>(), Err(ObjectError::IdDigits));
        assert!(matches!(
            "e69d".parse::<ObjectId>(),
            Err(ObjectError::IdLength { found_bytes: 2, .. })
        ));
        assert!(ObjectId::from_bytes(ObjectFormat::Sha256, &[0; 20]).is_err());
    }

    #[test]
    fn rejects_an_object_over_the_limit() {
        let bytes = vec![0; usize::try_from(OBJECT_BYTES_MAX).unwrap() + 1];
        assert!(matches!(
            RawObject::new(ObjectKind::Blob, bytes),
            Err(ObjectError::TooLarge { .. })
        ));
    }
}
