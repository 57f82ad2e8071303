//! What others must have to write to a device of a space.

use bundle_format::card::CardMailbox;
use bundle_format::identity::{ENCAPSULATION_KEY_BYTES, EncapsulationKey};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::RelayAddress;
use pack_format::secret::Secret32;

use crate::limits::ROUTES_MAX;

/// A device's prekey and the mailboxes through which it is reached in this space.
#[derive(Clone, Debug)]
pub struct DeviceCard {
    /// The number of the prekey, rising with each new one.
    pub prekey_number: u32,
    /// Keys are wrapped to it until a newer one is published.
    pub prekey: EncapsulationKey,
    /// Where bundles for the device go.
    pub routes: Routes,
}

/// The mailboxes of one device in one space, at most [`ROUTES_MAX`]; none when it is reached by
/// paired vaults only.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<CardMailbox>);

impl Routes {
    /// These mailboxes.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`].
    pub fn new(mailboxes: Vec<CardMailbox>) -> Result<Self, DecodeError> {
        if mailboxes.len() > usize::from(ROUTES_MAX) {
            return Err(DecodeError::OverLimit {
                what: "mailboxes",
                found: mailboxes.len() as u64,
                limit: u64::from(ROUTES_MAX),
            });
        }
        Ok(Self(mailboxes))
    }

    /// The mailboxes.
    #[must_use]
    pub fn mailboxes(&self) -> &[CardMailbox] {
        &self.0
    }
}

impl Wire for Routes {
    const WHAT: &'static str = "routes";

    fn write(&self, writer: &mut Writer) {
        writer.u8(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for mailbox in &self.0 {
            mailbox.relay.write(writer);
            writer.put(mailbox.send_seed.expose());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.u8("number of mailboxes")?;
        if count > ROUTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "mailboxes",
                found: u64::from(count),
                limit: u64::from(ROUTES_MAX),
            });
        }
        let mut mailboxes = Vec::new();
        for _ in 0..count {
            mailboxes.push(CardMailbox {
                relay: RelayAddress::read(reader)?,
                send_seed: Secret32::new(reader.take_array("send seed")?),
            });
        }
        Ok(Self(mailboxes))
    }
}

impl Wire for DeviceCard {
    const WHAT: &'static str = "device card";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.prekey_number).put(self.prekey.as_bytes());
        self.routes.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            prekey_number: reader.u32("prekey number")?,
            prekey: EncapsulationKey::new(reader.take_array::<ENCAPSULATION_KEY_BYTES>("prekey")?)?,
            routes: Routes::read(reader)?,
        })
    }
}
