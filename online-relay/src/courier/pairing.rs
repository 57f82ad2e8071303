//! Pairing with an offline vault: thirteen words, shown on one machine and typed on the other.

use crossing::{Lane, LaneId};
use pack_format::ratchet::Side;
use pack_format::shown::is_hidden;
use pack_format::words::PairingCode;
use zeroize::Zeroizing;

use super::Courier;
use super::error::CourierError;
use super::limits::NAME_CHARS_MAX;
use super::store::StoreError;

/// What the person calls the vault at the other end of a pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingName(String);

impl PairingName {
    /// Reads a name: 1 to [`NAME_CHARS_MAX`] visible characters; white space around it is
    /// ignored.
    ///
    /// # Errors
    /// [`CourierError::BadName`].
    pub fn parse(text: &str) -> Result<Self, CourierError> {
        let name = text.trim();
        let count = name.chars().count();
        if count == 0 || count > NAME_CHARS_MAX || name.chars().any(is_hidden) {
            return Err(CourierError::BadName {
                name: text.chars().take(NAME_CHARS_MAX).collect(),
            });
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Courier {
    /// Makes a new pairing and returns the words to type on the vault, which are never shown
    /// again.
    ///
    /// # Errors
    /// [`CourierError::NameTaken`], [`CourierError::Store`].
    pub fn pair_by_showing(
        &mut self,
        name: &PairingName,
    ) -> Result<Vec<&'static str>, CourierError> {
        let code = PairingCode::new(*random()?);
        self.pair(name, &code, Side::Showed)?;
        Ok(code.words())
    }

    /// Makes a pairing from the words that a vault shows.
    ///
    /// # Errors
    /// [`CourierError::Words`], [`CourierError::NameTaken`], [`CourierError::Store`].
    pub fn pair_by_typing(&mut self, name: &PairingName, words: &str) -> Result<(), CourierError> {
        let code = PairingCode::from_words(words).map_err(CourierError::Words)?;
        self.pair(name, &code, Side::Typed)
    }

    fn pair(
        &mut self,
        name: &PairingName,
        code: &PairingCode,
        side: Side,
    ) -> Result<(), CourierError> {
        let lane = Lane::new(LaneId(*random()?), &code.root(), side);
        let stored = self
            .store
            .transact(|change| change.insert_lane(name.as_str(), &lane))?;
        if stored {
            Ok(())
        } else {
            Err(CourierError::NameTaken {
                name: name.as_str().to_owned(),
            })
        }
    }

    /// The names of all pairings, oldest first.
    ///
    /// # Errors
    /// [`CourierError::Store`].
    pub fn pairings(&self) -> Result<Vec<String>, CourierError> {
        Ok(self.store.lane_names()?)
    }

    /// Forgets a pairing and everything that this courier holds for that vault alone.
    ///
    /// # Errors
    /// [`CourierError::NameUnknown`], [`CourierError::Store`].
    pub fn remove_pairing(&mut self, name: &PairingName) -> Result<(), CourierError> {
        let lanes = self.store.lanes()?;
        let lane = lanes.iter().find(|named| named.name == name.as_str());
        let removed = self
            .store
            .transact(|change| change.remove_lane(name.as_str()))?;
        if let Some(named) = lane {
            // The keys are gone: what stays where this fails can be opened by nobody.
            let _ = crossing::forget_lane(self.store.spool_dir(), named.lane.id());
        }
        if removed {
            Ok(())
        } else {
            Err(CourierError::NameUnknown {
                name: name.as_str().to_owned(),
            })
        }
    }
}

fn random() -> Result<Zeroizing<[u8; 16]>, StoreError> {
    let mut bytes = Zeroizing::new([0; 16]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|source| StoreError::Randomness { source })?;
    Ok(bytes)
}
