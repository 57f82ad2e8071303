//! Segments that wait for others, and the proofs of forks.

use rusqlite::{Row, params};
use team_core::ids::{DeviceId, SegmentHash};
use team_core::segment::Segment;

use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;
use crate::clock::UnixTime;

/// A segment that waits, as it is stored: it was verified before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSegment {
    /// The device that passed it on.
    pub source: DeviceId,
    /// Its header, as encoded.
    pub header: Vec<u8>,
    /// Its payload as carried; none when it was destroyed or has not come.
    pub payload: Option<Vec<u8>>,
}

/// A fork as it is stored: its proof was verified before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFork {
    /// Who forked.
    pub device: DeviceId,
    /// The number from which on.
    pub number: u64,
    /// The proof, as encoded.
    pub proof: Vec<u8>,
    /// When it was found, as this machine's clock had it.
    pub found_at: UnixTime,
}

fn pending(row: &Row<'_>) -> rusqlite::Result<PendingSegment> {
    Ok(PendingSegment {
        source: DeviceId(row.get("source")?),
        header: row.get("header")?,
        payload: row.get("payload")?,
    })
}

fn fork(row: &Row<'_>) -> rusqlite::Result<StoredFork> {
    Ok(StoredFork {
        device: DeviceId(row.get("device")?),
        number: row.get("number")?,
        proof: row.get("proof")?,
        found_at: row.get("found_at")?,
    })
}

impl Tables<'_> {
    /// The segments that wait for others.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pending_segments(&self, space: SpaceRow) -> Result<Vec<PendingSegment>, StoreError> {
        self.all("read what waits", PENDING, [space], pending)
    }

    /// Bytes of the segments that wait for others: of one device that passed them on, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pending_bytes(
        &self,
        space: SpaceRow,
        source: Option<DeviceId>,
    ) -> Result<u64, StoreError> {
        let doing = "count what waits";
        match source {
            Some(source) => {
                let values = params![space, source.0];
                self.one(doing, PENDING_BYTES_OF, values, |row| row.get(0))
            }
            None => self.one(doing, PENDING_BYTES, [space], |row| row.get(0)),
        }
    }

    /// The forks that were found or told of.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forks(&self, space: SpaceRow) -> Result<Vec<StoredFork>, StoreError> {
        let select = "SELECT * FROM space_fork WHERE space_id = ?1 ORDER BY device";
        self.all("read the forks", select, [space], fork)
    }
}

impl Changes<'_> {
    /// Keeps a verified segment until those that it follows have come. One that waits already is
    /// left as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_pending(
        &self,
        space: SpaceRow,
        source: DeviceId,
        segment: &Segment,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let header = segment.header().to_wire();
        let payload_bytes = segment.payload().map_or(0, <[u8]>::len);
        let size_bytes = header.len().saturating_add(payload_bytes) as u64;
        let insert = "INSERT INTO space_pending
             (space_id, hash, source, size_bytes, taken_at, header, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let values = params![
            space,
            segment.header().hash().0,
            source.0,
            size_bytes,
            now,
            header,
            segment.payload(),
        ];
        self.run("store what waits", insert, values)?;
        Ok(())
    }

    /// A segment waits no more: it was taken in, or never will be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_pending(&self, space: SpaceRow, hash: SegmentHash) -> Result<(), StoreError> {
        let delete = "DELETE FROM space_pending WHERE space_id = ?1 AND hash = ?2";
        self.run("forget what waited", delete, params![space, hash.0])?;
        Ok(())
    }

    /// Keeps the proof of a fork, so that it is passed on. Of several of one device the one with
    /// the lowest number stays; tells whether this one was not known and stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_fork(&self, space: SpaceRow, new: &StoredFork) -> Result<bool, StoreError> {
        let insert = "INSERT INTO space_fork (space_id, device, number, proof, found_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET number = excluded.number, proof = excluded.proof,
             found_at = excluded.found_at WHERE excluded.number < number";
        let values = params![space, new.device.0, new.number, new.proof, new.found_at,];
        Ok(self.run("store the proof of a fork", insert, values)? > 0)
    }
}

const PENDING: &str = "SELECT source, header, payload FROM space_pending
     WHERE space_id = ?1 ORDER BY hash";
const PENDING_BYTES: &str = "SELECT coalesce(sum(size_bytes), 0) FROM space_pending
     WHERE space_id = ?1";
const PENDING_BYTES_OF: &str = "SELECT coalesce(sum(size_bytes), 0) FROM space_pending
     WHERE space_id = ?1 AND source = ?2";

#[cfg(test)]
mod tests {
    use super::super::fixture::{Author, Fixture, NOW, device};
    use super::*;

    #[test]
    fn what_waits_is_counted_by_who_passed_it_on() {
        let fixture = Fixture::new();
        let space = fixture.space;
        let mut author = Author::new(1);
        let segments = [author.content(1, b"one"), author.content(1, b"two")];
        fixture.write(|changes| {
            for (segment, source) in segments.iter().zip([8, 9]) {
                for _ in 0..2 {
                    let source = device(source);
                    changes.insert_pending(space, source, segment, NOW).unwrap();
                }
            }
            let found = changes.pending_segments(space).unwrap();
            assert_eq!(found.len(), 2);
            let header = segments[0].header().to_wire();
            assert!(
                found
                    .iter()
                    .any(|it| it.header == header && it.source == device(8))
            );
            let size = changes.pending_bytes(space, Some(device(8))).unwrap();
            assert_eq!(changes.pending_bytes(space, None).unwrap(), size * 2);
            changes
                .remove_pending(space, segments[0].header().hash())
                .unwrap();
            assert_eq!(changes.pending_bytes(space, Some(device(8))).unwrap(), 0);
        });
        for sql in [PENDING, PENDING_BYTES, PENDING_BYTES_OF] {
            fixture.assert_direct(sql);
        }
    }

    #[test]
    fn a_waiting_payload_can_be_destroyed() {
        let fixture = Fixture::new();
        let segment = Author::new(1).content(1, b"said");
        fixture.write(|changes| {
            let space = fixture.space;
            changes
                .insert_pending(space, device(9), &segment, NOW)
                .unwrap();
            changes
                .destroy_payload(space, segment.header().hash())
                .unwrap();
            let found = changes.pending_segments(space).unwrap();
            assert_eq!(found[0].payload, None);
        });
    }

    #[test]
    fn the_proof_of_the_earliest_fork_stays() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            for (number, stays) in [(5, true), (5, false), (6, false), (4, true)] {
                let fork = StoredFork {
                    device: device(1),
                    number,
                    proof: vec![u8::try_from(number).unwrap()],
                    found_at: NOW,
                };
                assert_eq!(changes.insert_fork(fixture.space, &fork).unwrap(), stays);
            }
            assert_eq!(changes.forks(fixture.space).unwrap()[0].proof, [4]);
        });
    }
}
