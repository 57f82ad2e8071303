//! Writing a verified bundle's files where the person wants them: whole, or not at all.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bundle_format::content::EntrySink;
use bundle_format::manifest::{Entry, EntryKind, Manifest};
use rustix::fs::{FlockOperation, OFlags};

use crate::files::{Existing, FileError, put_in_place, sync_directory_of};

/// A folder into which one bundle is released.
///
/// Everything is first written below a temporary folder beside its place; [`Release::finish`]
/// moves it into place. Dropped before that, the temporary folder is removed; the folder of a
/// process that was killed is removed by the next release into the same place.
pub(crate) struct Release {
    target: PathBuf,
    staging: PathBuf,
    message_name: String,
    names: BTreeSet<String>,
    file: Option<BufWriter<File>>,
    /// The temporary folder, locked: others see that it is in use.
    _lock: File,
}

impl Release {
    /// Prepares to release a bundle with this manifest into `target`, which is made if it is not
    /// there. Existing files are never overwritten.
    ///
    /// # Errors
    /// [`FileError::Exists`] when something of the bundle's is there already;
    /// [`FileError::Failed`].
    pub(crate) fn prepare(target: &Path, manifest: &Manifest) -> Result<Self, FileError> {
        Self::prepare_entries(target, manifest.entries().iter().map(|entry| &entry.kind))
    }

    /// The same for entries that do not come from one bundle.
    ///
    /// # Errors
    /// As [`Release::prepare`].
    pub(crate) fn prepare_entries<'a>(
        target: &Path,
        kinds: impl Iterator<Item = &'a EntryKind> + Clone,
    ) -> Result<Self, FileError> {
        let firsts = kinds.clone();
        let mut names: BTreeSet<String> = firsts
            .filter_map(|kind| kind.path()?.components().next().map(str::to_owned))
            .collect();
        let message_name = free_name("message", "txt", &names);
        let mut kinds = kinds;
        if kinds.any(|kind| *kind == EntryKind::Message) {
            names.insert(message_name.clone());
        }
        private_folders(target).map_err(FileError::of("create", target))?;
        remove_stale(target);
        for name in &names {
            let path = target.join(name);
            // Our own temporary folders are removed by the next release: nothing may look like one.
            if name.starts_with(STAGING_PREFIX) || path.symlink_metadata().is_ok() {
                return Err(FileError::Exists { path });
            }
        }
        let staging = target.join(staging_name(target)?);
        DirBuilder::new()
            .mode(0o700)
            .create(&staging)
            .map_err(FileError::of("create", &staging))?;
        let lock = lock(&staging).map_err(FileError::of("lock", &staging))?;
        let target = target.to_path_buf();
        Ok(Self {
            target,
            staging,
            message_name,
            names,
            file: None,
            _lock: lock,
        })
    }

    /// Makes the released files durable and moves them into place.
    ///
    /// # Errors
    /// [`FileError`]; what is in place by then stays, the rest is removed.
    pub(crate) fn finish(self) -> Result<Vec<PathBuf>, FileError> {
        let folder = File::open(&self.staging).map_err(FileError::of("open", &self.staging))?;
        rustix::fs::syncfs(&folder)
            .map_err(|errno| FileError::of("sync", &self.staging)(errno.into()))?;
        let mut placed = Vec::new();
        for name in &self.names {
            let path = self.target.join(name);
            put_in_place(&self.staging.join(name), &path, Existing::Keep)?;
            placed.push(path);
        }
        fs::remove_dir(&self.staging).map_err(FileError::of("remove", &self.staging))?;
        sync_directory_of(&self.staging)?;
        Ok(placed)
    }

    fn create(&mut self, path: &Path, executable: bool) -> io::Result<()> {
        let mode = if executable { 0o700 } else { 0o600 };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        self.file = Some(BufWriter::with_capacity(WRITE_BYTES, file));
        Ok(())
    }
}

