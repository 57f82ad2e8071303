//! `key`: the signing keys of the vault.

use std::cell::RefCell;
use std::fmt::Write as _;

use pack_format::light::Kind;
use pack_format::shown::Shown;
use serde_json::{Value, json};
use signing_format::key_reference::KeyReference;
use zeroize::Zeroizing;

use super::contact::local_name;
use super::key_args::{Export, Generate, Import, KeyCommand, NewKind};
use super::key_time::span;
use super::{CommandError, Context, Report, check_parent, key_change, key_policy, light, talk};
use crate::files::{Existing, read_bounded, write_whole};
use crate::limits::KEY_IMPORT_BYTES_MAX;
use crate::openpgp::KeyVersion;
use crate::passphrase::PassphraseSource;
use crate::signing::journal;
use crate::signing::keys::{self, paper};
use crate::store::SigningKey;
use crate::vault::Vault;

/// Carries out one of the commands on signing keys.
pub(super) fn key(context: &Context, command: KeyCommand) -> Result<Report, CommandError> {
    match command {
        KeyCommand::Generate(asked) => generate(context, asked),
        KeyCommand::Import(asked) => import(context, &asked),
        KeyCommand::List => list(context),
        KeyCommand::Show(asked) => show(context, &asked.name),
        KeyCommand::Export(asked) => export(context, &asked),
        KeyCommand::Renew(asked) => key_change::renew(context, &asked),
        KeyCommand::AddSubkey(asked) => key_change::add_subkey(context, &asked),
        KeyCommand::Rotate(asked) => key_change::rotate(context, &asked),
        KeyCommand::Certify(asked) => key_change::certify(context, &asked),
        KeyCommand::Revoke(asked) => key_change::revoke(context, &asked),
        KeyCommand::Rename { name, new_name } => key_change::rename(context, &name, &new_name),
        KeyCommand::Remove(asked) => key_change::remove(context, &asked.name),
        KeyCommand::Backup(asked) => key_change::backup(context, &asked),
        KeyCommand::Policy(asked) => key_policy::policy(context, &asked),
    }
}

/// The key with a name that the person typed.
pub(super) fn named(context: &Context, name: &str) -> Result<SigningKey, CommandError> {
    let name = local_name(name)?;
    Ok(keys::named(&context.vault()?.store().read(), &name)?)
}

fn generate(context: &Context, asked: Generate) -> Result<Report, CommandError> {
    let name = local_name(&asked.name)?;
    let is_openpgp = matches!(asked.kind, NewKind::Openpgp | NewKind::OpenpgpV6);
    if !asked.user_ids.is_empty() && !is_openpgp {
        return Err(CommandError::OptionOfOtherKeys {
            option: "--user-id",
        });
    }
    if asked.comment.is_some() && asked.kind != NewKind::Ssh {
        return Err(CommandError::OptionOfOtherKeys {
            option: "--comment",
        });
    }
    let openpgp = |version, user_ids| -> Result<_, CommandError> {
        Ok(keys::Generate::OpenPgp {
            user_ids,
            version,
            for_encryption: !asked.no_encryption,
            valid_secs: span(&asked.valid_for)?,
        })
    };
    let wanted = match asked.kind {
        NewKind::Openpgp => openpgp(KeyVersion::V4, asked.user_ids)?,
        NewKind::OpenpgpV6 => openpgp(KeyVersion::V6, asked.user_ids)?,
        NewKind::Ssh => keys::Generate::Ssh {
            comment: asked.comment.unwrap_or_default(),
        },
        NewKind::Minisign => keys::Generate::Minisign,
    };
    let vault = context.vault()?;
    let key = keys::generate(vault, &name, wanted, context.now())?;
    let mut text = format!("The key {name} is made.\n");
    text.push_str(&described(context, vault, &key)?);
    let _ = writeln!(
        text,
        "Next: give its public half away with `offline-vault key export {name}`, and keep a copy \
         with `offline-vault key backup {name} --paper FILE.pdf`."
    );
    Ok(Report::new(text, key_json(context, vault, &key)?))
}

fn import(context: &Context, asked: &Import) -> Result<Report, CommandError> {
    let name = asked.name.as_deref().map(local_name).transpose()?;
    let file = match (&asked.file, &asked.camera) {
        (Some(file), _) => Zeroizing::new(read_bounded(file, KEY_IMPORT_BYTES_MAX)?),
        (None, camera) => film(context, camera.clone().unwrap_or_default())?,
    };
    let source = key_source(asked.key_passphrase_file.as_ref());
    let mut ask = |whose: &str| {
        if source == PassphraseSource::Terminal {
            talk(&format!("type the passphrase of {}", Shown(whose)));
        }
        source.existing()
    };
    let vault = context.vault()?;
    let imported = keys::import(vault, &file, name.as_ref(), &mut ask, context.now())?;
    let key = &imported.key;
    let mut text = format!("The key {} is in the vault.\n", key.name);
    text.push_str(&described(context, vault, key)?);
    let report = Report::new(text, key_json(context, vault, key)?);
    Ok(if imported.is_revoked {
        report.with_note("the key is revoked: nothing is signed with it")
    } else if asked.file.is_some() {
        report.with_note("the file was left as it is, and it still holds the secret: destroy it")
    } else {
        report
    })
}

/// Where the passphrase of a key comes from.
pub(super) fn key_source(file: Option<&std::path::PathBuf>) -> PassphraseSource {
    let source = PassphraseSource::of_option(file.map(std::path::PathBuf::as_path));
    source.warning().iter().for_each(|note| talk(note));
    source
}

