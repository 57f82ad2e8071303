//! Signing keys on the command line.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use pack_format::advice::Exit;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::super::error::DeskError;
use super::super::key::{AddedKey, DeskKey};
use super::{at_desk, print};
use crate::report::Form;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Add a public key: an OpenPGP certificate, an SSH .pub file, or a minisign .pub file;
    /// that of a key that is here already replaces the older one
    Add {
        /// The file
        file: PathBuf,
        /// What to call it; otherwise the file's name
        #[arg(long)]
        name: Option<String>,
    },
    /// List the keys
    List,
    /// Forget a key
    Remove {
        /// Its name
        name: String,
    },
}

pub(super) fn key(dir: &Path, command: Key, form: Form) -> Result<Exit, DeskError> {
    match command {
        Key::Add { file, name } => {
            let key = DeskKey::read(&file, name.as_deref())?;
            let AddedKey { key, is_new } = at_desk(dir, |desk| desk.add_key(&key))?;
            let done = match is_new {
                true => "Added",
                false => "Replaced the public half of",
            };
            print(form, &format!("{done}: {}", line(&key)), &object(&key))
        }
        Key::List => {
            let keys = at_desk(dir, |desk| desk.keys())?;
            let text: String = keys.iter().map(line).collect();
            let objects: Vec<Value> = keys.iter().map(object).collect();
            print(form, &text, &json!({ "keys": objects }))
        }
        Key::Remove { name } => {
            at_desk(dir, |desk| desk.remove_key(&name))?;
            let text = format!("Forgotten: the key {}.\n", Shown(&name));
            print(form, &text, &json!({ "removed": name }))
        }
    }
}

fn line(key: &DeskKey) -> String {
    let (name, reference) = (Shown(&key.name), key.reference);
    format!("{name}  {}  {reference}\n", reference.kind_text())
}

fn object(key: &DeskKey) -> Value {
    json!({
        "name": key.name,
        "kind": key.reference.kind_text(),
        "fingerprint": key.reference.to_string(),
    })
}
