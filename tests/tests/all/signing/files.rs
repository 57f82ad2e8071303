//! Files: from `desk sign` to a signature that everybody's programs accept.

use std::fs;

use super::referees::{Gnupg, allowed_signers, minisign, sqv, ssh};
use super::room::{Room, VAULT, lines, says};
use super::terminal::Terminal;
use crate::people::{AMINAS_PASSPHRASE, text_of};

#[test]
fn a_file_gets_an_openpgp_signature_with_one_plug_each_way() {
    let room = Room::new();
    let certificate = room.key("release", "openpgp");
    let file = room.file("notes.txt", b"What was decided\n");
    let sign = [
        "sign",
        text_of(&file),
        "--key",
        "release",
        "--reason",
        "For Friday",
    ];
    let id = room.ask(&sign);
    assert_eq!(room.state(&id), "waiting");
    room.carry_in();
    let shown = room.read("req-1");
    for words in ["notes.txt", "For Friday", "bruno", "  | What was decided"] {
        assert!(says(&shown, words), "{words}: {shown:#?}");
    }
    room.approve("req-1").ok();
    let done = room.carry_back().ok();
    assert_eq!(done["finished"][0]["request"], id.as_str(), "{done}");
    let signature = room.path("notes.txt.asc");
    Gnupg::knowing(&certificate).verify(&signature, &file);
    sqv(&certificate, &signature, &file);
    assert_eq!(room.state(&id), "done");
}

#[test]
fn a_text_and_its_signature_in_one_file_are_good_for_gnupg() {
    let room = Room::new();
    let certificate = room.key("release", "openpgp");
    let text = "- a dash\nFrom here on\n-----BEGIN not armour\nend\n";
    let file = room.file("statement.txt", text.as_bytes());
    let form = [
        "sign",
        text_of(&file),
        "--key",
        "release",
        "--as",
        "openpgp-clear",
    ];
    room.ask(&form);
    room.sign("req-1");
    let signed = room.path("statement.txt.asc");
    let home = Gnupg::knowing(&certificate);
    let opened = room.path("opened.txt");
    let mut command = home.gpg();
    command.args(["--output", text_of(&opened), "--decrypt", text_of(&signed)]);
    super::referees::agrees(&mut command);
    assert_eq!(fs::read_to_string(opened).unwrap(), text);
}

#[test]
fn a_file_gets_a_minisign_signature() {
    let room = Room::new();
    let public = room.key("files", "minisign");
    let file = room.file("disk.img", &[0xa5; 3000]);
    room.ask(&["sign", text_of(&file), "--key", "files"]);
    room.carry_in();
    room.read("req-1");
    // Bytes of no known kind are not signed by mere habit.
    room.approve("req-1").failed(3, "request-risk");
    let accept = ["approve", "req-1", "--accept-risk", "unknown-content"];
    room.site.vault(&accept).ok();
    room.carry_back().ok();
    let said = minisign(&public, &file);
    assert!(said.contains("disk.img"), "{said}");
}

#[test]
fn a_file_gets_an_ssh_signature_in_the_namespace_that_was_asked_for() {
    let room = Room::new();
    let public = room.key("work", "ssh");
    let file = room.file("notes.txt", b"What was decided\n");
    let ask = [
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--as",
        "ssh:minutes@example.org",
    ];
    room.ask(&ask);
    room.carry_in();
    assert!(says(&room.read("req-1"), "minutes@example.org"));
    room.approve("req-1").ok();
    room.carry_back().ok();
    let signers = allowed_signers(&public, &room.path("signers"));
    let signature = room.path("notes.txt.sig");
    ssh(&signers, "minutes@example.org", &signature, &file);
}

#[test]
fn a_file_is_signed_by_light_alone() {
    let room = Room::new();
    let public = room.key("work", "ssh");
    let file = room.file("notes.txt", b"Signed by light\n");
    room.ask(&["sign", text_of(&file), "--key", "work"]);
    let (there, back) = (room.path("there"), room.path("back"));
    let light = |way: &'static str, folder| ["sync", way, text_of(folder)];
    let courier = |way, folder| {
        let offline = [&light(way, folder)[..], &["--offline"]].concat();
        room.site.courier(&offline).ok()
    };
    courier("--images", &there);
    room.site.vault(&light("--camera", &there)).ok();
    room.read("req-1");
    room.approve("req-1").ok();
    room.site.vault(&light("--images", &back)).ok();
    let done = courier("--camera", &back);
    assert_eq!(done["finished"].as_array().unwrap().len(), 1, "{done}");
    let signers = allowed_signers(&public, &room.path("signers"));
    ssh(&signers, "file", &room.path("notes.txt.sig"), &file);
}

