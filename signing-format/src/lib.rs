//! What a desk asks a vault to sign, what the vault says to it, and the forms of signatures.
//!
//! Linked by the vault and by the relay: nothing here holds a long-lived secret, opens a bundle
//! or reads a file. Spec: spec/signing.md.

pub mod git;
pub mod minisign;
pub mod openpgp;
pub mod ssh;
