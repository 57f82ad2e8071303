//! The tests of the crate's public face.
#![allow(missing_docs, reason = "tests")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod blob;
mod epoch;
mod invitation;
mod log;
mod membership;
mod simulator;
mod sync;
