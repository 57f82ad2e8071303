//! The short names that a person gives to contacts and pairings on their own machine.

use std::fmt;

use thiserror::Error;

use crate::limits::LOCAL_NAME_CHARS_MAX;

/// A name of 1 to [`LOCAL_NAME_CHARS_MAX`] letters, digits, dots, underscores and hyphens, in
/// lower case, so that names that differ in case only are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalName(String);

/// Text that cannot be such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a name has 1 to {LOCAL_NAME_CHARS_MAX} letters, digits, dots, underscores or hyphens")]
pub struct LocalNameError;

impl LocalName {
    /// The name, lower-cased.
    ///
    /// # Errors
    /// [`LocalNameError`].
    pub fn new(text: &str) -> Result<Self, LocalNameError> {
        let lower = text.trim().to_lowercase();
        let count = lower.chars().count();
        let starts_well = lower.chars().next().is_some_and(char::is_alphanumeric);
        if !starts_well || count > LOCAL_NAME_CHARS_MAX || !lower.chars().all(is_allowed) {
            return Err(LocalNameError);
        }
        Ok(Self(lower))
    }

    /// A name made from the one on a card: blanks become hyphens, what is not allowed is left
    /// out.
    ///
    /// # Errors
    /// [`LocalNameError`] when nothing usable is left.
    pub fn from_card_name(name: &str) -> Result<Self, LocalNameError> {
        let hyphened = name.split_whitespace().collect::<Vec<_>>().join("-");
        let kept = hyphened.to_lowercase();
        let kept: String = kept
            .chars()
            .filter(|ch| is_allowed(*ch))
            .take(LOCAL_NAME_CHARS_MAX)
            .collect();
        Self::new(kept.trim_start_matches(|ch: char| !ch.is_alphanumeric()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_allowed(ch: char) -> bool {
    ch.is_alphanumeric() || matches!(ch, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_spelling_are_one_name() {
        assert_eq!(LocalName::new("Amina").unwrap().as_str(), "amina");
        assert_eq!(LocalName::new("أمينة").unwrap().as_str(), "أمينة");
    }

    #[test]
    fn names_that_could_be_paths_or_flags_or_hide_something_are_refused() {
        let long = "x".repeat(33);
        for text in [
            "",
            " ",
            "-f",
            "..",
            ".a",
            "a/b",
            "a b",
            "a\u{202e}b",
            "a\u{0}",
            &long,
        ] {
            assert_eq!(LocalName::new(text), Err(LocalNameError), "{text:?}");
        }
    }

    #[test]
    fn a_card_name_becomes_a_local_one() {
        let made = LocalName::from_card_name("Dr. Amina O'Neill ").unwrap();
        assert_eq!(made.as_str(), "dr.-amina-oneill");
        assert_eq!(LocalName::from_card_name("🐟"), Err(LocalNameError));
    }
}
