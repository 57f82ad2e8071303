//! The courier's directory: where it is, who may see it, and who uses it.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::CourierError;
use super::store::index_path;

/// Where the courier is kept if nobody says otherwise: `$CAUSEWAY_COURIER`, or
/// `causeway/courier` in the person's data directory.
///
/// # Errors
/// [`CourierError::NoHome`].
pub fn default_dir() -> Result<PathBuf, CourierError> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = named("CAUSEWAY_COURIER") {
        return Ok(dir.into());
    }
    let data = named("XDG_DATA_HOME").map(PathBuf::from);
    let home = || named("HOME").map(|home| Path::new(&home).join(".local/share"));
    let data = data.or_else(home).ok_or(CourierError::NoHome)?;
    Ok(data.join("causeway/courier"))
}

/// The directory of a courier in use: no other process uses it meanwhile.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// Locked as long as it is open; the system unlocks it however the process ends.
    _lock: File,
}

impl StateDir {
    /// Makes the directory for a new courier and locks it.
    pub(crate) fn create(path: &Path) -> Result<Self, CourierError> {
        let failed = |doing| failed(doing, path);
        DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(path)
            .map_err(failed("making it"))?;
        if index_path(path).exists() {
            return Err(CourierError::AlreadyThere {
                path: path.to_owned(),
            });
        }
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(failed("closing it to others"))?;
        Self::lock(path)
    }

    /// Opens and locks the directory of a courier.
    pub(crate) fn open(path: &Path) -> Result<Self, CourierError> {
        if !index_path(path).exists() {
            return Err(CourierError::NotACourier {
                path: path.to_owned(),
            });
        }
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, CourierError> {
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed("opening its lock", path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(CourierError::InUse {
                path: path.to_owned(),
            }),
            Err(fs::TryLockError::Error(err)) => Err(failed("locking it", path)(err)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CourierError {
    let path = path.to_owned();
    move |source| CourierError::Directory {
        doing,
        path,
        source,
    }
}
