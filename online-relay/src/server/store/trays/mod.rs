//! Trays: frames that a phone and a courier leave for each other.
//!
//! Frames are small and come by the hundred, so that they lie in the index and not in files.

mod leaving;

use pack_format::light::TransferId;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::limits::{DISK_RESERVE_BYTES, TRAY_BODY_BYTES_MAX};
use crate::tray::frame::{FrameHead, needed_symbols};
use crate::tray::{Face, TransferName, TrayId, TrayList, join_frames};

use self::leaving::Leaving;
use super::error::StoreError;
use super::{Store, from_sql, to_sql};

/// A tray's number inside this relay; it never leaves the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrayNumber(i64);

/// What became of frames that were to be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// They are here.
    Kept {
        /// How many were not here before.
        new: u64,
    },
    /// The list has no room for them all; none was kept.
    ListFull,
    /// The tray was closed meanwhile.
    Closed,
}

/// Frames of a list, as [`crate::tray::join_frames`] writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FramePage {
    /// The frames.
    pub(crate) body: Vec<u8>,
    /// The place of the last one, or where the caller stood.
    pub(crate) last_place: u64,
    /// Whether more follow.
    pub(crate) more: bool,
}

/// A transfer of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrayTransfer {
    /// Its number and length.
    pub(crate) transfer: TransferName,
    /// How many frames ever came.
    pub(crate) frame_count: u32,
    /// The bytes of those that are here.
    pub(crate) frame_bytes: u32,
    /// How many different symbols they brought.
    pub(crate) symbol_count: u32,
    /// How many more the reader asked for.
    pub(crate) wanted_symbols: u32,
    /// Whether the reader is done with it.
    pub(crate) taken: bool,
}

impl TrayTransfer {
    /// How many symbols the transfer is made of.
    pub(crate) fn needed_symbols(&self) -> u32 {
        needed_symbols(self.transfer.total_bytes)
    }
}

impl Store {
    /// The tray that this id opens, and for whom.
    pub(crate) fn tray(&self, id: &TrayId) -> Result<Option<(TrayNumber, Face)>, StoreError> {
        self.index()
            .query_row(
                "SELECT number, courier_id = ?1 FROM trays
                 WHERE courier_id = ?1 OR phone_id = ?1",
                params![id.0],
                |row| {
                    let face = match row.get(1)? {
                        true => Face::Courier,
                        false => Face::Phone,
                    };
                    Ok((TrayNumber(row.get(0)?), face))
                },
            )
            .optional()
            .map_err(StoreError::index("finding a tray"))
    }

    /// Leaves frames on a list: all of them, or none. Known ones are passed over.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the relay has no room.
    pub(crate) fn leave_frames(
        &self,
        tray: TrayNumber,
        list: TrayList,
        frames: &[(FrameHead, &[u8])],
    ) -> Result<Left, StoreError> {
        let failed = || StoreError::index("leaving frames on a tray");
        let wanted_bytes: u64 = frames.iter().map(|(_, frame)| frame.len() as u64).sum();
        self.check_room_for_frames(wanted_bytes)?;
        let mut index = self.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        let Some(mut leaving) = Leaving::begin(&change, tray, list).map_err(failed())? else {
            return Ok(Left::Closed);
        };
        for (head, frame) in frames {
            if !leaving.leave(*head, frame).map_err(failed())? {
                return Ok(Left::ListFull);
            }
        }
        let (new, new_bytes) = leaving.end().map_err(failed())?;
        if !self.budget.take(new_bytes) {
            return Err(StoreError::Full { wanted_bytes });
        }
        if let Err(err) = change.commit() {
            self.budget.give_back(new_bytes);
            return Err(failed()(err));
        }
        Ok(Left::Kept { new })
    }

    /// Up to `limit` frames of a list behind `after`, as many as fit one answer.
    pub(crate) fn frames(
        &self,
        tray: TrayNumber,
        list: TrayList,
        after: u64,
        limit: u64,
    ) -> Result<FramePage, StoreError> {
        let failed = || StoreError::index("fetching frames of a tray");
        let index = self.index();
        let mut query = index
            .prepare(
                "SELECT place, frame FROM tray_frames
                 WHERE tray = ?1 AND list = ?2 AND place > ?3 ORDER BY place",
            )
            .map_err(failed())?;
        let after_sql = to_sql(after).unwrap_or(i64::MAX);
        let mut rows = query
            .query(params![tray.0, number(list), after_sql])
            .map_err(failed())?;
        let mut page = FramePage {
            last_place: after,
            ..FramePage::default()
        };
        let mut count = 0;
        while let Some(row) = rows.next().map_err(failed())? {
            let frame: Vec<u8> = row.get(1).map_err(failed())?;
            let joined = join_frames([frame.as_slice()]);
            if count == limit || page.body.len() + joined.len() > TRAY_BODY_BYTES_MAX {
                page.more = true;
                break;
            }
            page.body.extend_from_slice(&joined);
            page.last_place = from_sql(row.get(0).map_err(failed())?)?;
            count += 1;
        }
        Ok(page)
    }

