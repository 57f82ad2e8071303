//! Membership: who may do what, worked out from the set of control segments alone.
//!
//! Everybody who holds the same segments comes to the same result, in whatever order they came.
//! Spec: spec/team.md, "Membership".

mod graph;
mod refused;

pub use graph::{ControlGraph, ControlNode, Fork, Seen, ViewStep};
pub use refused::Refused;
