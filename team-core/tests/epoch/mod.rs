//! Epochs: wraps, content, the choice of an epoch, and prekeys.

mod choice;
mod content;
mod prekeys;
mod wraps;

use bundle_format::identity::{DecapsulationKey, EncapsulationKey, Identity};
use bundle_format::random::HedgedRng;
use pack_format::secret::Secret32;
use team_core::epoch::Recipient;
use team_core::ids::{CompartmentId, DeviceId, SpaceId};

pub(crate) const SPACE: SpaceId = SpaceId([0x51; 32]);
pub(crate) const PART: CompartmentId = CompartmentId::WHOLE;

pub(crate) fn rng(counter: u64) -> HedgedRng {
    HedgedRng::new(&Secret32::new([1; 32]), &Secret32::new([2; 32]), counter)
}

/// A device with one prekey.
pub(crate) struct Device {
    pub(crate) identity: Identity,
    pub(crate) id: DeviceId,
    pub(crate) prekey: DecapsulationKey,
    pub(crate) public: EncapsulationKey,
}

pub(crate) const PREKEY: u32 = 3;

impl Device {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = rng(1 << 32 | seed);
        let identity = Identity::from_seed(rng.secret());
        let prekey = DecapsulationKey::from_seed(rng.secret());
        Self {
            id: DeviceId(identity.key().0),
            public: prekey.encapsulation_key(),
            identity,
            prekey,
        }
    }

    pub(crate) fn many(count: u64) -> Vec<Self> {
        (0..count).map(Self::new).collect()
    }

    pub(crate) fn recipient(&self) -> Recipient<'_> {
        Recipient {
            device: self.id,
            prekey_number: PREKEY,
            prekey: &self.public,
        }
    }

    /// Its prekey, where it has one of this number.
    pub(crate) fn find_prekey(&self, number: u32) -> Option<&DecapsulationKey> {
        (number == PREKEY).then_some(&self.prekey)
    }
}
