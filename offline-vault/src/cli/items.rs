//! `inbox`, `show`, `save`, `outbox`, `explain`, `receipts`, `inspect`: where everything is.

use std::fmt::Write as _;

use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::backup::past;
use super::contact::local_name;
use super::progress::{Meter, size_text};
use super::space::space_json;
use super::space_text::waiting_lines;
use super::work_args::{Inspect, Item, OutboxCommand, Save};
use super::{CommandError, Context, Report};
use crate::store::{IncomingId, OutgoingId, RecipientState};
use crate::team;
use crate::wording::count_text;
use crate::work::{self, Explanation, InboxItem, ItemId, Letter, Origin, OutboxItem, ReaderStatus};

/// `inbox`.
pub(super) fn inbox(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let items = work::inbox(vault)?;
    let gaps = work::gaps(vault)?;
    let mut text = String::new();
    for item in &items {
        let _ = writeln!(text, "{}", inbox_line(item));
    }
    for gap in &gaps {
        let _ = writeln!(text, "{}", gap_text(gap));
    }
    let spaces = team::shown::spaces(vault)?;
    let waiting = waiting_lines(&spaces);
    for line in &waiting {
        let _ = writeln!(text, "{line}");
    }
    if items.is_empty() && waiting.is_empty() {
        text.push_str("Nothing has come yet.\n");
    }
    let spaces = spaces.iter().filter(|line| line.has_something());
    let spaces: Vec<_> = spaces.map(space_json).collect();
    let gaps: Vec<_> = gaps
        .iter()
        .map(|gap| json!({ "from": gap.from.as_str(), "first": gap.first, "last": gap.last }))
        .collect();
    let items: Vec<_> = items.iter().map(inbox_json).collect();
    Ok(Report::new(
        text,
        json!({ "items": items, "missing": gaps, "spaces": spaces }),
    ))
}

fn gap_text(gap: &work::Gap) -> String {
    let from = &gap.from;
    let which = if gap.first == gap.last {
        format!("bundle {} of {from} is", gap.first)
    } else {
        format!("bundles {}–{} of {from} are", gap.first, gap.last)
    };
    format!(
        "MISSING: {which} not here although later ones are; the next receipt asks for it again."
    )
}

/// `in-7  amina  a message and 3 files in report  1.2 MiB  new`.
pub(super) fn inbox_line(item: &InboxItem) -> String {
    let state = match (item.is_damaged, item.is_saved, item.is_read) {
        (true, ..) => "DAMAGED",
        (_, true, _) => "saved",
        (_, _, true) => "read",
        _ => "new",
    };
    format!(
        "{}  {}  {}  {}  taken in {}  {state}",
        item.item,
        origin_text(&item.from),
        Shown(&item.summary),
        size_text(item.size_bytes),
        item.taken_at,
    )
}

/// Who it is from; what is not known is said in capitals, not by colour.
pub(super) fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Contact {
            nickname,
            verified: true,
        } => nickname.to_string(),
        Origin::Contact {
            nickname,
            verified: false,
        } => format!("{nickname} (NOT VERIFIED)"),
        Origin::Unknown { words } => format!("UNKNOWN SENDER ({words})"),
    }
}

fn inbox_json(item: &InboxItem) -> Value {
    let (from, verified, words) = match &item.from {
        Origin::Contact { nickname, verified } => (Some(nickname.as_str()), *verified, None),
        Origin::Unknown { words } => (None, false, Some(words)),
    };
    json!({
        "item": item.item.to_string(),
        "from": from,
        "verified": verified,
        "unknown_sender_words": words,
        "number": item.sequence,
        "sealed_at_claimed": item.created_at.0,
        "taken_in_at": item.taken_at.0,
        "summary": item.summary,
        "bundle_bytes": item.size_bytes,
        "read": item.is_read,
        "saved": item.is_saved,
        "damaged": item.is_damaged,
    })
}

/// `show`: the text and the list of files.
pub(super) fn show(context: &Context, item: &str) -> Result<Report, CommandError> {
    let id = incoming(item)?;
    let message = work::read_message(context.vault()?, id, context.now())?;
    let item = &message.item;
    let mut text = format!("From      {}\n", origin_text(&item.from));
    let _ = writeln!(text, "Number    {}", item.sequence);
    let _ = writeln!(
        text,
        "Sealed    {} by the sender's clock (a claim)",
        item.created_at
    );
    let _ = writeln!(text, "Taken in  {}", item.taken_at);
    for (path, size, executable) in &message.files {
        let mark = if *executable { "  can be run" } else { "" };
        let _ = writeln!(
            text,
            "File      {}  {}{mark}",
            Shown(path),
            size_text(*size)
        );
    }
    if let Some(body) = &message.text {
        text.push('\n');
        for line in body.lines() {
            let _ = writeln!(text, "{}", ShownLine(line));
        }
    }
    if !message.files.is_empty() {
        let _ = writeln!(text, "\nNext: `offline-vault save {} --to DIR`.", item.item);
    }
    let files: Vec<_> = message
        .files
        .iter()
        .map(|(path, size, executable)| {
            json!({ "path": path, "bytes": size, "executable": executable })
        })
        .collect();
    let json = json!({ "item": inbox_json(item), "message": message.text, "files": files });
    Ok(Report::new(text, json))
}