#[test]
fn six_inputs_in_the_vault_are_enough_for_a_signature() {
    let room = Room::new();
    let certificate = room.key("release", "openpgp");
    let file = room.file("notes.txt", b"One page\n");
    room.ask(&["sign", text_of(&file), "--key", "release"]);
    room.courier_plug().ok();
    let stick = room.site.stick();
    let mut vault = unlock(&room);
    let sync = format!("sync --stick {}", stick.display());
    for (line, answer) in [
        (sync.as_str(), "Next: `offline-vault show req-1`"),
        ("show req-1", "SHA-512"),
        ("", "all of it was shown"),
        ("approve req-1", "req-1: signed with release"),
        (sync.as_str(), "Safe to remove"),
    ] {
        vault.type_line(line);
        vault.wait_for(answer);
    }
    assert!(vault.inputs <= 6, "{} inputs", vault.inputs);
    vault.press(b"lock\n");
    assert_eq!(vault.finish().0, 0);
    room.courier_plug().ok();
    Gnupg::knowing(&certificate).verify(&room.path("notes.txt.asc"), &file);
}

/// A session of the vault in a terminal, with the passphrase typed.
fn unlock(room: &Room) -> Terminal {
    let mut command = crate::people::program("offline-vault");
    command
        .arg("--vault")
        .arg(room.site.vault_dir())
        .arg("unlock");
    let mut vault = Terminal::start(&command);
    vault.wait_for("assphrase");
    vault.type_line(AMINAS_PASSPHRASE);
    vault.wait_for("vault> ");
    vault
}

#[test]
fn a_request_that_was_not_read_to_its_last_page_is_not_approved() {
    let room = Room::new();
    room.key("work", "ssh");
    let text: String = (1..200).map(|line| format!("line {line}\n")).collect();
    let file = room.file("long.txt", text.as_bytes());
    room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    room.approve("req-1").failed(3, "request-not-shown");
    let mut vault = unlock(&room);
    vault.type_line("show req-1");
    for _ in 0..3 {
        vault.wait_for("Enter for more");
        vault.type_line("");
    }
    vault.wait_for("Enter for more");
    vault.type_line("q");
    vault.wait_for("once it was shown to its end");
    vault.type_line("approve req-1");
    vault.wait_for("request-not-shown");
    vault.wait_for("vault> ");
    vault.type_line("show req-1");
    let mut pages = 0;
    while vault.wait_for_any(&["Enter for more", "all of it was shown"]) == 0 {
        vault.type_line("");
        pages += 1;
    }
    assert!(pages > 8, "{pages} pages");
    assert!(vault.screen().contains("| line 199"));
    vault.type_line("approve req-1");
    vault.wait_for("signed with work");
    vault.type_line("lock");
    assert_eq!(vault.finish().0, 0);
}

#[test]
fn show_without_a_terminal_counts_only_when_it_is_asked_for_as_a_whole() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"Read me\n");
    room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    let shown = room.site.vault(&["show", "req-1"]).ok();
    assert!(says(&lines(&shown), "| Read me"), "{shown}");
    assert_eq!(shown["shown_to_its_end"], false, "{shown}");
    room.approve("req-1").failed(3, "request-not-shown");
    room.read("req-1");
    room.approve("req-1").ok();
}

#[test]
fn a_refusal_reaches_the_desk_with_its_reason_and_writes_nothing() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"Not like this\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    let reason = "Page 4 is \u{1b}[31mwrong\u{202e}";
    room.site
        .vault(&["refuse", "req-1", "--reason", reason])
        .ok();
    let back = room.carry_back();
    back.failed(3, "request-refused");
    assert!(back.stderr.contains("Page 4 is"), "{back:?}");
    assert!(!back.stderr.contains(['\u{1b}', '\u{202e}']), "{back:?}");
    assert!(!room.path("notes.txt.sig").exists());
    assert_eq!(room.state(&id), "refused");
}

#[test]
fn a_file_that_changed_while_the_vault_was_asked_gets_no_signature() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"As it was\n");
    room.ask(&["sign", text_of(&file), "--key", "work"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    fs::write(&file, b"As it is\n").unwrap();
    room.carry_back().failed(1, "desk-file-changed");
    assert!(!room.path("notes.txt.sig").exists());
    // Put back as it was, the signature that came is written.
    fs::write(&file, b"As it was\n").unwrap();
    room.desk(&["finish"]).ok();
    assert!(room.path("notes.txt.sig").exists());
}

#[test]
fn a_signature_that_is_there_is_not_replaced_by_habit() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"Once more\n");
    let old = room.file("notes.txt.sig", b"the old one");
    let sign = ["sign", text_of(&file), "--key", "work"];
    room.desk(&sign).failed(1, "desk-output-exists");
    room.desk(&[&sign[..], &["--force"]].concat()).ok();
    let done = room.sign("req-1");
    assert_eq!(done["finished"][0]["has_ended"], true, "{done}");
    assert_ne!(fs::read(old).unwrap(), b"the old one");
}

#[test]
fn the_desk_names_its_vault_and_forgets_a_request_that_was_cancelled() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"Never mind\n");
    let made = room.desk(&["sign", text_of(&file), "--key", "work"]).ok();
    assert_eq!(made["requests"][0]["vault"], VAULT, "{made}");
    let id = made["requests"][0]["request"].as_str().unwrap();
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    room.desk(&["cancel", id]).ok();
    room.carry_back().failed(1, "reply-late");
    assert!(!room.path("notes.txt.sig").exists());
    assert_eq!(room.state(id), "cancelled");
}
