//! Files, from the request to the signature beside them.

use std::process::Command;

use signing_format::minisign::TrustedComment;
use signing_format::reply::Reply;
use signing_format::ssh::MessageDigest;
use signing_format::subject::{FileForm, FileSource, Subject};

use super::keys::{GnuPg, minisign_public, ssh_public};
use super::vault::{minisign_signature, ssh_signature_of};
use super::world::{World, done, object, text};

fn with_ssh() -> World {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    world
}

#[test]
fn a_file_comes_back_with_an_ssh_signature_that_ssh_keygen_accepts() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"what is to be signed\n");
    let id = world.ask(&file, &["--key", "work", "--reason", "because"]);
    assert_eq!(world.state(&id), "waiting");
    assert_eq!(world.blob_count(), 1);
    world.carry_out();
    let parcel = world.vault.last();
    let request = parcel.request.peek_statement();
    assert_eq!(
        (request.reason.as_str(), request.requester.as_str()),
        ("because", "ben")
    );
    world.vault.approve_last();
    let trip = object(&done(&world.carry_back()));
    assert_eq!(trip["finished"][0]["has_ended"], true);
    let said = trip["finished"][0]["done"].as_str().unwrap();
    assert!(
        said.ends_with("(checked by this program and ssh-keygen)"),
        "{said}"
    );
    assert_eq!(world.state(&id), "done");
    assert_eq!(world.blob_count(), 0);

    let signers = format!("amina {}", ssh_public());
    let signers = world.write("signers", signers.as_bytes());
    let verified = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-I", "amina", "-n", "file", "-f"])
        .arg(signers)
        .arg("-s")
        .arg(world.path("notes.txt.sig"))
        .stdin(std::fs::File::open(&file).unwrap())
        .output();
    done(&verified.unwrap());
    // The vault hears that its reply has arrived, and nothing is asked again.
    world.vault.sync();
    world.carry_out();
    assert_eq!(world.vault.request_count(), 1);
}

#[test]
fn a_file_comes_back_with_a_minisign_signature_that_minisign_accepts() {
    let mut world = World::new();
    world.add_key("release", minisign_public().to_file().as_bytes());
    let file = world.write("a.tar", &[0x5a; 70_000]);
    world.ask(&file, &["--key", "release"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    let verified = Command::new("minisign")
        .args(["-V", "-P", &minisign_public().to_base64(), "-m"])
        .arg(&file)
        .output();
    let said = text(&done(&verified.unwrap()));
    assert!(said.contains("file:a.tar\thashed"), "{said}");
}

#[test]
fn a_file_comes_back_with_an_openpgp_signature_that_gpg_accepts() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("release", &gnupg.certificate());
    let file = world.write("a.tar", b"bytes");
    world.ask(&file, &["--key", "release"]);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::File(gnupg.sign(b"bytes")));
    let trip = object(&done(&world.carry_back()));
    let said = trip["finished"][0]["done"].as_str().unwrap();
    assert!(
        said.ends_with("(checked by this program and gpg)"),
        "{said}"
    );
    let signature = world.path("a.tar.asc");
    gnupg.run(
        &[
            "--verify",
            signature.to_str().unwrap(),
            file.to_str().unwrap(),
        ],
        b"",
    );
}

#[test]
fn a_signature_of_an_algorithm_that_is_not_ours_is_left_to_gpg() {
    let mut world = World::new();
    let gnupg = GnuPg::new("rsa2048", "Amina <amina@example.org>");
    world.add_key("old", &gnupg.certificate());
    let file = world.write("a.tar", b"bytes");
    world.ask(&file, &["--key", "old"]);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::File(gnupg.sign(b"bytes")));
    let trip = object(&done(&world.carry_back()));
    let said = trip["finished"][0]["done"].as_str().unwrap();
    assert!(said.ends_with("(checked by gpg)"), "{said}");

    world.ask(&world.write("b.tar", b"bytes"), &["--key", "old"]);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::File(gnupg.sign(b"other bytes")));
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(3), "{}", text(&trip));
    assert!(!world.path("b.tar.asc").exists());
}

#[test]
fn a_text_comes_back_with_its_signature_in_one_file() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("release", &gnupg.certificate());
    let body = b"- a list\nFrom nobody\nlast line\n";
    let file = world.write("news.txt", body);
    world.ask(&file, &["--key", "release", "--as", "openpgp-clear"]);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::File(gnupg.sign_text(body)));
    done(&world.carry_back());
    let signed = world.path("news.txt.asc");
    let opened = gnupg.run(&["--decrypt", signed.to_str().unwrap()], b"");
    assert_eq!(opened, body);
}

