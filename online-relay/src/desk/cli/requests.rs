//! Requests on the command line, from the list to their end.

use std::path::{Path, PathBuf};

use clap::Args;
use pack_format::advice::Exit;
use serde_json::{Value, json};

use super::super::error::DeskError;
use super::super::finish::{FinishOptions, Finished};
use super::super::list::short;
use super::{at_desk, print, talk};
use crate::report::{Form, report};

#[derive(Debug, Args)]
pub(super) struct List {
    /// Also those that have ended
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The request's id, or how it begins
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Finish {
    /// The request's id, or how it begins; otherwise all that have a reply
    id: Option<String>,
    /// Replace a file that is in the way
    #[arg(long)]
    force: bool,
    /// Write the result to this file
    #[arg(long, value_name = "FILE", requires = "id")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The request's id, or how it begins
    id: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The request's file
    file: PathBuf,
    /// The pairing with the vault that approves
    #[arg(long, value_name = "PAIRING")]
    vault: String,
}

#[derive(Debug, Args)]
pub(super) struct ApproveWith {
    /// The file of approvals
    file: PathBuf,
}

pub(super) fn list(dir: &Path, command: &List, form: Form) -> Result<Exit, DeskError> {
    let listed = at_desk(dir, |desk| desk.list(command.all))?;
    let mut text: String = listed
        .iter()
        .map(super::super::list::Listed::line)
        .collect();
    if text.is_empty() {
        text = "No request is open.\n".to_owned();
    }
    let objects: Vec<Value> = listed
        .iter()
        .map(super::super::list::Listed::to_json)
        .collect();
    print(form, &text, &json!({ "requests": objects }))
}

pub(super) fn show(dir: &Path, command: &Show, form: Form) -> Result<Exit, DeskError> {
    let listed = at_desk(dir, |desk| desk.show(&command.id))?;
    print(form, &listed.text(), &listed.to_json())
}

pub(super) fn cancel(dir: &Path, command: &Show, form: Form) -> Result<Exit, DeskError> {
    let id = at_desk(dir, |desk| desk.cancel(&command.id))?;
    let text = format!(
        "Withdrawn: request {}. A reply to it will be refused.\n",
        short(&id)
    );
    print(form, &text, &json!({ "cancelled": id.to_string() }))
}

pub(super) fn finish(dir: &Path, command: Finish, form: Form) -> Result<Exit, DeskError> {
    let options = FinishOptions {
        overwrite: command.force,
        output: command.output,
    };
    let finished = at_desk(dir, |desk| match &command.id {
        Some(id) => Ok(vec![desk.finish_one(id, &options)?]),
        None => Ok(desk.finish_all(&options)?),
    })?;
    let mut text: String = finished.iter().map(Finished::text).collect();
    if text.is_empty() {
        text = "No reply waits to be used.\n".to_owned();
    }
    let objects: Vec<Value> = finished.iter().map(Finished::to_json).collect();
    print(form, &text, &json!({ "finished": objects }))?;
    for err in finished.iter().filter_map(|it| it.result.as_ref().err()) {
        report(err, Form::Text);
    }
    let exits: Vec<Exit> = finished.iter().map(Finished::exit).collect();
    Ok(match () {
        () if exits.contains(&Exit::Refused) => Exit::Refused,
        () if exits.contains(&Exit::Failed) => Exit::Failed,
        () => Exit::Done,
    })
}

pub(super) fn export(dir: &Path, command: &Export, form: Form) -> Result<Exit, DeskError> {
    let id = at_desk(dir, |desk| desk.export(&command.id, &command.to))?;
    let to = command.to.display().to_string();
    let text = format!("Request {} is in {to}.\n", short(&id));
    let exit = print(
        form,
        &text,
        &json!({ "request": id.to_string(), "file": to }),
    )?;
    talk(
        "online-relay: whoever has this file can read what is to be signed, and make replies to \
         the request; hand it over in private\n",
    );
    Ok(exit)
}

pub(super) fn import(dir: &Path, command: &Import, form: Form) -> Result<Exit, DeskError> {
    let id = at_desk(dir, |desk| desk.import(&command.file, &command.vault))?;
    let short = short(&id);
    let text = format!(
        "Request {short} is ready to carry with `online-relay courier sync`. When the vault has \
         approved it: online-relay desk approvals {short} --to FILE\n"
    );
    print(form, &text, &json!({ "request": id.to_string() }))
}

pub(super) fn approvals(dir: &Path, command: &Export, form: Form) -> Result<Exit, DeskError> {
    let count = at_desk(dir, |desk| desk.export_approvals(&command.id, &command.to))?;
    let to = command.to.display().to_string();
    let text = format!("{count} written to {to}; add with: online-relay desk approve-with FILE\n");
    print(form, &text, &json!({ "approvals": count, "file": to }))
}

pub(super) fn approve_with(
    dir: &Path,
    command: &ApproveWith,
    form: Form,
) -> Result<Exit, DeskError> {
    let (id, new) = at_desk(dir, |desk| desk.approve_with(&command.file))?;
    let text = format!("Request {}: {new} new approvals.\n", short(&id));
    print(
        form,
        &text,
        &json!({ "request": id.to_string(), "new": new }),
    )
}
