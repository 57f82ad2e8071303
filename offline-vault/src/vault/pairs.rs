//! Pairings: a code that one machine shows and the other is told.

use crossing::{Lane, LaneId};
use pack_format::codec::Wire as _;
use pack_format::ratchet::Side;
use pack_format::words::PairingCode;
use zeroize::Zeroizing;

use super::contacts::known_contact;
use super::{Vault, VaultError};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{LaneKind, NewLane, StoredLane};

impl Vault {
    /// Makes a pairing and its code, to be typed on the other machine. The code is not stored:
    /// it can be shown this once.
    ///
    /// `contact` is whose vault the other machine is; without one it is a courier.
    ///
    /// # Errors
    /// [`VaultError::PairingExists`], [`VaultError::ContactUnknown`], [`VaultError::Store`],
    /// [`VaultError::Random`].
    pub fn show_pairing(
        &self,
        name: &LocalName,
        contact: Option<&LocalName>,
        now: UnixTime,
    ) -> Result<PairingCode, VaultError> {
        let code = PairingCode::new(self.rng()?.array());
        self.insert_pairing(name, contact, &code, Side::Showed, now)?;
        Ok(code)
    }

    /// Makes a pairing from the code that the other machine shows.
    ///
    /// # Errors
    /// [`VaultError::Words`], and those of [`Vault::show_pairing`].
    pub fn type_pairing(
        &self,
        name: &LocalName,
        contact: Option<&LocalName>,
        words: &str,
        now: UnixTime,
    ) -> Result<(), VaultError> {
        let code = PairingCode::from_words(words)?;
        self.insert_pairing(name, contact, &code, Side::Typed, now)
    }

    /// All pairings, by name.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn pairings(&self) -> Result<Vec<StoredLane>, VaultError> {
        Ok(self.store.read().lanes()?)
    }

    /// Forgets a pairing and all its keys: what lies on a stick for it stays closed for ever.
    ///
    /// # Errors
    /// [`VaultError::PairingUnknown`], [`VaultError::Store`].
    pub fn remove_pairing(&self, name: &LocalName, now: UnixTime) -> Result<(), VaultError> {
        let removed = self.store.write(|changes| {
            let lane = changes
                .lane_named(name)?
                .ok_or_else(|| VaultError::PairingUnknown { name: name.clone() })?;
            changes.remove_lane(lane.id)?;
            changes.note(now, &format!("The pairing {name} was removed."))?;
            Ok::<_, VaultError>(lane.id)
        })?;
        // The keys are gone: what stays where this fails can be opened by nobody.
        let _ = crossing::forget_lane(&self.paths().spool(), removed);
        Ok(())
    }

    fn insert_pairing(
        &self,
        name: &LocalName,
        contact: Option<&LocalName>,
        code: &PairingCode,
        side: Side,
        now: UnixTime,
    ) -> Result<(), VaultError> {
        let id = LaneId(self.rng()?.array());
        let lane = Lane::new(id, &code.root(), side);
        let state = Zeroizing::new(lane.to_wire());
        self.store.write(|changes| {
            if changes.lane_named(name)?.is_some() {
                return Err(VaultError::PairingExists { name: name.clone() });
            }
            let contact = contact
                .map(|nickname| known_contact(changes, nickname))
                .transpose()?;
            let kind = match contact {
                Some(_) => LaneKind::Vault,
                None => LaneKind::Courier,
            };
            changes.insert_lane(&NewLane {
                id,
                kind,
                name: name.clone(),
                contact_id: contact.map(|contact| contact.id),
                paired_at: now,
                state,
            })?;
            changes.note(now, &format!("The pairing {name} was made."))?;
            Ok(())
        })
    }
}
