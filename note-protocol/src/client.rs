//! The end of the pipes that the vault holds.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pack_format::codec::{DecodeError, Wire as _};

use crate::document::{Document, Update};
use crate::error::NoteError;
use crate::limits::RESPONSE_BYTES_MAX;
use crate::request::{Change, Request};
use crate::response::{Edited, Opened, Previewed, Response};
use crate::version::PeerId;

/// How long a worker is waited for. It may compute for less long; the rest is for a machine that
/// does other things at the same time.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// Starts `causeway-note`, once for each question.
#[derive(Clone, Debug)]
pub struct Client {
    program: PathBuf,
    deadline: Duration,
}

impl Client {
    /// For the program that lies beside `this_program`, as the system names the one that runs.
    /// That it is there shows when it is asked.
    #[must_use]
    pub fn beside(this_program: io::Result<PathBuf>) -> Self {
        let this_program = this_program.unwrap_or_default();
        Self::at(this_program.with_file_name(PROGRAM))
    }

    /// For the program at this path.
    #[must_use]
    pub fn at(program: PathBuf) -> Self {
        Self {
            program,
            deadline: DEADLINE,
        }
    }

    /// The same, but an answer is waited for this long.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// What a document says, without the updates that are refused.
    ///
    /// # Errors
    /// Any [`NoteError`].
    pub fn open(&self, document: Document) -> Result<Opened, NoteError> {
        match self.run(&Request::Open(document))? {
            Response::Opened(opened) => Ok(opened),
            _ => Err(other_answer()),
        }
    }

    /// The update that makes these changes in the name of `peer`.
    ///
    /// The update and the snapshot must be kept together or not at all: what is lost after it was
    /// given to others is written again under the same numbers.
    ///
    /// # Errors
    /// Any [`NoteError`].
    pub fn edit(
        &self,
        document: Document,
        peer: PeerId,
        changes: Vec<Change>,
    ) -> Result<Edited, NoteError> {
        let request = Request::Edit {
            document,
            peer,
            changes,
        };
        match self.run(&request)? {
            Response::Edited(edited) => Ok(edited),
            _ => Err(other_answer()),
        }
    }

    /// What a document says without and with a proposal.
    ///
    /// # Errors
    /// Any [`NoteError`].
    pub fn preview(&self, document: Document, proposal: Update) -> Result<Previewed, NoteError> {
        match self.run(&Request::Preview { document, proposal })? {
            Response::Previewed(previewed) => Ok(previewed),
            _ => Err(other_answer()),
        }
    }

    /// Asks one question of a process of its own.
    ///
    /// # Errors
    /// Any [`NoteError`]; a refusal is one too.
    pub fn run(&self, request: &Request) -> Result<Response, NoteError> {
        let message = request.to_message().map_err(NoteError::TooLarge)?;
        let bytes = self.exchange(&message)?;
        match Response::from_wire(&bytes).map_err(NoteError::Nonsense)? {
            Response::Refused(refusal) => Err(NoteError::Refused(refusal)),
            response if names_no_other_update(&response, request) => Ok(response),
            _ => Err(other_answer()),
        }
    }

    /// Whatever the process does, it has ended when this returns.
    fn exchange(&self, message: &[u8]) -> Result<Vec<u8>, NoteError> {
        let mut child = self.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let answered = match pipes {
            Some((stdin, stdout)) => self.converse(&mut child, stdin, stdout, message),
            None => Err(NoteError::Machine(io::ErrorKind::BrokenPipe.into())),
        };
        // One that answered has closed its output, but might stay. One that has ended keeps the
        // status that it ended with.
        let _ = child.kill();
        let status = child.wait().map_err(NoteError::Machine)?;
        let bytes = answered?;
        if !status.success() {
            let signal = status.signal();
            return Err(NoteError::Ended { signal });
        }
        Ok(bytes)
    }

