//! The names of part files: our own alphabet and one neutral extension.

use std::fmt;

use crate::limits::PART_STEM_BYTES_MAX;

/// The extension of a finished part.
const PART_EXTENSION: &str = "bin";

/// The extension of a part that is still being written.
const LEFTOVER_EXTENSION: &str = "part";

/// The stem of a part file's name: 1 to 36 characters of `a-z`, `0-9` and `-`.
///
/// It holds no separator, no dot and no case, so that it is never a path and means the same file
/// on FAT and elsewhere. Spec: stick, "Names".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName(String);

/// The text is not the stem of a part's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a part's name is 1 to 36 characters of a-z, 0-9 and -, not a text of {length_bytes} bytes with others"
)]
pub struct PartNameError {
    length_bytes: usize,
}

impl PartName {
    /// Takes a stem, without extension.
    ///
    /// # Errors
    /// [`PartNameError`] for any other length or character, upper case included.
    pub fn new(stem: &str) -> Result<PartName, PartNameError> {
        let fits = (1..=PART_STEM_BYTES_MAX).contains(&stem.len());
        if fits && stem.bytes().all(is_name_byte) {
            Ok(PartName(stem.to_owned()))
        } else {
            Err(PartNameError {
                length_bytes: stem.len(),
            })
        }
    }

    /// The stem.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file name of the finished part.
    pub(crate) fn part_file(&self) -> String {
        format!("{}.{PART_EXTENSION}", self.0)
    }

    /// The file name while it is being written.
    pub(crate) fn leftover_file(&self) -> String {
        format!("{}.{LEFTOVER_EXTENSION}", self.0)
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of our two kinds of file a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A finished part.
    Part,
    /// A part that an earlier run did not finish.
    Leftover,
}

/// A directory entry whose name is one of ours, in whatever case the file system returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OurName {
    /// The normalised stem.
    pub(crate) name: PartName,
    /// Finished or not.
    pub(crate) kind: NameKind,
    /// The name as it is spelled on the stick, all ASCII: FAT may return upper case.
    pub(crate) spelling: String,
}

impl OurName {
    /// Recognises one of our names among whatever a directory lists.
    pub(crate) fn parse(file_name: &[u8]) -> Option<OurName> {
        let spelling = std::str::from_utf8(file_name).ok()?;
        let (stem, extension) = spelling.rsplit_once('.')?;
        let kind = if extension.eq_ignore_ascii_case(PART_EXTENSION) {
            NameKind::Part
        } else if extension.eq_ignore_ascii_case(LEFTOVER_EXTENSION) {
            NameKind::Leftover
        } else {
            return None;
        };
        let name = PartName::new(&stem.to_ascii_lowercase()).ok()?;
        Some(OurName {
            name,
            kind,
            spelling: spelling.to_owned(),
        })
    }

    /// Whether the stick spells the name as we write it.
    pub(crate) fn is_canonical(&self) -> bool {
        !self.spelling.bytes().any(|byte| byte.is_ascii_uppercase())
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_our_alphabet() {
        for stem in ["a", "0-z", "abcdefghijklmnopqrstuvwxyz-012345678"] {
            assert_eq!(PartName::new(stem).unwrap().to_string(), stem);
        }
        let too_long = "a".repeat(37);
        for stem in [
            "", "A", "a.b", "a/b", "..", "a b", "ä", "a\n", "a\0", &too_long,
        ] {
            assert!(PartName::new(stem).is_err(), "{stem:?}");
        }
    }

    #[test]
    fn recognises_names_in_any_case() {
        let ours = OurName::parse(b"ABC-1.BIN").unwrap();
        assert_eq!((ours.name.as_str(), ours.kind), ("abc-1", NameKind::Part));
        assert_eq!(ours.spelling, "ABC-1.BIN");
        assert!(!ours.is_canonical());
        assert_eq!(
            OurName::parse(b"abc.part").unwrap().kind,
            NameKind::Leftover
        );
    }

    #[test]
    fn leaves_other_names_alone() {
        for name in [
            b"abc".as_slice(),
            b".bin",
            b"a.b.bin",
            b"abc.bin ",
            b"abc.txt",
            b"\xff.bin",
        ] {
            assert_eq!(OurName::parse(name), None, "{name:?}");
        }
        // The Kelvin sign lower-cases to `k` in Unicode, but is not ASCII.
        assert_eq!(OurName::parse("\u{212a}.bin".as_bytes()), None);
    }
}
