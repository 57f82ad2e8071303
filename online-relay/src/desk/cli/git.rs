//! What git and its user call.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use pack_format::advice::Exit;
use pack_format::shown::Shown;
use serde_json::{Map, Value, json};

use super::super::ask::AskOptions;
use super::super::error::DeskError;
use super::super::limits::WAIT_SECS_DEFAULT;
use super::super::shim::{self, SetupOptions, ShimOptions};
use super::super::{hook as push, shim::setup as set_up};
use super::sign::user_name;
use super::{at_desk, print, span_secs, talk};
use crate::report::Form;

#[derive(Debug, Subcommand)]
pub(super) enum Hook {
    /// Write the repository's pre-push hook
    Install {
        /// A directory of the repository
        #[arg(long, value_name = "DIR", default_value = ".")]
        repository: PathBuf,
        /// Replace a hook that is there
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct GitSetup {
    /// A directory of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The key, as `desk key list` names it
    #[arg(long, value_name = "NAME")]
    key: String,
    /// ssh or openpgp; otherwise what the key makes
    #[arg(long, value_name = "FORMAT", value_parser = ["ssh", "openpgp"])]
    format: Option<String>,
    /// The pairing with the vault that holds the key
    #[arg(long, value_name = "PAIRING")]
    vault: Option<String>,
    /// How long a commit waits for the vault, such as 30m; otherwise 1h
    #[arg(long, value_name = "SPAN")]
    wait: Option<String>,
}

/// What git's calls bring, behind what the script says.
#[derive(Debug, Args)]
pub(super) struct Shim {
    /// The key, as `desk key list` names it
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The pairing with the vault that holds the key
    #[arg(long, value_name = "PAIRING")]
    vault: Option<String>,
    /// How long to wait
    #[arg(long, value_name = "SPAN")]
    wait: Option<String>,
    /// What git says
    #[arg(last = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// What git tells its hook; the lines on standard input say the rest.
#[derive(Debug, Args)]
pub(super) struct CheckPush {
    /// The remote's name and URL
    #[arg(allow_hyphen_values = true)]
    remote: Vec<String>,
}

pub(super) fn hook(command: &Hook, form: Form) -> Result<Exit, DeskError> {
    let Hook::Install { repository, force } = command;
    let path = push::install(repository, *force)?;
    let shown = path.to_string_lossy();
    let text = format!(
        "Installed: {}\nFrom now on git refuses to push commits and tags without a signature. It \
         does not check whose they are.\n",
        Shown(&shown)
    );
    print(form, &text, &json!({ "hook": shown }))
}

pub(super) fn check_push(command: &CheckPush) -> Result<Exit, DeskError> {
    let mut lines = String::new();
    let read = io::stdin()
        .lock()
        .take(LINES_BYTES_MAX)
        .read_to_string(&mut lines);
    read.map_err(|_| DeskError::HookInput)?;
    push::check_push(command.remote.first().map(String::as_str), &lines)?;
    Ok(Exit::Done)
}

pub(super) fn setup(dir: &Path, command: GitSetup, form: Form) -> Result<Exit, DeskError> {
    let key = at_desk(dir, |desk| desk.key(&command.key))?;
    let makes = match key.reference.is_openpgp() {
        true => "openpgp",
        false => "ssh",
    };
    if let Some(format) = command.format.filter(|format| format != makes) {
        return Err(DeskError::NotForGit {
            form: format!("{format} signatures of git"),
            key: key.name,
        });
    }
    // Read now, so that a typing error does not wait for the first commit.
    command.wait.as_deref().map(span_secs).transpose()?;
    let options = SetupOptions {
        repository: command.repository,
        courier: dir.to_owned(),
        vault: command.vault,
        wait: command.wait,
    };
    let settings = set_up(&key, &options)?;
    let mut text = String::new();
    let mut object = Map::new();
    for (name, value) in settings {
        text.push_str(&format!("Set: {name} = {}\n", Shown(&value)));
        object.insert(name, Value::String(value));
    }
    let exit = print(form, &text, &json!({ "set": object }))?;
    talk(
        "online-relay: `git commit -S` and `git tag -s` now ask the vault; to sign every commit, \
         git config commit.gpgSign true\n",
    );
    if makes == "openpgp" {
        talk(
            "online-relay: git checks signatures with your own gpg; import the certificate there \
             once: gpg --import FILE\n",
        );
    }
    Ok(exit)
}

pub(super) fn gpg(dir: &Path, command: &Shim) -> Result<Exit, DeskError> {
    shim::gpg(&command.arguments, &options(dir, command)?)?;
    Ok(Exit::Done)
}

pub(super) fn ssh(dir: &Path, command: &Shim) -> Result<Exit, DeskError> {
    shim::ssh(&command.arguments, &options(dir, command)?)?;
    Ok(Exit::Done)
}

fn options(dir: &Path, command: &Shim) -> Result<ShimOptions, DeskError> {
    let wait = command.wait.as_deref().map(span_secs).transpose()?;
    let wait_secs = wait.unwrap_or(WAIT_SECS_DEFAULT);
    Ok(ShimOptions {
        courier: dir.to_owned(),
        ask: AskOptions {
            key: command.key.clone(),
            vault: command.vault.clone(),
            requester: user_name(),
            // Nobody waits for it any longer.
            life_secs: wait_secs,
            ..AskOptions::default()
        },
        wait_secs,
    })
}

/// More than any push names.
const LINES_BYTES_MAX: u64 = 4 << 20;
