//! What two devices of a space tell each other, and what is sent when.
//!
//! Bundles are lost, come twice or late, and many links work one way only. So every device says in
//! signed have-summaries up to where it holds the log, summaries are passed on for others, and
//! what no summary acknowledges is sent again. Spec: spec/team.md, "Sync".

mod acknowledged;
mod due;
mod extent;
mod have;
mod have_book;
mod intake;
mod message;
mod send_state;

pub use acknowledged::{Acknowledged, acknowledged};
pub use due::{Due, DueSegment, Payloads, due};
pub use extent::Extent;
pub use have::{Have, HaveDraft, UncheckedHave, Want};
pub use have_book::{HaveBook, HaveVerdict, LastWord};
pub use intake::{SegmentStore, TakenIn, take_in};
pub use message::{BadSegment, SyncMessage, UncheckedSegment};
pub use send_state::{Now, Plan, SendState};
