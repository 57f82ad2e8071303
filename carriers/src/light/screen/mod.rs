//! A window in a process of its own: what holds keys never meets the libraries of a desktop.
//!
//! The program `causeway-screen` owns the window, the connection to the display and nothing else;
//! it is told over a pipe what to show, and answers what it has room for. It lies beside the
//! program that starts it.

mod error;
mod wire;

use std::{
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Display, DisplayError, Sheet, Status, Wanted};
pub use error::ScreenError;
pub use wire::{Ask, Reply, read_ask, read_reply, write_ask, write_reply};

/// Which of the two machines a window belongs to: it says so in words and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The vault's, without a network.
    Offline,
    /// The relay's, with one.
    Online,
}

/// The process that can open a window, before it does.
///
/// Starting it early lets a program give up the right to make sockets before it opens anything
/// else: the process keeps that right for itself.
pub struct ScreenProcess {
    child: Child,
    asks: BufWriter<ChildStdin>,
    replies: BufReader<ChildStdout>,
    /// How long an answer is waited for.
    patience: Duration,
}

/// An open window in another process. It closes when this is dropped.
pub struct RemoteScreen(ScreenProcess);

impl ScreenProcess {
    /// Starts the program that lies beside `this_program`, as the system names the one that runs.
    /// It opens no window yet and connects to nothing.
    ///
    /// # Errors
    /// [`ScreenError::NotInstalled`] when it is not there or cannot be started.
    pub fn start_beside(this_program: io::Result<PathBuf>) -> Result<Self, ScreenError> {
        let this_program = this_program.unwrap_or_default();
        Self::start_at(&this_program.with_file_name(PROGRAM))
    }

    /// Starts the program at `path`.
    ///
    /// # Errors
    /// As for [`ScreenProcess::start_beside`].
    pub fn start_at(path: &Path) -> Result<Self, ScreenError> {
        let mut child = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|_| ScreenError::NotInstalled {
                path: path.to_owned(),
            })?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or(ScreenError::Ended)?;
        Ok(Self {
            child,
            asks: BufWriter::new(stdin),
            replies: BufReader::new(stdout),
            patience: PATIENCE,
        })
    }

    /// Opens the window, and returns when its first picture has been drawn.
    ///
    /// # Errors
    /// What the process says, or [`ScreenError::Ended`].
    pub fn open(mut self, machine: Machine) -> Result<RemoteScreen, ScreenError> {
        match self.ask(&Ask::Open(machine))? {
            Reply::Done => Ok(RemoteScreen(self)),
            Reply::Failed(err) => Err(err),
            _ => Err(ScreenError::Ended),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Result<Reply, ScreenError> {
        write_ask(&mut self.asks, ask).map_err(|_| ScreenError::Ended)?;
        self.wait_for_reply().map_err(|_| ScreenError::Ended)?;
        read_reply(&mut self.replies).map_err(|_| ScreenError::Ended)
    }

    /// Waits until there is an answer. A window that hangs must not hold on to a program that has
    /// keys open: it is ended.
    fn wait_for_reply(&mut self) -> io::Result<()> {
        let until = Timespec::try_from(self.patience).map_err(io::Error::other)?;
        let mut pipes = [PollFd::new(self.replies.get_ref(), PollFlags::IN)];
        let ready_count = poll(&mut pipes, Some(&until))?;
        if ready_count == 0 {
            self.child.kill()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Drop for ScreenProcess {
    /// The end of its input closes the window; a process that does not end then is ended.
    fn drop(&mut self) {
        // Both fail only where the process is gone already.
        let _ = self.ask(&Ask::Close);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Display for RemoteScreen {
    /// A window whose process has gone, as at Ctrl-C, wants nothing more.
    fn wait(&mut self) -> Result<Wanted, DisplayError> {
        match self.0.ask(&Ask::Wait) {
            Ok(Reply::Wanted(wanted)) => Ok(wanted),
            Ok(Reply::Failed(err)) => Err(DisplayError::new(err)),
            Ok(Reply::Done) | Err(_) => Ok(Wanted::Nothing),
        }
    }

    fn show(&mut self, sheet: &Sheet, status: &Status) -> Result<(), DisplayError> {
        match self.0.ask(&Ask::Show(sheet.clone(), status.clone())) {
            Ok(Reply::Failed(err)) => Err(DisplayError::new(err)),
            // That the process has gone shows when it is asked what it wants next.
            _ => Ok(()),
        }
    }
}

/// Longer than a slow machine takes to open a window, which is the longest of all.
const PATIENCE: Duration = Duration::from_secs(45);

/// The name of the program.
const PROGRAM: &str = "causeway-screen";

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, time::Instant};

    use super::*;

    /// A program that does this instead of showing a window.
    fn process(dir: &tempfile::TempDir, does: &str) -> ScreenProcess {
        let path = dir.path().join(PROGRAM);
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        // A file that was just written may still be open in a child of another test.
        let started = (0..100).find_map(|_| ScreenProcess::start_at(&path).ok());
        started.unwrap()
    }

    #[test]
    fn a_window_that_hangs_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut hanging = process(&dir, "exec sleep 600");
        hanging.patience = Duration::from_millis(50);
        let begun = Instant::now();
        let refused = hanging.open(Machine::Offline).err();
        assert!(matches!(refused, Some(ScreenError::Ended)), "{refused:?}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_window_that_talks_nonsense_or_goes_at_once_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        for does in ["exit 0", "echo something else", "exec cat"] {
            let refused = process(&dir, does).open(Machine::Online).err();
            assert!(matches!(refused, Some(ScreenError::Ended)), "{does}");
        }
    }

    #[test]
    fn a_window_that_is_not_installed_is_named() {
        let nowhere = ScreenProcess::start_beside(Ok(PathBuf::from("/nowhere/program")));
        let Err(ScreenError::NotInstalled { path }) = nowhere else {
            panic!("there is a program nowhere");
        };
        assert_eq!(path, Path::new("/nowhere/causeway-screen"));
    }
}
