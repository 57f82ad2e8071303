//! Signing keys: made, taken in, shown, given away, renewed, revoked, kept safe.
//!
//! A secret is read from the store when it is used and wiped right after. Every change is an entry
//! of the signature journal and a sentence of the vault's own journal, in one transaction.

mod certify;
mod error;
mod export;
mod import;
mod material;
mod openpgp;
pub mod paper;

use pack_format::shown::Shown;
use signing_format::minisign::MinisignKeyId;

pub(super) use certify::certify_user_ids;
pub use certify::{ToCertify, certify};
pub use error::KeyError;
pub use export::{backup_text, krl_line, public_text};
pub use import::{Imported, import};
pub use material::SecretKeyMaterial;
pub use openpgp::{add_subkey, overview, renew, revoke, rotate};

use super::PolicyRefusal;
use super::journal::{self, Draft, EntryKind};
use super::policy::{Asked, Policy};
use crate::clock::UnixTime;
use crate::foreign_keys::minisign::MinisignSecretKey;
use crate::foreign_keys::ssh::SshSecretKey;
use crate::limits::KEY_COMMENT_BYTES_MAX;
use crate::names::LocalName;
use crate::openpgp::{KeyVersion, NewKey, SecretCertificate};
use crate::store::{Changes, NewSigningKey, SigningKey, StoreError, Tables};
use crate::vault::Vault;

/// What a new key is to be.
#[derive(Clone, Debug)]
pub enum Generate {
    /// An OpenPGP certificate.
    OpenPgp {
        /// The user ids; the first is the primary one.
        user_ids: Vec<String>,
        /// The version.
        version: KeyVersion,
        /// Whether messages can be encrypted to it.
        for_encryption: bool,
        /// How long it is valid; `None` for ever.
        valid_secs: Option<u64>,
    },
    /// An SSH key with a comment.
    Ssh {
        /// The comment; may be empty.
        comment: String,
    },
    /// A minisign key.
    Minisign,
}

impl SigningKey {
    /// Whether the key may be used for what a request asks.
    ///
    /// `approved_by` are those whose approvals of this very request verify.
    ///
    /// # Errors
    /// [`KeyError::Refused`] with the first reason against it; [`KeyError::Vault`].
    pub fn check(
        &self,
        tables: &Tables<'_>,
        asked: &Asked,
        approved_by: &[pack_format::relay::PublicKey],
        now: UnixTime,
    ) -> Result<(), KeyError> {
        if self.retired_at.is_some() {
            let key = self.name.clone();
            return Err(PolicyRefusal::Retired { key }.into());
        }
        let made = journal::made_within_a_day(tables, &self.reference, now)?;
        self.policy.check(&self.name, asked, made, approved_by)?;
        Ok(())
    }

    /// The beginning of an entry of the signature journal about this key.
    #[must_use]
    pub fn draft(&self, kind: EntryKind, note: &str) -> Draft {
        Draft::of_key(kind, self.reference, self.name.as_str(), note)
    }
}

/// All keys, by name.
///
/// # Errors
/// [`StoreError`].
pub fn list(tables: &Tables<'_>) -> Result<Vec<SigningKey>, StoreError> {
    tables.signing_keys()
}

/// The key with a name, which must be there.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::Vault`].
pub fn named(tables: &Tables<'_>, name: &LocalName) -> Result<SigningKey, KeyError> {
    let key = tables.signing_key_named(name)?;
    key.ok_or_else(|| KeyError::Unknown { name: name.clone() })
}

/// The secret half of a key, for one use.
///
/// # Errors
/// [`KeyError::Vault`], [`KeyError::Stored`].
pub fn secret(tables: &Tables<'_>, key: &SigningKey) -> Result<SecretKeyMaterial, KeyError> {
    let bytes = tables.signing_key_secret(key.id)?;
    SecretKeyMaterial::from_stored(&bytes, &key.reference, &key.comment)
}

/// Makes a key. It may do what its kind can, a hundred times a day.
///
/// # Errors
/// [`KeyError::NameTaken`], [`KeyError::Comment`], [`KeyError::OpenPgp`], [`KeyError::Vault`].
pub fn generate(
    vault: &Vault,
    name: &LocalName,
    wanted: Generate,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    if vault.store().read().signing_key_named(name)?.is_some() {
        return Err(KeyError::NameTaken { name: name.clone() });
    }
    let mut rng = vault.rng()?;
    let (secret, revocation, comment) = match wanted {
        Generate::OpenPgp {
            user_ids,
            version,
            for_encryption,
            valid_secs,
        } => {
            let comment = user_ids.first().cloned().unwrap_or_default();
            let wanted = NewKey {
                user_ids,
                version,
                for_encryption,
                valid_secs,
            };
            let made = SecretCertificate::generate(&wanted, now)?;
            let secret = SecretKeyMaterial::OpenPgp(Box::new(made.certificate));
            (secret, Some(made.revocation), comment)
        }
        Generate::Ssh { comment } => {
            check_comment(&comment)?;
            let key = SshSecretKey::from_seed(rng.secret(), &comment)?;
            (SecretKeyMaterial::Ssh(Box::new(key)), None, comment)
        }
        Generate::Minisign => {
            let key_id = MinisignKeyId(rng.array());
            let key = MinisignSecretKey::from_seed(rng.secret(), key_id);
            (SecretKeyMaterial::Minisign(key), None, String::new())
        }
    };
    let newcomer = Newcomer {
        name,
        secret: &secret,
        comment: &comment,
        revocation: revocation.as_deref(),
        is_revoked: false,
        kind: EntryKind::KeyMade,
    };
    newcomer.store(vault, now)
}

