//! Sealed bundles as files of the vault: random names, whole or absent, read at any position.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use pack_format::chunked::ReadAt;
use pack_format::relay::ContentId;

use crate::files::{FileError, create_private, sync_directory_of};

/// A finished bundle, open for reading.
#[derive(Debug)]
pub(crate) struct BundleFile {
    file: File,
    size_bytes: u64,
}

impl BundleFile {
    /// Opens a bundle by its path. A link in its place is not followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(path)?;
        let size_bytes = file.metadata()?.len();
        Ok(Self { file, size_bytes })
    }
}

impl ReadAt for BundleFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// A bundle that is being written. Dropped before [`NewBundleFile::keep`] it is removed.
pub(crate) struct NewBundleFile {
    path: PathBuf,
    name: String,
    /// Closed by [`NewBundleFile::sync`]: a pack may bring more bundles than a process may have
    /// open files.
    file: Option<File>,
    hasher: blake3::Hasher,
    kept: bool,
}

impl NewBundleFile {
    /// Makes an empty file with this random name in the vault's folder for bundles.
    pub(crate) fn create(folder: &Path, random: [u8; 16]) -> Result<Self, FileError> {
        let name = data_encoding::HEXLOWER.encode(&random);
        let path = folder.join(&name);
        let file = create_private(&path)?;
        let hasher = blake3::Hasher::new();
        Ok(Self {
            path,
            name,
            file: Some(file),
            hasher,
            kept: false,
        })
    }

    /// Copies `body` to its end.
    pub(crate) fn copy_from(&mut self, body: &mut dyn Read) -> io::Result<()> {
        let mut piece = vec![0; COPY_BYTES];
        loop {
            let len = body.read(&mut piece)?;
            let Some(read) = piece.get(..len).filter(|read| !read.is_empty()) else {
                return Ok(());
            };
            self.write_all(read)?;
        }
    }

    /// Makes the bytes and the name durable and closes the file. It is still removed when this
    /// value is dropped before [`NewBundleFile::keep`].
    pub(crate) fn sync(&mut self) -> Result<(), FileError> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        file.sync_all()
            .map_err(FileError::of("write", &self.path))?;
        sync_directory_of(&self.path)
    }

    /// The database knows the file now.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// The name in the folder.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The whole path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// BLAKE3 of what was written so far.
    pub(crate) fn content_id(&self) -> ContentId {
        ContentId(*self.hasher.finalize().as_bytes())
    }
}

impl Write for NewBundleFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        file.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewBundleFile {
    fn drop(&mut self) {
        if !self.kept {
            // Left over, it would be removed when the vault is next opened.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Bytes moved at once.
const COPY_BYTES: usize = 1024 * 1024;
