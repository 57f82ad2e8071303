//! What members write in a space: messages, files, records, and notes with proposals.
//!
//! Each is an ordinary user of the engine in `team-core`: operations in, the state of one item
//! out, whatever the order in which they came. Nothing here touches a file, a clock or the
//! system's randomness. Spec: spec/team.md, "Content".
//!
//! [`batch`] turns operations into the content of a segment and back; [`fold`](mod@fold) turns the
//! operations of one item into what it is. An operation that is later held, destroyed or adopted
//! is left out of, or put into, the next fold: no state is kept that an operation would have to be
//! taken out of.

pub mod batch;
pub mod blob;
pub mod file;
pub mod fold;
pub mod index;
pub mod item_id;
pub mod limits;
pub mod message;
pub mod note;
pub mod operation;
pub mod record;
pub mod schema;
pub mod title;
pub mod value;

mod wire;
