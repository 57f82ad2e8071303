//! Commits and tags that are signed later, in a real repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ed25519_dalek::Signer as _;
use signing_format::git::GitContent;
use signing_format::key_reference::KeyReference;
use signing_format::openpgp::{
    CompactSignature, DataSignature, EDDSA_LEGACY, SignatureFrame, SignatureType,
};
use signing_format::reply::{GitSignatures, Reply};
use signing_format::subject::Subject;

use super::keys::{GnuPg, openpgp_public, signing_key, ssh_public};
use super::vault::sign_chain_with;
use super::world::{World, done, finish_code, id, own_environment, problem_codes, text};

/// A repository in the person's folder, with a branch `base` at its first commit.
pub(super) struct Repository {
    pub(super) dir: PathBuf,
    root: PathBuf,
}

impl Repository {
    pub(super) fn new(world: &World) -> Self {
        let (dir, root) = (world.path("repository"), world.dir.path().to_owned());
        std::fs::create_dir(&dir).unwrap();
        let repository = Self { dir, root };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.git(&["config", "user.name", "Ben"]);
        repository.git(&["config", "user.email", "ben@example.org"]);
        repository.commit("a.txt", "one\n", "begin");
        repository.git(&["branch", "base"]);
        repository
    }

    pub(super) fn try_git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        own_environment(&mut command, &self.root);
        command
            .current_dir(&self.dir)
            .args(arguments)
            .output()
            .unwrap()
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            text(&output)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    pub(super) fn commit(&self, file: &str, body: &str, message: &str) {
        std::fs::write(self.dir.join(file), body).unwrap();
        self.git(&["add", file]);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    pub(super) fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name])
    }

    /// Lets stock git check signatures of the tests' SSH key.
    fn trust_ssh(&self) {
        let signers = self.root.join("signers");
        let line = format!("ben@example.org {}\n", ssh_public());
        std::fs::write(&signers, line).unwrap();
        self.git(&[
            "config",
            "gpg.ssh.allowedSignersFile",
            signers.to_str().unwrap(),
        ]);
    }

    fn path(&self) -> &str {
        self.dir.to_str().unwrap()
    }
}

fn with_ssh() -> (World, Repository) {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    (world, repository)
}

fn ask(world: &World, repository: &Repository, options: &[&str]) -> String {
    let mut arguments = vec!["desk", "sign-git", "--key", "work"];
    arguments.extend(["--repository", repository.path()]);
    arguments.extend(options);
    id(&world.json(&arguments))
}

fn refused(world: &World, repository: &Repository, options: &[&str]) -> String {
    let mut arguments = vec!["desk", "sign-git", "--key", "work"];
    arguments.extend(["--repository", repository.path()]);
    arguments.extend(options);
    let output = world.run(&arguments);
    assert!(!output.status.success());
    text(&output)
}

#[test]
fn commits_with_a_merge_and_a_tag_are_signed_in_one_crossing() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    repository.git(&["checkout", "--quiet", "-b", "side", "base"]);
    repository.commit("b.txt", "side\n", "on the side");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
    repository.git(&["tag", "-a", "v1", "-m", "version 1"]);
    let before = repository.git(&["log", "--format=%T %an %ad %s", "main"]);
    let old_tip = repository.id("main");
    let id = ask(&world, &repository, &["base..main", "--tag", "v1"]);
    world.carry_out();
    let parcel = world.vault.last();
    let Subject::Git(subject) = &parcel.request.peek_statement().subject else {
        panic!("not git");
    };
    assert_eq!(subject.object_count, 4);
    assert_eq!(
        (subject.repository.as_str(), subject.reference.as_str()),
        ("repository", "refs/heads/main")
    );
    world.vault.approve_last();
    done(&world.carry_back());

    assert_eq!(world.state(&id), "done");
    assert_eq!(
        repository.git(&["log", "--format=%T %an %ad %s", "main"]),
        before
    );
    repository.trust_ssh();
    let unsigned = repository.git(&["rev-list", "main", "^base"]);
    let ids: Vec<&str> = unsigned.lines().collect();
    assert_eq!(ids.len(), 3);
    repository.git(&[&["verify-commit"], ids.as_slice()].concat());
    repository.git(&["verify-tag", "v1"]);
    assert_eq!(repository.id("v1^{commit}"), repository.id("main"));
    repository.git(&["fsck", "--strict"]);
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    let kept = format!("refs/causeway/unsigned/{id}/heads/main");
    assert_eq!(repository.id(&kept), old_tip);
}

