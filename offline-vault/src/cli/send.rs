//! `send`: seal files and a message for contacts.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use bundle_format::limits::SMALL_ENTRY_BYTES_MAX;
use serde_json::json;

use super::card::NO_MAILBOX;
use super::contact::local_name;
use super::progress::{Meter, size_text};
use super::work_args::Send;
use super::{CommandError, Context, Report, read_text, talk};
use crate::files::FileError;
use crate::names::LocalName;
use crate::vault::Vault;
use crate::wording::count_text;
use crate::work::{SendRequest, Special, UNVERIFIED_SENTENCE, WorkError, send as seal_and_store};

/// Carries out `send`.
pub(super) fn send(context: &Context, asked: &Send) -> Result<Report, CommandError> {
    let to = asked
        .to
        .iter()
        .map(|name| local_name(name))
        .collect::<Result<Vec<_>, _>>()?;
    let vault = context.vault()?;
    // Everything that can be wrong with the readers is said before a message is typed.
    let unverified = unverified_among(vault, &to)?;
    let unverified_accepted = match unverified.first() {
        None => false,
        Some(_) if asked.unverified => accepts_unverified(context, &unverified)?,
        Some(nickname) => {
            return Err(WorkError::Unverified {
                nickname: nickname.clone(),
            }
            .into());
        }
    };
    let request = SendRequest {
        message: message(asked)?,
        paths: asked.paths.clone(),
        special: if asked.skip_special {
            Special::Skip
        } else {
            Special::Refuse
        },
        unverified_accepted,
        to,
    };
    let mut meter = Meter::new("Sealing", None, context.options.json);
    let sent = seal_and_store(vault, &request, context.now(), &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    let sent = sent?;
    let names: Vec<_> = sent.to.iter().map(LocalName::as_str).collect();
    let mut text = format!("{}: ready to carry to {}\n", sent.item, names.join(", "));
    let _ = writeln!(
        text,
        "{} in {} became a sealed bundle of {}.",
        size_text(sent.content_bytes),
        count_text(sent.file_count as u64, "file"),
        size_text(sent.size_bytes)
    );
    match sent.without_way.first() {
        None => text.push_str("Next: plug in a stick and run `offline-vault sync --stick PATH`."),
        Some(name) => {
            let item = sent.item;
            let _ = write!(
                text,
                "There is no way to {name} yet. Next: `offline-vault explain {item}` says what is \
                 missing."
            );
        }
    }
    let json = json!({
        "item": sent.item.to_string(),
        "to": names,
        "files": sent.file_count,
        "content_bytes": sent.content_bytes,
        "bundle_bytes": sent.size_bytes,
        "skipped": sent.skipped,
        "state": "ready to carry",
    });
    let mut report = Report::new(text, json);
    if sent.skipped > 0 {
        report = report.with_note(format!(
            "{} links or special files were left out",
            sent.skipped
        ));
    }
    if vault.relays()?.is_empty()
        && vault
            .pairings()?
            .iter()
            .all(|lane| lane.contact_id.is_none())
    {
        report = report.with_note(NO_MAILBOX);
    }
    Ok(report)
}

fn message(asked: &Send) -> Result<Option<String>, CommandError> {
    if let Some(path) = &asked.message_file {
        return read_text(path, SMALL_ENTRY_BYTES_MAX, "the message").map(Some);
    }
    match asked.message.as_deref() {
        Some("") => typed_message().map(Some),
        text => Ok(text.map(str::to_owned)),
    }
}

/// Everything up to the end of standard input; one byte over the limit is enough to refuse it.
fn typed_message() -> Result<String, CommandError> {
    if std::io::stdin().is_terminal() {
        talk("type the message, then press Ctrl-D on an empty line");
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(SMALL_ENTRY_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(FileError::of("read", Path::new("standard input")))?;
    String::from_utf8(bytes).map_err(|_| CommandError::NotText {
        what: "the message",
    })
}

fn unverified_among(vault: &Vault, to: &[LocalName]) -> Result<Vec<LocalName>, CommandError> {
    let mut unverified = Vec::new();
    for nickname in to {
        if vault.contact(nickname)?.verification.is_none() {
            unverified.push(nickname.clone());
        }
    }
    Ok(unverified)
}

/// The person types the sentence, so that it cannot happen by habit.
fn accepts_unverified(context: &Context, to: &[LocalName]) -> Result<bool, CommandError> {
    let names: Vec<_> = to.iter().map(LocalName::as_str).collect();
    let question = format!(
        "Nobody has compared the words of: {}.\n\
         Somebody else may read what you send. To send it anyway, type exactly:\n  \
         {UNVERIFIED_SENTENCE}\n> ",
        names.join(", ")
    );
    Ok(context.ask(&question)?.trim() == UNVERIFIED_SENTENCE)
}
