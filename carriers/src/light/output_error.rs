//! What can go wrong where codes are put, in words.

use std::io;

use pack_format::advice::{Advice, Exit};

use super::DisplayError;
use crate::{qr::QrError, words};

/// Why codes could not be put into a folder, on paper or in a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A code could not be made.
    #[error("a code could not be drawn")]
    Code {
        /// What the encoder said.
        source: QrError,
    },
    /// The folder for pictures could not be used.
    #[error("{doing}: {}", words::reason(source))]
    Folder {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// There is a file of this name already.
    #[error("the file is there already: {path:?}")]
    FileExists {
        /// The file.
        path: std::path::PathBuf,
    },
    /// There are pictures of codes in the folder already.
    #[error("the folder holds pictures of codes already")]
    FolderInUse,
    /// Standard output is not a terminal.
    #[error("standard output is not a terminal")]
    NotATerminal,
    /// The terminal is too small for any code.
    #[error(
        "the terminal has {columns} columns and {lines} lines, a code needs {columns_min} by \
         {lines_min}"
    )]
    TerminalTooSmall {
        /// Columns that there are.
        columns: usize,
        /// Lines that there are.
        lines: usize,
        /// Columns that the smallest code needs.
        columns_min: usize,
        /// Lines that the smallest code needs.
        lines_min: usize,
    },
    /// The terminal could not be written to.
    #[error("the terminal could not be written to: {}", words::reason(source))]
    Terminal {
        /// What the machine said.
        source: io::Error,
    },
}

impl Advice for OutputError {
    fn code(&self) -> &'static str {
        match self {
            OutputError::Code { .. } => "light-code-not-drawn",
            OutputError::Folder { .. } => "light-folder-failed",
            OutputError::FileExists { .. } => "light-file-exists",
            OutputError::FolderInUse => "light-folder-in-use",
            OutputError::NotATerminal => "light-not-a-terminal",
            OutputError::TerminalTooSmall { .. } => "light-terminal-too-small",
            OutputError::Terminal { .. } => "light-terminal-failed",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing is lost: what was to cross stays until its receiver confirms it.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            OutputError::Code { .. } => "Report this: it is a fault of the program.".to_owned(),
            OutputError::Folder { .. } => {
                "Give a folder that you may write to, on a disk with free space.".to_owned()
            }
            OutputError::FileExists { .. } => {
                "Give another name; nothing is written over.".to_owned()
            }
            OutputError::FolderInUse => {
                "Give an empty folder, or remove the pictures that are no longer needed.".to_owned()
            }
            OutputError::NotATerminal => {
                "Run the command in a terminal, without sending its output elsewhere.".to_owned()
            }
            OutputError::TerminalTooSmall {
                columns_min,
                lines_min,
                ..
            } => format!(
                "Enlarge the terminal to at least {columns_min} columns by {lines_min} lines, or \
                 make its letters smaller, and run the command again."
            ),
            OutputError::Terminal { .. } => "Open a new terminal and run it again.".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            OutputError::FolderInUse | OutputError::NotATerminal => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

impl From<QrError> for OutputError {
    fn from(source: QrError) -> Self {
        OutputError::Code { source }
    }
}

impl From<OutputError> for DisplayError {
    fn from(err: OutputError) -> Self {
        DisplayError::new(err)
    }
}
