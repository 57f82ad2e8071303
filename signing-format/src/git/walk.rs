//! The walk over two trees side by side. It enters only what differs, and what it cannot read it
//! names: nothing is left out silently.
//!
//! The desk walks a repository to find what the vault needs; the vault walks what came. Both run
//! this code, so that what is missing is missing for both.

use std::collections::{BTreeMap, btree_map};

use super::{
    header::ParseError,
    limits::{
        DIFFERENCE_PATHS_BYTES_MAX, DIFFERENCES_MAX, PATH_BYTES_MAX, TREE_BYTES_COMPARED_MAX,
        TREE_DEPTH_MAX,
    },
    object::{ObjectFormat, ObjectId, RawObject},
    tree::{FileMode, Tree, TreeEntry, is_suspicious_name},
};

/// Where objects come from: a repository, or the material of a request.
pub trait ObjectSource {
    /// Why reading fails.
    type Error;

    /// The object with this id, or why there is none.
    ///
    /// # Errors
    /// When it cannot be told whether the object is there.
    fn object(&mut self, id: &ObjectId) -> Result<Found, Self::Error>;
}

/// What a source has under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The object.
    Object(RawObject),
    /// An object that is larger than any that crosses, and was not read.
    TooLarge {
        /// Its size.
        found_bytes: u64,
    },
    /// Nothing.
    Missing,
}

/// One side of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Side {
    /// What is there.
    pub mode: FileMode,
    /// The object, or the commit of a submodule.
    pub id: ObjectId,
}

/// A path at which two trees differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path from the root, names joined with slashes: any bytes but zero. Empty is the root
    /// itself, when it cannot be read.
    pub path: Vec<u8>,
    /// What was there. `None` when it is new.
    pub old: Option<Side>,
    /// What is there. `None` when it was deleted.
    pub new: Option<Side>,
    /// Why what is under this path is not known, when it is a directory that was not entered.
    pub unshown: Option<Unshown>,
}

impl Difference {
    /// Whether a name on the path may be taken for another than it is.
    #[must_use]
    pub fn suspicious_path(&self) -> bool {
        is_suspicious_path(&self.path)
    }
}

/// Why something is not shown. It is a risk that a person has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unshown {
    /// The object did not come.
    Missing {
        /// Which.
        id: ObjectId,
    },
    /// The object is there, and is not what it is used as.
    Unreadable {
        /// Which.
        id: ObjectId,
        /// Why.
        why: ParseError,
    },
    /// The object is larger than any that crosses.
    ObjectTooLarge {
        /// Which.
        id: ObjectId,
        /// Its size.
        found_bytes: u64,
    },
    /// The directory is nested deeper, or its path is longer, than what is walked.
    TooDeep,
    /// The walk ends here: more differs than is listed of one request. What stands at this path
    /// and after it is not shown.
    TooMany,
    /// The file is here, and more text differs than is shown of one request.
    TooMuchText,
    /// The directory holds nothing. Git neither writes nor checks out such a directory.
    EmptyDirectory,
}

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Each path at which the trees differ, in git's order.
    pub differences: Vec<Difference>,
    /// The trees that were read, with their paths.
    pub trees: Vec<(Vec<u8>, ObjectId)>,
}

/// How much walks may still read and list. One is used up by all commits of a request: each alone
/// may be harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkBudget {
    tree_bytes: usize,
    differences: usize,
    path_bytes: usize,
}

impl Default for WalkBudget {
    /// That of a whole request.
    fn default() -> Self {
        Self {
            tree_bytes: TREE_BYTES_COMPARED_MAX,
            differences: DIFFERENCES_MAX,
            path_bytes: DIFFERENCE_PATHS_BYTES_MAX,
        }
    }
}

impl WalkBudget {
    /// A budget that may list as much as any, and read what is left in this one.
    pub(crate) fn list_anew(&mut self) {
        let tree_bytes = self.tree_bytes;
        *self = Self {
            tree_bytes,
            ..Self::default()
        };
    }

    fn is_exhausted(&self) -> bool {
        self.tree_bytes == 0 || self.differences == 0 || self.path_bytes == 0
    }
}

/// Compares two root trees, the old and the new; `None` is the empty tree. A walk that ends because
/// nothing is left of the budget notes [`Unshown::TooMany`] last.
///
/// # Errors
/// Those of the source.
pub fn walk<S: ObjectSource>(
    source: &mut S,
    format: ObjectFormat,
    [old, new]: [Option<ObjectId>; 2],
    budget: &mut WalkBudget,
) -> Result<Walked, S::Error> {
    let mut walk = Walk {
        source,
        format,
        walked: Walked::default(),
        directories: Vec::new(),
        budget,
    };
    if old != new && walk.budget.is_exhausted() {
        walk.note(Vec::new(), [None, None], Some(Unshown::TooMany));
    } else if old != new {
        walk.enter(Vec::new(), [old, new])?;
    }
    while let Some((path, entries)) = walk.next_entries() {
        if walk.budget.is_exhausted() {
            walk.note(path, [None, None], Some(Unshown::TooMany));
            break;
        }
        walk.compare(path, entries)?;
    }
    Ok(walk.walked)
}

