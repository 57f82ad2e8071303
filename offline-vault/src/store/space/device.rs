//! The devices of a space, and how far each had seen the others.

use rusqlite::{Row, params};
use team_core::ids::{DeviceId, SegmentHash};

use super::super::columns::stored_id;
use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;

stored_id! {
    /// A device of which something is known in a space.
    DeviceRow
}

/// A device as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDevice {
    /// The row.
    pub id: DeviceRow,
    /// The device.
    pub device: DeviceId,
    /// Whether an operation makes it a device of the space.
    pub named: bool,
    /// Its newest segment that was taken in; none before the first.
    pub tip: Option<Tip>,
    /// The first number of which there are two segments.
    pub forked_from: Option<u64>,
}

/// The newest segment of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: SegmentHash,
    /// How far its author had seen the other devices, as encoded.
    pub seen: Vec<u8>,
}

/// What is known of the chain of a device, without how far its author had seen the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceChain {
    /// The row.
    pub id: DeviceRow,
    /// Whether an operation makes it a device of the space.
    pub named: bool,
    /// The number of its newest segment that was taken in; 0 before the first.
    pub tip_number: u64,
    /// The first number of which there are two segments.
    pub forked_from: Option<u64>,
}

fn device(row: &Row<'_>) -> rusqlite::Result<StoredDevice> {
    let tip: Option<[u8; 32]> = row.get("tip")?;
    let tip = match tip {
        Some(hash) => Some(Tip {
            number: row.get("tip_number")?,
            hash: SegmentHash(hash),
            seen: row.get("seen")?,
        }),
        None => None,
    };
    Ok(StoredDevice {
        id: row.get("id")?,
        device: DeviceId(row.get("device")?),
        named: row.get("named")?,
        tip,
        forked_from: row.get("forked_from")?,
    })
}

impl Tables<'_> {
    /// The devices of a space, in the order in which they were met.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn devices(&self, space: SpaceRow) -> Result<Vec<StoredDevice>, StoreError> {
        let select = "SELECT * FROM space_device WHERE space_id = ?1 ORDER BY id";
        self.all("read the devices of a space", select, [space], device)
    }

    /// One device of a space, if anything is known of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn device_with_id(
        &self,
        space: SpaceRow,
        id: DeviceId,
    ) -> Result<Option<StoredDevice>, StoreError> {
        let select = "SELECT * FROM space_device WHERE space_id = ?1 AND device = ?2";
        self.optional("look a device up", select, params![space, id.0], device)
    }

    /// What is known of the chain of one device.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn device_chain(
        &self,
        space: SpaceRow,
        id: DeviceId,
    ) -> Result<Option<DeviceChain>, StoreError> {
        let values = params![space, id.0];
        self.optional("look a device up", CHAIN, values, |row| {
            Ok(DeviceChain {
                id: row.get("id")?,
                named: row.get("named")?,
                tip_number: row.get("tip_number")?,
                forked_from: row.get("forked_from")?,
            })
        })
    }

    /// From which of its segments on a device had seen which control segments.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn control_views(&self, id: DeviceRow) -> Result<Vec<(u64, SegmentHash)>, StoreError> {
        self.all("read what a device saw", VIEWS, [id], |row| {
            Ok((row.get("from_number")?, SegmentHash(row.get("control")?)))
        })
    }
}

