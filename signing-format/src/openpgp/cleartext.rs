//! The cleartext signature framework (RFC 9580, 7): a text and its signature in one file.
//!
//! The framework does not sign every text as it is: it drops what people cannot see. Such texts
//! are refused, so that what was shown, what was signed and what arrives are the same bytes.

use std::str::Utf8Error;

use thiserror::Error;

use super::limits::{CLEARTEXT_BYTES_MAX, CLEARTEXT_LINE_BYTES_MAX};

/// A text cannot have a cleartext signature over exactly its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CleartextError {
    /// Nothing to sign.
    #[error("the text is empty")]
    Empty,
    /// Larger than anybody reads.
    #[error("the text has {found_bytes} bytes, more than {CLEARTEXT_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        found_bytes: usize,
    },
    /// Not text.
    #[error("the text is not UTF-8")]
    NotUtf8(#[source] Utf8Error),
    /// Holds an octet that ends texts in many programs.
    #[error("line {line} holds a NUL character")]
    Nul {
        /// Counted from 1.
        line: usize,
    },
    /// The signature does not cover which line ends a text has.
    #[error("line {line} holds a carriage return, which a cleartext signature does not cover")]
    CarriageReturn {
        /// Counted from 1.
        line: usize,
    },
    /// The signature does not cover spaces and tabs at the end of a line.
    #[error("line {line} ends in white space, which a cleartext signature does not cover")]
    TrailingWhiteSpace {
        /// Counted from 1.
        line: usize,
    },
    /// GnuPG cuts such a line.
    #[error("line {line} has more than {CLEARTEXT_LINE_BYTES_MAX} bytes")]
    LongLine {
        /// Counted from 1.
        line: usize,
    },
    /// The framework would add the line end.
    #[error("the last line does not end, and a cleartext signature would end it")]
    NoFinalLineEnd,
}

/// A text that a cleartext signature covers to the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleartext<'a> {
    text: &'a str,
}

impl<'a> Cleartext<'a> {
    /// Checks the text: UTF-8, lines that end in a line feed, and nothing that the signature would
    /// not cover.
    ///
    /// # Errors
    /// [`CleartextError`] says what and where.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CleartextError> {
        if bytes.is_empty() {
            return Err(CleartextError::Empty);
        }
        if bytes.len() > CLEARTEXT_BYTES_MAX {
            return Err(CleartextError::TooLarge {
                found_bytes: bytes.len(),
            });
        }
        let text = std::str::from_utf8(bytes).map_err(CleartextError::NotUtf8)?;
        let body = text.strip_suffix('\n');
        for (index, content) in body.unwrap_or(text).split('\n').enumerate() {
            check_line(index + 1, content)?;
        }
        match body {
            Some(_) => Ok(Self { text }),
            None => Err(CleartextError::NoFinalLineEnd),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// What is hashed: lines joined by CR LF, without the last line end, which belongs to the
    /// signature's armour (RFC 9580, 7.2).
    #[must_use]
    pub fn hash_bytes(&self) -> Vec<u8> {
        self.body().replace('\n', "\r\n").into_bytes()
    }

    /// The text and its armoured signature in one file.
    #[must_use]
    pub fn signed(&self, armored_signature: &str) -> Vec<u8> {
        let mut file = String::from("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n");
        for line in self.body().split('\n') {
            // A line with "From " is what mail programs change.
            if line.starts_with('-') || line.starts_with("From ") {
                file.push_str("- ");
            }
            file.push_str(line);
            file.push('\n');
        }
        file.push_str(armored_signature);
        file.into_bytes()
    }

    fn body(&self) -> &'a str {
        self.text.strip_suffix('\n').unwrap_or(self.text)
    }
}

fn check_line(line: usize, content: &str) -> Result<(), CleartextError> {
    if content.contains('\0') {
        Err(CleartextError::Nul { line })
    } else if content.contains('\r') {
        Err(CleartextError::CarriageReturn { line })
    } else if content.ends_with([' ', '\t']) {
        Err(CleartextError::TrailingWhiteSpace { line })
    } else if content.len() > CLEARTEXT_LINE_BYTES_MAX {
        Err(CleartextError::LongLine { line })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_dash_are_escaped_in_the_file_and_not_in_the_hash() {
        let text = Cleartext::parse(b"- a\n\nb\n-----BEGIN\n").unwrap();
        assert_eq!(text.hash_bytes(), b"- a\r\n\r\nb\r\n-----BEGIN");
        assert_eq!(
            text.signed("ARMOR\n"),
            b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\
              - - a\n\nb\n- -----BEGIN\nARMOR\n"
        );
    }

    #[test]
    fn texts_that_the_framework_would_change_are_refused() {
        use CleartextError as E;
        assert_eq!(Cleartext::parse(b""), Err(E::Empty));
        assert_eq!(Cleartext::parse(b"a\n\0b\n"), Err(E::Nul { line: 2 }));
        let cr = Err(E::CarriageReturn { line: 1 });
        assert_eq!(Cleartext::parse(b"a\r\nb\r\n"), cr);
        assert_eq!(Cleartext::parse(b"a\rb\n"), cr);
        let white = Err(E::TrailingWhiteSpace { line: 2 });
        assert_eq!(Cleartext::parse(b"a\nb \n"), white);
        assert_eq!(Cleartext::parse(b"a\n\t\n"), white);
        assert_eq!(Cleartext::parse(b"a\nb"), Err(E::NoFinalLineEnd));
        assert!(matches!(Cleartext::parse(b"\xff\n"), Err(E::NotUtf8(_))));
        let long = [vec![b'x'; CLEARTEXT_LINE_BYTES_MAX + 1], b"\n".to_vec()].concat();
        assert_eq!(Cleartext::parse(&long), Err(E::LongLine { line: 1 }));
        let large = vec![b'\n'; CLEARTEXT_BYTES_MAX + 1];
        assert!(matches!(Cleartext::parse(&large), Err(E::TooLarge { .. })));
    }
}
