//! `device`: the laptops of the members of a space.

use std::fmt::Write as _;

use serde_json::{Value, json};
use team_core::role::Role;

use super::space::DAY_SECS;
use super::space_args::{DeviceCommand, LinkDevice, NamedSpace, RemoveDevice, RetireDevices};
use super::space_text::{hex, short};
use super::{CommandError, Context, Report};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::team::devices::{self, DeviceLine};
use crate::team::members::reason_of;
use crate::team::spaces;
use crate::wording::count_text;

/// Carries out one of the commands on devices.
pub(super) fn device(context: &Context, command: DeviceCommand) -> Result<Report, CommandError> {
    match command {
        DeviceCommand::Link(asked) => link(context, &asked),
        DeviceCommand::List(asked) => list(context, &asked),
        DeviceCommand::Remove(asked) => remove(context, &asked),
        DeviceCommand::Retire(asked) => retire(context, &asked),
    }
}

fn link(context: &Context, asked: &LinkDevice) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let names = spaces::link(vault, &asked.contact, &asked.spaces, context.now())?;
    let names: Vec<&str> = names.iter().map(LocalName::as_str).collect();
    let text = format!(
        "The offer to {} is ready to carry; it holds for a week and is for: {}.\n\
         Next: sync; then `offline-vault space join all` on the other laptop.",
        asked.contact,
        names.join(", ")
    );
    let json = json!({ "to": asked.contact, "spaces": names });
    Ok(Report::new(text, json))
}

fn list(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let (name, lines) = devices::devices(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", device_text(line, true));
    }
    let json = json!({
        "space": name.as_str(),
        "devices": lines.iter().map(device_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

/// `5fc1a902  Bilal  heard of 2026-11-03 14:05 UTC, has everything`.
pub(super) fn device_text(line: &DeviceLine, with_member: bool) -> String {
    let mut text = short(&line.id.0);
    if with_member {
        let _ = write!(text, "  {}", line.member);
    }
    let state = match (line.is_this, line.is_active, &line.removed) {
        (_, false, Some(removed)) => removed.clone(),
        (_, false, None) => "does not count any more".to_owned(),
        (true, true, _) => "this vault".to_owned(),
        (false, true, _) => heard_text(line),
    };
    let _ = write!(text, "  {state}");
    if let Some(number) = line.forked_from {
        let _ = write!(text, "  TWO LOGS from segment {number} on");
    }
    if let Some(contact) = &line.vault_of {
        let _ = write!(text, "  vault of {contact}");
    }
    if line.is_active && !line.has_way {
        text.push_str("  no way to it from this vault: others have to pass on");
    }
    text
}

/// As of when something is known of a device, and what.
fn heard_text(line: &DeviceLine) -> String {
    let Some(heard) = line.heard else {
        return "never heard of".to_owned();
    };
    let has = match line.lacks {
        Some(0) => "had everything that is here".to_owned(),
        Some(count) => format!("lacked {} of what is here", count_text(count, "segment")),
        None => "nothing is known of what it has".to_owned(),
    };
    format!(
        "as of {} (came {}): {has}",
        heard.claimed_at, heard.received_at
    )
}

pub(super) fn device_json(line: &DeviceLine) -> Value {
    json!({
        "id": hex(&line.id.0),
        "member": line.member,
        "member_id": hex(&line.member_id.0),
        "this_vault": line.is_this,
        "role": line.role.map(Role::word),
        "active": line.is_active,
        "removed": line.removed,
        "forked_from": line.forked_from,
        "heard_at": line.heard.map(|heard| heard.received_at.0),
        "heard_as_of_claimed": line.heard.map(|heard| heard.claimed_at.0),
        "lacks_segment_count": line.lacks,
        "vault_of": line.vault_of.as_ref().map(LocalName::as_str),
        "has_way": line.has_way,
    })
}

fn remove(context: &Context, asked: &RemoveDevice) -> Result<Report, CommandError> {
    let reason = reason_of(asked.reason.as_deref())?;
    let (vault, now) = (context.vault()?, context.now());
    let (name, line) = devices::remove(vault, &asked.space, &asked.device, reason, now)?;
    let mut text = format!(
        "The device {} of {} does not count in {name} any more.\n\
         What is written from now on is sealed with a new key that it never gets.\n",
        short(&line.id.0),
        line.member
    );
    text.push_str(if line.is_this {
        "It is this vault: what is here can be read. Next: sync, so that the others hear of it."
    } else {
        "The others hear of it with the next sync."
    });
    let json = json!({ "space": name.as_str(), "device": device_json(&line), "new_key": true });
    Ok(Report::new(text, json))
}

fn retire(context: &Context, asked: &RetireDevices) -> Result<Report, CommandError> {
    let now = context.now();
    let silence = u64::from(asked.days).saturating_mul(DAY_SECS);
    let since = UnixTime::of_secs(now.to_secs().saturating_sub(silence));
    let retired = devices::retire(context.vault()?, &asked.space, since, now)?;
    let mut text = String::new();
    for line in &retired.removed {
        let _ = writeln!(
            text,
            "Removed: {} of {}, {}",
            short(&line.id.0),
            line.member,
            heard_text(line)
        );
    }
    for (line, reason) in &retired.kept {
        let _ = writeln!(
            text,
            "Kept: {} of {}: {reason}",
            short(&line.id.0),
            line.member
        );
    }
    if retired.removed.is_empty() && retired.kept.is_empty() {
        let _ = writeln!(text, "Something was heard of every device since {since}.");
    }
    let kept = retired.kept.iter();
    let kept: Vec<Value> = kept
        .map(|(line, reason)| json!({ "device": device_json(line), "reason": reason }))
        .collect();
    let json = json!({
        "space": retired.space.as_str(),
        "since": since.0,
        "removed": retired.removed.iter().map(device_json).collect::<Vec<_>>(),
        "kept": kept,
        "new_key": !retired.removed.is_empty(),
    });
    Ok(Report::new(text, json))
}
