//! Spaces: the engine of teams over the vault's store, and what people do with it.
//!
//! `team-core` decides who may do what and what is missing; this keeps its segments in tables,
//! seals bundles for the devices of a space and lets what comes in them take effect. One use case
//! is one transaction. Spec: spec/team.md.

mod brought;
pub(crate) mod bundle;
mod changes;
mod content;
pub(crate) mod due;
mod error;
mod files;
mod graph;
mod index;
pub(crate) mod joining;
mod session;
pub mod spaces;
pub(crate) mod take_in;
pub(crate) mod upkeep;
mod view;

pub use brought::{Brought, News};
pub use error::{ClosedReason, TeamError};
