//! The title of a note.

use std::fmt;

use pack_format::codec::DecodeError;
use pack_format::shown::is_hidden;

use crate::limits::TITLE_BYTES_MAX;
use crate::wire::{In, Out};

/// A title of 1 to [`TITLE_BYTES_MAX`] bytes, without hidden characters and without white space at
/// an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(Box<str>);

impl Title {
    /// Checks and takes a title.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn new(text: &str) -> Result<Self, DecodeError> {
        if text.len() > TITLE_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "title",
                found: text.len() as u64,
                limit: TITLE_BYTES_MAX as u64,
            });
        }
        if text.is_empty() || text.trim() != text || text.chars().any(is_hidden) {
            return Err(DecodeError::Rule {
                what: "a title is empty, has hidden characters or white space at an end",
            });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn write(&self, out: &mut Out<'_>) {
        out.text(&self.0);
    }

    pub(crate) fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Self::new(input.text(TITLE_BYTES_MAX, "title")?)
    }
}

impl fmt::Display for Title {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
