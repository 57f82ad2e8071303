//! A key on paper: the text of its backup, and the same as codes that any scanner reads.
//!
//! Each page has one code and under it the very characters that the code holds; the characters of
//! all pages one after the other are the file that `key backup --output` writes. Nothing else is
//! needed to read it again: a scanner of QR codes, or somebody who types. Only a comment of the
//! file can have letters that printers lack, and comments count for nothing.
//! Spec: spec/keys.md, "Copies of a secret".

use carriers::light::{Code, Correction, QUIET_MODULES};
use carriers::qr::QrError;
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

use crate::clock::UnixTime;
use crate::store::SigningKey;

/// Pages of A4 with the text of a key's backup.
///
/// # Errors
/// [`QrError`] when a code cannot be made.
pub fn pages(key: &SigningKey, text: &str, now: UnixTime) -> Result<Vec<u8>, QrError> {
    let pieces = pieces(text);
    let count = i32::try_from(pieces.len()).unwrap_or(i32::MAX);
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGE_TREE);
    pdf.pages(PAGE_TREE)
        .kids((0..count).map(|index| Ref::new(FIRST_PAGE + 2 * index)))
        .count(count);
    for (at, name) in [(WORDS, b"Helvetica".as_slice()), (CHARACTERS, b"Courier")] {
        let mut font = pdf.type1_font(at);
        font.base_font(Name(name));
        font.encoding_predefined(Name(b"WinAnsiEncoding"));
        font.finish();
    }
    for (index, piece) in (0..count).zip(&pieces) {
        let (page_ref, content_ref) = (
            Ref::new(FIRST_PAGE + 2 * index),
            Ref::new(FIRST_PAGE + 2 * index + 1),
        );
        let mut page = pdf.page(page_ref);
        page.parent(PAGE_TREE)
            .media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT))
            .contents(content_ref);
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        fonts.pair(WORDS_NAME, WORDS);
        fonts.pair(CHARACTERS_NAME, CHARACTERS);
        fonts.finish();
        resources.finish();
        page.finish();
        let head = heading(key, now, (index + 1, count));
        pdf.stream(content_ref, &page_content(&head, piece)?);
    }
    Ok(pdf.finish())
}

/// The text in pieces that a code on paper holds, cut at the ends of lines where there are any.
#[must_use]
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > PIECE_BYTES {
        let room = rest.floor_char_boundary(PIECE_BYTES);
        let at = rest
            .get(..room)
            .and_then(|begin| begin.rfind('\n'))
            .map_or(room, |at| at + 1);
        let Some((piece, after)) = rest.split_at_checked(at) else {
            break;
        };
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Puts the pieces of one key together again, as they were filmed: in any order, some twice.
/// `None` as long as some are missing.
///
/// Pieces in the middle are tried in the order in which they came.
#[must_use]
pub fn joined(pieces: &[String]) -> Option<String> {
    let begins = |piece: &&String| {
        piece.starts_with("-----BEGIN ") || piece.starts_with("untrusted comment:")
    };
    let first = pieces.iter().find(begins)?;
    let ends = |piece: &&String| piece.contains("-----END ");
    let is_minisign = first.starts_with("untrusted comment:");
    let last = pieces.iter().find(ends).filter(|last| *last != first);
    if last.is_none() && !is_minisign && !ends(&first) {
        return None;
    }
    let middle = pieces
        .iter()
        .filter(|piece| *piece != first && Some(*piece) != last);
    let all = [first].into_iter().chain(middle).chain(last);
    Some(all.map(String::as_str).collect())
}

/// Whether a text is the whole of a key's file, by its beginning and its end.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let mut lines = text.lines();
    match lines.next() {
        Some(first) if first.starts_with("-----BEGIN ") => {
            let last = lines.next_back().unwrap_or_default();
            last.starts_with("-----END ")
        }
        Some(first) if first.starts_with("untrusted comment:") => lines.next().is_some(),
        _ => false,
    }
}

fn heading(key: &SigningKey, now: UnixTime, (page, count): (i32, i32)) -> [String; 4] {
    let (kind, name, reference) = (key.reference.kind_text(), &key.name, &key.reference);
    [
        format!("Secret {kind} key {name}: page {page} of {count}"),
        format!("{reference}"),
        format!("Written {now}. Protected by a passphrase that is not on this paper."),
        "The code holds the characters under it; those of all pages in order are the key's file."
            .to_owned(),
    ]
}

