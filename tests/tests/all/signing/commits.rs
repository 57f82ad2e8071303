//! Git, later: commits as usual, all of them signed in one crossing.

use std::collections::HashSet;

use pack_format::chunked::SALT_BYTES;
use pack_format::codec::Wire as _;
use signing_format::git::{GitContent, RawObject};
use signing_format::reply::{GitSignatures, Reply, SealedReply};
use signing_format::request::RequestHash;

use super::forgery::Forgery;
use super::referees::{Gnupg, said};
use super::repository::Repository;
use super::room::{Room, says};
use crate::people::text_of;

/// Bytes of the request a commit, before what is shown beside the commits.
const REQUEST_BYTES_MAX: usize = 450;
/// Bytes of the reply a commit.
const REPLY_BYTES_MAX: usize = 80;

#[test]
fn fifty_commits_and_a_tag_are_signed_with_ssh_in_one_crossing() {
    let room = Room::new();
    let repository = Repository::new(&room.path("work"));
    let public = room.key("work", "ssh");
    repository.trust_ssh(&public);
    let reply = |count| Reply::Git(GitSignatures::Ssh(vec![[7; 64]; count]));
    sign_fifty(&room, &repository, reply);
}

#[test]
fn fifty_commits_and_a_tag_are_signed_with_openpgp_in_one_crossing() {
    let room = Room::new();
    let mut repository = Repository::new(&room.path("work"));
    let certificate = room.key("work", "openpgp");
    let home = Gnupg::knowing(&certificate);
    repository.trust_gnupg(home.path());
    let reply = |count| {
        Reply::Git(GitSignatures::OpenPgpCompact {
            created_at: 7,
            issuer: [7; 20],
            signatures: vec![[7; 64]; count],
        })
    };
    sign_fifty(&room, &repository, reply);
}

#[test]
fn fifty_commits_of_a_sha256_repository_are_signed_in_one_crossing() {
    let room = Room::new();
    let repository = Repository::with_format(&room.path("work"), "sha256");
    let public = room.key("work", "ssh");
    repository.trust_ssh(&public);
    let reply = |count| Reply::Git(GitSignatures::Ssh(vec![[7; 64]; count]));
    sign_fifty(&room, &repository, reply);
}

fn sign_fifty(room: &Room, repository: &Repository, reply: impl Fn(usize) -> Reply) {
    let base = repository.commit("README", "Begin\n", "begin");
    repository.grow(5);
    repository.git(&["tag", "-a", "v1.0", "-m", "The first release"]);
    let range = format!("{base}..main");
    let before = repository.commits(&range);
    let trees = repository.trees(&before);
    let old_tip = repository.git(&["rev-parse", "main"]);
    assert_eq!(before.len(), 50);
    let merges = repository.git(&["rev-list", "--merges", "--count", &range]);
    assert_eq!(merges, "5");

    let id = ask_for(room, repository, &[&range, "--tag", "v1.0"]);
    measure(room, &id, reply);
    room.carry_in();
    let shown = room.read("req-1");
    for words in [
        "Commit 50 of 51",
        "Tag 51 of 51",
        "The first release",
        "+fn change_50()",
    ] {
        assert!(says(&shown, words), "{words}");
    }
    // All changes came along, so there is no risk to accept.
    room.approve("req-1").ok();
    room.carry_back().ok();

    let after = repository.commits(&range);
    assert_eq!(repository.trees(&after), trees);
    let old: HashSet<_> = before.iter().collect();
    assert!(after.iter().all(|id| !old.contains(id)));
    repository.verify(&after);
    repository.git(&["verify-tag", "v1.0"]);
    let tagged = repository.git(&["rev-parse", "v1.0^{commit}"]);
    assert_eq!(tagged, repository.git(&["rev-parse", "main"]));
    repository.check();
    let kept = repository.git(&["for-each-ref", "--format=%(objectname)", "refs/causeway"]);
    assert!(kept.lines().any(|id| id == old_tip), "{kept}");
    // The working tree is as it was, and belongs to the new tip.
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    let unsigned = repository.may(&["verify-commit", &old_tip]);
    assert!(!unsigned.status.success(), "{}", said(&unsigned));
}

