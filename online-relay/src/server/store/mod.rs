//! The relay's memory: an SQLite index, which also holds the frames of trays, and one file per
//! bundle. The only place with SQL.
//!
//! Order of every change: the index names a file before the file exists, a file's bytes are
//! durable before the index counts them, and the index forgets a file before the file goes. So
//! the state after a kill at any point is one that [`recovery`] knows.
//! Spec: spec/relay.md, "What is on disk".

mod budget;
mod bundles;
pub(crate) mod error;
mod files;
#[cfg(test)]
mod kill_tests;
mod mailboxes;
mod recovery;
mod schema;
mod status;
mod trays;
mod upload;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

pub(crate) use self::bundles::Found;
pub use self::error::StoreError;
pub(crate) use self::files::sync_dir;
pub(crate) use self::mailboxes::{MailboxNumber, Opening};
pub use self::recovery::Recovered;
pub(crate) use self::status::Settings;
pub use self::status::Status;
pub(crate) use self::trays::{Left, TrayNumber, TrayTransfer};
pub(crate) use self::upload::{Finished, Upload};

use self::budget::Budget;
use self::files::BlobFiles;
use crate::tray::TrayId;

/// The index, the files and the room that is left. Every call blocks on the disk.
#[derive(Debug)]
pub(crate) struct Store {
    index: Mutex<Connection>,
    files: BlobFiles,
    budget: Budget,
}

impl Store {
    /// Opens the store for serving, makes it on the first start, and repairs what a kill left.
    ///
    /// The caller holds the data directory's lock. `accept_loss` lets the index forget bundles
    /// whose files are gone.
    pub(crate) fn open(
        data_dir: &Path,
        quota_bytes: Option<u64>,
        accept_loss: bool,
    ) -> Result<(Self, Recovered), StoreError> {
        let mut index = schema::open(&index_path(data_dir))?;
        let files = BlobFiles::open(data_dir)?;
        let (recovered, used_bytes) = recovery::recover(&mut index, &files, accept_loss)?;
        let store = Self {
            index: Mutex::new(index),
            files,
            budget: Budget::new(quota_bytes, used_bytes),
        };
        Ok((store, recovered))
    }

    /// Remembers what `serve` was started with, for `invite` and `status`.
    pub(crate) fn remember(&self, settings: &Settings) -> Result<(), StoreError> {
        status::write_settings(&self.index(), settings)
    }

    /// The index. A panic elsewhere cannot have left half a transaction: dropping one rolls back.
    fn index(&self) -> MutexGuard<'_, Connection> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The index alone, which `invite` and `status` open while the server runs.
#[derive(Debug)]
pub(crate) struct Index(Connection);

impl Index {
    /// Opens the index of a data directory; `None` when there is none.
    pub(crate) fn open(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = index_path(data_dir);
        if !path.exists() {
            return Ok(None);
        }
        schema::open(&path).map(Self).map(Some)
    }

    /// What `serve` was last started with.
    pub(crate) fn settings(&self) -> Result<Settings, StoreError> {
        status::read_settings(&self.0)
    }

    /// Counts everything.
    pub(crate) fn status(&self) -> Result<Status, StoreError> {
        status::read_status(&self.0)
    }

    /// Makes an invitation's code valid.
    pub(crate) fn add_invitation(&self, code: &[u8; 16]) -> Result<(), StoreError> {
        mailboxes::add_invitation(&self.0, code)
    }

    /// Makes a tray's two ids valid.
    pub(crate) fn add_tray(&mut self, courier: &TrayId, phone: &TrayId) -> Result<(), StoreError> {
        trays::add_tray(&mut self.0, courier, phone)
    }
}

/// Where the index of a data directory is.
pub(crate) fn index_path(data_dir: &Path) -> PathBuf {
    data_dir.join("index.sqlite")
}

/// SQLite integers are signed; sizes and sequences are far below the limit.
fn to_sql(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::IndexDamaged {
        what: "a number is too large",
    })
}

/// The inverse of [`to_sql`]: a negative number was not written by this program.
fn from_sql(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::IndexDamaged {
        what: "a number is negative",
    })
}