#[test]
fn a_file_over_the_limit_crosses_as_a_hash_and_this_is_said_loudly() {
    let mut world = with_ssh();
    world.add_key("release", minisign_public().to_file().as_bytes());
    let file = world.write("big", &[7; 5000]);
    let path = file.to_str().unwrap();
    for key in ["work", "release"] {
        let limit = ["--key", key, "--content-limit", "4KiB"];
        let mut arguments = vec!["desk", "sign", path];
        arguments.extend(limit);
        let asked = done(&world.run(&arguments));
        assert!(
            text(&asked).contains("CONTENT NOT SENT"),
            "{}",
            text(&asked)
        );
        assert_eq!(world.blob_count(), 0);
        world.carry_out();
        let parcel = world.vault.last();
        let request = parcel.request.peek_statement();
        let Subject::File(subject) = &request.subject else {
            panic!("{request:?}");
        };
        let signature = match (&subject.source, &subject.form) {
            (FileSource::Sha512(state), FileForm::Ssh { namespace }) => {
                let digest = MessageDigest::Sha512(state.digest());
                ssh_signature_of(namespace, &digest).to_armor().into_bytes()
            }
            (FileSource::Blake2b(hash), FileForm::Minisign { trusted_comment }) => {
                minisign_signature(hash, TrustedComment::new(trusted_comment).unwrap())
            }
            other => panic!("{other:?}"),
        };
        world.vault.reply(&parcel, &Reply::File(signature));
        done(&world.carry_back());
    }
    assert!(world.path("big.sig").exists() && world.path("big.minisig").exists());
}

#[test]
fn a_text_that_is_too_large_to_be_seen_is_not_asked_about() {
    let world = World::new();
    let gnupg = GnuPg::new("ed25519", "Amina <amina@example.org>");
    world.add_key("release", &gnupg.certificate());
    let file = world.write("news.txt", b"too long\n");
    let path = file.to_str().unwrap();
    let refused = world.run(&[
        "desk",
        "sign",
        path,
        "--key",
        "release",
        "--as",
        "openpgp-clear",
        "--content-limit",
        "4",
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).contains("[desk-content-needed]"),
        "{}",
        text(&refused)
    );
}

#[test]
fn a_file_that_was_changed_meanwhile_is_not_signed_until_it_is_back() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"first");
    let id = world.ask(&file, &["--key", "work"]);
    world.carry_out();
    world.vault.approve_last();
    world.write("notes.txt", b"second");
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(1));
    assert!(text(&trip).contains("desk-file-changed"), "{}", text(&trip));
    assert!(!world.path("notes.txt.sig").exists());
    assert_eq!(world.state(&id), "replied");
    world.write("notes.txt", b"first");
    done(&world.run(&["desk", "finish", &id]));
    assert!(world.path("notes.txt.sig").exists());
}

#[test]
fn a_signature_that_is_there_is_replaced_only_when_asked() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"text");
    world.write("notes.txt.sig", b"somebody's");
    let path = file.to_str().unwrap();
    let refused = world.run(&["desk", "sign", path, "--key", "work"]);
    assert!(
        text(&refused).contains("[desk-output-exists]"),
        "{}",
        text(&refused)
    );
    std::fs::remove_file(world.path("notes.txt.sig")).unwrap();
    let id = world.ask(&file, &["--key", "work"]);
    world.write("notes.txt.sig", b"somebody's");
    world.carry_out();
    world.vault.approve_last();
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(1));
    let advice = format!("`online-relay desk finish {}`; or add --force", &id[..12]);
    assert!(text(&trip).contains(&advice), "{}", text(&trip));
    assert_eq!(
        std::fs::read(world.path("notes.txt.sig")).unwrap(),
        b"somebody's"
    );
    done(&world.run(&["desk", "finish", &id, "--force"]));
    assert_ne!(
        std::fs::read(world.path("notes.txt.sig")).unwrap(),
        b"somebody's"
    );
}

#[test]
fn a_content_that_was_lost_is_said_and_never_crosses_without_its_request() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"text");
    let id = world.ask(&file, &["--key", "work"]);
    for entry in std::fs::read_dir(world.dir.path().join("courier/blobs")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    world.carry_out();
    assert_eq!(world.vault.request_count(), 0);
    let shown = done(&world.run(&["desk", "show", &id]));
    assert!(text(&shown).contains("was lost"), "{}", text(&shown));
}

#[test]
fn what_waits_to_cross_outlives_other_business_of_the_courier() {
    let mut world = with_ssh();
    let file = world.write("notes.txt", b"text");
    world.ask(&file, &["--key", "work"]);
    let other = world.pair("Chen");
    done(&world.run(&["courier", "pair", "remove", &other.name]));
    assert_eq!(world.blob_count(), 1);
    world.carry_out();
    let parcel = world.vault.last();
    let content = parcel.request.peek_statement().subject.content().unwrap();
    assert!(world.vault.has_content(content));
}
