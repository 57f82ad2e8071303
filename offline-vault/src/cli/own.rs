//! Commands about the vault itself: making it, looking at it, its passphrase.

use std::fmt::Write as _;
use std::path::Path;

use pack_format::shown::Shown;
use serde_json::json;

use super::args::{ChangePassphrase, Init, Kdf};
use super::network::{Finding, interfaces};
use super::space::space_json;
use super::space_text::waiting_lines;
use super::{CommandError, Context, Report, talk};
use crate::limits::KDF_MEMORY_MIB_DEFAULT;
use crate::passphrase::PassphraseSource;
use crate::team::{self, shown::SpaceLine};
use crate::vault::{NewVault, Vault};
use crate::vault_key::KdfCost;

/// `init`: a new vault.
pub(super) fn init(context: &Context, init: &Init) -> Result<Report, CommandError> {
    let dir = context.vault_dir()?;
    let key_file = context.key_file()?;
    let source = context.passphrase_source();
    source.warning().iter().for_each(|note| talk(note));
    let passphrase = source.for_new()?;
    let new = NewVault {
        dir: &dir,
        name: &init.name,
        key_file: key_file.as_ref(),
        cost: chosen_cost(init.kdf, None)?,
        now: context.now(),
    };
    let vault = Vault::create(&new, &passphrase)?;
    let words = vault.identity().key().fingerprint().words();
    let mut text = format!(
        "The vault of {} is made: {}\n",
        Shown(&init.name),
        dir.display()
    );
    let _ = writeln!(text, "Your words are: {}", words.join(" "));
    text.push_str("Nobody can open it without the passphrase");
    text.push_str(match key_file {
        Some(_) => " and the key file: keep a copy of both.\n",
        None => ": keep it safe, it cannot be recovered.\n",
    });
    text.push_str(
        "Next: `offline-vault relay add FILE` with an operator's invitation, or \
         `offline-vault pair show --name NAME`; then give your card to others.",
    );
    let json = json!({ "vault": dir.display().to_string(), "name": init.name, "words": words });
    Ok(Report::new(text, json))
}

/// `status`: the vault, the machine, the protection.
pub(super) fn status(context: &Context) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let card = vault.card()?;
    let contacts = vault.contacts()?;
    let verified = contacts.iter().filter(|one| one.verification.is_some());
    let unverified_count = contacts.len() - verified.count();
    let (outgoing, incoming) = (
        vault.store().read().outgoing()?.len(),
        vault.store().read().incoming()?.len(),
    );
    let (pairings, mailboxes) = (vault.pairings()?.len(), vault.relays()?.len());
    let (incarnation, serial) = card.age();
    let words = card.fingerprint().words();
    let spaces = team::shown::spaces(vault)?;
    let network = interfaces(Path::new("/sys/class/net"));
    let (clock, lockdown) = (clock(context, vault), lockdown(context));
    let dir = vault.paths().dir().display().to_string();
    let lines = [
        ("vault", dir.clone()),
        ("name", Shown(card.name()).to_string()),
        ("words", words.join(" ")),
        ("incarnation", format!("{incarnation}, card {serial}")),
        (
            "contacts",
            format!("{}, {unverified_count} not verified", contacts.len()),
        ),
        ("pairings", pairings.to_string()),
        ("mailboxes", mailboxes.to_string()),
        (
            "bundles",
            format!("{outgoing} sealed here, {incoming} taken in"),
        ),
        ("spaces", spaces_text(&spaces)),
        ("time", context.now().to_string()),
        ("clock", clock.text()),
        ("network", network.text()),
        ("lockdown", lockdown.text()),
    ];
    let mut text = String::from("OFFLINE MACHINE\n");
    for (label, value) in lines {
        let _ = writeln!(text, "{label:<12} {value}");
    }
    let json = json!({
        "vault": dir,
        "name": card.name(),
        "words": words,
        "incarnation": incarnation,
        "card_serial": serial,
        "contact_count": contacts.len(),
        "unverified_contact_count": unverified_count,
        "pairing_count": pairings,
        "mailbox_count": mailboxes,
        "outgoing_bundle_count": outgoing,
        "incoming_bundle_count": incoming,
        "spaces": spaces.iter().map(space_json).collect::<Vec<_>>(),
        "clock": { "finding": clock.word(), "text": clock.text() },
        "network": { "finding": network.word(), "text": network.text() },
        "lockdown": { "finding": lockdown.word(), "text": lockdown.text() },
    });
    Ok(Report::new(text, json))
}

/// How many spaces there are, and what waits in which.
fn spaces_text(spaces: &[SpaceLine]) -> String {
    let mut parts = vec![spaces.len().to_string()];
    parts.extend(waiting_lines(spaces));
    parts.join("; ")
}

/// A clock before the floor is reported; nothing depends on it.
fn clock(context: &Context, vault: &Vault) -> Finding {
    let (now, floor) = (context.now(), vault.clock_floor_before());
    if now < floor {
        Finding::Problem(format!(
            "this machine has shown {floor} before, which is later"
        ))
    } else {
        Finding::Ok
    }
}

fn lockdown(context: &Context) -> Finding {
    let failures: Vec<_> = context
        .lockdown
        .failures()
        .iter()
        .map(ToString::to_string)
        .collect();
    if failures.is_empty() {
        Finding::Ok
    } else {
        Finding::Problem(format!("not enforced: {}", failures.join("; ")))
    }
}

/// `change-passphrase`.
pub(super) fn change_passphrase(
    context: &Context,
    change: &ChangePassphrase,
) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let source = PassphraseSource::of_option(change.new_passphrase_file.as_deref());
    source.warning().iter().for_each(|note| talk(note));
    let cost = chosen_cost(change.kdf, Some(vault.kdf_cost()?))?;
    let passphrase = source.for_new()?;
    let key_file = context.key_file()?;
    vault.change_passphrase(&passphrase, key_file.as_ref(), cost, context.now())?;
    let text = "The passphrase is changed.\n\
        A copy of the vault that was made before still opens with the old one.";
    Ok(Report::new(text, json!({ "changed": true })))
}

/// What the person chose, else what was in force before, else what this machine does in about a
/// second.
pub(super) fn chosen_cost(asked: Kdf, before: Option<KdfCost>) -> Result<KdfCost, CommandError> {
    if let (None, None, Some(before)) = (asked.kdf_memory_mib, asked.kdf_passes, before) {
        return Ok(before);
    }
    let memory_mib = asked.kdf_memory_mib.unwrap_or(KDF_MEMORY_MIB_DEFAULT);
    Ok(match asked.kdf_passes {
        Some(passes) => KdfCost::new(memory_mib, passes)?,
        None => KdfCost::measured(memory_mib)?,
    })
}
