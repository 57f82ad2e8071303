//! A stick: a directory on removable media that holds part files among other people's files.
//!
//! Names, the order of writing and what is refused are specified in spec/stick.md. The module
//! trusts nothing that it finds: it opens only regular files with names of its own alphabet,
//! relative to the directory that it opened first, and touches nothing else.

mod error;
mod fs;
mod name;
mod reader;
mod scan;
mod settle;
mod writer;

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::Arc,
};

pub use error::StickError;
pub use fs::{FileFacts, OpenMode, OsFs, Space, StickFs};
pub use name::{PartName, PartNameError};
pub use reader::PartReader;
pub use scan::{FoundPart, Scan};
pub use settle::{CheckedPart, WrittenPart};
pub use writer::PartWriter;

use crate::limits::PART_BYTES_MAX;

/// A directory on removable media, opened.
///
/// Everything below works relative to the directory as it was when it was opened.
#[derive(Debug)]
pub struct Stick<F: StickFs = OsFs> {
    root: Arc<Root<F>>,
}

/// The opened directory and the system calls to use on it, shared with readers and writers.
#[derive(Debug)]
struct Root<F> {
    fs: F,
    dir: OwnedFd,
}

impl<F> Root<F> {
    fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

impl Stick {
    /// Opens the directory that a stick is mounted on; it is never created.
    ///
    /// # Errors
    /// [`StickError::NotThere`] and [`StickError::NotADirectory`]; [`StickError::Io`] where the
    /// directory may not be read.
    pub fn open(path: &Path) -> Result<Stick, StickError> {
        Stick::with_fs(path, OsFs)
    }
}

impl<F: StickFs> Stick<F> {
    /// Opens the directory with other system calls, for tests of what happens when they fail.
    ///
    /// # Errors
    /// As for [`Stick::open`].
    pub fn with_fs(path: &Path, fs: F) -> Result<Stick<F>, StickError> {
        let dir = fs.open_dir(path).map_err(|err| match err.kind() {
            io::ErrorKind::NotFound => StickError::NotThere {
                path: path.to_owned(),
            },
            io::ErrorKind::NotADirectory => StickError::NotADirectory {
                path: path.to_owned(),
            },
            _ => StickError::reading("opening the stick")(err),
        })?;
        Ok(Stick {
            root: Arc::new(Root { fs, dir }),
        })
    }

    /// Lists the part files, what interrupted runs left, and how much else there is.
    ///
    /// Entries that are not ours are counted by name alone and never opened.
    ///
    /// # Errors
    /// [`StickError::TooManyEntries`] beyond
    /// [`DIRECTORY_ENTRIES_MAX`](crate::limits::DIRECTORY_ENTRIES_MAX);
    /// [`StickError::Gone`] or [`StickError::Io`] where the stick cannot be read.
    pub fn scan(&self) -> Result<Scan, StickError> {
        scan::scan(&self.root)
    }

    /// Opens a part that [`Stick::scan`] found.
    ///
    /// # Errors
    /// [`StickError::NotOurs`] where something else has taken the name,
    /// [`StickError::PartChangedSize`] where it is not the size that was found,
    /// [`StickError::Gone`] or [`StickError::Io`] where the stick cannot be read.
    pub fn open_part(&self, part: &FoundPart) -> Result<PartReader<F>, StickError> {
        PartReader::open(Arc::clone(&self.root), part)
    }

    /// What may still be written, in bytes.
    ///
    /// # Errors
    /// [`StickError::Gone`] or [`StickError::Io`] where the stick does not answer.
    pub fn free_bytes(&self) -> Result<u64, StickError> {
        Ok(self.space()?.free_bytes)
    }

    /// Whether the stick is mounted for writing.
    ///
    /// A `true` is not a promise: a directory of someone else refuses later, with
    /// [`StickError::ReadOnly`].
    ///
    /// # Errors
    /// [`StickError::Gone`] or [`StickError::Io`] where the stick does not answer.
    pub fn is_writable(&self) -> Result<bool, StickError> {
        Ok(!self.space()?.read_only)
    }

