//! The command line: each command calls the vault and says what came of it.

pub mod args;
pub mod backup;
mod card;
mod compartment;
mod contact;
mod context;
mod delivery;
mod device;
mod epoch;
mod error;
pub mod explain;
mod file;
pub mod file_args;
mod items;
mod key;
pub mod key_args;
mod key_change;
mod key_policy;
mod key_time;
mod late;
mod light;
mod lines;
mod member;
mod message;
pub mod message_args;
mod network;
mod note;
pub mod note_args;
mod own;
mod owner;
mod pair;
mod progress;
mod record;
pub mod record_args;
mod record_schema;
mod relay;
mod report;
pub mod requests;
mod send;
mod session;
pub mod signatures;
mod space;
pub mod space_args;
mod space_text;
mod sync;
pub mod work_args;

use std::path::Path;

use carriers::light::screen::{ScreenError, ScreenProcess};
use pack_format::advice::{Advice as _, Exit, as_text, what_happened};
use serde_json::json;

use args::{Arguments, Command};
use work_args::OutboxCommand;

pub use context::Context;
pub use error::CommandError;
pub use report::{PROGRAM, Report, talk};

use crate::files::{FileError, read_bounded};
use crate::paths::Surroundings;
use crate::team::items::ItemReference;
use lockdown::Lockdown;

/// Carries out one command line and says what came of it. `screen` is the process of a window,
/// where the command opens one.
#[must_use]
pub fn run(
    arguments: Arguments,
    lockdown: Lockdown,
    screen: Option<Result<ScreenProcess, ScreenError>>,
) -> Exit {
    for failure in lockdown.failures() {
        talk(&failure.to_string());
    }
    let as_json = arguments.options.json;
    let context = Context::new(
        arguments.options,
        lockdown,
        screen,
        Surroundings::of_process(),
    );
    if matches!(arguments.command, Command::Unlock) {
        return finish(session::run(&context), as_json);
    }
    finish(answer(&context, arguments.command), as_json)
}

/// Carries out one command.
fn answer(context: &Context, command: Command) -> Result<Report, CommandError> {
    match command {
        Command::Init(init) => own::init(context, &init),
        Command::Status => own::status(context),
        Command::Card(asked) => card::card(context, &asked),
        Command::Contact(command) => contact::contact(context, command),
        Command::Pair(command) => pair::pair(context, command),
        Command::Relay(command) => relay::relay(context, &command),
        Command::Send(asked) => send::send(context, &asked),
        Command::Sync(asked) => sync::sync(context, &asked),
        Command::Message(command) => message::message(context, &command),
        Command::File(command) => file::file(context, &command),
        Command::Note(command) => note::note(context, &command),
        Command::Record(command) => record::record(context, &command),
        Command::Inbox => items::inbox(context),
        Command::Show(asked) => match asked.item.parse() {
            Ok(request) => requests::show(context, request, asked.whole),
            Err(_) => items::show(context, &asked.item),
        },
        Command::Requests { command: None } => requests::requests(context),
        Command::Requests {
            command: Some(command),
        } => requests::forget(context, &command),
        Command::Approve(asked) => requests::approve(context, &asked),
        Command::Refuse(asked) => requests::refuse(context, &asked),
        Command::Save(asked) => match asked.item.parse() {
            Ok(request) => requests::save(context, request, &asked.to),
            Err(_) => items::save(context, &asked),
        },
        Command::Outbox { command } => {
            items::outbox(context, &command.unwrap_or(OutboxCommand::List))
        }
        Command::Receipts => items::receipts(context),
        Command::Explain(asked) if ItemReference::is_meant(&asked.item) => {
            explain::explain_item(context, &asked.item)
        }
        Command::WhoCanRead(asked) => explain::who_can_read(context, &asked),
        Command::Explain(asked) => items::explain(context, &asked),
        Command::Journal(asked) => signatures::journal(context, &asked),
        Command::Key(command) => key::key(context, command),
        Command::Space(command) => space::space(context, command),
        Command::Member(command) => member::member(context, command),
        Command::Owner(command) => owner::owner(context, command),
        Command::Device(command) => device::device(context, command),
        Command::Epoch(command) => epoch::epoch(context, command),
        Command::Compartment(command) => compartment::compartment(context, command),
        Command::Seal(asked) => member::seal(context, &asked),
        Command::Adopt(asked) => late::adopt(context, &asked),
        Command::Inspect(asked) => items::inspect(&asked),
        Command::Backup(asked) => backup::backup(context, &asked),
        Command::Restore(asked) => backup::restore(context, &asked),
        Command::ChangePassphrase(change) => own::change_passphrase(context, &change),
        Command::Unlock => Err(CommandError::NotInSession { command: "unlock" }),
    }
}

/// Prints a report or an error, once, and gives the exit code.
fn finish(answered: Result<Report, CommandError>, as_json: bool) -> Exit {
    let printed = answered.and_then(|report| report.print(as_json).map_err(CommandError::Output));
    let err = match printed {
        Ok(()) => return Exit::Done,
        // What was done before it went wrong is said first.
        Err(CommandError::AfterReport { report, error }) => match report.print(as_json) {
            Ok(()) => *error,
            Err(err) => CommandError::Output(err),
        },
        Err(err) => err,
    };
    report::say(&as_text(PROGRAM, &err));
    if as_json {
        let error = json!({
            "code": err.code(),
            "what": what_happened(&err),
            "data": err.data_safe(),
            "next": err.next_step(),
        });
        // The error itself was printed above; a lost copy of it is not another one.
        let _ = Report::new("", json!({ "error": error })).print(true);
    }
    err.exit()
}

/// Reads a small file that holds text.
fn read_text(path: &Path, limit_bytes: u64, what: &'static str) -> Result<String, CommandError> {
    let bytes = read_bounded(path, limit_bytes)?;
    String::from_utf8(bytes).map_err(|_| CommandError::NotText { what })
}

/// Whether a file's directory is there, so that a long command does not fail at its end.
fn check_parent(path: &Path) -> Result<(), FileError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent
            .metadata()
            .map(drop)
            .map_err(FileError::of("find the directory", parent)),
        _ => Ok(()),
    }
}
