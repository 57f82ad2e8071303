//! `key`: what changes a signing key, ends it, or takes it out of the vault.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::json;
use zeroize::Zeroizing;

use super::contact::local_name;
use super::key::{brief_json, described, existing, key_json, key_source, named};
use super::key_args::{
    AddSubkey, Certify, KeyBackup, Renew, Revoke, RevokeReason, Rotate, SubkeyUse,
};
use super::key_time::{end_of_day, span};
use super::{CommandError, Context, Report, check_parent, talk};
use crate::clock::UnixTime;
use crate::files::{read_bounded, write_whole};
use crate::limits::KEY_IMPORT_BYTES_MAX;
use crate::openpgp::{OldSubkeys, OpenPgpError, RevocationReason, SubkeyKind};
use crate::passphrase::PassphraseSource;
use crate::signing::keys::{self, KeyError, ToCertify, paper};
use crate::signing::review::escaped;
use crate::store::SigningKey;

/// `key renew`.
pub(super) fn renew(context: &Context, asked: &Renew) -> Result<Report, CommandError> {
    let expires_at = match (&asked.until, &asked.valid_for) {
        (Some(day), _) => Some(end_of_day(day)?),
        (None, text) => after(context.now(), span(text.as_deref().unwrap_or_default())?),
    };
    let (name, vault) = (local_name(&asked.name)?, context.vault()?);
    let key = patiently(context, |now| keys::renew(vault, &name, expires_at, now))?;
    changed(context, &key, "has a new end")
}

fn after(now: UnixTime, secs: Option<u64>) -> Option<UnixTime> {
    secs.map(|secs| UnixTime(now.0.saturating_add_unsigned(secs)))
}

/// `key add-subkey`.
pub(super) fn add_subkey(context: &Context, asked: &AddSubkey) -> Result<Report, CommandError> {
    let kind = match asked.purpose {
        SubkeyUse::Signing => SubkeyKind::Signing,
        SubkeyUse::Encryption => SubkeyKind::Encryption,
    };
    let (name, secs) = (local_name(&asked.name)?, span(&asked.valid_for)?);
    let vault = context.vault()?;
    let key = patiently(context, |now| {
        keys::add_subkey(vault, &name, kind, secs, now)
    })?;
    changed(context, &key, "has a new subkey")
}

/// `key rotate`.
pub(super) fn rotate(context: &Context, asked: &Rotate) -> Result<Report, CommandError> {
    let old = if asked.revoke_old {
        OldSubkeys::Revoke
    } else {
        OldSubkeys::Keep
    };
    let (name, secs) = (local_name(&asked.name)?, span(&asked.valid_for)?);
    let vault = context.vault()?;
    let key = patiently(context, |now| keys::rotate(vault, &name, secs, old, now))?;
    changed(context, &key, "signs with a new subkey")
}

/// Makes a change of a certificate, in the next second if its last change is of this very one:
/// OpenPGP counts in seconds, and of two changes in one nobody knows which came last.
fn patiently(
    context: &Context,
    change: impl Fn(UnixTime) -> Result<SigningKey, KeyError>,
) -> Result<SigningKey, KeyError> {
    match change(context.now()) {
        Err(KeyError::OpenPgp(OpenPgpError::ClockBehind { now, changed_at }))
            if now == changed_at =>
        {
            thread::sleep(Duration::from_secs(1));
            change(context.now())
        }
        other => other,
    }
}

fn changed(context: &Context, key: &SigningKey, what: &str) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let name = &key.name;
    let mut text = format!(
        "The key {name} {what}.\n{}",
        described(context, vault, key)?
    );
    let _ = writeln!(
        text,
        "Next: give others the new certificate with `offline-vault key export {name}`."
    );
    Ok(Report::new(text, key_json(context, vault, key)?))
}

