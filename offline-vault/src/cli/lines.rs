//! Lines that a person types, with a limit on how long nobody does.
//!
//! A thread reads standard input, one line each time it is asked, so that waiting for a line can
//! end early. No command runs while a line is awaited, and no line is read while a command runs.

use std::cell::OnceCell;
use std::io::{self, BufRead as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// Why there is no line.
#[derive(Debug)]
pub(super) enum NoLine {
    /// The input ended or failed.
    End,
    /// Nobody typed for too long.
    Idle,
    /// Somebody wants the program to stop.
    Stop,
}

/// What can happen while a line is awaited.
enum Event {
    Line(Option<Zeroizing<String>>),
    Stop,
}

/// Standard input, by the line.
pub(super) struct Lines {
    events: Receiver<Event>,
    event_sender: Sender<Event>,
    reader: OnceCell<Sender<()>>,
}

/// Ends the wait for a line from elsewhere.
pub(super) struct Stopper(Sender<Event>);

impl Stopper {
    /// Every wait for a line ends now and from now on, as far as there is one.
    pub(super) fn stop(&self) {
        // Nobody waits any more when the other end is gone.
        let _ = self.0.send(Event::Stop);
    }
}

impl Lines {
    /// Nothing is read before somebody asks.
    #[must_use]
    pub(super) fn new() -> Self {
        let (event_sender, events) = mpsc::channel();
        Self {
            events,
            event_sender,
            reader: OnceCell::new(),
        }
    }

    /// Something that ends the waiting, for a signal handler.
    #[must_use]
    pub(super) fn stopper(&self) -> Stopper {
        Stopper(self.event_sender.clone())
    }

    /// Waits for the next line, without its line break.
    ///
    /// # Errors
    /// [`NoLine`].
    pub(super) fn next(&self, idle: Duration) -> Result<Zeroizing<String>, NoLine> {
        let asked = self.reader.get_or_init(|| self.start_reader());
        if asked.send(()).is_err() {
            return Err(NoLine::End);
        }
        match self.events.recv_timeout(idle) {
            Ok(Event::Line(Some(line))) => Ok(line),
            Ok(Event::Line(None)) | Err(RecvTimeoutError::Disconnected) => Err(NoLine::End),
            Ok(Event::Stop) => Err(NoLine::Stop),
            Err(RecvTimeoutError::Timeout) => Err(NoLine::Idle),
        }
    }

    fn start_reader(&self) -> Sender<()> {
        let (ask, asked) = mpsc::channel();
        let events = self.event_sender.clone();
        thread::spawn(move || {
            while asked.recv().is_ok() {
                if events.send(Event::Line(read_line())).is_err() {
                    return;
                }
            }
        });
        ask
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

/// `None` at the end of the input, and when it cannot be read: both mean that nobody is there.
fn read_line() -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            let kept = line.trim_end_matches(['\n', '\r']).len();
            line.truncate(kept);
            Some(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_the_wait_for_a_line() {
        let lines = Lines::new();
        lines.stopper().stop();
        // The test's input may be closed or open: either way nobody waits for the ten minutes.
        let ended = lines.next(Duration::from_secs(600));
        assert!(matches!(ended, Err(NoLine::Stop | NoLine::End)));
    }
}
