//! What the log asks about segments, answered without reading what they say.

use rusqlite::params;
use team_core::ids::SegmentHash;

use super::super::{StoreError, Tables};
use super::device::DeviceRow;
use super::row::SpaceRow;
use super::segment::Standing;

/// The header of a stored segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHeader {
    /// The header, as encoded.
    pub header: Vec<u8>,
    /// How far the segment got.
    pub standing: Standing,
}

impl Tables<'_> {
    /// The header of the segment of this hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn segment_header(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Option<StoredHeader>, StoreError> {
        let values = params![space, hash.0];
        self.optional("look a segment up", HEADER, values, |row| {
            Ok(StoredHeader {
                header: row.get("header")?,
                standing: row.get("standing")?,
            })
        })
    }

    /// One of the segments of a device with this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn one_at(
        &self,
        device: DeviceRow,
        number: u64,
    ) -> Result<Option<SegmentHash>, StoreError> {
        let values = params![device, number];
        self.optional("look a segment up", ONE_AT, values, |row| {
            row.get(0).map(SegmentHash)
        })
    }

    /// How far the author of a segment had seen the other devices, as encoded, where that is
    /// kept: beside the segment, or as that of the newest of its device.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_seen(
        &self,
        space: SpaceRow,
        hash: SegmentHash,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let values = params![space, hash.0];
        let seen = self.optional("look a segment up", SEEN, values, |row| row.get(0))?;
        Ok(seen.flatten())
    }

    /// The newest control segment of a device up to a number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_control(
        &self,
        device: DeviceRow,
        upto: u64,
    ) -> Result<Option<SegmentHash>, StoreError> {
        let values = params![device, upto];
        self.optional("look a segment up", NEWEST_CONTROL, values, |row| {
            row.get(0).map(SegmentHash)
        })
    }
}

const HEADER: &str = "SELECT header, standing FROM space_segment WHERE space_id = ?1 AND hash = ?2";
const SEEN: &str =
    "SELECT coalesce(space_segment.seen, CASE tip WHEN hash THEN space_device.seen END)
     FROM space_segment JOIN space_device ON space_device.id = device_id
     WHERE space_segment.space_id = ?1 AND hash = ?2";
const ONE_AT: &str = "SELECT hash FROM space_segment WHERE device_id = ?1 AND number = ?2 LIMIT 1";
const NEWEST_CONTROL: &str = "SELECT hash FROM space_segment
     WHERE device_id = ?1 AND number <= ?2 AND kind = 1 ORDER BY number DESC LIMIT 1";

#[cfg(test)]
mod tests {
    use super::super::fixture::{Author, Fixture};
    use super::super::{NewSegment, Tip};
    use super::*;
    use crate::clock::UnixTime;

    #[test]
    fn the_newest_control_segment_up_to_a_number_is_found() {
        let fixture = Fixture::new();
        let mut author = Author::new(1);
        let first = author.control(&[], b"one");
        let last = [author.content(1, b"two"), author.control(&[], b"three")];
        for segment in [&first, &last[0], &last[1]] {
            fixture.take_in(segment, Standing::InEffect);
        }
        let tables = fixture.store.read();
        let id = tables.devices(fixture.space).unwrap()[0].id;
        for (upto, found) in [
            (0, None),
            (1, Some(&first)),
            (2, Some(&first)),
            (9, Some(&last[1])),
        ] {
            let hash = tables.newest_control(id, upto).unwrap();
            assert_eq!(hash, found.map(|segment| segment.header().hash()));
        }
        assert_eq!(tables.one_at(id, 1).unwrap(), Some(first.header().hash()));
        assert_eq!(tables.one_at(id, 4).unwrap(), None);
        for sql in [HEADER, SEEN, ONE_AT, NEWEST_CONTROL] {
            fixture.assert_direct(sql);
        }
    }

    #[test]
    fn what_an_author_had_seen_is_found_beside_the_segment_or_at_the_tip() {
        let fixture = Fixture::new();
        let mut author = Author::new(1);
        let segments = [
            author.content(1, b"1"),
            author.content(1, b"2"),
            author.content(1, b"3"),
        ];
        let space = fixture.space;
        fixture.write(|changes| {
            let device = segments[0].header().fields().device;
            let device = changes.ensure_device(space, device).unwrap();
            for (segment, seen) in segments.iter().zip([Some(&b"kept"[..]), None, None]) {
                let new = NewSegment {
                    space,
                    device,
                    segment,
                    standing: Standing::Waiting,
                    seen,
                    links: None,
                    taken_at: UnixTime(1),
                };
                changes.insert_segment(&new).unwrap();
                let tip = Tip {
                    number: segment.header().fields().number,
                    hash: segment.header().hash(),
                    seen: b"tip".to_vec(),
                };
                changes.set_device_tip(device, &tip).unwrap();
            }
            let kept = segments.each_ref().map(|segment| {
                let seen = changes.kept_seen(space, segment.header().hash());
                seen.unwrap()
            });
            assert_eq!(kept, [Some(b"kept".to_vec()), None, Some(b"tip".to_vec())]);
            let hash = segments[1].header().hash();
            let stored = changes.segment_header(space, hash).unwrap().unwrap();
            assert_eq!(stored.header, segments[1].header().to_wire());
        });
    }
}
