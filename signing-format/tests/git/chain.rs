//! A chain of commits with a merge and a tag, signed in order and judged by stock git.

use signing_format::git::{Commit, GitContent, ObjectFormat, ObjectKind};

use super::repository::Repository;

/// A base and seven commits with a merge on it, of which the fourth reverts the third.
fn repository(format: ObjectFormat) -> Repository {
    let repository = Repository::new(format).with_key();
    repository.write("file", "base\n");
    repository.commit("Base");
    repository.git(&["tag", "base"]);
    repository.write("file", "one\n");
    repository.commit("One");
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write("dir/side", "two\n");
    repository.commit("Two on the side");
    repository.write("dir/side", "three\n");
    repository.commit("Three on the side");
    repository.git(&["checkout", "-q", "main"]);
    repository.write("file", "four\n");
    repository.commit("Four");
    repository.git(&["merge", "-q", "--no-ff", "-m", "Merge the side", "side"]);
    repository.remove("dir/side");
    repository.commit("Six");
    repository.write("last", "seven");
    repository.commit("Seven\n\n\nwith odd\n\n\nspacing");
    repository.git(&["tag", "-a", "-m", "Version 1", "v1"]);
    repository
}

#[test]
fn a_chain_with_a_merge_and_a_tag_verifies_with_stock_git() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let repository = repository(format);
        let mut objects = repository.range("base..main");
        assert_eq!(objects.len(), 7);
        objects.push(repository.object("v1"));
        let sent = GitContent::new(format, &objects, Vec::new()).unwrap();
        let content = GitContent::decode(&sent.encode().unwrap()).unwrap();

        let mut vault = content.chain();
        let mut desk = sent.chain();
        while let Some(payload) = vault.next_payload() {
            let armored = repository.sign(payload.bytes());
            let signed = vault.accept(&payload, &armored).unwrap();
            let at_desk = desk.next_payload().unwrap();
            assert_eq!(desk.accept(&at_desk, &armored).unwrap(), signed);

            assert_eq!(repository.write_object(&signed.object), signed.new_id);
            let (old, new) = (signed.old_id.to_string(), signed.new_id.to_string());
            if signed.object.kind() == ObjectKind::Tag {
                repository.git(&["update-ref", "refs/tags/v1", &new, &old]);
                repository.git(&["verify-tag", "v1"]);
                continue;
            }
            repository.git(&["verify-commit", &new]);
            assert_eq!(
                repository.id(&format!("{old}^{{tree}}")),
                repository.id(&format!("{new}^{{tree}}"))
            );
        }

        let tip = vault.new_id(&repository.id("main")).unwrap().to_string();
        repository.git(&["update-ref", "refs/heads/main", &tip, "main"]);
        repository.git(&["update-ref", "-d", "refs/heads/side"]);
        assert_eq!(repository.id("v1^{commit}").to_string(), tip);
        let subjects = ["log", "--format=%G? %an %s", "base..main"];
        assert_eq!(repository.line(&subjects).matches("G A. Person").count(), 7);
        let merge = repository.line(&["rev-list", "--merges", "base..main"]);
        let merge = Commit::parse(&repository.object(&merge), format).unwrap();
        assert_eq!(merge.parents().len(), 2);
        let fsck = repository.try_git(&["fsck", "--strict", "--full", "--no-dangling"]);
        assert!(fsck.status.success());
        assert_eq!(String::from_utf8_lossy(&fsck.stderr), "");
    }
}

#[test]
fn a_signature_over_other_bytes_is_not_good_for_git() {
    let repository = repository(ObjectFormat::Sha1);
    let objects = repository.range("base..main");
    let content = GitContent::new(ObjectFormat::Sha1, &objects, Vec::new()).unwrap();
    let mut chain = content.chain();
    let payload = chain.next_payload().unwrap();
    let armored = repository.sign(b"another text");
    let signed = chain.accept(&payload, &armored).unwrap();
    let id = repository.write_object(&signed.object).to_string();
    assert!(!repository.try_git(&["verify-commit", &id]).status.success());
}
