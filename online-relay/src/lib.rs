//! The online machine's program: a server that keeps mailboxes and trays, the courier that visits
//! them for offline vaults, and the desk that asks those vaults for signatures.
//!
//! Nothing in here can open a bundle: the crate that could is not linked.

pub mod api;
pub mod cli;
pub mod client;
pub mod clock;
pub mod courier;
pub mod desk;
pub mod limits;
pub mod report;
pub mod server;
pub mod tray;
