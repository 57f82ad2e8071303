//! The desk's own key, and the public halves of the signing keys that it knows.

use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use rusqlite::{OptionalExtension as _, Row, params};
use signing_format::key_reference::KeyReference;
use zeroize::Zeroizing;

use super::{Change, ReadError, Store, StoreError, all, wire};

/// A signing key that requests can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKey {
    /// What its user calls it.
    pub(crate) name: String,
    /// How requests name it.
    pub(crate) reference: KeyReference,
    /// The public half, as it was given.
    pub(crate) public: Vec<u8>,
}

impl Store {
    /// All signing keys, by name.
    pub(crate) fn desk_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let select = "SELECT name, reference, public FROM desk_keys ORDER BY name";
        let doing = "reading the signing keys";
        all(&self.index(), doing, select, [], key)
    }
}

impl Change<'_> {
    /// The desk's own key; `fresh` becomes it where there is none.
    pub(crate) fn desk_seed(&mut self, fresh: Secret32) -> Result<Secret32, StoreError> {
        let failed = StoreError::index("reading the desk's key");
        let found = self
            .index
            .query_row("SELECT seed FROM desk_identity", [], |row| {
                row.get::<_, [u8; 32]>("seed").map(Zeroizing::new)
            })
            .optional()
            .map_err(failed)?;
        if let Some(seed) = found {
            return Ok(Secret32::new(*seed));
        }
        let insert = "INSERT INTO desk_identity (number, seed) VALUES (1, ?1)";
        self.index
            .execute(insert, [fresh.expose()])
            .map_err(StoreError::index("storing the desk's key"))?;
        Ok(fresh)
    }

    /// Stores a signing key; false where the name is taken.
    pub(crate) fn put_desk_key(&mut self, key: &StoredKey) -> Result<bool, StoreError> {
        let insert = "INSERT INTO desk_keys (name, reference, public) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO NOTHING";
        let count = self
            .index
            .execute(
                insert,
                params![key.name, key.reference.to_wire(), key.public],
            )
            .map_err(StoreError::index("storing a signing key"))?;
        Ok(count == 1)
    }

    /// Replaces the public half of a signing key that is here; its name stays.
    pub(crate) fn replace_desk_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        self.index
            .execute(
                "UPDATE desk_keys SET public = ?2 WHERE reference = ?1",
                params![key.reference.to_wire(), key.public],
            )
            .map(drop)
            .map_err(StoreError::index("storing a signing key"))
    }

    /// Forgets a signing key; false where there is none.
    pub(crate) fn remove_desk_key(&mut self, name: &str) -> Result<bool, StoreError> {
        let count = self
            .index
            .execute("DELETE FROM desk_keys WHERE name = ?1", [name])
            .map_err(StoreError::index("removing a signing key"))?;
        Ok(count == 1)
    }
}

fn key(row: &Row<'_>) -> Result<StoredKey, ReadError> {
    Ok(StoredKey {
        name: row.get("name")?,
        reference: wire(row, "reference")?,
        public: row.get("public")?,
    })
}
