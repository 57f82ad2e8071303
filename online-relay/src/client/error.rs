//! Why a visit to a relay did not succeed, told apart by what the courier can do about it.

use std::io;
use std::time::Duration;

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

/// Why a call to a relay failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The relay's URL or the proxy's cannot be used.
    #[error("{what} cannot be used as a URL: {url:?}")]
    BadUrl {
        /// "relay" or "proxy".
        what: &'static str,
        /// The text, without a password.
        url: String,
    },
    /// Plain HTTP to another machine, which shows the fetch token to everyone on the way.
    #[error("the relay is reached without encryption: {url:?}")]
    PlainHttp {
        /// The relay's URL.
        url: String,
    },
    /// An onion service without a proxy: the name would be asked for on the open network.
    #[error("an onion service is reached through Tor only, and no proxy is given: {url:?}")]
    OnionWithoutProxy {
        /// The relay's URL.
        url: String,
    },
    /// No connection came about.
    #[error("the relay cannot be reached: {url:?}")]
    Unreachable {
        /// The relay's URL.
        url: String,
        /// What the system or the proxy says.
        #[source]
        source: io::Error,
    },
    /// The connection broke in the middle.
    #[error("the connection to the relay broke: {url:?}")]
    Interrupted {
        /// The relay's URL.
        url: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No byte moved for too long.
    #[error("no byte from the relay for {} seconds: {url:?}", waited.as_secs())]
    Stalled {
        /// How long was waited.
        waited: Duration,
        /// The relay's URL.
        url: String,
    },
    /// Another relay answers at this address.
    #[error("another relay answers at this address: {url:?}")]
    WrongKey {
        /// The relay's URL.
        url: String,
    },
    /// The relay refused the request.
    #[error("the relay refused with status {status} ({reason})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The relay's code for the reason, if it is one that this version knows.
        reason: &'static str,
    },
    /// The relay has no mailbox with this key or token.
    #[error("the relay does not know the mailbox")]
    MailboxUnknown,
    /// The relay does not hold this bundle, or not any more.
    #[error("the relay does not hold the bundle")]
    BundleUnknown,
    /// The relay has no tray with this token.
    #[error("the relay does not know the tray")]
    TrayUnknown,
    /// The tray does not hold this transfer, or not any more.
    #[error("the tray does not hold the transfer")]
    TransferUnknown,
    /// The tray's list has no room.
    #[error("the tray is full")]
    TrayFull,
    /// The relay has no room.
    #[error("the relay is full")]
    Full,
    /// All places of the relay are taken at the moment.
    #[error("the relay is busy")]
    Busy,
    /// The relay said something that cannot be true.
    #[error("the relay's answer is not believable: {what}")]
    Lied {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The relay found that the bytes are not those of the ticket.
    #[error("the bundle's bytes are not those that the ticket is for")]
    HashDiffers,
    /// The relay failed on its side.
    #[error("the relay failed with status {status}")]
    ServerFailed {
        /// The HTTP status.
        status: u16,
    },
    /// The bundle to upload could not be read, or has another size than its ticket says.
    #[error("the bundle to send cannot be read")]
    Source {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The downloaded bytes could not be written.
    #[error("the fetched bytes cannot be written")]
    Sink {
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl RelayError {
    /// Whether an upload that ended so may be taken up where the relay has it.
    pub(super) fn may_resume(&self) -> bool {
        matches!(
            self,
            Self::Interrupted { .. }
                | Self::Stalled { .. }
                | Self::Busy
                | Self::Refused { status: 409, .. }
        )
    }
}

impl Advice for RelayError {
    fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad-url",
            Self::PlainHttp { .. } => "plain-http",
            Self::OnionWithoutProxy { .. } => "onion-without-proxy",
            Self::Unreachable { .. } => "relay-unreachable",
            Self::Interrupted { .. } => "connection-broke",
            Self::Stalled { .. } => "relay-stalled",
            Self::WrongKey { .. } => "wrong-relay-key",
            Self::Refused { .. } => "relay-refused",
            Self::MailboxUnknown => "mailbox-unknown",
            Self::BundleUnknown => "bundle-unknown",
            Self::TrayUnknown => "tray-unknown",
            Self::TransferUnknown => "transfer-unknown",
            Self::TrayFull => "tray-full",
            Self::Full => "relay-full",
            Self::Busy => "relay-busy",
            Self::Lied { .. } => "relay-lied",
            Self::HashDiffers => "bundle-damaged",
            Self::ServerFailed { .. } => "relay-failed",
            Self::Source { .. } => "bundle-unreadable",
            Self::Sink { .. } => "cannot-store-bundle",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::WrongKey { .. } | Self::Lied { .. } => {
                "Nothing was accepted from this relay. Bundles are sealed, so it could not read \
                 them; the sender's copy stays until the receiving vault confirms."
            }
            Self::HashDiffers => {
                "The relay threw the damaged bytes away. The vault still has its copy."
            }
            Self::BadUrl { .. } | Self::PlainHttp { .. } | Self::OnionWithoutProxy { .. } => {
                "Nothing was sent."
            }
            _ => "Nothing is lost: what was not confirmed stays on this machine or on the relay.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::BadUrl { .. } => {
                "Check the URL; a proxy is written like socks5://127.0.0.1:9050."
            }
            Self::PlainHttp { .. } => {
                "Ask the operator for an https:// or .onion address, or allow it for a network \
                 you trust with --plain-http."
            }
            Self::OnionWithoutProxy { .. } => {
                "Start Tor on this machine, and add --proxy socks5://127.0.0.1:9050."
            }
            Self::Unreachable { .. } => {
                "Check that this machine is online and that the proxy runs, then sync again."
            }
            Self::Interrupted { .. } | Self::Stalled { .. } => {
                "Sync again; it goes on where it stopped."
            }
            Self::WrongKey { .. } => {
                "Do not use this relay. Ask its operator, over another way, which key is right."
            }
            Self::Refused { .. } => {
                "Ask the relay's operator, and quote the status; the vault may need a new \
                 invitation."
            }
            Self::MailboxUnknown => {
                "Check that the mailbox was opened on this relay; if it was, its operator has \
                 lost it, and the vault needs a new invitation."
            }
            Self::BundleUnknown => "List the mailbox again; it may have been acknowledged.",
            Self::TrayUnknown => {
                "Ask the relay's operator for a new tray: `online-relay tray`; this one was closed \
                 or never made."
            }
            Self::TransferUnknown => "Sync again; the phone may have taken it back.",
            Self::TrayFull => {
                "Let the phone show to the vault what waits on the tray, then sync again; or ask \
                 the operator for a second tray."
            }
            Self::Full => "Try another relay, or try again after its users have fetched.",
            Self::Busy | Self::ServerFailed { .. } => "Sync again in a few minutes.",
            Self::Lied { .. } => "Use another relay, and tell its operator what was seen.",
            Self::HashDiffers => {
                "Take the stick to the vault again, so that it writes the bundle anew."
            }
            Self::Source { .. } => {
                "Put the stick in again, or take it to the vault for a new copy."
            }
            Self::Sink { .. } => "Make room on this machine's disk, then sync again.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::BadUrl { .. } | Self::PlainHttp { .. } | Self::OnionWithoutProxy { .. } => {
                Exit::Usage
            }
            Self::WrongKey { .. } | Self::Lied { .. } | Self::HashDiffers => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}
