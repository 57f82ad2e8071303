//! `note`: texts that several write together.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use note_protocol::limits::TEXT_BYTES_MAX;
use note_protocol::{Change, Mark, MarkKind, Span};
use pack_format::shown::Shown;
use serde_json::{Value, json};
use signing_format::git::diff::{LineKind, TextDiff};
use team_content::index::ItemKind;
use team_content::note::Decision;

use super::delivery::{deletion_json, delivery_json, delivery_lines};
use super::items::ShownLine;
use super::message::delete;
use super::note_args::{
    ClearedMark, DecideNote, EditNote, MarkNote, NewNote, NoteCommand, SuggestNote,
};
use super::space_text::beside_carried;
use super::{CommandError, Context, Report, read_text, talk};
use crate::files::FileError;
use crate::signing::review::escaped;
use crate::team::items::ItemReference;
use crate::team::notes::{
    self, NoteLine, Phrase, ProposalLine, ProposalState, Proposals, ShownNote,
};
use crate::wording::count_text;

/// Carries out a command about notes.
pub(super) fn note(context: &Context, command: &NoteCommand) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    match command {
        NoteCommand::New(asked) => create(context, asked),
        NoteCommand::List(asked) => {
            let report = list(&notes::list(vault, &asked.space, asked.limit)?);
            beside_carried(report, vault, &asked.space)
        }
        NoteCommand::Show(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            Ok(shown(&notes::show(vault, &which)?))
        }
        NoteCommand::Edit(asked) => edit(context, asked),
        NoteCommand::Mark(asked) => mark_words(context, asked),
        NoteCommand::Rename(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            notes::rename(vault, &which, &asked.title, context.now())?;
            let text = format!("{} is called {} now.", asked.item, Shown(&asked.title));
            let json = json!({ "item": asked.item, "title": asked.title });
            Ok(Report::new(text, json))
        }
        NoteCommand::Suggest(asked) => suggest(context, asked),
        NoteCommand::Proposals(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            let found = notes::proposals(vault, &which, asked.all)?;
            Ok(proposals(&asked.item, &found))
        }
        NoteCommand::Merge(asked) => decide(context, asked, Decision::Merge),
        NoteCommand::Refuse(asked) => decide(context, asked, Decision::Refuse),
        NoteCommand::Delete(asked) => delete(context, &asked.item, ItemKind::Note),
    }
}

fn create(context: &Context, asked: &NewNote) -> Result<Report, CommandError> {
    let text = asked.file.as_ref().map(|path| text_of_file(path));
    let text = text.transpose()?;
    let item = notes::create(
        context.vault()?,
        &asked.space,
        &asked.title,
        text.as_deref(),
        asked.compartment.as_deref(),
        context.now(),
    )?;
    let said = format!(
        "{item}: made.\nNext: `offline-vault note edit {item}`, or sync so that others see it."
    );
    Ok(Report::new(
        said,
        json!({ "item": item, "title": asked.title }),
    ))
}

fn text_of_file(path: &Path) -> Result<String, CommandError> {
    read_text(path, TEXT_BYTES_MAX.into(), "the text")
}

