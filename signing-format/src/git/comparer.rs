//! The comparison of the commits of a request with their parents, within one budget for all of
//! them.

use std::{collections::BTreeSet, convert::Infallible};

use super::{
    changes::{Base, Changes, Detail, FileChange},
    commit::{Commit, tree_named_by},
    diff::TextDiff,
    header::ParseError,
    limits::{
        LINES_PER_REQUEST_MAX, OTHER_PARENTS_COMPARED_MAX, TEXT_BYTES_MAX,
        TEXT_BYTES_PER_REQUEST_MAX,
    },
    material::GitContent,
    object::{ObjectId, ObjectKind},
    walk::{Difference, Found, ObjectSource, Side, Unshown, WalkBudget, Walked, walk},
};

/// Compares the commits of one request, one after the other.
///
/// All of them use up one budget of work and of lines: hundreds of commits that are each within
/// bounds would otherwise fill the memory. What comes after it is named as not shown.
#[derive(Debug)]
pub struct Comparer<'a> {
    content: &'a GitContent,
    walks: WalkBudget,
    merge_walks: WalkBudget,
    text_bytes: usize,
    lines: usize,
}

impl<'a> Comparer<'a> {
    /// With the budget of a whole request.
    #[must_use]
    pub fn new(content: &'a GitContent) -> Self {
        Self {
            content,
            walks: WalkBudget::default(),
            merge_walks: WalkBudget::default(),
            text_bytes: TEXT_BYTES_PER_REQUEST_MAX,
            lines: LINES_PER_REQUEST_MAX,
        }
    }

    /// What a commit of the request changes.
    pub fn changes_of(&mut self, commit: &Commit) -> Changes {
        let base = base_of(self.content, commit);
        let mut changes = Changes {
            base,
            files: Vec::new(),
            ends_at: None,
            other_parents: commit.parents().iter().skip(1).copied().collect(),
            own_of_merge: None,
        };
        let old = match &changes.base {
            Base::Nothing => None,
            Base::Parent { tree, .. } => Some(*tree),
            Base::NotShown { .. } => return changes,
        };
        let walked = compared(self.content, [old, Some(commit.tree())], &mut self.walks);
        changes.own_of_merge = self.own_of_merge(commit, &walked.differences);
        for found in walked.differences {
            if found.unshown == Some(Unshown::TooMany) {
                changes.ends_at = Some(found.path);
            } else {
                changes.files.push(self.change(found));
            }
        }
        changes
    }

    /// The paths of a merge that differ from the trees of all its parents.
    fn own_of_merge(&mut self, commit: &Commit, from_first: &[Difference]) -> Option<Vec<Vec<u8>>> {
        let others = commit.parents().get(1..).unwrap_or_default();
        if others.is_empty() || others.len() > OTHER_PARENTS_COMPARED_MAX {
            return None;
        }
        let mut own = paths_of(from_first)?;
        for parent in others {
            let tree = tree_of(self.content, *parent).ok()?;
            // What is listed here is not kept.
            self.merge_walks.list_anew();
            let trees = [Some(tree), Some(commit.tree())];
            let walked = compared(self.content, trees, &mut self.merge_walks);
            let from_other = paths_of(&walked.differences)?;
            own.retain(|path| from_other.contains(path));
        }
        Some(own.into_iter().collect())
    }

    fn change(&mut self, found: Difference) -> FileChange {
        let detail = match found.unshown.clone() {
            Some(unshown) => Detail::NotShown(unshown),
            None => self.detail(&found),
        };
        FileChange {
            path: found.path,
            old: found.old,
            new: found.new,
            detail,
        }
    }

    fn detail(&mut self, found: &Difference) -> Detail {
        let mut sides = found.old.iter().chain(&found.new);
        if sides.any(|side| side.mode == super::FileMode::Submodule) {
            return Detail::Submodule;
        }
        if let (Some(old), Some(new)) = (found.old, found.new)
            && old.id == new.id
        {
            return Detail::ModeOnly;
        }
        let (old, new) = match (self.bytes(found.old), self.bytes(found.new)) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(unshown), _) | (_, Err(unshown)) => return Detail::NotShown(unshown),
        };
        let (old_bytes, new_bytes) = (old.map(<[u8]>::len), new.map(<[u8]>::len));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        if is_binary(old) || is_binary(new) {
            return Detail::Binary {
                old_bytes,
                new_bytes,
            };
        }
        if old.len().max(new.len()) > TEXT_BYTES_MAX {
            return Detail::TooLarge {
                old_bytes,
                new_bytes,
            };
        }
        let text = self.text(old, new);
        text.map_or(Detail::NotShown(Unshown::TooMuchText), Detail::Text)
    }

    /// What changed in a text, as far as the budget of the request goes.
    fn text(&mut self, old: &[u8], new: &[u8]) -> Option<TextDiff> {
        let cost = old.len().saturating_add(new.len());
        self.text_bytes = self.text_bytes.checked_sub(cost)?;
        let text = TextDiff::between(old, new, self.lines)?;
        self.lines = self.lines.saturating_sub(text.line_count());
        Some(text)
    }

    /// The bytes of a file. `None` when there is none on this side.
    fn bytes(&self, side: Option<Side>) -> Result<Option<&'a [u8]>, Unshown> {
        let Some(Side { id, .. }) = side else {
            return Ok(None);
        };
        let raw = self.content.material(&id).ok_or(Unshown::Missing { id })?;
        if raw.kind() != ObjectKind::Blob {
            let why = ParseError::Kind { expected: "blob" };
            return Err(Unshown::Unreadable { id, why });
        }
        Ok(Some(raw.bytes()))
    }
}

