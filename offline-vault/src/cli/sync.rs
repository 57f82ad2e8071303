//! `sync`: one plug, both directions.

use std::fmt::Write as _;

use crossing::{Damage, IncomingPack, Options};
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::items::inbox_line;
use super::progress::{Meter, size_text};
use super::space_text::{news_json, news_text};
use super::work_args::Sync;
use super::{CommandError, Context, Report, light};
use crate::wording::count_text;
use crate::work::{Crossed, CrossedLane, ItemId, Medium, WorkError, inbox, sync as cross};

/// Carries out `sync`.
pub(super) fn sync(context: &Context, asked: &Sync) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    if asked.light.is_asked() {
        return light::sync(context, vault, asked);
    }
    let medium = match (&asked.stick, &asked.raw) {
        (_, Some(device)) => Medium::Raw(device),
        (Some(path), None) => Medium::Stick(path),
        // The parser asks for one of the two.
        (None, None) => return Err(CommandError::NoAnswer),
    };
    let options = Options {
        part_bytes: u64::from(asked.part_mib) * 1024 * 1024,
        overwrite: asked.overwrite,
        ..Options::default()
    };
    let mut meter = Meter::new("Looking at the medium", None, context.options.json);
    let crossed = cross(vault, medium, &options, context.now(), &mut meter);
    drop(meter);
    let crossed = crossed?;
    let mut text = String::new();
    write_arrived(&mut text, vault, &crossed)?;
    for lane in &crossed.lanes {
        write_lane(&mut text, lane, crossed.report.medium_read_only);
    }
    write_ending(&mut text, &crossed);
    let json = crossed_json(&crossed);
    end(crossed, Report::new(text, json))
}

/// The report, followed by what went wrong, if something did.
pub(super) fn end(crossed: Crossed, report: Report) -> Result<Report, CommandError> {
    let refused_count = crossed.refused.len();
    let error = match crossed.outcome {
        Err(err) => WorkError::Crossing(err),
        Ok(()) if refused_count > 0 => WorkError::BundlesRefused { refused_count },
        Ok(()) if crossed.spaces.failed_spaces > 0 => WorkError::SpacesBehind {
            count: crossed.spaces.failed_spaces,
        },
        Ok(()) => return Ok(report),
    };
    Err(CommandError::AfterReport {
        report: Box::new(report),
        error: Box::new(error.into()),
    })
}

pub(super) fn write_arrived(
    text: &mut String,
    vault: &crate::vault::Vault,
    crossed: &Crossed,
) -> Result<(), CommandError> {
    if !crossed.new_items.is_empty() {
        let _ = writeln!(text, "Taken in:");
        let items = inbox(vault)?;
        for item in items
            .iter()
            .filter(|item| crossed.new_items.contains(&item.item))
        {
            let _ = writeln!(text, "  {}", inbox_line(item));
        }
    }
    for request in &crossed.requests {
        let _ = writeln!(
            text,
            "{request}: a signing request waits for you. Next: `offline-vault show {request}`."
        );
    }
    for (item, name) in &crossed.confirmed {
        let _ = writeln!(text, "{item}: confirmed by {name} (signed receipt).");
    }
    let news: Vec<String> = crossed.spaces.news.iter().map(news_text).collect();
    for line in &news {
        let _ = writeln!(text, "{line}");
    }
    // What happened in a space is also noted in the journal, and said once here.
    for note in crossed.notes.iter().filter(|note| !news.contains(note)) {
        let _ = writeln!(text, "{}", Shown(note));
    }
    if crossed.duplicates > 0 {
        let _ = writeln!(text, "{} bundles were here already.", crossed.duplicates);
    }
    Ok(())
}

fn write_lane(text: &mut String, lane: &CrossedLane, is_read_only: bool) {
    let name = &lane.name;
    for pack in &lane.report.incoming {
        let _ = writeln!(text, "{}", incoming_text(name.as_str(), pack));
    }
    for pack in &lane.report.damaged {
        let what = match pack.damage {
            Damage::Altered => "was altered",
            Damage::CutShort => "was cut short",
            Damage::Unreadable => "cannot be read from the medium",
            Damage::NotUnderstood => "holds something this version does not understand",
        };
        let _ = writeln!(text, "A pack from {name} {what}; it was not taken in.");
    }
    if !lane.on_medium.is_empty() {
        let items: Vec<_> = lane.on_medium.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "On stick (checked) for {name}: {}.", items.join(", "));
    }
    let written = lane.report.bytes_written;
    if written > 0 {
        let parts = count_text(u64::from(lane.report.parts_written), "part");
        let _ = writeln!(text, "Wrote {} in {parts} for {name}.", size_text(written));
    }
    let to_carry = lane.report.parts_to_carry();
    if to_carry > 0 && !is_read_only {
        let bytes: u64 = lane
            .report
            .outgoing
            .iter()
            .map(|pack| pack.bytes_to_carry)
            .sum();
        let _ = writeln!(
            text,
            "{to_carry} parts ({}) for {name} did not fit: carry this stick, then run the same \
             command with another one, or with this one when it is empty.",
            size_text(bytes)
        );
    }
    let waiting = lane.report.items_waiting;
    if waiting > 0 {
        let _ = writeln!(
            text,
            "{waiting} items for {name} did not fit and wait in the vault: run the same command \
             with another stick, or with this one when there is room.",
        );
    }
}

