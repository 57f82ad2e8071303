//! Making changes to a text.

use std::ops::Range;

use loro::{LoroText, UpdateOptions};
use note_protocol::limits::TEXT_BYTES_MAX;
use note_protocol::{Change, MarkKind, Part, Refusal, TextRange};

use crate::document::check_len;
use crate::style;

/// Makes the changes, one after the other.
pub(crate) fn make(text: &LoroText, changes: &[Change]) -> Result<(), Refusal> {
    for (index, change) in changes.iter().enumerate() {
        let refusal = Refusal::Range {
            change: u32::try_from(index).map_err(|_| Refusal::Request)?,
        };
        match change {
            Change::Text(wanted) => become_text(text, wanted)?,
            Change::Mark(range, mark) => {
                let range = characters(text, *range, mark.kind()).ok_or(refusal)?;
                let key = style::key(mark.kind());
                let marked = text.mark(range, key, style::value(mark));
                marked.map_err(|_| Refusal::Fault)?;
            }
            Change::Clear(range, kind) => {
                let range = characters(text, *range, *kind).ok_or(refusal)?;
                let cleared = text.unmark(range, style::key(*kind));
                cleared.map_err(|_| Refusal::Fault)?;
            }
        }
    }
    Ok(())
}

/// Turns the text into another by the smallest difference that is found in time: letter by letter,
/// else line by line, else as one part that is replaced.
///
/// A search that runs out of time may leave some of its changes, so that the next begins there.
fn become_text(text: &LoroText, wanted: &str) -> Result<(), Refusal> {
    check_len(wanted.len(), TEXT_BYTES_MAX, Part::Text)?;
    let options = || UpdateOptions {
        timeout_ms: Some(SEARCH_MILLIS_MAX),
        ..UpdateOptions::default()
    };
    let is_done =
        text.update(wanted, options()).is_ok() || text.update_by_line(wanted, options()).is_ok();
    if is_done {
        return Ok(());
    }
    replace_middle(text, wanted)
}

/// Replaces all between what is equal at the beginning and at the end.
fn replace_middle(text: &LoroText, wanted: &str) -> Result<(), Refusal> {
    let old: Vec<char> = text.to_string().chars().collect();
    let new: Vec<char> = wanted.chars().collect();
    let both = old.iter().zip(&new);
    let head = both.take_while(|(old, new)| old == new).count();
    let rest = old.iter().skip(head).rev().zip(new.iter().skip(head).rev());
    let tail = rest.take_while(|(old, new)| old == new).count();
    let deleted = old.len().saturating_sub(head).saturating_sub(tail);
    let inserted = new.len().saturating_sub(head).saturating_sub(tail);
    let insert: String = new.iter().skip(head).take(inserted).collect();
    text.splice(head, deleted, &insert)
        .map(|_| ())
        .map_err(|_| Refusal::Fault)
}

/// The range in characters, or nothing where the text has no such part. A mark of lines takes
/// whole lines.
fn characters(text: &LoroText, range: TextRange, kind: MarkKind) -> Option<Range<usize>> {
    let text = text.to_string();
    let mut bytes = range.in_bytes()?;
    let before = text.get(..bytes.start)?;
    let after = text.get(bytes.end..)?;
    if kind.is_of_lines() {
        bytes.start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        bytes.end = match after.find('\n') {
            Some(at) => bytes.end.checked_add(at)?,
            None => text.len(),
        };
    }
    let part = text.get(bytes.clone())?;
    let start = text.get(..bytes.start)?.chars().count();
    let len = part.chars().count();
    (len > 0).then_some(start..start.checked_add(len)?)
}

/// How long each search for a small difference may take: together well below the time that the
/// process has.
const SEARCH_MILLIS_MAX: f64 = 1000.0;
