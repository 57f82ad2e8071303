//! Bundle files under random names, 256 directories, none of which stands for a mailbox.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// A random name, 32 lower-case hexadecimal digits: it says nothing about what is inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileName(String);

impl FileName {
    /// A name that was never used.
    pub(crate) fn random() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|source| StoreError::Randomness { source })?;
        Ok(Self(data_encoding::HEXLOWER.encode(&bytes)))
    }

    /// A name from the index or from a directory; `None` for any other form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn fan_out(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

/// The directory `blobs/` of the data directory.
#[derive(Debug)]
pub(crate) struct BlobFiles {
    root: PathBuf,
}

impl BlobFiles {
    /// Opens `blobs/`, and makes it on the first start.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let root = data_dir.join("blobs");
        make_dir(&root, data_dir).map_err(StoreError::disk("making the bundle directory"))?;
        Ok(Self { root })
    }

    /// Where a file is.
    pub(crate) fn path(&self, name: &FileName) -> PathBuf {
        self.root.join(name.fan_out()).join(name.as_str())
    }

    /// Bytes free for use on the disk.
    pub(crate) fn free_bytes(&self) -> Result<u64, StoreError> {
        let found = rustix::fs::statvfs(&self.root)
            .map_err(io::Error::from)
            .map_err(StoreError::disk("asking for free space"))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Opens an upload's file for appending at `offset`, cuts off what is behind it, and makes a
    /// missing file whose directory entry is durable on return.
    pub(crate) fn open_upload(&self, name: &FileName, offset: u64) -> Result<File, StoreError> {
        self.try_open_upload(name, offset)
            .map_err(StoreError::disk("opening the file of an upload"))
    }

    fn try_open_upload(&self, name: &FileName, offset: u64) -> io::Result<File> {
        let dir = self.root.join(name.fan_out());
        make_dir(&dir, &self.root)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join(name.as_str()))?;
        if file.metadata()?.len() < offset {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        sync_dir(&dir)?;
        Ok(file)
    }

    /// The size of a file, `None` when it is not there.
    pub(crate) fn size_bytes(&self, name: &FileName) -> Result<Option<u64>, StoreError> {
        match fs::symlink_metadata(self.path(name)) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Ok(None),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(err) => Err(StoreError::disk("looking at a bundle file")(err)),
        }
    }

    /// Removes a file; one that is already gone is fine.
    pub(crate) fn remove(&self, name: &FileName) -> Result<(), StoreError> {
        match fs::remove_file(self.path(name)) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::disk("removing a bundle file")(err))
            }
            _ => Ok(()),
        }
    }

    /// Calls `each` with the name of every entry, `None` for one that is not of our form.
    pub(crate) fn for_each(
        &self,
        mut each: impl FnMut(Option<FileName>),
    ) -> Result<(), StoreError> {
        let failed = |err| StoreError::disk("listing the bundle files")(err);
        for dir in fs::read_dir(&self.root).map_err(failed)? {
            let dir = dir.map_err(failed)?;
            if !dir.file_type().map_err(failed)?.is_dir() {
                each(None);
                continue;
            }
            for file in fs::read_dir(dir.path()).map_err(failed)? {
                let name = file.map_err(failed)?.file_name();
                each(name.to_str().and_then(FileName::parse));
            }
        }
        Ok(())
    }
}

/// Makes a directory for the owner only, durably; one that exists is fine.
fn make_dir(path: &Path, parent: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_dir(parent),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(err) => Err(err),
    }
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
