//! What of a device's segments goes to others, without reading what the segments say.

use rusqlite::params;
use team_core::ids::SegmentHash;

use super::super::{StoreError, Tables};
use super::device::DeviceRow;
use super::segment::{SegmentKind, SegmentRow};

/// A segment in a list of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedSegment {
    /// The row.
    pub id: SegmentRow,
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: SegmentHash,
    /// What its payload is.
    pub kind: SegmentKind,
    /// Bytes of header and payload as held.
    pub size_bytes: u64,
}

impl Tables<'_> {
    /// The first `limit` segments of a device after one number and up to another one, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list_segments(
        &self,
        device: DeviceRow,
        after: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Vec<ListedSegment>, StoreError> {
        let values = params![device, after, upto, limit];
        self.all("list segments", LIST, values, |row| {
            Ok(ListedSegment {
                id: row.get(0)?,
                number: row.get(1)?,
                hash: SegmentHash(row.get(2)?),
                kind: row.get(3)?,
                size_bytes: row.get(4)?,
            })
        })
    }
}

const LIST: &str = "SELECT id, number, hash, kind, length(header) + coalesce(length(payload), 0)
     FROM space_segment WHERE device_id = ?1 AND number > ?2 AND number <= ?3
     ORDER BY number, id LIMIT ?4";