/// The text of a file, or everything up to the end of standard input.
fn text(file: Option<&PathBuf>) -> Result<String, CommandError> {
    if let Some(path) = file {
        return text_of_file(path);
    }
    if std::io::stdin().is_terminal() {
        talk("type the whole text, then press Ctrl-D on an empty line");
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(u64::from(TEXT_BYTES_MAX).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(FileError::of("read", Path::new("standard input")))?;
    String::from_utf8(bytes).map_err(|_| CommandError::NotText { what: "the text" })
}

fn edit(context: &Context, asked: &EditNote) -> Result<Report, CommandError> {
    let which = ItemReference::parse(&asked.item)?;
    let text = text(asked.file.as_ref())?;
    let is_changed = notes::edit(context.vault()?, &which, &text, context.now())?;
    let said = match is_changed {
        true => format!(
            "{} has the new text; it leaves with the next sync.",
            asked.item
        ),
        false => format!("{} has this text already.", asked.item),
    };
    let json = json!({ "item": asked.item, "changed": is_changed });
    Ok(Report::new(said, json))
}

fn mark_words(context: &Context, asked: &MarkNote) -> Result<Report, CommandError> {
    let which = ItemReference::parse(&asked.item)?;
    let phrase = Phrase {
        words: &asked.words,
        nth: asked.nth,
    };
    let change = |range| match asked.clear {
        Some(kind) => Change::Clear(range, cleared_kind(kind)),
        None => Change::Mark(range, asked_mark(asked)),
    };
    let is_changed = notes::mark(context.vault()?, &which, phrase, change, context.now())?;
    let said = match is_changed {
        true => format!("{} is marked; it leaves with the next sync.", asked.item),
        false => format!("{} is marked so already.", asked.item),
    };
    let json = json!({ "item": asked.item, "changed": is_changed });
    Ok(Report::new(said, json))
}

/// One is asked for: where it is none of the others, it is bold.
fn asked_mark(asked: &MarkNote) -> Mark {
    let italic = asked.italic.then_some(Mark::Italic);
    let link = asked.link.clone().map(Mark::Link);
    italic
        .or(link)
        .or(asked.heading.map(Mark::Heading))
        .or(asked.list.map(Mark::ListItem))
        .unwrap_or(Mark::Bold)
}

fn cleared_kind(kind: ClearedMark) -> MarkKind {
    match kind {
        ClearedMark::Bold => MarkKind::Bold,
        ClearedMark::Italic => MarkKind::Italic,
        ClearedMark::Link => MarkKind::Link,
        ClearedMark::Heading => MarkKind::Heading,
        ClearedMark::List => MarkKind::ListItem,
    }
}

fn suggest(context: &Context, asked: &SuggestNote) -> Result<Report, CommandError> {
    let which = ItemReference::parse(&asked.item)?;
    let text = text(asked.file.as_ref())?;
    let vault = context.vault()?;
    let proposal = notes::suggest(vault, &which, &text, &asked.message, context.now())?;
    let said = match &proposal {
        Some(proposal) => format!(
            "Proposal {proposal} for {}: it leaves with the next sync, and an approver decides.",
            asked.item
        ),
        None => format!("{} has this text already.", asked.item),
    };
    let json = json!({ "item": asked.item, "proposal": proposal });
    Ok(Report::new(said, json))
}

fn decide(
    context: &Context,
    asked: &DecideNote,
    decision: Decision,
) -> Result<Report, CommandError> {
    let which = ItemReference::parse(&asked.item)?;
    let vault = context.vault()?;
    notes::decide(
        vault,
        &which,
        &asked.proposal,
        decision,
        &asked.message,
        context.now(),
    )?;
    let word = match decision {
        Decision::Merge => "merged",
        Decision::Refuse => "refused",
    };
    let said = format!("Proposal {} is {word}.", Shown(&asked.proposal));
    let json = json!({ "item": asked.item, "proposal": asked.proposal, "decision": word });
    Ok(Report::new(said, json))
}

fn list(lines: &[NoteLine]) -> Report {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{}", note_text(line));
    }
    if lines.is_empty() {
        text.push_str("There are no notes yet.");
    }
    let rows: Vec<_> = lines.iter().map(note_json).collect();
    // What is said beside every result is called notes.
    Report::new(text, json!({ "items": rows }))
}

fn note_text(line: &NoteLine) -> String {
    let mark = if line.unread { "* " } else { "" };
    let mut text = format!(
        "{}  {mark}{}  {}",
        line.item,
        Shown(&line.title),
        line.updated_at
    );
    let mut facts = Vec::new();
    if let Some(compartment) = &line.compartment {
        facts.push(format!("only {compartment}"));
    }
    if line.has_proposals {
        facts.push("proposals wait".to_owned());
    }
    if line.conflict {
        facts.push("several titles at the same time".to_owned());
    }
    if line.late {
        facts.push("late work waits".to_owned());
    }
    if !facts.is_empty() {
        let _ = write!(text, "  [{}]", facts.join(", "));
    }
    text
}

fn note_json(line: &NoteLine) -> Value {
    json!({
        "item": line.item,
        "id": line.id,
        "title": line.title,
        "compartment": line.compartment,
        "updated_at_claimed": line.updated_at.0,
        "proposals": line.has_proposals,
        "conflict": line.conflict,
        "unread": line.unread,
        "late": line.late,
        "deletion": deletion_json(line.deletion),
    })
}

/// The text alone is the result, so that it can be written into a file, changed and given back;
/// what is known about the note is said beside it.
fn shown(note: &ShownNote) -> Report {
    let mut text = String::new();
    for line in note.text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let _ = write!(text, "{}", ShownLine(body));
        if body.len() < line.len() {
            text.push('\n');
        }
    }
    let mut report = Report::new(text, shown_json(note));
    report = report.with_note(note_text(&note.line));
    for span in &note.spans {
        let words = span.range.of(&note.text).unwrap_or_default();
        let mark = match &span.mark {
            Mark::Bold => "bold".to_owned(),
            Mark::Italic => "italic".to_owned(),
            Mark::Heading(level) => format!("heading {level}"),
            Mark::Link(target) => format!("link to {}", Shown(target)),
            Mark::ListItem(depth) => format!("list item, depth {depth}"),
        };
        report = report.with_note(format!("{mark}: “{}”", Shown(words)));
    }
    if note.titles.len() > 1 {
        let titles: Vec<_> = note.titles.iter().map(|it| Shown(it).to_string()).collect();
        report = report.with_note(format!("its titles: {}", titles.join(" / ")));
    }
    if note.open_proposal_count > 0 {
        let count = count_text(note.open_proposal_count as u64, "proposal");
        report = report.with_note(format!(
            "{count} to decide: offline-vault note proposals {}",
            note.line.item
        ));
    }
    if note.refused_count > 0 {
        report = report.with_note(format!(
            "{} changes are not what their authors may write and were left out",
            note.refused_count
        ));
    }
    report = report.with_note(note.delivery.summary());
    let lines = delivery_lines(&note.delivery);
    for line in lines.lines() {
        report = report.with_note(line.trim_start());
    }
    report
}

