//! Every crate that is linked has a licence that `deny.toml` allows.

use std::collections::BTreeSet;

use super::{cargo, read, root};

/// The licences between `allow = [` and `]` in `deny.toml`.
fn allowed() -> BTreeSet<String> {
    let rules = read(&root().join("deny.toml"));
    let (_, rest) = rules.split_once("\nallow = [").unwrap();
    let (list, _) = rest.split_once("\n]").unwrap();
    let lines = list
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

/// Whether each part of an SPDX expression that must hold has an alternative that is allowed. An
/// alternative that needs several licences is refused: none of the crates has one. A licence of
/// which later versions do as well, `MPL-2.0+`, is allowed as the version that it names.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    expression.split(" AND ").all(|part| {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ")
            .any(|licence| allowed.contains(licence.trim().trim_end_matches('+')))
    })
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let allowed = allowed();
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let text = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        &platform,
    ]);
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let (name, licence) = (
            &package["name"],
            package["license"].as_str().unwrap_or("none"),
        );
        let reason = "argue it in deny.toml or leave the crate out";
        assert!(
            is_allowed(licence, &allowed),
            "{name} is under {licence:?}: {reason}"
        );
    }
}

#[test]
fn an_expression_needs_every_part_and_one_alternative_of_each() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    assert!(is_allowed("(MIT OR Apache-2.0) AND ISC", &allowed));
    assert!(is_allowed("Apache-2.0/MIT", &allowed));
    assert!(is_allowed("ISC+", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0-only", &allowed));
    assert!(!is_allowed("none", &allowed));
}
