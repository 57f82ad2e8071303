//! What several commands on spaces say in the same words.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::space::waits_text;
use super::{CommandError, Report};
use crate::names::LocalName;
use crate::team::checkpoints::CheckpointLine;
use crate::team::members::Vote;
use crate::team::shown::{self, Gaps, SpaceLine};
use crate::team::{Asking, News};
use crate::vault::Vault;
use crate::wording::count_text;

/// An id in full, for programs.
pub(super) fn hex(id: &[u8]) -> String {
    HEXLOWER.encode(id)
}

/// The digits of an id that people type.
pub(super) fn short(id: &[u8]) -> String {
    hex(id).chars().take(8).collect()
}

/// `desk: Bilal is a member now, as editor.`
pub(super) fn news_text(news: &News) -> String {
    format!("{}: {}", news.space, news.what)
}

/// What else came of a command, a line each.
pub(super) fn write_news(text: &mut String, news: &[News]) {
    for one in news {
        let _ = writeln!(text, "{}", news_text(one));
    }
}

/// What a courier has that it is not to read; nothing for others.
pub(super) fn carried_text(count: u64) -> Option<String> {
    let segments = count_text(count, "segment");
    (count > 0).then(|| format!("You carry {segments} that you cannot read."))
}

/// A list of a space, with what a courier carries beside it.
pub(super) fn beside_carried(
    report: Report,
    vault: &Vault,
    space: &str,
) -> Result<Report, CommandError> {
    Ok(match carried_text(shown::carried(vault, space)?) {
        Some(carried) => report.with_note(carried),
        None => report,
    })
}

/// A line for each space in which something waits.
pub(super) fn waiting_lines(spaces: &[SpaceLine]) -> Vec<String> {
    let lines = spaces.iter().map(|line| (line, waits_text(line)));
    lines
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(line, waits)| format!("{}  {waits}", line.name))
        .collect()
}

pub(super) fn news_json(news: &[News]) -> Value {
    let news = news.iter();
    let news: Vec<Value> = news
        .map(|one| json!({ "space": one.space, "what": one.what }))
        .collect();
    json!(news)
}

/// Somebody who waits to be let in.
pub(super) fn asking_text(asking: &Asking) -> String {
    let contact = asking.contact.as_ref();
    let contact = contact.map_or_else(String::new, |contact| format!(", your contact {contact}"));
    format!(
        "ASKS TO BE LET IN: {} (as {}){contact}, since {}",
        Shown(&asking.name),
        asking.as_what,
        asking.at
    )
}

pub(super) fn asking_json(asking: &Asking) -> Value {
    json!({
        "name": asking.name,
        "contact": asking.contact.as_ref().map(LocalName::as_str),
        "as": asking.as_what,
        "since": asking.at.0,
    })
}

/// A vote that is open, and what is missing for it.
pub(super) fn vote_text(vote: &Vote) -> String {
    let what = if vote.adds {
        "making an owner of"
    } else {
        "removing the owner"
    };
    format!(
        "vote: {what} {} ({}); voted: {}; {} more needed",
        vote.member,
        short(&vote.id.0),
        vote.voters.join(", "),
        vote.missing
    )
}

pub(super) fn vote_json(vote: &Vote) -> Value {
    json!({
        "change": if vote.adds { "add" } else { "remove" },
        "member": vote.member,
        "id": hex(&vote.id.0),
        "voters": vote.voters,
        "missing_votes": vote.missing,
    })
}

/// What is missing, a line each.
pub(super) fn gaps_text(gaps: &Gaps) -> Vec<String> {
    let mut lines = Vec::new();
    for (whose, first, last) in &gaps.segments {
        lines.push(if first == last {
            format!("segment {first} of {whose} has not come, and later ones have")
        } else {
            format!("segments {first}–{last} of {whose} have not come, and later ones have")
        });
    }
    if gaps.pending > 0 {
        lines.push(format!(
            "{} for others that they follow",
            wait_text(gaps.pending, "segment")
        ));
    }
    for (compartment, by, count) in &gaps.without_key {
        let place = compartment
            .as_ref()
            .map_or_else(String::new, |name| format!(" of {name}"));
        lines.push(format!(
            "{}{place} for a key that {by} made; whoever has it gives it to you with their next \
             bundle, if you may read it",
            wait_text(*count, "segment")
        ));
    }
    if gaps.absent > 0 {
        let count = count_text(gaps.absent, "segment");
        lines.push(format!("the content of {count} has not come"));
    }
    if gaps.unreadable > 0 {
        let count = count_text(gaps.unreadable, "segment");
        lines.push(format!("{count} cannot be read by this version"));
    }
    if gaps.pieces > 0 {
        let count = count_text(gaps.pieces, "piece");
        lines.push(format!("{count} of files; your next bundles ask for them"));
    }
    lines
}

/// `1 segment waits`, `3 segments wait`.
fn wait_text(count: u64, what: &str) -> String {
    let verb = if count == 1 { "waits" } else { "wait" };
    format!("{} {verb}", count_text(count, what))
}

pub(super) fn gaps_json(gaps: &Gaps) -> Value {
    let segments = gaps.segments.iter();
    let segments: Vec<Value> = segments
        .map(|(whose, first, last)| json!({ "of": whose, "first": first, "last": last }))
        .collect();
    let without_key = gaps.without_key.iter();
    let without_key: Vec<Value> = without_key
        .map(|(compartment, by, count)| {
            json!({ "compartment": compartment, "key_of": by, "segment_count": count })
        })
        .collect();
    json!({
        "segments": segments,
        "pending_segment_count": gaps.pending,
        "without_key": without_key,
        "absent_payload_count": gaps.absent,
        "unreadable_segment_count": gaps.unreadable,
        "missing_piece_count": gaps.pieces,
    })
}

/// A checkpoint, and who says what to it.
pub(super) fn checkpoint_text(line: &CheckpointLine) -> String {
    let mut text = format!(
        "checkpoint {} by {}, {} by their clock: confirmed by {}",
        short(&line.segment.0),
        line.by,
        line.claimed_at,
        list_text(&line.confirmed)
    );
    if !line.open.is_empty() {
        let _ = write!(text, "; not answered by {}", line.open.join(", "));
    }
    if !line.contradicted.is_empty() {
        let _ = write!(
            text,
            "; ALARM: {} come to another state",
            line.contradicted.join(", ")
        );
    }
    text
}

fn list_text(names: &[String]) -> String {
    if names.is_empty() {
        "nobody yet".to_owned()
    } else {
        names.join(", ")
    }
}

pub(super) fn checkpoint_json(line: &CheckpointLine) -> Value {
    json!({
        "checkpoint": hex(&line.segment.0),
        "by": line.by,
        "claimed_at": line.claimed_at.0,
        "confirmed": line.confirmed,
        "contradicted": line.contradicted,
        "open": line.open,
    })
}
