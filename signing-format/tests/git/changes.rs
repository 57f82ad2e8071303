//! What a commit changes, beside what `git diff` says, and what happens when material is missing.

use std::fs;

use signing_format::git::{
    Base, Changes, Comparer, Detail, FileChange, FileMode, GitContent, LineKind, ObjectFormat,
    ObjectKind, RawObject, TextDiff, Unshown,
};

use super::repository::{Repository, make_executable};

/// A repository of which the last commit changes something of every kind.
fn repository(format: ObjectFormat) -> Repository {
    let repository = Repository::new(format);
    let numbers: String = (0..60).map(|number| format!("line {number}\n")).collect();
    repository.write("changed", &numbers);
    repository.write("deleted", "gone\n");
    repository.write("deep/er/changed", "old\n");
    repository.write("deep/same", "same\n");
    repository.write("moved", "moved\n");
    repository.write("program", "#!/bin/sh\n");
    repository.write("binary", b"a\0b");
    repository.write("name", "a file");
    repository.write("retyped", "becomes a link");
    repository.write("unended", "no end");
    fs::remove_file(repository.dir().join("name")).unwrap();
    repository.write("name/inner", "a directory\n");
    repository.write("name-", "sorts between\n");
    repository.commit("Base");
    submodule(&repository, "1");
    repository.git(&["commit", "-q", "-m", "Base with a submodule"]);

    let numbers = numbers
        .replace("line 5\n", "line five\n")
        .replace("line 40\n", "");
    repository.write("changed", numbers + "line 60\n");
    repository.remove("deleted");
    repository.write("deep/er/changed", "new\n");
    repository.write("deep/er/added", "added\n");
    fs::rename(
        repository.dir().join("moved"),
        repository.dir().join("new name"),
    )
    .unwrap();
    make_executable(&repository.dir().join("program"));
    repository.write("binary", b"a\0c");
    fs::remove_dir_all(repository.dir().join("name")).unwrap();
    repository.write("name", "now a file\n");
    repository.write("name-", "sorts between still\n");
    repository.remove("retyped");
    std::os::unix::fs::symlink("target", repository.dir().join("retyped")).unwrap();
    repository.write("unended", "no end\n");
    submodule(&repository, "2");
    repository.git(&["commit", "-q", "-m", "Everything"]);
    repository
}

/// Puts a commit of another repository into the index, without one.
fn submodule(repository: &Repository, digit: &str) {
    repository.git(&["add", "-A"]);
    let id = digit.repeat(repository.format().id_len() * 2);
    let entry = format!("160000,{id},sub");
    repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
}

fn last_changes(content: &GitContent) -> Changes {
    let last = content.to_sign().last().unwrap();
    Comparer::new(content).changes_of(last.commit().unwrap())
}

fn file<'a>(changes: &'a Changes, path: &str) -> &'a FileChange {
    let mut found = changes
        .files
        .iter()
        .filter(|file| file.path == path.as_bytes());
    found.next().unwrap()
}

#[test]
fn the_files_are_those_of_git_diff_in_its_order() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let repository = repository(format);
        let changes = last_changes(&repository.content("HEAD~1..HEAD"));
        let raw = repository.line(&[
            "diff-tree",
            "-r",
            "--no-renames",
            "--raw",
            "--abbrev=64",
            "HEAD~1",
            "HEAD",
        ]);
        let expected: Vec<String> = raw.lines().flat_map(split_type_changes).collect();
        let found: Vec<String> = changes.files.iter().map(as_raw_line).collect();
        assert_eq!(found, expected);
        let mut unshown = changes.not_shown();
        assert!(unshown.all(|file| file.detail == Detail::Submodule));
        let parent = repository.id("HEAD~1");
        let tree = repository.id("HEAD~1^{tree}");
        assert_eq!(changes.base, Base::Parent { parent, tree });
    }
}

/// `MODE MODE ID ID PATH`, with zeros for a side that is not there.
fn as_raw_line(file: &FileChange) -> String {
    let zeros = |len: usize| "0".repeat(len);
    let some = file.old.or(file.new).unwrap();
    let id_len = some.id.format().id_len() * 2;
    let mode = |side: Option<signing_format::git::Side>| {
        side.map_or(zeros(6), |side| side.mode.to_string())
    };
    let id = |side: Option<signing_format::git::Side>| {
        side.map_or(zeros(id_len), |side| side.id.to_string())
    };
    let path = String::from_utf8(file.path.clone()).unwrap();
    format!(
        "{} {} {} {} {path}",
        mode(file.old),
        mode(file.new),
        id(file.old),
        id(file.new)
    )
}

