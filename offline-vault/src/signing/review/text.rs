//! Foreign text on the screen: nothing in it can hide, move the cursor or pass for a heading.

use std::fmt::Write as _;

use pack_format::shown::is_hidden;
use pack_format::words::fingerprint_words;

use super::Line;

/// One line of foreign bytes, whole: characters that hide or forge are written as `\u{…}`, as is a
/// blank at the end, bytes that are not UTF-8 as `\x{…}`; a tab has a `»` in front of it.
///
/// Two lines look the same only when they are the same: backslashes in front of an escape, or of
/// text that looks like one, are doubled, so that an odd number of them begins an escape and an
/// even number does not.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    let mut slashes = 0;
    let last = bytes.len().saturating_sub(1);
    let mut begin = 0;
    for chunk in bytes.utf8_chunks() {
        for (at, ch) in chunk.valid().char_indices() {
            let rest = chunk.valid().get(at..).unwrap_or_default();
            let ends_in_blank = ch == ' ' && begin + at == last;
            let is_escape = ends_in_blank || ch != '\t' && is_hidden(ch);
            if is_escape || rest.starts_with("u{") || rest.starts_with("x{") {
                double(&mut shown, slashes);
            }
            slashes = if ch == '\\' { slashes + 1 } else { 0 };
            if is_escape {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(ch));
            } else if ch == '\t' {
                shown.push_str("»\t");
            } else {
                shown.push(ch);
            }
        }
        begin += chunk.valid().len() + chunk.invalid().len();
        for byte in chunk.invalid() {
            double(&mut shown, slashes);
            slashes = 0;
            let _ = write!(shown, "\\x{{{byte:02x}}}");
        }
    }
    shown
}

fn double(shown: &mut String, slashes: usize) {
    shown.extend(std::iter::repeat_n('\\', slashes));
}

/// What names a key, in words that people compare: those of its BLAKE3.
pub(crate) fn in_words(name: &[u8]) -> String {
    fingerprint_words(blake3::hash(name).as_bytes()).join(" ")
}

/// Foreign text of which nobody asks whether its last line ends, line by line behind a bar.
pub(crate) fn quoted_lines(text: &[u8]) -> Vec<Line> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.map(|line| Line::Quote(escaped(line))).collect()
}

/// Foreign text, line by line behind a bar. That a last line does not end is said in our words.
pub(crate) fn quoted(bytes: &[u8]) -> Vec<Line> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let ended = bytes.strip_suffix(b"\n");
    let body = ended.unwrap_or(bytes);
    let lines = body.split(|byte| *byte == b'\n');
    let mut lines: Vec<Line> = lines.map(|line| Line::Quote(escaped(line))).collect();
    if ended.is_none() {
        lines.push(Line::Note(NO_LINE_FEED.to_owned()));
    }
    lines
}

/// What stands below a text whose last line does not end.
pub(crate) const NO_LINE_FEED: &str = "(no line feed at the end)";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_terminal_escape_and_a_bidi_mark_become_visible() {
        assert_eq!(
            escaped("a\u{1b}[2Jb\u{202e}c".as_bytes()),
            "a\\u{1b}[2Jb\\u{202e}c"
        );
    }

    #[test]
    fn ordinary_backslashes_stay_as_they_are() {
        assert_eq!(escaped(br"C:\dir\n \\share"), r"C:\dir\n \\share");
    }

    #[test]
    fn a_tab_and_a_blank_at_the_end_are_told_from_blanks() {
        assert_eq!(escaped(b"\tx "), "»\tx\\u{20}");
        assert_eq!(escaped("é ".as_bytes()), "é\\u{20}");
        assert_ne!(escaped(b"a  "), escaped(b"a"));
        assert_ne!(escaped("»\t".as_bytes()), escaped(b"\t"));
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_each() {
        assert_eq!(escaped(b"a\xff\xfeb"), "a\\x{ff}\\x{fe}b");
    }

    #[test]
    fn a_line_that_does_not_end_is_told_from_one_that_does() {
        assert_ne!(quoted(b"a"), quoted(b"a\n"));
        assert_ne!(quoted(b"a\n"), quoted(b"a\n\n"));
        assert_ne!(quoted(b""), quoted(b"\n"));
    }

    /// Reads an escaped line back: only a form from which that is possible hides nothing.
    fn unescaped(shown: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let shown = shown.replace("»\t", "\t");
        let mut rest = shown.as_str();
        while !rest.is_empty() {
            let slashes = rest.len() - rest.trim_start_matches('\\').len();
            let after = &rest[slashes..];
            let marker = after.starts_with("u{") || after.starts_with("x{");
            if slashes == 0 || !marker {
                let take = slashes.max(
                    after
                        .chars()
                        .next()
                        .map_or(0, char::len_utf8)
                        .min(after.len()),
                );
                let take = if slashes > 0 { slashes } else { take };
                bytes.extend_from_slice(&rest.as_bytes()[..take]);
                rest = &rest[take..];
                continue;
            }
            bytes.extend(std::iter::repeat_n(b'\\', slashes / 2));
            if slashes.is_multiple_of(2) {
                bytes.extend_from_slice(&after.as_bytes()[..2]);
                rest = &after[2..];
                continue;
            }
            let (digits, tail) = after[2..].split_once('}').unwrap();
            let number = u32::from_str_radix(digits, 16).unwrap();
            if after.starts_with("x{") {
                bytes.push(u8::try_from(number).unwrap());
            } else {
                let ch = char::from_u32(number).unwrap();
                bytes.extend_from_slice(ch.to_string().as_bytes());
            }
            rest = tail;
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_line_can_be_read_back(line in proptest::collection::vec(
            prop_oneof![
                Just(b'\\'), Just(b'u'), Just(b'x'), Just(b'{'), Just(b'}'), Just(b'1'),
                Just(0x1b), Just(0xff), Just(b'\t'), Just(b' '), Just(0xc2), Just(0xbb), any::<u8>(),
            ],
            0..40,
        )) {
            let line: Vec<u8> = line.into_iter().filter(|byte| *byte != b'\n').collect();
            prop_assert_eq!(unescaped(&escaped(&line)), line);
        }

        #[test]
        fn nothing_hidden_is_left(text in "\\PC*|[\\x00-\\x1f\u{200b}-\u{202e}a-z]*") {
            let shown = escaped(text.as_bytes());
            prop_assert!(!shown.chars().any(|ch| ch != '\t' && is_hidden(ch)));
        }
    }
}
