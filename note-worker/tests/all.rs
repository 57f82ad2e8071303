//! The worker as a vault uses it: a process for each question.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod author;
mod bytes;
mod confined;
mod converge;
mod hostile;
mod large;
mod left_out;
mod mutated;
mod random;
mod refused;
mod round_trip;
mod trace;
