//! What a trip and a status look like to a person.

use std::fmt::Write as _;

use crossing::light::Written;
use pack_format::advice::Exit;
use pack_format::shown::Shown;

use super::network::RelayReport;
use super::outcome::{Carried, SyncOutcome, VaultOutcome};
use super::quantity::{Bytes, Count};
use super::store::{CourierStatus, LaneStatus, ServerStatus};
use super::sync::Medium;

/// The result of a trip, one line for each thing that happened.
pub(super) fn outcome(outcome: &SyncOutcome, medium: Option<&Medium>) -> String {
    let mut text = String::new();
    for vault in &outcome.vaults {
        taken(&mut text, vault);
    }
    for relay in outcome.network.iter().flat_map(|network| &network.relays) {
        visited(&mut text, relay);
    }
    for (id, vault) in &outcome.approved {
        let name = Shown(vault);
        line(
            &mut text,
            &format!("Approved by vault {name}: request {id}."),
        );
    }
    for finished in &outcome.finished {
        text.push_str(&finished.text());
    }
    match (&outcome.by_light, &outcome.at_tray) {
        (Some(by_light), _) => by_light.lines().iter().for_each(|it| line(&mut text, it)),
        (None, Some(at_tray)) => at_tray.lines().iter().for_each(|it| line(&mut text, it)),
        (None, None) => outcome.vaults.iter().for_each(|it| waiting(&mut text, it)),
    }
    let place = match medium {
        Some(Medium::Stick(_)) => "On stick (checked)",
        _ => "On medium (checked)",
    };
    if let Some(is_safe) = outcome.safe_to_remove {
        let carried = carried(&outcome.vaults);
        let end = match (is_safe, outcome.medium_read_only) {
            (true, false) => format!("{place}: {carried}. Safe to remove."),
            (true, true) => "The medium cannot be written to: everything was taken in, and \
                 nothing is on it for the vault. Safe to remove."
                .to_owned(),
            (false, _) => "Not everything is on the medium yet: sync again.".to_owned(),
        };
        line(&mut text, &end);
    }
    // What did not go well is told after this, and was something to do.
    if text.is_empty() && outcome.exit() == Exit::Done {
        line(&mut text, "Nothing to do.");
    }
    text
}

