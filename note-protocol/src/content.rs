//! What a document says: its text and the marks on it.

use std::ops::Range;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::bytes::{check_len, read_text, write_text};
use crate::limits::{SPANS_MAX, TEXT_BYTES_MAX};
use crate::mark::{Mark, MarkKind};

/// A part of a text, in bytes of its UTF-8 form; the end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextRange {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl TextRange {
    /// The part of `text`, or nothing where the range leaves it or cuts a character.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.in_bytes()?)
    }

    /// The range as the standard library has it.
    #[must_use]
    pub fn in_bytes(self) -> Option<Range<usize>> {
        let start = usize::try_from(self.start).ok()?;
        Some(start..usize::try_from(self.end).ok()?)
    }
}

/// A part of a text with one mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The part; not empty.
    pub range: TextRange,
    /// The mark.
    pub mark: Mark,
}

/// A text with its marks.
///
/// Spans ascend by kind of mark, then by place, and those of one kind do not overlap, so that
/// equal texts with equal marks have one form. It can be hashed to compare documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    text: String,
    spans: Vec<Span>,
}

impl Content {
    /// A text with marks.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] for too long a text or too many spans, and [`DecodeError::Rule`]
    /// for spans that are out of order, empty, or not of this text.
    pub fn new(text: String, spans: Vec<Span>) -> Result<Self, DecodeError> {
        check_len("text", text.len(), TEXT_BYTES_MAX)?;
        check_len("marked ranges", spans.len(), SPANS_MAX)?;
        let mut before: Option<(MarkKind, u32)> = None;
        for span in &spans {
            span.mark.check()?;
            let follows = before.is_none_or(|(kind, end)| {
                kind < span.mark.kind() || (kind == span.mark.kind() && end <= span.range.start)
            });
            let is_of_text = span.range.of(&text).is_some_and(|part| !part.is_empty());
            if !follows || !is_of_text {
                return Err(DecodeError::Rule {
                    what: "a mark is out of its place",
                });
            }
            before = Some((span.mark.kind(), span.range.end));
        }
        Ok(Self { text, spans })
    }

    /// The text without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The marks.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The text, without the marks.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Wire for TextRange {
    const WHAT: &'static str = "range of a text";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.start).u32(self.end);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            start: reader.u32(Self::WHAT)?,
            end: reader.u32(Self::WHAT)?,
        })
    }
}

impl Wire for Content {
    const WHAT: &'static str = "content of a note";

    fn write(&self, writer: &mut Writer) {
        write_text(writer, &self.text);
        writer.count(self.spans.len());
        for span in &self.spans {
            span.range.write(writer);
            span.mark.write(writer);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = read_text(reader)?;
        let mut spans = Vec::new();
        for _ in 0..reader.count(SPANS_MAX, "marked ranges")? {
            spans.push(Span {
                range: TextRange::read(reader)?,
                mark: Mark::read(reader)?,
            });
        }
        Self::new(text, spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32, mark: Mark) -> Span {
        Span {
            range: TextRange { start, end },
            mark,
        }
    }

    #[test]
    fn refuses_marks_that_are_not_of_the_text_or_out_of_order() {
        let refused = [
            vec![span(0, 6, Mark::Bold)],
            vec![span(0, 2, Mark::Bold)],
            vec![span(1, 1, Mark::Bold)],
            vec![span(3, 1, Mark::Bold)],
            vec![span(0, 1, Mark::Italic), span(0, 1, Mark::Bold)],
            vec![span(0, 4, Mark::Bold), span(3, 5, Mark::Bold)],
            vec![span(0, 1, Mark::Heading(7))],
            vec![span(0, 1, Mark::Link(String::new()))],
        ];
        for spans in refused {
            assert!(
                Content::new("aébc".to_owned(), spans.clone()).is_err(),
                "{spans:?}"
            );
        }
    }

    #[test]
    fn content_arrives_as_it_was_written() {
        let spans = vec![
            span(0, 1, Mark::Bold),
            span(3, 5, Mark::Bold),
            span(0, 5, Mark::Heading(2)),
            span(1, 3, Mark::Link("x".repeat(2048))),
            span(0, 5, Mark::ListItem(7)),
        ];
        let content = Content::new("aébc".to_owned(), spans).unwrap();
        assert_eq!(Content::from_wire(&content.to_wire()), Ok(content));
    }
}
