//! `compartment`: reader sets inside a space.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::space_args::{CompartmentCommand, CompartmentMember, NamedCompartment, NamedSpace};
use super::space_text::{hex, news_json, write_news};
use super::{CommandError, Context, Report};
use crate::team::keys::{self, CompartmentLine, ReadersChanged};

/// Carries out one of the commands on compartments.
pub(super) fn compartment(
    context: &Context,
    command: CompartmentCommand,
) -> Result<Report, CommandError> {
    match command {
        CompartmentCommand::List(asked) => list(context, &asked),
        CompartmentCommand::Add(asked) => add(context, &asked),
        CompartmentCommand::Admit(asked) => admit(context, &asked),
        CompartmentCommand::Expel(asked) => expel(context, &asked),
    }
}

fn list(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let (name, lines) = keys::compartments(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", compartment_text(line));
    }
    if lines.is_empty() {
        let _ = writeln!(
            text,
            "There are no compartments: every member but couriers reads everything in {name}."
        );
    }
    let json = json!({
        "space": name.as_str(),
        "compartments": lines.iter().map(compartment_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn compartment_text(line: &CompartmentLine) -> String {
    let own = if line.is_read { "" } else { "  you do not" };
    format!("{}  read by {}{own}", line.name, line.readers.join(", "))
}

fn compartment_json(line: &CompartmentLine) -> Value {
    json!({
        "id": hex(&line.id.0),
        "name": line.name,
        "readers": line.readers,
        "read_by_you": line.is_read,
    })
}

fn add(context: &Context, asked: &NamedCompartment) -> Result<Report, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    let (name, line) = keys::add_compartment(vault, &asked.space, &asked.compartment, now)?;
    let text = format!(
        "The compartment {} is begun; you read it. Its name is seen by all members.\n\
         Next: `offline-vault compartment admit {name} {} MEMBER`.",
        line.name, line.name
    );
    Ok(Report::new(
        text,
        json!({ "space": name.as_str(), "compartment": compartment_json(&line) }),
    ))
}

fn admit(context: &Context, asked: &CompartmentMember) -> Result<Report, CommandError> {
    let changed = set_reader(context, asked, true)?;
    let mut text = format!(
        "{} reads {} from now on; the key goes to them with the next sync.\n",
        changed.member, changed.compartment.name
    );
    write_news(&mut text, &changed.news);
    Ok(Report::new(text, changed_json(&changed, false)))
}

fn expel(context: &Context, asked: &CompartmentMember) -> Result<Report, CommandError> {
    let changed = set_reader(context, asked, false)?;
    let mut text = format!(
        "{} reads {} no more: what is written there from now on is sealed with a new key that \
         they never get; what they have read they may keep.\n",
        changed.member, changed.compartment.name
    );
    write_news(&mut text, &changed.news);
    text.push_str("The others hear of it with the next sync.");
    Ok(Report::new(text, changed_json(&changed, true)))
}

fn set_reader(
    context: &Context,
    asked: &CompartmentMember,
    reads: bool,
) -> Result<ReadersChanged, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    let (space, member) = (&asked.space, &asked.member);
    let changed = keys::set_reader(vault, space, &asked.compartment, member, reads, now)?;
    Ok(changed)
}

fn changed_json(changed: &ReadersChanged, renews_key: bool) -> Value {
    json!({
        "space": changed.space.as_str(),
        "compartment": compartment_json(&changed.compartment),
        "member": changed.member,
        "new_key": renews_key,
        "news": news_json(&changed.news),
    })
}
