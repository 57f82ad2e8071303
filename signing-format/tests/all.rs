//! Tests of the format from outside, with stock tools as referees.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod git;
mod minisign;
mod openpgp;
mod ssh;
