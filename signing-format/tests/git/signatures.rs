//! Ids and signed objects are those of stock git, byte for byte.

use signing_format::git::{Commit, ObjectFormat, RawObject, SignError, Signable, Tag, Tree};

use super::repository::Repository;

const FORMATS: [ObjectFormat; 2] = [ObjectFormat::Sha1, ObjectFormat::Sha256];

fn repository(format: ObjectFormat) -> Repository {
    let repository = Repository::new(format).with_key();
    repository.write("dir/file", "text\n");
    repository.write("program", "#!/bin/sh\n");
    repository.commit("First\n\nWith a body\n");
    repository
}

#[test]
fn ids_and_bytes_are_those_of_git() {
    for format in FORMATS {
        let repository = repository(format);
        repository.git(&["tag", "-a", "-m", "Tag", "v1"]);
        for revision in ["HEAD", "HEAD^{tree}", "HEAD:dir", "HEAD:dir/file", "v1"] {
            let object = repository.object(revision);
            assert_eq!(object.id(format).unwrap(), repository.id(revision));
        }
        let commit = repository.object("HEAD");
        let parsed = Commit::parse(&commit, format).unwrap();
        assert_eq!(parsed.to_bytes(), commit.bytes());
        assert_eq!(parsed.tree(), repository.id("HEAD^{tree}"));
        let committer = parsed.committer().person().unwrap();
        assert_eq!(
            (committer.unix_secs, committer.zone_minutes),
            (1_700_000_100, -210)
        );
        let tree = repository.object("HEAD^{tree}");
        assert_eq!(Tree::parse(&tree, format).unwrap().to_bytes(), tree.bytes());
        let tag = repository.object("v1");
        assert_eq!(Tag::parse(&tag, format).unwrap().to_bytes(), tag.bytes());
    }
}

#[test]
fn a_signed_commit_is_the_one_that_git_makes() {
    for format in FORMATS {
        let repository = repository(format);
        for message in ["Second\n", "Third\n\n gpgsig in the body\n\nend"] {
            repository.write("file", message);
            repository.git(&["add", "-A"]);
            repository.git(&["commit", "-q", "-S", "--cleanup=verbatim", "-m", message]);
            assert_same_when_signed_again(&repository, "HEAD");
        }
        repository.git(&[
            "commit",
            "-q",
            "-S",
            "--allow-empty",
            "--allow-empty-message",
            "-m",
            "",
        ]);
        assert_same_when_signed_again(&repository, "HEAD");
        repository.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
        repository.git(&["commit", "-q", "-S", "--allow-empty", "-m", "encoded"]);
        assert_same_when_signed_again(&repository, "HEAD");
    }
}

#[test]
fn a_signed_merge_of_a_signed_tag_is_the_one_that_git_makes() {
    for format in FORMATS {
        let repository = repository(format);
        repository.git(&["checkout", "-q", "-b", "side"]);
        repository.write("side", "side\n");
        repository.commit("Side");
        repository.git(&["tag", "-s", "-m", "Signed tag", "v1"]);
        repository.git(&["checkout", "-q", "main"]);
        repository.git(&["merge", "-q", "-S", "--no-ff", "-m", "Merge", "v1"]);
        let merge = Commit::parse(&repository.object("HEAD"), format).unwrap();
        assert_eq!(merge.headers()[0].name(), b"mergetag");
        assert_same_when_signed_again(&repository, "HEAD");
    }
}

#[test]
fn a_signed_tag_is_the_one_that_git_makes() {
    for format in FORMATS {
        let repository = repository(format);
        repository.git(&["tag", "-s", "-m", "Version 1\n\nbody", "v1"]);
        assert_same_tag_when_signed_again(&repository, "-----BEGIN SSH SIGNATURE-----");
    }
}

#[test]
fn what_gnupg_signs_is_what_git_makes() {
    let repository = repository(ObjectFormat::Sha1).with_gnupg();
    repository.git(&["commit", "-q", "-S", "--allow-empty", "-m", "OpenPGP"]);
    assert_same_when_signed_again(&repository, "HEAD");
    repository.git(&["tag", "-s", "-m", "Version 1", "v1"]);
    assert_same_tag_when_signed_again(&repository, "-----BEGIN PGP SIGNATURE-----");
}

/// Takes git's own signature off the tag, puts it back with our code, and compares.
fn assert_same_tag_when_signed_again(repository: &Repository, begin: &str) {
    let format = repository.format();
    let signed = repository.object("v1");
    let text = String::from_utf8(signed.bytes().to_vec()).unwrap();
    let (payload, armored) = text.split_at(text.find(begin).unwrap());
    let unsigned = RawObject::new(signed.kind(), payload.into()).unwrap();
    assert_signs_to(&unsigned, armored, &signed, format);
    assert_eq!(
        Signable::parse(&signed, format),
        Err(SignError::AlreadySigned { what: "tag" })
    );
    repository.git(&["verify-tag", "v1"]);
}

/// Takes git's own signature out of a commit, puts it back with our code, and compares.
fn assert_same_when_signed_again(repository: &Repository, revision: &str) {
    let format = repository.format();
    let signed = repository.object(revision);
    let id = signed.id(format).unwrap();
    assert_eq!(id, repository.id(revision));
    assert_eq!(
        Signable::parse(&signed, format),
        Err(SignError::AlreadySigned { what: "commit" })
    );
    let commit = Commit::parse(&signed, format).unwrap();
    assert_eq!(commit.signature_header(), Some(format.signature_header()));
    let armored = commit.headers().last().unwrap().value();
    let folded = String::from_utf8(armored.to_vec())
        .unwrap()
        .replace('\n', "\n ");
    let header = format!("{} {folded}\n", format.signature_header());
    let text = signed.bytes();
    let at = text
        .windows(header.len())
        .position(|part| part == header.as_bytes())
        .unwrap();
    let bytes = [&text[..at], &text[at + header.len()..]].concat();
    let unsigned = RawObject::new(signed.kind(), bytes).unwrap();
    let armored = format!("{}\n", String::from_utf8(armored.to_vec()).unwrap());
    assert_signs_to(&unsigned, &armored, &signed, format);
    repository.git(&["verify-commit", revision]);
}

fn assert_signs_to(unsigned: &RawObject, armored: &str, signed: &RawObject, format: ObjectFormat) {
    let signable = Signable::parse(unsigned, format).unwrap();
    assert_eq!(signable.to_bytes(), unsigned.bytes());
    let ours = signable.with_signature(armored).unwrap();
    assert_eq!(
        String::from_utf8_lossy(ours.bytes()),
        String::from_utf8_lossy(signed.bytes())
    );
    assert_eq!(ours.id(format), signed.id(format));
}
