//! What the commands of the desk print.

use super::keys::{GnuPg, minisign_public, ssh_public};
use super::world::{World, done, finish_code, id, text};

#[test]
fn keys_are_added_listed_and_removed() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    world.add_key("release", minisign_public().to_base64().as_bytes());
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("amina", &gnupg.run(&["--export"], b""));
    let listed = world.json(&["desk", "key", "list"]);
    let kinds: Vec<&str> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["OpenPGP", "minisign", "SSH"]);
    let secret = gnupg.run(&["--export-secret-keys"], b"");
    let path = world.write("secret", &secret);
    let refused = world.run(&["desk", "key", "add", path.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("secret keys"), "{}", text(&refused));
    let other = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    let other = signing_format::ssh::SshPublicKey::from_bytes(&other.to_bytes()).unwrap();
    let other = signing_format::ssh::SshKeyLine::new(other, "ben").unwrap();
    let path = world.write("again.pub", other.to_string().as_bytes());
    let taken = world.run(&[
        "desk",
        "key",
        "add",
        path.to_str().unwrap(),
        "--name",
        "work",
    ]);
    assert!(
        text(&taken).contains("[desk-key-name-taken]"),
        "{}",
        text(&taken)
    );
    done(&world.run(&["desk", "key", "remove", "work"]));
    let gone = world.run(&["desk", "key", "remove", "work"]);
    assert_eq!(gone.status.code(), Some(2));
}

#[test]
fn a_request_is_shown_from_its_making_to_its_end() {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let file = world.write("notes\u{202e}.txt", b"text");
    let path = file.to_str().unwrap();
    let asked = done(&world.run(&["desk", "sign", path, "--key", "work", "--reason", "because"]));
    let listed = world.json(&["desk", "list"]);
    let id = listed["requests"][0]["request"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = done(&world.run(&["desk", "show", &id[..6]]));
    world.carry_out();
    // The vault's receipt comes with its next pack.
    done(&world.carry_back());
    let carried = done(&world.run(&["desk", "list"]));
    world.vault.approve_last();
    world.vault.sync();
    let stick = world.vault.stick.to_str().unwrap();
    let finished = done(&world.run(&["courier", "sync", "--offline", "--stick", stick]));
    let last = done(&world.run(&["desk", "list", "--all"]));
    let all = [&asked, &shown, &carried, &finished, &last]
        .map(text)
        .join("---\n");
    let work = world.path("").to_str().unwrap().to_owned();
    let all = all
        .replace(&work, "/home/ben/")
        .replace(&id, "REQUEST-IN-WHOLE")
        .replace(&id[..12], "REQUEST");
    insta::assert_snapshot!(all);
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is_stored() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let file = world.write("notes.txt", b"text");
    let file = file.to_str().unwrap();
    let dir = world.path("");
    let dir = dir.to_str().unwrap();
    for (arguments, code) in [
        (&[file, "--key", "none"][..], "desk-key-unknown"),
        (
            &[file, "--key", "work", "--as", "openpgp"],
            "desk-wrong-key",
        ),
        (&[file, "--key", "work", "--as", "gpg"], "desk-bad-form"),
        (&[file, "--key", "work", "--as", "ssh:a b"], "ssh"),
        (
            &[file, "--key", "work", "--vault", "Chen"],
            "pairing-unknown",
        ),
        (
            &[file, "--key", "work", "--approver", "Amina"],
            "desk-vault-twice",
        ),
        (
            &[file, "--key", "work", "--expires-in", "31d"],
            "desk-bad-time",
        ),
        (
            &[file, "--key", "work", "--expires-in", "soon"],
            "desk-bad-time",
        ),
        (
            &[file, "--key", "work", "--content-limit", "1GB"],
            "desk-bad-size",
        ),
        (
            &[file, file, "--key", "work", "--output", "x"],
            "desk-one-output",
        ),
        (
            &[file, "--key", "work", "--output", file],
            "desk-output-exists",
        ),
        (&[dir, "--key", "work"], "desk-not-a-file"),
        (&["/none", "--key", "work"], "desk-file-failed"),
    ] {
        let arguments = [&["desk", "sign"], arguments].concat();
        let refused = world.run(&arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(
            text(&refused).contains(code),
            "{arguments:?}: {}",
            text(&refused)
        );
    }
    assert_eq!(world.blob_count(), 0);
    let long = "x".repeat(5000);
    let refused = world.run(&["desk", "sign", file, "--key", "work", "--reason", &long]);
    assert!(
        text(&refused).contains("[desk-text-too-long]"),
        "{}",
        text(&refused)
    );
}

#[test]
fn a_message_is_asked_to_be_opened_and_stays_in_the_vault() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("amina", &gnupg.certificate());
    let message = world.write("letter.asc", b"-----BEGIN PGP MESSAGE-----\n");
    let path = message.to_str().unwrap();
    let other = world.write("other.asc", b"no message");
    let asked = ["desk", "decrypt", other.to_str().unwrap(), "--key", "amina"];
    assert!(text(&world.run(&asked)).contains("[desk-not-encrypted]"));
    let request = id(&world.json(&["desk", "decrypt", path, "--key", "amina"]));
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &signing_format::reply::Reply::OpenedInVault);
    done(&world.carry_back());
    assert_eq!(world.state(&request), "done");
}

