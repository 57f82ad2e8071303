//! What leaves the vault of a key: its public half, and its secret under a passphrase.

use zeroize::Zeroizing;

use super::{KeyError, SecretKeyMaterial, named, note_backup, secret};
use crate::clock::UnixTime;
use crate::foreign_keys::ssh::EXPORT_RANDOM_BYTES;
use crate::names::LocalName;
use crate::openpgp::SecretCertificate;
use crate::passphrase::Passphrase;
use crate::store::SigningKey;
use crate::vault::Vault;
use signing_format::key_reference::KeyReference;

/// The public half as its own tools read it: an armoured certificate, an `ssh-ed25519` line, or a
/// minisign `.pub` file.
///
/// # Errors
/// [`KeyError::OpenPgp`], [`KeyError::Stored`].
pub fn public_text(key: &SigningKey) -> Result<String, KeyError> {
    if key.reference.is_openpgp() {
        return Ok(SecretCertificate::from_bytes(&key.public)?.export_public()?);
    }
    String::from_utf8(key.public.clone()).map_err(|_| KeyError::Stored)
}

/// The line that a key revocation list of OpenSSH names the key with (`ssh-keygen -k`); `None`
/// for keys of other kinds.
#[must_use]
pub fn krl_line(key: &SigningKey) -> Option<String> {
    let KeyReference::Ssh(_) = key.reference else {
        return None;
    };
    Some(format!("hash: {}\n", key.reference))
}

/// The secret under a passphrase, in the form that the key's own tools read: an armoured key, an
/// OpenSSH private key, or a minisign secret key. It was read back before it is returned.
///
/// `how` says where it goes, for the journals.
///
/// # Errors
/// [`KeyError`].
pub fn backup_text(
    vault: &Vault,
    name: &LocalName,
    passphrase: &Passphrase,
    how: &str,
    now: UnixTime,
) -> Result<Zeroizing<String>, KeyError> {
    let key = named(&vault.store().read(), name)?;
    let material = secret(&vault.store().read(), &key)?;
    let text = match &material {
        SecretKeyMaterial::OpenPgp(certificate) => {
            let typed = std::str::from_utf8(passphrase.expose())
                .map_err(|_| KeyError::PassphraseNotText)?;
            Zeroizing::new(certificate.export_protected(typed)?)
        }
        SecretKeyMaterial::Ssh(ssh) => {
            let mut rng = vault.rng()?;
            ssh.export(passphrase, &rng.array::<EXPORT_RANDOM_BYTES>())?
        }
        SecretKeyMaterial::Minisign(minisign) => {
            let mut rng = vault.rng()?;
            minisign.export(passphrase, &rng.array())?
        }
    };
    let read = super::import::read(text.as_bytes(), &mut |_| Ok(passphrase.duplicate()), now)?;
    if read.secret.reference()? != key.reference {
        let name = name.clone();
        return Err(KeyError::NotReadBack { name });
    }
    note_backup(vault, &key, how, now)?;
    Ok(text)
}
