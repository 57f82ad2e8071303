//! Shows where a long step is, and hears that it should stop.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use carriers::light::{Status, TERMINAL_RESTORE};
use crossing::{Phase, Progress};
use pack_format::shown::Shown;

use super::error::CourierError;
use super::quantity::{Bytes, Seconds};

/// Whether the person wants to stop; shared with the handler of Ctrl-C.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Sets the flag at the first Ctrl-C or SIGTERM; the second ends the process at once, which
    /// is as safe as a power cut: everything is taken up again.
    ///
    /// # Errors
    /// [`CourierError::Signals`].
    pub fn on_signals() -> Result<Self, CourierError> {
        let cancel = Self::default();
        let flag = cancel.clone();
        ctrlc::set_handler(move || {
            if flag.0.swap(true, Ordering::Relaxed) {
                if HAS_TERMINAL.load(Ordering::Relaxed) {
                    let _ = io::stdout().write_all(TERMINAL_RESTORE.as_bytes());
                }
                std::process::exit(EXIT_INTERRUPTED);
            }
            if io::stderr().is_terminal() {
                let _ = io::stderr().write_all(STOPPING);
            }
        })
        .map_err(|source| CourierError::Signals { source })?;
        Ok(cancel)
    }

    /// Sets the flag at every signal that asks to end, for what has to clean up behind itself: at
    /// Ctrl-C a terminal that is closed sends a second one.
    ///
    /// # Errors
    /// [`CourierError::Signals`].
    pub(crate) fn on_all_signals() -> Result<Self, CourierError> {
        let cancel = Self::default();
        let flag = cancel.clone();
        ctrlc::set_handler(move || flag.set())
            .map_err(|source| CourierError::Signals { source })?;
        Ok(cancel)
    }

    /// Asks everything to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Codes stand in the terminal from here on: a program that ends at once gives it back first.
pub(super) fn takes_terminal() {
    HAS_TERMINAL.store(true, Ordering::Relaxed);
}

/// Where progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Nothing,
    /// One line that is written over.
    Terminal,
    /// A line now and then, for a log.
    Lines,
}

/// Shows progress on standard error and passes a wish to stop on.
#[derive(Debug)]
pub struct Watch {
    cancel: Cancel,
    show: Show,
    step: Option<Step>,
}

#[derive(Debug)]
struct Step {
    what: String,
    begun: Instant,
    /// Where the step was when it was first heard of: a resumed one does not begin at zero.
    first_bytes: u64,
    shown: Option<Instant>,
}

impl Watch {
    /// Shows nothing.
    #[must_use]
    pub fn quiet(cancel: Cancel) -> Self {
        Self {
            cancel,
            show: Show::Nothing,
            step: None,
        }
    }

    /// Shows every step that takes longer than a second.
    #[must_use]
    pub fn on_stderr(cancel: Cancel) -> Self {
        let show = if io::stderr().is_terminal() {
            Show::Terminal
        } else {
            Show::Lines
        };
        Self {
            cancel,
            show,
            step: None,
        }
    }

