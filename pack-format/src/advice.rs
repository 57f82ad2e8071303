//! What every error that can reach a person is able to say: a code, whether the data is safe,
//! and what to do next.

use std::{error::Error, fmt};

use crate::shown::is_hidden;

/// How a program ends. The numbers are the exit codes of both programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for was done.
    Done = 0,
    /// The machine, a medium or a server failed; nothing was accepted that should not be.
    Failed = 1,
    /// The command line was not understood or asks for something that cannot be.
    Usage = 2,
    /// Something was refused because it did not verify.
    Refused = 3,
}

/// The part of an error that is written for the person, beside the `Display` text that says what
/// happened.
///
/// Each error enum of the project implements it next to its variants, so that a new variant
/// without a code or a next step does not compile.
pub trait Advice: std::error::Error {
    /// A stable, lower-case, hyphenated name for the condition, for example `stick-full`.
    ///
    /// People quote it, the documentation lists it, and it never changes meaning.
    fn code(&self) -> &'static str;

    /// One sentence on whether the person's data is safe.
    fn data_safe(&self) -> String;

    /// One sentence on what to do next, with the exact command where there is one.
    fn next_step(&self) -> String;

    /// The exit code that this error ends a program with.
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// An error of whoever was asked for something, with the advice that it brought: the one who asks
/// knows neither its type nor its conditions.
pub struct AdvisedError(Box<dyn Advice + Send + Sync>);

impl AdvisedError {
    /// Wraps the error.
    #[must_use]
    pub fn new(err: impl Advice + Send + Sync + 'static) -> Self {
        Self(Box::new(err))
    }
}

impl fmt::Debug for AdvisedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl fmt::Display for AdvisedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Error for AdvisedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl Advice for AdvisedError {
    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn data_safe(&self) -> String {
        self.0.data_safe()
    }

    fn next_step(&self) -> String {
        self.0.next_step()
    }

    fn exit(&self) -> Exit {
        self.0.exit()
    }
}

/// The three lines that a person sees: what happened, whether the data is safe, what to do next.
///
/// `program` is the name they typed. Causes are joined with colons, as far as each adds something.
#[must_use]
pub fn as_text(program: &str, err: &dyn Advice) -> String {
    format!(
        "{program}: error [{}]: {}\n{program}: data: {}\n{program}: next: {}\n",
        err.code(),
        what_happened(err),
        err.data_safe(),
        err.next_step(),
    )
}

/// The error and its causes in one line, without repeating a cause that is already named.
///
/// Causes often come from a server or a file system: what could forge a terminal is escaped, the
/// system's error numbers are left out, and the length is bounded.
#[must_use]
pub fn what_happened(err: &dyn Advice) -> String {
    let mut text = without_number(&err.to_string());
    let mut cause = err.source();
    while let Some(inner) = cause {
        let said = without_number(&inner.to_string());
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    let shown = text.chars().take(LINE_CHARS_MAX);
    shown
        .flat_map(|ch| {
            if is_hidden(ch) {
                ch.escape_unicode().collect()
            } else {
                vec![ch]
            }
        })
        .collect()
}

/// The system's own words without "(os error 13)", which says nothing to a person.
fn without_number(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" (os error ") else {
        return text.to_owned();
    };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// Enough for two long paths.
const LINE_CHARS_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("cannot read {path}")]
    struct Failed {
        path: &'static str,
        #[source]
        source: io::Error,
    }

    impl Advice for Failed {
        fn code(&self) -> &'static str {
            "failed"
        }

        fn data_safe(&self) -> String {
            "Yes.".to_owned()
        }

        fn next_step(&self) -> String {
            "Try again.".to_owned()
        }
    }

    #[test]
    fn an_error_says_what_happened_whether_the_data_is_safe_and_what_next() {
        let err = Failed {
            path: "a\u{1b}b",
            source: io::Error::from_raw_os_error(2),
        };
        assert_eq!(
            as_text("prog", &err),
            "prog: error [failed]: cannot read a\\u{1b}b: No such file or directory\n\
             prog: data: Yes.\n\
             prog: next: Try again.\n"
        );
    }
}
