//! What crosses more than one crate, and the test vectors of the specifications.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

mod architecture;
mod attackers;
mod finder;
mod kills;
mod light;
mod limits;
mod mutations;
mod people;
mod signing;
mod storms;
mod team;
mod vectors;
