//! Codes in a terminal: half blocks with explicit colours, readable on light and dark ones.

use std::{
    io::{self, IsTerminal as _, Stdout, Write},
    thread,
    time::{Duration, Instant},
};

use pack_format::shown::Shown;

use super::{
    CodeGrid, Correction, Display, DisplayError, OutputError, Sheet, Status, Version, Wanted,
};
use crate::qr::half_block_lines;

/// How many characters a terminal has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Characters in a line.
    pub columns: usize,
    /// Lines.
    pub lines: usize,
}

/// Draws codes over the whole terminal, on its second page, so that what stood there comes back.
///
/// One code at a time, as large as fits. The corner code has no room beside it: it takes the
/// place of every fourth code.
pub struct Terminal<W: Write> {
    out: W,
    size: Box<dyn FnMut() -> TerminalSize + Send>,
    /// What the last picture was drawn for.
    drawn_for: Option<TerminalSize>,
    corner: Option<Vec<u8>>,
    /// Codes since the corner code was shown.
    codes_since_corner: usize,
    status: Status,
    due_at: Option<Instant>,
    is_open: bool,
}

impl Terminal<Stdout> {
    /// Opens the terminal that standard output is.
    ///
    /// # Errors
    /// [`OutputError::NotATerminal`], [`OutputError::TerminalTooSmall`],
    /// [`OutputError::Terminal`].
    pub fn on_stdout() -> Result<Self, OutputError> {
        let out = io::stdout();
        if !out.is_terminal() {
            return Err(OutputError::NotATerminal);
        }
        Self::open(out, size_of_stdout)
    }
}

impl<W: Write> Terminal<W> {
    /// Opens a terminal that is written through `out` and whose size can be asked for at any
    /// time.
    ///
    /// # Errors
    /// [`OutputError::TerminalTooSmall`], [`OutputError::Terminal`].
    pub fn open(
        out: W,
        mut size: impl FnMut() -> TerminalSize + Send + 'static,
    ) -> Result<Self, OutputError> {
        let found = size();
        if version_for(found).is_none() {
            let TerminalSize { columns, lines } = smallest_size();
            return Err(OutputError::TerminalTooSmall {
                columns: found.columns,
                lines: found.lines,
                columns_min: columns,
                lines_min: lines,
            });
        }
        let mut terminal = Self {
            out,
            size: Box::new(size),
            drawn_for: None,
            corner: None,
            codes_since_corner: 0,
            status: Status::default(),
            due_at: None,
            is_open: true,
        };
        terminal.write(OPEN)?;
        Ok(terminal)
    }

    fn grid(&mut self) -> CodeGrid {
        let version = version_for((self.size)()).unwrap_or(VERSION_SMALLEST);
        CodeGrid::new(version, Correction::Screen, 1, 1)
    }

    /// One code and the words under it; where the window was made too small, what it needs.
    fn draw(&mut self, code: Option<&[u8]>) -> Result<(), OutputError> {
        let size = (self.size)();
        let mut lines = match (version_for(size), code) {
            (None, _) => vec![too_small(size)],
            (Some(_), None) => Vec::new(),
            (Some(version), Some(payload)) => {
                // A code may have been asked for before the window changed its size.
                let fitting = Version::smallest_for(payload.len(), Correction::Screen);
                let version = version.max(fitting.unwrap_or(version));
                if lines_of(version) > size.lines || version.cell_side() > size.columns {
                    return Ok(());
                }
                let sheet = Sheet {
                    codes: vec![payload.to_vec()],
                    corner: None,
                };
                let grid = CodeGrid::new(version, Correction::Screen, 1, 1);
                half_block_lines(&grid.draw(&sheet, 1)?).collect()
            }
        };
        let room = size.lines.saturating_sub(lines.len());
        lines.extend(status_lines(&self.status, size.columns).take(room));
        let mut text = String::from(BEGIN_PICTURE);
        if self.drawn_for != Some(size) {
            text.push_str(CLEAR);
            self.drawn_for = Some(size);
        }
        // No line end after the last line: it would move everything up.
        text.push_str(&lines.join(NEXT_LINE));
        text.push_str(END_PICTURE);
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Result<(), OutputError> {
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|source| OutputError::Terminal { source })
    }

    /// Sleeps until the next picture is due. A picture that came late moves all later ones.
    fn sleep(&mut self) {
        let now = Instant::now();
        let due_at = self.due_at.unwrap_or(now);
        thread::sleep(due_at.saturating_duration_since(now));
        self.due_at = Some(due_at.max(now) + INTERVAL);
    }
}

