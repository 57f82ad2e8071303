//! `record`: typed fields that several fill in.

use std::fmt::Write as _;

use pack_format::shown::Shown;
use serde_json::{Value, json};
use team_content::index::ItemKind;

use super::delivery::{deletion_json, delivery_json, delivery_lines};
use super::message::delete;
use super::record_args::{DefineRecords, NewRecord, RecordCommand};
use super::space_text::beside_carried;
use super::{CommandError, Context, Report, read_text, record_schema};
use crate::team::TeamError;
use crate::team::items::ItemReference;
use crate::team::records::{
    self, ConflictTask, HistoryLine, RecordChange, RecordLine, SchemaLine, Setting, ShownRecord,
};

/// Carries out a command about records.
pub(super) fn record(context: &Context, command: &RecordCommand) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    match command {
        RecordCommand::Define(asked) => define(context, asked),
        RecordCommand::Schemas(asked) => {
            let report = schemas(&records::schemas(vault, &asked.space)?);
            beside_carried(report, vault, &asked.space)
        }
        RecordCommand::New(asked) => create(context, asked),
        RecordCommand::Set(asked) => {
            let settings = settings(&asked.fields)?;
            let set = |(field, value)| (field, RecordChange::Set(value));
            let changes: Vec<_> = settings.into_iter().map(set).collect();
            change(context, &asked.item, &changes)
        }
        RecordCommand::Tag(asked) => {
            let tags = asked.tags.iter();
            let changes: Vec<_> = tags
                .map(|tag| (asked.field.as_str(), RecordChange::Tag(tag)))
                .collect();
            change(context, &asked.item, &changes)
        }
        RecordCommand::Untag(asked) => {
            let tags = asked.tags.iter();
            let changes: Vec<_> = tags
                .map(|tag| (asked.field.as_str(), RecordChange::Untag(tag)))
                .collect();
            change(context, &asked.item, &changes)
        }
        RecordCommand::Add(asked) => {
            let add = RecordChange::Add(&asked.amount, &asked.note);
            change(context, &asked.item, &[(asked.field.as_str(), add)])
        }
        RecordCommand::Show(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            Ok(shown(&records::show(vault, &which)?))
        }
        RecordCommand::List(asked) => {
            let schema = asked.schema.as_deref();
            let lines = records::list(vault, &asked.space, schema, asked.limit)?;
            beside_carried(list(&lines), vault, &asked.space)
        }
        RecordCommand::Conflicts(asked) => {
            let tasks = records::conflicts(vault, &asked.space, CONFLICTS_SHOWN)?;
            Ok(conflicts(&tasks))
        }
        RecordCommand::History(asked) => {
            let which = ItemReference::parse(&asked.item)?;
            Ok(history(&asked.item, &records::history(vault, &which)?))
        }
        RecordCommand::Delete(asked) => delete(context, &asked.item, ItemKind::Record),
    }
}

fn define(context: &Context, asked: &DefineRecords) -> Result<Report, CommandError> {
    let text = read_text(&asked.file, DEFINITION_BYTES_MAX, "the definition")?;
    let version = record_schema::parse(&text)?;
    let name = version.name.as_str().to_owned();
    let item = records::define(
        context.vault()?,
        &asked.space,
        version,
        asked.revise.as_deref(),
        asked.compartment.as_deref(),
        context.now(),
    )?;
    let text = format!("{item}: records called {} can be made now.", Shown(&name));
    Ok(Report::new(text, json!({ "item": item, "name": name })))
}

fn create(context: &Context, asked: &NewRecord) -> Result<Report, CommandError> {
    let settings = settings(&asked.fields)?;
    let item = records::create(
        context.vault()?,
        &asked.space,
        &asked.schema,
        &settings,
        asked.compartment.as_deref(),
        context.now(),
    )?;
    let text = format!("{item}: made; it leaves with the next sync.");
    Ok(Report::new(text, json!({ "item": item })))
}

/// `FIELD=VALUE`, cut at the first `=`.
fn settings(texts: &[String]) -> Result<Vec<Setting<'_>>, TeamError> {
    let mut settings = Vec::new();
    for text in texts {
        let setting = text.split_once('=').ok_or_else(|| TeamError::Input {
            what: format!("{} is not written FIELD=VALUE", Shown(text)),
        })?;
        settings.push(setting);
    }
    Ok(settings)
}

