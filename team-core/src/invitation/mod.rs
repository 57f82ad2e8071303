//! What two contacts say to one another before one of them is in the other's space.
//!
//! It crosses as one entry of an ordinary bundle, so that the bundle's signature says which contact
//! it comes from. An invitation holds a secret; whoever gives it back is let in, once, until the
//! invitation expires. Whether it has expired, is used up, and comes from the contact that was
//! invited is for the vault to check. Spec: spec/team.md, "Joining messages".

mod join;
mod link;
mod parcel;

pub use join::{JoinDraft, JoinRequest, UncheckedJoinRequest};
pub use link::{LINKED_SPACES_MAX, LinkOffer, LinkRequest};
pub use parcel::{PARCEL_BYTES_MAX, Parcel};

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::secret::Secret32;

use crate::device_card::DeviceCard;
use crate::ids::{DeviceId, MemberId, SpaceId};
use crate::name::Name;
use crate::role::{History, Role};

/// An invitation into a space.
#[derive(Debug)]
pub struct Invitation {
    /// The space.
    pub space: SpaceId,
    /// What the inviter calls the space: shown before the genesis, which has its name, is there.
    pub space_name: Name,
    /// The device that writes the new member or device into the space.
    pub inviter: DeviceId,
    /// How that device is reached.
    pub card: DeviceCard,
    /// As what one comes in.
    pub admission: Admission,
    /// Given back by the join request. Compared in constant time.
    pub secret: Secret32,
    /// Seconds since 1970 on the inviter's clock. After that it lets nobody in.
    pub expires_at: u64,
}

/// As what an invitation lets its reader in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// As a new member.
    Member {
        /// Never [`Role::Owner`], which is for the owners together to give.
        role: Role,
        /// What of the past it may read.
        history: History,
    },
    /// As a further device of a member, with all that the member may do and read.
    Device {
        /// The member.
        member: MemberId,
    },
}

impl Invitation {
    /// Whether it lets nobody in any more at `now`, in seconds since 1970.
    #[must_use]
    pub fn has_expired(&self, now: u64) -> bool {
        now >= self.expires_at
    }
}

impl Wire for Invitation {
    const WHAT: &'static str = "invitation";

    fn write(&self, writer: &mut Writer) {
        self.space.write(writer);
        self.space_name.write(writer);
        self.inviter.write(writer);
        self.card.write(writer);
        self.admission.write(writer);
        writer.put(self.secret.expose()).u64(self.expires_at);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            space: SpaceId::read(reader)?,
            space_name: Name::read(reader)?,
            inviter: DeviceId::read(reader)?,
            card: DeviceCard::read(reader)?,
            admission: Admission::read(reader)?,
            secret: Secret32::new(reader.take_array("secret of an invitation")?),
            expires_at: reader.u64("expiry of an invitation")?,
        })
    }
}

impl Wire for Admission {
    const WHAT: &'static str = "admission";

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Member { role, history } => {
                role.write(writer.u8(1));
                history.write(writer);
            }
            Self::Device { member } => member.write(writer.u8(2)),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("admission")? {
            1 => match Role::read(reader)? {
                Role::Owner => Err(DecodeError::Rule {
                    what: "nobody is invited as an owner",
                }),
                role => Ok(Self::Member {
                    role,
                    history: History::read(reader)?,
                }),
            },
            2 => Ok(Self::Device {
                member: MemberId::read(reader)?,
            }),
            _ => Err(DecodeError::Unknown { what: "admission" }),
        }
    }
}
