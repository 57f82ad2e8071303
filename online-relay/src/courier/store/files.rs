//! Bundle files under random names: whole ones in `blobs/`, partial downloads in `incoming/`.
//!
//! A file counts only because the index names it: one that no row names is what a kill left.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use pack_format::chunked::ReadAt;
use pack_format::relay::ContentId;

use super::error::StoreError;
use crate::courier::limits::COPY_BYTES;
use crate::limits::DISK_RESERVE_BYTES;

/// A random name, 32 lower-case hexadecimal digits: it says nothing about what is inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileName(String);

impl FileName {
    /// A name that was never used.
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|source| StoreError::Randomness { source })?;
        Ok(Self(data_encoding::HEXLOWER.encode(&bytes)))
    }

    /// A name from a directory; `None` for any other form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// A name from the index.
    pub(super) fn from_index(text: &str) -> Result<Self, StoreError> {
        Self::parse(text).ok_or(StoreError::IndexDamaged {
            what: "a file name has another form",
        })
    }

    /// The name as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which of the two directories a file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Whole bundles.
    Blobs,
    /// Partial downloads.
    Incoming,
}

/// A bundle that was written into `blobs/` and that the index does not name yet.
pub(super) struct Written {
    pub(super) name: FileName,
    pub(super) content_id: ContentId,
    pub(super) size_bytes: u64,
}

/// The two directories.
#[derive(Debug)]
pub(super) struct BundleFiles {
    blobs: PathBuf,
    incoming: PathBuf,
}

impl BundleFiles {
    /// Opens the directories, and makes them on the first start.
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let files = Self {
            blobs: dir.join("blobs"),
            incoming: dir.join("incoming"),
        };
        make_dir(&files.blobs)?;
        make_dir(&files.incoming)?;
        sync_dir(dir)?;
        Ok(files)
    }

    fn dir(&self, place: Place) -> &Path {
        match place {
            Place::Blobs => &self.blobs,
            Place::Incoming => &self.incoming,
        }
    }

    fn path(&self, place: Place, name: &FileName) -> PathBuf {
        self.dir(place).join(name.as_str())
    }

    /// Writes a bundle of exactly `size_bytes` and hashes it on the way. It is durable only after
    /// [`BundleFiles::make_durable`]; nothing is left of one that ended early.
    pub(super) fn write(&self, size_bytes: u64, body: &mut dyn Read) -> io::Result<Written> {
        let name = FileName::random().map_err(StoreError::into_io)?;
        let path = self.path(Place::Blobs, &name);
        let written = copy_hashed(&path, size_bytes, body);
        match written {
            Ok(content_id) => Ok(Written {
                name,
                content_id,
                size_bytes,
            }),
            Err(err) => {
                self.remove(Place::Blobs, &name)
                    .map_err(StoreError::into_io)?;
                Err(err)
            }
        }
    }

    /// Makes bundles in `blobs/` durable, and their names with them.
    pub(super) fn make_durable(&self, names: &[FileName]) -> Result<(), StoreError> {
        let failed = StoreError::disk("making bundles durable");
        if names.is_empty() {
            return Ok(());
        }
        if names.len() <= SYNC_EACH_MAX {
            for name in names {
                let file = File::open(self.path(Place::Blobs, name)).map_err(failed)?;
                file.sync_all().map_err(failed)?;
            }
        } else {
            // Ten thousand small bundles are one sync of the file system, not ten thousand.
            let dir = File::open(&self.blobs).map_err(failed)?;
            rustix::fs::syncfs(&dir).map_err(|err| failed(err.into()))?;
        }
        sync_dir(&self.blobs)
    }

    /// Opens a whole bundle for reading.
    pub(super) fn open_blob(&self, name: &FileName, size_bytes: u64) -> io::Result<BlobReader> {
        let file = File::open(self.path(Place::Blobs, name))?;
        if file.metadata()?.len() != size_bytes {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a stored bundle has changed its size",
            ));
        }
        Ok(BlobReader { file, size_bytes })
    }

    /// Whether a bundle's file still has the bytes that its id says. One that cannot be read has
    /// not.
    pub(super) fn is_intact(
        &self,
        name: &FileName,
        content_id: &ContentId,
        size_bytes: u64,
    ) -> bool {
        self.open_blob(name, size_bytes)
            .and_then(|blob| blob.hash())
            .is_ok_and(|found| found == *content_id)
    }

    /// Opens a partial download at `durable_bytes`, cuts off what is behind, and makes a missing
    /// file whose name is durable on return.
    pub(super) fn open_partial(&self, name: &FileName, durable_bytes: u64) -> io::Result<File> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path(Place::Incoming, name))?;
        file.set_len(durable_bytes)?;
        file.seek(SeekFrom::Start(0))?;
        File::open(&self.incoming)?.sync_all()?;
        Ok(file)
    }

    /// Moves a whole and durable download to the bundles.
    pub(super) fn promote(&self, name: &FileName) -> Result<(), StoreError> {
        let from = self.path(Place::Incoming, name);
        fs::rename(from, self.path(Place::Blobs, name))
            .map_err(StoreError::disk("keeping a fetched bundle"))?;
        sync_dir(&self.blobs)?;
        sync_dir(&self.incoming)
    }

    /// The inverse of [`BundleFiles::promote`], after a kill in between.
    pub(super) fn demote(&self, name: &FileName) -> Result<(), StoreError> {
        let from = self.path(Place::Blobs, name);
        fs::rename(from, self.path(Place::Incoming, name))
            .map_err(StoreError::disk("going on with a download"))?;
        sync_dir(&self.incoming)?;
        sync_dir(&self.blobs)
    }

    /// The size of a file, `None` when it is not there.
    pub(super) fn size_bytes(
        &self,
        place: Place,
        name: &FileName,
    ) -> Result<Option<u64>, StoreError> {
        match fs::symlink_metadata(self.path(place, name)) {
            Ok(found) => Ok(found.is_file().then_some(found.len())),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(err) => Err(StoreError::disk("looking at a bundle file")(err)),
        }
    }

    /// Removes a file; one that is already gone is fine.
    pub(super) fn remove(&self, place: Place, name: &FileName) -> Result<(), StoreError> {
        match fs::remove_file(self.path(place, name)) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::disk("removing a bundle file")(err))
            }
            _ => Ok(()),
        }
    }

    /// Removes every file of our form but these.
    pub(super) fn keep_only(
        &self,
        place: Place,
        names: &HashSet<FileName>,
    ) -> Result<(), StoreError> {
        let failed = StoreError::disk("tidying the bundle files");
        for entry in fs::read_dir(self.dir(place)).map_err(failed)? {
            let file_name = entry.map_err(failed)?.file_name();
            let ours = file_name.to_str().and_then(FileName::parse);
            if let Some(name) = ours.filter(|name| !names.contains(name)) {
                self.remove(place, &name)?;
            }
        }
        Ok(())
    }

    /// Refuses a download that would fill the disk.
    pub(super) fn check_room(&self, wanted_bytes: u64) -> Result<(), StoreError> {
        let found = rustix::fs::statvfs(&self.incoming)
            .map_err(|err| StoreError::disk("asking for free space")(err.into()))?;
        let free_bytes = found.f_bavail.saturating_mul(found.f_frsize);
        if wanted_bytes.saturating_add(DISK_RESERVE_BYTES) > free_bytes {
            return Err(StoreError::Full { wanted_bytes });
        }
        Ok(())
    }
}