fn shown_json(note: &ShownNote) -> Value {
    let spans: Vec<_> = note.spans.iter().map(span_json).collect();
    json!({
        "note": note_json(&note.line),
        "titles": note.titles,
        "text": note.text,
        "marks": spans,
        "changes": note.change_count,
        "left_out": note.refused_count,
        "open_proposals": note.open_proposal_count,
        "delivery": delivery_json(&note.delivery),
    })
}

fn span_json(span: &Span) -> Value {
    let (kind, value) = match &span.mark {
        Mark::Bold => ("bold", Value::Null),
        Mark::Italic => ("italic", Value::Null),
        Mark::Heading(level) => ("heading", json!(level)),
        Mark::Link(target) => ("link", json!(target)),
        Mark::ListItem(depth) => ("list item", json!(depth)),
    };
    json!({
        "start": span.range.start,
        "end": span.range.end,
        "mark": kind,
        "value": value,
    })
}

fn proposals(item: &str, found: &Proposals) -> Report {
    let mut text = String::new();
    for line in &found.lines {
        let state = state_words(line.state);
        let _ = writeln!(
            text,
            "Proposal {}  {}  {}  {state}",
            line.proposal, line.author, line.proposed_at
        );
        if !line.remark.is_empty() {
            let _ = writeln!(text, "  Why: {}", Shown(&line.remark));
        }
        for (who, decision, remark) in &line.decisions {
            let words = state_words(*decision);
            let _ = match remark.is_empty() {
                true => writeln!(text, "  {who}: {words}"),
                false => writeln!(text, "  {who}: {words}  {}", Shown(remark)),
            };
        }
        match (&line.diff, &line.unreadable) {
            (Some(diff), _) => diff_text(&mut text, diff),
            (None, Some(why)) => {
                let _ = writeln!(text, "  It cannot be shown: {why}.");
            }
            (None, None) if line.state == ProposalState::Open => {
                text.push_str("  It changes too much to be shown here.\n");
            }
            (None, None) => {}
        }
        if line.state == ProposalState::Open {
            let _ = writeln!(text, "  Next: {}", decider(found, item, &line.proposal));
        }
    }
    if found.lines.is_empty() {
        text.push_str("Nothing is proposed.");
    }
    let rows: Vec<_> = found.lines.iter().map(proposal_json).collect();
    let json = json!({ "item": item, "proposals": rows, "may_decide": found.may_decide });
    Report::new(text, json)
}

/// How a proposal is decided, by the person or by whom.
fn decider(found: &Proposals, item: &str, proposal: &str) -> String {
    if found.may_decide {
        return format!("`offline-vault note merge {item} {proposal}`, or `note refuse`.");
    }
    match found.ask.is_empty() {
        true => "an approver decides; there is none now.".to_owned(),
        false => format!("an approver decides: {}.", found.ask.join(" or ")),
    }
}

/// Foreign text stands behind a bar, so that it cannot pass for ours.
fn diff_text(text: &mut String, diff: &TextDiff) {
    for hunk in &diff.hunks {
        let _ = writeln!(
            text,
            "  @@ -{},{} +{},{} @@",
            hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count
        );
        for line in &hunk.lines {
            let _ = writeln!(text, "  | {}{}", mark(line.kind), escaped(&line.bytes));
        }
    }
}

fn mark(kind: LineKind) -> char {
    match kind {
        LineKind::Context => ' ',
        LineKind::Removed => '-',
        LineKind::Added => '+',
    }
}

fn state_words(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Open => "open",
        ProposalState::Merged => "merged",
        ProposalState::Refused => "refused",
    }
}

fn proposal_json(line: &ProposalLine) -> Value {
    let decisions = line.decisions.iter().map(|(who, decision, remark)| {
        json!({ "who": who, "decision": state_words(*decision), "remark": remark })
    });
    let diff = line.diff.as_ref().map(|diff| {
        let lines = diff.hunks.iter().flat_map(|hunk| &hunk.lines);
        let lines =
            lines.map(|it| format!("{}{}", mark(it.kind), String::from_utf8_lossy(&it.bytes)));
        lines.collect::<Vec<_>>()
    });
    json!({
        "proposal": line.proposal,
        "author": line.author,
        "proposed_at_claimed": line.proposed_at.0,
        "remark": line.remark,
        "state": state_words(line.state),
        "decisions": decisions.collect::<Vec<_>>(),
        "diff": diff,
        "unreadable": line.unreadable,
    })
}
