//! What the desk collects is what the vault needs, and what it leaves out it names.

use std::{collections::BTreeSet, convert::Infallible};

use signing_format::git::{
    Comparer, Detail, Found, GatherError, GitContent, LeftOut, LeftOutReason, ObjectFormat,
    ObjectId, ObjectKind, ObjectSource, RawObject, ToSign, Unshown, gather,
};

use super::repository::{Repository, Source};

const FORMAT: ObjectFormat = ObjectFormat::Sha1;

fn repository() -> Repository {
    let repository = Repository::new(FORMAT);
    repository.write("same", "not sent\n".repeat(50));
    repository.write("small", "1\n");
    repository.write("zbig", "x".repeat(10_000));
    repository.commit("Base");
    repository.write("small", "2\n");
    repository.commit("Two");
    repository.write("small", "3\n");
    repository.write("zbig", "y".repeat(10_000));
    repository.commit("Three");
    repository
}

fn to_sign(repository: &Repository, range: &str) -> Vec<ToSign> {
    let objects = repository.range(range);
    objects
        .iter()
        .map(|raw| ToSign::parse(raw, FORMAT).unwrap())
        .collect()
}

#[test]
fn only_what_differs_is_collected_and_likenesses_are_neighbours() {
    let repository = repository();
    let to_sign = to_sign(&repository, "HEAD~2..HEAD");
    let gathered = gather(&mut Source(&repository), FORMAT, &to_sign, usize::MAX).unwrap();
    let ids: Vec<ObjectId> = gathered
        .material
        .iter()
        .map(|raw| raw.id(FORMAT).unwrap())
        .collect();
    let expected = [
        "HEAD~2",
        "HEAD~2^{tree}",
        "HEAD~1^{tree}",
        "HEAD^{tree}",
        "HEAD~2:small",
        "HEAD~1:small",
        "HEAD:small",
        "HEAD~1:zbig",
        "HEAD:zbig",
    ];
    assert_eq!(ids, expected.map(|revision| repository.id(revision)));
    assert_eq!(gathered.left_out, []);
}

#[test]
fn a_file_over_the_budget_is_left_out_with_both_sides_and_named() {
    let repository = repository();
    let objects = repository.range("HEAD~2..HEAD");
    let to_sign = to_sign(&repository, "HEAD~2..HEAD");
    let gathered = gather(&mut Source(&repository), FORMAT, &to_sign, 15_000).unwrap();
    let path = b"zbig".to_vec();
    let reason = LeftOutReason::Budget {
        needed_bytes: 20_000,
    };
    assert_eq!(gathered.left_out, [LeftOut { path, reason }]);
    let content = GitContent::new(FORMAT, &objects, gathered.material).unwrap();
    let last = Comparer::new(&content).changes_of(content.to_sign()[1].commit().unwrap());
    let unshown: Vec<&[u8]> = last.not_shown().map(|file| &file.path[..]).collect();
    assert_eq!(unshown, [b"zbig"]);
}

#[test]
fn the_parent_of_a_shallow_repository_is_named_as_missing() {
    let repository = repository();
    let parent = repository.id("HEAD~1");
    let to_sign = to_sign(&repository, "HEAD~1..HEAD");
    let mut source = Without(Source(&repository), BTreeSet::from([parent]));
    let gathered = gather(&mut source, FORMAT, &to_sign, usize::MAX).unwrap();
    assert_eq!(gathered.material, []);
    let reason = LeftOutReason::Unshown(Unshown::Missing { id: parent });
    let path = Vec::new();
    assert_eq!(gathered.left_out, [LeftOut { path, reason }]);
}

/// A repository in which some objects are not there.
struct Without<'a>(Source<'a>, BTreeSet<ObjectId>);

impl ObjectSource for Without<'_> {
    type Error = Infallible;

    fn object(&mut self, id: &ObjectId) -> Result<Found, Infallible> {
        if self.1.contains(id) {
            return Ok(Found::Missing);
        }
        self.0.object(id)
    }
}

#[test]
fn rejects_a_repository_that_gives_another_object() {
    struct Liar;

    impl ObjectSource for Liar {
        type Error = Infallible;

        fn object(&mut self, _: &ObjectId) -> Result<Found, Infallible> {
            let object = RawObject::new(ObjectKind::Tree, Vec::new()).unwrap();
            Ok(Found::Object(object))
        }
    }

    let repository = repository();
    let to_sign = to_sign(&repository, "HEAD");
    let found = gather(&mut Liar, FORMAT, &to_sign, usize::MAX);
    assert!(matches!(found, Err(GatherError::OtherObject { .. })));
}

#[test]
fn the_commit_under_a_tag_is_collected() {
    let repository = repository();
    repository.git(&["tag", "-a", "-m", "Tag", "v1"]);
    let tag = ToSign::parse(&repository.object("v1"), FORMAT).unwrap();
    let gathered = gather(&mut Source(&repository), FORMAT, &[tag], usize::MAX).unwrap();
    assert_eq!(gathered.material, [repository.object("HEAD")]);
}

#[test]
fn each_of_many_commits_is_all_shown() {
    let repository = Repository::new(FORMAT);
    for number in 0..12 {
        repository.write(&format!("dir/{}", number % 5), format!("{number}\n"));
        repository.commit(&format!("Commit {number}"));
    }
    let sent = repository.content("main");
    let content = GitContent::decode(&sent.encode().unwrap()).unwrap();
    for object in content.to_sign() {
        let changes = Comparer::new(&content).changes_of(object.commit().unwrap());
        assert!(changes.is_all_shown());
        assert_eq!(changes.files.len(), 1);
        assert!(matches!(changes.files[0].detail, Detail::Text(_)));
    }
}

#[test]
fn a_commit_without_material_crosses_in_less_than_450_bytes() {
    let repository = Repository::new(FORMAT);
    for number in 0..20 {
        repository.write("file", format!("{number}\n"));
        repository.commit(&format!(
            "Subject of commit {number}\n\nA body that says why.\n"
        ));
    }
    let objects = repository.range("main");
    let content = GitContent::new(FORMAT, &objects, Vec::new()).unwrap();
    assert!(content.encode().unwrap().len() < 450 * objects.len());
}
