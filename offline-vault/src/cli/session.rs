//! `unlock`: the passphrase once, then one command a line, until the vault is locked again.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use clap::Parser as _;
use pack_format::shown::Shown;
use serde_json::json;

use super::args::{Command, SessionLine};
use super::lines::NoLine;
use super::progress::stop;
use super::{CommandError, Context, Report, answer, finish, talk};
use crate::limits::{SESSION_IDLE_SECS, SESSION_STOP_MILLIS};

/// Reads and carries out lines until `lock`, `exit`, the end of the input, a signal, or too long
/// without a line. The caller drops the context, and with it every key.
pub(super) fn run(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    stop_on_signals(context)?;
    let card = vault.card()?;
    talk(&format!(
        "OFFLINE MACHINE, vault of {}, unlocked until `lock`",
        Shown(card.name())
    ));
    let idle = Duration::from_secs(SESSION_IDLE_SECS);
    let why = loop {
        // A prompt that cannot be shown changes nothing: the input decides.
        let _ = write!(io::stderr().lock(), "vault> ");
        let line = match context.lines.next(idle) {
            Ok(line) => line,
            Err(NoLine::End) => break "the input ended",
            Err(NoLine::Stop) => break "the program was told to stop",
            Err(NoLine::Idle) => break "nothing was typed for ten minutes",
        };
        match line.trim() {
            "" => {}
            "lock" | "exit" => break "you locked it",
            text => carry_out(context, text),
        }
    };
    let text = format!("The vault is locked: {why}.");
    Ok(Report::new(text, json!({ "locked": why })))
}

/// One line; its errors are shown and end the line, not the session.
fn carry_out(context: &Context, text: &str) {
    let Some(words) = shlex::split(text) else {
        finish(Err(CommandError::OpenQuote), context.options.json);
        return;
    };
    match SessionLine::try_parse_from(words) {
        Ok(line) => {
            let as_json = line.json || context.options.json;
            let answered = match line.command {
                Command::Init(_) => Err(CommandError::NotInSession { command: "init" }),
                Command::Restore(_) => Err(CommandError::NotInSession { command: "restore" }),
                // The process of a window would need a socket, which the session gave up for
                // everything that it starts.
                command if command.opens_window() => Err(CommandError::NotInSession {
                    command: "a command with --screen",
                }),
                command => answer(context, command),
            };
            finish(answered, as_json);
        }
        // The message names what was not understood; a terminal that is gone ends the input next.
        Err(err) => drop(err.print()),
    }
}

/// On SIGINT, SIGTERM and SIGHUP the wait for a line ends. A command that runs may finish for a
/// moment; then the process ends itself, because its memory is what must go: the store survives
/// an end at any point.
fn stop_on_signals(context: &Context) -> Result<(), CommandError> {
    let stopper = context.lines.stopper();
    ctrlc::set_handler(move || {
        stop();
        stopper.stop();
        thread::sleep(Duration::from_millis(SESSION_STOP_MILLIS));
        talk("the command was stopped and the vault is locked");
        let own = rustix::process::getpid();
        let killed = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        // A process may always signal itself.
        debug_assert!(killed.is_ok());
    })
    .map_err(|_| CommandError::Signals)
}
