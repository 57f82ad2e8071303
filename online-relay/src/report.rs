//! Shows an error to the person at the terminal: what happened, is the data safe, what next.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use pack_format::advice::Advice;
use serde::Serialize;

/// How an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Three lines for a person.
    Text,
    /// One JSON object on one line for a program.
    Json,
}

#[derive(Serialize)]
struct JsonError<'a> {
    error: &'a str,
    what: &'a str,
    data: &'a str,
    next: &'a str,
}

/// Writes the error to stderr and returns the exit code that goes with it.
pub fn report(error: &dyn Advice, form: Form) -> ExitCode {
    let text = render(error, form);
    // Without a terminal to write to there is no one left to tell; the exit code still says it.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(error.exit() as u8)
}

/// The text of [`report`].
#[must_use]
pub fn render(error: &dyn Advice, form: Form) -> String {
    let (code, what) = (error.code(), what_happened(error));
    let (data, next) = (error.data_safe(), error.next_step());
    match form {
        Form::Text => format!(
            "online-relay: error [{code}]: {what}\n\
             online-relay: data: {data}\n\
             online-relay: next: {next}\n"
        ),
        Form::Json => {
            let object = JsonError {
                error: code,
                what: &what,
                data: &data,
                next: &next,
            };
            // Four strings always serialise.
            serde_json::to_string(&object).unwrap_or_default() + "\n"
        }
    }
}

/// The error and its causes in one line. Causes often come from a server or a file system, so
/// control and direction characters are taken out and the length is bounded.
fn what_happened(error: &dyn Advice) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&without_number(inner));
        cause = inner.source();
    }
    text.chars()
        .filter(|found| !found.is_control() && !is_directional(*found))
        .take(LINE_CHARS_MAX)
        .collect()
}

/// The system's own words without "(os error 13)".
fn without_number(error: &dyn Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text.get(..at).unwrap_or_default().to_lowercase(),
        None => text,
    }
}

fn is_directional(found: char) -> bool {
    matches!(found, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Enough for two long paths.
const LINE_CHARS_MAX: usize = 1000;
