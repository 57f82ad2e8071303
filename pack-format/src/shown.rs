//! Text from outside, made safe to show: the one wrapper through which names, paths and reports
//! of others reach a terminal or a screen.

use std::fmt::{self, Write as _};

/// Shows foreign text with control characters, line breaks and invisible direction marks escaped,
/// cut after [`SHOWN_CHARS_MAX`] characters.
pub struct Shown<'a>(pub &'a str);

/// Characters shown before the rest is replaced by an ellipsis.
pub const SHOWN_CHARS_MAX: usize = 300;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, ch) in self.0.chars().enumerate() {
            if position == SHOWN_CHARS_MAX {
                return formatter.write_char('…');
            }
            if is_hidden(ch) {
                write!(formatter, "\\u{{{:x}}}", u32::from(ch))?;
            } else {
                formatter.write_char(ch)?;
            }
        }
        Ok(())
    }
}

/// Whether a character can hide, reorder or forge what stands around it on a screen.
#[must_use]
pub fn is_hidden(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_direction_marks_become_visible() {
        assert_eq!(
            Shown("a\u{1b}[2Jb\u{202e}c\n").to_string(),
            "a\\u{1b}[2Jb\\u{202e}c\\u{a}"
        );
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Shown(&"x".repeat(1000)).to_string();
        assert_eq!(shown.chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
