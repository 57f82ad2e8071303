//! The manifest: what a bundle holds, and the hash of every stored frame.
//!
//! Spec: spec/bundle.md, "Manifest".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::shown::is_hidden;

use crate::limits::{
    CONTENT_BYTES_MAX, ENTRIES_MAX, FRAME_BYTES, INVITATION_BYTES_MAX, MANIFEST_BYTES_MAX,
    PATH_BYTES_MAX, PATH_DEPTH_MAX, SMALL_ENTRY_BYTES_MAX,
};

/// A relative path inside a bundle: UTF-8 components joined by `/`, none of them empty, `.` or
/// `..`, none with hidden characters; at most [`PATH_BYTES_MAX`] bytes and [`PATH_DEPTH_MAX`] deep.
///
/// It cannot leave the folder it is joined to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BundlePath(String);

impl BundlePath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] or [`DecodeError::Rule`].
    pub fn new(path: &str) -> Result<Self, DecodeError> {
        if path.len() > usize::from(PATH_BYTES_MAX) {
            return Err(DecodeError::OverLimit {
                what: "path",
                found: path.len() as u64,
                limit: u64::from(PATH_BYTES_MAX),
            });
        }
        if path.split('/').count() > PATH_DEPTH_MAX {
            return Err(DecodeError::Rule {
                what: "a path is too deep",
            });
        }
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(DecodeError::Rule {
                what: "a path could leave its folder",
            });
        }
        if path.chars().any(|ch| is_hidden(ch) || ch == '\\') {
            return Err(DecodeError::Rule {
                what: "a path has hidden characters or a backslash",
            });
        }
        Ok(Self(path.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its components.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

/// What one entry of a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// Text for the reader, UTF-8.
    Message,
    /// The sender's card, so that a reader who does not have it can answer.
    Card,
    /// Bundles that the sender has taken in from the reader.
    Receipts,
    /// What is said about joining a space, for the team of the vault.
    Invitation,
    /// A folder, listed only when it is empty.
    Folder(BundlePath),
    /// A file.
    File {
        /// Where it belongs.
        path: BundlePath,
        /// Whether it may be run.
        executable: bool,
    },
}

impl EntryKind {
    /// The path of files and folders.
    #[must_use]
    pub fn path(&self) -> Option<&BundlePath> {
        match self {
            Self::Folder(path) | Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Message => 1,
            Self::Card => 2,
            Self::Receipts => 3,
            Self::Invitation => 7,
            Self::Folder(_) => 4,
            Self::File {
                executable: false, ..
            } => 5,
            Self::File {
                executable: true, ..
            } => 6,
        }
    }

    fn size_limit(&self) -> u64 {
        match self {
            Self::Folder(_) => 0,
            Self::File { .. } => CONTENT_BYTES_MAX,
            Self::Invitation => INVITATION_BYTES_MAX,
            _ => SMALL_ENTRY_BYTES_MAX,
        }
    }
}

/// One entry: what it is and how long it is. Contents follow one another in entry order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content.
    pub size_bytes: u64,
}

/// One stored frame: up to [`FRAME_BYTES`] of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is compressed with zstd; otherwise it is stored as it is.
    pub compressed: bool,
    /// Bytes as stored, 1 to [`FRAME_BYTES`].
    pub stored_bytes: u32,
    /// BLAKE3 of the stored bytes.
    pub hash: [u8; 32],
}

/// What a bundle holds. A value of this type obeys every rule of the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    entries: Vec<Entry>,
    frames: Vec<Frame>,
    /// The sum over the entries, made once: it is asked for with every frame.
    content_bytes: u64,
}

impl Manifest {
    /// Checks and takes entries and frames.
    ///
    /// # Errors
    /// [`DecodeError`] naming the rule: sizes and counts, order and uniqueness of paths, frames
    /// that do not cover the content.
    pub fn new(entries: Vec<Entry>, frames: Vec<Frame>) -> Result<Self, DecodeError> {
        let content_bytes = total_bytes(&entries)?;
        let manifest = Self {
            entries,
            frames,
            content_bytes,
        };
        manifest.check_frames()?;
        manifest.check_order()?;
        Ok(manifest)
    }

