//! The tests of what content operations mean.

mod batches;
mod convergence;
mod files;
mod messages;
mod notes;
mod records;
mod schemas;
mod sizes;
mod space;