    /// The transfers of a list, the oldest first.
    pub(crate) fn tray_transfers(
        &self,
        tray: TrayNumber,
        list: TrayList,
    ) -> Result<Vec<TrayTransfer>, StoreError> {
        let failed = || StoreError::index("looking at a tray");
        let index = self.index();
        let mut query = index
            .prepare(
                "SELECT transfer_id, total_bytes, frame_count, frame_bytes, symbol_count,
                        wanted_symbols, taken
                 FROM tray_transfers WHERE tray = ?1 AND list = ?2 ORDER BY number",
            )
            .map_err(failed())?;
        let rows = query
            .query_map(params![tray.0, number(list)], read_transfer)
            .map_err(failed())?;
        rows.collect::<Result<_, _>>().map_err(failed())
    }

    /// Removes the frames of transfers, and returns of how many. With `remember` their rows stay,
    /// marked as taken; otherwise they are forgotten.
    pub(crate) fn clear_transfers(
        &self,
        tray: TrayNumber,
        list: TrayList,
        transfers: &[TransferName],
        remember: bool,
    ) -> Result<u64, StoreError> {
        let failed = || StoreError::index("clearing a tray");
        let mut index = self.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        let (mut cleared, mut freed_bytes) = (0, 0_u64);
        for transfer in transfers {
            let Some(row) = find(&change, tray, list, *transfer).map_err(failed())? else {
                continue;
            };
            freed_bytes = freed_bytes.saturating_add(from_sql(row.frame_bytes)?);
            clear(&change, row.number).map_err(failed())?;
            if !remember {
                forget(&change, row.number).map_err(failed())?;
            }
            cleared += 1;
        }
        change.commit().map_err(failed())?;
        self.budget.give_back(freed_bytes);
        Ok(cleared)
    }

    /// Notes how many more symbols the reader of a list asks for; `false` for a transfer that is
    /// not there or was taken.
    pub(crate) fn want_symbols(
        &self,
        tray: TrayNumber,
        list: TrayList,
        transfer: TransferName,
        symbols: u32,
    ) -> Result<bool, StoreError> {
        self.index()
            .execute(
                "UPDATE tray_transfers SET wanted_symbols = ?5
                 WHERE tray = ?1 AND list = ?2 AND transfer_id = ?3 AND total_bytes = ?4
                   AND taken = 0",
                params![
                    tray.0,
                    number(list),
                    transfer.id.0,
                    transfer.total_bytes,
                    symbols
                ],
            )
            .map(|changed| changed > 0)
            .map_err(StoreError::index("noting what is wanted"))
    }

    /// Removes a tray and all that lies on it.
    pub(crate) fn close_tray(&self, tray: TrayNumber) -> Result<(), StoreError> {
        let failed = || StoreError::index("closing a tray");
        let mut index = self.index();
        let change = index
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        let freed_bytes = bytes_on(&change, Some(tray)).map_err(failed())?;
        for sql in CLOSING {
            change.execute(sql, params![tray.0]).map_err(failed())?;
        }
        change.commit().map_err(failed())?;
        self.budget.give_back(from_sql(freed_bytes)?);
        Ok(())
    }

    fn check_room_for_frames(&self, wanted_bytes: u64) -> Result<(), StoreError> {
        // Rows, hashes and the write-ahead log take about as much again.
        let needed = wanted_bytes
            .saturating_mul(3)
            .saturating_add(DISK_RESERVE_BYTES);
        if self.budget.fits(wanted_bytes) && self.files.free_bytes()? >= needed {
            return Ok(());
        }
        Err(StoreError::Full { wanted_bytes })
    }
}

