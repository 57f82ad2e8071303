//! What only OpenPGP keys can do: end later, change subkeys, be revoked.

use pack_format::shown::Shown;
use zeroize::Zeroizing;

use super::import::{AskPassphrase, ReadKey};
use super::{EntryKind, KeyError, SecretKeyMaterial, confirm, named, note, secret};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::openpgp::{
    CertificateInfo, KeyInfo, OldSubkeys, RevocationReason, SecretCertificate, SubkeyKind,
};
use crate::store::SigningKey;
use crate::vault::Vault;

/// Reads the secret key that another program exported.
pub(super) fn read(
    file: &[u8],
    ask: &mut AskPassphrase<'_>,
    now: UnixTime,
) -> Result<ReadKey, KeyError> {
    let mut failed = None;
    let imported = SecretCertificate::import(file, now, &mut |prompt| {
        // A file holds one passphrase: asking again would be given the same.
        match ask(&format!("the OpenPGP key {}", prompt.key)) {
            Ok(passphrase) => std::str::from_utf8(passphrase.expose())
                .ok()
                .map(|text| Zeroizing::new(text.to_owned())),
            Err(err) => {
                failed = Some(err);
                None
            }
        }
    });
    if let Some(err) = failed {
        return Err(err.into());
    }
    let certificate = imported?;
    let info = certificate.info(now)?;
    let is_revoked = info.revoked.is_some();
    let revocation = if is_revoked {
        None
    } else {
        Some(certificate.revoke(RevocationReason::NotSaid, IMPORT_MESSAGE, now)?)
    };
    Ok(ReadKey {
        comment: primary_user_id(&info),
        secret: SecretKeyMaterial::OpenPgp(Box::new(certificate)),
        revocation,
        is_revoked,
    })
}

fn primary_user_id(info: &CertificateInfo) -> String {
    let mut usable = info
        .user_ids
        .iter()
        .filter(|it| it.self_signed && !it.revoked);
    let first = usable.next().or(info.user_ids.first());
    first.map_or_else(String::new, |it| {
        String::from_utf8_lossy(&it.raw).into_owned()
    })
}

/// What a certificate says of itself, in lines; nothing for keys of other kinds.
///
/// # Errors
/// [`KeyError::OpenPgp`].
pub fn overview(key: &SigningKey, now: UnixTime) -> Result<Vec<(&'static str, String)>, KeyError> {
    if !key.reference.is_openpgp() {
        return Ok(Vec::new());
    }
    let info = SecretCertificate::from_bytes(&key.public)?.info(now)?;
    let mut lines = Vec::new();
    for user_id in &info.user_ids {
        let text = String::from_utf8_lossy(&user_id.raw).into_owned();
        let state = if user_id.revoked {
            " (revoked)"
        } else if user_id.self_signed {
            ""
        } else {
            " (not its owner's)"
        };
        lines.push(("user id", format!("{text}{state}")));
    }
    lines.push(("made", info.created_at.to_string()));
    let ends = info.expires_at;
    lines.push((
        "ends",
        ends.map_or_else(|| "never".to_owned(), |at| at.to_string()),
    ));
    lines.extend(info.keys.iter().map(|it| ("subkey", key_text(it))).skip(1));
    lines.extend(info.revoked.map(|why| ("revoked", why)));
    lines.extend(info.problem.map(|what| ("PROBLEM", what)));
    Ok(lines)
}

fn key_text(key: &KeyInfo) -> String {
    let uses = [
        (key.uses.certify, "certifies"),
        (key.uses.sign, "signs"),
        (key.uses.encrypt, "encrypts"),
        (key.uses.authenticate, "authenticates"),
    ];
    let uses: Vec<_> = uses
        .into_iter()
        .filter_map(|(is, text)| is.then_some(text))
        .collect();
    let state = if key.revoked {
        "revoked"
    } else if key.alive {
        "alive"
    } else {
        "ended"
    };
    let (id, algorithm, uses) = (&key.key_id, &key.algorithm, uses.join(" and "));
    let ends = key
        .expires_at
        .map_or_else(String::new, |at| format!(", until {at}"));
    format!("{id}, {algorithm}, {uses}, {state}{ends}")
}