/// The material of a request as the source of a walk. Objects are found under computed ids only.
struct Material<'a>(&'a GitContent);

impl ObjectSource for Material<'_> {
    type Error = Infallible;

    fn object(&mut self, id: &ObjectId) -> Result<Found, Infallible> {
        let object = self.0.material(id).cloned();
        Ok(object.map_or(Found::Missing, Found::Object))
    }
}

fn base_of(content: &GitContent, commit: &Commit) -> Base {
    let Some(parent) = commit.parents().first().copied() else {
        return Base::Nothing;
    };
    match tree_of(content, parent) {
        Ok(tree) => Base::Parent { parent, tree },
        Err(why) => Base::NotShown { parent, why },
    }
}

fn compared(content: &GitContent, trees: [Option<ObjectId>; 2], budget: &mut WalkBudget) -> Walked {
    let Ok(walked) = walk(&mut Material(content), content.format(), trees, budget);
    walked
}

/// The tree of a commit of the request, or of one that came with the material.
fn tree_of(content: &GitContent, id: ObjectId) -> Result<ObjectId, Unshown> {
    if let Some(commit) = content.to_sign_with(&id).and_then(|found| found.commit()) {
        return Ok(commit.tree());
    }
    let raw = content.material(&id).ok_or(Unshown::Missing { id })?;
    tree_named_by(raw, content.format()).map_err(|why| Unshown::Unreadable { id, why })
}

/// The paths, or `None` when some are not known.
fn paths_of(differences: &[Difference]) -> Option<BTreeSet<Vec<u8>>> {
    let path = |found: &Difference| found.unshown.is_none().then(|| found.path.clone());
    differences.iter().map(path).collect()
}

/// As git decides it.
fn is_binary(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .take(BINARY_SEARCH_BYTES)
        .any(|byte| *byte == 0)
}

/// How far git looks for a zero byte.
const BINARY_SEARCH_BYTES: usize = 8000;

#[cfg(test)]
mod tests {
    use super::{
        super::{FileMode, RawObject, samples},
        *,
    };

    /// First commits, each of which adds the same files.
    fn adding(count: usize, files: &[(&str, &RawObject)]) -> GitContent {
        let entries: Vec<(FileMode, &str, ObjectId)> = files
            .iter()
            .map(|(name, blob)| (FileMode::File, *name, samples::id(blob)))
            .collect();
        let tree = samples::tree(&entries);
        let id = samples::id(&tree);
        let commits: Vec<RawObject> = (0..count)
            .map(|number| samples::commit(id, &[], &format!("{number}\n")))
            .collect();
        let mut material = vec![tree];
        for (_, blob) in files {
            if !material.contains(blob) {
                material.push((*blob).clone());
            }
        }
        GitContent::new(samples::FORMAT, &commits, material).unwrap()
    }

    fn all_changes(content: &GitContent) -> Vec<Changes> {
        let mut comparer = Comparer::new(content);
        let commits = content.to_sign().iter();
        commits
            .map(|object| comparer.changes_of(object.commit().unwrap()))
            .collect()
    }

    /// What a first commit with these files changes.
    fn added(files: &[(&str, &RawObject)]) -> Changes {
        all_changes(&adding(1, files)).remove(0)
    }

    fn text(len: usize) -> RawObject {
        samples::blob(&"x".repeat(len))
    }

    #[test]
    fn a_text_over_the_limit_is_not_shown_and_says_its_size() {
        let changes = added(&[
            ("a", &text(TEXT_BYTES_MAX)),
            ("b", &text(TEXT_BYTES_MAX + 1)),
        ]);
        assert!(matches!(changes.files[0].detail, Detail::Text(_)));
        let (old_bytes, new_bytes) = (None, Some(TEXT_BYTES_MAX + 1));
        let detail = Detail::TooLarge {
            old_bytes,
            new_bytes,
        };
        assert_eq!(changes.files[1].detail, detail);
        assert!(!changes.is_all_shown());
    }

