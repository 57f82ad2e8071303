//! Names that members give: of a space, of themselves, of compartments.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Writer};
use pack_format::shown::is_hidden;

use crate::limits::NAME_BYTES_MAX;

/// A name of 1 to [`NAME_BYTES_MAX`] bytes, without hidden characters and without white space at
/// an end. It is a claim of whoever gave it: two members may choose one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn new(text: &str) -> Result<Self, DecodeError> {
        if text.len() > usize::from(NAME_BYTES_MAX) {
            return Err(DecodeError::OverLimit {
                what: "name",
                found: text.len() as u64,
                limit: u64::from(NAME_BYTES_MAX),
            });
        }
        if text.is_empty() || text.trim() != text || text.chars().any(is_hidden) {
            return Err(DecodeError::Rule {
                what: "a name is empty, has hidden characters or white space at an end",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends it.
    pub fn write(&self, writer: &mut Writer) {
        writer.text(&self.0);
    }

    /// Reads and checks one.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(reader.text(NAME_BYTES_MAX, "name")?)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
