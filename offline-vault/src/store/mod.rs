//! The vault's database: the only place that knows SQL.
//!
//! One transaction per use case: [`Store::write`]. Reading goes through [`Tables`], writing through
//! [`Changes`], which exists inside a transaction only. Spec: spec/store.md.

mod chain;
mod columns;
mod contact;
mod error;
mod incoming;
mod journal;
mod lane;
mod mailbox;
mod meta;
mod outgoing;
mod past;
mod schema;
mod seen;
mod signature_journal;
mod signing_key;
mod signing_request;
mod space;

use std::ops::Deref;
use std::path::Path;

use pack_format::secret::Secret32;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params, Row};
use rusqlite::{Transaction, TransactionBehavior};
use zeroize::Zeroizing;

pub use chain::{ChainDirection, ChainId, NewChain, StoredChain};
pub use contact::{Contact, ContactId, Verification};
pub use error::StoreError;
pub use incoming::{Incoming, IncomingId, NewIncoming};
pub use journal::JournalEntry;
pub use lane::{LaneKind, NewLane, StoredLane};
pub use mailbox::{Mailbox, MailboxId, NewMailbox};
pub use meta::{Meta, NewMeta};
pub use outgoing::{
    NewOutgoing, Outgoing, OutgoingId, OutgoingKind, Recipient, RecipientState, SlotKind,
};
pub use past::{PastItem, PastReader};
pub use seen::Seen;
pub use signing_key::{NewSigningKey, SigningKey, SigningKeyId};
pub use signing_request::{NewSigningRequest, RequestState, SigningRequest, SigningRequestId};
pub use space::*;

use columns::Doing as _;

/// An open database.
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Makes the database in an existing, empty, owner-only file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create(path: &Path, key: &Secret32, meta: &NewMeta) -> Result<Self, StoreError> {
        let store = Self::open(path, key)?;
        store.write(|changes| changes.insert_meta(meta))?;
        Ok(store)
    }

    /// Opens a database and brings its tables up to date.
    ///
    /// `key` is the raw key of SQLCipher, so that no password hash of its own runs.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when the key is not the database's,
    /// [`StoreError::Newer`], [`StoreError::Failed`].
    pub fn open(path: &Path, key: &Secret32) -> Result<Self, StoreError> {
        let doing = "open the database";
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).doing(doing)?;
        // Wrong keys are reported by our own errors, never by the library on the terminal.
        configure(&connection, "PRAGMA cipher_log_level = NONE")?;
        configure(&connection, "PRAGMA cipher_memory_security = ON")?;
        configure(&connection, &key_pragma(key))?;
        // The first statement that reads shows whether the key is right.
        let count = "SELECT count(*) FROM sqlite_schema";
        connection
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .doing(doing)?;
        for pragma in PRAGMAS {
            configure(&connection, pragma)?;
        }
        // Otherwise a statement that might use a partial index is planned anew for each value.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .doing(doing)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        let store = Self { connection };
        store.write(schema::bring_up_to_date)?;
        Ok(store)
    }

    /// Looks; changes nothing.
    #[must_use]
    pub fn read(&self) -> Tables<'_> {
        Tables {
            connection: &self.connection,
        }
    }

    /// Runs one use case in one transaction: all of it is durable when this returns `Ok`, and
    /// nothing of it happened otherwise.
    ///
    /// # Errors
    /// What the use case returns; [`StoreError`] also when the transaction cannot begin, as inside
    /// another one, or cannot be made durable.
    pub fn write<T, E: From<StoreError>>(
        &self,
        use_case: impl FnOnce(&Changes<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction =
            Transaction::new_unchecked(&self.connection, behaviour).doing("begin a change")?;
        let changes = Changes {
            tables: Tables {
                connection: &transaction,
            },
        };
        let done = use_case(&changes)?;
        transaction.commit().doing("make a change durable")?;
        Ok(done)
    }

    /// A statement beneath all rules, as somebody with the key and a tool of their own gives it.
    #[cfg(test)]
    pub(crate) fn dangerously_run_raw(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).doing("test")
    }

    /// Checks the seal of every page and the structure of the database.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn check(&self) -> Result<(), StoreError> {
        for pragma in ["PRAGMA cipher_integrity_check", "PRAGMA quick_check"] {
            let found = self.read().all("check the database", pragma, [], |row| {
                row.get::<_, String>(0)
            })?;
            if found.iter().any(|line| line != "ok") {
                return Err(StoreError::Inconsistent {
                    found: found.join("; "),
                });
            }
        }
        Ok(())
    }
}