impl EntrySink for Release {
    fn begin(&mut self, _index: usize, entry: &Entry) -> io::Result<()> {
        match &entry.kind {
            EntryKind::File { path, executable } => {
                let path = self.staging.join(path.as_str());
                if let Some(parent) = path.parent() {
                    private_folders(parent)?;
                }
                self.create(&path, *executable)
            }
            EntryKind::Folder(path) => private_folders(&self.staging.join(path.as_str())),
            EntryKind::Message => {
                let path = self.staging.join(&self.message_name);
                self.create(&path, false)
            }
            // Cards and receipts are the vault's own business and have been read by now.
            _ => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |mut file| file.flush())
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        // After `finish` it is gone; otherwise nothing half-written may stay. There is nobody to
        // tell if even this fails, and the folder's name says what it is.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

fn private_folders(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn staging_name(target: &Path) -> Result<String, FileError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|_| FileError::of("name a folder in", target)(io::ErrorKind::Other.into()))?;
    let random = data_encoding::HEXLOWER.encode(&random);
    Ok(format!("{STAGING_PREFIX}{random}"))
}

/// Opens a temporary folder and locks it until the process ends in any way.
fn lock(staging: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(staging)?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    Ok(folder)
}

/// Removes the temporary folders of processes that were killed: plaintext that nobody asked for.
/// What cannot be removed stays; its name says what it is.
fn remove_stale(target: &Path) {
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_staging = name
            .as_encoded_bytes()
            .starts_with(STAGING_PREFIX.as_bytes());
        if is_staging && lock(&entry.path()).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// `stem.extension`, or with a number when the bundle has a file of that name.
fn free_name(stem: &str, extension: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{stem}-{number}.{extension}"));
    std::iter::once(format!("{stem}.{extension}"))
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

const STAGING_PREFIX: &str = ".causeway-unfinished-";
/// Bytes gathered before a write: small files are written in one call.
const WRITE_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use bundle_format::manifest::BundlePath;

    use super::*;

    fn manifest(paths: &[&str]) -> Manifest {
        let file = |path: &&str| {
            let path = BundlePath::new(path).unwrap();
            Entry {
                kind: EntryKind::File {
                    path,
                    executable: false,
                },
                size_bytes: 0,
            }
        };
        Manifest::new(paths.iter().map(file).collect(), vec![]).unwrap()
    }

    fn write_all(release: &mut Release, manifest: &Manifest) {
        for (index, entry) in manifest.entries().iter().enumerate() {
            release.begin(index, entry).unwrap();
            release.write(b"content").unwrap();
            release.end().unwrap();
        }
    }

    #[test]
    fn files_appear_only_when_all_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&["a/b", "c"]);
        let mut release = Release::prepare(dir.path(), &manifest).unwrap();
        write_all(&mut release, &manifest);
        assert!(!dir.path().join("a").exists());
        release.finish().unwrap();
        assert_eq!(fs::read(dir.path().join("a/b")).unwrap(), b"content");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn nothing_stays_of_a_release_that_was_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&["a/b", "c"]);
        let mut release = Release::prepare(dir.path(), &manifest).unwrap();
        write_all(&mut release, &manifest);
        drop(release);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_release_left_is_removed_and_a_running_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join(format!("{STAGING_PREFIX}0123"));
        fs::create_dir(&left).unwrap();
        fs::write(left.join("c"), "half").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("mine"), "whole").unwrap();
        let link = dir.path().join(format!("{STAGING_PREFIX}4567"));
        std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
        let manifest = manifest(&["c"]);
        let mut running = Release::prepare(dir.path(), &manifest).unwrap();
        drop(Release::prepare(dir.path(), &manifest).unwrap());
        assert!(!left.exists());
        assert!(link.join("mine").exists());
        write_all(&mut running, &manifest);
        running.finish().unwrap();
        assert_eq!(fs::read(dir.path().join("c")).unwrap(), b"content");
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("c"), "mine").unwrap();
        let refused = Release::prepare(dir.path(), &manifest(&["a/b", "c"]));
        assert!(matches!(refused.err(), Some(FileError::Exists { .. })));
        assert_eq!(fs::read(dir.path().join("c")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_message_gets_a_name_that_no_file_has() {
        let taken = BTreeSet::from(["message.txt".to_owned()]);
        assert_eq!(free_name("message", "txt", &taken), "message-2.txt");
    }
}
