//! The log of a space: the chains of segments of its devices, and what makes a segment part of
//! them.
//!
//! A segment is taken in when everything it names has been taken in before, so that what is held
//! is closed under "had seen" at every moment. The verdict on a segment depends on its own causal
//! past alone, and so is the same at every vault whatever came first. Spec: spec/team.md, "Log".

mod accept;
mod author;
mod fork;
mod index;
mod links;
mod pending;
mod seen;

pub use accept::{Accepted, BrokenRule, Verdict, accept};
pub use author::{Draft, WriteError, write};
pub use fork::{BadForkProof, ForkProof, UncheckedForkProof};
pub use index::{Chain, Listed, Place, SegmentIndex, is_in_past, seen_by};
pub use links::ControlLinks;
pub use pending::{Overflow, Pending};
pub use seen::{Head, SeenHeads, Step};
