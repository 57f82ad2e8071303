//! `git cat-file --batch`: one child that gives object after object.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use signing_format::git::limits::OBJECT_BYTES_MAX;
use signing_format::git::{Found, ObjectId, ObjectKind};

use super::git::{GitError, answer, raw};

/// The running child.
#[derive(Debug)]
pub(super) struct Batch {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Batch {
    /// Starts the child.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            stdout: BufReader::new(stdout),
        })
    }

    /// Reads one object.
    pub(super) fn read(&mut self, id: &ObjectId) -> Result<Found, GitError> {
        let line = self.ask(id).map_err(GitError::Run)?;
        let mut words = line.split_ascii_whitespace();
        let (name, kind, size) = (words.next(), words.next(), words.next());
        if name != Some(id.to_string().as_str()) {
            return Err(answer(VERB));
        }
        let size = match (kind, size) {
            (Some("missing"), None) => return Ok(Found::Missing),
            (Some(_), Some(size)) => size.parse::<u64>().map_err(|_| answer(VERB))?,
            _ => return Err(answer(VERB)),
        };
        let kind = kind.and_then(|kind| ObjectKind::from_name(kind.as_bytes()));
        let kind = kind.ok_or_else(|| answer(VERB))?;
        if size > u64::from(OBJECT_BYTES_MAX) {
            let rest = &mut self.stdout;
            io::copy(&mut rest.take(size.saturating_add(1)), &mut io::sink())
                .map_err(GitError::Run)?;
            return Ok(Found::TooLarge { found_bytes: size });
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| answer(VERB))?];
        let mut end = [0; 1];
        self.stdout
            .read_exact(&mut bytes)
            .and_then(|()| self.stdout.read_exact(&mut end))
            .map_err(GitError::Run)?;
        if end != *b"\n" {
            return Err(answer(VERB));
        }
        raw(kind, bytes, VERB).map(Found::Object)
    }

    fn ask(&mut self, id: &ObjectId) -> io::Result<String> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{id}\n").as_bytes())?;
        let mut line = Vec::new();
        let limited = &mut self.stdout;
        limited.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends when its input does; nobody needs to hear how.
        let _ = self.child.wait();
    }
}

const VERB: &str = "cat-file";
/// An id, a kind and a size.
const LINE_BYTES_MAX: u64 = 256;
