//! `backup` and `restore`: one sealed file with what cannot be got again, and a new vault from it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::args::Kdf;
use super::own::chosen_cost;
use super::progress::{Meter, size_text};
use super::{CommandError, Context, Report, check_parent, talk};
use crate::files::Existing;
use crate::names::LocalName;
use crate::passphrase::PassphraseSource;
use crate::store::RecipientState;
use crate::vault::{Vault, VaultError};
use crate::vault_key::KdfCost;
use crate::work::ItemId;
use crate::work::backup::{
    BackupContents, BackupRequest, DamagedBundles, RestoreRequest, Restored,
    backup as write_backup, backup_work_bytes, past_outbox, read_backup,
};

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The backup, best on another disk that is kept elsewhere.
    pub file: PathBuf,
    /// Read the passphrase of the backup from the first line of a file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
    /// Replace a file that exists, once the new backup is verified.
    #[arg(long)]
    pub force: bool,
    /// Leave out bundles that the disk has damaged, instead of stopping.
    #[arg(long)]
    pub skip_damaged: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// Read the passphrase of the backup from the first line of a file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
    /// How the new vault's passphrase is slowed down.
    #[command(flatten)]
    pub kdf: Kdf,
}

/// Carries out `backup`.
pub(super) fn backup(context: &Context, asked: &Backup) -> Result<Report, CommandError> {
    check_parent(&asked.file)?;
    let vault = context.vault()?;
    let source = backup_source(asked.backup_passphrase_file.as_ref());
    if source == PassphraseSource::Terminal {
        talk(
            "choose the passphrase of the backup; it may be the vault's own, and whoever finds \
             the backup can guess at it for years",
        );
    }
    let passphrase = source.for_new()?;
    let request = BackupRequest {
        path: &asked.file,
        passphrase: &passphrase,
        cost: KdfCost::OF_BACKUP,
        existing: if asked.force {
            Existing::Replace
        } else {
            Existing::Keep
        },
        damaged: if asked.skip_damaged {
            DamagedBundles::Skip
        } else {
            DamagedBundles::Refuse
        },
    };
    let total = backup_work_bytes(vault)?;
    let mut meter = Meter::new(
        "Writing and reading back",
        Some(total),
        context.options.json,
    );
    let made = write_backup(vault, &request, context.now(), &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    let made = made?;
    let (file, size) = (asked.file.display(), size_text(made.size_bytes));
    let mut text = format!("Backup verified: {file}, {size}, read back and checked.\n");
    let _ = writeln!(text, "It holds {}.", held(&made.contents));
    text.push_str(
        "It does not hold pairings, keys of what is under way, what is in the outbox, and \
         spaces.\n\
         Keep it away from this machine; whoever has it and its passphrase can be you.",
    );
    let spaces = space_names(vault)?;
    if !spaces.is_empty() {
        let _ = write!(
            text,
            "\nIt does not hold your spaces either ({}): after a restore you have to be invited \
             into each again, and read there what members still have.",
            spaces.join(", ")
        );
    }
    let mut json = contents_json(&made.contents);
    if let Some(object) = json.as_object_mut() {
        object.insert("spaces_not_held".to_owned(), json!(spaces));
        let skipped: Vec<_> = made.skipped.iter().map(ItemId::to_string).collect();
        object.insert("backup".to_owned(), json!(file.to_string()));
        object.insert("backup_bytes".to_owned(), json!(made.size_bytes));
        object.insert("skipped".to_owned(), json!(skipped));
    }
    let report = Report::new(text, json);
    Ok(match skipped_note(&made.skipped) {
        Some(note) => report.with_note(note),
        None => report,
    })
}

/// What this vault calls its spaces.
fn space_names(vault: &Vault) -> Result<Vec<String>, CommandError> {
    let spaces = vault.store().read().spaces()?;
    Ok(spaces.iter().map(|it| it.space.name.to_string()).collect())
}

fn skipped_note(skipped: &[ItemId]) -> Option<String> {
    let names: Vec<_> = skipped.iter().map(ItemId::to_string).collect();
    (!skipped.is_empty()).then(|| {
        format!(
            "WARNING: the disk has damaged {}: not in the backup; ask the senders to send them \
             again",
            names.join(", ")
        )
    })
}

/// Carries out `restore`.
pub(super) fn restore(context: &Context, asked: &Restore) -> Result<Report, CommandError> {
    let dir = context.vault_dir()?;
    if Vault::look(&dir).is_ok() {
        return Err(VaultError::Exists { dir }.into());
    }
    let key_file = context.key_file()?;
    let source = backup_source(asked.backup_passphrase_file.as_ref());
    if source == PassphraseSource::Terminal {
        talk("type the passphrase of the backup");
    }
    let passphrase = source.existing()?;
    let mut meter = Meter::new("Checking the backup", None, context.options.json);
    let checked = read_backup(&asked.file, &passphrase, KdfCost::OF_BACKUP, &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    let checked = checked?;
    let contents = checked.contents();
    talk(&format!(
        "this is a backup of {}, made {}: {}",
        Shown(&contents.name),
        contents.made_at,
        held(contents)
    ));
    let source = context.passphrase_source();
    source.warning().iter().for_each(|note| talk(note));
    if source == PassphraseSource::Terminal {
        talk("choose the passphrase of the new vault");
    }
    let new_passphrase = source.for_new()?;
    let request = RestoreRequest {
        dir: &dir,
        key_file: key_file.as_ref(),
        cost: chosen_cost(asked.kdf, None)?,
        now: context.now(),
    };
    let total = Some(contents.bundle_bytes);
    let mut meter = Meter::new("Restoring", total, context.options.json);
    let made = checked.restore(&request, &new_passphrase, &mut |done| meter.reached(done));
    drop(meter);
    let (vault, restored) = made?;
    restored_report(&vault, contents, &restored)
}

fn restored_report(
    vault: &Vault,
    contents: &BackupContents,
    restored: &Restored,
) -> Result<Report, CommandError> {
    let dir = vault.paths().dir().display().to_string();
    let mut text = format!("The vault of {} is made: {dir}\n", Shown(&contents.name));
    let _ = writeln!(text, "It holds {}.", held(contents));
    let told = names(&restored.told);
    if !restored.told.is_empty() {
        let _ = writeln!(
            text,
            "Your new card waits in the outbox for: {}.",
            told.join(", ")
        );
    }
    let (past_text, past_json) = past(vault)?;
    if !past_json.is_empty() {
        let _ = writeln!(text, "\nWhat you had sent:\n{past_text}");
    }
    text.push_str(
        "Next: pair this vault with your courier (offline-vault pair show --name courier), then \
         run `offline-vault sync --stick PATH`.\n\
         If the old vault still exists, do not use it any more: destroy it.",
    );
    let mut json = contents_json(contents);
    if let Some(object) = json.as_object_mut() {
        object.insert("vault".to_owned(), json!(dir));
        object.insert("incarnation".to_owned(), json!(restored.incarnation));
        object.insert("told".to_owned(), json!(told));
        object.insert("not_told".to_owned(), json!(names(&restored.not_told)));
        object.insert("past".to_owned(), json!(past_json));
    }
    let mut report = Report::new(text, json).with_note(format!(
        "what reached the old vault after {} is not here: ask your contacts to send it again",
        contents.made_at
    ));
    if contents.damaged_count > 0 {
        report = report.with_note(format!(
            "{} damaged already when the backup was made: `offline-vault inbox` shows which",
            counted(contents.damaged_count, "bundle")
        ));
    }
    if !restored.not_told.is_empty() {
        report = report.with_note(format!(
            "give your new card to {} yourself: their words were never compared",
            names(&restored.not_told).join(", ")
        ));
    }
    Ok(report)
}

/// What earlier incarnations had sent, for the person and for programs.
pub(super) fn past(vault: &Vault) -> Result<(String, Vec<Value>), CommandError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for (item, known) in past_outbox(vault)? {
        let size = size_text(item.size_bytes);
        let summary = Shown(&item.summary);
        let _ = writeln!(
            text,
            "before  {summary}  {size}  sealed {}",
            item.created_at
        );
        for sentence in &known {
            let _ = writeln!(text, "  {sentence}");
        }
        let readers = item.readers.iter().map(|reader| {
            json!({
                "reader": reader.nickname.as_str(),
                "number": reader.sequence,
                "confirmed": reader.state == RecipientState::Confirmed,
                "as_of": reader.state_at.0,
            })
        });
        rows.push(json!({
            "summary": item.summary,
            "bundle_bytes": item.size_bytes,
            "sealed_at": item.created_at.0,
            "readers": readers.collect::<Vec<_>>(),
            "known": known,
        }));
    }
    Ok((text, rows))
}

fn backup_source(file: Option<&PathBuf>) -> PassphraseSource {
    let source = PassphraseSource::of_option(file.map(PathBuf::as_path));
    source.warning().iter().for_each(|note| talk(note));
    source
}

fn names(names: &[LocalName]) -> Vec<&str> {
    names.iter().map(LocalName::as_str).collect()
}

fn held(contents: &BackupContents) -> String {
    format!(
        "{}, {}, and {} that came ({})",
        counted(contents.contact_count, "contact"),
        counted(contents.key_count, "signing key"),
        counted(contents.bundle_count, "bundle"),
        size_text(contents.bundle_bytes)
    )
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn contents_json(contents: &BackupContents) -> Value {
    json!({
        "name": contents.name,
        "incarnation_before": contents.incarnation,
        "made_at": contents.made_at.0,
        "contact_count": contents.contact_count,
        "bundle_count": contents.bundle_count,
        "bundle_bytes": contents.bundle_bytes,
        "damaged_count": contents.damaged_count,
        "key_count": contents.key_count,
        "signature_count": contents.signature_count,
    })
}

pub(super) const BACKUP_EXAMPLES: &str = "\
Examples:
  offline-vault backup /media/disk/notes.bin
  offline-vault backup /media/disk/notes.bin --force          replaces the one before
  offline-vault backup FILE --backup-passphrase-file PASS

In it: your identity, contacts and how they were verified, your mailboxes, everything that came
with its files, a list of what you sent and how far it had got, and your signing keys with their
policies and the signature journal. Not in it: requests that wait, pairings, the keys
that open what is under way, and the files that you sent. The file cannot be told from noise and
says nothing of its kind: choose a name that says nothing either.

The passphrase of a backup is its only lock, and whoever finds it can guess for years: take six
random words. It may be the vault's own. A key file does not protect a backup.

The file is read back and checked before it gets its name. It is written to FILE.part first.";

pub(super) const RESTORE_EXAMPLES: &str = "\
Examples:
  offline-vault restore /media/disk/notes.bin                 into the usual directory
  offline-vault restore /media/disk/notes.bin --vault ~/vault
  offline-vault restore FILE --vault DIR --key-file /media/key/vault.keyfile

The whole backup is checked before anything is made. You are the same person with the same words,
and the vault is a new incarnation: it has a new encryption key, and contacts whose words you have
compared are told with the next crossing. Pair with your couriers again. What was on its way to
the old vault cannot be opened by the new one and has to be sent again.

Do not use the old vault any more, should it still exist: people would write to one of the two at
random. A backup can be restored again later, best from the newest one.";