/// "Part 2 of 3 has not arrived."
fn incoming_text(name: &str, pack: &IncomingPack) -> String {
    let parts: Vec<_> = pack
        .missing
        .iter()
        .take(20)
        .map(|part| (part + 1).to_string())
        .collect();
    let (word, have) = if parts.len() == 1 {
        ("Part", "has")
    } else {
        ("Parts", "have")
    };
    format!(
        "{word} {} of {} of a pack from {name} {have} not arrived; what came is kept.",
        parts.join(", "),
        pack.part_count
    )
}

/// Items that no pairing brings to their readers.
pub(super) fn write_without_way(text: &mut String, crossed: &Crossed) {
    for (item, name) in &crossed.without_way {
        let _ = writeln!(
            text,
            "{item}: there is no way to {name} yet; `offline-vault explain {item}` says what is \
             missing."
        );
    }
}

fn write_ending(text: &mut String, crossed: &Crossed) {
    let report = &crossed.report;
    if report.foreign_count > 0 {
        // A stick that brought something is the right one: it serves others as well.
        let brought = report.lanes.iter().any(|lane| lane.packs_taken > 0);
        let _ = writeln!(
            text,
            "Files on the medium that are not for this vault: {}. They are another pairing's, or \
             anything else, and were not touched.{}",
            report.foreign_count,
            if brought {
                ""
            } else {
                " Is it the right stick?"
            }
        );
    }
    if report.medium_read_only {
        text.push_str("The medium is read-only: everything was taken in, nothing was written.\n");
    }
    write_without_way(text, crossed);
    let is_quiet = report.lanes.iter().all(|lane| {
        let moved = lane.bytes_written > 0 || lane.packs_taken > 0;
        !moved && lane.items_waiting == 0 && lane.parts_to_carry() == 0 && lane.damaged.is_empty()
    });
    if is_quiet && crossed.outcome.is_ok() && crossed.without_way.is_empty() {
        text.push_str("There was nothing new in either direction.\n");
    }
    text.push_str(if report.safe_to_remove {
        "Safe to remove.\n"
    } else {
        "Do not count on this medium: it was not read back to its end.\n"
    });
}

pub(super) fn crossed_json(crossed: &Crossed) -> Value {
    let names = |items: &[ItemId]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    let confirmed: Vec<_> = crossed
        .confirmed
        .iter()
        .map(|(item, name)| json!({ "item": item.to_string(), "by": name.as_str() }))
        .collect();
    let lanes: Vec<_> = crossed.lanes.iter().map(lane_json).collect();
    json!({
        "taken_in": names(&crossed.new_items),
        "confirmed": confirmed,
        "requests": crossed.requests.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "refused": crossed.refused,
        "noted": crossed.notes,
        "spaces": news_json(&crossed.spaces.news),
        "duplicates": crossed.duplicates,
        "pairings": lanes,
        "foreign_files": crossed.report.foreign_count,
        "leftovers_removed": crossed.report.leftovers_removed,
        "read_only": crossed.report.medium_read_only,
        "safe_to_remove": crossed.report.safe_to_remove,
    })
}

fn lane_json(lane: &CrossedLane) -> Value {
    let report = &lane.report;
    let on_stick: Vec<_> = lane.on_medium.iter().map(ToString::to_string).collect();
    let incoming: Vec<_> = report
        .incoming
        .iter()
        .map(|pack| {
            let missing: Vec<_> = pack.missing.iter().map(|part| part + 1).collect();
            json!({ "parts": pack.part_count, "missing": missing })
        })
        .collect();
    json!({
        "pairing": lane.name.as_str(),
        "on_stick": on_stick,
        "packs_taken": report.packs_taken,
        "bytes_taken": report.bytes_taken,
        "packs_damaged": report.damaged.len(),
        "incomplete": incoming,
        "duplicate_parts": report.duplicate_parts,
        "parts_written": report.parts_written,
        "bytes_written": report.bytes_written,
        "parts_to_carry": report.parts_to_carry(),
        "items_waiting": report.items_waiting,
    })
}

#[cfg(test)]
mod tests {
    use super::super::items::origin_text;
    use super::*;

    #[test]
    fn a_missing_part_is_named_as_people_count() {
        let pack = IncomingPack {
            index: 0,
            part_count: 3,
            missing: vec![1],
        };
        assert_eq!(
            incoming_text("courier", &pack),
            "Part 2 of 3 of a pack from courier has not arrived; what came is kept."
        );
    }

    #[test]
    fn an_unknown_sender_is_never_shown_as_a_name() {
        let unknown = crate::work::Origin::Unknown {
            words: "one two".to_owned(),
        };
        assert_eq!(origin_text(&unknown), "UNKNOWN SENDER (one two)");
    }
}
