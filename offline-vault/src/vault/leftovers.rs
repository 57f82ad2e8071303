//! Files that a stop left behind.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use crate::paths::VaultPaths;

/// Removes every file in `bundles/` that the database does not name: it was being written, or was
/// about to be removed, when the machine stopped. The lock is held, so that nobody writes one now.
///
/// What cannot be looked at or removed takes room and does no harm; the next opening tries again.
pub(super) fn remove(paths: &VaultPaths, named: &[String]) {
    let named: BTreeSet<OsString> = named.iter().map(OsString::from).collect();
    let Ok(entries) = fs::read_dir(paths.bundles()) else {
        return;
    };
    for entry in entries.flatten() {
        if !named.contains(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_without_a_row_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let paths = VaultPaths::new(dir.path());
        remove(&paths, &[]);
        fs::create_dir(paths.bundles()).unwrap();
        for name in ["named", "left"] {
            fs::write(paths.bundles().join(name), name).unwrap();
        }
        remove(&paths, &["named".to_owned(), "gone".to_owned()]);
        assert!(paths.bundles().join("named").exists());
        assert!(!paths.bundles().join("left").exists());
    }
}
