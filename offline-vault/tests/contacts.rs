//! People: their cards, their words, and those who claim to be them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};

use crate::machine::Machine;

fn pair() -> (Machine, Machine) {
    (Machine::new("Amina"), Machine::new("Bruno"))
}

#[test]
fn right_words_verify_a_contact() {
    let (amina, bruno) = pair();
    amina.done(&["contact", "add", &bruno.card_file()]);
    assert_eq!(
        amina.json(&["contact", "list"])["contacts"][0]["verified"],
        false
    );
    let heard = bruno.words().to_uppercase().replace(' ', ", ");
    let arguments = [
        "contact", "verify", "bruno", "--how", "by phone", "--words", &heard,
    ];
    let verified = amina.json(&arguments);
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["verified_how"], "by phone");
    assert_eq!(amina.json(&["status"])["unverified_contact_count"], 0);
}

#[test]
fn one_wrong_word_leaves_a_contact_unverified() {
    let (amina, bruno) = pair();
    amina.done(&["contact", "add", &bruno.card_file()]);
    let words = bruno.words();
    for at in 0..8 {
        let mut heard: Vec<&str> = words.split(' ').collect();
        heard[at] = if heard[at] == "zoo" { "abandon" } else { "zoo" };
        let heard = heard.join(" ");
        let arguments = ["contact", "verify", "bruno", "--words", &heard];
        let answer = amina.refused(&arguments, "words-differ");
        assert_eq!(answer.code, 3);
    }
    let answer = amina.refused(
        &["contact", "verify", "bruno", "--words", "one two"],
        "words-count",
    );
    assert_eq!(answer.code, 2);
    assert_eq!(
        amina.json(&["contact", "list"])["contacts"][0]["verified"],
        false
    );
}

/// Two of the eight words are left out at random, and typing those two verifies.
#[test]
fn the_two_words_that_are_asked_for_verify_a_contact() {
    let (amina, bruno) = pair();
    amina.done(&["contact", "add", &bruno.card_file()]);
    let asked = amina.run_with_input(&["contact", "verify", "bruno"], "wrong\nwrong\n");
    asked.expect_error("words-differ");
    let mut child = amina.start(&["contact", "verify", "bruno"]);
    let mut shown = BufReader::new(child.stderr.take().unwrap()).lines();
    let title = shown.next().unwrap().unwrap();
    assert!(title.contains("read their eight words"), "{title}");
    let lines: Vec<String> = shown.take(8).map(Result::unwrap).collect();
    let words = bruno.words();
    let mut typed = String::new();
    for (word, line) in words.split(' ').zip(&lines) {
        if line.ends_with('…') {
            typed.push_str(word);
            typed.push('\n');
        } else {
            assert!(line.ends_with(word), "{line}");
        }
    }
    assert_eq!(typed.lines().count(), 2, "{lines:?}");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        amina.json(&["contact", "list"])["contacts"][0]["verified"],
        true
    );
}

#[test]
fn a_newer_card_replaces_the_old_one_and_an_older_is_refused() {
    let (amina, bruno) = pair();
    let old = fs::read(bruno.card_file()).unwrap();
    amina.done(&["contact", "add", &bruno.card_file()]);
    let words = bruno.words();
    amina.done(&["contact", "verify", "bruno", "--words", &words]);
    let relay = pack_format::relay::RelayAddress::new(
        "https://relay.example",
        pack_format::relay::PublicKey([4; 32]),
    );
    let invitation = pack_format::relay::Invitation {
        relay: relay.unwrap(),
        code: [1; 16],
    };
    let invitation = bruno.write("invitation", invitation.to_text().as_bytes());
    bruno.done(&["relay", "add", &invitation]);
    let renewed = amina.json(&["contact", "add", &bruno.card_file()]);
    assert_eq!(renewed["serial"], 2);
    assert_eq!(
        renewed["verified"], true,
        "the words are those of the same key"
    );
    let old = amina.write("old", &old);
    let answer = amina.refused(&["contact", "add", &old], "card-older");
    assert_eq!(answer.code, 3);
    let again = amina.done(&["contact", "add", &bruno.card_file()]);
    assert!(again.contains("was here already"), "{again}");
    let other_name = ["contact", "add", &bruno.card_file(), "--as", "bruno2"];
    amina.refused(&other_name, "contact-known");
}

#[test]
fn somebody_with_the_name_of_a_contact_is_pointed_out() {
    let (amina, bruno) = pair();
    let impostor = Machine::new("bruno");
    amina.done(&["contact", "add", &bruno.card_file()]);
    amina.refused(&["contact", "add", &impostor.card_file()], "nickname-taken");
    let answer = amina.run(&["contact", "add", &impostor.card_file(), "--as", "other"]);
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("WARNING"), "{answer:?}");
    let listed = amina.json(&["contact", "list"]);
    assert_eq!(listed["contacts"][1]["nickname"], "other");
    assert_eq!(listed["contacts"][1]["verified"], false);
}

#[test]
fn a_card_comes_by_picture_too() {
    let (amina, bruno) = pair();
    let path = bruno.path("bruno.png").to_str().unwrap().to_owned();
    bruno.done(&["card", "--qr", &path]);
    let added = amina.json(&["contact", "add", &path]);
    assert_eq!(added["name"], "Bruno");
}

#[test]
fn altered_cards_and_the_own_one_are_refused() {
    let (amina, bruno) = pair();
    amina.refused(&["contact", "add", &amina.card_file()], "card-own");
    let text = fs::read_to_string(bruno.card_file()).unwrap();
    let changed = text.replacen("causeway-card-1:AQAFQ", "causeway-card-1:AQAFR", 1);
    assert_ne!(changed, text);
    let changed = amina.write("changed", changed.as_bytes());
    let answer = amina.refused(&["contact", "add", &changed], "card-altered");
    assert_eq!(answer.code, 3);
    let letter = amina.write("letter", b"hello");
    amina.refused(&["contact", "add", &letter], "card-unreadable");
    let picture = amina.write("picture", b"\x89PNG\r\n\x1a\nno picture at all");
    amina.refused(&["contact", "add", &picture], "qr-not-a-picture");
    assert_eq!(amina.json(&["status"])["contact_count"], 0);
}

#[test]
fn a_removed_contact_is_gone_and_an_unknown_one_is_named() {
    let (amina, bruno) = pair();
    amina.done(&["contact", "add", &bruno.card_file()]);
    amina.done(&["contact", "remove", "BRUNO"]);
    amina.refused(&["contact", "remove", "bruno"], "contact-unknown");
    amina.refused(
        &["contact", "verify", "../bruno", "--words", "x"],
        "name-unusable",
    );
}
