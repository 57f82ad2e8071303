//! `adopt`: late work, read and taken over.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::items::ShownLine;
use super::space_args::Adopt;
use super::space_text::{hex, news_json, short, write_news};
use super::{CommandError, Context, Report};
use crate::team::late::{self, HeldChange, HeldSegment};
use crate::wording::count_text;

/// `adopt`: lists late work, or lets what is named take effect.
pub(super) fn adopt(context: &Context, asked: &Adopt) -> Result<Report, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    if asked.segments.is_empty() {
        return list(context, asked);
    }
    let adopted = late::adopt(vault, &asked.space, &asked.segments, now)?;
    let count = u64::try_from(adopted.segments.len()).unwrap_or(u64::MAX);
    let mut text = format!("Adopted: {} of late work.\n", count_text(count, "segment"));
    for segment in &adopted.segments {
        write_segment(&mut text, segment);
    }
    write_news(&mut text, &adopted.news);
    text.push_str("The others hear of it with the next sync.");
    let json = json!({
        "space": adopted.space.as_str(),
        "adopted": adopted.segments.iter().map(segment_json).collect::<Vec<_>>(),
        "news": news_json(&adopted.news),
    });
    Ok(Report::new(text, json))
}

fn list(context: &Context, asked: &Adopt) -> Result<Report, CommandError> {
    let (name, held) = late::held(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for segment in &held {
        write_segment(&mut text, segment);
    }
    if held.is_empty() {
        let _ = writeln!(text, "There is no late work in {name}.");
    } else {
        let _ = writeln!(
            text,
            "Nothing of this has effect. An approver takes it over with `offline-vault adopt \
             {name} SEGMENT…`."
        );
    }
    let json = json!({
        "space": name.as_str(),
        "late": held.iter().map(segment_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn write_segment(text: &mut String, segment: &HeldSegment) {
    let _ = writeln!(
        text,
        "{}  {}  {} by their clock (a claim), came {}",
        short(&segment.hash.0),
        segment.author,
        segment.claimed_at,
        segment.taken_at
    );
    for change in &segment.changes {
        let _ = writeln!(text, "  {}", change_text(change));
        for line in change.text.iter().flat_map(|text| text.lines()) {
            let _ = writeln!(text, "    {}", ShownLine(line));
        }
    }
}

fn change_text(change: &HeldChange) -> String {
    let now = match &change.now {
        Some(now) if !now.is_empty() => format!(" “{now}”"),
        Some(_) => String::new(),
        None => " (not there now)".to_owned(),
    };
    format!("{} {}{now}: {}", change.kind, change.item, change.what)
}

fn segment_json(segment: &HeldSegment) -> Value {
    let changes = segment.changes.iter().map(|change| {
        json!({
            "item": change.item,
            "kind": change.kind,
            "what": change.what,
            "text": change.text,
            "now": change.now,
        })
    });
    json!({
        "segment": hex(&segment.hash.0),
        "author": segment.author,
        "device": hex(&segment.device.0),
        "written_at_claimed": segment.claimed_at.0,
        "taken_in_at": segment.taken_at.0,
        "changes": changes.collect::<Vec<_>>(),
    })
}
