//! Spaces: the engine of teams over the vault's store, and what people do with it.
//!
//! `team-core` decides who may do what and what is missing; this keeps its segments in tables,
//! seals bundles for the devices of a space and lets what comes in them take effect. One use case
//! is one transaction. Spec: spec/team.md.

mod accepting;
mod brought;
pub(crate) mod bundle;
mod changes;
pub mod checkpoints;
mod content;
pub mod delivery;
pub mod devices;
pub(crate) mod due;
mod error;
pub mod explain;
pub mod files;
mod folder;
mod graph;
mod index;
pub mod items;
pub(crate) mod joining;
pub mod keys;
pub mod late;
pub mod members;
pub mod messages;
pub mod notes;
mod portion;
pub mod readers;
pub mod records;
mod refusal;
mod session;
mod shares;
pub mod shown;
pub mod spaces;
pub(crate) mod take_in;
pub(crate) mod upkeep;
mod view;
mod wants;

pub use brought::{Brought, News};
pub use error::{ClosedReason, TeamError};
pub use joining::Asking;

#[cfg(test)]
mod altered;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod item_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod want_tests;
