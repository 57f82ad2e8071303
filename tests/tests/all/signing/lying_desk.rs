//! A desk that lies about what it sends, or sends what is meant to deceive.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use signing_format::git::{ObjectKind, RawObject};
use signing_format::subject::{FileSource, Subject};

use super::commits::ask_for;
use super::forgery::Forgery;
use super::referees::agrees;
use super::repository::Repository;
use super::room::{Room, says};
use crate::people::{entries, text_of};

/// A room with an SSH key, and a request of the honest desk to sign a file.
fn asked() -> (Room, Forgery) {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file("notes.txt", b"What was decided\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "work"]);
    let mut forgery = Forgery::of(&room, &id);
    forgery.rename(1);
    (room, forgery)
}

/// It can neither be shown nor approved, with or without any risk.
fn cannot_be_shown(room: &Room, words: &str) {
    let shown = room.site.vault(&["show", "req-1", "--whole"]);
    shown.failed(3, "request-not-showable");
    assert!(shown.stderr.contains(words), "{shown:?}");
    for risk in ["unknown-content", "changes-not-shown", "content-not-seen"] {
        let accept = ["approve", "req-1", "--accept-risk", risk];
        room.site.vault(&accept).exits(&[3]);
    }
    assert_eq!(room.journal(), []);
}

#[test]
fn a_request_that_a_forger_signs_is_shown_as_one_of_a_new_desk() {
    let (room, forgery) = asked();
    forgery.cross(&room);
    let shown = room.read("req-1");
    assert!(says(&shown, "NEW: nothing of this desk"), "{shown:#?}");
}

#[test]
fn content_with_another_hash_than_the_request_says_is_not_shown() {
    let (room, mut forgery) = asked();
    forgery.content().plain_hash[0] ^= 1;
    forgery.cross(&room);
    cannot_be_shown(&room, "another hash");
}

#[test]
fn content_that_was_sealed_with_another_key_is_not_shown() {
    let (room, mut forgery) = asked();
    let last = forgery.sealed.len() - 1;
    forgery.sealed[last] ^= 1;
    forgery.content().content_id = pack_format::relay::ContentId::of(&forgery.sealed);
    forgery.cross(&room);
    cannot_be_shown(&room, "cannot be read");
}

#[test]
fn another_request_under_the_name_of_one_that_waits_is_refused() {
    let (room, mut forgery) = asked();
    forgery.rename(7);
    let id = forgery.request.id;
    forgery.cross(&room);
    room.read("req-1");
    // Another desk, paired with the same vault, knows the name.
    let other = room.desk_beside();
    let file = room.file("other.txt", b"Something else\n");
    let key = room.path("work.pub");
    other
        .desk(&["key", "add", text_of(&key), "--name", "work"])
        .ok();
    let honest = other.ask(&["sign", text_of(&file), "--key", "work"]);
    let mut second = Forgery::of(&other, &honest);
    second.request.id = id;
    second.hand_in(&other).ok();
    other.courier_plug().ok();
    let taken = room.site.vault_sync(&other.site.stick()).exits(&[1, 3]);
    let refused = taken["refused"][0].as_str().unwrap();
    assert!(refused.contains("another request with its name"), "{taken}");
    assert_eq!(room.requests().len(), 1);
    assert!(says(&room.read("req-1"), "What was decided"));
    // What was reviewed is what is signed.
    room.approve("req-1").ok();
}

#[test]
fn a_request_whose_time_is_over_is_not_approved() {
    let (room, mut forgery) = asked();
    forgery.request.expires_at = forgery.request.created_at + LIFE_SECS;
    let end = Instant::now() + Duration::from_secs(LIFE_SECS + 1);
    forgery.cross(&room);
    room.read("req-1");
    thread::sleep(end.saturating_duration_since(Instant::now()));
    room.approve("req-1").failed(3, "request-expired");
    assert_eq!(room.requests()[0]["expired"], true);
    assert_eq!(room.journal(), []);
    // The courier does not carry it any more either, and clearing it away is possible.
    room.site.vault(&["refuse", "req-1"]).ok();
}

/// Long enough for a crossing on a busy machine.
const LIFE_SECS: u64 = 8;

#[test]
fn content_that_is_altered_after_the_review_is_not_signed() {
    let (room, forgery) = asked();
    forgery.cross(&room);
    room.read("req-1");
    let contents = entries(&room.site.vault_dir().join("bundles"));
    assert_eq!(contents.len(), 1, "{contents:?}");
    let file = OpenOptions::new().read(true).write(true).open(&contents[0]);
    let file = file.unwrap();
    let mut byte = [0];
    let last = file.metadata().unwrap().len() - 1;
    file.read_exact_at(&mut byte, last).unwrap();
    file.write_all_at(&[byte[0] ^ 1], last).unwrap();
    room.approve("req-1").failed(3, "request-not-showable");
    assert_eq!(room.journal(), []);
    fs::remove_file(&contents[0]).unwrap();
    room.approve("req-1").failed(3, "request-not-showable");
    assert_eq!(room.journal(), []);
}

/// A request of the honest desk to sign the second commit of a small repository.
fn asked_for_a_commit() -> (Room, Repository, Forgery) {
    let room = Room::new();
    room.key("work", "ssh");
    let repository = Repository::new(&room.path("work"));
    let base = repository.commit("README", "Begin\n", "begin");
    repository.commit("README", "Harmless\n", "Correct a typing error");
    let id = ask_for(&room, &repository, &[&format!("{base}..main")]);
    let mut forgery = Forgery::of(&room, &id);
    forgery.rename(1);
    (room, repository, forgery)
}

#[test]
fn another_number_of_commits_than_the_request_says_is_not_shown() {
    let (room, _repository, mut forgery) = asked_for_a_commit();
    forgery.git().object_count = 2;
    forgery.cross(&room);
    cannot_be_shown(&room, "names 2 commits and tags, and 1 came");
}

#[test]
fn a_commit_that_names_another_tree_than_came_is_a_risk() {
    let (room, repository, mut forgery) = asked_for_a_commit();
    // The commit names a tree with a trap; beside it comes the harmless one.
    fs::write(repository.path.join("README"), "A trap\n").unwrap();
    repository.git(&["add", "--all"]);
    let trap = repository.git(&["write-tree"]);
    let harmless = repository.git(&["rev-parse", "main^{tree}"]);
    let content = forgery.objects();
    let commit = String::from_utf8(content.to_sign()[0].object().to_bytes()).unwrap();
    let lying = commit.replace(&harmless, &trap);
    assert_ne!(commit, lying);
    let lying = RawObject::new(ObjectKind::Commit, lying.into_bytes()).unwrap();
    forgery.put_objects(&[lying], content.all_material().to_vec());
    forgery.cross(&room);
    let shown = room.read("req-1");
    assert!(says(&shown, "NOT ALL SHOWN"), "{shown:#?}");
    assert!(says(&shown, &trap), "{shown:#?}");
    assert!(!says(&shown, "Harmless"), "{shown:#?}");
    room.approve("req-1").failed(3, "request-risk");
    let accept = ["approve", "req-1", "--accept-risk", "unknown-content"];
    room.site.vault(&accept).failed(3, "request-risk");
    assert_eq!(room.journal(), []);
}

#[test]
fn a_commit_without_its_files_is_a_risk() {
    let room = Room::new();
    room.key("work", "ssh");
    let repository = Repository::new(&room.path("work"));
    repository.trust_ssh(&room.path("work.pub"));
    let base = repository.commit("README", "Begin\n", "begin");
    repository.commit("README", "More\n", "more");
    let range = format!("{base}..main");
    ask_for(&room, &repository, &[&range, "--no-diff"]);
    room.carry_in();
    let shown = room.read("req-1");
    assert!(says(&shown, "NOTHING IS KNOWN"), "{shown:#?}");
    room.approve("req-1").failed(3, "request-risk");
    let accept = ["approve", "req-1", "--accept-risk", "changes-not-shown"];
    room.site.vault(&accept).ok();
    room.carry_back().ok();
    repository.verify(&repository.commits(&range));
}

#[test]
fn bytes_that_are_not_git_objects_are_not_shown() {
    let (room, _repository, mut forgery) = asked_for_a_commit();
    forgery.put(b"no zlib, no objects");
    forgery.cross(&room);
    cannot_be_shown(&room, "git objects of the request cannot be read");
}

/// What a terminal obeys, and what turns text around.
const ATTACK: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}txet\u{2066}\u{200f}";

