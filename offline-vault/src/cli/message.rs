//! `message`: what people say in a space.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use pack_format::shown::Shown;
use serde_json::{Value, json};
use team_content::index::ItemKind;
use team_content::limits::MESSAGE_TEXT_BYTES_MAX;

use super::delivery::{deletion_json, delivery_json, delivery_lines, saved};
use super::items::ShownLine;
use super::message_args::{ListMessages, MessageCommand, MessageText, SendMessage};
use super::progress::{Meter, size_text};
use super::space_text::carried_text;
use super::{CommandError, Context, Report, read_text, talk};
use crate::files::FileError;
use crate::team::items::{self, ItemReference};
use crate::team::messages::{self, MessageLine, MessageRequest, ShownMessage};
use crate::team::shown;
use crate::wording::count_text;

/// Carries out a command about messages.
pub(super) fn message(context: &Context, command: &MessageCommand) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    match command {
        MessageCommand::Send(asked) => send(context, asked),
        MessageCommand::List(asked) => list(context, asked),
        MessageCommand::Show(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            Ok(shown(&messages::show(vault, &which)?))
        }
        MessageCommand::Edit(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            let text = match text(&asked.text)? {
                Some(text) => text,
                None => typed_text()?,
            };
            messages::edit(vault, &which, &text, context.now())?;
            let said = format!("{} has another text now.", asked.item);
            Ok(Report::new(said, json!({ "item": asked.item })))
        }
        MessageCommand::Delete(asked) => delete(context, &asked.item, ItemKind::Message),
        MessageCommand::Save(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            let paths = messages::save(vault, &which, &asked.to)?;
            Ok(saved(&asked.item, &paths))
        }
    }
}

fn send(context: &Context, asked: &SendMessage) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let parse = |text: &String| ItemReference::parse_in(&asked.space, text);
    let thread = asked.thread.as_ref().map(parse).transpose()?;
    let reply_to = asked.reply_to.as_ref().map(parse).transpose()?;
    let text = match text(&asked.text)? {
        Some(text) => text,
        None if asked.attach.is_empty() => typed_text()?,
        None => String::new(),
    };
    let request = MessageRequest {
        space: &asked.space,
        text: &text,
        thread: thread.as_ref(),
        reply_to: reply_to.as_ref(),
        attachments: &asked.attach,
        compartment: asked.compartment.as_deref(),
    };
    let mut meter = Meter::new("Sealing", None, context.options.json);
    let written = messages::send(vault, &request, context.now(), &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    let written = written?;
    let text = format!(
        "{}: written; {}.\nNext: plug in a stick and run `offline-vault sync --stick PATH`.",
        written.item,
        written.delivery.summary()
    );
    let json = json!({
        "item": written.item,
        "attachments": written.attachment_count,
        "delivery": delivery_json(&written.delivery),
    });
    Ok(Report::new(text, json))
}

fn text(asked: &MessageText) -> Result<Option<String>, CommandError> {
    if let Some(path) = &asked.message_file {
        return read_text(path, MESSAGE_TEXT_BYTES_MAX as u64, "the message").map(Some);
    }
    match asked.message.as_deref() {
        Some("") => typed_text().map(Some),
        text => Ok(text.map(str::to_owned)),
    }
}

/// Everything up to the end of standard input; one byte over the limit is enough to refuse it.
fn typed_text() -> Result<String, CommandError> {
    if std::io::stdin().is_terminal() {
        talk("type the message, then press Ctrl-D on an empty line");
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MESSAGE_TEXT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(FileError::of("read", Path::new("standard input")))?;
    String::from_utf8(bytes).map_err(|_| CommandError::NotText {
        what: "the message",
    })
}

fn list(context: &Context, asked: &ListMessages) -> Result<Report, CommandError> {
    let thread = asked.thread.as_ref();
    let thread = thread.map(|text| ItemReference::parse_in(&asked.space, text));
    let thread = thread.transpose()?;
    let vault = context.vault()?;
    let list = messages::list(vault, &asked.space, thread.as_ref(), asked.limit)?;
    let mut text = String::new();
    for line in &list.messages {
        let _ = writeln!(text, "{}", message_text(line));
    }
    if list.messages.is_empty() {
        let carried = carried_text(shown::carried(vault, &asked.space)?);
        text.push_str(
            carried
                .as_deref()
                .unwrap_or("Nobody has written anything yet."),
        );
    }
    let rows: Vec<_> = list.messages.iter().map(message_json).collect();
    let json = json!({ "messages": rows, "more": list.is_cut });
    let mut report = Report::new(text, json);
    if list.is_cut {
        report = report.with_note("older messages are not listed: --limit shows more of them");
    }
    Ok(report)
}

/// `desk/3fa91c07  2026-11-03 14:05 UTC  Bilal  * We meet on Tuesday.  edited, 2 files`.
fn message_text(line: &MessageLine) -> String {
    let indent = "  ".repeat(line.depth.min(DEPTH_SHOWN));
    let mark = if line.unread { "* " } else { "" };
    let said = match (&line.deletion, &line.author) {
        (Some(deletion), _) => format!("(deleted; {deletion})"),
        (None, None) => "(without effect: late, or its beginning has not come)".to_owned(),
        (None, Some(author)) => format!("{author}: {}", Shown(&line.summary)),
    };
    let mut text = format!("{}  {}  {indent}{mark}{said}", line.item, line.sent_at);
    let facts = facts(line);
    if !facts.is_empty() {
        let _ = write!(text, "  [{}]", facts.join(", "));
    }
    text
}

fn facts(line: &MessageLine) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(compartment) = &line.compartment {
        facts.push(format!("only {compartment}"));
    }
    if line.attachment_count > 0 {
        facts.push(count_text(line.attachment_count as u64, "file"));
    }
    if line.text_count > 1 {
        facts.push(format!("{} versions at the same time", line.text_count));
    } else if line.edited {
        facts.push("edited".to_owned());
    }
    if line.late {
        facts.push("late work waits".to_owned());
    }
    facts
}