    /// The flag that stops everything.
    #[must_use]
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// `done_bytes` of `total_bytes` of the step `what` are done.
    pub fn at(&mut self, what: &str, done_bytes: u64, total_bytes: u64) {
        if self.show == Show::Nothing {
            return;
        }
        let now = Instant::now();
        if self.step.as_ref().is_none_or(|step| step.what != what) {
            self.finish();
            self.step = Some(Step {
                what: what.to_owned(),
                begun: now,
                first_bytes: done_bytes,
                shown: None,
            });
        }
        let show = self.show;
        let Some(step) = &mut self.step else {
            return;
        };
        let pause = match show {
            Show::Lines => LINE_PAUSE,
            _ => TERMINAL_PAUSE,
        };
        let since = step.shown.map_or(now - step.begun, |shown| now - shown);
        if since < step.shown.map_or(QUIET_TIME, |_| pause) {
            return;
        }
        step.shown = Some(now);
        let line = step.line(now, done_bytes, total_bytes);
        let text = match show {
            Show::Terminal => format!("\r\u{1b}[K{line}"),
            _ => format!("{line}\n"),
        };
        // Talk: whoever does not listen misses nothing that has to be kept.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// The step is over: what follows begins on a line of its own.
    pub fn finish(&mut self) {
        let shown = self.step.take().is_some_and(|step| step.shown.is_some());
        if shown && self.show == Show::Terminal {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

impl Step {
    fn line(&self, now: Instant, done_bytes: u64, total_bytes: u64) -> String {
        let what = &self.what;
        let (done, total) = (Bytes(done_bytes), Bytes(total_bytes));
        let millis = (now - self.begun).as_millis().max(1);
        let moved_bytes = u128::from(done_bytes.saturating_sub(self.first_bytes));
        let rate = u64::try_from(moved_bytes * 1000 / millis).unwrap_or(u64::MAX);
        let left_bytes = total_bytes.saturating_sub(done_bytes);
        match left_bytes.checked_div(rate) {
            Some(secs) => {
                let left = Seconds(Duration::from_secs(secs));
                format!(
                    "{what}: {done} of {total}, {} a second, {left} left",
                    Bytes(rate)
                )
            }
            None => format!("{what}: {done} of {total}"),
        }
    }
}

impl Progress for Watch {
    fn step(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64) {
        let what = match phase {
            Phase::Looking => "Looking at the medium",
            Phase::TakingIn => "Taking in",
            Phase::Writing => "Writing",
            Phase::Checking => "Reading back",
        };
        self.at(what, done_bytes, total_bytes);
    }

    fn status(&mut self, status: &Status) {
        if self.show == Show::Nothing {
            return;
        }
        let now = Instant::now();
        let pause = match self.show {
            Show::Lines => LINE_PAUSE,
            _ => TERMINAL_PAUSE,
        };
        let step = self.step.get_or_insert_with(|| Step {
            what: String::new(),
            begun: now,
            first_bytes: 0,
            shown: None,
        });
        let since = step.shown.map_or(now - step.begun, |shown| now - shown);
        if since < step.shown.map_or(QUIET_TIME, |_| pause) {
            return;
        }
        step.shown = Some(now);
        let lines = std::iter::once(&status.headline).chain(status.lines.iter().take(2));
        let line: Vec<_> = lines.map(|line| Shown(line).to_string()).collect();
        let line = line.join(" ");
        let text = match self.show {
            Show::Terminal => format!("\r\u{1b}[K{line}"),
            _ => format!("{line}\n"),
        };
        // Talk: whoever does not listen misses nothing that has to be kept.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    fn cancelled(&self) -> bool {
        self.cancel.is_set()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.finish();
    }
}

static HAS_TERMINAL: AtomicBool = AtomicBool::new(false);
const STOPPING: &[u8] = b"\nonline-relay: stopping; Ctrl-C again ends at once, also safely\n";
/// What is over sooner is not worth a line.
const QUIET_TIME: Duration = Duration::from_secs(1);
const TERMINAL_PAUSE: Duration = Duration::from_millis(200);
const LINE_PAUSE: Duration = Duration::from_secs(10);
/// What shells report for a program that Ctrl-C ended.
const EXIT_INTERRUPTED: i32 = 130;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_rate_and_rest() {
        let begun = Instant::now();
        let step = Step {
            what: "Uploading".to_owned(),
            begun,
            first_bytes: 1024,
            shown: None,
        };
        let now = begun + Duration::from_secs(2);
        assert_eq!(
            step.line(now, 5 * 1024, 65 * 1024),
            "Uploading: 5.0 KiB of 65.0 KiB, 2.0 KiB a second, 30 s left"
        );
        assert_eq!(step.line(now, 1024, 2048), "Uploading: 1.0 KiB of 2.0 KiB");
    }
}