/// A line of a message, whole, with what could forge the screen made visible.
pub(super) struct ShownLine<'a>(pub(super) &'a str);

impl std::fmt::Display for ShownLine<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for ch in self.0.chars() {
            if ch != '\t' && pack_format::shown::is_hidden(ch) {
                write!(formatter, "\\u{{{:x}}}", u32::from(ch))?;
            } else {
                write!(formatter, "{ch}")?;
            }
        }
        Ok(())
    }
}

/// `save`.
pub(super) fn save(context: &Context, asked: &Save) -> Result<Report, CommandError> {
    let item = parse_item(&asked.item)?;
    let vault = context.vault()?;
    let mut meter = Meter::new("Verifying and saving", None, context.options.json);
    let saved = work::save(vault, item, &asked.to, context.now(), &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    let saved = saved?;
    let mut text = format!("Verified and saved {}:\n", asked.item);
    for path in &saved {
        let _ = writeln!(text, "  {}", Shown(&path.to_string_lossy()));
    }
    let paths: Vec<_> = saved
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    Ok(Report::new(
        text,
        json!({ "item": asked.item, "saved": paths }),
    ))
}

/// `contact accept`.
pub(super) fn accept(
    context: &Context,
    item: &str,
    nickname: Option<&str>,
) -> Result<Report, CommandError> {
    let id = incoming(item)?;
    let nickname = nickname.map(local_name).transpose()?;
    let accepted = work::accept_sender(context.vault()?, id, nickname.as_ref(), context.now())?;
    let name = accepted.card.contact().nickname.clone();
    let text = format!(
        "{name} is a contact now, NOT VERIFIED.\n\
         Next: compare the words with `offline-vault contact verify {name}`."
    );
    let items: Vec<_> = accepted.items.iter().map(ToString::to_string).collect();
    Ok(Report::new(
        text,
        json!({ "nickname": name.as_str(), "items": items }),
    ))
}

/// `outbox`.
pub(super) fn outbox(context: &Context, command: &OutboxCommand) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    match command {
        OutboxCommand::List => {
            let items = work::outbox(vault)?;
            let (past_text, past) = past(vault)?;
            let mut text: String = past_text;
            text.extend(items.iter().map(outbox_text));
            if text.is_empty() {
                text.push_str("Nothing was sent yet.");
            }
            let items: Vec<_> = items.iter().map(outbox_json).collect();
            Ok(Report::new(text, json!({ "items": items, "past": past })))
        }
        OutboxCommand::Again(asked) => {
            let item = work::send_again(vault, outgoing(&asked.item)?)?;
            let text = format!("{} goes out once more with the next crossing.", asked.item);
            Ok(Report::new(text, outbox_json(&item)))
        }
        OutboxCommand::Withdraw(asked) => {
            let item = work::withdraw(vault, outgoing(&asked.item)?, context.now())?;
            let text = format!(
                "{} is forgotten here. What has left cannot be called back; a reader who does not \
                 get it sees that a number is missing.",
                asked.item
            );
            Ok(Report::new(text, outbox_json(&item)))
        }
    }
}

fn outbox_text(item: &OutboxItem) -> String {
    let mut text = format!(
        "{}  {}  {}  sealed {}\n",
        item.item,
        Shown(&item.summary),
        size_text(item.size_bytes),
        item.created_at
    );
    for reader in &item.readers {
        let again = if reader.is_sent_again {
            ", goes out again"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {}  {}, as of {}{again}",
            reader.nickname,
            state_text(reader),
            reader.state_at
        );
    }
    text
}

/// The one vocabulary of states, the same in every program.
fn state_text(reader: &ReaderStatus) -> String {
    if reader.is_stranded {
        return format!("Cannot be opened by {} any more", reader.nickname);
    }
    match reader.state {
        RecipientState::Ready => "Ready to carry".to_owned(),
        RecipientState::OnStick => "On stick (checked)".to_owned(),
        RecipientState::WithCourier => "With the courier".to_owned(),
        RecipientState::WithRelay => "With the relay".to_owned(),
        RecipientState::TakenIn => format!("Taken in by {}", reader.nickname),
        RecipientState::Confirmed => "Confirmed (signed receipt)".to_owned(),
    }
}

fn outbox_json(item: &OutboxItem) -> Value {
    let readers: Vec<_> = item
        .readers
        .iter()
        .map(|reader| {
            json!({
                "reader": reader.nickname.as_str(),
                "number": reader.sequence,
                "state": state_text(reader),
                "as_of": reader.state_at.0,
                "sent_again": reader.is_sent_again,
            })
        })
        .collect();
    json!({
        "item": item.item.to_string(),
        "summary": item.summary,
        "bundle_bytes": item.size_bytes,
        "sealed_at": item.created_at.0,
        "freed": item.is_freed,
        "readers": readers,
    })
}

