//! The desk's command line, and what each command prints.

mod git;
mod keys;
mod requests;
mod sign;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use pack_format::advice::Exit;
use serde_json::Value;

use super::Desk;
use super::error::DeskError;
use crate::clock::unix_now;
use crate::courier::{Courier, CourierError, default_dir};
use crate::report::{Form, report};

/// `online-relay desk …`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DeskArgs {
    /// The courier's directory; otherwise $CAUSEWAY_COURIER, or causeway/courier in your data
    /// directory
    #[arg(long, global = true, value_name = "DIR")]
    courier: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add, list or remove the public halves of signing keys
    #[command(subcommand)]
    Key(keys::Key),
    /// Ask a vault to sign files
    Sign(sign::Sign),
    /// Ask a vault to sign commits and tags that are there already
    SignGit(sign::SignGit),
    /// Ask a vault to certify user ids of somebody's OpenPGP certificate
    Certify(sign::Certify),
    /// Ask a vault to open an OpenPGP message, for its owner to read there
    Decrypt(sign::Decrypt),
    /// List the requests
    List(requests::List),
    /// Show one request
    Show(requests::Show),
    /// Use the replies that have come; `courier sync` does it as well
    Finish(requests::Finish),
    /// Withdraw a request
    Cancel(requests::Show),
    /// Write a request to a private file, for a vault at another place to approve
    Export(requests::Export),
    /// Take in a request of another desk, for a vault here to approve
    Import(requests::Import),
    /// Write the approvals that have come to a file, for the desk that asks
    Approvals(requests::Export),
    /// Add the approvals of a file to their request
    ApproveWith(requests::ApproveWith),
    /// Let git refuse to push what has no signature
    #[command(subcommand)]
    Hook(git::Hook),
    /// Let `git commit -S` and `git tag -s` ask the vault and wait
    GitSetup(git::GitSetup),
    /// What the hook calls
    #[command(hide = true)]
    CheckPush(git::CheckPush),
    /// What git calls instead of gpg
    #[command(hide = true)]
    GitGpg(git::Shim),
    /// What git calls instead of ssh-keygen
    #[command(hide = true)]
    GitSsh(git::Shim),
}

/// Does what the command line says; an error is reported here and nowhere else.
#[must_use]
pub fn run(args: DeskArgs, form: Form) -> ExitCode {
    let done = directory(args.courier).and_then(|dir| match args.command {
        Command::Key(command) => keys::key(&dir, command, form),
        Command::Sign(command) => sign::sign(&dir, &command, form),
        Command::SignGit(command) => sign::sign_git(&dir, command, form),
        Command::Certify(command) => sign::certify(&dir, &command, form),
        Command::Decrypt(command) => sign::decrypt(&dir, &command, form),
        Command::List(command) => requests::list(&dir, &command, form),
        Command::Show(command) => requests::show(&dir, &command, form),
        Command::Finish(command) => requests::finish(&dir, command, form),
        Command::Cancel(command) => requests::cancel(&dir, &command, form),
        Command::Export(command) => requests::export(&dir, &command, form),
        Command::Import(command) => requests::import(&dir, &command, form),
        Command::Approvals(command) => requests::approvals(&dir, &command, form),
        Command::ApproveWith(command) => requests::approve_with(&dir, &command, form),
        Command::Hook(command) => git::hook(&command, form),
        Command::GitSetup(command) => git::setup(&dir, command, form),
        Command::CheckPush(command) => git::check_push(&command),
        Command::GitGpg(command) => git::gpg(&dir, &command),
        Command::GitSsh(command) => git::ssh(&dir, &command),
    });
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(err) => report(&err, form),
    }
}

fn directory(named: Option<PathBuf>) -> Result<PathBuf, DeskError> {
    Ok(named.map_or_else(default_dir, Ok)?)
}

/// Does something at the desk of the courier in this directory.
fn at_desk<T>(
    dir: &Path,
    work: impl FnOnce(&mut Desk<'_>) -> Result<T, DeskError>,
) -> Result<T, DeskError> {
    let mut courier = Courier::open(dir)?;
    let mut desk = Desk::new(&mut courier, unix_now())?;
    work(&mut desk)
}

/// Results: one that did not get out is a failure.
fn print(form: Form, text: &str, object: &Value) -> Result<Exit, DeskError> {
    let mut out = io::stdout();
    let written = match form {
        Form::Text => out.write_all(text.as_bytes()),
        Form::Json => writeln!(out, "{object}"),
    };
    written
        .and_then(|()| out.flush())
        .map(|()| Exit::Done)
        .map_err(|source| CourierError::Output { source }.into())
}

/// Talk: whoever does not listen misses nothing that has to be kept.
fn talk(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Reads `90s`, `90m`, `12h` or `7d`.
fn span_secs(text: &str) -> Result<u64, DeskError> {
    let bad = || DeskError::BadSpan {
        text: text.to_owned(),
    };
    let unit = text.chars().last().ok_or_else(bad)?;
    let unit_secs: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(bad()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(unit_secs).ok_or_else(bad)
}

const EXAMPLES: &str = "\
Examples:
  online-relay desk key add release.pub
  online-relay desk sign --key release dist/causeway-1.0.tar.gz --reason 'release 1.0'
  online-relay desk sign --key work --as ssh:file notes.txt
  online-relay desk sign-git origin/main..main --key work
  online-relay desk sign-git --root main --key work         from the first commit on
  online-relay desk sign-git --tag v1.0 --key release
  online-relay courier sync --stick /media/stick     carries requests out and signatures back
  online-relay desk list
  online-relay desk git-setup --repository . --key work
  online-relay desk hook install --repository .

Signatures are written beside the file: FILE.asc (OpenPGP, and texts with their signature),
FILE.minisig, FILE.sig (SSH). A file that is there is never replaced without --force.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read_as_they_are_written() {
        assert_eq!(span_secs("90m").unwrap(), 5400);
        assert_eq!(span_secs("7d").unwrap(), 604_800);
        for text in ["", "7", "d", "-1d", "7w", "99999999999999999999d"] {
            assert!(span_secs(text).is_err(), "{text}");
        }
    }
}