/// Nothing in these bytes moves a cursor or hides a character.
fn is_harmless(what: &str, text: &str) {
    let is_hidden = |ch: &char| {
        matches!(ch, '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}')
            || matches!(ch, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let hidden = text.chars().find(is_hidden);
    assert!(hidden.is_none(), "{what} shows {hidden:?}: {text:?}");
}

/// Every command that shows a request shows it without harm.
fn all_is_harmless(room: &Room, words: &str) {
    let taken = room
        .site
        .vault_as_text(&["sync", "--stick", text_of(&room.site.stick())]);
    is_harmless("sync", &(taken.stdout + &taken.stderr));
    let shown = room.site.vault_as_text(&["show", "req-1", "--whole"]);
    assert!(shown.stdout.contains(words), "{shown:#?}");
    assert!(shown.stdout.contains("\\u{1b}"), "{shown:#?}");
    assert!(shown.stdout.contains("\\u{202e}"), "{shown:#?}");
    is_harmless("show", &(shown.stdout + &shown.stderr));
    for arguments in [
        &["requests"][..],
        &["approve", "req-1"],
        &["requests"],
        &["journal", "--signatures"],
        &["journal"],
    ] {
        let said = room.site.vault_as_text(arguments);
        is_harmless(&arguments.join(" "), &(said.stdout + &said.stderr));
    }
    for arguments in [&["list", "--all"][..], &["finish"]] {
        let mut command = crate::people::program("online-relay");
        command.arg("desk").args(arguments);
        command.arg("--courier").arg(room.site.courier_dir());
        let said = crate::people::run(&mut command);
        is_harmless(&arguments.join(" "), &(said.stdout + &said.stderr));
    }
}

#[test]
fn escapes_in_file_name_reason_requester_and_text_are_shown_and_not_obeyed() {
    let room = Room::new();
    room.key("work", "ssh");
    let file = room.file(
        &format!("a{ATTACK}b.txt"),
        format!("begin {ATTACK} end\n").as_bytes(),
    );
    let (reason, by) = (format!("why {ATTACK}"), format!("who {ATTACK}"));
    let sign = [
        "sign",
        text_of(&file),
        "--key",
        "work",
        "--reason",
        &reason,
        "--by",
        &by,
    ];
    room.ask(&sign);
    room.courier_plug().ok();
    all_is_harmless(&room, "begin ");
}

#[test]
fn escapes_in_a_commit_are_shown_and_not_obeyed() {
    let room = Room::new();
    room.key("work", "ssh");
    let repository = Repository::new(&room.path("work"));
    let base = repository.commit("README", "Begin\n", "begin");
    repository.git(&["config", "user.name", &format!("Ami{ATTACK}na")]);
    let message = format!("Subject {ATTACK}\n\nBody {ATTACK}");
    repository.commit(&format!("na{ATTACK}me"), &format!("{ATTACK}\n"), &message);
    repository.git(&["tag", "-a", "v1", "-m", &format!("tagged {ATTACK}")]);
    ask_for(
        &room,
        &repository,
        &[&format!("{base}..main"), "--tag", "v1"],
    );
    room.courier_plug().ok();
    all_is_harmless(&room, "Subject ");
}

#[test]
fn escapes_in_a_user_id_are_shown_and_not_obeyed() {
    let room = Room::new();
    room.key("work", "openpgp");
    let user_id = format!("Bruno {ATTACK} <bruno@example.org>");
    let certificate = room.path("bruno.asc");
    let secret = room.path("bruno.key");
    let mut command = Command::new("sq");
    command.args(["key", "generate", "--userid", &user_id, "--export"]);
    agrees(command.arg(&secret));
    let mut command = Command::new("sq");
    command.args(["key", "extract-cert", "--output"]);
    agrees(command.arg(&certificate).arg(&secret));
    let certify = [
        "certify",
        text_of(&certificate),
        "--key",
        "work",
        "--user-id",
        &user_id,
    ];
    room.ask(&certify);
    room.courier_plug().ok();
    all_is_harmless(&room, "bruno@example.org");
}

#[test]
fn a_request_for_a_key_of_nobody_is_no_signature() {
    let room = Room::new();
    let stranger = room.path("stranger");
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-f", text_of(&stranger)]);
    agrees(&mut command);
    let public = room.path("stranger.pub");
    room.desk(&["key", "add", text_of(&public), "--name", "stranger"])
        .ok();
    let file = room.file("notes.txt", b"Whose?\n");
    let id = room.ask(&["sign", text_of(&file), "--key", "stranger"]);
    room.carry_in();
    let shown = room.read("req-1");
    assert!(says(&shown, "not in this vault"), "{shown:#?}");
    room.approve("req-1").ok();
    room.carry_back().failed(3, "reply-key-elsewhere");
    assert!(!room.path("notes.txt.sig").exists());
    assert_eq!(room.state(&id), "waiting");
    assert_eq!(room.journal()[0].0, "request approved");
}

#[test]
fn a_request_for_what_its_key_cannot_make_does_not_reach_the_vault() {
    let (room, mut forgery) = asked();
    if let Subject::File(file) = &mut forgery.request.subject {
        file.source = FileSource::Blake2b([1; 64]);
    }
    forgery.hand_in(&room).failed(3, "request-file-unreadable");
}
