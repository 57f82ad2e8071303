//! Git objects, with stock git and ssh-keygen as referees.

mod chain;
mod changes;
mod gathering;
mod properties;
mod repository;
mod signatures;
