//! What a commit changes: its tree beside the tree of its first parent, as far as the material of
//! the request proves it.
//!
//! The commit names its parent by id, the parent's bytes name its tree, the tree its entries: all
//! of it is covered by what is signed. What did not come is called not shown.

use super::{
    diff::TextDiff,
    object::ObjectId,
    walk::{Side, Unshown, is_suspicious_path},
};

/// What a commit changes against its first parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// With what the commit was compared.
    pub base: Base,
    /// Each file that differs, in git's order, and each directory that could not be entered.
    pub files: Vec<FileChange>,
    /// The path at which the comparison ends, because more differs than is listed: what stands
    /// there and after it is not known. Empty when nothing was compared at all.
    pub ends_at: Option<Vec<u8>>,
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
    /// The paths of which it is not shown what they change. The files of a submodule are among what
    /// is not.
    pub fn not_shown(&self) -> impl Iterator<Item = &FileChange> {
        self.files.iter().filter(|file| match file.detail {
            Detail::NotShown(_) | Detail::TooLarge { .. } | Detail::Submodule => true,
            Detail::Text(_) | Detail::Binary { .. } | Detail::ModeOnly => false,
        })
    }

    /// Whether the base is known, the list of paths is whole and no path is without its content.
    /// Of binary files the ids and sizes are all that can be shown: see [`Self::holds_binary`].
    #[must_use]
    pub fn is_all_shown(&self) -> bool {
        !matches!(self.base, Base::NotShown { .. })
            && self.ends_at.is_none()
            && self.not_shown().next().is_none()
    }

    /// Whether a file is of bytes that nobody can read. One zero byte is enough for it.
    #[must_use]
    pub fn holds_binary(&self) -> bool {
        let mut files = self.files.iter();
        files.any(|file| matches!(file.detail, Detail::Binary { .. }))
    }
}
