//! What a text of the library says, in one form.

use loro::{LoroText, TextDelta};
use note_protocol::limits::{SPANS_MAX, TEXT_BYTES_MAX};
use note_protocol::{Content, Mark, MarkKind, Part, Refusal, Span, TextRange};

use crate::document::check_len;
use crate::style;

/// The text and its marks.
///
/// A mark of lines holds for every line of which any letter has it: somebody who writes at the
/// beginning or the end of a heading makes it longer, and a line that is broken off keeps nothing.
pub(crate) fn content(text: &LoroText) -> Result<Content, Refusal> {
    let (text, pieces) = pieces(text)?;
    let mut spans = Vec::new();
    for (kind, pieces) in MarkKind::ALL.into_iter().zip(pieces) {
        if kind.is_of_lines() {
            spans.extend(by_line(&text, &pieces));
        } else {
            spans.extend(pieces);
        }
    }
    check_len(spans.len(), SPANS_MAX, Part::Spans)?;
    Content::new(text, spans).map_err(|_| Refusal::Fault)
}

/// The text, and for each kind of mark the parts that have it, in order and as long as possible.
fn pieces(text: &LoroText) -> Result<(String, [Vec<Span>; MarkKind::ALL.len()]), Refusal> {
    let text_bytes = text.len_utf8();
    check_len(text_bytes, TEXT_BYTES_MAX, Part::Text)?;
    let mut plain = String::with_capacity(text_bytes);
    let mut pieces: [Vec<Span>; MarkKind::ALL.len()] = Default::default();
    for delta in text.to_delta() {
        let TextDelta::Insert { insert, attributes } = delta else {
            return Err(Refusal::Fault);
        };
        let start = position(plain.len())?;
        plain.push_str(&insert);
        let end = position(plain.len())?;
        let Some(attributes) = attributes.filter(|_| start < end) else {
            continue;
        };
        for (kind, pieces) in MarkKind::ALL.into_iter().zip(&mut pieces) {
            let value = attributes.get(style::key(kind));
            if let Some(mark) = value.and_then(|value| style::mark(kind, value)) {
                append(pieces, TextRange { start, end }, mark);
            }
        }
    }
    Ok((plain, pieces))
}

fn append(pieces: &mut Vec<Span>, range: TextRange, mark: Mark) {
    match pieces.last_mut() {
        Some(last) if last.range.end == range.start && last.mark == mark => {
            last.range.end = range.end;
        }
        _ => pieces.push(Span { range, mark }),
    }
}

/// Each line that one of the pieces touches, with the mark of the first that does.
fn by_line(text: &str, pieces: &[Span]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut pieces = pieces.iter().peekable();
    for range in lines(text) {
        while pieces
            .next_if(|piece| piece.range.end <= range.start)
            .is_some()
        {}
        if let Some(piece) = pieces.peek().filter(|piece| piece.range.start < range.end) {
            let mark = piece.mark.clone();
            spans.push(Span { range, mark });
        }
    }
    spans
}

/// The lines without their ends.
fn lines(text: &str) -> impl Iterator<Item = TextRange> {
    let mut next_start = 0_u32;
    text.split_inclusive('\n').map(move |line| {
        // A text has at most `TEXT_BYTES_MAX` bytes.
        let len = u32::try_from(line.len()).unwrap_or(u32::MAX);
        let start = next_start;
        next_start = start.saturating_add(len);
        let break_len = u32::from(line.ends_with('\n'));
        let end = next_start.saturating_sub(break_len);
        TextRange { start, end }
    })
}

fn position(bytes: usize) -> Result<u32, Refusal> {
    u32::try_from(bytes).map_err(|_| Refusal::TooLarge { part: Part::Text })
}
