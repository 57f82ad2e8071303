//! Trees: directories as git stores them, `mode SP name NUL id` for each entry.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use super::{
    header::ParseError,
    limits::TREE_ENTRIES_MAX,
    object::{ObjectFormat, ObjectId, ObjectKind, RawObject},
};

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileMode {
    /// A directory, `40000`.
    Tree,
    /// A file, `100644`.
    File,
    /// A file that the group may write, `100664`. Only early versions of git wrote it; it is
    /// checked out as a file.
    GroupFile,
    /// A program, `100755`.
    Executable,
    /// A symbolic link, `120000`.
    Symlink,
    /// A commit of another repository, `160000`.
    Submodule,
}

impl FileMode {
    /// The octal digits as they stand in the tree.
    #[must_use]
    pub fn digits(self) -> &'static str {
        match self {
            Self::Tree => "40000",
            Self::File => "100644",
            Self::GroupFile => "100664",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Submodule => "160000",
        }
    }

    fn from_digits(digits: &[u8]) -> Option<Self> {
        [
            Self::Tree,
            Self::File,
            Self::GroupFile,
            Self::Executable,
            Self::Symlink,
            Self::Submodule,
        ]
        .into_iter()
        .find(|mode| mode.digits().as_bytes() == digits)
    }

    /// Whether it is a file, whatever its permissions.
    #[must_use]
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::GroupFile | Self::Executable)
    }

    /// Whether something of this mode can change into something of the other and still be the
    /// same thing: a file that becomes a program does, a file that becomes a link does not.
    #[must_use]
    pub fn is_same_thing(self, other: Self) -> bool {
        self == other || (self.is_file() && other.is_file())
    }
}

/// Six digits, as git prints modes.
impl fmt::Display for FileMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0>6}", self.digits())
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    mode: FileMode,
    name: Vec<u8>,
    id: ObjectId,
}

impl TreeEntry {
    /// What it is.
    #[must_use]
    pub fn mode(&self) -> FileMode {
        self.mode
    }

    /// Its name: any bytes but a slash and zero.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The object.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// Whether a file system may take the name for something else than it says, see
    /// [`is_suspicious_name`].
    #[must_use]
    pub fn suspicious_name(&self) -> bool {
        is_suspicious_name(&self.name)
    }
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    entries: Vec<TreeEntry>,
}

impl Tree {
    /// Reads a tree.
    ///
    /// Names that git refuses to check out are kept, and [`TreeEntry::suspicious_name`] tells
    /// them: what a commit holds has to be shown.
    ///
    /// # Errors
    /// [`ParseError::Kind`], [`ParseError::TooMany`], and those that speak of trees.
    pub fn parse(raw: &RawObject, format: ObjectFormat) -> Result<Self, ParseError> {
        if raw.kind() != ObjectKind::Tree {
            return Err(ParseError::Kind { expected: "tree" });
        }
        let mut entries: Vec<TreeEntry> = Vec::new();
        let mut rest = raw.bytes();
        while !rest.is_empty() {
            if entries.len() >= TREE_ENTRIES_MAX {
                return Err(ParseError::TooMany {
                    what: "entries of a tree",
                    limit: TREE_ENTRIES_MAX,
                });
            }
            let (entry, after) = take_entry(rest, format)?;
            if entries
                .last()
                .is_some_and(|last| order(last, &entry) != Ordering::Less)
            {
                return Err(ParseError::TreeOrder);
            }
            entries.push(entry);
            rest = after;
        }
        // In git's order a file and a directory of one name need not be neighbours.
        let names: BTreeSet<&[u8]> = entries.iter().map(TreeEntry::name).collect();
        if names.len() != entries.len() {
            return Err(ParseError::TreeOrder);
        }
        Ok(Self { entries })
    }

    /// The entries, in git's order.
    #[must_use]
    pub fn entries(&self) -> &[TreeEntry] {
        &self.entries
    }

    /// The bytes of the object, the very ones that were read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.entries {
            out.extend_from_slice(entry.mode.digits().as_bytes());
            out.push(b' ');
            out.extend_from_slice(&entry.name);
            out.push(0);
            out.extend_from_slice(entry.id.as_bytes());
        }
        out
    }
}

/// Whether a file system may take the name for something else than it says: `.`, `..`, and `.git`
/// in the forms that Windows and macOS take for it, so that a checkout could overwrite a
/// repository's own settings. Git refuses to check these out.
#[must_use]
pub fn is_suspicious_name(name: &[u8]) -> bool {
    // What HFS+ leaves out of names: zero-width and direction marks.
    let text = String::from_utf8_lossy(name);
    let plain: String = text.chars().filter(|ch| !is_ignored_by_hfs(*ch)).collect();
    let plain = plain.to_ascii_lowercase();
    // What NTFS leaves out at the end: dots, spaces, and the name of a stream.
    let before_stream = plain.split(':').next().unwrap_or_default();
    let trimmed = before_stream.trim_end_matches(['.', ' ']);
    matches!(plain.as_str(), "." | "..")
        || matches!(trimmed, "" | ".git" | "git~1")
        || plain.contains('\\')
}

