//! Up to which number something goes, for each device.

use std::collections::BTreeMap;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::DeviceId;

/// A number for each device, 0 where none is kept: up to which segment something goes, or up to
/// which summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent(BTreeMap<DeviceId, u64>);

impl Extent {
    /// 0 for every device.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a device.
    #[must_use]
    pub fn number(&self, device: DeviceId) -> u64 {
        self.0.get(&device).copied().unwrap_or(0)
    }

    /// Raises the number of a device; a lower one than before changes nothing.
    pub fn raise(&mut self, device: DeviceId, number: u64) {
        if number > self.number(device) {
            self.0.insert(device, number);
        }
    }

    /// Sets the number of a device to a lower one.
    pub(super) fn lower(&mut self, device: DeviceId, number: u64) {
        if number == 0 {
            self.0.remove(&device);
        } else {
            self.0.insert(device, number);
        }
    }

    /// Raises every number to that of `other`.
    pub fn raise_all(&mut self, other: &Self) {
        for (device, number) in other.iter() {
            self.raise(device, number);
        }
    }

    /// The devices whose number is not 0, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, u64)> {
        self.0.iter().map(|(device, number)| (*device, *number))
    }

    /// Whether no number is below that of `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let mut numbers = other.iter();
        numbers.all(|(device, number)| self.number(device) >= number)
    }
}

impl FromIterator<(DeviceId, u64)> for Extent {
    fn from_iter<T: IntoIterator<Item = (DeviceId, u64)>>(numbers: T) -> Self {
        let mut extent = Self::new();
        for (device, number) in numbers {
            extent.raise(device, number);
        }
        extent
    }
}

impl Wire for Extent {
    const WHAT: &'static str = "extent";

    fn write(&self, writer: &mut Writer) {
        writer.varint(self.0.len() as u64);
        for (device, number) in &self.0 {
            device.write(writer);
            writer.varint(*number);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // From the own store: the count has no limit but that every entry must be there.
        let count = reader.varint("devices")?;
        let mut numbers: BTreeMap<DeviceId, u64> = BTreeMap::new();
        for _ in 0..count {
            let device = DeviceId::read(reader)?;
            let number = reader.varint("number")?;
            let last = numbers.last_key_value();
            if number == 0 || last.is_some_and(|(last, _)| *last >= device) {
                return Err(DecodeError::Rule {
                    what: "the numbers of devices are not in order",
                });
            }
            numbers.insert(device, number);
        }
        Ok(Self(numbers))
    }
}
