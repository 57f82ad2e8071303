//! The relay as its clients, its operator and its attackers meet it: loopback only.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test; the settings for tests only cover the tests themselves"
)]

mod common;

mod commands;
mod courier;
mod desk;
mod hostile_relay;
mod messages;
mod phone;
mod refusals;
mod restart;
mod roles;
mod transfer;
mod trays;
