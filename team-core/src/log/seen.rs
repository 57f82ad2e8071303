//! How far the author of a segment had seen the other devices.

use std::collections::BTreeMap;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::{DeviceId, SegmentHash};

/// One segment by its place: the newest of a chain, or of a branch of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: SegmentHash,
}

/// The author of a segment saw this one of another device for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// The other device.
    pub device: DeviceId,
    /// Its segment. Those before it in its chain had been seen with it.
    pub head: Head,
}

/// For each other device the newest segments that an author had seen: one, or one for each branch
/// when the other device forked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenHeads(BTreeMap<DeviceId, Vec<Head>>);

impl SeenHeads {
    /// Nothing of anybody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The newest segments of a device that had been seen; none when nothing had.
    #[must_use]
    pub fn heads(&self, device: DeviceId) -> &[Head] {
        self.0.get(&device).map_or(&[], Vec::as_slice)
    }

    /// The highest number of a device that had been seen; 0 when nothing had.
    #[must_use]
    pub fn number(&self, device: DeviceId) -> u64 {
        let numbers = self.heads(device).iter().map(|head| head.number);
        numbers.max().unwrap_or(0)
    }

    /// All devices with their heads, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, &[Head])> {
        let devices = self.0.iter();
        devices.map(|(device, heads)| (*device, heads.as_slice()))
    }

    /// Adds a segment and drops those of the device that `is_behind` says come before it.
    pub(super) fn advance<E>(
        &mut self,
        step: Step,
        is_behind: impl FnMut(Head) -> Result<bool, E>,
    ) -> Result<(), E> {
        let heads = self.0.entry(step.device).or_default();
        *heads = advanced(heads, step.head, is_behind)?;
        Ok(())
    }
}

/// The heads of one device with a further segment, without those that `is_behind` says come before
/// it.
pub(super) fn advanced<E>(
    heads: &[Head],
    further: Head,
    mut is_behind: impl FnMut(Head) -> Result<bool, E>,
) -> Result<Vec<Head>, E> {
    let mut kept = Vec::new();
    for head in heads {
        if !is_behind(*head)? {
            kept.push(*head);
        }
    }
    kept.push(further);
    kept.sort_unstable();
    Ok(kept)
}

impl Wire for SeenHeads {
    const WHAT: &'static str = "what was seen";

    fn write(&self, writer: &mut Writer) {
        writer.varint(self.0.len() as u64);
        for (device, heads) in &self.0 {
            device.write(writer);
            writer.varint(heads.len() as u64);
            for head in heads {
                writer.varint(head.number);
                head.hash.write(writer);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // From the own store: the counts have no limit but that every entry must be there.
        let count = reader.varint("devices seen")?;
        let mut devices: BTreeMap<DeviceId, Vec<Head>> = BTreeMap::new();
        for _ in 0..count {
            let device = DeviceId::read(reader)?;
            let ascends = devices
                .last_key_value()
                .is_none_or(|(last, _)| *last < device);
            if !ascends {
                return Err(OUT_OF_ORDER);
            }
            devices.insert(device, read_heads(reader)?);
        }
        Ok(Self(devices))
    }
}

fn read_heads(reader: &mut Reader<'_>) -> Result<Vec<Head>, DecodeError> {
    let count = reader.varint("branches seen")?;
    if count == 0 {
        return Err(OUT_OF_ORDER);
    }
    let mut heads: Vec<Head> = Vec::new();
    for _ in 0..count {
        let head = Head {
            number: reader.varint("segment number")?,
            hash: SegmentHash::read(reader)?,
        };
        if heads.last().is_some_and(|before| *before >= head) {
            return Err(OUT_OF_ORDER);
        }
        heads.push(head);
    }
    Ok(heads)
}

const OUT_OF_ORDER: DecodeError = DecodeError::Rule {
    what: "what was seen is not in order",
};