    /// The entries: message, card, receipts and invitation first, then paths in ascending order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The frames in order.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Bytes of content of all entries.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Bytes of all stored frames.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.frames
            .iter()
            .map(|frame| u64::from(frame.stored_bytes))
            .sum()
    }

    /// Bytes of content in frame `index`: all but the last are full.
    #[must_use]
    pub fn frame_content_bytes(&self, index: usize) -> usize {
        let start = (index as u64).saturating_mul(FRAME_BYTES as u64);
        let left = self.content_bytes().saturating_sub(start);
        usize::try_from(left)
            .unwrap_or(FRAME_BYTES)
            .min(FRAME_BYTES)
    }

    fn check_frames(&self) -> Result<(), DecodeError> {
        let needed = self.content_bytes().div_ceil(FRAME_BYTES as u64);
        if self.frames.len() as u64 != needed {
            return Err(DecodeError::Rule {
                what: "the frames do not cover the content",
            });
        }
        for (index, frame) in self.frames.iter().enumerate() {
            let content = self.frame_content_bytes(index);
            let stored = usize::try_from(frame.stored_bytes).unwrap_or(usize::MAX);
            // A frame that does not shrink is stored: there is one form for each content.
            let fits = if frame.compressed {
                stored < content
            } else {
                stored == content
            };
            if stored == 0 || !fits {
                return Err(DecodeError::Rule {
                    what: "a frame has a length it cannot have",
                });
            }
        }
        Ok(())
    }

    /// Strictly ascending order makes duplicates impossible, and component-wise order puts
    /// everything below a path right behind it.
    fn check_order(&self) -> Result<(), DecodeError> {
        for (before, after) in self.entries.iter().zip(self.entries.iter().skip(1)) {
            if sort_key(&before.kind) >= sort_key(&after.kind) {
                return Err(DecodeError::Rule {
                    what: "entries are not in order, or twice",
                });
            }
            let (Some(above), Some(below)) = (before.kind.path(), after.kind.path()) else {
                continue;
            };
            let mut rest = below.components();
            if above.components().all(|part| rest.next() == Some(part)) {
                return Err(DecodeError::Rule {
                    what: "a path lies below a file or empty folder",
                });
            }
        }
        Ok(())
    }
}

/// Bytes of content of all entries, each within its own limit and all within that of a bundle.
fn total_bytes(entries: &[Entry]) -> Result<u64, DecodeError> {
    let mut total = 0_u64;
    for entry in entries {
        let limit = entry.kind.size_limit();
        let over = |found| DecodeError::OverLimit {
            what: "entry size",
            found,
            limit,
        };
        if entry.size_bytes > limit {
            return Err(over(entry.size_bytes));
        }
        total = total
            .checked_add(entry.size_bytes)
            .ok_or_else(|| over(u64::MAX))?;
    }
    if total > CONTENT_BYTES_MAX {
        let what = "content size";
        return Err(DecodeError::OverLimit {
            what,
            found: total,
            limit: CONTENT_BYTES_MAX,
        });
    }
    Ok(total)
}

/// The order of entries: by kind, files and folders together by their components.
pub(crate) fn sort_key(kind: &EntryKind) -> (u8, Vec<&str>) {
    match kind.path() {
        None => (kind.code(), Vec::new()),
        Some(path) => (u8::MAX, path.components().collect()),
    }
}

impl Wire for Manifest {
    const WHAT: &'static str = "manifest";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION).count(self.entries.len());
        for entry in &self.entries {
            writer.u8(entry.kind.code());
            if let Some(path) = entry.kind.path() {
                writer.text(path.as_str());
            }
            writer.u64(entry.size_bytes);
        }
        writer.count(self.frames.len());
        for frame in &self.frames {
            writer
                .u8(u8::from(frame.compressed))
                .u32(frame.stored_bytes)
                .put(&frame.hash);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("manifest version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "manifest version",
            });
        }
        let mut entries = Vec::new();
        for _ in 0..reader.count(ENTRIES_MAX, "entries")? {
            entries.push(read_entry(reader)?);
        }
        let mut frames = Vec::new();
        for _ in 0..reader.count(MANIFEST_BYTES_MAX / FRAME_ENTRY_BYTES, "frames")? {
            let compressed = match reader.u8("frame kind")? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError::Unknown { what: "frame kind" }),
            };
            let stored_bytes = reader.u32("frame length")?;
            frames.push(Frame {
                compressed,
                stored_bytes,
                hash: reader.take_array("frame hash")?,
            });
        }
        Self::new(entries, frames)
    }
}

