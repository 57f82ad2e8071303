//! The one row about the vault itself.

use pack_format::secret::Secret32;
use rusqlite::params;

use super::columns::secret;
use super::{Changes, StoreError, Tables};
use crate::clock::UnixTime;

/// What the vault knows about itself.
#[derive(Debug)]
pub struct Meta {
    /// Keeps the random numbers of cloned machines apart.
    pub vault_seed: Secret32,
    /// The seed of the person's signing key.
    pub identity_seed: Secret32,
    /// The name that the person chose.
    pub own_name: String,
    /// From 1; a restored vault is the next.
    pub incarnation: u32,
    /// The seed of this incarnation's encryption key.
    pub decapsulation_seed: Secret32,
    /// The serial of the newest card.
    pub card_serial: u32,
    /// The latest time that this machine's clock has shown.
    pub clock_floor: UnixTime,
}

/// What a new vault starts with. The counter of random numbers starts after `rng_counter`.
pub type NewMeta = (Meta, u64);

impl Tables<'_> {
    /// What the vault knows about itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn meta(&self) -> Result<Meta, StoreError> {
        let select = "SELECT * FROM meta WHERE id = 1";
        self.one("read the vault's own row", select, [], |row| {
            Ok(Meta {
                vault_seed: secret(row, "vault_seed")?,
                identity_seed: secret(row, "identity_seed")?,
                own_name: row.get("own_name")?,
                incarnation: row.get("incarnation")?,
                decapsulation_seed: secret(row, "decapsulation_seed")?,
                card_serial: row.get("card_serial")?,
                clock_floor: row.get("clock_floor")?,
            })
        })
    }
}

impl Changes<'_> {
    pub(super) fn insert_meta(&self, (meta, rng_counter): &NewMeta) -> Result<(), StoreError> {
        let insert = "INSERT INTO meta (id, vault_seed, rng_counter, identity_seed, own_name,
             incarnation, decapsulation_seed, card_serial, clock_floor)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            meta.vault_seed.expose(),
            rng_counter,
            meta.identity_seed.expose(),
            meta.own_name,
            meta.incarnation,
            meta.decapsulation_seed.expose(),
            meta.card_serial,
            meta.clock_floor,
        ];
        self.run("write the vault's own row", insert, values)?;
        Ok(())
    }

    /// The next number for random keys. It may be used once the transaction is durable.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_rng_counter(&self) -> Result<u64, StoreError> {
        let update =
            "UPDATE meta SET rng_counter = rng_counter + 1 WHERE id = 1 RETURNING rng_counter";
        self.one("take a number for random keys", update, [], |row| {
            row.get(0)
        })
    }

    /// Makes the next card a newer one, and returns its serial.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn raise_card_serial(&self) -> Result<u32, StoreError> {
        let update =
            "UPDATE meta SET card_serial = card_serial + 1 WHERE id = 1 RETURNING card_serial";
        self.one("raise the serial of the card", update, [], |row| row.get(0))
    }

    /// Raises the clock floor to `now` if it is below.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn raise_clock_floor(&self, now: UnixTime) -> Result<(), StoreError> {
        let update = "UPDATE meta SET clock_floor = max(clock_floor, ?1) WHERE id = 1";
        self.run("note the time", update, [now])?;
        Ok(())
    }
}
