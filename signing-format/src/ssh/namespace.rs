//! What a signature is for: SSHSIG signs the purpose along with the message.

use std::fmt;

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

/// The purpose of a signature: `git` for commits and tags, `file` for files, or a name with the
/// domain of who uses it (`name@example.org`).
///
/// Never empty, at most [`NAMESPACE_CHARS_MAX`] characters, all of them visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);

/// Why a text is not a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// Nothing between the quotes.
    #[error("the namespace is empty")]
    Empty,
    /// More than the limit.
    #[error("the namespace has {found} characters, more than {NAMESPACE_CHARS_MAX}")]
    Long {
        /// How many there are.
        found: usize,
    },
    /// A space, a control character or a letter beyond ASCII.
    #[error("the namespace holds the character U+{:04X}", u32::from(*found))]
    Character {
        /// The first one.
        found: char,
    },
}

impl Advice for NamespaceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "ssh-namespace-empty",
            Self::Long { .. } => "ssh-namespace-long",
            Self::Character { .. } => "ssh-namespace-character",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was signed and nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        "Use a namespace like git, file or name@example.org: letters, digits and signs without \
         spaces."
            .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Namespace {
    /// Checks a namespace.
    ///
    /// # Errors
    /// [`NamespaceError`], per variant.
    pub fn new(text: &str) -> Result<Self, NamespaceError> {
        if text.is_empty() {
            return Err(NamespaceError::Empty);
        }
        if let Some(found) = text.chars().find(|ch| !ch.is_ascii_graphic()) {
            return Err(NamespaceError::Character { found });
        }
        if text.len() > NAMESPACE_CHARS_MAX {
            return Err(NamespaceError::Long { found: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The namespace that git signs commits and tags in.
    #[must_use]
    pub fn git() -> Self {
        Self("git".to_owned())
    }

    /// The namespace of files, by OpenSSH's convention.
    #[must_use]
    pub fn file() -> Self {
        Self("file".to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Longest namespace, in characters: a name with a domain, with room.
pub const NAMESPACE_CHARS_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_visible_ascii_and_never_empty() {
        assert_eq!(Namespace::new("git"), Ok(Namespace::git()));
        assert_eq!(Namespace::new("file"), Ok(Namespace::file()));
        assert!(Namespace::new("name@example.org").is_ok());
        assert_eq!(Namespace::new(""), Err(NamespaceError::Empty));
        let found = ' ';
        assert_eq!(
            Namespace::new("a b"),
            Err(NamespaceError::Character { found })
        );
        let found = '\u{202e}';
        assert_eq!(
            Namespace::new("a\u{202e}"),
            Err(NamespaceError::Character { found })
        );
        assert!(Namespace::new(&"x".repeat(NAMESPACE_CHARS_MAX)).is_ok());
        assert_eq!(
            Namespace::new(&"x".repeat(256)),
            Err(NamespaceError::Long { found: 256 })
        );
    }
}
