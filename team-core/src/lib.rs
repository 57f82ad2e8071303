//! Who may do what in a space, what changed, and what is missing: a pure state machine.
//!
//! Operations go in, state and effects come out. Nothing here touches a file, a clock, the
//! system's randomness or SQL: callers pass bytes, the time and a generator. Spec: spec/team.md.

pub mod blob;
pub mod content;
pub mod control;
pub mod device_card;
pub mod epoch;
pub mod ids;
pub mod invitation;
pub mod limits;
pub mod log;
pub mod membership;
pub mod name;
pub mod role;
pub mod segment;
pub mod sync;

mod packed;
