//! `epoch`: the keys that the content of a space is sealed with.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::space_args::{EpochCommand, InCompartment, NamedSpace};
use super::space_text::{hex, short};
use super::{CommandError, Context, Report};
use crate::team::keys::{self, EpochLine};
use crate::wording::count_text;

/// Carries out one of the commands on epochs.
pub(super) fn epoch(context: &Context, command: EpochCommand) -> Result<Report, CommandError> {
    match command {
        EpochCommand::List(asked) => list(context, &asked),
        EpochCommand::New(asked) => new(context, &asked),
    }
}

fn list(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let (name, lines) = keys::epochs(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", epoch_text(line));
    }
    if lines.is_empty() {
        text.push_str("There is no key yet: the first content makes one.");
    }
    let json = json!({
        "space": name.as_str(),
        "epochs": lines.iter().map(epoch_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn epoch_text(line: &EpochLine) -> String {
    let place = line.compartment.as_deref().unwrap_or("the whole space");
    let mut text = format!("{}  {place}  made by {}", short(&line.id.0), line.by);
    if let Some(at) = line.made_at {
        let _ = write!(text, " {at} by their clock");
    }
    text.push_str(match (line.is_held, line.is_in_use) {
        (_, true) => "  in use for new content",
        (true, false) => "  for older content",
        (false, false) => "  KEY NOT HERE",
    });
    if let Some(refused) = &line.refused {
        let _ = write!(text, "  without effect: {refused}");
    }
    if line.waiting > 0 {
        let _ = write!(
            text,
            "  {} wait for it",
            count_text(line.waiting, "segment")
        );
    }
    let _ = write!(text, "\n  given to {}", line.recipients.join(", "));
    if !line.without.is_empty() {
        let _ = write!(text, "\n  not given to {}", line.without.join(", "));
    }
    text
}

fn epoch_json(line: &EpochLine) -> Value {
    json!({
        "id": hex(&line.id.0),
        "compartment": line.compartment,
        "by": line.by,
        "made_at_claimed": line.made_at.map(|at| at.0),
        "key_here": line.is_held,
        "in_use": line.is_in_use,
        "refused": line.refused,
        "recipients": line.recipients,
        "readers_without_key": line.without,
        "segments_waiting": line.waiting,
    })
}

fn new(context: &Context, asked: &InCompartment) -> Result<Report, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    let compartment = asked.compartment.as_deref();
    let (name, line) = keys::new_epoch(vault, &asked.space, compartment, now)?;
    let text = format!(
        "What is written in {name} from now on is sealed with a new key:\n{}",
        epoch_text(&line)
    );
    Ok(Report::new(
        text,
        json!({ "space": name.as_str(), "epoch": epoch_json(&line) }),
    ))
}
