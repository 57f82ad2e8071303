//! What a person wants sent: files and folders, looked through before anything is sealed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bundle_format::content::{Contents, in_order};
use bundle_format::manifest::{BundlePath, EntryKind};
use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use thiserror::Error;

use crate::limits::WALK_ENTRIES_MAX;

/// Why something cannot be sent as it is. Nothing was sealed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WalkError {
    /// The file or folder cannot be looked at.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// The machine's reason.
        #[source]
        source: io::Error,
    },
    /// It is a link, a device, a pipe or a socket.
    #[error("{} is neither a file nor a folder", path.display())]
    Special {
        /// Which one.
        path: PathBuf,
    },
    /// Its name cannot be written on every machine, or could mislead.
    #[error("the name of {} cannot be sent: {source}", path.display())]
    Name {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// Its name is not UTF-8.
    #[error("the name of {} is not UTF-8", path.display())]
    NotUtf8 {
        /// Which one.
        path: PathBuf,
    },
    /// Two of the given paths would have the same place in the bundle.
    #[error("two of the paths are called {name}")]
    SameName {
        /// The name.
        name: String,
    },
    /// There are more files than one bundle holds.
    #[error("there are more than {WALK_ENTRIES_MAX} files")]
    TooMany,
}

impl Advice for WalkError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "cannot-read",
            Self::Special { .. } => "special-file",
            Self::Name { .. } => "name-refused",
            Self::NotUtf8 { .. } => "name-not-utf8",
            Self::SameName { .. } => "same-name",
            Self::TooMany => "too-many-files",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was sealed and your files are as they were.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Check that the file is there and that you may read it.",
            Self::Special { .. } => {
                "Copy what the link points to, or leave it out with --skip-special."
            }
            Self::Name { .. } | Self::NotUtf8 { .. } => "Rename it and send again.",
            Self::SameName { .. } => "Send them one after the other, or rename one.",
            Self::TooMany => "Send the folder in several pieces, or pack it with tar first.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

/// What to do with links, devices, pipes and sockets inside a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Stop: somebody may expect them to arrive.
    Refuse,
    /// Leave them out and count them.
    Skip,
}

/// Everything found, in the order of a bundle.
#[derive(Debug, Default)]
pub(crate) struct Found {
    files: Vec<FoundFile>,
    total_bytes: u64,
    skipped: u64,
}

#[derive(Debug)]
pub(crate) struct FoundFile {
    kind: EntryKind,
    source: PathBuf,
}

impl Found {
    /// How many files there are, empty folders included.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// Bytes in them, when they were looked at.
    #[must_use]
    pub(crate) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Links and special files that were left out.
    #[must_use]
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    fn add(&mut self, kind: EntryKind, source: &Path, size: u64) -> Result<(), WalkError> {
        if self.files.len() >= WALK_ENTRIES_MAX {
            return Err(WalkError::TooMany);
        }
        self.files.push(FoundFile {
            kind,
            source: source.to_path_buf(),
        });
        self.total_bytes = self.total_bytes.saturating_add(size);
        Ok(())
    }
}

/// Looks through the given files and folders. Links are never followed.
///
/// # Errors
/// [`WalkError`].
pub(crate) fn walk(paths: &[PathBuf], special: Special) -> Result<Found, WalkError> {
    let mut found = Found::default();
    // An explicit stack: the depth of a folder tree is somebody else's choice.
    let mut pending: Vec<(PathBuf, String, bool)> = Vec::new();
    for path in paths {
        pending.push((path.clone(), top_name(path)?, true));
    }
    while let Some((path, name, is_given)) = pending.pop() {
        let unreadable = |source| WalkError::Unreadable {
            path: path.clone(),
            source,
        };
        let metadata = fs::symlink_metadata(&path).map_err(unreadable)?;
        let place = BundlePath::new(&name).map_err(|source| WalkError::Name {
            path: path.clone(),
            source,
        })?;
        if metadata.is_file() {
            let executable = metadata.mode() & 0o100 != 0;
            found.add(
                EntryKind::File {
                    path: place,
                    executable,
                },
                &path,
                metadata.len(),
            )?;
        } else if metadata.is_dir() {
            let below = children(&path, &name)?;
            if below.is_empty() {
                found.add(EntryKind::Folder(place), &path, 0)?;
            }
            pending.extend(below);
        } else if special == Special::Skip && !is_given {
            found.skipped += 1;
        } else {
            return Err(WalkError::Special { path });
        }
    }
    sort(&mut found.files)?;
    Ok(found)
}

fn children(path: &Path, name: &str) -> Result<Vec<(PathBuf, String, bool)>, WalkError> {
    let unreadable = |source| WalkError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let mut below = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let child = entry.file_name();
        let child = child
            .to_str()
            .ok_or_else(|| WalkError::NotUtf8 { path: entry.path() })?;
        below.push((entry.path(), format!("{name}/{child}"), false));
    }
    Ok(below)
}

/// The name a given path has in the bundle: its last component, also of `.` and `..`.
fn top_name(path: &Path) -> Result<String, WalkError> {
    let unreadable = |source| WalkError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let whole = match path.file_name() {
        Some(_) => path.to_path_buf(),
        None => fs::canonicalize(path).map_err(unreadable)?,
    };
    let name = whole.file_name().map(std::ffi::OsStr::to_str);
    match name {
        Some(Some(name)) => Ok(name.to_owned()),
        Some(None) => Err(WalkError::NotUtf8 {
            path: path.to_path_buf(),
        }),
        None => Err(WalkError::Special {
            path: path.to_path_buf(),
        }),
    }
}

