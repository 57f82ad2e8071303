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
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let read = |from: Option<&mut dyn io::Read>| {
        let mut bytes = Vec::new();
        match from {
            Some(from) => from
                .take(OUTPUT_BYTES_MAX)
                .read_to_end(&mut bytes)
                .map(|_| bytes),
            None => Ok(bytes),
        }
    };
    let (stdout, stderr) = thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A child that has heard enough closes its end.
                let _ = stdin.write_all(input);
            }
        });
        let errors = scope.spawn(move || {
            let mut stderr = stderr;
            read(stderr.as_mut().map(|it| it as &mut dyn io::Read))
        });
        let mut stdout = stdout;
        let stdout = read(stdout.as_mut().map(|it| it as &mut dyn io::Read));
        let stderr = errors.join().unwrap_or_else(|_| Ok(Vec::new()));
        (stdout, stderr)
    });
    let (stdout, stderr) = (stdout?, stderr?);
    Ok(Output {
        status: child.wait()?,
        stdout,
        stderr,
    })
}

/// Runs a command with a file as its standard input.
pub(crate) fn run_on_file(command: &mut Command, input: &Path) -> io::Result<Output> {
    let output = command.stdin(std::fs::File::open(input)?).output()?;
    Ok(Output {
        status: output.status,
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// What programs need to find each other and the person's settings.
const KEPT: [&str; 5] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "USER",
    "GIT_CONFIG_GLOBAL",
];
