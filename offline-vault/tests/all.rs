//! What the vault promises, run with the real program wherever a person would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

mod at_rest;
mod backups;
mod cards;
mod commands;
mod contacts;
mod foreign_keys;
mod keys;
mod lockdown;
mod machine;
mod messages;
mod openpgp;
mod pairings;
mod session;
mod unlocking;
