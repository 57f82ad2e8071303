//! The two comments of a signature file: one that is signed, one that is not.

use std::fmt;

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

/// A comment that is signed along with the file: one line, at most
/// [`TRUSTED_COMMENT_BYTES_MAX`] bytes of UTF-8, no control character but the tab, which minisign
/// itself uses. It can hold direction marks: who shows it escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedComment(String);

/// A comment that anybody can change: one line, at most [`UNTRUSTED_COMMENT_BYTES_MAX`] bytes of
/// UTF-8, no control character but the tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedComment(String);

/// Why a text is not a comment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommentError {
    /// More than minisign reads.
    #[error("the comment has {found} bytes, more than {limit}")]
    Long {
        /// How many there are.
        found: usize,
        /// How many minisign reads.
        limit: usize,
    },
    /// A line end, or a character that steers a terminal.
    #[error("the comment holds the control character U+{:04X}", u32::from(*found))]
    Control {
        /// The first one.
        found: char,
    },
}

impl Advice for CommentError {
    fn code(&self) -> &'static str {
        match self {
            Self::Long { .. } => "minisign-comment-long",
            Self::Control { .. } => "minisign-comment-control",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was signed and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        "Use a comment of one line of plain text.".to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl TrustedComment {
    /// Checks a comment.
    ///
    /// # Errors
    /// [`CommentError`], per variant.
    pub fn new(text: &str) -> Result<Self, CommentError> {
        checked(text, TRUSTED_COMMENT_BYTES_MAX).map(Self)
    }

    /// What minisign writes when nobody says anything: the time and the file's name.
    ///
    /// # Errors
    /// [`CommentError`] when the name of the file does not fit into a comment.
    pub fn of_file(signed_at_secs: u64, file_name: &str) -> Result<Self, CommentError> {
        Self::new(&format!(
            "timestamp:{signed_at_secs}\tfile:{file_name}\thashed"
        ))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UntrustedComment {
    /// Checks a comment.
    ///
    /// # Errors
    /// [`CommentError`], per variant.
    pub fn new(text: &str) -> Result<Self, CommentError> {
        checked(text, UNTRUSTED_COMMENT_BYTES_MAX).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for UntrustedComment {
    /// What minisign writes when nobody says anything.
    fn default() -> Self {
        Self("signature from minisign secret key".to_owned())
    }
}

impl fmt::Display for TrustedComment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for UntrustedComment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn checked(text: &str, limit: usize) -> Result<String, CommentError> {
    if text.len() > limit {
        let found = text.len();
        return Err(CommentError::Long { found, limit });
    }
    match text.chars().find(|ch| ch.is_control() && *ch != '\t') {
        Some(found) => Err(CommentError::Control { found }),
        None => Ok(text.to_owned()),
    }
}

/// Longest trusted comment: minisign reads a line of 8,192 bytes with its mark, line end and NUL.
pub const TRUSTED_COMMENT_BYTES_MAX: usize = 8173;
/// Longest untrusted comment: minisign reads a line of 1,024 bytes with the same around it.
pub const UNTRUSTED_COMMENT_BYTES_MAX: usize = 1003;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line_without_control_characters_but_tabs() {
        assert!(TrustedComment::new("").is_ok());
        let default = TrustedComment::of_file(1_700_000_000, "a b").unwrap();
        assert_eq!(default.as_str(), "timestamp:1700000000\tfile:a b\thashed");
        for found in ['\n', '\r', '\0', '\u{1b}', '\u{7f}', '\u{9b}'] {
            let expected = Err(CommentError::Control { found });
            assert_eq!(TrustedComment::new(&format!("a{found}b")), expected);
        }
    }

    #[test]
    fn a_comment_longer_than_minisign_reads_is_refused() {
        assert!(TrustedComment::new(&"x".repeat(8173)).is_ok());
        assert!(UntrustedComment::new(&"x".repeat(1003)).is_ok());
        assert_eq!(
            TrustedComment::new(&"x".repeat(8174)),
            Err(CommentError::Long {
                found: 8174,
                limit: 8173
            })
        );
        assert!(UntrustedComment::new(&"x".repeat(1004)).is_err());
    }
}
