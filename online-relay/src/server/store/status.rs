//! What the operator may know: sums and settings, no identifiers.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::error::StoreError;
use super::trays::bytes_on_trays;
use super::{from_sql, to_sql};

/// The relay in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Mailboxes that are open.
    pub mailboxes: u64,
    /// Invitations that nobody has used.
    pub invitations_unused: u64,
    /// Bundles that wait to be fetched or acknowledged.
    pub bundles_waiting: u64,
    /// Their bytes.
    pub bytes_waiting: u64,
    /// Bundles that were acknowledged and removed.
    pub bundles_acknowledged: u64,
    /// Uploads that were begun and not finished.
    pub uploads_unfinished: u64,
    /// Their durable bytes.
    pub bytes_unfinished: u64,
    /// Trays that phones and couriers share.
    pub trays: u64,
    /// The bytes of the frames on them.
    pub bytes_on_trays: u64,
    /// The quota of the last start, if there is one.
    pub quota_bytes: Option<u64>,
}

/// What `serve` was last started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The URL under which the world reaches the relay.
    pub(crate) url: Option<String>,
    /// The most bytes to hold.
    pub(crate) quota_bytes: Option<u64>,
}

/// Counts everything.
pub(crate) fn read_status(index: &Connection) -> Result<Status, StoreError> {
    let count = |sql: &str| -> Result<u64, StoreError> {
        let number = index
            .query_row(sql, [], |row| row.get(0))
            .map_err(StoreError::index("counting"))?;
        from_sql(number)
    };
    Ok(Status {
        mailboxes: count("SELECT count(*) FROM mailboxes")?,
        invitations_unused: count("SELECT count(*) FROM invitations WHERE mailbox IS NULL")?,
        bundles_waiting: count("SELECT count(*) FROM bundles WHERE file IS NOT NULL")?,
        bytes_waiting: count(
            "SELECT coalesce(sum(size_bytes), 0) FROM bundles WHERE file IS NOT NULL",
        )?,
        bundles_acknowledged: count("SELECT count(*) FROM bundles WHERE file IS NULL")?,
        uploads_unfinished: count("SELECT count(*) FROM uploads")?,
        bytes_unfinished: count("SELECT coalesce(sum(durable_bytes), 0) FROM uploads")?,
        trays: count("SELECT count(*) FROM trays")?,
        bytes_on_trays: bytes_on_trays(index)?,
        quota_bytes: read_settings(index)?.quota_bytes,
    })
}

/// What `serve` was last started with.
pub(crate) fn read_settings(index: &Connection) -> Result<Settings, StoreError> {
    let (url, quota): (Option<String>, Option<i64>) = index
        .query_row(
            "SELECT url, quota_bytes FROM settings WHERE only_row = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(StoreError::index("reading the settings"))?;
    let quota_bytes = quota.map(from_sql).transpose()?;
    Ok(Settings { url, quota_bytes })
}

/// Remembers what `serve` was started with.
pub(crate) fn write_settings(index: &Connection, settings: &Settings) -> Result<(), StoreError> {
    let quota = settings.quota_bytes.map(to_sql).transpose()?;
    index
        .execute(
            "UPDATE settings SET url = ?1, quota_bytes = ?2 WHERE only_row = 1",
            params![settings.url, quota],
        )
        .map(drop)
        .map_err(StoreError::index("writing the settings"))
}
