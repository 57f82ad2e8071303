//! What a command answers, in words and for programs.

use std::io::{self, Write as _};

use serde_json::{Value, json};

/// The outcome of one command.
#[derive(Debug)]
pub struct Report {
    /// For the person, on standard output; foreign text in it went through `Shown`.
    pub text: String,
    /// For programs, with `--json`, on standard output instead.
    pub json: Value,
    /// What the person should know besides, on standard error and in the JSON.
    pub notes: Vec<String>,
    /// The result was printed before; only the notes are left.
    is_printed: bool,
}

impl Report {
    /// A report without notes. The text gets its final line break here.
    #[must_use]
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        let mut text = text.into();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self {
            text,
            json,
            notes: Vec::new(),
            is_printed: false,
        }
    }

    /// Adds a note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Prints the report.
    ///
    /// # Errors
    /// When standard output cannot be written; notes are talk, and are lost with the terminal.
    pub fn print(mut self, as_json: bool) -> io::Result<()> {
        for note in &self.notes {
            talk(note);
        }
        if self.is_printed {
            return Ok(());
        }
        self.print_result(as_json)
    }

    /// Prints the result now, for a command that goes on only once it is out.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print_result(&mut self, as_json: bool) -> io::Result<()> {
        self.is_printed = true;
        let mut out = io::stdout().lock();
        if as_json {
            if let Some(object) = self.json.as_object_mut() {
                object.insert("notes".to_owned(), json!(self.notes));
            }
            writeln!(out, "{}", self.json)?;
        } else {
            out.write_all(self.text.as_bytes())?;
        }
        out.flush()
    }
}

/// Says something to the person beside the result. A terminal that is gone is no error here.
pub fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{PROGRAM}: note: {text}");
}

/// Prints text that is complete, such as an error, on standard error.
pub(super) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The name that people type.
pub const PROGRAM: &str = "offline-vault";
