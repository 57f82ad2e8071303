//! What a commit changes: its tree beside the tree of its first parent, as far as the material of
//! the request proves it.
//!
//! The commit names its parent by id, the parent's bytes name its tree, the tree its entries: all
//! of it is covered by what is signed. What did not come is called not shown.

use std::{collections::BTreeSet, convert::Infallible};

use super::{
    commit::{Commit, tree_named_by},
    diff::TextDiff,
    header::ParseError,
    limits::{OTHER_PARENTS_COMPARED_MAX, TEXT_BYTES_MAX, TEXT_BYTES_PER_COMMIT_MAX},
    material::GitContent,
    object::{ObjectId, ObjectKind},
    walk::{Difference, Found, ObjectSource, Side, Unshown, Walked, is_suspicious_path, walk},
};

/// What a commit changes against its first parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// With what the commit was compared.
    pub base: Base,
    /// Each file that differs, in git's order, and each directory that could not be entered.
    pub files: Vec<FileChange>,
    /// The parents after the first: what came from them is among `files` too.
    pub other_parents: Vec<ObjectId>,
    /// For a merge, the paths that differ from all parents: what the merge itself changes. `None`
    /// when it is no merge, or when the trees of the parents did not all come.
    pub own_of_merge: Option<Vec<Vec<u8>>>,
}

/// With what a commit is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A first commit: with nothing. All of it is new.
    Nothing,
    /// With the tree of the first parent.
    Parent {
        /// The parent, with the id that the request has.
        parent: ObjectId,
        /// Its tree.
        tree: ObjectId,
    },
    /// Not at all: the first parent did not come, so that nothing is known of what changes.
    NotShown {
        /// The parent.
        parent: ObjectId,
        /// Why.
        why: Unshown,
    },
}

/// One path that a commit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path from the root, any bytes but zero. Empty is the root itself.
    pub path: Vec<u8>,
    /// What was there. `None` when it is new.
    pub old: Option<Side>,
    /// What is there. `None` when it was deleted.
    pub new: Option<Side>,
    /// What changed.
    pub detail: Detail,
}

impl FileChange {
    /// Whether a name on the path may be taken for another than it is, such as `.GIT`.
    #[must_use]
    pub fn suspicious_path(&self) -> bool {
        is_suspicious_path(&self.path)
    }
}

/// What changed at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Lines of a text, or the target of a link. The modes may differ as well.
    Text(TextDiff),
    /// Bytes that are not text: a zero byte stands among the first 8,000, as git decides it.
    Binary {
        /// The size before.
        old_bytes: Option<usize>,
        /// The size after.
        new_bytes: Option<usize>,
    },
    /// Only the mode.
    ModeOnly,
    /// The commit of another repository. Its files are not part of this one.
    Submodule,
    /// More than is compared line by line. The content is not shown.
    TooLarge {
        /// The size before.
        old_bytes: Option<usize>,
        /// The size after.
        new_bytes: Option<usize>,
    },
    /// Nothing is known but the ids.
    NotShown(Unshown),
}

impl Changes {
    /// What a commit of the request changes.
    #[must_use]
    pub fn of(content: &GitContent, commit: &Commit) -> Self {
        let other_parents: Vec<ObjectId> = commit.parents().iter().skip(1).copied().collect();
        let base = base_of(content, commit);
        let old = match &base {
            Base::Nothing => None,
            Base::Parent { tree, .. } => Some(*tree),
            Base::NotShown { .. } => {
                return Self {
                    base,
                    files: Vec::new(),
                    other_parents,
                    own_of_merge: None,
                };
            }
        };
        let walked = compared(content, old, commit.tree());
        let own_of_merge = own_of_merge(content, commit, &walked.differences);
        let mut details = Details {
            content,
            text_bytes_left: TEXT_BYTES_PER_COMMIT_MAX,
        };
        let files = walked.differences.into_iter();
        Self {
            base,
            files: files.map(|difference| details.change(difference)).collect(),
            other_parents,
            own_of_merge,
        }
    }

