//! Pairings: a code shown here and typed there.

use crossing::Lane;
use offline_vault::clock::UnixTime;
use offline_vault::passphrase::Passphrase;
use offline_vault::vault::Vault;
use pack_format::codec::Wire as _;

use crate::machine::{Machine, PASSPHRASE};

fn code(shown: &serde_json::Value) -> String {
    let words: Vec<_> = shown["code"].as_array().unwrap().iter().collect();
    assert_eq!(words.len(), 13);
    words
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_code_shown_on_one_machine_is_typed_on_the_other() {
    let (amina, bruno) = (Machine::new("Amina"), Machine::new("Bruno"));
    amina.done(&["contact", "add", &bruno.card_file()]);
    bruno.done(&["contact", "add", &amina.card_file()]);
    let show = ["pair", "show", "--name", "to-bruno", "--contact", "bruno"];
    let words = code(&amina.json(&show));
    let typed = bruno.write("code", words.replace(' ', "\n").to_uppercase().as_bytes());
    let arguments = [
        "pair",
        "type",
        "--name",
        "to-amina",
        "--contact",
        "amina",
        "--code-file",
        &typed,
    ];
    bruno.done(&arguments);
    let listed = bruno.json(&["pair", "list"]);
    assert_eq!(listed["pairings"][0]["kind"], "vault");
    assert_eq!(listed["pairings"][0]["contact"], "amina");
    let lane = |machine: &Machine| {
        let passphrase = Passphrase::new(PASSPHRASE.to_owned());
        let vault = Vault::open(&machine.vault(), &passphrase, None, UnixTime(0)).unwrap();
        let stored = vault.pairings().unwrap().remove(0);
        let lane = Lane::from_wire(&stored.state).unwrap();
        assert_eq!(lane.id(), stored.id);
    };
    lane(&amina);
    lane(&bruno);
}

#[test]
fn a_courier_is_paired_by_typing_in_either_way() {
    let machine = Machine::new("Amina");
    let words = code(&machine.json(&["pair", "show", "--name", "laptop"]));
    let asked = machine.run_with_input(&["pair", "type", "--name", "one"], &format!("{words}\n"));
    assert_eq!(asked.code, 0, "{asked:?}");
    let arguments = ["pair", "type", "--name", "two", "--code-file", "-"];
    let piped = machine.run_with_input(&arguments, &words);
    assert_eq!(piped.code, 0, "{piped:?}");
    let listed = machine.json(&["pair", "list"]);
    assert_eq!(listed["pairings"].as_array().unwrap().len(), 3);
    assert_eq!(listed["pairings"][0]["kind"], "courier");
}

#[test]
fn a_mistyped_word_pairs_nothing() {
    let machine = Machine::new("Amina");
    let words = code(&machine.json(&["pair", "show", "--name", "laptop"]));
    let mut swapped: Vec<&str> = words.split(' ').collect();
    swapped[4] = if swapped[4] == "zoo" {
        "abandon"
    } else {
        "zoo"
    };
    for (typed, refused) in [
        (swapped.join(" "), "words-mistyped"),
        (words.replacen(' ', "x ", 1), "words-mistyped"),
        (words.rsplit_once(' ').unwrap().0.to_owned(), "words-count"),
    ] {
        let answer = machine.run_with_input(&["pair", "type", "--name", "one"], &typed);
        answer.expect_error(refused);
    }
    let listed = machine.json(&["pair", "list"]);
    assert_eq!(listed["pairings"].as_array().unwrap().len(), 1);
}

#[test]
fn names_of_pairings_are_used_once() {
    let machine = Machine::new("Amina");
    machine.done(&["pair", "show", "--name", "laptop"]);
    machine.refused(&["pair", "show", "--name", "LAPTOP"], "pairing-exists");
    let unknown = ["pair", "show", "--name", "x", "--contact", "nobody"];
    machine.refused(&unknown, "contact-unknown");
    machine.done(&["pair", "remove", "laptop"]);
    machine.refused(&["pair", "remove", "laptop"], "pairing-unknown");
}
