//! The tests of what content operations mean.

mod batches;
mod convergence;
mod edits;
mod files;
mod messages;
mod notes;
mod records;
mod samples;
mod schemas;
mod sizes;
mod space;