/// The old and the new entry under one name.
type Pair = [Option<Side>; 2];

/// The state of a walk. A directory is a frame on a list, so that depth is bounded by a limit and
/// not by the machine's stack.
struct Walk<'s, S> {
    source: &'s mut S,
    format: ObjectFormat,
    walked: Walked,
    directories: Vec<Directory>,
    budget: &'s mut WalkBudget,
}

struct Directory {
    path: Vec<u8>,
    pairs: btree_map::IntoIter<Vec<u8>, Pair>,
}

impl<S: ObjectSource> Walk<'_, S> {
    /// The next name at which the two sides differ, with its path.
    fn next_entries(&mut self) -> Option<(Vec<u8>, Pair)> {
        loop {
            let directory = self.directories.last_mut()?;
            if let Some((key, pair)) = directory.pairs.next() {
                let name = key.strip_suffix(b"/").unwrap_or(&key);
                let mut path = directory.path.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
                return Some((path, pair));
            }
            self.directories.pop();
        }
    }

    fn note(&mut self, path: Vec<u8>, [old, new]: Pair, unshown: Option<Unshown>) {
        self.budget.differences = self.budget.differences.saturating_sub(1);
        self.budget.path_bytes = self.budget.path_bytes.saturating_sub(path.len());
        self.walked.differences.push(Difference {
            path,
            old,
            new,
            unshown,
        });
    }

    /// Takes up one name: a directory is entered, all else is a difference.
    fn compare(&mut self, path: Vec<u8>, pair: Pair) -> Result<(), S::Error> {
        let mut sides = pair.iter().flatten();
        if sides.any(|side| side.mode == FileMode::Tree) {
            return self.enter(path, pair.map(|side| side.map(|side| side.id)));
        }
        match pair {
            // Git, too, shows a deletion and an addition when a file becomes a link.
            [Some(old), Some(new)] if !old.mode.is_same_thing(new.mode) => {
                self.note(path.clone(), [Some(old), None], None);
                self.note(path, [None, Some(new)], None);
            }
            pair => self.note(path, pair, None),
        }
        Ok(())
    }

    /// Reads the two directories at a path and makes them the next to be walked.
    fn enter(&mut self, path: Vec<u8>, ids: [Option<ObjectId>; 2]) -> Result<(), S::Error> {
        let mode = FileMode::Tree;
        let sides = ids.map(|id| id.map(|id| Side { mode, id }));
        if self.directories.len() >= TREE_DEPTH_MAX || path.len() > PATH_BYTES_MAX {
            self.note(path, sides, Some(Unshown::TooDeep));
            return Ok(());
        }
        let mut pairs: BTreeMap<Vec<u8>, Pair> = BTreeMap::new();
        let [old, new] = ids;
        for (is_new, id) in [(false, old), (true, new)] {
            let Some(id) = id else { continue };
            let tree = match self.read(&id, &path)? {
                Ok(tree) => tree,
                Err(unshown) => {
                    self.note(path, sides, Some(unshown));
                    return Ok(());
                }
            };
            for entry in tree.entries() {
                let key: Vec<u8> = entry.sort_key().collect();
                let [old, new] = pairs.entry(key).or_default();
                *(if is_new { new } else { old }) = Some(side_of(entry));
            }
        }
        pairs.retain(|_, [old, new]| old != new);
        // The root of a first commit may be empty; anywhere else nothing would tell the change.
        if pairs.is_empty() && !path.is_empty() {
            self.note(path, sides, Some(Unshown::EmptyDirectory));
            return Ok(());
        }
        let pairs = pairs.into_iter();
        self.directories.push(Directory { path, pairs });
        Ok(())
    }

    fn read(&mut self, id: &ObjectId, path: &[u8]) -> Result<Result<Tree, Unshown>, S::Error> {
        let id = *id;
        let raw = match self.source.object(&id)? {
            Found::Object(raw) => raw,
            Found::TooLarge { found_bytes } => {
                return Ok(Err(Unshown::ObjectTooLarge { id, found_bytes }));
            }
            Found::Missing => return Ok(Err(Unshown::Missing { id })),
        };
        let cost = raw.bytes().len().max(TREE_COST_BYTES_MIN);
        // The path is kept as well.
        let cost = cost.saturating_add(path.len());
        self.budget.tree_bytes = self.budget.tree_bytes.saturating_sub(cost);
        self.walked.trees.push((path.to_vec(), id));
        let tree = Tree::parse(&raw, self.format);
        Ok(tree.map_err(|why| Unshown::Unreadable { id, why }))
    }
}

