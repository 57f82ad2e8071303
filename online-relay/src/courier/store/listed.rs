//! What relays hold for vaults, from the first listing until the vault has it.

use std::collections::HashSet;

use pack_format::pack::PlannedItem;
use pack_format::relay::ContentId;
use rusqlite::params;

use super::lanes::LaneNumber;
use super::mailboxes::MailboxNumber;
use super::reports::DUE_MAX;
use super::{Change, Store, StoreError, all, size, to_sql};
use crate::client::Listed;

/// A bundle that is listed and not here.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Names the row.
    pub(crate) number: i64,
    pub(crate) listed: Listed,
}

impl Store {
    /// The next bundles that a mailbox lists and that are not here, behind sequence `after`.
    pub(crate) fn wanted(
        &self,
        mailbox: MailboxNumber,
        after: u64,
    ) -> Result<Vec<Wanted>, StoreError> {
        let select = "SELECT number, sequence, content_id, size_bytes FROM listed
             WHERE mailbox = ?1 AND state = 0 AND sequence > ?2
             ORDER BY sequence LIMIT ?3";
        let params = params![mailbox.0, to_sql(after), BATCH];
        let doing = "reading what to fetch";
        all(&self.index(), doing, select, params, |row| {
            Ok(Wanted {
                number: row.get("number")?,
                listed: Listed {
                    sequence: size(row, "sequence")?,
                    content_id: ContentId(row.get("content_id")?),
                    size_bytes: size(row, "size_bytes")?,
                },
            })
        })
    }

    /// The fetched bundles that a vault has not got, in the order in which they came.
    pub(crate) fn due_bundles(&self, lane: LaneNumber) -> Result<Vec<PlannedItem>, StoreError> {
        let select = "SELECT listed.content_id AS content_id, listed.size_bytes AS size_bytes
             FROM listed JOIN mailboxes ON mailboxes.number = listed.mailbox
             WHERE mailboxes.lane = ?1 AND listed.state = 1
             ORDER BY listed.arrival LIMIT ?2";
        let doing = "reading what is due";
        let params = params![lane.0, DUE_MAX];
        all(&self.index(), doing, select, params, |row| {
            Ok(PlannedItem::Bundle {
                content_id: ContentId(row.get("content_id")?),
                size_bytes: size(row, "size_bytes")?,
            })
        })
    }
}

impl Change<'_> {
    /// Notes one page of a mailbox; what is known stays as it is. A bundle that a vault has, and
    /// that was sent once more since, is wanted again: its sender waits for the receipt.
    pub(crate) fn note_page(
        &mut self,
        mailbox: MailboxNumber,
        page: &[Listed],
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO listed (mailbox, content_id, sequence, size_bytes)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (mailbox, content_id) DO UPDATE SET sequence = excluded.sequence,
                 size_bytes = iif(state = 0, excluded.size_bytes, size_bytes),
                 state = iif(state = 2 AND excluded.sequence > sequence, 0, state)";
        for item in page {
            let values = params![
                mailbox.0,
                item.content_id.0,
                to_sql(item.sequence),
                to_sql(item.size_bytes)
            ];
            self.index
                .execute(insert, values)
                .map_err(StoreError::index("noting what is listed"))?;
        }
        Ok(())
    }

    /// Forgets what the relay does not list any more: it was acknowledged. What is here and not
    /// yet with the vault stays.
    pub(crate) fn forget_unlisted(
        &mut self,
        mailbox: MailboxNumber,
        listed: &HashSet<ContentId>,
    ) -> Result<(), StoreError> {
        let select = "SELECT number, content_id, file FROM listed
             WHERE mailbox = ?1 AND state <> 1";
        let doing = "forgetting what is not listed";
        let rows = all(self.index, doing, select, [mailbox.0], |row| {
            Ok((
                row.get::<_, i64>("number")?,
                ContentId(row.get("content_id")?),
                row.get::<_, Option<String>>("file")?,
            ))
        })?;
        for (number, content_id, file) in rows {
            if listed.contains(&content_id) {
                continue;
            }
            self.index
                .execute("DELETE FROM listed WHERE number = ?1", [number])
                .map_err(StoreError::index(doing))?;
            if let Some(file) = file {
                self.drop_partial_file(&file)?;
            }
        }
        Ok(())
    }

    /// Forgets one bundle that the relay does not hold any more.
    pub(crate) fn forget_wanted(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        self.throw_partial_away(wanted)?;
        self.index
            .execute("DELETE FROM listed WHERE number = ?1", [wanted.number])
            .map(drop)
            .map_err(StoreError::index("forgetting what is not there"))
    }

    /// Hands a wanted bundle that is here already, from another mailbox, to the vault; false
    /// where it is not here.
    pub(crate) fn arrived_before(&mut self, wanted: &Wanted) -> Result<bool, StoreError> {
        if !self.has_bundle(&wanted.listed.content_id)? {
            return Ok(false);
        }
        self.throw_partial_away(wanted)?;
        self.mark_here(wanted)?;
        Ok(true)
    }

    /// From now on the bundle is due to the vault.
    pub(super) fn mark_here(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        let update = "UPDATE listed SET state = 1, file = NULL, durable_bytes = 0,
                 arrival = (SELECT ifnull(max(arrival), 0) + 1 FROM listed)
             WHERE number = ?1";
        self.index
            .execute(update, [wanted.number])
            .map(drop)
            .map_err(StoreError::index("noting a fetched bundle"))
    }

    /// The vault has a fetched bundle, from whichever of its mailboxes it came, or the content of a
    /// request.
    pub(crate) fn bundle_told(
        &mut self,
        lane: LaneNumber,
        content_id: &ContentId,
    ) -> Result<(), StoreError> {
        let update = "UPDATE listed SET state = 2, arrival = NULL
             WHERE content_id = ?2 AND state = 1
             AND mailbox IN (SELECT number FROM mailboxes WHERE lane = ?1)";
        self.index
            .execute(update, params![lane.0, content_id.0])
            .map_err(StoreError::index("finishing a fetched bundle"))?;
        self.content_told(lane, content_id)?;
        self.drop_if_unneeded(content_id)
    }
}

/// Bundles whose rows are held in memory at a time.
const BATCH: i64 = 256;
