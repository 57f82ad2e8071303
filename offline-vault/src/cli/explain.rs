//! `explain SPACE/ITEM` and `who-can-read`: where an item of a space is, and who reads it.

use std::fmt::Write as _;

use clap::Args;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::delivery::{deletion_json, delivery_json};
use super::{CommandError, Context, Report};
use crate::team::explain;
use crate::team::items::ItemReference;
use crate::team::readers::{self, ItemReader};

/// Arguments of `who-can-read`.
#[derive(Debug, Args)]
pub struct WhoCanRead {
    /// The item, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// `explain` of an item in a space.
pub(super) fn explain_item(context: &Context, item: &str) -> Result<Report, CommandError> {
    let which = ItemReference::parse(item)?;
    let told = explain::explain(context.vault()?, &which)?;
    let kind = told.kind.unwrap_or("something");
    let mut text = format!("{}  {kind}  {}\n", told.item, Shown(&told.title));
    let _ = writeln!(text, "In short: {}.", told.delivery.summary());
    for sentence in &told.known {
        let _ = writeln!(text, "{sentence}");
    }
    for sentence in &told.next {
        let _ = writeln!(text, "Next: {sentence}");
    }
    let json = json!({
        "item": told.item,
        "kind": told.kind,
        "title": told.title,
        "delivery": delivery_json(&told.delivery),
        "known": told.known,
        "next": told.next,
    });
    Ok(Report::new(text, json))
}

/// `who-can-read`.
pub(super) fn who_can_read(context: &Context, asked: &WhoCanRead) -> Result<Report, CommandError> {
    let which = ItemReference::parse(&asked.item)?;
    let found = readers::readers(context.vault()?, &which)?;
    let mut text = format!("{}  {}\n", found.item, Shown(&found.title));
    let place = found.compartment.as_deref();
    let _ = match place {
        Some(name) => writeln!(text, "Read now by the compartment {name}:"),
        None => writeln!(text, "Read now by the whole space:"),
    };
    for reader in &found.now {
        let _ = writeln!(text, "  {}", reader_line(reader));
    }
    if !found.before.is_empty() {
        text.push_str("Were given its key and read the space no more:\n");
        for reader in &found.before {
            let _ = writeln!(text, "  {}", reader.who);
        }
        text.push_str(
            "Who is removed keeps what they had: only what is written afterwards is closed to \
             them.\n",
        );
    }
    if found.has_unknown_keys {
        text.push_str(
            "Part of it is sealed with keys of which nothing has come here: others may read it \
             too.\n",
        );
    }
    if let Some(deletion) = found.deletion {
        let _ = writeln!(text, "It was deleted for everyone: {deletion}.");
    }
    let rows = |readers: &[ItemReader]| readers.iter().map(reader_json).collect::<Vec<_>>();
    let json = json!({
        "item": found.item,
        "title": found.title,
        "compartment": found.compartment,
        "now": rows(&found.now),
        "before": rows(&found.before),
        "unknown_keys": found.has_unknown_keys,
        "deletion": deletion_json(found.deletion),
    });
    Ok(Report::new(text, json))
}

fn reader_line(reader: &ItemReader) -> String {
    let own = if reader.is_own { " (you)" } else { "" };
    let role = reader
        .role
        .map_or_else(String::new, |role| format!(", {role}"));
    let keys = if reader.has_keys {
        ""
    } else {
        ": has not been given its key"
    };
    format!("{}{own}{role}{keys}", reader.who)
}

fn reader_json(reader: &ItemReader) -> Value {
    json!({
        "who": reader.who,
        "member": reader.member,
        "role": reader.role.map(|role| role.to_string()),
        "own": reader.is_own,
        "has_keys": reader.has_keys,
    })
}

pub(super) const WHO_EXAMPLES: &str = "\
Examples:
  offline-vault who-can-read desk/3fa9

Names those who read the item now, and those who were given its key and have been removed since:
nothing takes back what somebody had.";