/// What was written for somebody to look at.
pub(super) fn written(written: Option<Written>) -> String {
    match written {
        Some(Written::Pictures(count)) => format!("Wrote {}.\n", Count(count as u64, "picture")),
        Some(Written::Pages(count)) => format!("Wrote {}.\n", Count(count as u64, "page")),
        None => String::new(),
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn taken(text: &mut String, vault: &VaultOutcome) {
    let name = Shown(&vault.name);
    if vault.packs_taken > 0 {
        let mut what = Vec::new();
        if vault.bundles_taken > 0 {
            what.push(Count(vault.bundles_taken, "bundle").to_string());
        }
        if vault.items_taken > 0 {
            what.push(Count(vault.items_taken, "instruction").to_string());
        }
        let what = match what.is_empty() {
            true => "a confirmation".to_owned(),
            false => what.join(", "),
        };
        let bytes = Bytes(vault.bytes_taken);
        line(
            text,
            &format!("Taken in from vault {name}: {what} ({bytes}). With the courier."),
        );
    }
    if vault.items_confirmed > 0 {
        let items = Count(vault.items_confirmed, "item");
        line(
            text,
            &format!("Taken in by vault {name} (receipt): {items}."),
        );
    }
}

fn visited(text: &mut String, relay: &RelayReport) {
    let url = Shown(&relay.url);
    let bundles = |count| Count(count, "bundle");
    if relay.mailboxes_opened > 0 {
        let mailboxes = Count(relay.mailboxes_opened, "mailbox");
        line(text, &format!("Opened {mailboxes} on {url}."));
    }
    if relay.bundles_acknowledged > 0 {
        let count = bundles(relay.bundles_acknowledged);
        line(text, &format!("Acknowledged {count} on {url}."));
    }
    if relay.bundles_uploaded > 0 {
        let (count, bytes) = (bundles(relay.bundles_uploaded), Bytes(relay.bytes_uploaded));
        let end = "With the relay (receipt verified).";
        line(text, &format!("Uploaded {count} ({bytes}) to {url}. {end}"));
    }
    if relay.bundles_fetched > 0 {
        let (count, bytes) = (bundles(relay.bundles_fetched), Bytes(relay.bytes_fetched));
        line(text, &format!("Fetched {count} ({bytes}) from {url}."));
    }
    if relay.bundles_waiting > 0 {
        let (count, bytes) = (bundles(relay.bundles_waiting), Bytes(relay.bytes_waiting));
        let code = &relay.outcome;
        let end = format!("with the courier until then [{code}].");
        line(
            text,
            &format!("Still to upload to {url}: {count} ({bytes}), {end}"),
        );
    }
}

fn waiting(text: &mut String, vault: &VaultOutcome) {
    let name = Shown(&vault.name);
    for pack in &vault.incoming {
        for part in &pack.missing {
            let (part, count) = (part.saturating_add(1), pack.part_count);
            line(
                text,
                &format!("Part {part} of {count} of a pack from vault {name} has not arrived."),
            );
        }
    }
    for pack in &vault.to_carry {
        let parts: Vec<String> = pack
            .to_carry
            .iter()
            .map(|part| part.saturating_add(1).to_string())
            .collect();
        let (parts, count) = (parts.join(", "), pack.part_count);
        let bytes = Bytes(pack.bytes_to_carry);
        line(
            text,
            &format!("For another stick: part {parts} of {count} for vault {name} ({bytes})."),
        );
    }
    if vault.items_waiting > 0 {
        let items = Count(vault.items_waiting, "item");
        line(
            text,
            &format!("For another trip: {items} for vault {name}."),
        );
    }
}

fn carried(vaults: &[VaultOutcome]) -> String {
    let sum = |of: fn(&Carried) -> u64| {
        let counts = vaults.iter().map(|vault| of(&vault.on_medium));
        counts.fold(0, u64::saturating_add)
    };
    let parts: Vec<String> = [
        (sum(|it| it.bundle_count), "bundle"),
        (sum(|it| it.receipt_count), "receipt"),
        (sum(|it| it.report_count), "report"),
        (sum(|it| it.request_count), "signing request"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, noun)| Count(count, noun).to_string())
    .collect();
    match (parts.is_empty(), sum(|it| it.part_count)) {
        (false, _) => parts.join(", "),
        (true, 0) => "nothing for the vault".to_owned(),
        (true, _) => "a confirmation for the vault".to_owned(),
    }
}

/// What a courier holds.
pub(super) fn status(status: &CourierStatus) -> String {
    let mut text = String::new();
    if status.vaults.is_empty() {
        line(&mut text, "No vault is paired.");
    }
    for vault in &status.vaults {
        vault_status(&mut text, vault);
    }
    if status.servers.is_empty() {
        line(&mut text, "No server is allowed.");
    }
    for server in &status.servers {
        server_status(&mut text, server);
    }
    let (count, bytes) = (
        Count(status.bundles_here, "bundle"),
        Bytes(status.bytes_here),
    );
    line(&mut text, &format!("On this machine: {count} ({bytes})"));
    text
}

fn vault_status(text: &mut String, vault: &LaneStatus) {
    line(text, &format!("Vault {}", Shown(&vault.name)));
    let rows = [
        (
            "to upload",
            vault.bundles_to_upload,
            Some(vault.bytes_to_upload),
        ),
        (
            "to fetch",
            vault.bundles_to_fetch,
            Some(vault.bytes_to_fetch),
        ),
        (
            "for the vault",
            vault.bundles_for_vault,
            Some(vault.bytes_for_vault),
        ),
        ("receipts for the vault", vault.receipts_for_vault, None),
        ("reports for the vault", vault.reports_for_vault, None),
    ];
    for (label, count, bytes) in rows {
        let label = format!("{label}:");
        let _ = match bytes {
            Some(bytes) if count > 0 => {
                writeln!(text, "  {label:<24} {count} ({})", Bytes(bytes))
            }
            _ => writeln!(text, "  {label:<24} {count}"),
        };
    }
}

fn server_status(text: &mut String, server: &ServerStatus) {
    let url = Shown(&server.url);
    let mut end = match &server.last_outcome {
        None => "not visited yet".to_owned(),
        Some(code) => format!("last visit: {}", Shown(code)),
    };
    if server.bundles_to_upload > 0 {
        let count = Count(server.bundles_to_upload, "bundle");
        let bytes = Bytes(server.bytes_to_upload);
        let _ = write!(end, ", to upload: {count} ({bytes})");
    }
    if !server.allowed {
        let _ = write!(
            end,
            "; not allowed, allow it with: online-relay courier server add {url}"
        );
    }
    line(text, &format!("Server {url}: {end}"));
}
