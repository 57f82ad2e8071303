//! The one place that reads the machine's clock. Everything else is handed the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970-01-01 00:00 UTC; 0 on a machine whose clock is before that.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock; all others are handed the time"
)]
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
