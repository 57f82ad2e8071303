//! The one reader and the one writer of binary fields. Integers are big-endian.
//!
//! A [`Reader`] never reads past its slice, never allocates more than the slice holds, and
//! [`Reader::finish`] refuses trailing bytes, so that each value has exactly one encoding.

use thiserror::Error;

/// Why bytes are not a value of the format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends before the field does.
    #[error("{what}: the data ends too early")]
    Truncated {
        /// The field that was being read.
        what: &'static str,
    },
    /// Bytes follow the last field.
    #[error("{what}: {extra_bytes} bytes follow the end")]
    TrailingBytes {
        /// The structure that was being read.
        what: &'static str,
        /// How many bytes are left over.
        extra_bytes: usize,
    },
    /// A length or count is over its limit. It is checked before anything is allocated.
    #[error("{what}: {found} is over the limit of {limit}")]
    OverLimit {
        /// The field.
        what: &'static str,
        /// The value that was found.
        found: u64,
        /// The largest value allowed.
        limit: u64,
    },
    /// A field holds a value that the format does not define.
    #[error("{what}: not a value this version knows")]
    Unknown {
        /// The field.
        what: &'static str,
    },
    /// A field is well-formed but against a rule of the format.
    #[error("{what}")]
    Rule {
        /// The rule, said as what is wrong.
        what: &'static str,
    },
}

/// Reads fields off the front of a byte slice.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader over all of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] when fewer are left.
    pub fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated { what })?;
        self.rest = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] when fewer are left.
    pub fn take_array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated { what })?;
        self.rest = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.take_array::<1>(what).map(|[byte]| byte)
    }

    /// A big-endian `u16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.take_array(what).map(u16::from_be_bytes)
    }

    /// A big-endian `u32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.take_array(what).map(u32::from_be_bytes)
    }

    /// A big-endian `u64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.take_array(what).map(u64::from_be_bytes)
    }

    /// A `u32` count of at most `limit`, returned as `usize`.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] above `limit`; [`DecodeError::Truncated`] at the end.
    pub fn count(&mut self, limit: u32, what: &'static str) -> Result<usize, DecodeError> {
        let found = self.count_u32(limit, what)?;
        usize::try_from(found).map_err(|_| DecodeError::Rule { what })
    }

    /// An integer in groups of seven bits, the lowest first, the high bit set on all but the last
    /// (unsigned LEB128).
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; [`DecodeError::Rule`] for more than 64 bits or for an integer
    /// that has a shorter encoding.
    pub fn varint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let not_shortest = DecodeError::Rule {
            what: "an integer is not in its shortest form",
        };
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8(what)?;
            let group = u64::from(byte & 0x7f);
            let shifted = group << shift;
            if shifted >> shift != group || (byte == 0 && shift > 0) {
                return Err(not_shortest);
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(not_shortest)
    }

    /// A `u32` count or length of at most `limit`.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] above `limit`; [`DecodeError::Truncated`] at the end.
    pub fn count_u32(&mut self, limit: u32, what: &'static str) -> Result<u32, DecodeError> {
        let found = self.u32(what)?;
        if found > limit {
            return Err(DecodeError::OverLimit {
                what,
                found: u64::from(found),
                limit: u64::from(limit),
            });
        }
        Ok(found)
    }

    /// UTF-8 text with a `u16` length in front, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`], [`DecodeError::Truncated`], or [`DecodeError::Rule`] when the
    /// bytes are not UTF-8.
    pub fn text(&mut self, limit: u16, what: &'static str) -> Result<&'a str, DecodeError> {
        let len = self.u16(what)?;
        if len > limit {
            return Err(DecodeError::OverLimit {
                what,
                found: u64::from(len),
                limit: u64::from(limit),
            });
        }
        let bytes = self.take(usize::from(len), what)?;
        std::str::from_utf8(bytes).map_err(|_| DecodeError::Rule {
            what: "text is not UTF-8",
        })
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// All the bytes that are left, for a field that runs to the end.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] when bytes are left.
    pub fn finish(self, what: &'static str) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            extra_bytes => Err(DecodeError::TrailingBytes { what, extra_bytes }),
        }
    }
}

/// Appends fields to a byte vector; the mirror image of [`Reader`].
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends raw bytes.
    pub fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.put(&[value])
    }

    /// Appends a big-endian `u16`.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    /// Appends a big-endian `u32`.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    /// Appends a big-endian `u64`.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    /// Appends an integer as [`Reader::varint`] reads it, in 1 to 10 bytes.
    pub fn varint(&mut self, value: u64) -> &mut Self {
        let mut rest = value;
        loop {
            let [group, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.u8(group & 0x7f);
            }
            self.u8(group | 0x80);
        }
    }

    /// Appends a count as `u32`. Counts beyond `u32` cannot be written: every list of the format
    /// has a limit far below, so the value saturates and the reader refuses it.
    pub fn count(&mut self, value: usize) -> &mut Self {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Appends text with a `u16` length; longer text is cut by the caller's own limit, and a
    /// length that does not fit saturates, which the reader refuses.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.put(value.as_bytes())
    }

    /// The bytes written so far.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A type with exactly one encoding.
pub trait Wire: Sized {
    /// The name used in errors.
    const WHAT: &'static str;

    /// Appends the encoding.
    fn write(&self, writer: &mut Writer);

    /// Reads one value and leaves what follows it.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The encoding on its own.
    fn to_wire(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write(&mut writer);
        writer.into_bytes()
    }

    /// Reads a value that fills `bytes` exactly.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    fn from_wire(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::read(&mut reader)?;
        reader.finish(Self::WHAT)?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bytes_are_refused() {
        let reader = Reader::new(&[1]);
        assert_eq!(
            reader.finish("thing"),
            Err(DecodeError::TrailingBytes {
                what: "thing",
                extra_bytes: 1
            })
        );
    }

    #[test]
    fn a_count_over_its_limit_is_refused_before_anything_is_read() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(
            reader.count(10, "list"),
            Err(DecodeError::OverLimit { .. })
        ));
    }

    #[test]
    fn an_integer_has_one_encoding() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut writer = Writer::new();
            writer.varint(value);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint("number"), Ok(value));
            assert_eq!(reader.finish("number"), Ok(()));
        }
        let long = [0xff; 10];
        for wrong in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00], &long] {
            assert!(matches!(
                Reader::new(wrong).varint("number"),
                Err(DecodeError::Rule { .. })
            ));
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let mut reader = Reader::new(&[0, 1, 0xff]);
        assert!(matches!(
            reader.text(8, "name"),
            Err(DecodeError::Rule { .. })
        ));
    }
}
