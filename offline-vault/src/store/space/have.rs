//! The newest have-summary of each device: what it had taken in when it said so.

use rusqlite::{Row, params};
use team_core::ids::DeviceId;

use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;
use crate::clock::UnixTime;

/// A have-summary as it is stored: it was verified before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHave {
    /// Who said it.
    pub device: DeviceId,
    /// A later one has a larger number.
    pub counter: u64,
    /// The summary, as encoded.
    pub have: Vec<u8>,
    /// When it came, as this machine's clock had it.
    pub received_at: UnixTime,
}

fn have(row: &Row<'_>) -> rusqlite::Result<StoredHave> {
    Ok(StoredHave {
        device: DeviceId(row.get("device")?),
        counter: row.get("counter")?,
        have: row.get("have")?,
        received_at: row.get("received_at")?,
    })
}

impl Tables<'_> {
    /// The newest have-summaries of the devices of a space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn haves(&self, space: SpaceRow) -> Result<Vec<StoredHave>, StoreError> {
        let select = "SELECT * FROM space_have WHERE space_id = ?1 ORDER BY device";
        self.all("read who has what", select, [space], have)
    }

    /// The newest have-summary of one device.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn have_of(
        &self,
        space: SpaceRow,
        device: DeviceId,
    ) -> Result<Option<StoredHave>, StoreError> {
        let select = "SELECT * FROM space_have WHERE space_id = ?1 AND device = ?2";
        self.optional(
            "look up what a device has",
            select,
            params![space, device.0],
            have,
        )
    }
}

impl Changes<'_> {
    /// Keeps a have-summary if it is the newest of its device. Tells whether it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_have(&self, space: SpaceRow, new: &StoredHave) -> Result<bool, StoreError> {
        let insert = "INSERT INTO space_have (space_id, device, counter, have, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET counter = excluded.counter, have = excluded.have,
             received_at = excluded.received_at WHERE excluded.counter > counter";
        let values = params![space, new.device.0, new.counter, new.have, new.received_at];
        Ok(self.run("store what a device has", insert, values)? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, NOW, device};
    use super::*;

    #[test]
    fn only_a_larger_counter_replaces_a_have_summary() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            for (counter, is_newest) in [(3, true), (3, false), (2, false), (4, true)] {
                let have = StoredHave {
                    device: device(1),
                    counter,
                    have: vec![u8::try_from(counter).unwrap()],
                    received_at: NOW,
                };
                assert_eq!(
                    changes.insert_have(fixture.space, &have).unwrap(),
                    is_newest
                );
            }
            let stored = changes.have_of(fixture.space, device(1)).unwrap().unwrap();
            assert_eq!((stored.counter, stored.have.as_slice()), (4, &[4][..]));
            assert_eq!(changes.haves(fixture.space).unwrap(), [stored]);
        });
    }

    #[test]
    fn what_no_table_takes_undoes_its_own_part_alone() {
        let fixture = Fixture::new();
        let have = |seed, counter| StoredHave {
            device: device(seed),
            counter,
            have: vec![1],
            received_at: NOW,
        };
        fixture.write(|changes| {
            let before = have(1, 1);
            changes.insert_have(fixture.space, &before).unwrap();
            let failed = changes.attempt(|| {
                changes.insert_have(fixture.space, &have(2, 1))?;
                changes.insert_have(fixture.space, &have(3, u64::MAX))
            });
            let err: StoreError = failed.unwrap_err();
            assert!(err.is_of_the_content(), "{err}");
            changes
                .attempt(|| changes.insert_have(fixture.space, &have(4, 1)))
                .unwrap();
            let devices = changes.haves(fixture.space).unwrap();
            let devices: Vec<_> = devices.iter().map(|have| have.device).collect();
            let mut kept = [device(1), device(4)];
            kept.sort_unstable();
            assert_eq!(devices.len(), 2);
            assert!(devices.iter().all(|device| kept.contains(device)));
        });
    }
}