fn is_ignored_by_hfs(ch: char) -> bool {
    matches!(
        ch,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

fn take_entry(rest: &[u8], format: ObjectFormat) -> Result<(TreeEntry, &[u8]), ParseError> {
    let (mode, rest) = split_once(rest, b' ').ok_or(ParseError::TreeTruncated)?;
    let (name, rest) = split_once(rest, 0).ok_or(ParseError::TreeTruncated)?;
    let (id, rest) = rest
        .split_at_checked(format.id_len())
        .ok_or(ParseError::TreeTruncated)?;
    if name.is_empty() || name.contains(&b'/') {
        return Err(ParseError::TreeName);
    }
    let entry = TreeEntry {
        mode: FileMode::from_digits(mode).ok_or(ParseError::TreeMode)?,
        name: name.to_vec(),
        id: ObjectId::from_bytes(format, id).map_err(|_| ParseError::TreeTruncated)?,
    };
    Ok((entry, rest))
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|byte| *byte == at)?;
    let (before, after) = bytes.split_at_checked(position)?;
    Some((before, after.split_first()?.1))
}

/// Git's order: by name, where a directory counts as if it ended with a slash.
fn order(left: &TreeEntry, right: &TreeEntry) -> Ordering {
    left.sort_key().cmp(right.sort_key())
}

impl TreeEntry {
    /// The bytes by which git sorts entries.
    pub(crate) fn sort_key(&self) -> impl Iterator<Item = u8> + '_ {
        let slash = (self.mode == FileMode::Tree).then_some(b'/');
        self.name.iter().copied().chain(slash)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn parse(entries: &[(FileMode, &str)]) -> Result<Tree, ParseError> {
        let id = samples::id(&samples::blob(""));
        let entries: Vec<_> = entries
            .iter()
            .map(|(mode, name)| (*mode, *name, id))
            .collect();
        Tree::parse(&samples::tree(&entries), samples::FORMAT)
    }

    fn parse_bytes(bytes: &[u8]) -> Result<Tree, ParseError> {
        Tree::parse(&samples::raw(ObjectKind::Tree, bytes), samples::FORMAT)
    }

    #[test]
    fn all_modes_are_read_and_written_back() {
        let id = samples::id(&samples::blob(""));
        let raw = samples::tree(&[
            (FileMode::File, "a", id),
            (FileMode::GroupFile, "b", id),
            (FileMode::Executable, "c", id),
            (FileMode::Symlink, "d", id),
            (FileMode::Submodule, "e", id),
            (FileMode::Tree, "f", id),
        ]);
        let tree = Tree::parse(&raw, samples::FORMAT).unwrap();
        assert_eq!(tree.entries().len(), 6);
        assert_eq!(tree.to_bytes(), raw.bytes());
        assert_eq!(FileMode::Tree.to_string(), "040000");
    }

    #[test]
    fn a_directory_sorts_as_if_it_ended_with_a_slash() {
        use FileMode::{File, Tree};
        assert!(parse(&[(File, "a.b"), (Tree, "a"), (File, "a0")]).is_ok());
        for entries in [
            [(Tree, "a"), (File, "a.b")],
            [(File, "b"), (File, "a")],
            [(File, "a"), (File, "a")],
            [(File, "a"), (Tree, "a")],
        ] {
            assert_eq!(parse(&entries), Err(ParseError::TreeOrder), "{entries:?}");
        }
    }

    #[test]
    fn rejects_one_name_twice_with_another_between() {
        use FileMode::{File, Tree};
        assert_eq!(
            parse(&[(File, "a"), (File, "a.b"), (Tree, "a")]),
            Err(ParseError::TreeOrder)
        );
    }

    #[test]
    fn rejects_modes_and_names_that_git_does_not_write() {
        let id = [7; 20];
        for (mode, name, err) in [
            ("040000", "a", ParseError::TreeMode),
            ("100600", "a", ParseError::TreeMode),
            ("", "a", ParseError::TreeMode),
            ("100644", "", ParseError::TreeName),
            ("100644", "a/b", ParseError::TreeName),
        ] {
            let bytes = [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &id].concat();
            assert_eq!(parse_bytes(&bytes), Err(err), "{mode} {name}");
        }
        for bytes in [&b"1"[..], b"100644 a", b"100644 a\0short"] {
            assert_eq!(parse_bytes(bytes), Err(ParseError::TreeTruncated));
        }
    }

    #[test]
    fn names_that_a_file_system_takes_for_another_are_kept_and_told() {
        for name in [
            ".",
            "..",
            ".git",
            ".GIT",
            ".Git ",
            ".git.",
            ".git::$INDEX_ALLOCATION",
            "git~1",
            "GIT~1",
            ".g\u{200c}it",
            "a\\b",
            "...",
            " ",
        ] {
            let tree = parse(&[(FileMode::File, name)]).unwrap();
            assert!(tree.entries()[0].suspicious_name(), "{name:?}");
        }
        for name in [".gitignore", "git", ".github", "a.git", "file", "a:b", "x."] {
            let tree = parse(&[(FileMode::File, name)]).unwrap();
            assert!(!tree.entries()[0].suspicious_name(), "{name:?}");
        }
    }
}