impl Changes<'_> {
    /// The row of a device, new if nothing was known of it before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ensure_device(&self, space: SpaceRow, id: DeviceId) -> Result<DeviceRow, StoreError> {
        let doing = "store a device";
        let select = "SELECT id FROM space_device WHERE space_id = ?1 AND device = ?2";
        let known = self.optional(doing, select, params![space, id.0], |row| row.get(0))?;
        if let Some(known) = known {
            return Ok(known);
        }
        let insert = "INSERT INTO space_device (space_id, device) VALUES (?1, ?2)";
        self.insert(doing, insert, params![space, id.0])
            .map(DeviceRow)
    }

    /// An operation makes this one a device of the space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn name_device(&self, space: SpaceRow, id: DeviceId) -> Result<(), StoreError> {
        let device = self.ensure_device(space, id)?;
        let update = "UPDATE space_device SET named = 1 WHERE id = ?1";
        self.run("store a device", update, [device])?;
        Ok(())
    }

    /// The author of a segment had seen these control segments from these of its own on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_control_views(
        &self,
        id: DeviceRow,
        views: &[(u64, SegmentHash)],
    ) -> Result<(), StoreError> {
        for (from, control) in views {
            let insert = "INSERT INTO space_view (device_id, from_number, control)
                 VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let values = params![id, from, control.0];
            self.run("store what a device saw", insert, values)?;
        }
        Ok(())
    }

    /// A device has a new newest segment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_device_tip(&self, id: DeviceRow, tip: &Tip) -> Result<(), StoreError> {
        let update = "UPDATE space_device SET tip_number = ?2, tip = ?3, seen = ?4 WHERE id = ?1";
        let values = params![id, tip.number, tip.hash.0, tip.seen];
        self.run("store a device", update, values)?;
        Ok(())
    }

    /// The author of a segment of this number saw other devices up to these numbers for the first
    /// time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_steps(
        &self,
        space: SpaceRow,
        id: DeviceRow,
        number: u64,
        steps: &[(DeviceId, u64)],
    ) -> Result<(), StoreError> {
        for (other, other_number) in steps {
            let other = self.ensure_device(space, *other)?;
            let insert = "INSERT INTO space_step (device_id, other_id, other_number, number)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let values = params![id, other, other_number, number];
            self.run("store what a device saw", insert, values)?;
        }
        Ok(())
    }

    /// There are two segments of this number; an earlier one that was found before stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_device_forked(&self, id: DeviceRow, number: u64) -> Result<(), StoreError> {
        let update = "UPDATE space_device SET forked_from = min(coalesce(forked_from, ?2), ?2)
             WHERE id = ?1";
        self.run("note a fork", update, params![id, number])?;
        Ok(())
    }
}

const CHAIN: &str = "SELECT id, named, tip_number, forked_from FROM space_device
     WHERE space_id = ?1 AND device = ?2";
const VIEWS: &str = "SELECT from_number, control FROM space_view
     WHERE device_id = ?1 ORDER BY from_number, control";

#[cfg(test)]
mod tests {
    use super::super::Standing;
    use super::super::fixture::{Author, Fixture, device};
    use super::*;

    #[test]
    fn a_device_has_one_row_and_its_newest_segment() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let mut author = Author::new(1);
        fixture.take_in(&author.control(&[], b"one"), Standing::InEffect);
        let two = author.control(&[], b"two");
        fixture.take_in(&two, Standing::InEffect);
        fixture.write(|changes| changes.ensure_device(space, device(2)).unwrap());
        let tables = fixture.store.read();
        let devices = tables.devices(space).unwrap();
        let tips: Vec<_> = devices
            .iter()
            .map(|it| it.tip.as_ref().map(|tip| tip.number))
            .collect();
        assert_eq!(tips, [Some(2), None]);
        let found = tables.device_with_id(space, device(1)).unwrap().unwrap();
        assert_eq!(found.tip.unwrap().hash, two.header().hash());
        assert_eq!(tables.device_with_id(space, device(9)).unwrap(), None);
    }

    #[test]
    fn the_earliest_fork_of_a_device_stands() {
        let fixture = Fixture::new();
        let forked = fixture.write(|changes| {
            let id = changes.ensure_device(fixture.space, device(1)).unwrap();
            for number in [7, 5, 9] {
                changes.set_device_forked(id, number).unwrap();
            }
            changes
                .device_with_id(fixture.space, device(1))
                .unwrap()
                .unwrap()
        });
        assert_eq!(forked.forked_from, Some(5));
    }

    #[test]
    fn only_an_operation_makes_a_device_one_of_the_space() {
        let fixture = Fixture::new();
        let space = fixture.space;
        fixture.write(|changes| {
            changes.ensure_device(space, device(1)).unwrap();
            let chain = changes.device_chain(space, device(1)).unwrap().unwrap();
            assert_eq!((chain.named, chain.tip_number), (false, 0));
            changes.name_device(space, device(1)).unwrap();
            assert!(
                changes
                    .device_chain(space, device(1))
                    .unwrap()
                    .unwrap()
                    .named
            );
            assert_eq!(changes.device_chain(space, device(2)).unwrap(), None);
        });
    }

    #[test]
    fn what_a_device_had_seen_of_control_comes_out_in_order() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            let id = changes.ensure_device(fixture.space, device(1)).unwrap();
            let (early, late) = ((3, SegmentHash([9; 32])), (20, SegmentHash([8; 32])));
            changes.insert_control_views(id, &[late, early]).unwrap();
            changes.insert_control_views(id, &[early]).unwrap();
            assert_eq!(changes.control_views(id).unwrap(), [early, late]);
        });
        for sql in [CHAIN, VIEWS] {
            fixture.assert_direct(sql);
        }
    }
}
