//! The key of an epoch, and how a device gets it out of a wrap.

use bundle_format::identity::DecapsulationKey;
use bundle_format::random::HedgedRng;
use bundle_format::wrap::open_wrapped_key;
use pack_format::advice::{Advice, Exit};
use pack_format::codec::Writer;
use pack_format::secret::Secret32;
use thiserror::Error;

use crate::control::{KeyCommitment, Wrap};
use crate::ids::{CompartmentId, DeviceId, SpaceId};

/// The key of an epoch: 32 random bytes. It belongs to one compartment of one space.
#[derive(Debug)]
pub struct EpochKey(Secret32);

impl EpochKey {
    /// A new key.
    #[must_use]
    pub fn generate(rng: &mut HedgedRng) -> Self {
        Self(rng.secret())
    }

    /// Takes a key out of the sealed store.
    #[must_use]
    pub fn from_stored(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The bytes, for the sealed store and for wraps.
    #[must_use]
    pub fn secret(&self) -> &Secret32 {
        &self.0
    }

    /// `commitment = BLAKE3-derive-key("causeway/team/v1 epoch commitment", key)`.
    #[must_use]
    pub fn commitment(&self) -> KeyCommitment {
        let label = "causeway/team/v1 epoch commitment";
        KeyCommitment(blake3::derive_key(label, self.0.expose()))
    }
}

/// What a key belongs to: each of its wraps is bound to all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binding {
    /// The space.
    pub space: SpaceId,
    /// The compartment whose content it seals.
    pub compartment: CompartmentId,
    /// What it hashes to.
    pub commitment: KeyCommitment,
}

impl Binding {
    /// `info = "causeway/team/v1 wrapped key" || 0x00 || space id || compartment id || commitment
    /// || device id || u32(prekey number)`.
    pub(super) fn info(&self, device: DeviceId, prekey_number: u32) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.put(b"causeway/team/v1 wrapped key\0");
        self.space.write(&mut writer);
        self.compartment.write(&mut writer);
        writer.put(&self.commitment.0);
        device.write(&mut writer);
        writer.u32(prekey_number);
        writer.into_bytes()
    }
}

/// Why a device does not get an epoch's key out of a wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnwrapError {
    /// It is for another device.
    #[error("the key was wrapped for another device than {device}")]
    OtherDevice {
        /// The own device.
        device: DeviceId,
    },
    /// The private half of the prekey is not there: destroyed when it was 90 days old, or lost
    /// with an earlier incarnation.
    #[error("the key was wrapped for prekey {number}, which this device does not have any more")]
    PrekeyGone {
        /// The prekey.
        number: u32,
    },
    /// It was altered, or made for another space, compartment or epoch.
    #[error("the key wrapped for prekey {number} does not open")]
    Unopenable {
        /// The prekey.
        number: u32,
    },
    /// It opens, and holds a key that is not the epoch's: whoever wrapped it did so wrongly.
    #[error("another key than the epoch's was wrapped for prekey {number}")]
    WrongKey {
        /// The prekey.
        number: u32,
    },
}

impl Advice for UnwrapError {
    fn code(&self) -> &'static str {
        match self {
            Self::OtherDevice { .. } => "epoch-key-other-device",
            Self::PrekeyGone { .. } => "epoch-key-prekey-gone",
            Self::Unopenable { .. } => "epoch-key-unopenable",
            Self::WrongKey { .. } => "epoch-key-wrong",
        }
    }

    fn data_safe(&self) -> String {
        "What is in the vault is safe; what was written under this key stays unread.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::OtherDevice { .. } => {
                "Sync with a member of the space: the key for this device may be on its way."
            }
            Self::PrekeyGone { .. } => {
                "Sync with the space more often than every two months, and ask a member who can \
                 read it to write what you need again."
            }
            Self::Unopenable { .. } | Self::WrongKey { .. } => {
                "Tell an admin of the space which member wrapped the key, and ask another member \
                 for it."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unopenable { .. } | Self::WrongKey { .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

/// Gets the key of the epoch that `binding` names out of a wrap for `device`, and checks that it
/// is that key.
///
/// `prekey` finds the private half of a prekey of the device by its number, where it still exists.
///
/// # Errors
/// [`UnwrapError`].
pub fn unwrap<'k>(
    wrap: &Wrap,
    binding: &Binding,
    device: DeviceId,
    prekey: impl FnOnce(u32) -> Option<&'k DecapsulationKey>,
) -> Result<EpochKey, UnwrapError> {
    let number = wrap.prekey_number;
    if !wrap.is_for(device) {
        return Err(UnwrapError::OtherDevice { device });
    }
    let own_key = prekey(number).ok_or(UnwrapError::PrekeyGone { number })?;
    let secret = open_wrapped_key(&wrap.sealed, own_key, &binding.info(device, number))
        .ok_or(UnwrapError::Unopenable { number })?;
    let key = EpochKey(secret);
    if key.commitment() == binding.commitment {
        Ok(key)
    } else {
        Err(UnwrapError::WrongKey { number })
    }
}