impl<W: Write> Display for Terminal<W> {
    fn wait(&mut self) -> Result<Wanted, DisplayError> {
        self.sleep();
        if self.codes_since_corner >= CODES_FOR_A_CORNER
            && let Some(corner) = self.corner.clone()
        {
            self.codes_since_corner = 0;
            self.draw(Some(&corner))?;
            self.sleep();
        }
        Ok(Wanted::Sheet(self.grid().demand()))
    }

    fn show(&mut self, sheet: &Sheet, status: &Status) -> Result<(), DisplayError> {
        self.status = status.clone();
        self.corner.clone_from(&sheet.corner);
        self.codes_since_corner += 1;
        let code = sheet.codes.first().or(sheet.corner.as_ref());
        Ok(self.draw(code.map(Vec::as_slice))?)
    }
}

impl<W: Write> Drop for Terminal<W> {
    /// Gives the terminal back as it was; one that is gone needs nothing.
    fn drop(&mut self) {
        if self.is_open {
            self.is_open = false;
            let _ = self.write(CLOSE);
        }
    }
}

/// What gives a terminal back, for a program that is ended without an unwinding stack.
pub const TERMINAL_RESTORE: &str = CLOSE;

/// A terminal that does not say how large it is has the size that all once had.
fn size_of_stdout() -> TerminalSize {
    let usual = TerminalSize {
        columns: 80,
        lines: 24,
    };
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => TerminalSize {
            columns: usize::from(size.ws_col),
            lines: usize::from(size.ws_row),
        },
        _ => usual,
    }
}

/// The largest version that leaves a line for words.
fn version_for(size: TerminalSize) -> Option<Version> {
    let fits =
        |version: &Version| version.cell_side() <= size.columns && lines_of(*version) < size.lines;
    Version::all()
        .filter(|version| *version >= VERSION_SMALLEST && *version <= VERSION_LARGEST)
        .filter(fits)
        .last()
}

fn smallest_size() -> TerminalSize {
    TerminalSize {
        columns: VERSION_SMALLEST.cell_side(),
        lines: lines_of(VERSION_SMALLEST) + 1,
    }
}

/// Two rows of modules share a line.
fn lines_of(version: Version) -> usize {
    version.cell_side().div_ceil(2)
}

fn too_small(size: TerminalSize) -> String {
    let needed = smallest_size();
    let text = format!(
        "Enlarge this window to {} columns by {} lines: it has {} by {}.",
        needed.columns, needed.lines, size.columns, size.lines
    );
    cut(&text, size.columns)
}

/// The words under the code, the most useful first.
fn status_lines(status: &Status, columns: usize) -> impl Iterator<Item = String> {
    let pieces = |(done, needed): (u64, u64)| format!("{done} of {needed} pieces");
    let outgoing = status
        .outgoing
        .map(|count| format!("Shown: {}.", pieces(count)));
    let incoming = status
        .incoming
        .map(|count| format!("Arrived: {}.", pieces(count)));
    let counts: Vec<String> = incoming.into_iter().chain(outgoing).collect();
    let first = [counts.join(" "), status.headline.clone()].join(" ");
    let mut lines = vec![first.trim().to_owned()];
    lines.extend(status.lines.iter().cloned());
    lines.push("Ctrl-C stops.".to_owned());
    lines.into_iter().map(move |line| cut(&line, columns))
}

/// One line without anything that steers a terminal; a longer one would move the code.
fn cut(text: &str, columns: usize) -> String {
    Shown(text).to_string().chars().take(columns).collect()
}

/// The second page, no cursor.
const OPEN: &str = "\x1b[?1049h\x1b[?25l";

/// Colours as usual, cursor, first page.
const CLOSE: &str = "\x1b[0m\x1b[?25h\x1b[?1049l";

const CLEAR: &str = "\x1b[0m\x1b[2J";

/// Terminals that can hold a picture back until it is whole do so between these two.
const BEGIN_PICTURE: &str = "\x1b[?2026h\x1b[H";

/// What is left of an earlier picture is cleared away.
const END_PICTURE: &str = "\x1b[K\x1b[J\x1b[?2026l";

const NEXT_LINE: &str = "\x1b[K\r\n";

/// Fits 80 by 24 and holds one symbol of 60 bytes with its header.
const VERSION_SMALLEST: Version = Version::nearest(5);

/// Letters that are small enough for more make modules that are too small.
const VERSION_LARGEST: Version = Version::nearest(27);

/// A terminal draws more slowly than a window, and in lines.
const INTERVAL: Duration = Duration::from_millis(125);

const CODES_FOR_A_CORNER: usize = 3;