/// Whether a name on the path may be taken for another than it is.
#[must_use]
pub fn is_suspicious_path(path: &[u8]) -> bool {
    !path.is_empty() && path.split(|byte| *byte == b'/').any(is_suspicious_name)
}

fn side_of(entry: &TreeEntry) -> Side {
    Side {
        mode: entry.mode(),
        id: entry.id(),
    }
}

/// The least that reading a tree counts, so that many small ones are bounded as well.
const TREE_COST_BYTES_MIN: usize = 1024;

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use super::{
        super::samples::{self, FORMAT},
        *,
    };

    /// Objects in memory.
    #[derive(Default)]
    struct Objects(BTreeMap<ObjectId, RawObject>);

    impl Objects {
        fn put(&mut self, object: RawObject) -> ObjectId {
            let id = samples::id(&object);
            self.0.insert(id, object);
            id
        }

        fn tree(&mut self, entries: &[(FileMode, &str, ObjectId)]) -> ObjectId {
            self.put(samples::tree(entries))
        }

        fn walked(&mut self, old: Option<ObjectId>, new: Option<ObjectId>) -> Walked {
            let Ok(walked) = walk(self, FORMAT, [old, new], &mut WalkBudget::default());
            walked
        }
    }

    impl ObjectSource for Objects {
        type Error = Infallible;

        fn object(&mut self, id: &ObjectId) -> Result<Found, Infallible> {
            let found = self.0.get(id).cloned();
            Ok(found.map_or(Found::Missing, Found::Object))
        }
    }

    fn file(text: &str) -> ObjectId {
        samples::id(&samples::blob(text))
    }

    #[test]
    fn only_what_differs_is_entered() {
        let mut objects = Objects::default();
        let same = objects.tree(&[(FileMode::File, "x", file("x"))]);
        objects.0.clear();
        let old = objects.tree(&[
            (FileMode::File, "a", file("1")),
            (FileMode::Tree, "b", same),
        ]);
        let new = objects.tree(&[
            (FileMode::File, "a", file("2")),
            (FileMode::Tree, "b", same),
        ]);
        let walked = objects.walked(Some(old), Some(new));
        assert_eq!(walked.differences.len(), 1);
        assert_eq!(walked.differences[0].path, b"a");
        assert_eq!(walked.differences[0].unshown, None);
        assert_eq!(objects.walked(Some(old), Some(old)), Walked::default());
    }

    #[test]
    fn a_change_of_type_is_a_deletion_and_an_addition() {
        let mut objects = Objects::default();
        let old = objects.tree(&[(FileMode::File, "a", file("1"))]);
        let new = objects.tree(&[(FileMode::Submodule, "a", file("1"))]);
        let differences = objects.walked(Some(old), Some(new)).differences;
        let sides: Vec<[bool; 2]> = differences
            .iter()
            .map(|found| [found.old.is_some(), found.new.is_some()])
            .collect();
        assert_eq!(sides, [[true, false], [false, true]]);
    }

    #[test]
    fn an_empty_directory_is_named() {
        let mut objects = Objects::default();
        let empty = objects.tree(&[]);
        let new = objects.tree(&[(FileMode::Tree, "a", empty)]);
        let differences = objects.walked(None, Some(new)).differences;
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].unshown, Some(Unshown::EmptyDirectory));
        assert_eq!(objects.walked(None, Some(empty)).differences, []);
    }

    #[test]
    fn a_directory_that_is_too_deep_is_named() {
        let mut objects = Objects::default();
        let mut tree = objects.tree(&[(FileMode::File, "a", file("1"))]);
        for _ in 0..TREE_DEPTH_MAX {
            tree = objects.tree(&[(FileMode::Tree, "d", tree)]);
        }
        let differences = objects.walked(None, Some(tree)).differences;
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].unshown, Some(Unshown::TooDeep));
        assert_eq!(differences[0].path.len(), 2 * TREE_DEPTH_MAX - 1);
    }

    #[test]
    fn a_path_that_is_too_long_is_named() {
        let mut objects = Objects::default();
        let inner = objects.tree(&[(FileMode::File, "a", file("1"))]);
        let name = "n".repeat(PATH_BYTES_MAX + 1);
        let tree = objects.tree(&[(FileMode::Tree, &name, inner)]);
        let differences = objects.walked(None, Some(tree)).differences;
        assert_eq!(differences[0].unshown, Some(Unshown::TooDeep));
    }

    /// Ten levels of ten names for one subtree each are ten thousand million paths in ten objects.
    #[test]
    fn a_bomb_of_trees_ends_and_is_named() {
        let mut objects = Objects::default();
        let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let mut tree = objects.tree(&[(FileMode::File, "a", file("1"))]);
        for _ in 0..10 {
            let entries: Vec<_> = names
                .iter()
                .map(|name| (FileMode::Tree, name.as_str(), tree))
                .collect();
            tree = objects.tree(&entries);
        }
        let differences = objects.walked(None, Some(tree)).differences;
        assert_eq!(differences.len(), DIFFERENCES_MAX + 1);
        let last = differences.last().unwrap();
        assert_eq!(last.unshown, Some(Unshown::TooMany));
        assert!(!last.path.is_empty());
    }

    #[test]
    fn the_bytes_of_trees_that_are_read_are_bounded() {
        let mut objects = Objects::default();
        let leaf = objects.tree(&[(FileMode::File, "a", file("1"))]);
        let names: Vec<String> = (0..10_000).map(|number| format!("{number:05}")).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| (FileMode::Tree, name.as_str(), leaf))
            .collect();
        let wide = objects.tree(&entries);
        let mut budget = WalkBudget {
            tree_bytes: TREE_COST_BYTES_MIN,
            ..WalkBudget::default()
        };
        let Ok(walked) = walk(&mut objects, FORMAT, [None, Some(wide)], &mut budget);
        assert_eq!(walked.trees.len(), 1);
        assert_eq!(walked.differences[0].unshown, Some(Unshown::TooMany));
    }

    #[test]
    fn the_bytes_of_paths_that_are_listed_are_bounded() {
        let mut objects = Objects::default();
        let names: Vec<String> = (0..9).map(|number| format!("{number:04000}")).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| (FileMode::File, name.as_str(), file("1")))
            .collect();
        let wide = objects.tree(&entries);
        let mut budget = WalkBudget {
            path_bytes: 10_000,
            ..WalkBudget::default()
        };
        let Ok(walked) = walk(&mut objects, FORMAT, [None, Some(wide)], &mut budget);
        assert_eq!(walked.differences.len(), 4);
        assert_eq!(walked.differences[3].unshown, Some(Unshown::TooMany));
    }

    #[test]
    fn walks_share_a_budget_and_one_without_any_reads_nothing() {
        let mut objects = Objects::default();
        let tree = objects.tree(&[
            (FileMode::File, "a", file("1")),
            (FileMode::File, "b", file("1")),
        ]);
        let mut budget = WalkBudget {
            differences: 2,
            ..WalkBudget::default()
        };
        let Ok(first) = walk(&mut objects, FORMAT, [None, Some(tree)], &mut budget);
        assert_eq!(first.differences.len(), 2);
        let Ok(second) = walk(&mut objects, FORMAT, [None, Some(tree)], &mut budget);
        assert_eq!(second.trees, []);
        assert_eq!(second.differences.len(), 1);
        assert_eq!(second.differences[0].path, b"");
        assert_eq!(second.differences[0].unshown, Some(Unshown::TooMany));
        let Ok(same) = walk(&mut objects, FORMAT, [Some(tree), Some(tree)], &mut budget);
        assert_eq!(same, Walked::default());
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_reason() {
        struct Huge;

        impl ObjectSource for Huge {
            type Error = Infallible;

            fn object(&mut self, _: &ObjectId) -> Result<Found, Infallible> {
                Ok(Found::TooLarge { found_bytes: 7 })
            }
        }

        let mut objects = Objects::default();
        let blob = objects.put(samples::blob("no tree"));
        let missing = file("missing");
        let tree = objects.tree(&[
            (FileMode::Tree, "a", missing),
            (FileMode::Tree, "b", blob),
            (FileMode::File, "c", missing),
        ]);
        let differences = objects.walked(None, Some(tree)).differences;
        let why = ParseError::Kind { expected: "tree" };
        let unshown: Vec<_> = differences.into_iter().map(|found| found.unshown).collect();
        assert_eq!(
            unshown,
            [
                Some(Unshown::Missing { id: missing }),
                Some(Unshown::Unreadable { id: blob, why }),
                None,
            ]
        );
        let budget = &mut WalkBudget::default();
        let Ok(walked) = walk(&mut Huge, FORMAT, [None, Some(missing)], budget);
        assert!(matches!(
            walked.differences[0].unshown,
            Some(Unshown::ObjectTooLarge { found_bytes: 7, .. })
        ));
    }
}