/// `PRAGMA key = "x'…'"`, in memory that is wiped.
fn key_pragma(key: &Secret32) -> Zeroizing<String> {
    let hex = Zeroizing::new(data_encoding::HEXLOWER.encode(key.expose()));
    Zeroizing::new(["PRAGMA key = \"x'", hex.as_str(), "'\""].concat())
}

/// Runs a pragma, whether or not it answers.
fn configure(connection: &Connection, pragma: &str) -> Result<(), StoreError> {
    connection
        .execute_batch(pragma)
        .doing("configure the database")
}

/// Statements that stay prepared: all that one use case runs for each of many operations.
const STATEMENTS_KEPT: usize = 128;

/// `journal_mode = DELETE` leaves one file when nothing is being written. `synchronous = EXTRA`
/// then also syncs the directory after the journal is removed: without it a power cut can undo a
/// transaction that was reported durable, and a number or key of a chain would be used twice.
///
/// `cache_size` is in KiB: every page that leaves the cache has to be decrypted and checked again
/// when it is needed next, and a large bundle touches each page of its space many times.
const PRAGMAS: [&str; 7] = [
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -32768",
];

/// Reading access to all tables. Each family of tables adds its questions in its own file.
pub struct Tables<'a> {
    connection: &'a Connection,
}

impl Tables<'_> {
    fn all<T>(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.those(doing, sql, params, |row| read(row).map(Some))
    }

    /// Those rows of which something is read.
    fn those<T>(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
        let rows = statement.query_map(params, read).doing(doing)?;
        let those = rows.filter_map(Result::transpose);
        those.collect::<Result<_, _>>().doing(doing)
    }

    fn optional<T>(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
        statement.query_row(params, read).optional().doing(doing)
    }

    fn one<T>(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
        statement.query_row(params, read).doing(doing)
    }
}

/// Writing access to all tables, inside one transaction.
pub struct Changes<'a> {
    tables: Tables<'a>,
}

impl<'a> Deref for Changes<'a> {
    type Target = Tables<'a>;

    fn deref(&self) -> &Tables<'a> {
        &self.tables
    }
}

impl Changes<'_> {
    /// Makes a part of the changes whole or not at all: where it fails, the others stand.
    ///
    /// # Errors
    /// Those of `use_case`, whose changes are undone, and [`StoreError`].
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        use_case: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("begin a part of a change", "SAVEPOINT attempt", [])?;
        let done = use_case();
        if done.is_err() {
            // A full disk undoes the whole transaction, and then there is no part left to undo:
            // what counts is the error before.
            let undone = self.run("undo a part of a change", "ROLLBACK TO attempt", []);
            let ended = self.run("end a part of a change", "RELEASE attempt", []);
            if !self.connection.is_autocommit() {
                undone?;
                ended?;
            }
            return done;
        }
        self.run("end a part of a change", "RELEASE attempt", [])?;
        done
    }

    /// Runs a statement and returns the number of rows it changed.
    fn run(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).doing(doing)?;
        statement.execute(params).doing(doing)
    }

    /// Inserts one row and returns its id.
    fn insert(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
    ) -> Result<i64, StoreError> {
        self.run(doing, sql, params)?;
        Ok(self.connection.last_insert_rowid())
    }
}