/// `key certify`: shows what a request to certify shows, and has the end of the fingerprint typed.
pub(super) fn certify(context: &Context, asked: &Certify) -> Result<Report, CommandError> {
    check_parent(&asked.output)?;
    let name = local_name(&asked.name)?;
    let certificate = read_bounded(&asked.file, KEY_IMPORT_BYTES_MAX)?;
    let user_ids = (!asked.all).then(|| asked.user_ids.clone());
    let what = ToCertify::read(certificate, user_ids, context.now())?;
    context.vault()?;
    ask_fingerprint(context, &what)?;
    let certified = keys::certify(context.vault()?, &name, &what, context.now())?;
    write_whole(&asked.output, certified.as_bytes(), existing(asked.force))?;
    let mut text = format!("{name} certified {}:\n", what.fingerprint());
    for user_id in what.user_ids() {
        let _ = writeln!(text, "  {}", escaped(user_id.as_bytes()));
    }
    let file = asked.output.display();
    let _ = writeln!(
        text,
        "The certificate with it is in {file}: give it to its owner."
    );
    let json = json!({
        "key": name.as_str(),
        "certificate": what.fingerprint(),
        "user_ids": what.user_ids(),
        "file": file.to_string(),
    });
    Ok(Report::new(text, json))
}

/// Shows all of the certificate, then asks; a short id would be one that somebody else can have,
/// too.
fn ask_fingerprint(context: &Context, what: &ToCertify) -> Result<(), CommandError> {
    let review = what.review();
    let is_screen = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut question = String::new();
    if !is_screen {
        question = review.to_lines().join("\n") + "\n\n";
    } else if !super::requests::page(context, &review)? {
        return Err(CommandError::NoAnswer);
    }
    let _ = write!(
        question,
        "Type the fingerprint as its owner told it to you, or at least its last \
         {TYPED_DIGITS_MIN} digits: "
    );
    let typed = context.ask(&question)?;
    let typed: String = typed.split_whitespace().collect::<String>().to_uppercase();
    if typed.len() < TYPED_DIGITS_MIN || !what.fingerprint().ends_with(&typed) {
        return Err(CommandError::FingerprintDiffers);
    }
    for risk in review.risks {
        let question = format!("Type {risk} to accept this, or anything else to stop: ");
        if context.ask(&question)?.trim() != risk.name() {
            return Err(CommandError::RiskNotAccepted { risk });
        }
    }
    Ok(())
}

/// `key revoke`: asks for the name of the key.
pub(super) fn revoke(context: &Context, asked: &Revoke) -> Result<Report, CommandError> {
    asked
        .output
        .iter()
        .try_for_each(|path| check_parent(path))?;
    let key = named(context, &asked.name)?;
    let name = &key.name;
    let vault = context.vault()?;
    let typed = context.ask(&format!(
        "Nothing will ever be signed with {name} ({}) again. Type its name: ",
        key.reference
    ))?;
    let (key, what) = if key.reference.is_openpgp() {
        let reason = asked.reason.map(reason_of);
        let key = patiently(context, |now| {
            keys::revoke(vault, name, reason, &typed, now)
        })?;
        let public = keys::public_text(&key)?;
        (key, public)
    } else {
        let key = keys::retire(vault, name, &typed, context.now())?;
        let line = keys::krl_line(&key).unwrap_or_default();
        (key, line)
    };
    let mut text = format!("The key {} is not used any more.\n", key.name);
    text.push_str(match &key.reference {
        signing_format::key_reference::KeyReference::Ssh(_) => {
            "An SSH key cannot revoke itself: others add the line to their list with `ssh-keygen \
             -k -u -f LIST FILE`, or take the key out of their allowed signers.\n"
        }
        signing_format::key_reference::KeyReference::Minisign { .. } => {
            "A minisign key cannot be revoked: tell those who use it.\n"
        }
        _ => {
            "Others learn it from the revoked certificate: give it to everybody who has the key.\n"
        }
    });
    match &asked.output {
        Some(path) if !what.is_empty() => {
            write_whole(path, what.as_bytes(), existing(asked.force))?;
            let _ = writeln!(text, "It is in {}.", path.display());
        }
        _ => text.push_str(&what),
    }
    let mut json = brief_json(&key);
    if let Some(object) = json.as_object_mut() {
        object.insert("public".to_owned(), json!(what));
    }
    Ok(Report::new(text, json))
}

