//! The files of a vault: made in an order that survives a stop at any point, one program at a
//! time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use pack_format::secret::Secret32;
use rustix::fs::FlockOperation;

use super::VaultError;
use crate::files::{
    Existing, FileError, create_private, put_in_place, read_bounded, remove_if_present,
    with_suffix, write_synced,
};
use crate::passphrase::Passphrase;
use crate::paths::VaultPaths;
use crate::store::{NewMeta, Store};
use crate::vault_key::{KdfCost, KeyFile, SALT_BYTES, SealedMasterKey};

/// Held while a vault is open; the system lets it go when the process ends in any way.
pub(super) struct VaultLock {
    _file: File,
}

/// Makes the directory of a new vault and locks it.
///
/// # Errors
/// [`VaultError::Exists`] when there is a vault or anything else in it.
pub(super) fn prepare_dir(paths: &VaultPaths) -> Result<VaultLock, VaultError> {
    let dir = paths.dir();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(FileError::of("create the directory", dir))?;
    // Not even a lock is left in a directory that is somebody else's.
    if !paths.new_key().exists() {
        check_empty(paths)?;
    }
    let lock = lock(paths)?;
    remove_unfinished(paths)?;
    check_empty(paths)?;
    Ok(lock)
}

/// Whether nothing but a lock is in the directory.
fn check_empty(paths: &VaultPaths) -> Result<(), VaultError> {
    let dir = paths.dir();
    let entries = fs::read_dir(dir).map_err(FileError::of("read the directory", dir))?;
    for entry in entries {
        let entry = entry.map_err(FileError::of("read the directory", dir))?;
        if entry.path() != paths.lock() {
            return Err(VaultError::Exists {
                dir: dir.to_path_buf(),
            });
        }
    }
    Ok(())
}

/// Removes a vault that could not be finished, and its directory where `dir_was_made` for it. The
/// caller has closed it. A finished vault is left alone.
pub(super) fn discard_unfinished(paths: &VaultPaths, dir_was_made: bool) -> Result<(), VaultError> {
    remove_unfinished(paths)?;
    if paths.key().exists() {
        return Ok(());
    }
    remove_if_present(&paths.lock())?;
    if dir_was_made {
        let dir = paths.dir();
        fs::remove_dir(dir).map_err(FileError::of("remove the directory", dir))?;
    }
    Ok(())
}

/// Removes what a stop between [`write_new_vault`] and [`finish_new_vault`] left. No one has ever
/// used it: the last step gives `vault.key` its name, and until then `vault.key.new` is there.
fn remove_unfinished(paths: &VaultPaths) -> Result<(), VaultError> {
    let finished = paths.key().exists();
    if finished || !paths.new_key().exists() {
        return Ok(());
    }
    for database in [paths.database(), paths.new_database()] {
        remove_if_present(&database)?;
        remove_if_present(&with_suffix(&database, "-journal"))?;
    }
    for dir in [paths.bundles(), paths.spool()] {
        // A vault that was being restored may have bundles already.
        match fs::remove_dir_all(&dir) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::of("remove the directory", &dir)(err).into());
            }
            _ => {}
        }
    }
    remove_if_present(&paths.new_key())?;
    Ok(())
}

/// Writes everything under temporary names, the key first, and puts all but the key into place:
/// until [`finish_new_vault`] there is no vault.
pub(super) fn write_new_vault(
    paths: &VaultPaths,
    key: &SealedMasterKey,
    database_key: &Secret32,
    meta: &NewMeta,
) -> Result<(), VaultError> {
    write_synced(&paths.new_key(), &key.to_bytes())?;
    for dir in [paths.bundles(), paths.spool()] {
        DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .map_err(FileError::of("create the directory", &dir))?;
    }
    let new_database = paths.new_database();
    drop(create_private(&new_database)?);
    drop(Store::create(&new_database, database_key, meta)?);
    put_in_place(&new_database, &paths.database(), Existing::Replace)?;
    Ok(())
}

/// Gives the key its name: from here on there is a vault.
pub(super) fn finish_new_vault(paths: &VaultPaths) -> Result<(), VaultError> {
    put_in_place(&paths.new_key(), &paths.key(), Existing::Replace)?;
    Ok(())
}

/// Whether there is a vault, without touching it.
///
/// # Errors
/// [`VaultError::Missing`], [`VaultError::Incomplete`].
pub(super) fn look(paths: &VaultPaths) -> Result<(), VaultError> {
    let dir = paths.dir().to_path_buf();
    let (key, database) = (paths.key().exists(), paths.database().exists());
    // A vault that is being made has no `vault.key` yet, and nobody has used it.
    let unfinished = paths.new_key().exists();
    match (key, database) {
        (true, true) => Ok(()),
        (true, false) => Err(VaultError::Incomplete {
            dir,
            what: "vault.db",
        }),
        (false, true) if !unfinished => Err(VaultError::Incomplete {
            dir,
            what: "vault.key",
        }),
        (false, _) => Err(VaultError::Missing { dir }),
    }
}

/// Locks a vault that exists, and removes a key that was never finished.
///
/// # Errors
/// [`VaultError::Missing`], [`VaultError::Incomplete`], [`VaultError::InUse`].
pub(super) fn lock_existing(paths: &VaultPaths) -> Result<VaultLock, VaultError> {
    look(paths)?;
    let lock = lock(paths)?;
    remove_if_present(&paths.next_key())?;
    Ok(lock)
}

fn lock(paths: &VaultPaths) -> Result<VaultLock, VaultError> {
    let path = paths.lock();
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(FileError::of("open", &path))?;
    // Whoever is about to let it go has a moment: a session that ends, or a program that was
    // started in between and has not let go of what it inherited.
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(VaultLock { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(err) => return Err(FileError::of("lock", &path)(err.into()).into()),
        }
    }
    Err(VaultError::InUse {
        dir: paths.dir().to_path_buf(),
    })
}

/// How often a lock that is held is tried again: for half a second in all, which nobody notices.
const LOCK_TRIES: u32 = 10;
/// How long it waits between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Seals the master key.
pub(super) fn seal_key(
    master: &Secret32,
    passphrase: &Passphrase,
    key_file: Option<&KeyFile>,
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
) -> Result<SealedMasterKey, VaultError> {
    Ok(SealedMasterKey::seal(
        master, passphrase, key_file, cost, salt,
    )?)
}

/// Reads `vault.key`.
pub(super) fn read_key(paths: &VaultPaths) -> Result<SealedMasterKey, VaultError> {
    let bytes = read_bounded(&paths.key(), KEY_BYTES_MAX)?;
    Ok(SealedMasterKey::from_bytes(&bytes)?)
}

/// Replaces `vault.key` in one step.
pub(super) fn replace_key(paths: &VaultPaths, key: &SealedMasterKey) -> Result<(), VaultError> {
    let next: &Path = &paths.next_key();
    remove_if_present(next)?;
    write_synced(next, &key.to_bytes())?;
    put_in_place(next, &paths.key(), Existing::Replace)?;
    Ok(())
}

/// More than any version of `vault.key` has.
const KEY_BYTES_MAX: u64 = 4096;