    fn spawn(&self) -> Result<Child, NoteError> {
        Command::new(&self.program)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| NoteError::NotInstalled {
                path: self.program.clone(),
            })
    }

    /// Writes and reads on threads of their own, so that a process that stops doing either can be
    /// ended: both return when it is.
    fn converse(
        &self,
        child: &mut Child,
        mut stdin: ChildStdin,
        stdout: ChildStdout,
        message: &[u8],
    ) -> Result<Vec<u8>, NoteError> {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let feed = move || {
                // A process that does not read to the end shows by its answer.
                let _ = stdin.write_all(message);
            };
            let drain = move || {
                let _ = sender.send(read_all(stdout));
            };
            let named = |name: &str| thread::Builder::new().name(name.to_owned());
            let started = named("note-feed")
                .spawn_scoped(scope, feed)
                .and_then(|_| named("note-drain").spawn_scoped(scope, drain));
            let received = match started {
                Ok(_) => receiver.recv_timeout(self.deadline),
                Err(err) => {
                    let _ = child.kill();
                    return Err(NoteError::Machine(err));
                }
            };
            let _ = child.kill();
            match received {
                Ok(read) => read,
                Err(RecvTimeoutError::Timeout) => Err(NoteError::TooSlow {
                    limit: self.deadline,
                }),
                Err(RecvTimeoutError::Disconnected) => {
                    Err(NoteError::Machine(io::ErrorKind::BrokenPipe.into()))
                }
            }
        })
    }
}

fn read_all(stdout: ChildStdout) -> Result<Vec<u8>, NoteError> {
    let limit = u64::from(RESPONSE_BYTES_MAX);
    let mut bytes = Vec::new();
    let read = stdout.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(NoteError::Machine)?;
    let found = u64::try_from(read).unwrap_or(u64::MAX);
    if found > limit {
        let what = Response::WHAT;
        let err = DecodeError::OverLimit { what, found, limit };
        return Err(NoteError::Nonsense(err));
    }
    Ok(bytes)
}

/// The last is the highest: what is read from a response ascends.
fn names_no_other_update(response: &Response, request: &Request) -> bool {
    let refused = response.opened().and_then(|opened| opened.refused.last());
    refused.is_none_or(|last| {
        usize::try_from(last.index).is_ok_and(|index| index < request.document().updates.len())
    })
}

fn other_answer() -> NoteError {
    NoteError::Nonsense(DecodeError::Rule {
        what: "the response is to another request",
    })
}

/// The name of the program.
const PROGRAM: &str = "causeway-note";

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Instant};

    use super::*;

    /// Asks a program that does this instead of reading a note.
    fn ask(does: &str, document: &Document) -> NoteError {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(PROGRAM);
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let client = Client::at(path).with_deadline(Duration::from_secs(2));
        // A file that was just written may still be open in a child of another test.
        let tries = (0..100).map(|_| client.open(document.clone()).unwrap_err());
        let mut started = tries.filter(|err| !matches!(err, NoteError::NotInstalled { .. }));
        started.next().unwrap()
    }

    fn large() -> Document {
        Document {
            snapshot: Some(vec![0; 1 << 20]),
            updates: Vec::new(),
        }
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        for does in [
            "exec sleep 600",
            "exec sleep 600 >&-",
            "cat >&2; exec sleep 600",
        ] {
            let begun = Instant::now();
            let err = ask(does, &large());
            let is_expected = matches!(err, NoteError::TooSlow { .. } | NoteError::Ended { .. });
            assert!(is_expected, "{does}: {err:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "{does}");
        }
    }

    #[test]
    fn a_process_that_talks_nonsense_is_refused() {
        for does in ["echo something else", "exec cat", "exit 0"] {
            let err = ask(does, &large());
            assert!(matches!(err, NoteError::Nonsense(_)), "{does}: {err:?}");
        }
    }

    #[test]
    fn a_process_that_talks_without_end_is_ended() {
        let err = ask("exec cat /dev/zero", &Document::default());
        let is_expected = matches!(err, NoteError::Nonsense(_) | NoteError::TooSlow { .. });
        assert!(is_expected, "{err:?}");
    }

    #[test]
    fn a_process_that_dies_is_named_with_its_signal() {
        let err = ask("kill -ABRT $$", &Document::default());
        assert!(
            matches!(err, NoteError::Ended { signal: Some(6) }),
            "{err:?}"
        );
        let err = ask("exit 3", &large());
        assert!(matches!(err, NoteError::Ended { signal: None }), "{err:?}");
    }

    #[test]
    fn a_program_that_is_not_installed_is_named() {
        let client = Client::beside(Ok(PathBuf::from("/nowhere/program")));
        let Err(NoteError::NotInstalled { path }) = client.open(Document::default()) else {
            panic!("there is a program nowhere");
        };
        assert_eq!(path, Path::new("/nowhere/causeway-note"));
    }

    #[test]
    fn too_large_a_document_is_not_even_asked_about() {
        let document = Document {
            snapshot: Some(vec![0; (32 << 20) + 1]),
            updates: Vec::new(),
        };
        let err = Client::at(PathBuf::new()).open(document).unwrap_err();
        assert!(matches!(err, NoteError::TooLarge(_)), "{err:?}");
    }
}