/// Git names a change of type in one line and shows it as two; we name both.
fn split_type_changes(line: &str) -> Vec<String> {
    let (fields, path) = line.trim_start_matches(':').split_once('\t').unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    let [old_mode, new_mode, old, new, letter] = fields[..] else {
        panic!("{line}");
    };
    if letter != "T" {
        return vec![format!("{old_mode} {new_mode} {old} {new} {path}")];
    }
    let (mode, id) = ("0".repeat(6), "0".repeat(old.len()));
    vec![
        format!("{old_mode} {mode} {old} {id} {path}"),
        format!("{mode} {new_mode} {id} {new} {path}"),
    ]
}

#[test]
fn the_lines_are_those_of_git_diff() {
    let repository = repository(ObjectFormat::Sha1);
    let changes = last_changes(&repository.content("HEAD~1..HEAD"));
    let mut text_count = 0;
    for file in &changes.files {
        let Detail::Text(diff) = &file.detail else {
            continue;
        };
        let path = std::str::from_utf8(&file.path).unwrap();
        let out = repository.git(&[
            "diff",
            "--no-color",
            "--no-renames",
            "--diff-algorithm=histogram",
            "HEAD~1",
            "HEAD",
            "--",
            path,
        ]);
        let out = without_sections(&String::from_utf8(out).unwrap());
        let shown = as_patch(diff);
        assert!(out.contains(&shown), "{path}:\n{shown}\n{out}");
        assert!(!shown.is_empty());
        text_count += 1;
    }
    assert_eq!(text_count, 12);
}

/// Without the line that git repeats after the second `@@`.
fn without_sections(patch: &str) -> String {
    let without = |line: &str| match line.split("@@").collect::<Vec<_>>()[..] {
        ["", ranges, ..] => format!("@@{ranges}@@\n"),
        _ => format!("{line}\n"),
    };
    patch.lines().map(without).collect()
}

/// As git prints hunks.
fn as_patch(diff: &TextDiff) -> String {
    let range = |start, count| match count {
        1 => format!("{start}"),
        _ => format!("{start},{count}"),
    };
    let mut out = String::new();
    for hunk in &diff.hunks {
        let old = range(hunk.old_start, hunk.old_count);
        let new = range(hunk.new_start, hunk.new_count);
        out += &format!("@@ -{old} +{new} @@\n");
        for line in &hunk.lines {
            out.push(match line.kind {
                LineKind::Context => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            });
            out += std::str::from_utf8(&line.bytes).unwrap();
            out.push('\n');
            if !line.ended {
                out += "\\ No newline at end of file\n";
            }
        }
    }
    out
}

#[test]
fn modes_binaries_and_submodules_are_named_as_such() {
    let repository = repository(ObjectFormat::Sha1);
    let changes = last_changes(&repository.content("HEAD~1..HEAD"));
    assert_eq!(file(&changes, "program").detail, Detail::ModeOnly);
    assert_eq!(
        file(&changes, "program").new.unwrap().mode,
        FileMode::Executable
    );
    assert_eq!(file(&changes, "sub").detail, Detail::Submodule);
    let unshown: Vec<&[u8]> = changes.not_shown().map(|file| &file.path[..]).collect();
    assert_eq!(unshown, [b"sub"], "its files are in another repository");
    assert!(changes.holds_binary());
    let size = Some(3);
    assert_eq!(
        file(&changes, "binary").detail,
        Detail::Binary {
            old_bytes: size,
            new_bytes: size
        }
    );
}

#[test]
fn a_first_commit_is_compared_with_nothing() {
    let repository = repository(ObjectFormat::Sha1);
    let content = repository.content("HEAD~1");
    let first = content.to_sign()[0].commit().unwrap();
    let changes = Comparer::new(&content).changes_of(first);
    assert_eq!(changes.base, Base::Nothing);
    let count = repository
        .line(&["ls-tree", "-r", "HEAD~2"])
        .lines()
        .count();
    assert_eq!(changes.files.len(), count);
    assert!(changes.files.iter().all(|file| file.old.is_none()));
    assert!(changes.is_all_shown());
}

#[test]
fn an_empty_commit_changes_nothing() {
    let repository = repository(ObjectFormat::Sha1);
    repository.git(&["commit", "-q", "--allow-empty", "-m", "Empty"]);
    let changes = last_changes(&repository.content("HEAD~1..HEAD"));
    assert_eq!(changes.files, []);
    assert!(changes.is_all_shown());
}

