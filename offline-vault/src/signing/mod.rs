//! The signing room of the vault: keys, what each may sign, and the journal of what was signed.
//!
//! Spec: spec/signing.md.

pub(crate) mod intake;
pub mod journal;
pub mod keys;
pub mod policy;
mod refusal;

pub use refusal::PolicyRefusal;