fn read_entry(reader: &mut Reader<'_>) -> Result<Entry, DecodeError> {
    let code = reader.u8("entry kind")?;
    let mut path = || BundlePath::new(reader.text(PATH_BYTES_MAX, "path")?);
    let kind = match code {
        1 => EntryKind::Message,
        2 => EntryKind::Card,
        3 => EntryKind::Receipts,
        4 => EntryKind::Folder(path()?),
        5 => EntryKind::File {
            path: path()?,
            executable: false,
        },
        6 => EntryKind::File {
            path: path()?,
            executable: true,
        },
        7 => EntryKind::Invitation,
        _ => return Err(DecodeError::Unknown { what: "entry kind" }),
    };
    Ok(Entry {
        kind,
        size_bytes: reader.u64("entry size")?,
    })
}

const VERSION: u8 = 1;
/// Kind, length and hash of one frame.
const FRAME_ENTRY_BYTES: u32 = 37;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size_bytes: u64) -> Entry {
        let path = BundlePath::new(path).unwrap();
        Entry {
            kind: EntryKind::File {
                path,
                executable: false,
            },
            size_bytes,
        }
    }

    fn frame(stored_bytes: u32) -> Frame {
        Frame {
            compressed: false,
            stored_bytes,
            hash: [1; 32],
        }
    }

    #[test]
    fn a_manifest_round_trips() {
        let entries = vec![
            Entry {
                kind: EntryKind::Message,
                size_bytes: 5,
            },
            file("a", 3),
            file("a!", 0),
            Entry {
                kind: EntryKind::Folder(BundlePath::new("b/c").unwrap()),
                size_bytes: 0,
            },
            file("b/d", 2),
        ];
        let manifest = Manifest::new(entries, vec![frame(10)]).unwrap();
        assert_eq!(Manifest::from_wire(&manifest.to_wire()).unwrap(), manifest);
    }

    #[test]
    fn paths_that_could_leave_their_folder_are_refused() {
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../b",
            "a//b",
            "./a",
            "a/",
            "a\\b",
            "a\0b",
            "a\u{202e}b",
        ] {
            assert!(BundlePath::new(path).is_err(), "{path:?}");
        }
        assert!(BundlePath::new(&"a/".repeat(40)).is_err());
        assert!(BundlePath::new(&"x".repeat(513)).is_err());
        assert!(BundlePath::new("..a/b..").is_ok());
    }

    #[test]
    fn an_invitation_stands_once_between_receipts_and_paths() {
        let small = |kind| Entry {
            kind,
            size_bytes: 0,
        };
        let receipts = || small(EntryKind::Receipts);
        let invitation = || small(EntryKind::Invitation);
        let right = vec![receipts(), invitation(), file("a", 0)];
        let manifest = Manifest::new(right, vec![]).unwrap();
        assert_eq!(Manifest::from_wire(&manifest.to_wire()).unwrap(), manifest);
        for wrong in [
            vec![invitation(), receipts()],
            vec![file("a", 0), invitation()],
            vec![invitation(), invitation()],
        ] {
            assert!(Manifest::new(wrong, vec![]).is_err());
        }
    }

    #[test]
    fn one_path_twice_is_refused() {
        assert!(Manifest::new(vec![file("a", 0), file("a", 0)], vec![]).is_err());
    }

    #[test]
    fn a_file_that_is_also_a_folder_is_refused() {
        assert!(Manifest::new(vec![file("a", 0), file("a/b", 0)], vec![]).is_err());
        assert!(Manifest::new(vec![file("a", 0), file("a!", 0), file("b/a", 0)], vec![]).is_ok());
    }

    #[test]
    fn frames_that_do_not_cover_the_content_are_refused() {
        assert!(Manifest::new(vec![file("a", 10)], vec![]).is_err());
        assert!(Manifest::new(vec![file("a", 10)], vec![frame(9)]).is_err());
        assert!(Manifest::new(vec![file("a", 10)], vec![frame(10), frame(1)]).is_err());
    }

    #[test]
    fn a_size_near_two_to_the_64_is_refused() {
        let sizes = [u64::MAX, u64::MAX / 2, CONTENT_BYTES_MAX + 1];
        for size in sizes {
            assert!(Manifest::new(vec![file("a", size)], vec![]).is_err());
        }
        assert!(
            Manifest::new(
                vec![file("a", CONTENT_BYTES_MAX), file("b", CONTENT_BYTES_MAX)],
                vec![]
            )
            .is_err()
        );
    }
}