fn page_content(heading: &[String], piece: &str) -> Result<Vec<u8>, QrError> {
    let mut content = Content::new();
    content.begin_text();
    content.set_font(WORDS_NAME, 11.0);
    content.next_line(MARGIN, PAGE_HEIGHT - MARGIN - 11.0);
    for line in heading {
        content.show(Str(&latin(line)));
        content.next_line(0.0, -LINE_HEIGHT_WORDS);
    }
    content.end_text();

    let code = Code::smallest(piece.as_bytes(), Correction::Paper)?;
    let top = PAGE_HEIGHT - MARGIN - 5.0 * LINE_HEIGHT_WORDS;
    draw(&code, &mut content, top);

    content.begin_text();
    content.set_font(CHARACTERS_NAME, 9.0);
    content.next_line(MARGIN, top - CODE_SIDE - 2.0 * LINE_HEIGHT);
    for line in piece.lines() {
        for row in rows_of(line) {
            content.show(Str(&latin(row)));
            content.next_line(0.0, -LINE_HEIGHT);
        }
    }
    content.end_text();
    Ok(content.finish().into_vec())
}

/// The dark squares as rectangles, one for each run in a row: sharp at any printer's resolution.
fn draw(code: &Code, content: &mut Content, top: f32) {
    let side = code.side();
    let module = CODE_SIDE / points(side + 2 * QUIET_MODULES);
    let left = (PAGE_WIDTH - CODE_SIDE) / 2.0;
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let begin = x;
            while code.is_dark(x, y) {
                x += 1;
            }
            if x > begin {
                content.rect(
                    left + module * points(begin + QUIET_MODULES),
                    top - module * points(y + QUIET_MODULES + 1),
                    module * points(x - begin),
                    module,
                );
            }
            x += 1;
        }
    }
    content.fill_nonzero();
}

/// A line in rows that fit the page; minisign writes one of 212 characters.
fn rows_of(line: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut rest = line;
    while let Some((row, after)) = rest.split_at_checked(rest.floor_char_boundary(ROW_CHARS)) {
        rows.push(row);
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    rows
}

/// What the fonts of every printer have; a question mark for the rest.
fn latin(text: &str) -> Vec<u8> {
    let is_shown = |byte: &u8| matches!(byte, 0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let bytes = text.chars().map(|ch| {
        let byte = u8::try_from(u32::from(ch)).ok().filter(is_shown);
        byte.unwrap_or(b'?')
    });
    bytes.collect()
}

fn points(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Bytes in one code: squares of more than half a millimetre.
const PIECE_BYTES: usize = 900;
/// Characters in one printed row.
const ROW_CHARS: usize = 90;

const CATALOG: Ref = Ref::new(1);
const PAGE_TREE: Ref = Ref::new(2);
const WORDS: Ref = Ref::new(3);
const CHARACTERS: Ref = Ref::new(4);
const FIRST_PAGE: i32 = 5;
const WORDS_NAME: Name<'static> = Name(b"W");
const CHARACTERS_NAME: Name<'static> = Name(b"C");

/// A4 in points, 72 to the inch.
const PAGE_WIDTH: f32 = 595.28;
const PAGE_HEIGHT: f32 = 841.89;
/// Half an inch: no printer reaches the edge.
const MARGIN: f32 = 36.0;
/// Thirteen centimetres, with the quiet zone.
const CODE_SIDE: f32 = 368.0;
const LINE_HEIGHT_WORDS: f32 = 15.0;
const LINE_HEIGHT: f32 = 12.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        let lines: Vec<_> = (0..60).map(|at| format!("{at:064}")).collect();
        let lines = lines.join("\n");
        format!("-----BEGIN X-----\n{lines}\n-----END X-----\n")
    }

    #[test]
    fn pieces_are_whole_lines_and_together_the_text() {
        let text = text();
        let pieces = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.len() > 3);
        for piece in &pieces {
            assert!(piece.len() <= PIECE_BYTES && piece.ends_with('\n'));
        }
    }

    #[test]
    fn filmed_pieces_are_put_together_once_begin_and_end_are_there() {
        let text = text();
        let all: Vec<String> = pieces(&text).into_iter().map(str::to_owned).collect();
        assert_eq!(joined(&all), Some(text.clone()));
        assert_eq!(joined(&all[1..]), None);
        assert_eq!(joined(&all[..all.len() - 1]), None);
        let mut turned = all.clone();
        let last = turned.pop().unwrap();
        turned.insert(0, last);
        assert_eq!(joined(&turned), Some(text));
    }

    #[test]
    fn a_long_line_is_printed_in_rows() {
        let line = "x".repeat(212);
        let rows = rows_of(&line);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows.concat(), line);
        assert_eq!(rows_of(""), [""]);
    }
}
