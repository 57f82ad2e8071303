//! Every claim names a test, and every test that a document names exists.
//!
//! The convention: names stand in backticks after `Test:` or `Tests:`, up to the end of the line,
//! or in the last column of a table whose last heading is `test` or `tests`. Of a path, the last
//! part is the function's name.

use std::collections::BTreeSet;

use super::{files, members, read, root};

/// The documents that make claims. All of `spec/` is read besides.
const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "SECURITY.md"];

/// Every function of the sources.
fn functions() -> BTreeSet<String> {
    let sources = members()
        .into_iter()
        .flat_map(|member| files(&member, "rs"));
    let mut names = BTreeSet::new();
    for path in sources {
        for piece in read(&path).split("fn ").skip(1) {
            let end = piece.find(|ch: char| !ch.is_alphanumeric() && ch != '_');
            names.insert(piece[..end.unwrap_or(piece.len())].to_owned());
        }
    }
    names
}

/// The test names in a document.
fn claimed(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut in_table, mut last_is_tests) = (false, false);
    for line in text.lines() {
        let is_row = line.trim_start().starts_with('|');
        if is_row && !in_table {
            let heading = last_cell(line).to_lowercase();
            last_is_tests = ["test", "tests"].contains(&heading.as_str());
        }
        in_table = is_row;
        if is_row && last_is_tests {
            names.extend(in_backticks(&last_cell(line)));
        } else if let Some((_, rest)) = line.split_once("Test: ").or(line.split_once("Tests: ")) {
            names.extend(in_backticks(rest));
        }
    }
    names
}

fn last_cell(row: &str) -> String {
    let row = row.trim().trim_end_matches('|');
    row.rsplit('|').next().unwrap().trim().to_owned()
}

fn in_backticks(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .map(|name| name.rsplit("::").next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_test_that_a_document_names_exists() {
    let functions = functions();
    let documents = DOCUMENTS.iter().map(|name| root().join(name));
    for path in documents.chain(files(&root().join("spec"), "md")) {
        for name in claimed(&read(&path)) {
            let exists = functions.contains(&name);
            assert!(
                exists,
                "{} names the test `{name}`, which does not exist",
                path.display()
            );
        }
    }
}

#[test]
fn the_documents_that_promise_name_their_tests() {
    for name in ["README.md", "ARCHITECTURE.md"] {
        let found = claimed(&read(&root().join(name)));
        assert!(
            !found.is_empty(),
            "{name} promises something without naming a test"
        );
    }
}

#[test]
fn every_vector_directory_holds_vectors() {
    let vectors = root().join("spec/vectors");
    let mut folders = 0;
    for entry in std::fs::read_dir(&vectors).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders += 1;
            let holds_some = std::fs::read_dir(&path).unwrap().next().is_some();
            assert!(holds_some, "{} holds no vector", path.display());
        }
    }
    assert!(
        folders > 0,
        "{} holds no folder of vectors",
        vectors.display()
    );
}

#[test]
fn names_are_found_after_the_word_and_in_the_last_column() {
    let text =
        "Kept. Test: `all::keeps_it`.\n\n| a | tests |\n|---|---|\n| `no` | `one`, `two` |\n";
    assert_eq!(claimed(text), ["keeps_it", "one", "two"]);
}
