//! Which tables there are: numbered migrations, applied once each.

use rusqlite::params;

use super::columns::Doing as _;
use super::{Changes, StoreError};

/// Every migration in order. The lowest program version that can read the tables after it stands
/// beside each.
const MIGRATIONS: [Migration; 5] = [
    Migration {
        sql: include_str!("migrations/0001_vault.sql"),
        readable_by: 1,
    },
    Migration {
        sql: include_str!("migrations/0002_past.sql"),
        readable_by: 1,
    },
    // A program that does not know the new tables would remove the sealed contents of requests,
    // which no row that it knows names.
    Migration {
        sql: include_str!("migrations/0003_signing.sql"),
        readable_by: 3,
    },
    // The same holds for the bundles and chunks of spaces.
    Migration {
        sql: include_str!("migrations/0004_team.sql"),
        readable_by: 4,
    },
    // A program that does not know the new standing would take the segment for damage.
    Migration {
        sql: include_str!("migrations/0005_unopened.sql"),
        readable_by: 5,
    },
];

struct Migration {
    sql: &'static str,
    readable_by: u32,
}

/// Applies what is missing. A database of a newer program is used as it is when that program said
/// that this one can, and refused otherwise.
pub(super) fn bring_up_to_date(changes: &Changes<'_>) -> Result<(), StoreError> {
    let doing = "bring the tables up to date";
    changes
        .connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema (
                 version      INTEGER PRIMARY KEY,
                 readable_by  INTEGER NOT NULL
             ) STRICT",
        )
        .doing(doing)?;
    let newest = "SELECT version, readable_by FROM schema ORDER BY version DESC LIMIT 1";
    let (version, readable_by) = changes
        .optional(doing, newest, [], |row| Ok((row.get(0)?, row.get(1)?)))?
        .unwrap_or((0_u32, 0_u32));
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if readable_by > known {
        return Err(StoreError::Newer { readable_by, known });
    }
    for (number, migration) in (1_u32..).zip(&MIGRATIONS) {
        if number > version {
            changes
                .connection
                .execute_batch(migration.sql)
                .doing(doing)?;
            let insert = "INSERT INTO schema (version, readable_by) VALUES (?1, ?2)";
            changes.run(doing, insert, params![number, migration.readable_by])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pack_format::secret::Secret32;

    use super::super::{Store, StoreError};
    use super::*;
    use crate::files::create_private;

    fn database(dir: &std::path::Path) -> std::path::PathBuf {
        let path = dir.join("vault.db");
        create_private(&path).unwrap();
        path
    }

    #[test]
    fn a_newer_readable_by_is_refused_and_a_newer_version_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = database(dir.path());
        let key = Secret32::new([1; 32]);
        let store = Store::open(&path, &key).unwrap();
        let add = |version: u32, readable_by: u32| {
            let insert = "INSERT INTO schema (version, readable_by) VALUES (?1, ?2)";
            store
                .write(|changes| changes.run("test", insert, params![version, readable_by]))
                .unwrap();
        };
        add(8, 1);
        assert!(Store::open(&path, &key).is_ok());
        add(9, 9);
        assert!(matches!(
            Store::open(&path, &key),
            Err(StoreError::Newer {
                readable_by: 9,
                known: 5
            })
        ));
    }

    #[test]
    fn another_key_and_a_flipped_byte_are_damage() {
        let dir = tempfile::tempdir().unwrap();
        let path = database(dir.path());
        let key = Secret32::new([1; 32]);
        Store::open(&path, &key).unwrap();
        let other = Store::open(&path, &Secret32::new([2; 32]));
        assert!(matches!(other, Err(StoreError::Damaged { .. })));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let flipped = Store::open(&path, &key);
        assert!(matches!(flipped, Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn the_database_has_no_readable_byte_and_leaves_no_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = database(dir.path());
        drop(Store::open(&path, &Secret32::new([1; 32])).unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!holds(b"SQLite") && !holds(b"CREATE"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
