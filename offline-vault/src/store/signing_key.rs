//! Signing keys: the public half and the policy for everybody who asks, the secret by itself.

use pack_format::codec::Wire as _;
use rusqlite::{Row, params};
use signing_format::key_reference::KeyReference;
use zeroize::Zeroizing;

use super::columns::{secret_bytes, stored_id, wire};
use super::{Changes, StoreError, Tables};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::signing::policy::Policy;

stored_id! {
    /// A signing key of this vault.
    SigningKeyId
}

/// A signing key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The row.
    pub id: SigningKeyId,
    /// What its owner calls it.
    pub name: LocalName,
    /// What identifies its public half.
    pub reference: KeyReference,
    /// The public half as others get it: the bytes of a certificate, the line of an SSH key, the
    /// file of a minisign key.
    pub public: Vec<u8>,
    /// The user id, or the comment of the key.
    pub comment: String,
    /// OpenPGP: the revocation certificate, armoured, that was made at its birth.
    pub revocation: Option<String>,
    /// When it came into the vault.
    pub added_at: UnixTime,
    /// Since when nothing is signed with it any more.
    pub retired_at: Option<UnixTime>,
    /// What it may be used for.
    pub policy: Policy,
}

/// A signing key that is to be stored.
pub struct NewSigningKey<'a> {
    /// Its name.
    pub name: &'a LocalName,
    /// What identifies its public half.
    pub reference: &'a KeyReference,
    /// The public half as others get it.
    pub public: &'a [u8],
    /// The secret half in the form of its kind, without a passphrase.
    pub secret: &'a [u8],
    /// The user id, or the comment of the key.
    pub comment: &'a str,
    /// OpenPGP: the revocation certificate, armoured.
    pub revocation: Option<&'a str>,
    /// When it came into the vault.
    pub added_at: UnixTime,
    /// Since when nothing is signed with it any more.
    pub retired_at: Option<UnixTime>,
    /// What it may be used for.
    pub policy: &'a Policy,
}

fn signing_key(row: &Row<'_>) -> rusqlite::Result<SigningKey> {
    Ok(SigningKey {
        id: row.get("id")?,
        name: row.get("name")?,
        reference: wire(row, "reference")?,
        public: row.get("public")?,
        comment: row.get("comment")?,
        revocation: row.get("revocation")?,
        added_at: row.get("added_at")?,
        retired_at: row.get("retired_at")?,
        policy: wire(row, "policy")?,
    })
}

/// Every column but the secret.
const COLUMNS: &str = "id, name, reference, public, comment, revocation, added_at, retired_at,
     policy";

impl Tables<'_> {
    /// All signing keys, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM signing_key ORDER BY name");
        self.all("read the signing keys", &select, [], signing_key)
    }

    /// The signing key with a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_key_named(&self, name: &LocalName) -> Result<Option<SigningKey>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM signing_key WHERE name = ?1");
        self.optional("read a signing key", &select, [name], signing_key)
    }

    /// The signing key with a public half.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_key_of(
        &self,
        reference: &KeyReference,
    ) -> Result<Option<SigningKey>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM signing_key WHERE reference = ?1");
        let values = [reference.to_wire()];
        self.optional("read a signing key", &select, values, signing_key)
    }

    /// The secret half of a signing key, in the form of its kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_key_secret(&self, id: SigningKeyId) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let select = "SELECT secret FROM signing_key WHERE id = ?1";
        self.one("read a signing key's secret", select, [id], |row| {
            secret_bytes(row, "secret")
        })
    }
}

impl Changes<'_> {
    /// Stores a signing key.
    ///
    /// # Errors
    /// [`StoreError`], also when the name or the key is there already.
    pub fn insert_signing_key(&self, key: &NewSigningKey<'_>) -> Result<SigningKeyId, StoreError> {
        let insert = "INSERT INTO signing_key (name, reference, public, secret, comment,
             revocation, added_at, retired_at, policy)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = params![
            key.name,
            key.reference.to_wire(),
            key.public,
            key.secret,
            key.comment,
            key.revocation,
            key.added_at,
            key.retired_at,
            key.policy.to_wire(),
        ];
        Ok(SigningKeyId(self.insert(
            "store a signing key",
            insert,
            values,
        )?))
    }

    /// Replaces both halves of a signing key: its certificate has changed, and it is the same key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_signing_key_halves(
        &self,
        id: SigningKeyId,
        public: &[u8],
        secret: &[u8],
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_key SET public = ?2, secret = ?3 WHERE id = ?1";
        self.run("change a signing key", update, params![id, public, secret])?;
        Ok(())
    }

    /// Gives a signing key another name.
    ///
    /// # Errors
    /// [`StoreError`], also when the name is taken.
    pub fn set_signing_key_name(
        &self,
        id: SigningKeyId,
        name: &LocalName,
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_key SET name = ?2 WHERE id = ?1";
        self.run("rename a signing key", update, params![id, name])?;
        Ok(())
    }

    /// Sets what a signing key may be used for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_signing_key_policy(
        &self,
        id: SigningKeyId,
        policy: &Policy,
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_key SET policy = ?2 WHERE id = ?1";
        let values = params![id, policy.to_wire()];
        self.run("set the policy of a signing key", update, values)?;
        Ok(())
    }

    /// Nothing is signed with the key any more. The first time counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn retire_signing_key(&self, id: SigningKeyId, now: UnixTime) -> Result<(), StoreError> {
        let update = "UPDATE signing_key SET retired_at = coalesce(retired_at, ?2) WHERE id = ?1";
        self.run("retire a signing key", update, params![id, now])?;
        Ok(())
    }

    /// Removes a signing key and its secret.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_signing_key(&self, id: SigningKeyId) -> Result<(), StoreError> {
        let delete = "DELETE FROM signing_key WHERE id = ?1";
        self.run("remove a signing key", delete, [id])?;
        Ok(())
    }
}
