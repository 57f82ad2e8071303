//! What every error that can reach a person is able to say: a code, whether the data is safe,
//! and what to do next.

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
#[must_use]
pub fn what_happened(err: &dyn Advice) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}
