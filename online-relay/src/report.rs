//! Shows an error to the person at the terminal: what happened, is the data safe, what next.

use std::io::Write as _;
use std::process::ExitCode;

use pack_format::advice::{Advice, as_text, what_happened};
use serde::Serialize;

/// How an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Three lines for a person, on stderr.
    Text,
    /// The same, and one JSON object on one line for a program, on stdout.
    Json,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    error: JsonError<'a>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    code: &'a str,
    what: &'a str,
    data: &'a str,
    next: &'a str,
}

/// Writes the error and returns the exit code that goes with it.
pub fn report(error: &dyn Advice, form: Form) -> ExitCode {
    let text = render(error, Form::Text);
    // Without a terminal to write to there is no one left to tell; the exit code still says it.
    let _ = std::io::stderr().write_all(text.as_bytes());
    if form == Form::Json {
        let object = render(error, form);
        let _ = std::io::stdout().write_all(object.as_bytes());
    }
    ExitCode::from(error.exit() as u8)
}

/// What [`report`] writes in this form.
#[must_use]
pub fn render(error: &dyn Advice, form: Form) -> String {
    match form {
        Form::Text => as_text("online-relay", error),
        Form::Json => {
            let object = JsonReport {
                error: JsonError {
                    code: error.code(),
                    what: &what_happened(error),
                    data: &error.data_safe(),
                    next: &error.next_step(),
                },
            };
            // Four strings always serialise.
            serde_json::to_string(&object).unwrap_or_default() + "\n"
        }
    }
}