    #[test]
    fn one_large_text_at_many_paths_does_not_exceed_the_limit_of_a_request() {
        let blob = text(TEXT_BYTES_MAX);
        let names: Vec<String> = (10..30).map(|number| number.to_string()).collect();
        let files: Vec<(&str, &RawObject)> =
            names.iter().map(|name| (name.as_str(), &blob)).collect();
        let changes = added(&files);
        let shown_count = TEXT_BYTES_PER_REQUEST_MAX / TEXT_BYTES_MAX;
        assert_eq!(changes.not_shown().count(), files.len() - shown_count);
    }

    fn shown_lines(changes: &[Changes]) -> Vec<&super::super::Line> {
        let files = changes.iter().flat_map(|changes| &changes.files);
        let texts = files.filter_map(|file| match &file.detail {
            Detail::Text(text) => Some(text),
            _ => None,
        });
        texts
            .flat_map(|text| &text.hunks)
            .flat_map(|hunk| &hunk.lines)
            .collect()
    }

    #[test]
    fn five_hundred_commits_of_huge_texts_stay_within_one_budget_of_bytes() {
        let large = text(1 << 20);
        let small = samples::blob("");
        let content = adding(500, &[("a", &large), ("b", &small)]);
        let changes = all_changes(&content);
        let shown = shown_lines(&changes);
        let bytes: usize = shown.iter().map(|line| line.bytes.len()).sum();
        assert!(bytes <= TEXT_BYTES_PER_REQUEST_MAX && bytes > TEXT_BYTES_PER_REQUEST_MAX / 2);
        assert!(changes[0].is_all_shown());
        let last = changes.last().unwrap();
        let why = Detail::NotShown(Unshown::TooMuchText);
        assert_eq!(last.files[0].detail, why);
        assert!(!last.is_all_shown());
        assert!(matches!(last.files[1].detail, Detail::Text(_)), "it fits");
    }

    #[test]
    fn five_hundred_commits_of_many_lines_stay_within_one_budget_of_lines() {
        let content = adding(500, &[("a", &samples::blob(&"x\n".repeat(3000)))]);
        let changes = all_changes(&content);
        let shown = shown_lines(&changes).len();
        assert!(shown <= LINES_PER_REQUEST_MAX && shown > LINES_PER_REQUEST_MAX - 3000);
        let complete = changes.iter().filter(|changes| changes.is_all_shown());
        assert_eq!(complete.count(), LINES_PER_REQUEST_MAX / 3000);
    }

    #[test]
    fn commits_share_one_budget_of_paths_and_what_comes_after_is_no_file() {
        let names: Vec<String> = (0..3000).map(|number| format!("{number:04}")).collect();
        let blob = samples::blob("");
        let same: Vec<(&str, &RawObject)> =
            names.iter().map(|name| (name.as_str(), &blob)).collect();
        let content = adding(10, &same);
        let changes = all_changes(&content);
        let counts: Vec<usize> = changes.iter().map(|changes| changes.files.len()).collect();
        assert_eq!(counts, [3000, 3000, 3000, 3000, 3000, 3000, 2000, 0, 0, 0]);
        assert_eq!(changes[6].ends_at.as_deref(), Some(&b"2000"[..]));
        assert_eq!(changes[9].ends_at.as_deref(), Some(&b""[..]));
        let complete: Vec<bool> = changes.iter().map(Changes::is_all_shown).collect();
        assert_eq!(complete.iter().filter(|shown| **shown).count(), 6);
    }

    #[test]
    fn one_zero_byte_makes_a_file_one_that_nobody_can_read() {
        let program = samples::raw(ObjectKind::Blob, b"#!/bin/sh\n#\0\nrm -r /\n");
        let changes = added(&[("a", &program), ("b", &samples::blob("text\n"))]);
        assert!(changes.holds_binary());
        assert!(!added(&[("b", &samples::blob("text\n"))]).holds_binary());
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_not_taken_for_one() {
        let changes = added(&[("a", &samples::tree(&[]))]);
        let Detail::NotShown(Unshown::Unreadable { why, .. }) = &changes.files[0].detail else {
            panic!("{:?}", changes.files);
        };
        assert_eq!(*why, ParseError::Kind { expected: "blob" });
    }

    #[test]
    fn a_path_that_a_file_system_takes_for_another_is_told() {
        let blob = samples::blob("x");
        let changes = added(&[(".GIT", &blob), (".gitignore", &blob)]);
        let told: Vec<bool> = changes
            .files
            .iter()
            .map(FileChange::suspicious_path)
            .collect();
        assert_eq!(told, [true, false]);
    }

    #[test]
    fn an_added_empty_file_is_a_text_without_lines() {
        let changes = added(&[("a", &samples::blob(""))]);
        assert_eq!(changes.files[0].detail, Detail::Text(TextDiff::default()));
    }
}