/// Sets when a key ends, `None` for never.
///
/// # Errors
/// [`KeyError`].
pub fn renew(
    vault: &Vault,
    name: &LocalName,
    expires_at: Option<UnixTime>,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    let until = expires_at.map_or_else(|| "for ever".to_owned(), |at| format!("until {at}"));
    change(
        vault,
        name,
        EntryKind::KeyRenewed,
        &until,
        now,
        |certificate| Ok(certificate.renew(expires_at, now)?),
    )
}

/// Adds a subkey. `valid_secs` counts from now; `None` is as long as the key.
///
/// # Errors
/// [`KeyError`].
pub fn add_subkey(
    vault: &Vault,
    name: &LocalName,
    kind: SubkeyKind,
    valid_secs: Option<u64>,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    let what = match kind {
        SubkeyKind::Signing => "a signing subkey was added",
        SubkeyKind::Encryption => "an encryption subkey was added",
    };
    change(
        vault,
        name,
        EntryKind::SubkeyChanged,
        what,
        now,
        |certificate| Ok(certificate.add_subkey(kind, valid_secs, now)?),
    )
}

/// A new signing subkey takes over.
///
/// # Errors
/// [`KeyError`].
pub fn rotate(
    vault: &Vault,
    name: &LocalName,
    valid_secs: Option<u64>,
    old: OldSubkeys,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    let what = match old {
        OldSubkeys::Keep => "a new signing subkey signs; the old ones stay valid",
        OldSubkeys::Revoke => "a new signing subkey signs; the old ones are revoked",
    };
    change(
        vault,
        name,
        EntryKind::SubkeyChanged,
        what,
        now,
        |certificate| Ok(certificate.rotate_signing_subkey(valid_secs, old, now)?),
    )
}

/// Revokes a key for good. Without a reason, with the revocation that was made at its birth.
/// `typed` is what the person typed as its name.
///
/// # Errors
/// [`KeyError::NotConfirmed`], [`KeyError::NoRevocation`], and others.
pub fn revoke(
    vault: &Vault,
    name: &LocalName,
    reason: Option<RevocationReason>,
    typed: &str,
    now: UnixTime,
) -> Result<SigningKey, KeyError> {
    let key = named(&vault.store().read(), name)?;
    confirm(&key, typed)?;
    let note = if reason.is_some() {
        "with a new revocation"
    } else {
        "with the revocation made at its birth"
    };
    change(
        vault,
        name,
        EntryKind::KeyRevoked,
        note,
        now,
        |certificate| {
            let revocation = match (reason, &key.revocation) {
                (Some(reason), _) => certificate.revoke(reason, "", now)?,
                (None, Some(stored)) => stored.clone(),
                (None, None) => {
                    let reference = key.reference;
                    return Err(KeyError::NoRevocation { reference });
                }
            };
            Ok(certificate.attach_revocation(revocation.as_bytes())?)
        },
    )
}

/// Puts a changed certificate in the place of a key's.
fn change(
    vault: &Vault,
    name: &LocalName,
    kind: EntryKind,
    what: &str,
    now: UnixTime,
    change: impl FnOnce(&SecretCertificate) -> Result<SecretCertificate, KeyError>,
) -> Result<SigningKey, KeyError> {
    vault.store().write(|changes| {
        let key = named(changes, name)?;
        let before = secret(changes, &key)?;
        let after = SecretKeyMaterial::OpenPgp(Box::new(change(before.openpgp()?)?));
        if after.reference()? != key.reference {
            return Err(KeyError::Stored);
        }
        let (public, stored) = (after.public()?, after.to_stored()?);
        changes.set_signing_key_halves(key.id, &public, &stored)?;
        if kind == EntryKind::KeyRevoked {
            changes.retire_signing_key(key.id, now)?;
        }
        note(vault, changes, &key, kind, what, now)?;
        let what = Shown(what);
        changes.note(now, &format!("The key {name} was changed: {kind}, {what}."))?;
        named(changes, name)
    })
}

/// Stands in the revocation that is made for a key which comes without one.
const IMPORT_MESSAGE: &str = "made when the key was taken into a vault";
