//! `causeway-note`: reads one request about a rich-text note from its standard input, writes one
//! response to its standard output, and ends.
//!
//! It is started by a vault for each question, because the updates in it are the bytes of other
//! people. Before it reads the first of them it gives up files, sockets, programs and threads, and
//! all but a fixed amount of memory and time; it never has a key. What it stumbles over ends it,
//! and nothing but the answer to that question.

mod answer;
mod change;
mod document;
mod load;
mod rich_text;
mod style;

use std::io::{self, IsTerminal as _, Read as _, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use lockdown::WorkerLimits;
use note_protocol::limits::{REQUEST_BYTES_MAX, WORKER_BYTES_MAX, WORKER_CPU_SECS_MAX};
use note_protocol::{Refusal, Request, Response};
use pack_format::codec::Wire as _;

fn main() -> ExitCode {
    if io::stdin().is_terminal() {
        return by_itself();
    }
    let limits = WorkerLimits {
        address_space_bytes: WORKER_BYTES_MAX,
        cpu_secs: WORKER_CPU_SECS_MAX,
    };
    let response = match limits.confine() {
        Ok(()) => respond(),
        Err(_) => Response::Refused(Refusal::Unconfined),
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&response.to_wire());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn respond() -> Response {
    // What a panic says may quote the note.
    panic::set_hook(Box::new(|_| {}));
    let Some(request) = read_request() else {
        return Response::Refused(Refusal::Request);
    };
    // Nothing is used again after a panic.
    panic::catch_unwind(AssertUnwindSafe(|| answer::answer(request)))
        .unwrap_or(Ok(Response::Refused(Refusal::Fault)))
        .unwrap_or_else(Response::Refused)
}

fn read_request() -> Option<Request> {
    let mut message = Vec::new();
    let limit = u64::from(REQUEST_BYTES_MAX).saturating_add(1);
    let stdin = io::stdin().lock();
    stdin.take(limit).read_to_end(&mut message).ok()?;
    Request::from_wire(&message).ok()
}

/// Somebody has typed the name of the program.
fn by_itself() -> ExitCode {
    let _ = io::stderr().write_all(
        b"causeway-note: this reads notes for `offline-vault`\n\
          causeway-note: next: run `offline-vault note --help`\n",
    );
    ExitCode::from(2)
}
