//! What was signed is written down, and how much may be.

use std::fs;

use super::room::{Room, joined};
use crate::people::{program, run, text_of};

#[test]
fn the_journal_of_signatures_is_checked_without_the_vault() {
    let room = Room::new();
    room.key("work", "ssh");
    room.key("release", "openpgp");
    let file = room.file("notes.txt", b"What was decided\n");
    for key in ["work", "release"] {
        room.ask(&["sign", text_of(&file), "--key", key]);
    }
    room.ask(&[
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--as",
        "ssh:other",
        "--force",
    ]);
    room.carry_in();
    for request in ["req-1", "req-2", "req-3"] {
        room.read(request);
    }
    room.site.vault(&["approve", "req-1", "req-2"]).ok();
    room.site.vault(&["refuse", "req-3"]).ok();
    let used: Vec<_> = room.journal();
    let used: Vec<_> = used
        .iter()
        .map(|(kind, key)| format!("{kind} {key}"))
        .collect();
    assert_eq!(
        used,
        [
            "file signed work",
            "file signed release",
            "request refused work"
        ]
    );
    let export = room.path("signatures.txt");
    let write = ["journal", "--signatures", "--export", text_of(&export)];
    room.site.vault(&write).ok();
    let check = || {
        let mut command = program("offline-vault");
        command.args(["--json", "journal", "--check", text_of(&export)]);
        run(&mut command)
    };
    let checked = check().ok();
    assert_eq!(
        checked["signatures"].as_array().unwrap().len(),
        5,
        "{checked}"
    );
    assert_eq!(
        joined(&checked["words"]),
        crate::people::words_of(&room.site)
    );
    let whole = fs::read_to_string(&export).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    for at in 0..lines.len() {
        let mut less = lines.clone();
        less.remove(at);
        fs::write(&export, less.join("\n") + "\n").unwrap();
        check().exits(&[1, 2, 3]);
    }
    fs::write(&export, whole.replacen('a', "b", 1)).unwrap();
    check().exits(&[1, 2, 3]);
}

#[test]
fn a_key_signs_no_more_a_day_than_its_policy_allows() {
    let room = Room::new();
    room.key("work", "ssh");
    room.site
        .vault(&["key", "policy", "work", "--per-day", "2"])
        .ok();
    let file = room.file("notes.txt", b"Again and again\n");
    for number in 0..3 {
        let output = room.path(&format!("{number}.sig"));
        room.ask(&[
            "sign",
            text_of(&file),
            "--key",
            "work",
            "--output",
            text_of(&output),
        ]);
    }
    room.carry_in();
    for request in ["req-1", "req-2", "req-3"] {
        room.read(request);
    }
    room.site
        .vault(&["approve", "--all-shown"])
        .failed(3, "policy-per-day");
    // Those before the limit are signed, and go out.
    room.carry_back().ok();
    let made = [0, 1, 2].map(|number| room.path(&format!("{number}.sig")).exists());
    assert_eq!(made, [true, true, false]);
    assert_eq!(room.journal().len(), 2);
}

#[test]
fn a_key_does_only_what_its_policy_allows() {
    let room = Room::new();
    room.key("work", "ssh");
    let allow = ["key", "policy", "work", "--allow", "git-commit,git-tag"];
    room.site.vault(&allow).ok();
    let file = room.file("notes.txt", b"Not a commit\n");
    room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").failed(3, "policy-kind");
    let only = [
        "key",
        "policy",
        "work",
        "--allow",
        "file",
        "--namespaces",
        "minutes",
    ];
    room.site.vault(&only).ok();
    room.approve("req-1").failed(3, "policy-namespace");
    assert_eq!(room.journal(), []);
}
