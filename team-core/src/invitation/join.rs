//! The answer to an invitation.

use std::fmt;

use bundle_format::identity::{BadSignature, Identity};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::secret::Secret32;
use subtle::ConstantTimeEq as _;

use super::Invitation;
use crate::device_card::DeviceCard;
use crate::ids::{DeviceId, SpaceId};
use crate::name::Name;

/// What somebody who was invited says about the device that is to be let in.
#[derive(Debug)]
pub struct JoinDraft {
    /// How the device is reached.
    pub card: DeviceCard,
    /// What its member wants to be called in this space; of a further device, what it is called
    /// already.
    pub name: Name,
}

/// A join request that the device it names has signed.
pub struct JoinRequest(Fields);

/// A join request whose signature was not verified.
pub struct UncheckedJoinRequest(Fields);

struct Fields {
    space: SpaceId,
    secret: Secret32,
    device: DeviceId,
    card: DeviceCard,
    name: Name,
    signature: [u8; 64],
}

impl JoinRequest {
    /// Answers an invitation: `Ed25519(device seed, "causeway/team/v1 join", space id || secret ||
    /// device id || device card || name)`.
    ///
    /// The signature proves that the device has its key: nobody can bring somebody else's device
    /// into a space, or show another card for it.
    #[must_use]
    pub fn sign(invitation: &Invitation, draft: JoinDraft, device: &Identity) -> Self {
        let mut fields = Fields {
            space: invitation.space,
            secret: invitation.secret.duplicate(),
            device: DeviceId(device.key().0),
            card: draft.card,
            name: draft.name,
            signature: [0; 64],
        };
        fields.signature = device.sign(LABEL, &fields.signed_bytes());
        Self(fields)
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        self.0.space
    }

    /// Whether it answers this invitation: it names its space and gives its secret back.
    #[must_use]
    pub fn answers(&self, invitation: &Invitation) -> bool {
        let is_secret: bool = self.0.secret.ct_eq(&invitation.secret).into();
        self.0.space == invitation.space && is_secret
    }

    /// The secret, to look the invitation up by a hash of it.
    #[must_use]
    pub fn secret(&self) -> &Secret32 {
        &self.0.secret
    }

    /// The device that is to be let in.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.0.device
    }

    /// How it is reached.
    #[must_use]
    pub fn card(&self) -> &DeviceCard {
        &self.0.card
    }

    /// What its member wants to be called.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The request as it goes into a parcel.
    #[must_use]
    pub fn into_unchecked(self) -> UncheckedJoinRequest {
        UncheckedJoinRequest(self.0)
    }
}

impl UncheckedJoinRequest {
    /// The space that it names, before it is known who says so.
    #[must_use]
    pub fn peek_space(&self) -> SpaceId {
        self.0.space
    }

    /// The device that it names, before it is known who says so.
    #[must_use]
    pub fn peek_device(&self) -> DeviceId {
        self.0.device
    }

    /// Verifies the device's signature.
    ///
    /// # Errors
    /// [`BadSignature`]: it was altered, or made by somebody who does not have the device's key.
    pub fn verify(self) -> Result<JoinRequest, BadSignature> {
        let fields = self.0;
        let key = fields.device.key();
        key.verify(LABEL, &fields.signed_bytes(), &fields.signature)?;
        Ok(JoinRequest(fields))
    }
}

impl Fields {
    fn write_signed(&self, writer: &mut Writer) {
        self.space.write(writer);
        writer.put(self.secret.expose());
        self.device.write(writer);
        self.card.write(writer);
        self.name.write(writer);
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write_signed(&mut writer);
        writer.into_bytes()
    }
}

impl Wire for UncheckedJoinRequest {
    const WHAT: &'static str = "join request";

    fn write(&self, writer: &mut Writer) {
        self.0.write_signed(writer);
        writer.put(&self.0.signature);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Fields {
            space: SpaceId::read(reader)?,
            secret: Secret32::new(reader.take_array("secret of an invitation")?),
            device: DeviceId::read(reader)?,
            card: DeviceCard::read(reader)?,
            name: Name::read(reader)?,
            signature: reader.take_array("signature")?,
        }))
    }
}

impl fmt::Debug for JoinRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("JoinRequest", formatter)
    }
}

impl fmt::Debug for UncheckedJoinRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("UncheckedJoinRequest", formatter)
    }
}

impl Fields {
    fn debug(&self, name: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct(name);
        shown.field("space", &self.space);
        shown.field("device", &self.device).finish_non_exhaustive()
    }
}

const LABEL: &str = "causeway/team/v1 join";