#[test]
fn commits_are_signed_with_openpgp_and_gpg_accepts_them() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", "Ben <ben@example.org>");
    world.add_key("work", &gnupg.certificate());
    let repository = Repository::new(&world);
    repository.commit("a.txt", "two\n", "second");
    repository.commit("a.txt", "three\n", "third");
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    let parcel = world.vault.last();
    let Subject::Git(subject) = &parcel.request.peek_statement().subject else {
        panic!("not git");
    };
    let content = GitContent::decode(&world.vault.content(&subject.content)).unwrap();
    let mut chain = content.chain();
    let mut packets = Vec::new();
    while let Some(payload) = chain.next_payload() {
        let armored = gnupg.sign(payload.bytes());
        DataSignature::parse(&armored).unwrap();
        let (_, packet) = signing_format::openpgp::dearmor(&armored).unwrap();
        let plain = signing_format::openpgp::armor(&packet);
        chain.accept(&payload, &plain).unwrap();
        packets.push(packet);
    }
    world
        .vault
        .reply(&parcel, &Reply::Git(GitSignatures::OpenPgp(packets)));
    done(&world.carry_back());
    let mut command = Command::new("git");
    own_environment(&mut command, world.dir.path());
    let verified = command
        .current_dir(&repository.dir)
        .env("GNUPGHOME", gnupg.home())
        .args(["verify-commit", "main", "main~1"])
        .output();
    done(&verified.unwrap());
}

#[test]
fn compact_openpgp_signatures_are_built_up_again() {
    let mut world = World::new();
    world.add_key("work", &openpgp_public());
    let repository = Repository::new(&world);
    repository.commit("a.txt", "two\n", "second");
    repository.commit("a.txt", "three\n", "third");
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    let parcel = world.vault.last();
    let KeyReference::OpenPgpV4(issuer) = parcel.request.peek_statement().key else {
        panic!("another key");
    };
    let content = content_of(&world);
    let mut chain = content.chain();
    let (created_at, mut signatures) = (1_700_000_000, Vec::new());
    let frame = SignatureFrame::v4(SignatureType::Binary, EDDSA_LEGACY, created_at, issuer);
    while let Some(payload) = chain.next_payload() {
        let digest = frame.digest_of_bytes(payload.bytes());
        let raw = signing_key().sign(&digest).to_bytes();
        let packet = CompactSignature(raw).packet(&frame, &digest);
        chain
            .accept(&payload, &signing_format::openpgp::armor(&packet))
            .unwrap();
        signatures.push(raw);
    }
    let tip = content.to_sign().last().unwrap().id();
    let compact = GitSignatures::OpenPgpCompact {
        created_at,
        issuer,
        signatures,
    };
    world.vault.reply(&parcel, &Reply::Git(compact));
    done(&world.carry_back());
    let new = chain.new_id(&tip).unwrap().to_string();
    assert_eq!(repository.id("main"), new);
    let raw = repository.git(&["cat-file", "commit", "main"]);
    assert!(
        raw.contains("gpgsig -----BEGIN PGP SIGNATURE-----"),
        "{raw}"
    );
}

#[test]
fn a_branch_that_moved_meanwhile_stays_and_the_signed_commits_are_kept() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    let id = ask(&world, &repository, &["base..main"]);
    let asked = repository.id("main");
    world.carry_out();
    world.vault.approve_last();
    repository.commit("a.txt", "three\n", "third");
    let tip = repository.id("main");
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(1));
    assert_eq!(finish_code(&trip), "desk-branch-moved");
    assert_eq!(repository.id("main"), tip);
    repository.trust_ssh();
    let kept = format!("refs/causeway/signed/{id}/heads/main");
    repository.git(&["verify-commit", &kept]);
    // What the advice says works.
    let onto = ["rebase", "--quiet", "--onto", &kept, &asked, "main"];
    repository.git(&onto);
    let range = format!("{kept}..main");
    ask(&world, &repository, &[&range]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    repository.git(&["verify-commit", "main", "main~1"]);
}

#[test]
fn a_branch_that_stands_at_the_signed_commit_already_counts_as_moved() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    let asked = repository.id("main");
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    let signed = repository.id("main");
    // The same question again, whose answer was used by a desk that was killed then.
    repository.git(&["update-ref", "refs/heads/main", &asked]);
    let id = ask(&world, &repository, &["base..main"]);
    world.carry_out();
    world.vault.approve_last();
    repository.git(&["update-ref", "refs/heads/main", &signed]);
    done(&world.carry_back());
    assert_eq!(world.state(&id), "done");
    assert_eq!(repository.id("main"), signed);
}

