//! What vaults should hear about trouble: the last of it for each relay and bundle.

use pack_format::item::CourierReport;
use pack_format::relay::ContentId;
use rusqlite::params;

use super::lanes::LaneNumber;
use super::relays::RelayNumber;
use super::{Change, Store, StoreError, all};

impl Store {
    /// The reports that a vault has not got, oldest first.
    pub(crate) fn due_reports(&self, lane: LaneNumber) -> Result<Vec<CourierReport>, StoreError> {
        let select = "SELECT content_id, code, text FROM reports
             WHERE lane = ?1 AND told = 0 ORDER BY number LIMIT ?2";
        let params = params![lane.0, DUE_MAX];
        all(
            &self.index(),
            "reading the reports",
            select,
            params,
            |row| {
                Ok(CourierReport {
                    content_id: ContentId(row.get("content_id")?),
                    code: row.get("code")?,
                    text: row.get("text")?,
                })
            },
        )
    }
}

impl Change<'_> {
    /// Puts a report in the place of the last one about the same relay and bundle. The same
    /// trouble again is not told again, whatever the words.
    pub(crate) fn report(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        report: &CourierReport,
    ) -> Result<(), StoreError> {
        self.put_report(lane, relay, report, "")
    }

    /// Tells the vault once that something was given up for good.
    pub(crate) fn report_given_up(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        report: &CourierReport,
    ) -> Result<(), StoreError> {
        self.put_report(lane, relay, report, &report.code)
    }

    fn put_report(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        report: &CourierReport,
        slot: &str,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO reports (lane, relay, content_id, slot, code, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (lane, relay, content_id, slot)
             DO UPDATE SET code = excluded.code, text = excluded.text, told = 0
             WHERE code <> excluded.code";
        let content_id = report.content_id.0;
        let values = params![lane.0, relay.0, content_id, slot, report.code, report.text];
        self.index
            .execute(insert, values)
            .map(drop)
            .map_err(StoreError::index("storing a report"))
    }

    /// Tells every vault that has business with a relay.
    pub(crate) fn report_to_all(
        &mut self,
        relay: RelayNumber,
        report: &CourierReport,
    ) -> Result<(), StoreError> {
        for lane in self.lanes_at(relay)? {
            self.report(lane, relay, report)?;
        }
        Ok(())
    }

    fn lanes_at(&self, relay: RelayNumber) -> Result<Vec<LaneNumber>, StoreError> {
        let select = "SELECT lane FROM tickets WHERE relay = ?1 AND receipt IS NULL
             UNION SELECT lane FROM mailboxes WHERE relay = ?1
             UNION SELECT lane FROM acknowledgements WHERE relay = ?1";
        all(
            self.index,
            "looking up pairings",
            select,
            [relay.0],
            |row| Ok(LaneNumber(row.get("lane")?)),
        )
    }

    /// The trouble is over.
    pub(crate) fn clear_report(
        &mut self,
        lane: LaneNumber,
        relay: RelayNumber,
        content_id: &ContentId,
    ) -> Result<(), StoreError> {
        let delete = "DELETE FROM reports
             WHERE lane = ?1 AND relay = ?2 AND content_id = ?3 AND slot = ''";
        self.index
            .execute(delete, params![lane.0, relay.0, content_id.0])
            .map(drop)
            .map_err(StoreError::index("clearing a report"))
    }

    /// A whole visit went well.
    pub(crate) fn clear_relay_reports(&mut self, relay: RelayNumber) -> Result<(), StoreError> {
        let delete = "DELETE FROM reports
             WHERE relay = ?1 AND content_id = ?2 AND slot = ''";
        self.index
            .execute(delete, params![relay.0, NO_BUNDLE.0])
            .map(drop)
            .map_err(StoreError::index("clearing a report"))
    }

    /// The vault has a report.
    pub(crate) fn report_told(
        &mut self,
        lane: LaneNumber,
        report: &CourierReport,
    ) -> Result<(), StoreError> {
        let failed = StoreError::index("finishing a report");
        let content_id = report.content_id.0;
        for told in [
            "DELETE FROM reports WHERE lane = ?1 AND content_id = ?2 AND code = ?3 AND text = ?4
                 AND slot <> ''",
            "UPDATE reports SET told = 1 WHERE lane = ?1 AND content_id = ?2 AND code = ?3
                 AND text = ?4",
        ] {
            self.index
                .execute(told, params![lane.0, content_id, report.code, report.text])
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// Stands for no single bundle.
pub(crate) const NO_BUNDLE: ContentId = ContentId([0; 32]);
/// Most small items, and most bundles, that are due to one vault at a time: what is beyond waits
/// for the next trip.
pub(super) const DUE_MAX: i64 = 50_000;