/// The content without one object, or with another in its place.
fn replaced(content: &GitContent, gone: &RawObject, instead: Option<RawObject>) -> GitContent {
    let mut material = content.all_material().to_vec();
    let before = material.len();
    material.retain(|object| object != gone);
    assert_eq!(material.len() + 1, before);
    material.extend(instead);
    let to_sign: Vec<RawObject> = content
        .to_sign()
        .iter()
        .map(|found| {
            let object = found.object();
            RawObject::new(object.kind(), object.to_bytes()).unwrap()
        })
        .collect();
    GitContent::new(content.format(), &to_sign, material).unwrap()
}

#[test]
fn what_is_missing_is_named_with_its_path() {
    let repository = repository(ObjectFormat::Sha1);
    let content = repository.content("HEAD~1..HEAD");
    for (revision, path) in [
        ("HEAD:changed", "changed"),
        ("HEAD~1:changed", "changed"),
        ("HEAD:deep/er", "deep/er"),
        ("HEAD~1:deep", "deep"),
        ("HEAD^{tree}", ""),
        ("HEAD~1^{tree}", ""),
    ] {
        let without = replaced(&content, &repository.object(revision), None);
        let changes = last_changes(&without);
        let id = repository.id(revision);
        let detail = Detail::NotShown(Unshown::Missing { id });
        assert_eq!(file(&changes, path).detail, detail, "{revision}");
        let mut others = changes.not_shown();
        assert!(others.all(|file| file.path == path.as_bytes() || file.path == b"sub"));
        assert!(!changes.is_all_shown());
    }
}

#[test]
fn without_the_parent_nothing_is_claimed() {
    let repository = repository(ObjectFormat::Sha1);
    let content = repository.content("HEAD~1..HEAD");
    let without = replaced(&content, &repository.object("HEAD~1"), None);
    let changes = last_changes(&without);
    let parent = repository.id("HEAD~1");
    let why = Unshown::Missing { id: parent };
    assert_eq!(changes.base, Base::NotShown { parent, why });
    assert!(!changes.is_all_shown());
}

/// A desk that lies: it sends a harmless tree, file or parent in place of the one that is named.
#[test]
fn an_object_is_never_used_in_place_of_another() {
    let repository = repository(ObjectFormat::Sha1);
    let content = repository.content("HEAD~1..HEAD");
    for (revision, other, path) in [
        ("HEAD^{tree}", "HEAD~2^{tree}", ""),
        ("HEAD:changed", "HEAD:deep/same", "changed"),
    ] {
        let other = repository.object(other);
        let lie = replaced(&content, &repository.object(revision), Some(other));
        let changes = last_changes(&lie);
        let id = repository.id(revision);
        let detail = Detail::NotShown(Unshown::Missing { id });
        assert_eq!(file(&changes, path).detail, detail);
    }
    let other = repository.object("HEAD~2");
    let lie = replaced(&content, &repository.object("HEAD~1"), Some(other));
    assert!(matches!(last_changes(&lie).base, Base::NotShown { .. }));
}

#[test]
fn a_tree_that_git_would_not_write_is_named_as_not_shown() {
    let format = ObjectFormat::Sha1;
    let repository = Repository::new(format);
    let tree = RawObject::new(ObjectKind::Tree, b"100644 a/b\0".to_vec()).unwrap();
    let id = tree.id(format).unwrap();
    let text = format!("tree {id}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n");
    let commit = RawObject::new(ObjectKind::Commit, text.into_bytes()).unwrap();
    let content = GitContent::new(repository.format(), &[commit], vec![tree]).unwrap();
    let changes = last_changes(&content);
    assert!(matches!(
        file(&changes, "").detail,
        Detail::NotShown(Unshown::Unreadable { .. })
    ));
}

#[test]
fn what_a_merge_itself_changes_is_told() {
    let repository = Repository::new(ObjectFormat::Sha1);
    repository.write("file", "base\n");
    repository.commit("Base");
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write("side", "side\n");
    repository.commit("Side");
    repository.git(&["checkout", "-q", "main"]);
    repository.write("file", "changed\n");
    repository.commit("Main");
    repository.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repository.write("slipped in", "by the merge\n");
    repository.commit("Merge");
    let content = repository.content("HEAD");
    let changes = last_changes(&content);
    assert_eq!(changes.other_parents, [repository.id("side")]);
    let paths: Vec<&[u8]> = changes.files.iter().map(|file| &file.path[..]).collect();
    assert_eq!(paths, [&b"side"[..], b"slipped in"]);
    assert_eq!(changes.own_of_merge, Some(vec![b"slipped in".to_vec()]));
}
