//! Bundles from the outside: what comes back, and everything that must be refused.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod hostile;
mod support;
mod trips;