#[test]
fn tags_that_stay_on_unsigned_commits_are_said() {
    let (world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    repository.git(&["tag", "-a", "v1", "-m", "version 1"]);
    repository.git(&["tag", "light"]);
    repository.git(&["tag", "old", "base"]);
    let git = ["desk", "sign-git", "--key", "work", "base..main", "--tag"];
    let git = [git.as_slice(), &["v1", "--repository", repository.path()]].concat();
    let made = world.json(&git);
    let warnings = made["requests"][0]["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{made}");
    assert!(warnings[0].as_str().unwrap().contains("tag light"));
}

#[test]
fn the_first_commit_of_a_repository_is_signed_with_root() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    ask(&world, &repository, &["main", "--root"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    repository.trust_ssh();
    repository.git(&["verify-commit", "main", "main~1"]);
    assert_eq!(repository.git(&["rev-list", "--count", "main"]), "2");
}

#[test]
fn signatures_of_another_key_move_nothing() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    ask(&world, &repository, &["base..main"]);
    let tip = repository.id("main");
    world.carry_out();
    let parcel = world.vault.last();
    let Subject::Git(subject) = &parcel.request.peek_statement().subject else {
        panic!("not git");
    };
    let content = GitContent::decode(&world.vault.content(&subject.content)).unwrap();
    let other = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let signatures = sign_chain_with(&content, &other);
    world
        .vault
        .reply(&parcel, &Reply::Git(GitSignatures::Ssh(signatures)));
    let trip = world.carry_back();
    assert_eq!(trip.status.code(), Some(3));
    assert_eq!(finish_code(&trip), "signature-wrong");
    assert_eq!(repository.id("main"), tip);
    assert_eq!(repository.git(&["for-each-ref", "refs/causeway"]), "");

    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::Git(GitSignatures::Ssh(Vec::new())));
    assert_eq!(finish_code(&world.carry_back()), "reply-wrong-kind");
    assert_eq!(repository.id("main"), tip);
    assert!(problem_codes(&world.carry_back()).is_empty());
}

#[test]
fn commits_that_are_signed_or_pushed_already_are_not_asked_about() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    repository.commit("a.txt", "three\n", "third");
    let said = refused(&world, &repository, &["base..main"]);
    assert!(said.contains("[desk-already-signed]"), "{said}");
    repository.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let said = refused(&world, &repository, &["main~1..main"]);
    assert!(said.contains("[desk-already-pushed]"), "{said}");
    ask(&world, &repository, &["main~1..main", "--rewrite-pushed"]);
}

#[test]
fn a_range_has_to_end_at_a_branch() {
    let (world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    repository.commit("a.txt", "three\n", "third");
    for (options, code) in [
        (&["base..main~1"][..], "desk-which-branch"),
        (&["base..main~1", "--ref", "main"], "desk-which-branch"),
        (&["base...main"], "desk-bad-range"),
        (&["main"], "desk-bad-range"),
        (&["base..main", "--root"], "desk-bad-range"),
        (&["none..main"], "begins at none"),
        (&["base..none"], "ends at none"),
        (&["main..main"], "desk-nothing-to-sign"),
        (&["--output=x..main"], "unexpected"),
        (&["--tag", "none"], "desk-no-tag"),
    ] {
        let said = refused(&world, &repository, options);
        assert!(said.contains(code), "{options:?}: {said}");
    }
    repository.git(&["tag", "light"]);
    let said = refused(&world, &repository, &["--tag", "light"]);
    assert!(said.contains("[desk-no-tag]"), "{said}");
    // HEAD is as good as the name of the branch.
    ask(&world, &repository, &["base..HEAD"]);
}

#[test]
fn names_of_branches_reach_git_as_names_only() {
    let (mut world, repository) = with_ssh();
    repository.git(&["update-ref", "refs/heads/-x", "main"]);
    repository.git(&["symbolic-ref", "HEAD", "refs/heads/-x"]);
    repository.commit("a.txt", "two\n", "second");
    ask(&world, &repository, &["base..refs/heads/-x"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    repository.trust_ssh();
    repository.git(&["verify-commit", "HEAD"]);
}

#[test]
fn hooks_and_replaced_objects_of_a_repository_change_nothing() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    let shown = world.path("hook-ran");
    let hook = repository.dir.join(".git/hooks/reference-transaction");
    write_program(&hook, &format!("#!/bin/sh\ntouch '{}'\n", shown.display()));
    let other = repository.git(&["commit-tree", "base^{tree}", "-m", "another"]);
    let asked = repository.id("main");
    let tree = repository.id("main^{tree}");
    repository.git(&["replace", &asked, &other]);
    let _ = std::fs::remove_file(&shown);
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    assert!(!shown.exists());
    repository.git(&["replace", "--delete", &asked]);
    assert_eq!(repository.id("main^{tree}"), tree);
}

pub(super) fn write_program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_content_holds_what_is_needed_to_show_the_difference() {
    let (mut world, repository) = with_ssh();
    repository.commit("a.txt", "two\n", "second");
    let blob = |name: &str| repository.id(name);
    let (old, new) = (blob("base:a.txt"), blob("main:a.txt"));
    ask(&world, &repository, &["base..main"]);
    world.carry_out();
    ask(&world, &repository, &["base..main", "--no-diff"]);
    let with = content_of(&world);
    for id in [old, new] {
        assert!(with.material(&id.parse().unwrap()).is_some());
    }
    world.carry_out();
    assert!(content_of(&world).all_material().is_empty());
}

fn content_of(world: &World) -> GitContent {
    let parcel = world.vault.last();
    let request = parcel.request.peek_statement();
    let content = request.subject.content().unwrap();
    GitContent::decode(&world.vault.content(content)).unwrap()
}
