//! What members write in a space: messages, files, records, and proposals for notes.
//!
//! Each is an ordinary user of the engine in `team-core`: operations in, the state of one item
//! out, whatever the order in which they came. Nothing here touches a file, a clock or the
//! system's randomness. Spec: spec/team.md, "Content".

pub mod item_id;
