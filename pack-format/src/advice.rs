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
