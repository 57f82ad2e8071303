//! Keys that were made elsewhere: which form a file has, and what is in it.

use super::{EntryKind, KeyError, Newcomer, SecretKeyMaterial, check_comment};
use crate::clock::UnixTime;
use crate::foreign_keys::minisign::{MinisignSecretKey, MinisignSecretKeyError};
use crate::foreign_keys::ssh::{SshSecretKey, SshSecretKeyError};
use crate::names::LocalName;
use crate::passphrase::{Passphrase, PassphraseError};
use crate::store::SigningKey;
use crate::vault::Vault;

/// A key that was taken in.
#[derive(Debug)]
pub struct Imported {
    /// The key.
    pub key: SigningKey,
    /// It came with a revocation: nothing is signed with it.
    pub is_revoked: bool,
}

/// Asks for the passphrase of the file; the text says of which key.
pub(crate) type AskPassphrase<'a> = dyn FnMut(&str) -> Result<Passphrase, PassphraseError> + 'a;

/// Takes in the key of a file: OpenPGP (armoured or not), OpenSSH, or minisign.
///
/// Without a name, one is made from the key's user id or comment.
///
/// # Errors
/// [`KeyError::NotAKeyFile`], [`KeyError::Known`], [`KeyError::NameTaken`], and those of the
/// three kinds of keys.
pub fn import(
    vault: &Vault,
    file: &[u8],
    name: Option<&LocalName>,
    ask: &mut AskPassphrase<'_>,
    now: UnixTime,
) -> Result<Imported, KeyError> {
    let read = read(file, ask, now)?;
    let name = match name {
        Some(name) => name.clone(),
        None => name_of(&read)?,
    };
    let newcomer = Newcomer {
        name: &name,
        secret: &read.secret,
        comment: &read.comment,
        revocation: read.revocation.as_deref(),
        is_revoked: read.is_revoked,
        kind: EntryKind::KeyImported,
    };
    let key = newcomer.store(vault, now)?;
    Ok(Imported {
        key,
        is_revoked: read.is_revoked,
    })
}

/// What a file holds.
pub(super) struct ReadKey {
    pub(super) secret: SecretKeyMaterial,
    pub(super) comment: String,
    pub(super) revocation: Option<String>,
    pub(super) is_revoked: bool,
}

/// Reads the key of a file by the form that the file has.
pub(super) fn read(
    file: &[u8],
    ask: &mut AskPassphrase<'_>,
    now: UnixTime,
) -> Result<ReadKey, KeyError> {
    let begin = file.trim_ascii_start();
    if begin.starts_with(b"untrusted comment:") {
        return read_minisign(begin, ask);
    }
    let is_openpgp = begin.starts_with(b"-----BEGIN PGP");
    if begin.starts_with(b"-----BEGIN ") && !is_openpgp {
        return read_ssh(begin, ask);
    }
    // Every OpenPGP packet begins with a byte whose highest bit is set, and no text does.
    if is_openpgp || file.first().is_some_and(|byte| byte & 0x80 != 0) {
        return super::openpgp::read(file, ask, now);
    }
    Err(KeyError::NotAKeyFile)
}

fn read_ssh(file: &[u8], ask: &mut AskPassphrase<'_>) -> Result<ReadKey, KeyError> {
    let key = match SshSecretKey::import(file, None) {
        Err(SshSecretKeyError::PassphraseNeeded) => {
            SshSecretKey::import(file, Some(&ask("the SSH key")?))?
        }
        other => other?,
    };
    let comment = key.line().comment().to_owned();
    check_comment(&comment)?;
    Ok(ReadKey {
        secret: SecretKeyMaterial::Ssh(Box::new(key)),
        comment,
        revocation: None,
        is_revoked: false,
    })
}

fn read_minisign(file: &[u8], ask: &mut AskPassphrase<'_>) -> Result<ReadKey, KeyError> {
    let key = match MinisignSecretKey::import(file, None) {
        Err(MinisignSecretKeyError::PassphraseNeeded) => {
            MinisignSecretKey::import(file, Some(&ask("the minisign key")?))?
        }
        other => other?,
    };
    Ok(ReadKey {
        secret: SecretKeyMaterial::Minisign(key),
        comment: String::new(),
        revocation: None,
        is_revoked: false,
    })
}

/// A name from the address or the name in the user id, from the comment, or from the kind.
fn name_of(read: &ReadKey) -> Result<LocalName, KeyError> {
    let comment = read.comment.split('<').next().unwrap_or_default();
    let before_host = comment.split('@').next().unwrap_or_default();
    let kind = read.secret.reference()?.kind_text();
    let made = [before_host, read.comment.as_str(), kind]
        .into_iter()
        .find_map(|text| LocalName::from_card_name(text).ok());
    made.ok_or(KeyError::NotAKeyFile)
}