/// Makes a tray's two ids valid.
pub(super) fn add_tray(
    index: &mut Connection,
    courier: &TrayId,
    phone: &TrayId,
) -> Result<(), StoreError> {
    let failed = || StoreError::index("making a tray");
    let change = index.transaction().map_err(failed())?;
    change
        .execute(
            "INSERT INTO trays (courier_id, phone_id) VALUES (?1, ?2)",
            params![courier.0, phone.0],
        )
        .map_err(failed())?;
    let tray = change.last_insert_rowid();
    for list in [TrayList::FromPhone, TrayList::ForPhone] {
        change
            .execute(
                "INSERT INTO tray_lists (tray, list) VALUES (?1, ?2)",
                params![tray, number(list)],
            )
            .map_err(failed())?;
    }
    change.commit().map_err(failed())
}

/// The bytes of all frames, for the budget.
pub(super) fn bytes_on_trays(index: &Connection) -> Result<u64, StoreError> {
    let bytes = bytes_on(index, None).map_err(StoreError::index("counting frames"))?;
    from_sql(bytes)
}

/// What finding a transfer tells.
struct TransferRow {
    number: i64,
    frame_bytes: i64,
    taken: bool,
}

fn find(
    index: &Connection,
    tray: TrayNumber,
    list: TrayList,
    transfer: TransferName,
) -> rusqlite::Result<Option<TransferRow>> {
    index
        .prepare(
            "SELECT number, frame_bytes, taken FROM tray_transfers
             WHERE tray = ?1 AND list = ?2 AND transfer_id = ?3 AND total_bytes = ?4",
        )?
        .query_row(
            params![tray.0, number(list), transfer.id.0, transfer.total_bytes],
            |row| {
                Ok(TransferRow {
                    number: row.get(0)?,
                    frame_bytes: row.get(1)?,
                    taken: row.get(2)?,
                })
            },
        )
        .optional()
}

/// Removes a transfer's frames and marks it as taken.
fn clear(index: &Connection, transfer: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM tray_frames WHERE transfer = ?1",
        "DELETE FROM tray_symbols WHERE transfer = ?1",
        "UPDATE tray_transfers SET taken = 1, frame_bytes = 0, wanted_symbols = 0
         WHERE number = ?1",
    ] {
        index.execute(sql, params![transfer])?;
    }
    Ok(())
}

/// Removes a transfer that has no frames any more.
fn forget(index: &Connection, transfer: i64) -> rusqlite::Result<()> {
    index
        .execute(
            "DELETE FROM tray_transfers WHERE number = ?1",
            params![transfer],
        )
        .map(drop)
}

/// The bytes of the frames of one tray, or of all.
fn bytes_on(index: &Connection, tray: Option<TrayNumber>) -> rusqlite::Result<i64> {
    index.query_row(
        "SELECT coalesce(sum(frame_bytes), 0) FROM tray_transfers WHERE ?1 IS NULL OR tray = ?1",
        params![tray.map(|tray| tray.0)],
        |row| row.get(0),
    )
}

fn read_transfer(row: &rusqlite::Row<'_>) -> rusqlite::Result<TrayTransfer> {
    Ok(TrayTransfer {
        transfer: TransferName {
            id: TransferId(row.get(0)?),
            total_bytes: row.get(1)?,
        },
        frame_count: row.get(2)?,
        frame_bytes: row.get(3)?,
        symbol_count: row.get(4)?,
        wanted_symbols: row.get(5)?,
        taken: row.get(6)?,
    })
}

/// How the index writes a list.
fn number(list: TrayList) -> i64 {
    match list {
        TrayList::FromPhone => 0,
        TrayList::ForPhone => 1,
    }
}

/// What goes with a tray, in the order that the references allow.
const CLOSING: [&str; 5] = [
    "DELETE FROM tray_frames WHERE tray = ?1",
    "DELETE FROM tray_symbols WHERE transfer IN
        (SELECT number FROM tray_transfers WHERE tray = ?1)",
    "DELETE FROM tray_transfers WHERE tray = ?1",
    "DELETE FROM tray_lists WHERE tray = ?1",
    "DELETE FROM trays WHERE number = ?1",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::Index;

    #[test]
    fn a_tray_that_is_closed_meanwhile_takes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), None, false).unwrap();
        let mut index = Index::open(dir.path()).unwrap().unwrap();
        let (courier, phone) = (TrayId([1; 32]), TrayId([2; 32]));
        index.add_tray(&courier, &phone).unwrap();
        let (tray, _) = store.tray(&phone).unwrap().unwrap();
        let list = TrayList::FromPhone;
        let left = || store.leave_frames(tray, list, &[]).unwrap();
        assert_eq!(left(), Left::Kept { new: 0 });
        store.close_tray(tray).unwrap();
        assert_eq!(left(), Left::Closed);
    }
}