fn reason_of(reason: RevokeReason) -> RevocationReason {
    match reason {
        RevokeReason::Compromised => RevocationReason::Compromised,
        RevokeReason::Superseded => RevocationReason::Superseded,
        RevokeReason::Retired => RevocationReason::Retired,
    }
}

/// `key rename`.
pub(super) fn rename(context: &Context, name: &str, new: &str) -> Result<Report, CommandError> {
    let (name, new) = (local_name(name)?, local_name(new)?);
    let key = keys::rename(context.vault()?, &name, &new, context.now())?;
    let text = format!("The key {name} is called {new} now.");
    Ok(Report::new(text, brief_json(&key)))
}

/// `key remove`: asks for the name of the key.
pub(super) fn remove(context: &Context, name: &str) -> Result<Report, CommandError> {
    let key = named(context, name)?;
    let name = &key.name;
    let typed = context.ask(&format!(
        "The secret of {name} ({}) will be gone for good, and what is encrypted to it cannot be \
         opened any more. Type its name: ",
        key.reference
    ))?;
    let key = keys::remove(context.vault()?, name, &typed, context.now())?;
    let text = format!("The key {name} is removed.");
    Ok(Report::new(text, json!({ "removed": key.name.as_str() })))
}

/// `key backup`: the secret under a passphrase.
pub(super) fn backup(context: &Context, asked: &KeyBackup) -> Result<Report, CommandError> {
    let targets = asked.output.iter().chain(&asked.paper);
    targets.clone().try_for_each(|path| check_parent(path))?;
    let key = named(context, &asked.name)?;
    let source = key_source(asked.key_passphrase_file.as_ref());
    if source == PassphraseSource::Terminal {
        talk("choose the passphrase of the copy; whoever finds it can guess at it for years");
    }
    let passphrase = source.for_new()?;
    let how = if asked.paper.is_some() {
        "on paper"
    } else {
        "to a file"
    };
    let vault = context.vault()?;
    let now = context.now();
    let text = keys::backup_text(vault, &key.name, &passphrase, how, now)?;
    if let Some(path) = &asked.output {
        write_and_compare(&key, path, text.as_bytes(), asked.force)?;
    }
    if let Some(path) = &asked.paper {
        let pages = Zeroizing::new(paper::pages(&key, &text, now)?);
        write_and_compare(&key, path, &pages, asked.force)?;
    }
    let files: Vec<_> = targets.map(|path| path.display().to_string()).collect();
    let mut report = format!("The secret of {} is in {}.\n", key.name, files.join(", "));
    report.push_str(if asked.paper.is_some() {
        "Print it, try one page with a scanner of QR codes, and remove the file.\n"
    } else {
        "It opens with its passphrase in GnuPG, ssh-keygen or minisign, and with `offline-vault \
         key import`.\n"
    });
    let json = json!({ "key": key.name.as_str(), "files": files });
    Ok(Report::new(report, json))
}

/// A backup that does not read back is worse than none.
fn write_and_compare(
    key: &SigningKey,
    path: &Path,
    bytes: &[u8],
    force: bool,
) -> Result<(), CommandError> {
    write_whole(path, bytes, existing(force))?;
    let written = Zeroizing::new(read_bounded(path, KEY_IMPORT_BYTES_MAX)?);
    if written.as_slice() != bytes {
        let name = key.name.clone();
        return Err(KeyError::NotReadBack { name }.into());
    }
    Ok(())
}

/// 64 bits. Keys with the same last 32 bits as another are made in seconds.
const TYPED_DIGITS_MIN: usize = 16;