fn change(
    context: &Context,
    item: &str,
    changes: &[(&str, RecordChange<'_>)],
) -> Result<Report, CommandError> {
    let which = ItemReference::parse(item)?;
    records::change(context.vault()?, &which, changes, context.now())?;
    let text = format!("{} is changed; it leaves with the next sync.", Shown(item));
    Ok(Report::new(text, json!({ "item": item })))
}

fn schemas(lines: &[SchemaLine]) -> Report {
    let mut text = String::new();
    for line in lines {
        let conflict = if line.conflict {
            "  [revised by several at the same time]"
        } else {
            ""
        };
        let _ = writeln!(text, "{}  {}{conflict}", line.item, Shown(&line.name));
        for (name, kind) in &line.fields {
            let _ = writeln!(text, "  {}: {kind}", Shown(name));
        }
    }
    if lines.is_empty() {
        text.push_str("No kinds of records are defined yet.");
    }
    let rows = lines.iter().map(|line| {
        let fields = line.fields.iter();
        let fields = fields.map(|(name, kind)| json!({ "name": name, "type": kind }));
        json!({
            "item": line.item,
            "name": line.name,
            "fields": fields.collect::<Vec<_>>(),
            "conflict": line.conflict,
        })
    });
    let rows: Vec<_> = rows.collect();
    Report::new(text, json!({ "schemas": rows }))
}

fn list(lines: &[RecordLine]) -> Report {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{}", record_text(line));
    }
    if lines.is_empty() {
        text.push_str("There are no such records yet.");
    }
    let rows: Vec<_> = lines.iter().map(record_json).collect();
    Report::new(text, json!({ "records": rows }))
}

fn record_text(line: &RecordLine) -> String {
    let mark = if line.unread { "* " } else { "" };
    let schema = line.schema_name.as_deref().unwrap_or("of an unknown kind");
    let mut text = format!(
        "{}  {}  {mark}{}  {}",
        line.item,
        Shown(schema),
        Shown(&line.title),
        line.updated_at
    );
    let mut facts = Vec::new();
    if line.conflict {
        facts.push("set by several at the same time");
    }
    if line.late {
        facts.push("late work waits");
    }
    if !facts.is_empty() {
        let _ = write!(text, "  [{}]", facts.join(", "));
    }
    text
}

fn record_json(line: &RecordLine) -> Value {
    json!({
        "item": line.item,
        "id": line.id,
        "title": line.title,
        "schema": line.schema,
        "schema_name": line.schema_name,
        "updated_at_claimed": line.updated_at.0,
        "conflict": line.conflict,
        "unread": line.unread,
        "late": line.late,
        "deletion": deletion_json(line.deletion),
    })
}

fn shown(record: &ShownRecord) -> Report {
    let mut text = format!("{}\n", record_text(&record.line));
    let mut rows = Vec::new();
    for field in &record.fields {
        let values: Vec<String> = field
            .values
            .iter()
            .map(|it| Shown(it).to_string())
            .collect();
        let (between, mark) = match field.conflict {
            true => (" | ", "  CONFLICT"),
            false => (", ", ""),
        };
        let _ = writeln!(
            text,
            "  {}: {}{mark}",
            Shown(&field.name),
            values.join(between)
        );
        rows.push(json!({
            "name": field.name,
            "type": field.kind,
            "values": field.values,
            "conflict": field.conflict,
        }));
    }
    let _ = writeln!(text, "Devices   {}", record.delivery.summary());
    text.push_str(&delivery_lines(&record.delivery));
    let json = json!({
        "record": record_json(&record.line),
        "fields": rows,
        "delivery": delivery_json(&record.delivery),
    });
    Report::new(text, json)
}

fn conflicts(tasks: &[ConflictTask]) -> Report {
    let mut text = String::new();
    let mut rows = Vec::new();
    for task in tasks {
        let _ = writeln!(
            text,
            "{}  {}: {} was set by several at the same time. Choose:",
            task.item,
            Shown(&task.title),
            Shown(&task.field)
        );
        let mut values = Vec::new();
        for value in &task.values {
            let shown = match value.value.as_str() {
                "" => "(nothing)".to_owned(),
                value => Shown(value).to_string(),
            };
            let command = resolving(&task.item, &task.field, &value.typed);
            let _ = writeln!(
                text,
                "  {shown}  by {}, {}\n    {}",
                value.author,
                value.written_at,
                Shown(&command)
            );
            values.push(json!({
                "value": value.value,
                "author": value.author,
                "written_at_claimed": value.written_at.0,
                "command": command,
            }));
        }
        rows.push(json!({
            "item": task.item,
            "title": task.title,
            "field": task.field,
            "values": values,
        }));
    }
    if tasks.is_empty() {
        text.push_str("Nothing is contradictory.");
    }
    Report::new(text, json!({ "conflicts": rows }))
}

/// The command that settles a field, quoted for a shell.
fn resolving(item: &str, field: &str, value: &str) -> String {
    let setting = format!("{field}={value}");
    let quoted = shlex::try_quote(&setting)
        .map_or_else(|_| "FIELD=VALUE".to_owned(), std::borrow::Cow::into_owned);
    format!("offline-vault record set {item} {quoted}")
}

fn history(item: &str, lines: &[HistoryLine]) -> Report {
    let mut text = String::new();
    let mut rows = Vec::new();
    for line in lines {
        let effect = line
            .without_effect
            .as_ref()
            .map_or_else(String::new, |why| format!("  [without effect: {why}]"));
        let _ = writeln!(
            text,
            "{}  {}  {}{effect}",
            line.claimed_at,
            line.device,
            Shown(&line.what)
        );
        rows.push(json!({
            "device": line.device,
            "at_claimed": line.claimed_at.0,
            "taken_in_at": line.taken_at.0,
            "what": line.what,
            "without_effect": line.without_effect,
        }));
    }
    Report::new(text, json!({ "item": item, "history": rows }))
}

/// Tasks that are listed at once.
const CONFLICTS_SHOWN: u32 = 500;
/// A definition with the most fields and options has about 2 MiB of JSON.
const DEFINITION_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_settles_a_field_is_quoted() {
        assert_eq!(
            resolving("desk/3fa9", "State", "in work; rm -rf"),
            "offline-vault record set desk/3fa9 'State=in work; rm -rf'"
        );
    }

    #[test]
    fn a_setting_is_cut_at_the_first_equals_sign() {
        let texts = ["Title=a=b".to_owned(), "Due=".to_owned()];
        assert_eq!(settings(&texts).unwrap(), [("Title", "a=b"), ("Due", "")]);
        assert!(settings(&["Title".to_owned()]).is_err());
    }
}
