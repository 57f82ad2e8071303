//! The tests of what content operations mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed test panics"
)]

mod batches;
mod convergence;
mod edits;
mod files;
mod messages;
mod notes;
mod records;
mod samples;
mod schemas;
mod sizes;
mod space;
