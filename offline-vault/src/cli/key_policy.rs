//! `key policy`: what a signing key may be used for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bundle_format::identity::IdentityKey;
use pack_format::relay::PublicKey;
use serde_json::{Value, json};
use signing_format::ssh::Namespace;

use super::contact::local_name;
use super::key::{described, key_json, named};
use super::key_args::SetPolicy;
use super::{CommandError, Context, Report};
use crate::signing::keys::{self, KeyError};
use crate::signing::policy::Policy;
use crate::store::{SigningKey, Tables};
use crate::vault::Vault;

/// Carries out `key policy`.
pub(super) fn policy(context: &Context, asked: &SetPolicy) -> Result<Report, CommandError> {
    let key = named(context, &asked.name)?;
    let vault = context.vault()?;
    let policy = changed(vault, &key.policy, asked)?;
    let mut notes = Vec::new();
    let key = if policy == key.policy {
        key
    } else {
        policy.validate(&key.reference).map_err(KeyError::from)?;
        let wanted = SigningKey { policy, ..key };
        let tables = vault.store().read();
        let described = one_line(&lines(&tables, &wanted)?);
        for (name, verified) in approvers(&tables, &wanted)? {
            if !verified {
                notes.push(format!(
                    "the words of {name} were never compared: anybody may be behind that name; \
                     run `offline-vault contact verify {name}`"
                ));
            }
        }
        keys::set_policy(
            vault,
            &wanted.name,
            &wanted.policy,
            &described,
            context.now(),
        )?
    };
    let text = format!("{}\n{}", key.name, described(context, vault, &key)?);
    let report = Report::new(text, key_json(context, vault, &key)?);
    Ok(notes
        .into_iter()
        .fold(report, |report, note| report.with_note(note)))
}

fn changed(vault: &Vault, before: &Policy, asked: &SetPolicy) -> Result<Policy, CommandError> {
    let mut policy = before.clone();
    if let Some(kinds) = &asked.allow {
        policy.kinds = kinds.iter().copied().collect();
    }
    if let Some(names) = &asked.namespaces {
        policy.namespaces = match names.as_slice() {
            [any] if any == "any" => None,
            names => Some(
                names
                    .iter()
                    .map(|name| Namespace::new(name))
                    .collect::<Result<_, _>>()?,
            ),
        };
    }
    if let Some(per_day) = asked.per_day {
        policy.per_day = per_day;
    }
    if asked.no_approvers {
        policy.approvers = BTreeSet::new();
        policy.approvals_needed = 0;
    }
    if !asked.approvers.is_empty() {
        let keys = asked.approvers.iter().map(|nickname| {
            let contact = vault.contact(&local_name(nickname)?)?;
            Ok::<_, CommandError>(PublicKey(contact.card.identity().0))
        });
        policy.approvers = keys.collect::<Result<_, _>>()?;
        // Naming approvers and needing none would be a policy that says nothing.
        policy.approvals_needed = u8::try_from(policy.approvers.len()).unwrap_or(u8::MAX);
    }
    if let Some(needed) = asked.approvals {
        policy.approvals_needed = needed;
    }
    Ok(policy)
}

/// The policy of a key in words.
pub(super) fn lines(
    tables: &Tables<'_>,
    key: &SigningKey,
) -> Result<Vec<(&'static str, String)>, CommandError> {
    let policy = &key.policy;
    let mut lines = vec![("may do", policy.kinds.to_string())];
    if let signing_format::key_reference::KeyReference::Ssh(_) = key.reference {
        let names = policy.namespaces.as_ref().map_or_else(
            || "any".to_owned(),
            |names| {
                let names: Vec<_> = names.iter().map(Namespace::as_str).collect();
                names.join(", ")
            },
        );
        lines.push(("namespaces", names));
    }
    lines.push(("a day", policy.per_day.to_string()));
    let approvers: Vec<_> = approvers(tables, key)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let approval = if policy.approvals_needed == 0 {
        "nobody else's".to_owned()
    } else {
        let needed = policy.approvals_needed;
        format!("{needed} of {}", approvers.join(", "))
    };
    lines.push(("approval", approval));
    Ok(lines)
}

fn one_line(lines: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (what, value) in lines {
        let _ = write!(text, "{what}: {value}; ");
    }
    text.trim_end_matches("; ").to_owned()
}

/// The approvers by name, and whether their words were compared. Who is no contact any more is
/// named by words.
fn approvers(tables: &Tables<'_>, key: &SigningKey) -> Result<Vec<(String, bool)>, CommandError> {
    let mut named = Vec::new();
    for approver in &key.policy.approvers {
        let identity = IdentityKey(approver.0);
        named.push(match tables.contact_with_identity(identity)? {
            Some(contact) => (
                contact.nickname.as_str().to_owned(),
                contact.verification.is_some(),
            ),
            None => (
                format!("({})", identity.fingerprint().words().join(" ")),
                false,
            ),
        });
    }
    Ok(named)
}

/// The policy of a key, for programs.
pub(super) fn policy_json(tables: &Tables<'_>, key: &SigningKey) -> Result<Value, CommandError> {
    let policy = &key.policy;
    let kinds: Vec<_> = policy.kinds.iter().map(|kind| kind.as_str()).collect();
    let namespaces = policy
        .namespaces
        .as_ref()
        .map(|names| names.iter().map(Namespace::as_str).collect::<Vec<_>>());
    let approvers: Vec<_> = approvers(tables, key)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    Ok(json!({
        "allow": kinds,
        "namespaces": namespaces,
        "per_day": policy.per_day,
        "approvers": approvers,
        "approvals": policy.approvals_needed,
    }))
}
