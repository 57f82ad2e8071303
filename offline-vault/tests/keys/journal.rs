//! The signature journal for others.

use std::fs;

use super::*;

#[test]
fn an_export_is_checked_on_any_machine_and_a_flipped_byte_is_refused() {
    let (amina, nobody) = (with_release(), Machine::empty("Nobody"));
    let file = amina.text_path("signatures");
    let export = ["journal", "--signatures", "--export", &file];
    amina.done(&export);
    amina.refused(&export, "file-exists");
    let checked = nobody.run_bare(&["journal", "--check", &file, "--json"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(checked["signatures"][0]["kind"], "key made");
    let words: Vec<_> = checked["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    assert_eq!(words.join(" "), amina.words());

    let mut text = fs::read(&file).unwrap();
    let at = text.len() / 2;
    text[at] ^= 1;
    let changed = amina.write("changed", &text);
    let refused = nobody.run_bare(&["journal", "--check", &changed]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.stderr.contains("[signature-journal-"),
        "{refused:?}"
    );
    let other = nobody.write("other", b"a letter");
    nobody
        .run_bare(&["journal", "--check", &other])
        .expect_error("signature-journal-unreadable");
}

#[test]
fn the_journal_names_each_use_of_a_key() {
    let amina = with_release();
    amina.done(&["key", "rename", "release", "main"]);
    let words = amina.key_passphrase();
    let output = amina.text_path("copy");
    let backup = ["key", "backup", "main", "--output", &output];
    amina.done(&[&backup[..], &["--key-passphrase-file", &words]].concat());
    let removed = amina.run_with_input(&["key", "remove", "main"], "main\n");
    assert_eq!(removed.code, 0, "{removed:?}");
    let text = amina.done(&["journal", "--signatures"]);
    for said in [
        "key made",
        "key renamed",
        "key backed up",
        "key removed",
        "All 4 entries",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
