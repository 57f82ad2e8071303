//! Making an epoch, and wrapping its key to devices.

use bundle_format::identity::EncapsulationKey;
use bundle_format::random::HedgedRng;
use bundle_format::wrap::wrap_key;

use super::choice::prefix_of;
use super::key::{Binding, EpochKey};
use crate::control::{Epoch, ShareEpoch, Wrap};
use crate::ids::{CompartmentId, DeviceId, EpochId, SpaceId};
use crate::limits::WRAPS_MAX;

/// A device to which a key is wrapped, with its newest prekey.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The device.
    pub device: DeviceId,
    /// The number of the prekey.
    pub prekey_number: u32,
    /// The prekey.
    pub prekey: &'a EncapsulationKey,
}

/// A new epoch as its author writes it down.
#[derive(Debug)]
pub struct Minted {
    /// The key, for the author's own store.
    pub key: EpochKey,
    /// The operation that makes the epoch.
    pub epoch: Epoch,
    /// The wraps that had no room in it.
    rest: Vec<Vec<Wrap>>,
}

impl Minted {
    /// The operations that give the key to the devices that had no room in [`Minted::epoch`], one
    /// for each further segment. `epoch` is the id that the operation has got by then, from the
    /// segment that holds it.
    #[must_use]
    pub fn into_shares(self, epoch: EpochId) -> Vec<ShareEpoch> {
        let wraps = self.rest.into_iter();
        wraps.map(|wraps| ShareEpoch { epoch, wraps }).collect()
    }

    /// How many segments the epoch takes.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        1 + self.rest.len()
    }
}

/// Makes an epoch of a compartment with a new key, for exactly these devices; the author's own is
/// one of them.
#[must_use]
pub fn mint(
    space: SpaceId,
    compartment: CompartmentId,
    recipients: &[Recipient<'_>],
    rng: &mut HedgedRng,
) -> Minted {
    let key = EpochKey::generate(rng);
    let mut lists = wrap(&key, space, compartment, recipients, rng).into_iter();
    let epoch = Epoch {
        compartment,
        commitment: key.commitment(),
        wraps: lists.next().unwrap_or_default(),
    };
    Minted {
        key,
        epoch,
        rest: lists.collect(),
    }
}

/// Wraps a key for these devices, in lists that one operation each has room for: ascending by
/// device, at most [`WRAPS_MAX`], no two devices of one prefix in a list. Of a device that is
/// named twice the higher prekey counts.
#[must_use]
pub fn wrap(
    key: &EpochKey,
    space: SpaceId,
    compartment: CompartmentId,
    recipients: &[Recipient<'_>],
    rng: &mut HedgedRng,
) -> Vec<Vec<Wrap>> {
    let binding = Binding {
        space,
        compartment,
        commitment: key.commitment(),
    };
    let mut ordered = recipients.to_vec();
    ordered.sort_by_key(|it| (it.device, u32::MAX - it.prekey_number));
    ordered.dedup_by_key(|it| it.device);
    let mut lists: Vec<Vec<Wrap>> = Vec::new();
    for recipient in &ordered {
        let wrap = wrap_for(key, &binding, recipient, rng);
        match lists.last_mut() {
            Some(list) if has_room(list, &wrap) => list.push(wrap),
            _ => lists.push(vec![wrap]),
        }
    }
    lists
}

/// Somebody who tries long enough can make two devices of one prefix: they must not make lists
/// that nobody can read.
fn has_room(list: &[Wrap], wrap: &Wrap) -> bool {
    let is_full = list.len() as u64 >= u64::from(WRAPS_MAX);
    let last = list.last().map(|before| before.device_prefix);
    !is_full && last < Some(wrap.device_prefix)
}

fn wrap_for(
    key: &EpochKey,
    binding: &Binding,
    recipient: &Recipient<'_>,
    rng: &mut HedgedRng,
) -> Wrap {
    let info = binding.info(recipient.device, recipient.prekey_number);
    Wrap {
        device_prefix: prefix_of(recipient.device),
        prekey_number: recipient.prekey_number,
        sealed: wrap_key(key.secret(), recipient.prekey, &info, rng),
    }
}
