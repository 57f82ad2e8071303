//! Keys that GnuPG, OpenSSH and minisign have made, taken into the vault and used from the desk.

use std::fs;
use std::process::Command;

use super::referees::{Gnupg, agrees, allowed_signers, sqv, ssh};
use super::room::{EMAIL, Room, USER_ID, says};
use crate::people::text_of;

#[test]
fn a_key_that_gnupg_has_made_signs_for_those_who_have_it_already() {
    for (algorithm, usage) in [("ed25519", "sign,cert"), ("rsa3072", "sign,cert")] {
        let room = Room::new();
        let home = Gnupg::new();
        let mut make = home.gpg();
        make.args(["--passphrase", "tundra saddle", "--quick-generate-key"]);
        agrees(make.args([USER_ID, algorithm, usage, "1y"]));
        let mut export = home.gpg();
        export.args(["--passphrase", "tundra saddle", "--armor"]);
        let secret = agrees(export.args(["--export-secret-keys", EMAIL]));
        let secret = room.file("secret.asc", secret.as_bytes());
        let passphrase = room.site.secret_file("key-passphrase", "tundra saddle");
        let import = ["key", "import", text_of(&secret), "--name", "old"];
        let with = ["--key-passphrase-file", text_of(&passphrase)];
        room.site.vault(&[&import[..], &with].concat()).ok();
        let certificate = room.introduce("old");
        let file = room.file("notes.txt", b"By an old key\n");
        room.ask(&["sign", text_of(&file), "--key", "old"]);
        room.sign("req-1");
        let signature = room.path("notes.txt.asc");
        // GnuPG knows nothing but its own key.
        home.verify(&signature, &file);
        sqv(&certificate, &signature, &file);
    }
}

#[test]
fn a_key_that_openssh_has_made_signs_for_those_who_have_it_already() {
    for passphrase in ["", "tundra saddle"] {
        let room = Room::new();
        let own = room.path("id_ed25519");
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519", "-C", EMAIL, "-N", passphrase]);
        agrees(make.arg("-f").arg(&own));
        let typed = room.site.secret_file("key-passphrase", passphrase);
        let import = ["key", "import", text_of(&own), "--name", "old"];
        let with = ["--key-passphrase-file", text_of(&typed)];
        let with = if passphrase.is_empty() {
            &with[..0]
        } else {
            &with[..]
        };
        room.site.vault(&[&import[..], with].concat()).ok();
        room.introduce("old");
        let file = room.file("notes.txt", b"By an old key\n");
        room.ask(&["sign", text_of(&file), "--key", "old"]);
        room.sign("req-1");
        let signers = allowed_signers(&own.with_extension("pub"), &room.path("signers"));
        ssh(&signers, "file", &room.path("notes.txt.sig"), &file);
    }
}

#[test]
fn a_certificate_of_gnupg_is_certified_and_gnupg_counts_it() {
    let room = Room::new();
    let certificate = room.key("release", "openpgp");
    let bruno = "Bruno <bruno@example.org>";
    let home = Gnupg::new();
    let mut make = home.gpg();
    make.args([
        "--passphrase",
        "",
        "--quick-generate-key",
        bruno,
        "ed25519",
        "cert",
        "1y",
    ]);
    agrees(&mut make);
    let theirs = agrees(
        home.gpg()
            .args(["--armor", "--export", "bruno@example.org"]),
    );
    let theirs = room.file("bruno.asc", theirs.as_bytes());
    let certified = room.path("bruno-certified.asc");
    let certify = [
        "certify",
        text_of(&theirs),
        "--key",
        "release",
        "--user-id",
        bruno,
    ];
    let output = ["--output", text_of(&certified)];
    room.ask(&[&certify[..], &output].concat());
    room.carry_in();
    let shown = room.read("req-1");
    assert!(says(&shown, bruno), "{shown:#?}");
    room.approve("req-1").ok();
    room.carry_back().ok();
    agrees(home.gpg().arg("--import").args([&certificate, &certified]));
    let checked = agrees(home.gpg().args(["--check-signatures", "bruno@example.org"]));
    assert!(checked.contains(&format!("  {USER_ID}")), "{checked}");
}

#[test]
fn a_message_of_gnupg_is_read_in_the_vault_and_stays_there() {
    let room = Room::new();
    let certificate = room.key("release", "openpgp");
    let home = Gnupg::knowing(&certificate);
    let text = room.file("letter.txt", b"Come to the harbour at nine.\n");
    let sealed = room.path("letter.gpg");
    let mut seal = home.gpg();
    seal.args([
        "--recipient",
        EMAIL,
        "--output",
        text_of(&sealed),
        "--encrypt",
    ]);
    agrees(seal.arg(&text));
    let id = room.ask(&["decrypt", text_of(&sealed), "--key", "release"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    let opened = room.site.vault_as_text(&["show", "req-1"]);
    assert!(opened.stdout.contains("Come to the harbour"), "{opened:#?}");
    room.carry_back().ok();
    assert_eq!(room.state(&id), "done");
    let read = crate::people::files_below(&room.site.courier_dir());
    let canary = b"Come to the harbour";
    let holds = |path: &std::path::PathBuf| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(canary.len()).any(|window| window == canary)
    };
    assert!(!read.iter().any(holds));
}
#[test]
fn a_signature_by_a_new_subkey_waits_for_the_new_certificate() {
    let room = Room::new();
    room.key("release", "openpgp");
    // Of two subkeys of one second none is newer.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    room.site.vault(&["key", "rotate", "release"]).ok();
    let file = room.file("notes.txt", b"By a new subkey\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "release"]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    room.carry_back().exits(&[1, 3]);
    assert_eq!(room.state(&id), "replied");
    let fresh = room.path("fresh.asc");
    room.site
        .vault(&["key", "export", "release", "--output", text_of(&fresh)])
        .ok();
    room.desk(&["key", "add", text_of(&fresh), "--name", "release"])
        .ok();
    room.desk(&["finish"]).ok();
    Gnupg::knowing(&fresh).verify(&room.path("notes.txt.asc"), &file);
}
