//! The operations that make the key of an epoch and give it to devices.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::{CompartmentId, DeviceId, EpochId};
use crate::limits::WRAPS_MAX;

/// `BLAKE3-derive-key("causeway/team/v1 epoch commitment", key)`: what the key of an epoch must
/// hash to, so that nobody is given another key under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyCommitment(pub [u8; 32]);

/// Bytes of a wrapped key: an X-Wing encapsulation (1,120), the key (32) and its tag (16).
pub const SEALED_KEY_BYTES: usize = 1120 + 32 + 16;

/// The key of an epoch, sealed to one prekey of one device: 1,188 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrap {
    /// The first 16 bytes of the [`DeviceId`].
    pub device_prefix: [u8; 16],
    /// The prekey it is sealed to.
    pub prekey_number: u32,
    /// The sealed key.
    pub sealed: Box<[u8; SEALED_KEY_BYTES]>,
}

impl Wrap {
    /// Whether it names this device.
    #[must_use]
    pub fn is_for(&self, device: DeviceId) -> bool {
        device.0.starts_with(&self.device_prefix)
    }
}

impl fmt::Debug for Wrap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix =
            u64::from_be_bytes(self.device_prefix.first_chunk().copied().unwrap_or([0; 8]));
        write!(
            formatter,
            "Wrap({prefix:016x}, prekey {})",
            self.prekey_number
        )
    }
}

/// Makes a new epoch of a compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Whose content it seals.
    pub compartment: CompartmentId,
    /// What its key hashes to.
    pub commitment: KeyCommitment,
    /// For whom; ascending by device, at most [`WRAPS_MAX`]. The rest follow as [`ShareEpoch`].
    pub wraps: Vec<Wrap>,
}

/// Gives the key of an epoch to further devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareEpoch {
    /// The epoch.
    pub epoch: EpochId,
    /// For whom; ascending by device, at most [`WRAPS_MAX`].
    pub wraps: Vec<Wrap>,
}

impl Wire for Epoch {
    const WHAT: &'static str = "epoch";

    fn write(&self, writer: &mut Writer) {
        self.compartment.write(writer);
        writer.put(&self.commitment.0);
        write_wraps(&self.wraps, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            compartment: CompartmentId::read(reader)?,
            commitment: KeyCommitment(reader.take_array("key commitment")?),
            wraps: read_wraps(reader)?,
        })
    }
}

impl Wire for ShareEpoch {
    const WHAT: &'static str = "share of an epoch";

    fn write(&self, writer: &mut Writer) {
        self.epoch.write(writer);
        write_wraps(&self.wraps, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: EpochId::read(reader)?,
            wraps: read_wraps(reader)?,
        })
    }
}

fn write_wraps(wraps: &[Wrap], writer: &mut Writer) {
    writer.count(wraps.len());
    for wrap in wraps {
        writer
            .put(&wrap.device_prefix)
            .u32(wrap.prekey_number)
            .put(wrap.sealed.as_slice());
    }
}

fn read_wraps(reader: &mut Reader<'_>) -> Result<Vec<Wrap>, DecodeError> {
    let count = reader.count(WRAPS_MAX, "wrapped keys")?;
    let mut wraps: Vec<Wrap> = Vec::new();
    for _ in 0..count {
        let wrap = Wrap {
            device_prefix: reader.take_array("device of a wrapped key")?,
            prekey_number: reader.u32("prekey number")?,
            sealed: Box::new(reader.take_array("wrapped key")?),
        };
        let ascends = wraps
            .last()
            .is_none_or(|before| before.device_prefix < wrap.device_prefix);
        if !ascends {
            return Err(DecodeError::Rule {
                what: "wrapped keys are not in order",
            });
        }
        wraps.push(wrap);
    }
    Ok(wraps)
}
