//! `file`: the files of a space.

use std::fmt::Write as _;

use pack_format::shown::Shown;
use serde_json::{Value, json};
use team_content::file::VersionState;
use team_content::index::ItemKind;

use super::delivery::{deletion_json, delivery_json, delivery_lines, saved};
use super::file_args::{AddFiles, FileCommand, ListFiles};
use super::message::delete;
use super::progress::{Meter, size_text};
use super::space_text::beside_carried;
use super::{CommandError, Context, Report};
use crate::team::files::{
    self, AddRequest, Added, FileChange, FileLine, FileVersionLine, ListRequest, ShownFile,
};
use crate::team::items::ItemReference;
use crate::wording::count_text;
use crate::work::Special;

/// Carries out a command about files.
pub(super) fn file(context: &Context, command: &FileCommand) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    match command {
        FileCommand::Add(asked) => add(context, asked),
        FileCommand::List(asked) => list(context, asked),
        FileCommand::Save(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            let paths = files::save(vault, &which, asked.version, &asked.to)?;
            Ok(saved(&asked.item, &paths))
        }
        FileCommand::Versions(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            Ok(versions(&files::show(vault, &which)?))
        }
        FileCommand::Move(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            let path = files::move_to(vault, &which, &asked.to, context.now())?;
            let text = format!("{} is at {} now.", asked.item, Shown(&path));
            Ok(Report::new(
                text,
                json!({ "item": asked.item, "path": path }),
            ))
        }
        FileCommand::Remove(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            files::remove(vault, &which, context.now())?;
            let text = format!(
                "{} is out of the tree. Its versions stay: `offline-vault file save {0} --version \
                 N`; `file delete` destroys them for everyone.",
                asked.item
            );
            Ok(Report::new(text, json!({ "item": asked.item })))
        }
        FileCommand::Delete(asked) => delete(context, &asked.item, ItemKind::File),
    }
}

fn add(context: &Context, asked: &AddFiles) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let request = AddRequest {
        space: &asked.space,
        paths: &asked.paths,
        folder: asked.to.as_deref(),
        compartment: asked.compartment.as_deref(),
        special: if asked.skip_special {
            Special::Skip
        } else {
            Special::Refuse
        },
    };
    let mut meter = Meter::new("Sealing", None, context.options.json);
    let added = files::add(vault, &request, context.now(), &mut |done| {
        meter.reached(done)
    });
    drop(meter);
    Ok(added_report(&added?))
}

fn added_report(added: &Added) -> Report {
    let mut text = String::new();
    let mut rows = Vec::new();
    for file in &added.files {
        let change = match file.change {
            FileChange::New => "new",
            FileChange::Version => "new version",
            FileChange::Same => "the same already",
        };
        let (path, size) = (Shown(&file.path), size_text(file.size_bytes));
        let _ = writeln!(text, "{}  {path}  {size}  {change}", file.item);
        rows.push(json!({
            "item": file.item,
            "path": file.path,
            "bytes": file.size_bytes,
            "change": change,
        }));
    }
    let pieces = count_text(added.new_piece_count as u64, "new piece");
    let _ = writeln!(
        text,
        "{pieces} to carry.\nNext: plug in a stick and run `offline-vault sync --stick PATH`."
    );
    let json = json!({
        "files": rows,
        "new_pieces": added.new_piece_count,
        "skipped": added.skipped,
    });
    let mut report = Report::new(text, json);
    if added.skipped > 0 {
        report = report.with_note(format!(
            "{} links or special files were left out",
            added.skipped
        ));
    }
    report
}