    /// Begins a part of exactly `size_bytes`, or goes on with one that an earlier run began.
    ///
    /// The caller always gives all bytes again, from the first; those that an earlier run wrote
    /// are compared instead of written. Spec: stick, "Resuming".
    ///
    /// # Errors
    /// Before anything is written: [`StickError::SizeOutOfRange`],
    /// [`StickError::AlreadyThere`] where the finished part is on the stick,
    /// [`StickError::NotOurs`], [`StickError::ReadOnly`], [`StickError::Full`],
    /// [`StickError::FolderFull`], [`StickError::Gone`] and [`StickError::Io`].
    pub fn create_part(
        &self,
        name: &PartName,
        size_bytes: u64,
    ) -> Result<PartWriter<F>, StickError> {
        if !(1..=PART_BYTES_MAX).contains(&size_bytes) {
            return Err(StickError::SizeOutOfRange {
                size_bytes,
                max_bytes: PART_BYTES_MAX,
            });
        }
        self.refuse_taken_name(name)?;
        let leftover_bytes = self.leftover_bytes(name)?;
        let space = self.space()?;
        if space.read_only {
            return Err(StickError::ReadOnly {
                doing: "beginning a part",
                source: None,
            });
        }
        let needed_bytes = size_bytes
            .checked_next_multiple_of(space.block_bytes)
            .unwrap_or(size_bytes)
            .saturating_sub(leftover_bytes);
        if needed_bytes > space.free_bytes {
            return Err(StickError::Full {
                needed_bytes,
                free_bytes: space.free_bytes,
            });
        }
        PartWriter::open(Arc::clone(&self.root), name.clone(), size_bytes)
    }

    /// Removes a finished part, however the stick spells its name; absent is as good as removed.
    ///
    /// # Errors
    /// [`StickError::NotOurs`] where the name belongs to something that is not a regular file,
    /// [`StickError::ReadOnly`], [`StickError::Gone`] and [`StickError::Io`].
    pub fn remove_part(&self, name: &PartName) -> Result<(), StickError> {
        scan::remove_part(&self.root, name)
    }

    /// Removes what interrupted runs left, but for the parts in `keep`, and says how many.
    ///
    /// # Errors
    /// Those of [`Stick::scan`], and [`StickError::ReadOnly`].
    pub fn remove_leftovers(&self, keep: &[PartName]) -> Result<u32, StickError> {
        scan::remove_leftovers(&self.root, keep)
    }

    /// Reads a part from the device again, for instance one that an earlier run finished.
    ///
    /// A caller that is told [`StickError::AlreadyThere`] compares the digest with that of what
    /// it would have written, and removes the part where they differ.
    ///
    /// # Errors
    /// As for [`Stick::open_part`].
    pub fn check_part(&self, part: &FoundPart) -> Result<CheckedPart, StickError> {
        settle::check_part(&self.root, part)
    }

    /// Makes sure that everything written is on the device: only then may the stick be pulled.
    ///
    /// Syncs the directory and the file system, reads every part in `written` from the device
    /// again and compares. A part that differs is removed, so that the next run writes it anew.
    ///
    /// # Errors
    /// [`StickError::ReadBackDiffers`] for the first part that differs, after all were looked at;
    /// [`StickError::ReadOnly`], [`StickError::Gone`] and [`StickError::Io`].
    pub fn settle(&self, written: &[WrittenPart]) -> Result<(), StickError> {
        settle::settle(&self.root, written)
    }

    fn space(&self) -> Result<Space, StickError> {
        self.root
            .fs
            .space(self.root.dir())
            .map_err(StickError::reading("asking for free space"))
    }

    /// Refuses a name that has a file already, finished or foreign.
    fn refuse_taken_name(&self, name: &PartName) -> Result<(), StickError> {
        let facts = match self.root.fs.entry_facts(self.root.dir(), &name.part_file()) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            facts => facts.map_err(StickError::reading("looking for a part"))?,
        };
        let name = name.clone();
        if facts.is_file && (1..=PART_BYTES_MAX).contains(&facts.size_bytes) {
            Err(StickError::AlreadyThere { name })
        } else {
            Err(StickError::NotOurs { name })
        }
    }

    /// What an earlier run wrote of this part, in bytes.
    fn leftover_bytes(&self, name: &PartName) -> Result<u64, StickError> {
        match self
            .root
            .fs
            .entry_facts(self.root.dir(), &name.leftover_file())
        {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(err) => Err(StickError::reading("looking for a part")(err)),
            Ok(facts) if facts.is_file && !facts.has_other_names => Ok(facts.size_bytes),
            Ok(_) => Err(StickError::NotOurs { name: name.clone() }),
        }
    }
}
