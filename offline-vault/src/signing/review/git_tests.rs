//! What cannot be read of commits and tags is a risk, and what can is shown whole.

use pack_format::secret::Secret32;
use signing_format::content::ContentSealer;
use signing_format::git::{ObjectFormat, RawObject};

use super::*;

const FORMAT: ObjectFormat = ObjectFormat::Sha1;
const PERSON: &str = "A. Person <a@example.org> 1700000000 +0100";

fn raw(kind: ObjectKind, bytes: &[u8]) -> RawObject {
    RawObject::new(kind, bytes.to_vec()).unwrap()
}

fn id(object: &RawObject) -> ObjectId {
    object.id(FORMAT).unwrap()
}

fn blob(bytes: &[u8]) -> RawObject {
    raw(ObjectKind::Blob, bytes)
}

/// A tree; the entries have to be in git's order.
fn tree(entries: &[(&str, &str, ObjectId)]) -> RawObject {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        bytes.extend_from_slice(id.as_bytes());
    }
    raw(ObjectKind::Tree, &bytes)
}

fn commit(tree: &RawObject, headers: &str, message: &str) -> RawObject {
    let text = format!(
        "tree {}\nauthor {PERSON}\ncommitter {PERSON}\n{headers}\n{message}",
        id(tree)
    );
    raw(ObjectKind::Commit, text.as_bytes())
}

fn tag(kind: &str, target: ObjectId) -> RawObject {
    let text = format!("object {target}\ntype {kind}\ntag v1\ntagger {PERSON}\n\nnew\n");
    raw(ObjectKind::Tag, text.as_bytes())
}

fn shown(to_sign: &[RawObject], material: Vec<RawObject>) -> Review {
    let content = GitContent::new(FORMAT, to_sign, material).unwrap();
    let subject = GitSubject {
        repository: String::new(),
        reference: String::new(),
        form: GitForm::Ssh,
        object_count: u32::try_from(to_sign.len()).unwrap(),
        content: ContentSealer::new(Secret32::new([2; 32]), &[3; 24])
            .finish()
            .1,
    };
    let mut made = Review::default();
    review(&mut made, &subject, &content).unwrap();
    made
}

/// The review of a first commit that adds one file.
fn added(mode: &str, name: &str, file: &RawObject) -> Review {
    let tree = tree(&[(mode, name, id(file))]);
    shown(&[commit(&tree, "", "x\n")], vec![tree, file.clone()])
}

fn has(review: &Review, line: &str) -> bool {
    review.to_lines().iter().any(|it| it.contains(line))
}

#[test]
fn one_zero_byte_hides_nothing_without_a_risk() {
    let file = blob(b"#!/bin/sh\n#\0\nrm -r ~\n");
    let made = added("100755", "run.sh", &file);
    assert_eq!(made.risks, [Risk::BinaryContent]);
    assert!(has(
        &made,
        "added, - -> PROGRAM, BINARY, none -> 21 bytes: run.sh"
    ));
    assert!(has(&made, &id(&file).to_string()));
    assert_eq!(added("100755", "run.sh", &blob(b"exit\n")).risks, []);
}

#[test]
fn a_commit_of_another_repository_is_a_risk() {
    let outside = id(&blob(b"some commit"));
    let tree = tree(&[("160000", "sub", outside)]);
    let made = shown(&[commit(&tree, "", "x\n")], vec![tree]);
    assert_eq!(made.risks, [Risk::ChangesNotShown]);
    assert!(has(&made, &outside.to_string()));
}

#[test]
fn a_path_cannot_add_to_our_words() {
    let made = added("100644", "x, mode only", &blob(b"a\n"));
    assert!(has(&made, "  | added, - -> file, +1 -0: x, mode only"));
}

#[test]
fn a_tag_over_a_commit_of_the_request_needs_nothing_more() {
    let tree = tree(&[]);
    let commit = commit(&tree, "", "x\n");
    let tag = tag("commit", id(&commit));
    let made = shown(&[commit, tag], vec![tree]);
    assert_eq!(made.risks, []);
    assert!(!has(&made, "Target of tag"));
}

