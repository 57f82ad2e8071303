//! The operation that begins a space.

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::device_card::DeviceCard;
use crate::ids::{DeviceId, SpaceId};
use crate::limits::DEVICE_CAP_MAX;
use crate::name::Name;
use crate::role::History;

/// Begins a space. Its founder is the first owner.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Makes two spaces of one founder differ in every byte that is derived from this.
    pub nonce: [u8; 32],
    /// What the space is called.
    pub space_name: Name,
    /// The founder's first device.
    pub founder: DeviceId,
    /// What the founder calls itself.
    pub founder_name: Name,
    /// How the founder's device is reached.
    pub card: DeviceCard,
    /// What holds for everybody from the beginning.
    pub policy: Policy,
}

/// What holds for everybody in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many devices a member may have at a time, 1 to [`DEVICE_CAP_MAX`].
    pub device_cap: u8,
    /// What new members may read of the past, unless their invitation says otherwise.
    pub history: History,
}

impl Genesis {
    /// `space id = BLAKE3-derive-key("causeway/team/v1 space id", genesis)`.
    #[must_use]
    pub fn space_id(&self) -> SpaceId {
        let hash = blake3::derive_key("causeway/team/v1 space id", &self.to_wire());
        SpaceId(hash)
    }
}

impl Wire for Genesis {
    const WHAT: &'static str = "genesis";

    fn write(&self, writer: &mut Writer) {
        writer.put(&self.nonce);
        self.space_name.write(writer);
        self.founder.write(writer);
        self.founder_name.write(writer);
        self.card.write(writer);
        writer.u8(self.policy.device_cap);
        self.policy.history.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: reader.take_array("nonce")?,
            space_name: Name::read(reader)?,
            founder: DeviceId::read(reader)?,
            founder_name: Name::read(reader)?,
            card: DeviceCard::read(reader)?,
            policy: Policy {
                device_cap: device_cap(reader)?,
                history: History::read(reader)?,
            },
        })
    }
}

fn device_cap(reader: &mut Reader<'_>) -> Result<u8, DecodeError> {
    match reader.u8("device cap")? {
        0 => Err(DecodeError::Rule {
            what: "a member may have no device",
        }),
        found if found > DEVICE_CAP_MAX => Err(DecodeError::OverLimit {
            what: "device cap",
            found: u64::from(found),
            limit: u64::from(DEVICE_CAP_MAX),
        }),
        found => Ok(found),
    }
}
