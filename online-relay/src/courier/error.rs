//! Why a courier could not do what it was asked, in words for the person at the online machine.

use std::io;
use std::path::PathBuf;

use crossing::CrossingError;
use pack_format::advice::{Advice, Exit};
use pack_format::words::WordsError;
use thiserror::Error;

use super::store::StoreError;
use super::trouble::Trouble;
use crate::tray::PassError;

/// Why a command of the courier failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CourierError {
    /// Nothing says where the courier's directory should be.
    #[error("there is no home directory to keep the courier in")]
    NoHome,
    /// The directory holds no courier.
    #[error("there is no courier in {}", path.display())]
    NotACourier {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a courier already.
    #[error("there is a courier already in {}", path.display())]
    AlreadyThere {
        /// The directory.
        path: PathBuf,
    },
    /// Another process uses the courier.
    #[error("another process uses the courier in {}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The directory itself failed.
    #[error("the courier's directory failed while {doing}: {}", path.display())]
    Directory {
        /// What was being done.
        doing: &'static str,
        /// The directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Index or bundle files failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The text is no URL of a server.
    #[error("this is not the URL of a server: {url:?}")]
    BadServer {
        /// The text.
        url: String,
    },
    /// The server to remove is not on the list.
    #[error("this server is not on the list: {url}")]
    ServerUnknown {
        /// The URL.
        url: String,
    },
    /// The text is no name of a pairing.
    #[error("this cannot be the name of a pairing: {name:?}")]
    BadName {
        /// The text.
        name: String,
    },
    /// Another pairing has the name.
    #[error("there is a pairing with this name already: {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No pairing has the name.
    #[error("there is no pairing with this name: {name}")]
    NameUnknown {
        /// The name.
        name: String,
    },
    /// The typed words are not a pairing code.
    #[error("the words are not a pairing code: {0}")]
    Words(#[source] WordsError),
    /// Nobody can be asked for the words.
    #[error("there is no terminal to type the words on")]
    NoTerminal,
    /// The words could not be read.
    #[error("the words cannot be read from {}", path.display())]
    CodeFile {
        /// The file, or "standard input".
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The operator's file for a tray cannot be read.
    #[error("the file for the tray cannot be read: {}", path.display())]
    TrayFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The operator's file for a tray holds no code.
    #[error(transparent)]
    Tray(PassError),
    /// No vault is paired, so that nothing on a medium could be for this courier.
    #[error("no vault is paired with this courier")]
    NoPairing,
    /// The command names neither a medium nor the network.
    #[error("there is nothing to do: no medium is named, and the network is switched off")]
    NothingToDo,
    /// Taking in or writing a medium failed.
    #[error(transparent)]
    Crossing(#[from] CrossingError),
    /// Something about the network did not go well; everything else was done.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// Ctrl-C cannot be caught.
    #[error("the program cannot listen for Ctrl-C")]
    Signals {
        /// What the system says.
        #[source]
        source: ctrlc::Error,
    },
    /// The result could not be written.
    #[error("the result cannot be written to standard output")]
    Output {
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Advice for CourierError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoHome => "courier-no-home",
            Self::NotACourier { .. } => "courier-missing",
            Self::AlreadyThere { .. } => "courier-exists",
            Self::InUse { .. } => "courier-in-use",
            Self::Directory { .. } => "courier-directory",
            Self::Store(err) => err.code(),
            Self::BadServer { .. } => "server-bad-url",
            Self::ServerUnknown { .. } => "server-unknown",
            Self::BadName { .. } => "pairing-bad-name",
            Self::NameTaken { .. } => "pairing-name-taken",
            Self::NameUnknown { .. } => "pairing-unknown",
            Self::Words(_) => "pairing-bad-code",
            Self::NoTerminal => "pairing-no-terminal",
            Self::CodeFile { .. } => "pairing-code-unreadable",
            Self::TrayFile { .. } => "tray-file-unreadable",
            Self::Tray(_) => "tray-bad-code",
            Self::NoPairing => "courier-no-pairing",
            Self::NothingToDo => "courier-nothing-to-do",
            Self::Crossing(err) => err.code(),
            Self::Trouble(err) => err.code(),
            Self::Signals { .. } => "courier-signals",
            Self::Output { .. } => "output-failed",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Store(err) => return err.data_safe(),
            Self::Crossing(err) => return err.data_safe(),
            Self::Trouble(err) => return err.data_safe(),
            Self::InUse { .. } => "The other process goes on; nothing was touched.",
            Self::Output { .. } => "What was done stays done; only the result is not shown.",
            _ => "Nothing was changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Store(err) => return err.next_step(),
            Self::Crossing(err) => return err.next_step(),
            Self::Trouble(err) => return err.next_step(),
            Self::NoHome => "Name a directory with --courier DIR.",
            Self::NotACourier { .. } => {
                "Make one with `online-relay courier init`, or name another directory with \
                 --courier DIR."
            }
            Self::AlreadyThere { .. } => {
                "Use it as it is: `online-relay courier status` shows what it holds."
            }
            Self::InUse { .. } => "Wait until the other process has ended, then try again.",
            Self::Directory { .. } => {
                "Check that the directory can be written, or name another one with --courier DIR."
            }
            Self::BadServer { .. } => "Write it like https://relay.example or http://abc.onion.",
            Self::ServerUnknown { .. } => "See the list with `online-relay courier server list`.",
            Self::BadName { .. } => {
                "Choose a name of 1 to 64 visible characters, for example --name Amina."
            }
            Self::NameTaken { .. } => {
                "Choose another name, or remove the old pairing with `online-relay courier pair \
                 remove NAME` first."
            }
            Self::NameUnknown { .. } => "See the names with `online-relay courier pair list`.",
            Self::Words(_) => {
                "Compare with the thirteen words that the vault shows, and type them again."
            }
            Self::NoTerminal => {
                "Run the command in a terminal, or give the words with --code-file FILE."
            }
            Self::CodeFile { .. } => {
                "Name a small text file that holds the thirteen words, or - for standard input."
            }
            Self::TrayFile { .. } => "Check the path and who may read the file.",
            Self::Tray(_) => "Name the file that the operator handed over, as it is.",
            Self::NoPairing => {
                "Let the vault show a pairing code (`offline-vault pair show --name courier`), and \
                 type it here with `online-relay courier pair type --name NAME`."
            }
            Self::NothingToDo => "Name a stick with --stick PATH, or leave out --offline.",
            Self::Signals { .. } => "Try again; if it stays, the system refuses signal handlers.",
            Self::Output { .. } => {
                "Check where the output goes; `online-relay courier status` shows how things are."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Crossing(err) => err.exit(),
            Self::Trouble(err) => err.exit(),
            Self::NoHome
            | Self::NotACourier { .. }
            | Self::AlreadyThere { .. }
            | Self::BadServer { .. }
            | Self::ServerUnknown { .. }
            | Self::BadName { .. }
            | Self::NameTaken { .. }
            | Self::NameUnknown { .. }
            | Self::Words(_)
            | Self::NoTerminal
            | Self::Tray(_)
            | Self::NoPairing
            | Self::NothingToDo => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
