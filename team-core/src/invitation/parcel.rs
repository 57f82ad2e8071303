//! What the invitation entry of a bundle holds.

use bundle_format::limits::INVITATION_BYTES_MAX;
use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use super::{Invitation, LinkOffer, LinkRequest, UncheckedJoinRequest};

/// Most bytes of a parcel: as much as the entry of a bundle takes.
pub const PARCEL_BYTES_MAX: u64 = INVITATION_BYTES_MAX;

/// One thing that is said about joining; the content of a bundle's invitation entry.
#[derive(Debug)]
#[non_exhaustive]
pub enum Parcel {
    /// Come into a space.
    Invitation(Box<Invitation>),
    /// Let this device in.
    Join(Box<UncheckedJoinRequest>),
    /// Come into all these spaces as a further device.
    LinkOffer(LinkOffer),
    /// Let these devices in, each into its space.
    LinkRequest(LinkRequest),
}

impl Wire for Parcel {
    const WHAT: &'static str = "joining message";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION);
        match self {
            Self::Invitation(invitation) => invitation.write(writer.u8(1)),
            Self::Join(request) => request.write(writer.u8(2)),
            Self::LinkOffer(offer) => offer.write(writer.u8(3)),
            Self::LinkRequest(request) => request.write(writer.u8(4)),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = reader.remaining() as u64;
        if found > PARCEL_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: Self::WHAT,
                found,
                limit: PARCEL_BYTES_MAX,
            });
        }
        if reader.u8("version of a joining message")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "version of a joining message",
            });
        }
        Ok(match reader.u8("kind of joining message")? {
            1 => Self::Invitation(Box::new(Invitation::read(reader)?)),
            2 => Self::Join(Box::new(UncheckedJoinRequest::read(reader)?)),
            3 => Self::LinkOffer(LinkOffer::read(reader)?),
            4 => Self::LinkRequest(LinkRequest::read(reader)?),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "kind of joining message",
                });
            }
        })
    }
}

const VERSION: u8 = 1;