/// A key on its way into the store.
struct Newcomer<'a> {
    name: &'a LocalName,
    secret: &'a SecretKeyMaterial,
    comment: &'a str,
    revocation: Option<&'a str>,
    is_revoked: bool,
    kind: EntryKind,
}

impl Newcomer<'_> {
    fn store(&self, vault: &Vault, now: UnixTime) -> Result<SigningKey, KeyError> {
        let name = self.name;
        let reference = self.secret.reference()?;
        let (public, stored) = (self.secret.public()?, self.secret.to_stored()?);
        let policy = Policy::of_new_key(&reference);
        vault.store().write(|changes| {
            if let Some(known) = changes.signing_key_of(&reference)? {
                return Err(KeyError::Known { name: known.name });
            }
            if changes.signing_key_named(name)?.is_some() {
                return Err(KeyError::NameTaken { name: name.clone() });
            }
            changes.insert_signing_key(&NewSigningKey {
                name,
                reference: &reference,
                public: &public,
                secret: &stored,
                comment: self.comment,
                revocation: self.revocation,
                added_at: now,
                retired_at: self.is_revoked.then_some(now),
                policy: &policy,
            })?;
            let key = named(changes, name)?;
            let kind = reference.kind_text();
            note(vault, changes, &key, self.kind, "", now)?;
            let done = if self.kind == EntryKind::KeyMade {
                "made"
            } else {
                "taken in"
            };
            changes.note(
                now,
                &format!("The {kind} key {name} was {done}: {reference}."),
            )?;
            Ok(key)
        })
    }
}

/// Sets what a key may be used for.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::Policy`], [`KeyError::Vault`].
pub fn set_policy(
    vault: &Vault,
    name: &LocalName,
    policy: &Policy,
    described: &str,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        policy.validate(&key.reference)?;
        changes.set_signing_key_policy(key.id, policy)?;
        note(
            vault,
            changes,
            &key,
            EntryKind::PolicyChanged,
            described,
            now,
        )?;
        let described = Shown(described);
        changes.note(
            now,
            &format!("The policy of the key {name} was changed: {described}"),
        )?;
        named(changes, name)
    })
}

/// Gives a key another name.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::NameTaken`], [`KeyError::Vault`].
pub fn rename(
    vault: &Vault,
    name: &LocalName,
    new_name: &LocalName,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        if changes.signing_key_named(new_name)?.is_some() {
            let name = new_name.clone();
            return Err(KeyError::NameTaken { name });
        }
        changes.set_signing_key_name(key.id, new_name)?;
        let was = format!("was {name}");
        let key = named(changes, new_name)?;
        note(vault, changes, &key, EntryKind::KeyRenamed, &was, now)?;
        changes.note(now, &format!("The key {name} is called {new_name} now."))?;
        Ok(key)
    })
}

/// Removes a key and its secret for good. `typed` is what the person typed as its name.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::NotConfirmed`], [`KeyError::Vault`].
pub fn remove(
    vault: &Vault,
    name: &LocalName,
    typed: &str,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        confirm(&key, typed)?;
        note(vault, changes, &key, EntryKind::KeyRemoved, "", now)?;
        changes.remove_signing_key(key.id)?;
        let reference = key.reference;
        changes.note(now, &format!("The key {name} ({reference}) was removed."))?;
        Ok(key)
    })
}

/// Retires a key of a kind that knows no revocation.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::NotConfirmed`], [`KeyError::Vault`].
pub fn retire(
    vault: &Vault,
    name: &LocalName,
    typed: &str,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        confirm(&key, typed)?;
        changes.retire_signing_key(key.id, now)?;
        note(vault, changes, &key, EntryKind::KeyRetired, "", now)?;
        changes.note(now, &format!("The key {name} was retired."))?;
        named(changes, name)
    })
}

/// Notes that the secret of a key has left the vault, under a passphrase.
///
/// # Errors
/// [`KeyError::Vault`].
pub fn note_backup(
    vault: &Vault,
    key: &SigningKey,
    how: &str,
    now: UnixTime,
) -> Result<(), KeyError> {
    vault.store().write(|changes| {
        note(vault, changes, key, EntryKind::KeyBackedUp, how, now)?;
        let name = &key.name;
        changes.note(
            now,
            &format!("The secret of the key {name} was written {how}."),
        )?;
        Ok(())
    })
}

fn confirm(key: &SigningKey, typed: &str) -> Result<(), KeyError> {
    if typed.trim() != key.name.as_str() {
        let name = key.name.clone();
        return Err(KeyError::NotConfirmed { name });
    }
    Ok(())
}

/// Writes an entry of the signature journal about a key.
fn note(
    vault: &Vault,
    changes: &Changes<'_>,
    key: &SigningKey,
    kind: EntryKind,
    text: &str,
    now: UnixTime,
) -> Result<(), StoreError> {
    let draft = key.draft(kind, text);
    journal::append(changes, draft, vault.identity(), now)?;
    Ok(())
}

fn check_comment(comment: &str) -> Result<(), KeyError> {
    let is_hidden = comment.chars().any(pack_format::shown::is_hidden);
    if is_hidden || comment.len() > KEY_COMMENT_BYTES_MAX {
        return Err(KeyError::Comment {
            limit_bytes: KEY_COMMENT_BYTES_MAX,
            found: comment.to_owned(),
        });
    }
    Ok(())
}