#[test]
fn a_certificate_comes_back_certified_and_nothing_else_is_accepted() {
    let mut world = World::new();
    let amina = GnuPg::new("ed25519", "Amina <amina@example.org>");
    let ben = GnuPg::new("ed25519", "Ben: <ben@example.org>");
    world.add_key("amina", &amina.certificate());
    let certificate = ben.certificate();
    let path = world.write("ben.asc", &certificate);
    let path = path.to_str().unwrap();
    let asked = [
        "desk",
        "certify",
        path,
        "--key",
        "amina",
        "--user-id",
        "Ben: <ben@example.org>",
    ];
    let mut wrong = asked;
    wrong[6] = "Ben <ben@example.org>";
    let refused = text(&world.run(&wrong));
    assert!(refused.contains("[desk-no-user-id]"), "{refused}");
    world.json(&asked);
    world.carry_out();
    // A reply without a certification.
    let parcel = world.vault.last();
    let nothing = signing_format::reply::Reply::Certifications(Vec::new());
    world.vault.reply(&parcel, &nothing);
    assert_eq!(world.carry_back().status.code(), Some(3));
    assert!(!world.path("ben.certified.asc").exists());

    world.json(&asked);
    world.carry_out();
    let parcel = world.vault.last();
    let packets = certification(&amina, &certificate);
    world.vault.reply(
        &parcel,
        &signing_format::reply::Reply::Certifications(packets),
    );
    done(&world.carry_back());
    let certified = std::fs::read(world.path("ben.certified.asc")).unwrap();
    assert!(certified.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    amina.run(&["--import"], &certified);
    let listed = amina.run(
        &["--with-colons", "--check-signatures", "ben@example.org"],
        b"",
    );
    let listed = String::from_utf8(listed).unwrap();
    assert_eq!(listed.matches("sig:!").count(), 2, "{listed}");

    // A certification that the certificate had before is no answer.
    std::fs::write(path, &certified).unwrap();
    world.json(&[asked.as_slice(), &["--force"]].concat());
    world.carry_out();
    let parcel = world.vault.last();
    let nothing = signing_format::reply::Reply::Certifications(Vec::new());
    world.vault.reply(&parcel, &nothing);
    assert_eq!(finish_code(&world.carry_back()), "reply-wrong-kind");
}

/// What GnuPG adds to a certificate when it certifies it.
fn certification(by: &GnuPg, certificate: &[u8]) -> Vec<u8> {
    by.run(&["--import"], certificate);
    by.run(
        &[
            "--yes",
            "--quick-sign-key",
            &fingerprint(by, "ben@example.org"),
        ],
        b"",
    );
    let whole = by.run(&["--export", "ben@example.org"], b"");
    // The certification is the last packet: the key has no subkeys.
    let (_, before) = signing_format::openpgp::dearmor(certificate).unwrap();
    assert!(
        whole.starts_with(&before),
        "the certification is not at the end"
    );
    whole[before.len()..].to_vec()
}

fn fingerprint(gnupg: &GnuPg, user_id: &str) -> String {
    let listed = gnupg.run(&["--with-colons", "--list-keys", user_id], b"");
    let listed = String::from_utf8(listed).unwrap();
    let line = listed
        .lines()
        .find(|line| line.starts_with("fpr:"))
        .unwrap();
    line.split(':').nth(9).unwrap().to_owned()
}
