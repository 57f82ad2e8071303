//! What a courier remembers: an SQLite index and one file per bundle. The only place with its SQL.
//!
//! Order of every change: a file's bytes are durable before the index names it, and the index
//! forgets a file before the file goes. So the state after a kill at any point is one that
//! [`recovery`] knows.

mod acknowledgements;
mod bundles;
mod desk_keys;
mod desk_requests;
mod desk_vaults;
mod error;
mod files;
mod lanes;
mod listed;
mod mailboxes;
mod partial;
mod peek;
mod recovery;
mod relays;
mod reports;
mod schema;
mod status;
mod tickets;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pack_format::relay::ContentId;
use rusqlite::{Connection, Params, Row};

pub(crate) use self::acknowledgements::WaitingAcknowledgement;
pub(crate) use self::desk_keys::StoredKey;
pub use self::desk_requests::RequestState;
pub(crate) use self::desk_requests::{NewRequest, OpenRequest, StoredRequest};
pub use self::desk_vaults::Role;
pub(crate) use self::desk_vaults::StoredVault;
pub use self::error::StoreError;
pub(crate) use self::files::BlobReader;
pub(crate) use self::lanes::LaneNumber;
pub(crate) use self::listed::Wanted;
pub(crate) use self::mailboxes::{Mailbox, MailboxToOpen};
pub(crate) use self::partial::{Partial, Whole};
pub(crate) use self::peek::peek_request;
pub(crate) use self::relays::KnownRelay;
pub(crate) use self::reports::NO_BUNDLE;
pub use self::status::{CourierStatus, LaneStatus, ServerStatus};
pub(crate) use self::tickets::WaitingTicket;

use self::files::{BundleFiles, FileName};

/// The index and the files. Every call blocks on the disk.
#[derive(Debug)]
pub(crate) struct Store {
    /// Behind a lock only because bundles are read from several places while a pack is sealed.
    index: Mutex<Connection>,
    files: BundleFiles,
    spool_dir: PathBuf,
    pending: Option<Pending>,
    /// Fetched bundles whose bytes were found to be right in this run.
    checked: HashSet<ContentId>,
}

/// What the open transaction does to files.
#[derive(Debug, Default)]
struct Pending {
    /// Written, and removed again if the transaction is.
    fresh: Vec<FileName>,
    /// Removed once the transaction is durable.
    doomed: Vec<FileName>,
}

/// The open transaction.
pub(crate) struct Change<'a> {
    index: &'a Connection,
    files: &'a BundleFiles,
    pending: &'a mut Pending,
}

impl Store {
    /// Opens the store, makes it on the first start, and repairs what a kill left.
    ///
    /// The caller holds the directory's lock.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let mut index = schema::open(&index_path(dir))?;
        let files = BundleFiles::open(dir)?;
        let spool_dir = dir.join("spool");
        files::make_dir(&spool_dir)?;
        files::sync_dir(dir)?;
        recovery::recover(&mut index, &files)?;
        Ok(Self {
            index: Mutex::new(index),
            files,
            spool_dir,
            pending: None,
            checked: HashSet::new(),
        })
    }

    /// Where parts of incomplete packs are kept.
    pub(crate) fn spool_dir(&self) -> &Path {
        &self.spool_dir
    }

    /// The open transaction; a new one where none is open.
    pub(crate) fn begin(&mut self) -> Result<Change<'_>, StoreError> {
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.pending.is_none() {
            index
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(StoreError::index("beginning a change"))?;
        }
        Ok(Change {
            index,
            files: &self.files,
            pending: self.pending.get_or_insert_default(),
        })
    }

    /// Makes the open transaction durable, files first.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        let Some(pending) = &self.pending else {
            return Ok(());
        };
        let durable = self.files.make_durable(&pending.fresh).and_then(|()| {
            self.index()
                .execute_batch("COMMIT")
                .map_err(StoreError::index("finishing a change"))
        });
        if let Err(err) = durable {
            self.rollback();
            return Err(err);
        }
        for name in self.pending.take().unwrap_or_default().doomed {
            // One that stays is removed at the next start: no row names it.
            let _ = self.files.remove(files::Place::Blobs, &name);
        }
        Ok(())
    }

    /// Forgets the open transaction.
    pub(crate) fn rollback(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        // Where even this fails the next change does too, and says so.
        let _ = self.index().execute_batch("ROLLBACK");
        for name in pending.fresh {
            // One that stays is removed at the next start: no row names it.
            let _ = self.files.remove(files::Place::Blobs, &name);
        }
    }

    /// Does one piece of work as one transaction.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = work(&mut self.begin()?);
        match done {
            Ok(done) => self.commit().map(|()| done),
            Err(err) => {
                self.rollback();
                Err(err)
            }
        }
    }

    /// The index. A panic elsewhere cannot have left half a transaction: it is never committed.
    fn index(&self) -> MutexGuard<'_, Connection> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the index is: whether it exists tells whether a courier lives in a directory.
pub(crate) fn index_path(dir: &Path) -> PathBuf {
    dir.join("index.sqlite")
}

/// All rows of a query, each read by `read`.
fn all<T>(
    index: &Connection,
    doing: &'static str,
    select: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, StoreError> {
    let failed = StoreError::index(doing);
    let mut query = index.prepare(select).map_err(failed)?;
    let mut rows = query.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row).map_err(|err| err.while_doing(doing))?);
    }
    Ok(found)
}

/// Why a row could not be read: SQLite's reason, or a value that this program never writes.
enum ReadError {
    Sql(rusqlite::Error),
    Damaged(&'static str),
}

impl ReadError {
    fn while_doing(self, doing: &'static str) -> StoreError {
        match self {
            Self::Sql(source) => StoreError::index(doing)(source),
            Self::Damaged(what) => StoreError::IndexDamaged { what },
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sql(source)
    }
}

/// A column that holds something encoded.
fn wire<T: pack_format::codec::Wire>(row: &Row<'_>, column: &str) -> Result<T, ReadError> {
    let bytes = zeroize::Zeroizing::new(row.get::<_, Vec<u8>>(column)?);
    T::from_wire(&bytes).map_err(|_| ReadError::Damaged(T::WHAT))
}

/// A column that holds a size.
fn size(row: &Row<'_>, column: &str) -> Result<u64, ReadError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| ReadError::Damaged("a size is negative"))
}

/// SQLite integers are signed; sizes and sequences of this format are far below the limit, except
/// those that a relay invents.
fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