    /// The paths of which the content is not shown.
    pub fn not_shown(&self) -> impl Iterator<Item = &FileChange> {
        self.files
            .iter()
            .filter(|file| matches!(file.detail, Detail::NotShown(_) | Detail::TooLarge { .. }))
    }

    /// Whether the base is known and no path is without its content. Binary files count as shown:
    /// their ids and sizes are all that can be.
    #[must_use]
    pub fn is_all_shown(&self) -> bool {
        !matches!(self.base, Base::NotShown { .. }) && self.not_shown().next().is_none()
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

fn compared(content: &GitContent, old: Option<ObjectId>, new: ObjectId) -> Walked {
    let Ok(walked) = walk(&mut Material(content), content.format(), old, Some(new));
    walked
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

/// The tree of a commit of the request, or of one that came with the material.
fn tree_of(content: &GitContent, id: ObjectId) -> Result<ObjectId, Unshown> {
    if let Some(commit) = content.to_sign_with(&id).and_then(|found| found.commit()) {
        return Ok(commit.tree());
    }
    let raw = content.material(&id).ok_or(Unshown::Missing { id })?;
    tree_named_by(raw, content.format()).map_err(|why| Unshown::Unreadable { id, why })
}

/// The paths of a merge that differ from the trees of all its parents.
fn own_of_merge(
    content: &GitContent,
    commit: &Commit,
    from_first: &[Difference],
) -> Option<Vec<Vec<u8>>> {
    let others = commit.parents().get(1..).unwrap_or_default();
    if others.is_empty() || others.len() > OTHER_PARENTS_COMPARED_MAX {
        return None;
    }
    let mut own = paths_of(from_first)?;
    for parent in others {
        let tree = tree_of(content, *parent).ok()?;
        let walked = compared(content, Some(tree), commit.tree());
        let from_other = paths_of(&walked.differences)?;
        own.retain(|path| from_other.contains(path));
    }
    Some(own.into_iter().collect())
}

/// The paths, or `None` when some are not known.
fn paths_of(differences: &[Difference]) -> Option<BTreeSet<Vec<u8>>> {
    let path = |found: &Difference| found.unshown.is_none().then(|| found.path.clone());
    differences.iter().map(path).collect()
}

/// Finds what changed within files, as far as the material and the limits go.
struct Details<'a> {
    content: &'a GitContent,
    text_bytes_left: usize,
}

impl<'a> Details<'a> {
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
        let cost = old.len().saturating_add(new.len());
        if old.len().max(new.len()) > TEXT_BYTES_MAX || cost > self.text_bytes_left {
            return Detail::TooLarge {
                old_bytes,
                new_bytes,
            };
        }
        self.text_bytes_left = self.text_bytes_left.saturating_sub(cost);
        Detail::Text(TextDiff::between(old, new))
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

    /// A first commit that adds these files.
    fn added(files: &[(&str, &RawObject)]) -> Changes {
        let ids: Vec<(FileMode, &str, ObjectId)> = files
            .iter()
            .map(|(name, blob)| (FileMode::File, *name, samples::id(blob)))
            .collect();
        let tree = samples::tree(&ids);
        let commit = samples::commit(samples::id(&tree), &[], "message\n");
        let mut material = vec![tree];
        for (_, blob) in files {
            if !material.contains(blob) {
                material.push((*blob).clone());
            }
        }
        let content = GitContent::new(samples::FORMAT, &[commit], material).unwrap();
        Changes::of(&content, content.to_sign()[0].commit().unwrap())
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
    fn one_large_text_at_many_paths_does_not_exceed_the_limit_of_a_commit() {
        let blob = text(TEXT_BYTES_MAX);
        let names: Vec<String> = (10..30).map(|number| number.to_string()).collect();
        let files: Vec<(&str, &RawObject)> =
            names.iter().map(|name| (name.as_str(), &blob)).collect();
        let changes = added(&files);
        let shown_count = TEXT_BYTES_PER_COMMIT_MAX / TEXT_BYTES_MAX;
        assert_eq!(changes.not_shown().count(), files.len() - shown_count);
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
