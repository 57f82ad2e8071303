//! The signing room of the vault: keys, what each may sign, what is asked of them, and the journal
//! of what was signed.
//!
//! Spec: spec/signing.md.

mod content;
mod decide;
mod error;
mod git_like;
pub(crate) mod intake;
pub mod journal;
pub mod keys;
pub mod policy;
mod refusal;
mod requests;
pub mod review;
mod sign;

#[cfg(test)]
mod tests;

pub use decide::{Accepted, Decided, Outcome, approve, check_ready, forget, read_message, refuse};
pub use error::SigningError;
pub use refusal::PolicyRefusal;
pub use requests::{RequestLine, Reviewed, mark_shown, requests, review_request};
pub use review::{Review, ReviewError, Risk, message_lines};