fn sort(files: &mut [FoundFile]) -> Result<(), WalkError> {
    files.sort_by(|one, other| parts(one).cmp(parts(other)));
    for (before, after) in files.iter().zip(files.iter().skip(1)) {
        if !in_order(&before.kind, &after.kind) {
            let name = after
                .kind
                .path()
                .map_or_else(String::new, |path| path.as_str().to_owned());
            return Err(WalkError::SameName { name });
        }
    }
    Ok(())
}

fn parts(file: &FoundFile) -> impl Iterator<Item = &str> {
    file.kind
        .path()
        .into_iter()
        .flat_map(BundlePath::components)
}

/// The entries of one new bundle: what the vault adds, then the files.
#[derive(Debug, Default)]
pub(crate) struct NewContents {
    /// The text for the reader.
    pub(crate) message: Option<String>,
    /// The vault's own card.
    pub(crate) card: Option<Vec<u8>>,
    /// A receipt.
    pub(crate) receipt: Option<Vec<u8>>,
    /// What is said about joining a space.
    pub(crate) invitation: Option<Vec<u8>>,
    pub(crate) files: std::vec::IntoIter<FoundFile>,
}

impl NewContents {
    /// Adds the files that [`walk`] found.
    #[must_use]
    pub(crate) fn with_files(mut self, found: Found) -> Self {
        self.files = found.files.into_iter();
        self
    }
}

impl Contents for NewContents {
    fn next_entry(&mut self) -> io::Result<Option<(EntryKind, Box<dyn Read + '_>)>> {
        let held = |kind, bytes: Vec<u8>| {
            let bytes: Box<dyn Read> = Box::new(io::Cursor::new(bytes));
            Ok(Some((kind, bytes)))
        };
        if let Some(message) = self.message.take() {
            return held(EntryKind::Message, message.into_bytes());
        }
        if let Some(card) = self.card.take() {
            return held(EntryKind::Card, card);
        }
        if let Some(receipt) = self.receipt.take() {
            return held(EntryKind::Receipts, receipt);
        }
        if let Some(invitation) = self.invitation.take() {
            return held(EntryKind::Invitation, invitation);
        }
        let Some(file) = self.files.next() else {
            return Ok(None);
        };
        if matches!(file.kind, EntryKind::Folder(_)) {
            return held(file.kind, Vec::new());
        }
        let opened = open_plain(&file.source).map_err(|err| {
            io::Error::new(err.kind(), format!("{}: {err}", file.source.display()))
        })?;
        Ok(Some((file.kind, Box::new(opened))))
    }
}

/// Opens a file that was a plain one when it was found, and checks that it still is.
fn open_plain(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata().as_ref().is_ok_and(Metadata::is_file) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a plain file any more",
        ));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &Found) -> Vec<String> {
        found
            .files
            .iter()
            .map(|file| file.kind.path().unwrap().as_str().to_owned())
            .collect()
    }

    #[test]
    fn folders_are_walked_in_the_order_of_a_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("work");
        for folder in ["b", "b/empty", "a"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["b/1", "a/2", "a!", "z"] {
            fs::write(root.join(file), file).unwrap();
        }
        let found = walk(&[root], Special::Refuse).unwrap();
        assert_eq!(
            names(&found),
            ["work/a/2", "work/a!", "work/b/1", "work/b/empty", "work/z"]
        );
        assert_eq!(found.total_bytes(), 3 + 3 + 2 + 1);
    }

    #[test]
    fn a_link_is_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("work");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
        fs::write(root.join("file"), "x").unwrap();
        let refused = walk(std::slice::from_ref(&root), Special::Refuse);
        assert!(matches!(refused, Err(WalkError::Special { .. })));
        let found = walk(std::slice::from_ref(&root), Special::Skip).unwrap();
        assert_eq!(
            (names(&found), found.skipped()),
            (vec!["work/file".to_owned()], 1)
        );
        // A link that was named on the command line is not left out silently.
        let named = walk(&[root.join("link")], Special::Skip);
        assert!(matches!(named, Err(WalkError::Special { .. })));
    }

    #[test]
    fn two_paths_of_one_name_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["a", "b"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join("same"), "x").unwrap();
        }
        let paths = [dir.path().join("a/same"), dir.path().join("b/same")];
        assert!(matches!(
            walk(&paths, Special::Refuse),
            Err(WalkError::SameName { .. })
        ));
    }

    #[test]
    fn names_that_no_bundle_may_hold_are_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a\nb"), "x").unwrap();
        let refused = walk(&[dir.path().join("a\nb")], Special::Refuse);
        assert!(matches!(refused, Err(WalkError::Name { .. })));
    }

    #[test]
    fn a_file_replaced_by_a_link_after_the_walk_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "x").unwrap();
        let found = walk(std::slice::from_ref(&path), Special::Refuse).unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(
            NewContents::default()
                .with_files(found)
                .next_entry()
                .is_err()
        );
    }
}
