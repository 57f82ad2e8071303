//! The desk between a person, a repository and a vault that does what the test tells it.

mod approvals;
mod commands;
mod files;
mod git;
mod hook;
mod inputs;
mod keys;
mod lies;
mod messages;
mod now;
mod openpgp;
mod vault;
mod world;