fn message_json(line: &MessageLine) -> Value {
    json!({
        "item": line.item,
        "id": line.id,
        "depth": line.depth,
        "author": line.author,
        "sent_at_claimed": line.sent_at.0,
        "summary": line.summary,
        "attachments": line.attachment_count,
        "compartment": line.compartment,
        "unread": line.unread,
        "edited": line.edited,
        "versions": line.text_count,
        "deletion": deletion_json(line.deletion),
        "late": line.late,
    })
}

fn shown(message: &ShownMessage) -> Report {
    let line = &message.line;
    let mut text = String::new();
    let author = line.author.as_deref().unwrap_or("somebody");
    let _ = writeln!(text, "From      {author}");
    let _ = writeln!(
        text,
        "Written   {} by the author's clock (a claim)",
        line.sent_at
    );
    let about = [("Thread", &message.thread), ("Answers", &message.reply_to)];
    for (name, item) in about {
        if let Some(item) = item {
            let _ = writeln!(text, "{name:<10}{item}");
        }
    }
    for fact in facts(line) {
        let _ = writeln!(text, "State     {fact}");
    }
    for file in &message.attachments {
        let missing = match file.pieces.missing {
            0 => String::new(),
            missing => format!("  {missing} of {} pieces have not come", file.pieces.total),
        };
        let (name, size) = (Shown(&file.name), size_text(file.size_bytes));
        let _ = writeln!(text, "File      {name}  {size}{missing}");
    }
    if let Some(deletion) = line.deletion {
        let _ = writeln!(text, "Deleted   {deletion}");
    }
    for one in &message.texts {
        text.push('\n');
        if message.texts.len() > 1 {
            let _ = writeln!(text, "Version of {}, {}:", one.device, one.written_at);
        }
        for line in one.text.lines() {
            let _ = writeln!(text, "{}", ShownLine(line));
        }
    }
    text.push('\n');
    let _ = writeln!(text, "Devices   {}", message.delivery.summary());
    text.push_str(&delivery_lines(&message.delivery));
    if message.texts.len() > 1 {
        let _ = writeln!(
            text,
            "Next: its author settles it with `offline-vault message edit {}`.",
            line.item
        );
    }
    if !message.attachments.is_empty() {
        let item = &line.item;
        let _ = writeln!(text, "Next: `offline-vault message save {item} --to DIR`.");
    }
    Report::new(text, shown_json(message))
}

fn shown_json(message: &ShownMessage) -> Value {
    let texts = message.texts.iter().map(|one| {
        json!({
            "device": one.device,
            "written_at_claimed": one.written_at.0,
            "text": one.text,
        })
    });
    let attachments = message.attachments.iter().map(|file| {
        json!({
            "name": file.name,
            "bytes": file.size_bytes,
            "pieces": file.pieces.total,
            "missing_pieces": file.pieces.missing,
        })
    });
    json!({
        "message": message_json(&message.line),
        "thread": message.thread,
        "reply_to": message.reply_to,
        "texts": texts.collect::<Vec<_>>(),
        "attachments": attachments.collect::<Vec<_>>(),
        "delivery": delivery_json(&message.delivery),
    })
}

/// `message delete`, `file delete`, `note delete`, `record delete`.
pub(super) fn delete(
    context: &Context,
    item: &str,
    kind: ItemKind,
) -> Result<Report, CommandError> {
    let which = ItemReference::parse(item)?;
    let deletion = items::delete(context.vault()?, &which, kind, context.now())?;
    let text = format!(
        "{item} is destroyed here; {deletion}.\nThe others are asked with the next sync. What \
         somebody has saved or written down stays with them."
    );
    let json = json!({ "item": item, "deletion": deletion_json(Some(deletion)) });
    Ok(Report::new(text, json))
}

/// Deeper replies are not moved further to the right.
const DEPTH_SHOWN: usize = 8;
