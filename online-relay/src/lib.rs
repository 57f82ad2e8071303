//! The online machine's program: a server that keeps mailboxes and trays, and the courier that
//! visits them for offline vaults.
//!
//! Nothing in here can open a bundle: the crate that could is not linked.

pub mod api;
pub mod cli;
pub mod client;
pub mod courier;
pub mod limits;
pub mod report;
pub mod server;
pub mod tray;