/// `receipts`: who has confirmed what.
pub(super) fn receipts(context: &Context) -> Result<Report, CommandError> {
    let items = work::outbox(context.vault()?)?;
    let (mut text, mut rows) = (String::new(), Vec::new());
    for item in &items {
        for reader in &item.readers {
            let is_confirmed = reader.state == RecipientState::Confirmed;
            let said = if is_confirmed {
                format!("confirmed (signed receipt) {}", reader.state_at)
            } else {
                format!(
                    "not confirmed; {}, as of {}",
                    state_text(reader),
                    reader.state_at
                )
            };
            let _ = writeln!(text, "{}  {}  {said}", item.item, reader.nickname);
            rows.push(json!({
                "item": item.item.to_string(),
                "reader": reader.nickname.as_str(),
                "confirmed": is_confirmed,
                "as_of": reader.state_at.0,
            }));
        }
    }
    if rows.is_empty() {
        text.push_str("Nothing was sent yet.");
    }
    Ok(Report::new(text, json!({ "receipts": rows })))
}

/// `explain`.
pub(super) fn explain(context: &Context, asked: &Item) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let id = parse_item(&asked.item).or_else(|err| {
        let spaces = vault.store().read().spaces()?;
        let mut named = spaces.into_iter().map(|stored| stored.space.name);
        match named.find(|name| name.as_str() == asked.item.to_lowercase()) {
            Some(name) => Err(CommandError::SpaceNotItem { name }),
            None => Err(err),
        }
    })?;
    let Explanation {
        letter,
        known,
        next,
    } = work::explain(vault, id)?;
    let (mut text, json) = match &letter {
        Letter::In(item) => (inbox_line(item) + "\n", inbox_json(item)),
        Letter::Out(item) => (outbox_text(item), outbox_json(item)),
    };
    for sentence in &known {
        let _ = writeln!(text, "{}", Shown(sentence));
    }
    for sentence in &next {
        let _ = writeln!(text, "Next: {sentence}");
    }
    Ok(Report::new(
        text,
        json!({ "item": json, "known": known, "next": next }),
    ))
}

/// `journal`: the newest notes.
pub(super) fn journal(context: &Context) -> Result<Report, CommandError> {
    let entries = context.vault()?.store().read().journal(JOURNAL_SHOWN)?;
    let mut text = String::new();
    for entry in &entries {
        let _ = writeln!(text, "{}  {}", entry.at, Shown(&entry.text));
    }
    if entries.is_empty() {
        text.push_str("Nothing was noted yet.");
    }
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| json!({ "at": entry.at.0, "text": entry.text }))
        .collect();
    Ok(Report::new(text, json!({ "entries": entries })))
}

/// `inspect`: needs no vault.
pub(super) fn inspect(asked: &Inspect) -> Result<Report, CommandError> {
    let seen = work::inspect(&asked.path)?;
    let mut text = String::from("What a finder sees:\n");
    for file in &seen.files {
        let verdict = match file.looks_random {
            Some(true) => "random bytes: sealed, or noise",
            Some(false) => "READABLE: anybody learns what is in it",
            None => "too small or too odd to tell",
        };
        let path = file.path.to_string_lossy();
        let _ = writeln!(
            text,
            "  {}  {}  {verdict}",
            Shown(&path),
            size_text(file.size_bytes)
        );
    }
    if seen.is_cut {
        text.push_str("  … and more files\n");
    }
    let count = count_text(seen.files.len() as u64, "file");
    let telling = seen.telling().count();
    let total: u64 = seen.files.iter().map(|file| file.size_bytes).sum();
    let _ = writeln!(
        text,
        "{count}, {} in all; {telling} of them say something. No names of people, no \
         number of messages and no dates of work can be read from sealed files; how many there \
         are, how large, and when the stick says it was written, can.",
        size_text(total)
    );
    let files: Vec<_> = seen
        .files
        .iter()
        .map(|file| {
            json!({
                "path": file.path.to_string_lossy(),
                "bytes": file.size_bytes,
                "looks_random": file.looks_random,
            })
        })
        .collect();
    Ok(Report::new(
        text,
        json!({ "files": files, "telling": telling }),
    ))
}

fn parse_item(text: &str) -> Result<ItemId, CommandError> {
    text.parse().map_err(|_| CommandError::NotAnItem {
        text: Shown(text).to_string(),
    })
}

fn incoming(text: &str) -> Result<IncomingId, CommandError> {
    match parse_item(text)? {
        ItemId::In(id) => Ok(id),
        item @ ItemId::Out(_) => Err(work::WorkError::ItemUnknown { item }.into()),
    }
}

fn outgoing(text: &str) -> Result<OutgoingId, CommandError> {
    match parse_item(text)? {
        ItemId::Out(id) => Ok(id),
        item @ ItemId::In(_) => Err(work::WorkError::ItemUnknown { item }.into()),
    }
}

/// Notes that are shown at once.
const JOURNAL_SHOWN: u32 = 200;
