//! What people do with a vault: send, cross, read, save, and know where everything is.
//!
//! The command line calls these functions, and a screen would call the same.

pub mod backup;
pub(crate) mod bundle_file;
mod due;
mod error;
mod host;
mod inbox;
mod inspect;
mod item;
mod outbox;
pub(crate) mod release;
mod seal;
mod send;
mod sync;
mod take_in;
pub(crate) mod walk;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use bundle_file::BundleFile;
pub use error::WorkError;
pub use inbox::{Accepted, InboxItem, Message, Origin, accept_sender, inbox, read_message, save};
pub use inspect::{Inspection, SeenFile, inspect};
pub use item::ItemId;
pub use outbox::{
    Explanation, Gap, Letter, OutboxItem, ReaderStatus, explain, gaps, outbox, send_again, withdraw,
};
pub(crate) use send::send_invitation;
pub use send::{SendRequest, Sent, UNVERIFIED_SENTENCE, send};
pub use sync::{Crossed, CrossedLane, Light, Medium, sync, sync_light};
pub use walk::{Special, WalkError};
