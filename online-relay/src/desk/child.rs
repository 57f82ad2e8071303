//! Stock programs as children: found on the path, fed, and read to a bound.
//!
//! They get a small environment of their own and no terminal, so that what they do depends on what
//! they are told and on nothing else.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use super::input;
use super::limits::OUTPUT_BYTES_MAX;

/// What a child has printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Output {
    /// The last line that says something, for a person.
    pub(crate) fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        line.unwrap_or("it says nothing").trim().to_owned()
    }
}

/// The program with this name, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut found = env::split_paths(&path).filter(|dir| dir.is_absolute());
    found.find_map(|dir| {
        let file = dir.join(program);
        let meta = file.metadata().ok()?;
        let runs = meta.is_file() && meta.permissions().mode() & 0o111 != 0;
        runs.then_some(file)
    })
}

/// A command with nothing of this process's environment but what finds programs and settings.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a command to its end, giving it `input`.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    command.stdin(Stdio::piped());
    run_bounded(command, input, OUTPUT_BYTES_MAX)
}

/// Runs a command with a file as its standard input.
pub(crate) fn run_on_file(command: &mut Command, input: &Path) -> io::Result<Output> {
    command.stdin(input::open(input)?);
    run_bounded(command, b"", OUTPUT_BYTES_MAX)
}

/// Runs a command that may print so much on each of its two streams. One that prints more is ended.
fn run_bounded(command: &mut Command, input: &[u8], limit_bytes: u64) -> io::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A child that has heard enough closes its end.
                let _ = stdin.write_all(input);
            }
        });
        let errors = scope.spawn(move || read(stderr, limit_bytes));
        let stdout = read(stdout, limit_bytes);
        if stdout.is_err() {
            // It may go on for ever; what it still says is heard by nobody.
            let _ = child.kill();
        }
        let stderr = errors.join().unwrap_or_else(|_| Ok(Vec::new()));
        (stdout, stderr)
    });
    if stderr.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    Ok(Output {
        status,
        stdout: stdout?,
        stderr: stderr?,
    })
}

/// Reads to the end, or to the limit. The pipe is closed then, so that its writer does not wait.
fn read(from: Option<impl io::Read>, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(from) = from else {
        return Ok(bytes);
    };
    let read = from
        .take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match u64::try_from(read) {
        Ok(read) if read <= limit_bytes => Ok(bytes),
        _ => Err(io::Error::other("it prints more than is read of it")),
    }
}

/// What programs need to find each other and the person's settings.
const KEPT: [&str; 5] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "USER",
    "GIT_CONFIG_GLOBAL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_prints_without_end_is_ended_on_either_stream() {
        for script in ["exec yes", "exec yes >&2", "yes & exec yes >&2"] {
            let mut command = command("/bin/sh");
            command.args(["-c", script]).stdin(Stdio::null());
            assert!(run_bounded(&mut command, b"", 4096).is_err(), "{script}");
        }
    }

    #[test]
    fn a_child_is_heard_to_the_limit() {
        let mut command = command("/bin/sh");
        command.args(["-c", "cat; echo no >&2"]);
        let output = run(&mut command, b"yes").unwrap();
        assert_eq!(output.stdout, b"yes");
        assert_eq!(output.last_words(), "no");
    }
}
