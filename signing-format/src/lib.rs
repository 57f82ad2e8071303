//! What a desk asks a vault to sign, what the vault says to it, and the forms of signatures.
//!
//! Linked by the vault and by the relay: nothing here holds a long-lived secret, opens a bundle
//! or reads a file. Spec: spec/signing.md.

pub mod approval;
pub mod content;
pub mod digest_state;
mod ed25519;
pub mod git;
pub mod key_reference;
pub mod limits;
pub mod minisign;
pub mod openpgp;
pub mod reply;
pub mod request;
pub mod ssh;
pub mod subject;