/// Films the pages of a backup on paper, in any order.
fn film(context: &Context, camera: String) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let pieces: RefCell<Vec<String>> = RefCell::default();
    let is_whole = |payload: &[u8]| {
        let Ok(piece) = std::str::from_utf8(payload) else {
            return false;
        };
        let mut pieces = pieces.borrow_mut();
        let is_text = !piece.chars().any(|ch| ch.is_control() && ch != '\n');
        if is_text && !pieces.iter().any(|known| known == piece) {
            pieces.push(piece.to_owned());
        }
        paper::joined(&pieces).is_some_and(|text| paper::is_whole(&text))
    };
    light::film(context, camera, Kind::Card, &is_whole)?;
    let joined = paper::joined(&pieces.borrow()).unwrap_or_default();
    Ok(Zeroizing::new(joined.into_bytes()))
}

fn list(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let all = keys::list(&vault.store().read())?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for key in &all {
        let state = state_text(key);
        let kind = kind_text(key);
        let _ = writeln!(text, "{}  {kind}  {state}", key.name);
        let _ = writeln!(text, "  {}", key.reference);
        if !key.comment.is_empty() {
            let _ = writeln!(text, "  {}", Shown(&key.comment));
        }
        rows.push(brief_json(key));
    }
    if all.is_empty() {
        text.push_str("There are no signing keys yet. Next: `offline-vault key generate NAME`.");
    }
    Ok(Report::new(text, json!({ "keys": rows })))
}

fn show(context: &Context, name: &str) -> Result<Report, CommandError> {
    let key = named(context, name)?;
    let vault = context.vault()?;
    let text = format!("{}\n{}", key.name, described(context, vault, &key)?);
    Ok(Report::new(text, key_json(context, vault, &key)?))
}

fn export(context: &Context, asked: &Export) -> Result<Report, CommandError> {
    asked
        .output
        .iter()
        .try_for_each(|path| check_parent(path))?;
    let key = named(context, &asked.name)?;
    let public = keys::public_text(&key)?;
    let json = json!({
        "name": key.name.as_str(),
        "public": public,
        "file": asked.output.as_ref().map(|path| path.display().to_string()),
    });
    let Some(path) = &asked.output else {
        return Ok(Report::new(public, json));
    };
    write_whole(path, public.as_bytes(), existing(asked.force))?;
    let text = format!("The public half of {} is in {}.", key.name, path.display());
    Ok(Report::new(text, json))
}

pub(super) fn existing(force: bool) -> Existing {
    if force {
        Existing::Replace
    } else {
        Existing::Keep
    }
}

/// Everything about a key but its secret.
pub(super) fn described(
    context: &Context,
    vault: &Vault,
    key: &SigningKey,
) -> Result<String, CommandError> {
    let tables = vault.store().read();
    let made = journal::made_within_a_day(&tables, &key.reference, context.now())?;
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<12}{value}");
    };
    line("kind", kind_text(key));
    line("key", &key.reference.to_string());
    if !key.comment.is_empty() && !key.reference.is_openpgp() {
        line("comment", &Shown(&key.comment).to_string());
    }
    for (what, value) in keys::overview(key, context.now())? {
        line(what, &Shown(&value).to_string());
    }
    line("in here", &format!("since {}", key.added_at));
    line("state", &state_text(key));
    let revocation = match (&key.revocation, &key.reference) {
        (Some(_), _) => "kept in the vault",
        (None, KeyReference::Minisign { .. }) => "this kind has none; tell those who use it",
        (None, KeyReference::Ssh(_)) => "by a key revocation list of OpenSSH",
        (None, _) => "NONE",
    };
    line("revocation", revocation);
    for (what, value) in key_policy::lines(&tables, key)? {
        line(what, &value);
    }
    line("made today", &made.to_string());
    Ok(text)
}

fn kind_text(key: &SigningKey) -> &'static str {
    match key.reference {
        KeyReference::OpenPgpV4(_) => "OpenPGP, version 4",
        KeyReference::OpenPgpV6(_) => "OpenPGP, version 6",
        KeyReference::Ssh(_) => "SSH",
        KeyReference::Minisign { .. } => "minisign",
    }
}

fn state_text(key: &SigningKey) -> String {
    match key.retired_at {
        Some(at) => format!("REVOKED OR RETIRED, {at}"),
        None => "in use".to_owned(),
    }
}

/// A key in a list.
pub(super) fn brief_json(key: &SigningKey) -> Value {
    json!({
        "name": key.name.as_str(),
        "kind": kind_text(key),
        "key": key.reference.to_string(),
        "comment": key.comment,
        "added_at": key.added_at.0,
        "retired_at": key.retired_at.map(|at| at.0),
    })
}

/// Everything about a key but its secret, for programs.
pub(super) fn key_json(
    context: &Context,
    vault: &Vault,
    key: &SigningKey,
) -> Result<Value, CommandError> {
    let tables = vault.store().read();
    let mut json = brief_json(key);
    let made = journal::made_within_a_day(&tables, &key.reference, context.now())?;
    let details = keys::overview(key, context.now())?;
    let details: Vec<_> = details
        .into_iter()
        .map(|(what, value)| json!({ "what": what, "value": value }))
        .collect();
    if let Some(object) = json.as_object_mut() {
        object.insert("details".to_owned(), json!(details));
        object.insert("has_revocation".to_owned(), json!(key.revocation.is_some()));
        object.insert("policy".to_owned(), key_policy::policy_json(&tables, key)?);
        object.insert("made_within_a_day".to_owned(), json!(made));
    }
    Ok(json)
}
