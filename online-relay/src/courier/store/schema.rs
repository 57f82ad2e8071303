//! Opens the index and brings it to this program's version.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::error::StoreError;

/// Each brings the index from the version before to its own; the first is version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_desk.sql"),
];
const KNOWN: i64 = 2;
/// A backup program may hold the index for a moment.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Opens the index with the settings that the courier's promises rest on: a commit is on the disk
/// when it returns, and old keys of a pairing are overwritten.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    // SQLite would make the file readable for others; its journal takes the mode of the file.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::disk("opening the index"))?;
    let failed = StoreError::index("opening it");
    let mut index = Connection::open(path).map_err(failed)?;
    index.busy_timeout(BUSY).map_err(failed)?;
    index
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;",
        )
        .map_err(failed)?;
    migrate(&mut index)?;
    Ok(index)
}

fn migrate(index: &mut Connection) -> Result<(), StoreError> {
    let failed = StoreError::index("bringing it to this version");
    let change = index
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let done = usize::try_from(version(&change)?).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        change.execute_batch(migration).map_err(failed)?;
    }
    change.commit().map_err(failed)
}

/// The version of an index that this program may use; 0 for an empty one.
fn version(index: &Connection) -> Result<i64, StoreError> {
    let failed = StoreError::index("reading its version");
    let made: bool = index
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'courier_schema')",
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    if !made {
        return Ok(0);
    }
    let select = "SELECT version, readable_by FROM courier_schema";
    let (version, readable_by): (i64, i64) = index
        .query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(failed)?
        .ok_or(StoreError::IndexDamaged {
            what: "it has no version",
        })?;
    if readable_by > KNOWN {
        return Err(StoreError::IndexTooNew {
            found: readable_by,
            known: KNOWN,
        });
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_a_later_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.sqlite");
        open(&path)
            .unwrap()
            .execute("UPDATE courier_schema SET version = 9, readable_by = 8", [])
            .unwrap();
        assert!(matches!(
            open(&path),
            Err(StoreError::IndexTooNew { found: 8, known: 2 })
        ));
    }

    #[test]
    fn an_index_that_only_added_to_this_version_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.sqlite");
        open(&path)
            .unwrap()
            .execute("UPDATE courier_schema SET version = 9", [])
            .unwrap();
        assert!(open(&path).is_ok());
    }

    #[test]
    fn every_migration_has_its_number() {
        assert_eq!(i64::try_from(MIGRATIONS.len()).unwrap(), KNOWN);
    }
}
