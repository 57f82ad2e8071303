//! The keys of epochs that this vault was given.

use std::collections::BTreeSet;

use pack_format::secret::Secret32;
use rusqlite::params;
use team_core::ids::EpochId;

use super::super::columns::secret;
use super::super::{Changes, StoreError, Tables};
use super::row::SpaceRow;

impl Tables<'_> {
    /// The key of an epoch, if this vault has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn epoch_key(
        &self,
        space: SpaceRow,
        epoch: EpochId,
    ) -> Result<Option<Secret32>, StoreError> {
        let select = "SELECT key FROM space_epoch_key WHERE space_id = ?1 AND epoch = ?2";
        let values = params![space, epoch.0];
        self.optional("look the key of an epoch up", select, values, |row| {
            secret(row, "key")
        })
    }

    /// All keys of epochs of a space.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn epoch_keys(&self, space: SpaceRow) -> Result<Vec<(EpochId, Secret32)>, StoreError> {
        let select = "SELECT epoch, key FROM space_epoch_key WHERE space_id = ?1 ORDER BY epoch";
        self.all("read the keys of epochs", select, [space], |row| {
            Ok((EpochId(row.get("epoch")?), secret(row, "key")?))
        })
    }

    /// The epochs under which content is here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn used_epochs(&self, space: SpaceRow) -> Result<BTreeSet<EpochId>, StoreError> {
        let select = "SELECT epoch FROM space_epoch_key WHERE space_id = ?1 AND used";
        let found = self.all("read which epochs are used", select, [space], |row| {
            Ok(EpochId(row.get("epoch")?))
        })?;
        Ok(found.into_iter().collect())
    }
}

impl Changes<'_> {
    /// Content came that opens with the key of an epoch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_epoch_used(&self, space: SpaceRow, epoch: EpochId) -> Result<(), StoreError> {
        let update = "UPDATE space_epoch_key SET used = 1 WHERE space_id = ?1 AND epoch = ?2";
        let values = params![space, epoch.0];
        self.run("note that an epoch is used", update, values)?;
        Ok(())
    }

    /// Stores the key of an epoch. Tells whether it is new here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_epoch_key(
        &self,
        space: SpaceRow,
        epoch: EpochId,
        key: &Secret32,
    ) -> Result<bool, StoreError> {
        let insert = "INSERT INTO space_epoch_key (space_id, epoch, key) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING";
        let values = params![space, epoch.0, key.expose()];
        Ok(self.run("store the key of an epoch", insert, values)? > 0)
    }

    /// Destroys the key of an epoch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_epoch_key(&self, space: SpaceRow, epoch: EpochId) -> Result<(), StoreError> {
        let delete = "DELETE FROM space_epoch_key WHERE space_id = ?1 AND epoch = ?2";
        self.run(
            "destroy the key of an epoch",
            delete,
            params![space, epoch.0],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn the_key_of_an_epoch_is_kept_once_and_can_be_destroyed() {
        let fixture = Fixture::new();
        fixture.write(|changes| {
            let (space, epoch) = (fixture.space, EpochId([5; 32]));
            let key = Secret32::new([6; 32]);
            assert!(changes.insert_epoch_key(space, epoch, &key).unwrap());
            let other = Secret32::new([7; 32]);
            assert!(!changes.insert_epoch_key(space, epoch, &other).unwrap());
            let stored = changes.epoch_key(space, epoch).unwrap().unwrap();
            assert_eq!(stored.expose(), key.expose());
            assert_eq!(changes.epoch_keys(space).unwrap().len(), 1);
            changes.remove_epoch_key(space, epoch).unwrap();
            assert!(changes.epoch_key(space, epoch).unwrap().is_none());
        });
    }
}
