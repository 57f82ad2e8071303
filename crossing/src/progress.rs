//! How a long crossing says where it is, and hears that it should stop.

use carriers::light::Status;

/// What a crossing is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Looking at what is on the medium.
    Looking,
    /// Taking packs in.
    TakingIn,
    /// Writing parts, or comparing those that are there already.
    Writing,
    /// Reading what was written from the medium again.
    Checking,
}

/// Whoever shows the progress of a crossing.
pub trait Progress {
    /// `done_bytes` of `total_bytes` of this phase are done. The total is an upper bound.
    fn step(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64);

    /// Where a crossing by light is, about ten times a second. What is shown in a window need not
    /// be said once more.
    fn status(&mut self, _status: &Status) {}

    /// Whether the person wants to stop; asked about once for each MiB.
    fn cancelled(&self) -> bool;
}

/// Shows nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn step(&mut self, _phase: Phase, _done_bytes: u64, _total_bytes: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}
