//! The marks as the library keeps them: a key and a value each.

use loro::{ExpandType, LoroValue, StyleConfig};
use note_protocol::{Mark, MarkKind};

/// The key of a kind.
pub(crate) fn key(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Bold => "bold",
        MarkKind::Italic => "italic",
        MarkKind::Heading => "heading",
        MarkKind::Link => "link",
        MarkKind::ListItem => "list",
    }
}

/// Whether text that is written at the edge of a mark is marked: letters behind bold ones are
/// bold, but what follows a link is not the link. A mark of lines is read by line, see
/// [`crate::rich_text`].
pub(crate) fn config(kind: MarkKind) -> StyleConfig {
    let expand = match kind {
        MarkKind::Bold | MarkKind::Italic => ExpandType::After,
        MarkKind::Heading | MarkKind::Link | MarkKind::ListItem => ExpandType::None,
    };
    StyleConfig { expand }
}

/// The value of a mark.
pub(crate) fn value(mark: &Mark) -> LoroValue {
    match mark {
        Mark::Bold | Mark::Italic => true.into(),
        Mark::Heading(level) | Mark::ListItem(level) => i64::from(*level).into(),
        Mark::Link(target) => target.as_str().into(),
    }
}

/// The mark of a kind with this value; nothing for a value that this version does not know, or
/// where the mark was taken off.
pub(crate) fn mark(kind: MarkKind, value: &LoroValue) -> Option<Mark> {
    let mark = match (kind, value) {
        (MarkKind::Bold, LoroValue::Bool(true)) => Mark::Bold,
        (MarkKind::Italic, LoroValue::Bool(true)) => Mark::Italic,
        (MarkKind::Heading, LoroValue::I64(level)) => Mark::Heading(u8::try_from(*level).ok()?),
        (MarkKind::Link, LoroValue::String(target)) => Mark::Link(target.to_string()),
        (MarkKind::ListItem, LoroValue::I64(depth)) => Mark::ListItem(u8::try_from(*depth).ok()?),
        _ => return None,
    };
    mark.checked()
}
