//! Brings index and files together again after a kill or a loss.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::bundles::{parse_name, remove_named};
use super::error::StoreError;
use super::files::{BlobFiles, FileName};
use super::from_sql;
use super::trays::bytes_on_trays;

/// What was found and done at the start, in numbers only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Removals that a kill had interrupted and that are done now.
    pub removals_finished: u64,
    /// Unfinished uploads whose files were gone or too short; their senders begin again.
    pub uploads_dropped: u64,
    /// Stored bundles that the disk had lost and that the operator let the index forget.
    pub bundles_lost: u64,
    /// Files that the index does not know. They are left alone: they may belong to a newer index
    /// than the one that was restored here.
    pub unknown_files: u64,
}

/// Repairs, and returns the bytes that are in use.
pub(super) fn recover(
    index: &mut Connection,
    files: &BlobFiles,
    accept_loss: bool,
) -> Result<(Recovered, u64), StoreError> {
    let mut known = HashSet::new();
    let removals_finished = finish_removals(index, files)?;
    let (uploads_dropped, upload_bytes) = check_uploads(index, files, &mut known)?;
    let (bundles_lost, bundle_bytes) = check_bundles(index, files, accept_loss, &mut known)?;
    let mut unknown_files = 0;
    files.for_each(|name| {
        if name.is_none_or(|name| !known.contains(&name)) {
            unknown_files += 1;
        }
    })?;
    let recovered = Recovered {
        removals_finished,
        uploads_dropped,
        bundles_lost,
        unknown_files,
    };
    let used_bytes = upload_bytes
        .saturating_add(bundle_bytes)
        .saturating_add(bytes_on_trays(index)?);
    Ok((recovered, used_bytes))
}

fn finish_removals(index: &Connection, files: &BlobFiles) -> Result<u64, StoreError> {
    let failed = || StoreError::index("finishing removals");
    let mut query = index
        .prepare("SELECT file FROM removals")
        .map_err(failed())?;
    let names = query
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(failed())?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed())?;
    for name in &names {
        remove_named(index, files, &parse_name(name)?)?;
    }
    Ok(names.len() as u64)
}

/// Drops uploads whose durable bytes are not there; returns their number and the bytes of the
/// others. A file longer than its durable bytes is cut when the upload goes on.
fn check_uploads(
    index: &mut Connection,
    files: &BlobFiles,
    known: &mut HashSet<FileName>,
) -> Result<(u64, u64), StoreError> {
    let (mut dropped, mut bytes) = (Vec::new(), 0_u64);
    for (file, durable_bytes) in rows(index, "SELECT file, durable_bytes FROM uploads")? {
        let found = files.size_bytes(&file)?;
        if found.is_some_and(|found| found >= durable_bytes) {
            bytes = bytes.saturating_add(durable_bytes);
            known.insert(file);
        } else {
            dropped.push(file);
        }
    }
    forget(
        index,
        files,
        "DELETE FROM uploads WHERE file = ?1",
        &dropped,
    )?;
    Ok((dropped.len() as u64, bytes))
}

/// Finds stored bundles without their file; returns how many were forgotten and the bytes of the
/// others.
fn check_bundles(
    index: &mut Connection,
    files: &BlobFiles,
    accept_loss: bool,
    known: &mut HashSet<FileName>,
) -> Result<(u64, u64), StoreError> {
    let (mut lost, mut bytes) = (Vec::new(), 0_u64);
    let sql = "SELECT file, size_bytes FROM bundles WHERE file IS NOT NULL";
    for (file, size_bytes) in rows(index, sql)? {
        if files.size_bytes(&file)? == Some(size_bytes) {
            bytes = bytes.saturating_add(size_bytes);
            known.insert(file);
        } else {
            lost.push(file);
        }
    }
    let count = lost.len() as u64;
    if count > 0 && !accept_loss {
        return Err(StoreError::BundlesMissing { count });
    }
    // Like an acknowledged one, a lost bundle may be sent again, and then gets the next sequence
    // number, which every fetcher will see.
    forget(index, files, "DELETE FROM bundles WHERE file = ?1", &lost)?;
    Ok((count, bytes))
}

/// Deletes the rows of these files by `sql`, and what is left of the files.
fn forget(
    index: &mut Connection,
    files: &BlobFiles,
    sql: &str,
    names: &[FileName],
) -> Result<(), StoreError> {
    let failed = || StoreError::index("forgetting files that are gone");
    let change = index.transaction().map_err(failed())?;
    for name in names {
        for sql in ["INSERT OR IGNORE INTO removals (file) VALUES (?1)", sql] {
            change
                .execute(sql, params![name.as_str()])
                .map_err(failed())?;
        }
    }
    change.commit().map_err(failed())?;
    for name in names {
        remove_named(index, files, name)?;
    }
    Ok(())
}

fn rows(index: &Connection, sql: &str) -> Result<Vec<(FileName, u64)>, StoreError> {
    let failed = || StoreError::index("checking the files");
    let mut query = index.prepare(sql).map_err(failed())?;
    let rows = query
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .map_err(failed())?;
    rows.map(|row| {
        let (file, number) = row.map_err(failed())?;
        Ok((parse_name(&file)?, from_sql(number)?))
    })
    .collect()
}
