//! The person's terminal, when standard streams are pipes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The terminal.
#[derive(Debug)]
pub(super) struct Terminal(File);

impl Terminal {
    /// Opens it; fails where there is none.
    pub(super) fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        Ok(Self(file))
    }

    /// Says something. Whoever does not listen misses nothing that has to be kept.
    pub(super) fn say(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes());
    }

    /// Waits for a line, and tells whether it asks to stop. A terminal that is gone does.
    pub(super) fn asks_to_stop(&mut self, pause: Duration) -> bool {
        let Ok(timeout) = Timespec::try_from(pause) else {
            return true;
        };
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            // A signal has its own flag.
            Ok(0) | Err(rustix::io::Errno::INTR) => return false,
            Ok(_) => {}
            Err(_) => return true,
        }
        let mut line = [0; 64];
        match self.0.read(&mut line) {
            Ok(0) | Err(_) => true,
            Ok(_) => matches!(line, [b'q' | b'Q', b'\n' | b'\r', ..]),
        }
    }
}
