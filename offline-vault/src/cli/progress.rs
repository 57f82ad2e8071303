//! Progress of the real work on standard error, and the person's wish to stop.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use carriers::light::{Status, TERMINAL_RESTORE};
use crossing::{Phase, Progress};
use pack_format::shown::Shown;

/// Shows how far one command is: after a second, then a few times a second.
pub(super) struct Meter {
    what: &'static str,
    total_bytes: Option<u64>,
    begun: Instant,
    shown: Option<Instant>,
    is_quiet: bool,
    is_terminal: bool,
    last_status: String,
}

impl Meter {
    /// Begins to measure. Ctrl-C from here on asks the work to stop at its next safe point; a
    /// second one ends the program at once, which is safe as well, only less polite.
    pub(super) fn new(what: &'static str, total_bytes: Option<u64>, is_quiet: bool) -> Self {
        // A session has its own handler, which ends the work and the session together.
        let _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                give_terminal_back();
                std::process::exit(EXIT_INTERRUPTED);
            }
        });
        Self {
            what,
            total_bytes,
            begun: Instant::now(),
            shown: None,
            is_quiet,
            is_terminal: io::stderr().is_terminal(),
            last_status: String::new(),
        }
    }

    /// The work has got so far; whether it is to go on.
    pub(super) fn reached(&mut self, done_bytes: u64) -> bool {
        self.show(done_bytes);
        !is_stopping()
    }

    fn show(&mut self, done_bytes: u64) {
        let now = Instant::now();
        if !self.is_due(now) {
            return;
        }
        self.shown = Some(now);
        let elapsed = now.duration_since(self.begun);
        let line = progress_line(self.what, done_bytes, self.total_bytes, elapsed);
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.is_terminal {
            write!(io::stderr().lock(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr().lock(), "{line}")
        };
    }

    /// Whether it is time to show something again.
    fn is_due(&self, now: Instant) -> bool {
        let wait = match self.shown {
            None => FIRST_AFTER,
            Some(_) if self.is_terminal => SHOW_EVERY,
            Some(_) => LOG_EVERY,
        };
        let since = now.duration_since(self.shown.unwrap_or(self.begun));
        !self.is_quiet && since >= wait
    }

    fn begin(&mut self, what: &'static str) {
        if self.what != what {
            self.what = what;
            self.begun = Instant::now();
        }
    }
}

impl Progress for Meter {
    fn step(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64) {
        self.begin(match phase {
            Phase::Looking => "Looking at the medium",
            Phase::TakingIn => "Taking in",
            Phase::Writing => "Writing",
            Phase::Checking => "Reading back and comparing",
        });
        self.total_bytes = Some(total_bytes);
        self.show(done_bytes);
    }

    fn status(&mut self, status: &Status) {
        let now = Instant::now();
        if !self.is_due(now) {
            return;
        }
        let lines = std::iter::once(&status.headline).chain(status.lines.iter().take(2));
        let text: Vec<_> = lines.map(|line| Shown(line).to_string()).collect();
        let text = text.join(" ");
        // In a log every line stays: one that says the same again is left out.
        if !self.is_terminal && text == self.last_status {
            return;
        }
        self.shown = Some(now);
        self.last_status.clone_from(&text);
        // A status that cannot be shown is no reason to stop.
        let _ = if self.is_terminal {
            write!(io::stderr().lock(), "\r\x1b[K{text}")
        } else {
            writeln!(io::stderr().lock(), "{text}")
        };
    }

    fn cancelled(&self) -> bool {
        is_stopping()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.shown.is_some() && self.is_terminal {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Codes stand in the terminal from here on: a program that ends at once gives it back first.
pub(super) fn takes_terminal() {
    HAS_TERMINAL.store(true, Ordering::Relaxed);
}

fn give_terminal_back() {
    if HAS_TERMINAL.load(Ordering::Relaxed) {
        let _ = write!(io::stdout().lock(), "{TERMINAL_RESTORE}");
    }
}

/// Asks the work that runs to stop at its next safe point.
pub(super) fn stop() {
    STOP.store(true, Ordering::Relaxed);
}

fn is_stopping() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// `Sealing: 120.0 MiB of 1.0 GiB, 85.2 MiB/s, about 11 s left`.
fn progress_line(what: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let rate = done.saturating_mul(1000) / millis;
    let (done_text, rate_text) = (size_text(done), size_text(rate));
    match total {
        Some(total) if total >= done && rate > 0 => {
            let left_secs = (total - done).div_ceil(rate);
            let total = size_text(total);
            format!("{what}: {done_text} of {total}, {rate_text}/s, about {left_secs} s left")
        }
        _ => format!("{what}: {done_text}, {rate_text}/s"),
    }
}

/// A size as people read it: `1.5 MiB`.
pub(super) fn size_text(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut size = as_f64(bytes) / 1024.0;
    let mut at = 0;
    while size >= 1024.0 && at + 1 < units.len() {
        size /= 1024.0;
        at += 1;
    }
    format!("{size:.1} {}", units.get(at).copied().unwrap_or_default())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes are shown with two digits"
)]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

static STOP: AtomicBool = AtomicBool::new(false);
static HAS_TERMINAL: AtomicBool = AtomicBool::new(false);
/// What a shell shows for a program that Ctrl-C ended: 128 and the signal's number.
const EXIT_INTERRUPTED: i32 = 130;
const FIRST_AFTER: Duration = Duration::from_secs(1);
const SHOW_EVERY: Duration = Duration::from_millis(200);
/// Into a file or a pipe, where every line stays.
const LOG_EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_rate_and_remaining() {
        let line = progress_line("Sealing", 50 << 20, Some(100 << 20), Duration::from_secs(2));
        assert_eq!(
            line,
            "Sealing: 50.0 MiB of 100.0 MiB, 25.0 MiB/s, about 2 s left"
        );
        assert_eq!(
            progress_line("Sealing", 0, None, Duration::from_secs(1)),
            "Sealing: 0 bytes, 0 bytes/s"
        );
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size_text(0), "0 bytes");
        assert_eq!(size_text(1536), "1.5 KiB");
        assert_eq!(size_text(1 << 40), "1.0 TiB");
    }
}
