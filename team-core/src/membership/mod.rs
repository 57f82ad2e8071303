//! Membership: who may do what, worked out from the set of control segments alone.
//!
//! Everybody who holds the same segments comes to the same result, in whatever order they came.
//! Spec: spec/team.md, "Membership".

mod authorise;
mod bits;
mod cards;
mod collect;
mod digest;
mod engine;
mod epochs;
mod evaluate;
mod graph;
mod lists;
mod members;
mod order;
mod outcome;
mod owners;
mod readership;
mod refused;
mod repeated;
mod rights;
mod standing;

pub use graph::{ControlGraph, ControlNode, Fork, Seen, ViewStep};
pub use members::Membership;
pub use outcome::{
    Checkpoint, Compartment, Deed, DeletionRequest, Device, EpochInfo, Ignored, Member, OpenVote,
    Range, Removal, Standing,
};
pub use refused::Refused;
