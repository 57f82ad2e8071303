//! The data directory: who may see it, who uses it, and the relay's key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use super::error::ServerError;
use super::store::{StoreError, index_path, sync_dir};

/// The data directory of a server that runs: nobody else serves from it meanwhile.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Locked as long as it is open; the system unlocks it however the process ends.
    _lock: File,
}

impl DataDir {
    /// Opens the directory, makes it on the first start, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, ServerError> {
        let failed = |doing| failed(doing, path);
        match DirBuilder::new().mode(0o700).create(path) {
            Err(err) if err.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("making it")(err));
            }
            Err(_) => close_to_others(path).map_err(failed("closing it to others"))?,
            Ok(()) => {}
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed("opening its lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(ServerError::InUse {
                path: path.to_owned(),
            }),
            Err(fs::TryLockError::Error(err)) => Err(failed("locking it")(err)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The relay's key; made on the first start, and only then.
    pub(crate) fn key(&self) -> Result<Secret32, ServerError> {
        if !key_path(&self.path).exists() {
            if index_path(&self.path).exists() {
                return Err(ServerError::KeyMissing {
                    path: key_path(&self.path),
                });
            }
            make_key(&self.path)?;
        }
        read_key(&self.path)
    }
}

/// Reads the relay's key; `invite` does so while the server runs.
pub(crate) fn read_key(data_dir: &Path) -> Result<Secret32, ServerError> {
    let path = key_path(data_dir);
    let bytes = match fs::read(&path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            return Err(ServerError::NotARelay {
                path: data_dir.to_owned(),
            });
        }
        Err(err) => return Err(failed("reading the relay's key", &path)(err)),
    };
    let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| ServerError::KeyDamaged {
        found_bytes: bytes.len() as u64,
        path,
    })?;
    Ok(Secret32::new(*Zeroizing::new(seed)))
}

/// A directory that was there before may be open to everyone.
fn close_to_others(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    permissions.set_mode(0o700);
    fs::set_permissions(path, permissions)
}

fn make_key(data_dir: &Path) -> Result<(), ServerError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|source| StoreError::Randomness { source })?;
    let path = key_path(data_dir);
    write_new_file(&path, seed.as_slice()).map_err(failed("writing the relay's key", &path))
}

/// Writes a file for the owner only: under a temporary name, synced, renamed, directory synced.
pub(crate) fn write_new_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    let temporary = path.with_added_extension(format!("{:016x}", random));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(err) = written {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        return Err(err);
    }
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => sync_dir(Path::new(".")),
    }
}

fn key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("relay-key")
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ServerError {
    let path = path.to_owned();
    move |source| ServerError::DataDir {
        doing,
        path,
        source,
    }
}
