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
            // Blanks other than the space, which look like one or like nothing.
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}'
            | '\u{3000}'
            // Line ends and direction marks.
            | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // What Unicode lets programs draw as nothing: Default_Ignorable_Code_Point.
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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
    fn what_draws_nothing_or_a_blank_becomes_visible() {
        for ch in [
            '\u{3164}',
            '\u{fe0f}',
            '\u{a0}',
            '\u{e0100}',
            '\u{2800}',
            '\u{34f}',
        ] {
            let shown = Shown(&format!("a{ch}b")).to_string();
            assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(ch)));
        }
        assert_eq!(Shown("a b").to_string(), "a b");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Shown(&"x".repeat(1000)).to_string();
        assert_eq!(shown.chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
