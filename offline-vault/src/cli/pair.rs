//! `pair`: machines that packs go to and come from.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::Path;

use pack_format::light::Kind;
use serde_json::json;
use zeroize::Zeroizing;

use super::args::{PairArgs, PairCommand};
use super::contact::local_name;
use super::work_args::Light;
use super::{CommandError, Context, Report, light};
use crate::files::{FileError, read_bounded};
use crate::limits::CODE_FILE_BYTES_MAX;
use crate::store::LaneKind;

/// Carries out one of the commands on pairings.
pub(super) fn pair(context: &Context, command: PairCommand) -> Result<Report, CommandError> {
    match command {
        PairCommand::Show {
            pair,
            screen,
            terminal,
        } => {
            let light = Light {
                screen,
                terminal,
                ..Light::default()
            };
            show(context, &pair, &light)
        }
        PairCommand::Type {
            pair,
            code_file,
            camera,
        } => typed(context, &pair, code_file.as_deref(), camera),
        PairCommand::List => list(context),
        PairCommand::Remove { name } => remove(context, &name),
    }
}

fn show(context: &Context, asked: &PairArgs, light: &Light) -> Result<Report, CommandError> {
    let name = local_name(&asked.name)?;
    let contact = asked.contact.as_deref().map(local_name).transpose()?;
    let vault = context.vault()?;
    // Before the code exists: a window that does not open must not cost one.
    let means = light
        .is_asked()
        .then(|| light::open(context, light))
        .transpose()?;
    let code = vault.show_pairing(&name, contact.as_ref(), context.now())?;
    let words = code.words();
    if let Some(means) = means {
        let message = words.join(" ").into_bytes();
        let end = light::how_to_end(light);
        let headline = format!("The pairing code for {name}: film it there, then {end}.");
        light::show(context, means, Kind::Pairing, message, &headline)?;
    }
    let mut text = format!("Type these words on {name}. They are shown this once.\n");
    for (place, word) in (1..).zip(&words) {
        let _ = writeln!(text, "  {place:>2}  {word}");
    }
    let json = json!({ "name": name.as_str(), "code": words });
    Ok(Report::new(text, json))
}

fn typed(
    context: &Context,
    asked: &PairArgs,
    code_file: Option<&Path>,
    camera: Option<String>,
) -> Result<Report, CommandError> {
    let name = local_name(&asked.name)?;
    let contact = asked.contact.as_deref().map(local_name).transpose()?;
    let vault = context.vault()?;
    let words = match (code_file, camera) {
        (Some(file), _) => read_code(file)?,
        (None, Some(camera)) => text_of(&light::film(context, camera, Kind::Pairing, &|_| false)?)?,
        (None, None) => context.ask(&format!("Type the words that {name} shows, in one line: "))?,
    };
    vault.type_pairing(&name, contact.as_ref(), &words, context.now())?;
    let text = format!("This vault and {name} are paired.");
    Ok(Report::new(text, json!({ "name": name.as_str() })))
}

/// The code from a file, or from standard input when it is called `-`.
fn read_code(file: &Path) -> Result<Zeroizing<String>, CommandError> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(CODE_FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(FileError::of("read", Path::new("standard input")))?;
        bytes
    } else {
        read_bounded(file, CODE_FILE_BYTES_MAX)?
    };
    text_of(&Zeroizing::new(bytes))
}

fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, CommandError> {
    std::str::from_utf8(bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| CommandError::NotText { what: "the code" })
}

fn list(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let contacts = vault.contacts()?;
    let (mut text, mut listed) = (String::new(), Vec::new());
    for lane in vault.pairings()? {
        let owner = lane.contact_id.and_then(|id| {
            let mut all = contacts.iter();
            all.find(|one| one.id == id).map(|one| one.nickname.clone())
        });
        let (kind, shown) = match (lane.kind, &owner) {
            (LaneKind::Courier, _) => ("courier", "courier".to_owned()),
            (LaneKind::Vault, Some(owner)) => ("vault", format!("vault of {owner}")),
            (LaneKind::Vault, None) => ("vault", "vault of a removed contact".to_owned()),
        };
        let _ = writeln!(text, "{}  {shown}, paired {}", lane.name, lane.paired_at);
        listed.push(json!({
            "name": lane.name.as_str(),
            "kind": kind,
            "contact": owner.as_ref().map(|name| name.as_str()),
            "paired_at": lane.paired_at.0,
        }));
    }
    if listed.is_empty() {
        text.push_str("There are no pairings yet. Next: `offline-vault pair show --name NAME`.");
    }
    Ok(Report::new(text, json!({ "pairings": listed })))
}

fn remove(context: &Context, name: &str) -> Result<Report, CommandError> {
    let name = local_name(name)?;
    context.vault()?.remove_pairing(&name, context.now())?;
    let text = format!(
        "The pairing {name} is forgotten. What lies on a stick for it cannot be opened any more."
    );
    Ok(Report::new(text, json!({ "removed": name.as_str() })))
}
