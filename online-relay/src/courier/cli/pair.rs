//! Pairing with a vault, and what a person types for it.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use carriers::light::screen::Machine;
use clap::Subcommand;
use crossing::light::{Choice, Means, film_message};
use pack_format::advice::Exit;
use pack_format::light::Kind;
use serde_json::json;
use zeroize::Zeroizing;

use super::super::limits::CODE_BYTES_MAX;
use super::super::{Cancel, Courier, CourierError, PairingName, Watch};
use super::sync::be_quiet_about_pictures;
use super::{print, talk};
use crate::report::Form;

#[derive(Debug, Subcommand)]
pub(super) enum Pair {
    /// Show thirteen words, once, to be typed on the vault
    Show {
        /// What to call the vault
        #[arg(long)]
        name: String,
    },
    /// Type the thirteen words that the vault shows
    Type {
        /// What to call the vault
        #[arg(long)]
        name: String,
        /// Read the words from this file, or from standard input with -
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
        /// Film the code instead of typing it; without DEVICE with the first camera
        #[arg(
            long,
            value_name = "DEVICE",
            num_args = 0..=1,
            default_missing_value = "",
            conflicts_with = "code_file"
        )]
        camera: Option<String>,
    },
    /// List the pairings
    List,
    /// Forget a pairing and everything that is only here for it
    Remove {
        /// The pairing's name
        name: String,
    },
}
pub(super) fn pair(dir: &Path, command: Pair, form: Form) -> Result<Exit, CourierError> {
    let mut courier = Courier::open(dir)?;
    match command {
        Pair::Show { name } => {
            let name = PairingName::parse(&name)?;
            let words = courier.pair_by_showing(&name)?;
            let shown = Zeroizing::new(words.join(" ") + "\n");
            print(
                form,
                &shown,
                &json!({ "name": name.as_str(), "words": words }),
            )?;
            talk(
                "online-relay: type these thirteen words on the vault. They are not shown again; \
                 whoever sees them can read and make what crosses between the two machines.\n",
            );
            Ok(Exit::Done)
        }
        Pair::Type {
            name,
            code_file,
            camera,
        } => {
            let name = PairingName::parse(&name)?;
            let words = match camera {
                Some(camera) => filmed_words(camera, form)?,
                None => typed_words(code_file.as_deref())?,
            };
            courier.pair_by_typing(&name, &words)?;
            let text = format!("Paired with vault {}.\n", name.as_str());
            print(form, &text, &json!({ "name": name.as_str() }))
        }
        Pair::List => {
            let names = courier.pairings()?;
            let text: String = names.iter().map(|name| format!("{name}\n")).collect();
            print(form, &text, &json!({ "pairings": names }))
        }
        Pair::Remove { name } => {
            let name = PairingName::parse(&name)?;
            courier.remove_pairing(&name)?;
            let text = format!("Forgotten: the pairing with vault {}.\n", name.as_str());
            print(form, &text, &json!({ "removed": name.as_str() }))
        }
    }
}

/// The words from the code that a vault shows.
fn filmed_words(camera: String, form: Form) -> Result<Zeroizing<String>, CourierError> {
    let choice = Choice {
        camera: Some(camera),
        ..Choice::default()
    };
    let cancel = Cancel::on_signals()?;
    let mut watch = match form {
        Form::Json => Watch::quiet(cancel),
        Form::Text => Watch::on_stderr(cancel),
    };
    be_quiet_about_pictures(&choice);
    let mut means = Means::open(&choice, Machine::Online, None)?;
    let filmed = match means.parts() {
        (_, Some(eyes)) => film_message(Kind::Pairing, &|_| false, eyes, &mut watch)?,
        _ => return Err(CourierError::NoTerminal),
    };
    // What is not text is no word either, and is refused as one.
    Ok(Zeroizing::new(
        String::from_utf8_lossy(&filmed).into_owned(),
    ))
}

/// The words from a file, from standard input, or from the person at the terminal.
fn typed_words(code_file: Option<&Path>) -> Result<Zeroizing<String>, CourierError> {
    let failed = |path: &Path, source| CourierError::CodeFile {
        path: path.to_owned(),
        source,
    };
    let stdin_path = Path::new("standard input");
    match code_file {
        Some(path) if path != Path::new("-") => File::open(path)
            .and_then(|file| bounded(&file))
            .map_err(|source| failed(path, source)),
        Some(_) => bounded(io::stdin().lock()).map_err(|source| failed(stdin_path, source)),
        None if io::stdin().is_terminal() => {
            talk("The thirteen words that the vault shows: ");
            let mut line = Zeroizing::new(String::new());
            io::stdin()
                .read_line(&mut line)
                .map_err(|source| failed(stdin_path, source))?;
            Ok(line)
        }
        None => Err(CourierError::NoTerminal),
    }
}

fn bounded(source: impl Read) -> io::Result<Zeroizing<String>> {
    let mut words = Zeroizing::new(String::new());
    let read = source
        .take(CODE_BYTES_MAX.saturating_add(1))
        .read_to_string(&mut words)?;
    if read as u64 > CODE_BYTES_MAX {
        let what = "it is too large to be thirteen words";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(words)
}
