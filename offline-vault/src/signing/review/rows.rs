//! A review in rows of a terminal: wrapped by us, so that foreign text never begins a row and no
//! page is longer than it seems.

use super::{Line, Review};

impl Review {
    /// The rows that the review takes on a screen of so many columns.
    ///
    /// Each row of foreign text stands behind a bar, and each further row of a field is set in.
    #[must_use]
    pub fn to_rows(&self, columns: usize) -> Vec<String> {
        let shape = |(line, indent): (String, &str)| wrapped(&line, indent, columns);
        self.to_indented_lines()
            .into_iter()
            .flat_map(shape)
            .collect()
    }
}

impl Line {
    /// What stands in front of each further row of the line.
    pub(super) fn indent(&self) -> &'static str {
        match self {
            Self::Quote(_) => "  |",
            Self::Field(..) => "               ",
            Self::Note(_) | Self::Warning(_) => "   ",
        }
    }
}

/// One line in rows of at most `columns` columns; rows after the first begin with `indent`.
fn wrapped(line: &str, indent: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(COLUMNS_MIN);
    let mut rows = Vec::new();
    let (mut row, mut used) = (String::new(), 0);
    for ch in line.chars() {
        let width = width_of(ch);
        if used + width > columns {
            rows.push(std::mem::replace(&mut row, indent.to_owned()));
            used = indent.len();
        }
        row.push(ch);
        used += width;
    }
    rows.push(row);
    rows
}

/// At least as many columns as a character takes: a row that is too short hides nothing, one that
/// is too long is wrapped by the terminal.
fn width_of(ch: char) -> usize {
    match ch {
        '\t' => 8,
        ch if ch.is_ascii() => 1,
        _ => 2,
    }
}

/// Narrower terminals are taken for this wide: there has to be room behind an indent.
const COLUMNS_MIN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn review_of(lines: Vec<Line>) -> Review {
        let mut made = Review::default();
        made.push("Who asks", lines);
        made
    }

    #[test]
    fn foreign_text_never_begins_a_row() {
        let forged = format!("{}== What cannot be shown ==", " ".repeat(76));
        let forged = forged.repeat(3);
        let lines = vec![
            Line::Quote(forged.clone()),
            Line::Field("Committer", forged.clone()),
            Line::Warning(forged),
        ];
        for columns in [1, 40, 79, 80, 81, 200] {
            let rows = review_of(lines.clone()).to_rows(columns);
            let headings = rows.iter().filter(|row| row.starts_with("== "));
            assert_eq!(headings.count(), 1, "{columns}: {rows:#?}");
        }
    }

    #[test]
    fn a_row_is_no_wider_than_the_screen() {
        let text = "wide \u{4e2d}\u{6587} and a\ttab ".repeat(30);
        let rows = review_of(vec![Line::Quote(text.clone())]).to_rows(80);
        assert!(rows.len() > 10);
        for row in &rows {
            assert!(row.chars().map(width_of).sum::<usize>() <= 80, "{row}");
        }
        let joined: String = rows
            .iter()
            .skip(1)
            .map(|row| row.get(3..).unwrap())
            .collect();
        assert_eq!(joined.trim_start(), text);
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        let made = review_of(vec![Line::Field("Key", "git".to_owned())]);
        assert_eq!(made.to_rows(80), made.to_lines());
    }
}
