//! What a trip did, for a program.

use pack_format::advice::Advice;
use serde_json::{Value, json};

use super::super::outcome::{SyncOutcome, VaultOutcome};
use crate::desk::Finished;

use super::super::{AtTray, ByLight, CountedTrouble};

pub(super) fn outcome_json(outcome: &SyncOutcome) -> Value {
    let network = outcome.network.as_ref();
    let relays = network.map_or(&[][..], |network| &network.relays);
    let servers = relays.iter().map(|relay| {
        json!({
            "url": relay.url,
            "outcome": relay.outcome,
            "mailboxes_opened": relay.mailboxes_opened,
            "bundles_uploaded": relay.bundles_uploaded,
            "bytes_uploaded": relay.bytes_uploaded,
            "bundles_fetched": relay.bundles_fetched,
            "bytes_fetched": relay.bytes_fetched,
            "bundles_acknowledged": relay.bundles_acknowledged,
            "bundles_waiting": relay.bundles_waiting,
            "bytes_waiting": relay.bytes_waiting,
        })
    });
    let troubles = network.map_or(&[][..], |network| &network.troubles);
    let troubles = outcome.refused.iter().chain(troubles).map(trouble_json);
    let problems = outcome
        .problems
        .iter()
        .map(|problem| problem_json(problem, 1));
    json!({
        "vaults": outcome.vaults.iter().map(vault_json).collect::<Vec<_>>(),
        "servers": servers.collect::<Vec<_>>(),
        "light": outcome.by_light.as_ref().map(ByLight::to_json),
        "tray": outcome.at_tray.as_ref().map(AtTray::to_json),
        "approved": outcome.approved.iter().map(|(id, vault)| {
            json!({ "request": id.to_string(), "vault": vault })
        }).collect::<Vec<_>>(),
        "finished": outcome.finished.iter().map(Finished::to_json).collect::<Vec<_>>(),
        "safe_to_remove": outcome.safe_to_remove,
        "medium_read_only": outcome.medium_read_only,
        "problems": troubles.chain(problems).collect::<Vec<_>>(),
    })
}

fn trouble_json(counted: &CountedTrouble) -> Value {
    problem_json(&counted.trouble, counted.count)
}

fn problem_json(problem: &dyn Advice, count: u64) -> Value {
    json!({
        "code": problem.code(),
        "what": pack_format::advice::what_happened(problem),
        "data": problem.data_safe(),
        "next": problem.next_step(),
        "count": count,
    })
}

fn vault_json(vault: &VaultOutcome) -> Value {
    let missing = vault.incoming.iter().map(|pack| {
        let missing = pack.missing.iter().map(|part| part.saturating_add(1));
        json!({ "part_count": pack.part_count, "missing": missing.collect::<Vec<_>>() })
    });
    let to_carry = vault.to_carry.iter().map(|pack| {
        let parts = pack.to_carry.iter().map(|part| part.saturating_add(1));
        json!({
            "part_count": pack.part_count,
            "parts": parts.collect::<Vec<_>>(),
            "bytes": pack.bytes_to_carry,
        })
    });
    json!({
        "name": vault.name,
        "packs_taken": vault.packs_taken,
        "bundles_taken": vault.bundles_taken,
        "items_taken": vault.items_taken,
        "bytes_taken": vault.bytes_taken,
        "items_confirmed": vault.items_confirmed,
        "on_medium": {
            "bundles": vault.on_medium.bundle_count,
            "receipts": vault.on_medium.receipt_count,
            "reports": vault.on_medium.report_count,
            "requests": vault.on_medium.request_count,
            "parts": vault.on_medium.part_count,
        },
        "incoming": missing.collect::<Vec<_>>(),
        "to_carry": to_carry.collect::<Vec<_>>(),
        "items_waiting": vault.items_waiting,
    })
}
