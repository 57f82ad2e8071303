//! `member`: who is in a space, as what. And `seal`, which voids what a member wrote unseen.

use std::fmt::Write as _;

use pack_format::shown::Shown;
use serde_json::{Value, json};
use team_core::role::Role;

use super::device::{device_json, device_text};
use super::space_args::{MemberCommand, MemberRole, NamedSpace, OneMember, RemoveMember};
use super::space_text::{asking_json, asking_text, hex, news_json, short, write_news};
use super::{CommandError, Context, Report};
use crate::team::members::{self, MemberChanged, MemberLine, reason_of, role_of};
use crate::team::shown::asking_step;

/// Carries out one of the commands on members.
pub(super) fn member(context: &Context, command: MemberCommand) -> Result<Report, CommandError> {
    match command {
        MemberCommand::List(asked) => list(context, &asked),
        MemberCommand::Add(asked) => add(context, &asked),
        MemberCommand::Role(asked) => role(context, &asked),
        MemberCommand::Remove(asked) => remove(context, &asked),
    }
}

fn list(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let found = members::members(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for member in &found.members {
        for line in member_lines(member) {
            let _ = writeln!(text, "{line}");
        }
    }
    for asking in &found.asking {
        let _ = writeln!(text, "{}", asking_text(asking));
        let _ = writeln!(text, "Next: {}", asking_step(&found.space, asking));
    }
    if text.is_empty() {
        text.push_str("You are not let in yet; the members come with the bundle that lets you in.");
    }
    let json = json!({
        "space": found.space.as_str(),
        "members": found.members.iter().map(member_json).collect::<Vec<_>>(),
        "asking": found.asking.iter().map(asking_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

/// A member in a line, and each of its devices in one below.
pub(super) fn member_lines(member: &MemberLine) -> Vec<String> {
    let own = if member.is_own { "  you" } else { "" };
    let mut line = format!("{}  {}", short(&member.id.0), member.name);
    match (member.role, &member.removed) {
        (Some(role), _) => {
            let _ = write!(line, "  {role}{own}");
        }
        (None, Some(removed)) => {
            let _ = write!(line, "  no member any more: {removed}{own}");
        }
        (None, None) => {
            let _ = write!(line, "  no member any more{own}");
        }
    }
    if let Some(by) = &member.added_by {
        let _ = write!(line, "  added by {by} {} by their clock", member.joined_at);
    }
    if !member.compartments.is_empty() {
        let _ = write!(line, "  reads {}", member.compartments.join(", "));
    }
    let devices = member.devices.iter();
    let shown = devices.filter(|device| device.is_active || member.role.is_some());
    let mut lines = vec![line];
    lines.extend(shown.map(|device| format!("  {}", device_text(device, false))));
    lines
}

pub(super) fn member_json(member: &MemberLine) -> Value {
    json!({
        "id": hex(&member.id.0),
        "name": member.name,
        "you": member.is_own,
        "role": member.role.map(Role::word),
        "history": member.history.word(),
        "joined_at_claimed": member.joined_at.0,
        "added_by": member.added_by,
        "removed": member.removed,
        "compartments": member.compartments,
        "devices": member.devices.iter().map(device_json).collect::<Vec<_>>(),
    })
}

fn add(context: &Context, asked: &OneMember) -> Result<Report, CommandError> {
    let added = members::add(context.vault()?, &asked.space, &asked.member, context.now())?;
    let (name, news) = added;
    let mut text = String::new();
    write_news(&mut text, &news);
    text.push_str("Next: sync, so that they get the space.");
    let json = json!({
        "space": asked.space,
        "name": Shown(&name).to_string(),
        "news": news_json(&news),
    });
    Ok(Report::new(text, json))
}

fn role(context: &Context, asked: &MemberRole) -> Result<Report, CommandError> {
    let role = role_of(&asked.role)?;
    let (vault, now) = (context.vault()?, context.now());
    let changed = members::set_role(vault, &asked.space, &asked.member, role, now)?;
    let name = &changed.member.name;
    let mut text = match (changed.was, changed.member.role) {
        (Some(was), Some(is)) => format!("{name} was {was} and is {is} now.\n"),
        _ => format!("{name} is no member any more.\n"),
    };
    write_ending(&mut text, &changed);
    Ok(Report::new(text, changed_json(&changed)))
}

fn remove(context: &Context, asked: &RemoveMember) -> Result<Report, CommandError> {
    let reason = reason_of(asked.reason.as_deref())?;
    let (vault, now) = (context.vault()?, context.now());
    let changed = members::remove(vault, &asked.space, &asked.member, reason, now)?;
    let (name, space) = (&changed.member.name, &changed.space);
    let mut text = format!("{name} is no member of {space} any more.\n");
    write_ending(&mut text, &changed);
    let seal = format!(
        "`offline-vault seal {space} {}`",
        short(&changed.member.id.0)
    );
    let _ = writeln!(
        text,
        "What they write before they know of it stays aside as late work; {}.",
        match changed.own_role {
            Some(Role::Owner) => format!("{seal} voids what has not come yet"),
            _ => format!("an owner can void what has not come yet: {seal}"),
        }
    );
    Ok(Report::new(text, changed_json(&changed)))
}

/// `seal`.
pub(super) fn seal(context: &Context, asked: &OneMember) -> Result<Report, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    let changed = members::seal(vault, &asked.space, &asked.member, now)?;
    let name = &changed.member.name;
    let mut text = format!(
        "{name} is sealed: what they wrote and this vault has not taken in is void for everybody, \
         whenever it comes.\n"
    );
    if let Some(role) = changed.member.role {
        let _ = writeln!(
            text,
            "{name} is {role} still; `offline-vault member remove {} {}` removes them.",
            changed.space,
            short(&changed.member.id.0)
        );
    }
    write_ending(&mut text, &changed);
    Ok(Report::new(text, changed_json(&changed)))
}

fn write_ending(text: &mut String, changed: &MemberChanged) {
    if changed.renews_key {
        text.push_str(
            "What is written from now on is sealed with a new key that they never get; what they \
             have read they may keep.\n",
        );
    }
    write_news(text, &changed.news);
    text.push_str("The others hear of it with the next sync.\n");
}

fn changed_json(changed: &MemberChanged) -> Value {
    json!({
        "space": changed.space.as_str(),
        "member": member_json(&changed.member),
        "was": changed.was.map(Role::word),
        "new_key": changed.renews_key,
        "news": news_json(&changed.news),
    })
}
