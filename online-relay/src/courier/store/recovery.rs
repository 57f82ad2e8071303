//! Brings index and files together again after a kill or a loss.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

use super::files::{BundleFiles, FileName, Place};
use super::{StoreError, all, size};

/// Repairs what a kill or a failing disk can leave.
pub(super) fn recover(index: &mut Connection, files: &BundleFiles) -> Result<(), StoreError> {
    let failed = StoreError::index("repairing it");
    let change = index
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let blobs = check_blobs(&change, files)?;
    let partials = check_partials(&change, files)?;
    change.commit().map_err(failed)?;
    files.keep_only(Place::Blobs, &blobs)?;
    files.keep_only(Place::Incoming, &partials)
}

/// Forgets bundles whose files are gone: fetched ones are wanted again, and tickets wait without
/// their bundle, which the vault is told.
fn check_blobs(index: &Connection, files: &BundleFiles) -> Result<HashSet<FileName>, StoreError> {
    let mut known = HashSet::new();
    for (name, size_bytes) in rows(index, "SELECT file, size_bytes FROM bundles")? {
        if files.size_bytes(Place::Blobs, &name)? == Some(size_bytes) {
            known.insert(name);
            continue;
        }
        let failed = StoreError::index("forgetting a bundle that is gone");
        let want_again = "UPDATE listed SET state = 0, arrival = NULL WHERE state = 1
             AND content_id = (SELECT content_id FROM bundles WHERE file = ?1)";
        index.execute(want_again, [name.as_str()]).map_err(failed)?;
        index
            .execute("DELETE FROM bundles WHERE file = ?1", [name.as_str()])
            .map_err(failed)?;
    }
    Ok(known)
}

/// Begins downloads anew whose durable bytes are not there.
fn check_partials(
    index: &Connection,
    files: &BundleFiles,
) -> Result<HashSet<FileName>, StoreError> {
    let mut known = HashSet::new();
    let select = "SELECT file, durable_bytes AS size_bytes FROM listed WHERE file IS NOT NULL";
    for (name, durable_bytes) in rows(index, select)? {
        if files.size_bytes(Place::Incoming, &name)?.is_none()
            && files.size_bytes(Place::Blobs, &name)?.is_some()
        {
            // A kill between the last byte and its entry in the index.
            files.demote(&name)?;
        }
        let found = files.size_bytes(Place::Incoming, &name)?;
        if found.is_some_and(|found| found >= durable_bytes) {
            known.insert(name);
            continue;
        }
        let update = "UPDATE listed SET file = NULL, durable_bytes = 0 WHERE file = ?1";
        index
            .execute(update, [name.as_str()])
            .map_err(StoreError::index("beginning a download anew"))?;
    }
    Ok(known)
}

fn rows(index: &Connection, select: &str) -> Result<Vec<(FileName, u64)>, StoreError> {
    let doing = "looking for the bundle files";
    let rows = all(index, doing, select, [], |row| {
        Ok((row.get::<_, String>("file")?, size(row, "size_bytes")?))
    })?;
    rows.into_iter()
        .map(|(file, size_bytes)| Ok((FileName::from_index(&file)?, size_bytes)))
        .collect()
}
