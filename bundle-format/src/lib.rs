//! What one vault seals for others, end to end: identities, cards and bundles.
//!
//! Only a vault links this crate. Nothing here touches a file, a clock or the system's
//! randomness: callers pass bytes, the time and a generator. Spec: spec/bundle.md.

pub mod card;
pub mod content;
pub mod identity;
pub mod limits;
pub mod manifest;
pub mod open;
pub mod random;
pub mod receipt;
pub mod seal;
pub mod sender;
pub mod slot;
pub mod wrap;

mod kem;
mod ordered;
