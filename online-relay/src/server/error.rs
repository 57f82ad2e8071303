//! Why the server or an operator's command did not do its work.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use thiserror::Error;

use super::store::StoreError;

/// Why the server or an operator's command stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The data directory cannot be used.
    #[error("cannot use the data directory while {doing}: {}", path.display())]
    DataDir {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another server uses the data directory.
    #[error("another relay is running on {}", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no relay in the directory.
    #[error("there is no relay in {}", path.display())]
    NotARelay {
        /// The data directory.
        path: PathBuf,
    },
    /// There is an index but no key, so that receipts could not be signed as before.
    #[error("the relay's key is missing: {}", path.display())]
    KeyMissing {
        /// The key file.
        path: PathBuf,
    },
    /// The key file is not a key.
    #[error("the relay's key has {found_bytes} bytes, not 32: {}", path.display())]
    KeyDamaged {
        /// Its size.
        found_bytes: u64,
        /// The key file.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The URL under which the relay is reached is not known.
    #[error("the relay's public URL is not known")]
    UrlUnknown,
    /// The URL is not one that an invitation can hold.
    #[error("the public URL cannot be used")]
    UrlUnusable {
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// The machine gave no threads or no signals.
    #[error("the server could not start its work")]
    Runtime {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A result could not be written.
    #[error("cannot write to {}", path.display())]
    Output {
        /// The file, or a word for it.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the phone's page cannot be read.
    #[error("cannot read the phone page: {}", path.display())]
    PhonePage {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The link does not fit a QR code.
    #[error("cannot draw the link as a QR code")]
    Picture {
        /// What is wrong with it.
        #[source]
        source: carriers::qr::QrError,
    },
    /// The index or the bundle files failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Advice for ServerError {
    fn code(&self) -> &'static str {
        match self {
            Self::DataDir { .. } => "data-directory-failed",
            Self::InUse { .. } => "relay-running",
            Self::NotARelay { .. } => "no-relay-here",
            Self::KeyMissing { .. } => "relay-key-missing",
            Self::KeyDamaged { .. } => "relay-key-damaged",
            Self::Listen { .. } => "cannot-listen",
            Self::UrlUnknown => "url-unknown",
            Self::UrlUnusable { .. } => "url-unusable",
            Self::Runtime { .. } => "cannot-start",
            Self::Output { .. } => "output-failed",
            Self::PhonePage { .. } => "phone-page-unreadable",
            Self::Picture { .. } => "no-picture",
            Self::Store(err) => err.code(),
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Store(err) => err.data_safe(),
            Self::KeyMissing { .. } | Self::KeyDamaged { .. } => {
                "The stored bundles are untouched. A new key was not made, because vaults know \
                 this relay by the old one."
                    .to_owned()
            }
            Self::Output { .. } => {
                "What is stored is untouched. An invitation that was not written opens nothing."
                    .to_owned()
            }
            _ => "What is stored is untouched.".to_owned(),
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::DataDir { .. } => {
                "Choose a directory that you may write to: `online-relay serve --data DIR`."
            }
            Self::InUse { .. } => {
                "Stop the other one first, or give this one its own directory with --data."
            }
            Self::NotARelay { .. } => {
                "Start the relay once with `online-relay serve --data DIR --listen ADDRESS`, or \
                 give the directory of one with --data."
            }
            Self::KeyMissing { .. } | Self::KeyDamaged { .. } => {
                "Restore the file `relay-key` from a backup of the data directory."
            }
            Self::Listen { .. } => "Choose another address or port with --listen.",
            Self::UrlUnknown => {
                "Give it: `online-relay invite --data DIR --url https://relay.example`."
            }
            Self::UrlUnusable { .. } => {
                "Write it like https://relay.example, without a slash at the end."
            }
            Self::Runtime { .. } => "Free some memory and processes, and start again.",
            Self::Output { .. } => {
                "Choose a new file, in a directory that exists, and run the command again."
            }
            Self::PhonePage { .. } => {
                "Give the folder that `online-relay/phone/build.sh` makes with --phone-page, or \
                 leave it out to serve without the page."
            }
            Self::Picture { .. } => "Leave out --qr, and hand the link over as text.",
            Self::Store(err) => return err.next_step(),
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::UrlUnknown | Self::UrlUnusable { .. } | Self::NotARelay { .. } => Exit::Usage,
            Self::Store(err) => err.exit(),
            _ => Exit::Failed,
        }
    }
}
