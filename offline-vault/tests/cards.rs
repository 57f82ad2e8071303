//! The owner's own card.

use std::fs;

use bundle_format::card::Card;

use crate::machine::Machine;

#[test]
fn text_picture_and_output_are_one_card() {
    let machine = Machine::new("Amina");
    let text = machine.done(&["card"]);
    let card = Card::from_text(&text).unwrap();
    assert_eq!(card.name(), "Amina");
    assert_eq!(card.age(), (1, 1));
    let path = machine.path("card.png").to_str().unwrap().to_owned();
    machine.done(&["card", "--qr", &path]);
    let read = carriers::qr::read_png(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(read, card.to_bytes());
    assert_eq!(fs::read_to_string(machine.card_file()).unwrap(), text);
    let json = machine.json(&["card"]);
    assert_eq!(json["card"].as_str().unwrap(), text.trim());
    assert_eq!(machine.words(), card.fingerprint().words().join(" "));
}

#[test]
fn a_file_is_overwritten_only_on_demand() {
    let machine = Machine::new("Amina");
    let path = machine.write("letter", b"mine");
    machine.refused(&["card", "--output", &path], "file-exists");
    machine.refused(&["card", "--qr", &path], "file-exists");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    machine.done(&["card", "--output", &path, "--force"]);
    assert!(Card::from_text(&fs::read_to_string(&path).unwrap()).is_ok());
}

#[test]
fn a_name_that_hides_something_makes_no_vault() {
    let machine = Machine::empty("Amina");
    for name in ["", " ", "Ami\u{202e}na", "A\nmina", &"x".repeat(65)] {
        let mut arguments = machine.init_arguments();
        arguments[2] = "placeholder";
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if *word == "placeholder" { name } else { word })
            .collect();
        machine.refused(&arguments, "own-name-unusable");
        assert!(!machine.vault().join("vault.key").exists());
    }
    machine.done(&machine.init_arguments());
}

#[test]
fn a_mailbox_changes_the_card() {
    let machine = Machine::new("Amina");
    let invitation = |at: u8| {
        let key = pack_format::relay::PublicKey([at; 32]);
        let url = format!("https://relay{at}.example");
        let relay = pack_format::relay::RelayAddress::new(&url, key).unwrap();
        let code = [at; 16];
        let invitation = pack_format::relay::Invitation { relay, code };
        machine.write("invitation", invitation.to_text().as_bytes())
    };
    for at in 1..=4 {
        let added = machine.json(&["relay", "add", &invitation(at)]);
        assert_eq!(added["card_serial"], at + 1);
    }
    machine.refused(&["relay", "add", &invitation(4)], "relay-known");
    machine.refused(&["relay", "add", &invitation(5)], "relays-full");
    let card = Card::from_text(&machine.done(&["card"])).unwrap();
    assert_eq!(card.age(), (1, 5));
    let urls: Vec<_> = card
        .mailboxes()
        .iter()
        .map(|mailbox| mailbox.relay.url())
        .collect();
    assert_eq!(urls[0], "https://relay1.example");
    assert_eq!(urls.len(), 4);
    let listed = machine.json(&["relay", "list"]);
    assert_eq!(listed["relays"].as_array().unwrap().len(), 4);
    assert_eq!(listed["relays"][0]["handed_to_courier"], false);
}

#[test]
fn what_is_no_invitation_is_refused() {
    let machine = Machine::new("Amina");
    let text = machine.write("text", b"come in");
    machine.refused(&["relay", "add", &text], "invitation-unreadable");
    let bytes = machine.write("bytes", &[0xff; 8]);
    machine.refused(&["relay", "add", &bytes], "file-not-text");
}