fn list(context: &Context, asked: &ListFiles) -> Result<Report, CommandError> {
    let request = ListRequest {
        space: &asked.space,
        folder: asked.folder.as_deref(),
        removed: asked.removed,
        limit: asked.limit,
        with_delivery: asked.long,
    };
    let list = files::list(context.vault()?, &request)?;
    let mut text = String::new();
    for line in &list.files {
        let _ = writeln!(text, "{}", file_text(line));
        if let Some(delivery) = &line.delivery {
            let _ = writeln!(text, "  {}", delivery.summary());
        }
    }
    if list.files.is_empty() {
        text.push_str("There are no such files.");
    }
    let rows: Vec<_> = list.files.iter().map(file_json).collect();
    let json = json!({ "files": rows, "more": list.is_cut });
    let mut report = Report::new(text, json);
    if list.is_cut {
        report = report.with_note("not all files are listed: --limit shows more of them");
    }
    beside_carried(report, context.vault()?, &asked.space)
}

/// `desk/91c0aa17  report/a.odt  1.2 MiB  2026-11-03 14:05 UTC  [2 of 7 pieces have not come]`.
fn file_text(line: &FileLine) -> String {
    let mark = if line.unread { "* " } else { "" };
    let mut text = format!(
        "{}  {mark}{}  {}  {}",
        line.item,
        Shown(&line.path),
        size_text(line.size_bytes),
        line.updated_at
    );
    let mut facts = Vec::new();
    if let Some(deletion) = line.deletion {
        facts.push(format!("deleted; {deletion}"));
    }
    if let Some(compartment) = &line.compartment {
        facts.push(format!("only {compartment}"));
    }
    if line.pieces.missing > 0 {
        let (missing, total) = (line.pieces.missing, line.pieces.total);
        facts.push(format!("{missing} of {total} pieces have not come"));
    }
    if line.conflict {
        facts.push("changed by several at the same time".to_owned());
    }
    if line.late {
        facts.push("late work waits".to_owned());
    }
    if !facts.is_empty() {
        let _ = write!(text, "  [{}]", facts.join(", "));
    }
    text
}

fn file_json(line: &FileLine) -> Value {
    json!({
        "item": line.item,
        "id": line.id,
        "path": line.path,
        "compartment": line.compartment,
        "bytes": line.size_bytes,
        "updated_at_claimed": line.updated_at.0,
        "pieces": line.pieces.total,
        "missing_pieces": line.pieces.missing,
        "conflict": line.conflict,
        "late": line.late,
        "unread": line.unread,
        "deletion": deletion_json(line.deletion),
        "delivery": line.delivery.as_ref().map(delivery_json),
    })
}

fn versions(file: &ShownFile) -> Report {
    let mut text = format!("{}\n", file_text(&file.line));
    if file.paths.len() > 1 {
        text.push_str("It was moved to several places at the same time:\n");
        for path in &file.paths {
            let _ = writeln!(text, "  {}", Shown(path));
        }
    }
    for version in &file.versions {
        let missing = match version.pieces.missing {
            0 => String::new(),
            missing => format!(
                "  {missing} of {} pieces have not come",
                version.pieces.total
            ),
        };
        let _ = writeln!(
            text,
            "  version {}  {}  {}  {}  {}{missing}",
            version.number,
            version.author,
            version.put_at,
            size_text(version.size_bytes),
            state_words(version.state)
        );
    }
    if let Some(delivery) = &file.line.delivery {
        let _ = writeln!(text, "Devices   {}", delivery.summary());
        text.push_str(&delivery_lines(delivery));
    }
    let rows: Vec<_> = file.versions.iter().map(version_json).collect();
    let json = json!({
        "file": file_json(&file.line),
        "paths": file.paths,
        "versions": rows,
    });
    Report::new(text, json)
}

fn state_words(state: VersionState) -> &'static str {
    match state {
        VersionState::Current => "current",
        VersionState::Followed => "followed by a later one",
        VersionState::Removed => "removed",
    }
}

fn version_json(version: &FileVersionLine) -> Value {
    json!({
        "version": version.number,
        "author": version.author,
        "put_at_claimed": version.put_at.0,
        "bytes": version.size_bytes,
        "executable": version.executable,
        "state": state_words(version.state),
        "pieces": version.pieces.total,
        "missing_pieces": version.pieces.missing,
    })
}