/// `desk sign-git` with these words behind it; gives the request's id.
pub(super) fn ask_for(room: &Room, repository: &Repository, what: &[&str]) -> String {
    let sign = ["sign-git", "--key", "work", "--repository"];
    let place = [text_of(&repository.path)];
    room.ask(&[&sign[..], &place, what].concat())
}

/// What crosses, a commit.
fn measure(room: &Room, id: &str, reply: impl Fn(usize) -> Reply) {
    let asked = Forgery::copy_of(room, id);
    let content = asked.objects();
    let raw = |object: &signing_format::git::ToSign| {
        let object = object.object();
        RawObject::new(object.kind(), object.to_bytes()).unwrap()
    };
    let to_sign: Vec<_> = content.to_sign().iter().map(raw).collect();
    let bare = GitContent::new(content.format(), &to_sign, Vec::new()).unwrap();
    let bare_bytes = bare.encode().unwrap().len();
    let count = to_sign.len();
    let request = asked.request_bytes + bare_bytes;
    let request_each = request.div_ceil(count);

    let hash = RequestHash([1; 32]);
    let key = &asked.request.reply_key;
    let id = asked.request.id;
    let sealed = SealedReply::seal(&reply(count), id, &hash, key, &[2; SALT_BYTES]);
    let reply_each = sealed.unwrap().to_wire().len().div_ceil(count);
    println!(
        "{count} objects: request {request_each} bytes each before {} bytes of changes; reply \
         {reply_each} bytes each",
        asked.sealed.len() - bare_bytes
    );
    assert!(request_each <= REQUEST_BYTES_MAX, "{request_each} bytes");
    assert!(reply_each <= REPLY_BYTES_MAX, "{reply_each} bytes");
}

#[test]
fn a_branch_that_moved_meanwhile_stays_and_the_signed_commits_are_kept() {
    let room = Room::new();
    let repository = Repository::new(&room.path("work"));
    repository.trust_ssh(&room.key("work", "ssh"));
    let base = repository.commit("README", "Begin\n", "begin");
    repository.commit("README", "More\n", "more");
    ask_for(&room, &repository, &[&format!("{base}..main")]);
    room.carry_in();
    room.read("req-1");
    room.approve("req-1").ok();
    let moved = repository.commit("README", "Even more\n", "even more");
    room.carry_back().failed(1, "desk-branch-moved");
    assert_eq!(repository.git(&["rev-parse", "main"]), moved);
    let kept = repository.git(&["for-each-ref", "--format=%(objectname)", "refs/causeway"]);
    let kept: Vec<_> = kept.lines().map(ToOwned::to_owned).collect();
    repository.verify(&kept);
    repository.check();
}

#[test]
fn commits_that_are_signed_or_pushed_are_not_signed_again() {
    let room = Room::new();
    let repository = Repository::new(&room.path("work"));
    repository.trust_ssh(&room.key("work", "ssh"));
    let base = repository.commit("README", "Begin\n", "begin");
    repository.commit("README", "More\n", "more");
    let range = format!("{base}..main");
    ask_for(&room, &repository, &[&range]);
    room.sign("req-1");
    let again = [
        "sign-git",
        "--key",
        "work",
        "--repository",
        text_of(&repository.path),
        &range,
    ];
    room.desk(&again).failed(1, "desk-already-signed");
    let pushed = repository.commit("README", "Pushed\n", "pushed");
    repository.git(&["update-ref", "refs/remotes/origin/main", &pushed]);
    let range = format!("{pushed}~1..main");
    let again = [
        "sign-git",
        "--key",
        "work",
        "--repository",
        text_of(&repository.path),
        &range,
    ];
    room.desk(&again).failed(1, "desk-already-pushed");
}
