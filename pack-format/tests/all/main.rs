//! Tests of the format from outside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod fountain;
mod light;
mod light_page;
mod simulation;
