//! What a courier holds, in numbers.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Store, StoreError, all, size};
use crate::courier::servers::ServerUrl;

/// What a courier holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CourierStatus {
    /// The pairings, oldest first.
    pub vaults: Vec<LaneStatus>,
    /// The servers that are allowed, and those that a vault has named, by URL.
    pub servers: Vec<ServerStatus>,
    /// Bundles on this machine's disk.
    pub bundles_here: u64,
    /// Their bytes.
    pub bytes_here: u64,
}

/// One pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LaneStatus {
    /// The pairing's name.
    pub name: String,
    /// Bundles of this vault that no relay has stored yet, counted per relay.
    pub bundles_to_upload: u64,
    /// Their bytes.
    pub bytes_to_upload: u64,
    /// Receipts of relays that the vault has not got.
    pub receipts_for_vault: u64,
    /// Bundles that a relay holds for the vault and that are not here.
    pub bundles_to_fetch: u64,
    /// Their bytes.
    pub bytes_to_fetch: u64,
    /// Fetched bundles that the vault has not got.
    pub bundles_for_vault: u64,
    /// Their bytes.
    pub bytes_for_vault: u64,
    /// Reports of trouble that the vault has not got.
    pub reports_for_vault: u64,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Its URL.
    pub url: String,
    /// Whether this courier may talk to it.
    pub allowed: bool,
    /// How the last visit ended: `done`, the code of an error, or nothing before the first.
    pub last_outcome: Option<String>,
    /// Bundles that wait to be uploaded there.
    pub bundles_to_upload: u64,
    /// Their bytes.
    pub bytes_to_upload: u64,
}

impl Store {
    /// What the courier holds now.
    pub(crate) fn status(&self) -> Result<CourierStatus, StoreError> {
        let select = "SELECT count(*) AS bundle_count, ifnull(sum(size_bytes), 0) AS bytes
             FROM bundles";
        let here = all(&self.index(), DOING, select, [], |row| {
            Ok((size(row, "bundle_count")?, size(row, "bytes")?))
        })?;
        let (bundles_here, bytes_here) = here.first().copied().unwrap_or_default();
        Ok(CourierStatus {
            vaults: self.lane_status()?,
            servers: self.server_status()?,
            bundles_here,
            bytes_here,
        })
    }

    fn lane_status(&self) -> Result<Vec<LaneStatus>, StoreError> {
        let select = "
            WITH fetched AS (
                SELECT mailboxes.lane AS lane, listed.state AS state, count(*) AS n,
                       sum(listed.size_bytes) AS bytes
                FROM listed JOIN mailboxes ON mailboxes.number = listed.mailbox
                GROUP BY mailboxes.lane, listed.state),
            sent AS (
                SELECT lane, receipt IS NULL AS waits, count(*) AS n, sum(size_bytes) AS bytes
                FROM tickets GROUP BY lane, receipt IS NULL)
            SELECT name,
                ifnull(up.n, 0) AS up_n, ifnull(up.bytes, 0) AS up_bytes,
                ifnull(done.n, 0) AS done_n,
                ifnull(want.n, 0) AS want_n, ifnull(want.bytes, 0) AS want_bytes,
                ifnull(here.n, 0) AS here_n, ifnull(here.bytes, 0) AS here_bytes,
                (SELECT count(*) FROM reports WHERE lane = lanes.number AND told = 0) AS reports
            FROM lanes
            LEFT JOIN sent AS up ON up.lane = lanes.number AND up.waits = 1
            LEFT JOIN sent AS done ON done.lane = lanes.number AND done.waits = 0
            LEFT JOIN fetched AS want ON want.lane = lanes.number AND want.state = 0
            LEFT JOIN fetched AS here ON here.lane = lanes.number AND here.state = 1
            ORDER BY lanes.number";
        all(&self.index(), DOING, select, [], |row| {
            Ok(LaneStatus {
                name: row.get("name")?,
                bundles_to_upload: size(row, "up_n")?,
                bytes_to_upload: size(row, "up_bytes")?,
                receipts_for_vault: size(row, "done_n")?,
                bundles_to_fetch: size(row, "want_n")?,
                bytes_to_fetch: size(row, "want_bytes")?,
                bundles_for_vault: size(row, "here_n")?,
                bytes_for_vault: size(row, "here_bytes")?,
                reports_for_vault: size(row, "reports")?,
            })
        })
    }

    fn server_status(&self) -> Result<Vec<ServerStatus>, StoreError> {
        let allowed: BTreeSet<String> = self.servers()?.into_iter().collect();
        let select = "SELECT url, outcome,
                (SELECT count(*) FROM tickets
                 WHERE relay = relays.number AND receipt IS NULL) AS up_n,
                (SELECT ifnull(sum(size_bytes), 0) FROM tickets
                 WHERE relay = relays.number AND receipt IS NULL) AS up_bytes
            FROM relays";
        let mut servers = all(&self.index(), DOING, select, [], |row| {
            Ok(ServerStatus {
                url: row.get("url")?,
                allowed: false,
                last_outcome: row.get("outcome")?,
                bundles_to_upload: size(row, "up_n")?,
                bytes_to_upload: size(row, "up_bytes")?,
            })
        })?;
        let mut unused = allowed.clone();
        for server in &mut servers {
            let url = ServerUrl::of(&server.url);
            server.allowed = allowed.contains(url.as_str());
            unused.remove(url.as_str());
        }
        servers.extend(unused.into_iter().map(|url| ServerStatus {
            url,
            allowed: true,
            last_outcome: None,
            bundles_to_upload: 0,
            bytes_to_upload: 0,
        }));
        servers.sort_by(|one, other| one.url.cmp(&other.url));
        Ok(servers)
    }
}

const DOING: &str = "counting";