fn copy_hashed(path: &Path, size_bytes: u64, body: &mut dyn Read) -> io::Result<ContentId> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut left_bytes = size_bytes;
    let mut piece = vec![0; COPY_BYTES];
    while left_bytes > 0 {
        let len = usize::try_from(left_bytes).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
        let piece = piece.get_mut(..len).unwrap_or_default();
        body.read_exact(piece)?;
        hasher.update(piece);
        file.write_all(piece)?;
        left_bytes = left_bytes.saturating_sub(len as u64);
    }
    Ok(ContentId(*hasher.finalize().as_bytes()))
}

/// A whole bundle, open for reading.
pub(crate) struct BlobReader {
    file: File,
    size_bytes: u64,
}

impl BlobReader {
    /// BLAKE3 of the bytes.
    fn hash(mut self) -> io::Result<ContentId> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; COPY_BYTES];
        loop {
            let len = self.file.read(&mut piece)?;
            match piece.get(..len) {
                None | Some([]) => return Ok(ContentId(*hasher.finalize().as_bytes())),
                Some(read) => hasher.update(read),
            };
        }
    }
}

impl ReadAt for BlobReader {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Makes a directory for the owner only; one that exists is fine.
pub(super) fn make_dir(path: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(err) if err.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::disk("making a directory")(err))
        }
        _ => Ok(()),
    }
}

/// Makes a directory's entries durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::disk("making a directory durable"))
}

/// More new files than this are made durable together.
const SYNC_EACH_MAX: usize = 16;