#[test]
fn a_commit_that_a_tag_names_is_shown_whole() {
    let empty = tree(&[]);
    let parent = commit(&empty, "", "parent\n");
    let people = format!("author {PERSON}\ncommitter C <c@d> 5 +0000");
    let text = format!(
        "tree {}\nparent {}\n{people}\nx-note first\n second\n\nWhat it says\n",
        id(&empty),
        id(&parent)
    );
    let target = raw(ObjectKind::Commit, text.as_bytes());
    let made = shown(&[tag("commit", id(&target))], vec![target.clone()]);
    assert_eq!(made.risks, []);
    for line in [
        "Target of tag 1 of 1",
        &id(&target).to_string(),
        &format!("Tree           {}", id(&empty)),
        &format!("Parent         {}", id(&parent)),
        "A. Person <a@example.org>",
        "C <c@d>",
        "x-note",
        "  | first",
        "  | second",
        "  | What it says",
    ] {
        assert!(has(&made, line), "{line}");
    }
    let other = commit(&empty, "encoding UTF-7\n", "+ZeVnLIqe-\n");
    let made = shown(&[tag("commit", id(&other))], vec![other]);
    assert_eq!(made.risks, [Risk::OtherEncoding]);
}

#[test]
fn a_tag_over_what_is_not_shown_is_a_risk() {
    let file = blob(b"a file\n");
    let folder = tree(&[("100644", "a", id(&file))]);
    let inner = tag("blob", id(&file));
    let broken = raw(ObjectKind::Commit, b"tree of nothing\n\nTrust me\n");
    let all = vec![file.clone(), folder.clone(), broken.clone()];
    for (target, kind, why) in [
        (id(&file), "blob", "it is a blob, not a commit"),
        (id(&folder), "tree", "it is a tree, not a commit"),
        (id(&inner), "tag", "it is a tag, not a commit"),
        (id(&broken), "commit", "cannot be read"),
        (id(&inner), "commit", "did not come with the request"),
    ] {
        let made = shown(&[tag(kind, target)], all.clone());
        assert_eq!(made.risks, [Risk::TargetNotShown], "{kind} {why}");
        assert!(has(&made, "!! NOT SHOWN: "), "{kind} {why}");
        assert!(has(&made, why), "{kind} {why}");
    }
}

#[test]
fn many_tags_over_one_long_commit_do_not_fill_the_memory() {
    let target = commit(&tree(&[]), "", &"x".repeat(300_000));
    let tags: Vec<RawObject> = (0..500)
        .map(|number| {
            let text = format!(
                "object {}\ntype commit\ntag v{number}\ntagger {PERSON}\n\nnew\n",
                id(&target)
            );
            raw(ObjectKind::Tag, text.as_bytes())
        })
        .collect();
    let made = shown(&tags, vec![target]);
    assert_eq!(made.risks, [Risk::TargetNotShown]);
    let bytes: usize = made.to_lines().iter().map(String::len).sum();
    assert!(bytes < 2 * SIGNED_BYTES_MAX, "{bytes}");
}

#[test]
fn five_hundred_commits_of_many_lines_stay_within_bounds_and_are_a_risk() {
    let file = blob("x\n".repeat(10_000).as_bytes());
    let tree = tree(&[("100644", "a", id(&file))]);
    let commits: Vec<RawObject> = (0..500)
        .map(|number| commit(&tree, "", &format!("{number}\n")))
        .collect();
    let made = shown(&commits, vec![tree, file]);
    assert_eq!(made.risks, [Risk::ChangesNotShown]);
    let count = made.to_lines().len();
    assert!((200_000..250_000).contains(&count), "{count}");
    assert!(has(&made, "more changes than are shown of one request: a"));
}

#[test]
fn the_end_of_a_list_is_no_file() {
    let file = blob(b"");
    let names: Vec<String> = (0..20_001).map(|number| format!("{number:05}")).collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| ("100644", name.as_str(), id(&file)))
        .collect();
    let tree = tree(&entries);
    let commits = [commit(&tree, "", "1\n"), commit(&tree, "", "2\n")];
    let made = shown(&commits, vec![tree, file]);
    assert_eq!(made.risks, [Risk::ChangesNotShown]);
    let lines = made.to_lines();
    let at = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted));
    assert!(at("Files          20000").is_some());
    assert!(at("Files          0").is_some());
    let end = at("!! NOT SHOWN: there are more changes than are listed").unwrap();
    assert_eq!(lines[end + 1], "  | 20000");
    assert!(has(&made, "none of these are"));
    assert!(!has(&made, "added, - -> -"));
}
