//! Counts the bytes of a phase and asks whether to stop.

use crate::{CrossingError, Phase, Progress, limits::STEP_BYTES};

/// The one place that talks to a [`Progress`].
pub(crate) struct Meter<'p> {
    progress: &'p mut dyn Progress,
    phase: Phase,
    done_bytes: u64,
    total_bytes: u64,
    /// Bytes since the person was asked last.
    since_step: u64,
}

impl<'p> Meter<'p> {
    pub(crate) fn new(progress: &'p mut dyn Progress) -> Self {
        Self {
            progress,
            phase: Phase::Looking,
            done_bytes: 0,
            total_bytes: 0,
            since_step: 0,
        }
    }

    /// Begins a phase of at most `total_bytes`.
    pub(crate) fn begin(&mut self, phase: Phase, total_bytes: u64) -> Result<(), CrossingError> {
        self.phase = phase;
        self.done_bytes = 0;
        self.total_bytes = total_bytes;
        self.step()
    }

    /// Counts bytes; shows them and asks whether to stop about once for each MiB.
    pub(crate) fn advance(&mut self, bytes: u64) -> Result<(), CrossingError> {
        self.done_bytes = self.done_bytes.saturating_add(bytes);
        self.since_step = self.since_step.saturating_add(bytes);
        if self.since_step < STEP_BYTES as u64 {
            return Ok(());
        }
        self.step()
    }

    /// Shows where things are and stops if the person wants that.
    pub(crate) fn step(&mut self) -> Result<(), CrossingError> {
        self.since_step = 0;
        // What is read twice, because a first attempt failed, counts once.
        let done_bytes = self.done_bytes.min(self.total_bytes);
        self.progress.step(self.phase, done_bytes, self.total_bytes);
        if self.progress.cancelled() {
            Err(CrossingError::Cancelled)
        } else {
            Ok(())
        }
    }
}
