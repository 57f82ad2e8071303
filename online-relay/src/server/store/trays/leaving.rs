//! Frames on their way to one list, in the caller's transaction.

use pack_format::relay::ContentId;
use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use super::{TransferRow, TrayNumber, find, forget, number};
use crate::limits::{TRAY_LIST_BYTES_MAX, TRAY_TRANSFERS_MAX};
use crate::tray::frame::FrameHead;
use crate::tray::{TransferName, TrayList};

/// Frames that are being left. Nothing is kept before the transaction ends.
pub(super) struct Leaving<'a> {
    index: &'a Connection,
    tray: TrayNumber,
    list: TrayList,
    last_place: i64,
    list_bytes: u64,
    new: u64,
    new_bytes: u64,
    known: Statement<'a>,
    add_frame: Statement<'a>,
    add_symbol: Statement<'a>,
    count_frame: Statement<'a>,
}

impl<'a> Leaving<'a> {
    /// Looks at what the list holds; `None` when its tray is closed.
    pub(super) fn begin(
        index: &'a Connection,
        tray: TrayNumber,
        list: TrayList,
    ) -> rusqlite::Result<Option<Self>> {
        let last_place = index
            .query_row(
                "SELECT last_place FROM tray_lists WHERE tray = ?1 AND list = ?2",
                params![tray.0, number(list)],
                |row| row.get(0),
            )
            .optional()?;
        let Some(last_place) = last_place else {
            return Ok(None);
        };
        let list_bytes: i64 = index.query_row(
            "SELECT coalesce(sum(frame_bytes), 0) FROM tray_transfers
             WHERE tray = ?1 AND list = ?2",
            params![tray.0, number(list)],
            |row| row.get(0),
        )?;
        Ok(Some(Self {
            index,
            tray,
            list,
            last_place,
            list_bytes: u64::try_from(list_bytes).unwrap_or(u64::MAX),
            new: 0,
            new_bytes: 0,
            known: index.prepare(KNOWN)?,
            add_frame: index.prepare(ADD_FRAME)?,
            add_symbol: index.prepare(ADD_SYMBOL)?,
            count_frame: index.prepare(COUNT_FRAME)?,
        }))
    }

    /// Leaves one frame; `false` when there is no room for it. A known one is passed over, and so
    /// is one of a transfer that its reader is done with.
    pub(super) fn leave(&mut self, head: FrameHead, frame: &[u8]) -> rusqlite::Result<bool> {
        let Some(row) = self.find_or_add(head.transfer())? else {
            return Ok(false);
        };
        let hash = ContentId::of(frame);
        if row.taken || self.known.exists(params![row.number, hash.0])? {
            return Ok(true);
        }
        let len = frame.len() as u64;
        self.list_bytes = self.list_bytes.saturating_add(len);
        if self.list_bytes > TRAY_LIST_BYTES_MAX {
            return Ok(false);
        }
        self.last_place += 1;
        self.add_frame.execute(params![
            row.number,
            self.tray.0,
            number(self.list),
            self.last_place,
            hash.0,
            frame
        ])?;
        let mut symbols = 0_u32;
        for (block, symbol) in head.places() {
            let changed = self
                .add_symbol
                .execute(params![row.number, block, symbol])?;
            symbols += u32::from(changed > 0);
        }
        self.count_frame.execute(params![
            row.number,
            u32::try_from(len).unwrap_or(0),
            symbols
        ])?;
        self.new += 1;
        self.new_bytes = self.new_bytes.saturating_add(len);
        Ok(true)
    }

    /// How many frames and bytes are new.
    pub(super) fn end(self) -> rusqlite::Result<(u64, u64)> {
        self.index.execute(
            "UPDATE tray_lists SET last_place = ?3 WHERE tray = ?1 AND list = ?2",
            params![self.tray.0, number(self.list), self.last_place],
        )?;
        Ok((self.new, self.new_bytes))
    }

    /// The transfer's row. A new one may need the place of the oldest that was taken; `None` when
    /// all places are those of transfers that wait.
    fn find_or_add(&self, transfer: TransferName) -> rusqlite::Result<Option<TransferRow>> {
        if let Some(row) = find(self.index, self.tray, self.list, transfer)? {
            return Ok(Some(row));
        }
        let (count, oldest_taken): (i64, Option<i64>) = self.index.query_row(
            "SELECT count(*), min(number) FILTER (WHERE taken = 1) FROM tray_transfers
             WHERE tray = ?1 AND list = ?2",
            params![self.tray.0, number(self.list)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if usize::try_from(count).unwrap_or(usize::MAX) >= TRAY_TRANSFERS_MAX {
            match oldest_taken {
                Some(number) => forget(self.index, number)?,
                None => return Ok(None),
            }
        }
        self.index.execute(
            "INSERT INTO tray_transfers (tray, list, transfer_id, total_bytes)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                self.tray.0,
                number(self.list),
                transfer.id.0,
                transfer.total_bytes
            ],
        )?;
        Ok(Some(TransferRow {
            number: self.index.last_insert_rowid(),
            frame_bytes: 0,
            taken: false,
        }))
    }
}

const KNOWN: &str = "SELECT 1 FROM tray_frames WHERE transfer = ?1 AND hash = ?2";
const ADD_FRAME: &str = "INSERT INTO tray_frames (transfer, tray, list, place, hash, frame)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const ADD_SYMBOL: &str =
    "INSERT OR IGNORE INTO tray_symbols (transfer, block, symbol) VALUES (?1, ?2, ?3)";
const COUNT_FRAME: &str = "UPDATE tray_transfers SET frame_count = frame_count + 1,
         frame_bytes = frame_bytes + ?2, symbol_count = symbol_count + ?3,
         wanted_symbols = max(0, wanted_symbols - ?3)
     WHERE number = ?1";
