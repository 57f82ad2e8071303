//! `journal --signatures`: what the signing keys were used for, and its export.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bundle_format::identity::IdentityKey;
use clap::Args;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::key::existing;
use super::{CommandError, Context, Report, check_parent, read_text};
use crate::files::write_whole;
use crate::limits::JOURNAL_EXPORT_BYTES_MAX;
use crate::signing::journal::{self, Digest, Entry};
use crate::store::Tables;

/// Arguments of `journal`.
#[derive(Debug, Args)]
pub struct Journal {
    /// Show what the signing keys were used for instead, oldest first, once all of it is checked.
    #[arg(long)]
    pub signatures: bool,
    /// Write all signatures to a file that others can check without this vault.
    #[arg(long, value_name = "FILE", requires = "signatures")]
    pub export: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long, requires = "export")]
    pub force: bool,
    /// Check an export of any vault and show it; needs no passphrase.
    #[arg(long, value_name = "FILE", conflicts_with = "signatures")]
    pub check: Option<PathBuf>,
}

/// Carries out `journal`.
pub(super) fn journal(context: &Context, asked: &Journal) -> Result<Report, CommandError> {
    match (&asked.check, &asked.export, asked.signatures) {
        (Some(file), _, _) => check(file),
        (None, Some(file), _) => export(context, file, asked.force),
        (None, None, true) => signatures(context),
        (None, None, false) => super::items::journal(context),
    }
}

fn signatures(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let tables = vault.store().read();
    let entries = journal::verify(&tables, vault.identity().key())?;
    let mut text = String::new();
    for entry in &entries {
        text.push_str(&entry_text(entry, Some(&tables))?);
    }
    text.push_str(&match entries.len() {
        0 => "No key was used yet.".to_owned(),
        count => format!("All {count} entries follow one another and are signed by this vault."),
    });
    Ok(Report::new(text, json!({ "signatures": rows(&entries) })))
}

fn export(context: &Context, file: &Path, force: bool) -> Result<Report, CommandError> {
    check_parent(file)?;
    let vault = context.vault()?;
    let text = journal::export(&vault.store().read(), vault.identity(), context.now())?;
    write_whole(file, text.as_bytes(), existing(force))?;
    let shown = file.display();
    let said = format!(
        "The signature journal is in {shown}. Anybody checks it with `offline-vault journal \
         --check {shown}`, and compares your eight words."
    );
    Ok(Report::new(said, json!({ "file": shown.to_string() })))
}

fn check(file: &Path) -> Result<Report, CommandError> {
    let text = read_text(file, JOURNAL_EXPORT_BYTES_MAX, "the export")?;
    let checked = journal::check_export(&text)?;
    let words = checked.vault.fingerprint().words();
    let mut text = String::new();
    for entry in &checked.entries {
        text.push_str(&entry_text(entry, None)?);
    }
    let _ = writeln!(
        text,
        "All {} entries follow one another and are signed by the vault with the words\n  {}\n\
         as of {}. Compare the words with its owner.",
        checked.entries.len(),
        words.join(" "),
        checked.exported_at
    );
    let json = json!({
        "words": words,
        "exported_at": checked.exported_at.0,
        "signatures": rows(&checked.entries),
    });
    Ok(Report::new(text, json))
}

fn rows(entries: &[Entry]) -> Vec<Value> {
    entries.iter().map(entry_json).collect()
}

/// An entry in a few lines; names come from outside.
fn entry_text(entry: &Entry, tables: Option<&Tables<'_>>) -> Result<String, CommandError> {
    let draft = entry.draft();
    let (number, at, kind) = (entry.number(), entry.at(), draft.kind);
    let key = Shown(&draft.key_name);
    let mut text = format!("{number}  {at}  {kind}  {key} ({})\n", draft.key);
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "    {what:<10}{value}");
        }
    };
    line("name", &Shown(&draft.name).to_string());
    if draft.digest != Digest::None {
        line("of", &draft.digest.to_string());
    }
    line("namespace", &Shown(&draft.namespace).to_string());
    if let Some(request) = &draft.request {
        line("request", &data_encoding::HEXLOWER.encode(&request.0));
    }
    for approver in &draft.approvers {
        let identity = IdentityKey(approver.0);
        let contact = match tables {
            Some(tables) => tables.contact_with_identity(identity)?,
            None => None,
        };
        let words = identity.fingerprint().words().join(" ");
        line(
            "approved",
            &contact.map_or(words, |contact| contact.nickname.as_str().to_owned()),
        );
    }
    line("note", &Shown(&draft.note).to_string());
    Ok(text)
}

fn entry_json(entry: &Entry) -> Value {
    let draft = entry.draft();
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let approvers: Vec<_> = draft
        .approvers
        .iter()
        .map(|key| IdentityKey(key.0).fingerprint().words().join(" "))
        .collect();
    json!({
        "number": entry.number(),
        "at": entry.at().0,
        "kind": draft.kind.to_string(),
        "key": draft.key.to_string(),
        "key_name": draft.key_name,
        "request": draft.request.map(|request| hex(&request.0)),
        "digest": draft.digest.to_string(),
        "name": draft.name,
        "namespace": draft.namespace,
        "approved_by": approvers,
        "note": draft.note,
    })
}

pub(super) const JOURNAL_EXAMPLES: &str = "\
Examples:
  offline-vault journal                                       refusals, cards, couriers
  offline-vault journal --signatures
  offline-vault journal --signatures --export signatures.txt
  offline-vault journal --check signatures.txt                on any machine, without a vault

Each entry names the one before it by its hash and is signed by the vault: none can be changed or
left out without that showing. An older export of the same journal is the beginning of a newer one.";
