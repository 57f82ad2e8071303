//! The spaces of this vault, with the secrets of its devices in them.

use pack_format::secret::Secret32;
use rusqlite::{Row, params};
use team_core::ids::{DeviceId, SpaceId};

use super::super::columns::{secret, stored_choice, stored_id};
use super::super::{Changes, StoreError, Tables};
use crate::clock::UnixTime;
use crate::names::LocalName;

stored_id! {
    /// A space of this vault.
    SpaceRow
}

/// How this vault stands to a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceState {
    /// It has asked to join and has not been let in yet.
    Joining,
    /// It takes part.
    Active,
    /// Its person has left, or was removed: the space can be read, nothing is written.
    Left,
    /// Another copy of this vault has written in its name: nothing is written any more.
    Stopped,
}

stored_choice!(SpaceState {
    Joining = 1,
    Active = 2,
    Left = 3,
    Stopped = 4,
});

/// A space as it is stored.
#[derive(Debug)]
pub struct StoredSpace {
    /// The row.
    pub id: SpaceRow,
    /// Its content.
    pub space: NewSpace,
    /// The counter of the newest have-summary that was signed here.
    pub have_counter: u64,
}

/// A space that is not stored yet.
#[derive(Debug)]
pub struct NewSpace {
    /// Its name among all spaces.
    pub space_id: SpaceId,
    /// What the person calls it here.
    pub name: LocalName,
    /// How this vault stands to it.
    pub state: SpaceState,
    /// This vault's device in it.
    pub device: DeviceId,
    /// The seed of the device's signing key.
    pub device_seed: Secret32,
    /// When it was made or joined, as this machine's clock had it.
    pub joined_at: UnixTime,
}

/// The private half of a prekey.
#[derive(Debug)]
pub struct StoredPrekey {
    /// Its number.
    pub number: u32,
    /// The seed of the key.
    pub seed: Secret32,
    /// When it was made.
    pub made_at: UnixTime,
}

fn space(row: &Row<'_>) -> rusqlite::Result<StoredSpace> {
    Ok(StoredSpace {
        id: row.get("id")?,
        space: NewSpace {
            space_id: SpaceId(row.get("space_id")?),
            name: row.get("name")?,
            state: row.get("state")?,
            device: DeviceId(row.get("device")?),
            device_seed: secret(row, "device_seed")?,
            joined_at: row.get("joined_at")?,
        },
        have_counter: row.get("have_counter")?,
    })
}

impl Tables<'_> {
    /// All spaces, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn spaces(&self) -> Result<Vec<StoredSpace>, StoreError> {
        let select = "SELECT * FROM space ORDER BY name";
        self.all("read the spaces", select, [], space)
    }

    /// One space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space(&self, id: SpaceRow) -> Result<Option<StoredSpace>, StoreError> {
        let select = "SELECT * FROM space WHERE id = ?1";
        self.optional("look a space up", select, [id], space)
    }

    /// The space that the person calls so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space_named(&self, name: &LocalName) -> Result<Option<StoredSpace>, StoreError> {
        let select = "SELECT * FROM space WHERE name = ?1";
        self.optional("look a space up", select, [name], space)
    }

    /// The space of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn space_with_id(&self, id: SpaceId) -> Result<Option<StoredSpace>, StoreError> {
        let select = "SELECT * FROM space WHERE space_id = ?1";
        self.optional("look a space up", select, [id.0], space)
    }

    /// The private prekeys of this vault's device in a space, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prekeys(&self, id: SpaceRow) -> Result<Vec<StoredPrekey>, StoreError> {
        let select = "SELECT * FROM space_prekey WHERE space_id = ?1 ORDER BY number DESC";
        self.all("read the prekeys", select, [id], |row| {
            Ok(StoredPrekey {
                number: row.get("number")?,
                seed: secret(row, "seed")?,
                made_at: row.get("made_at")?,
            })
        })
    }
}

impl Changes<'_> {
    /// Stores a new space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_space(&self, new: &NewSpace) -> Result<SpaceRow, StoreError> {
        let insert = "INSERT INTO space
             (space_id, name, state, device, device_seed, joined_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            new.space_id.0,
            new.name,
            new.state,
            new.device.0,
            new.device_seed.expose(),
            new.joined_at
        ];
        self.insert("store a space", insert, values).map(SpaceRow)
    }

    /// This vault stands to a space in another way now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_space_state(&self, id: SpaceRow, state: SpaceState) -> Result<(), StoreError> {
        let update = "UPDATE space SET state = ?2 WHERE id = ?1";
        self.run("store the state of a space", update, params![id, state])?;
        Ok(())
    }

    /// Another name for a space in this vault.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rename_space(&self, id: SpaceRow, name: &LocalName) -> Result<(), StoreError> {
        let update = "UPDATE space SET name = ?2 WHERE id = ?1";
        self.run("rename a space", update, params![id, name])?;
        Ok(())
    }

    /// Forgets a space with everything that is in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_space(&self, id: SpaceRow) -> Result<(), StoreError> {
        self.run("forget a space", "DELETE FROM space WHERE id = ?1", [id])?;
        Ok(())
    }

    /// The counter for the next have-summary; each is given once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_have_counter(&self, id: SpaceRow) -> Result<u64, StoreError> {
        let update = "UPDATE space SET have_counter = have_counter + 1 WHERE id = ?1
             RETURNING have_counter";
        self.one("count a have-summary", update, [id], |row| row.get(0))
    }

    /// Stores the private half of a new prekey.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_prekey(&self, id: SpaceRow, prekey: &StoredPrekey) -> Result<(), StoreError> {
        let insert = "INSERT INTO space_prekey (space_id, number, seed, made_at)
             VALUES (?1, ?2, ?3, ?4)";
        let values = params![id, prekey.number, prekey.seed.expose(), prekey.made_at];
        self.run("store a prekey", insert, values)?;
        Ok(())
    }

    /// Destroys the private half of a prekey.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_prekey(&self, id: SpaceRow, number: u32) -> Result<(), StoreError> {
        let delete = "DELETE FROM space_prekey WHERE space_id = ?1 AND number = ?2";
        self.run("destroy a prekey", delete, params![id, number])?;
        Ok(())
    }
}
