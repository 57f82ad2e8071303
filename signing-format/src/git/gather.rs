//! What the vault needs to show commits, found in a repository by the walk that the vault takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

use super::{
    commit::{Commit, tree_named_by},
    limits::{DECOMPRESSED_BYTES_MAX, MATERIAL_OBJECTS_MAX},
    object::{ObjectError, ObjectFormat, ObjectId, ObjectKind, RawObject},
    signed::{NOTHING_SIGNED, Signable, ToSign},
    tree::FileMode,
    walk::{Difference, Unshown, WalkBudget, walk},
};

pub use super::walk::{Found, ObjectSource};

/// The material of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The objects, each once, likenesses side by side: commits, then trees, then blobs, the
    /// latter two by path.
    pub material: Vec<RawObject>,
    /// What the vault will call not shown.
    pub left_out: Vec<LeftOut>,
}

/// Something that the vault will call not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The path in the commit; empty for a commit or its root tree.
    pub path: Vec<u8>,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why something is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// The walk could not show it.
    Unshown(Unshown),
    /// The two sides of the file do not fit in what is left of the budget.
    Budget {
        /// How many bytes they need.
        needed_bytes: usize,
    },
}

/// Why the material cannot be gathered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GatherError<E: Error + 'static> {
    /// The repository could not be read.
    #[error("the git repository cannot be read")]
    Source(#[source] E),
    /// The repository gave another object than the one it was asked for.
    #[error("the git repository gave another object for {id}")]
    OtherObject {
        /// The id that was asked for.
        id: ObjectId,
    },
    /// An object of the repository has no id.
    #[error("the git object {id} is damaged")]
    Object {
        /// The id that was asked for.
        id: ObjectId,
        /// Why.
        #[source]
        source: ObjectError,
    },
    /// The directories alone are more than a request holds.
    #[error("the directories that differ are more than a request holds")]
    TooMuch,
}

impl<E: Error + 'static> Advice for GatherError<E> {
    fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "git-repository-unreadable",
            Self::OtherObject { .. } | Self::Object { .. } => "git-repository-damaged",
            Self::TooMuch => "git-content-too-large",
        }
    }

    fn data_safe(&self) -> String {
        NOTHING_SIGNED.to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Source(_) => "Run git status there and follow what it says.",
            Self::OtherObject { .. } | Self::Object { .. } => {
                "Check the repository with git fsck --full, or clone it again."
            }
            Self::TooMuch => "Ask for fewer commits at a time, for example the older half first.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Source(_) => Exit::Failed,
            Self::OtherObject { .. } | Self::Object { .. } => Exit::Refused,
            Self::TooMuch => Exit::Usage,
        }
    }
}

/// Collects what the vault needs to show `to_sign`: the raw commits that they build on, and both
/// sides of each tree and file that differs from the first parent.
///
/// Blobs together are at most `blob_budget_bytes`; a file of which not both sides fit is left out.
/// Trees are never left out. All that is left out is named.
///
/// # Errors
/// Any [`GatherError`].
pub fn gather<S>(
    source: &mut S,
    format: ObjectFormat,
    to_sign: &[ToSign],
    blob_budget_bytes: usize,
) -> Result<Gathered, GatherError<S::Error>>
where
    S: ObjectSource,
    S::Error: Error + 'static,
{
    let mut gathering = Gathering {
        source: Checked {
            source,
            format,
            trees: BTreeMap::new(),
            tree_bytes: 0,
        },
        known: to_sign.iter().map(|object| (object.id(), object)).collect(),
        taken: BTreeSet::new(),
        trees: BTreeMap::new(),
        files: BTreeMap::new(),
        budget: WalkBudget::default(),
        gathered: Gathered::default(),
    };
    for object in to_sign {
        gathering.look_at(object)?;
    }
    gathering.put_trees()?;
    gathering.put_blobs(blob_budget_bytes)?;
    Ok(gathering.gathered)
}

/// A source of which each answer is checked, and which keeps the trees that were read.
struct Checked<'s, S> {
    source: &'s mut S,
    format: ObjectFormat,
    trees: BTreeMap<ObjectId, RawObject>,
    tree_bytes: usize,
}

impl<S> ObjectSource for Checked<'_, S>
where
    S: ObjectSource,
    S::Error: Error + 'static,
{
    type Error = GatherError<S::Error>;

    fn object(&mut self, id: &ObjectId) -> Result<Found, Self::Error> {
        if let Some(tree) = self.trees.get(id) {
            return Ok(Found::Object(tree.clone()));
        }
        let found = self.source.object(id).map_err(GatherError::Source)?;
        let Found::Object(object) = &found else {
            return Ok(found);
        };
        let found_id = object.id(self.format);
        let found_id = found_id.map_err(|source| GatherError::Object { id: *id, source })?;
        if found_id != *id {
            return Err(GatherError::OtherObject { id: *id });
        }
        if object.kind() == ObjectKind::Tree {
            self.tree_bytes = self.tree_bytes.saturating_add(object.bytes().len());
            if self.tree_bytes > DECOMPRESSED_BYTES_MAX || self.trees.len() >= MATERIAL_COUNT_MAX {
                return Err(GatherError::TooMuch);
            }
            self.trees.insert(*id, object.clone());
        }
        Ok(found)
    }
}

struct Gathering<'s, 't, S> {
    source: Checked<'s, S>,
    known: BTreeMap<ObjectId, &'t ToSign>,
    taken: BTreeSet<ObjectId>,
    // By path, so that what is alike crosses side by side.
    trees: BTreeMap<Vec<u8>, Vec<ObjectId>>,
    files: BTreeMap<Vec<u8>, Vec<[Option<ObjectId>; 2]>>,
    // The one that the vault has for all commits too, so that both end at the same path.
    budget: WalkBudget,
    gathered: Gathered,
}

impl<S> Gathering<'_, '_, S>
where
    S: ObjectSource,
    S::Error: Error + 'static,
{
    fn look_at(&mut self, object: &ToSign) -> Result<(), GatherError<S::Error>> {
        match object.object() {
            Signable::Commit(commit) => {
                let mut trees = Vec::new();
                for parent in commit.parents() {
                    trees.push(self.tree_of(*parent)?);
                }
                match trees.first() {
                    None => self.walk(None, commit),
                    Some(Some(tree)) => self.walk(Some(*tree), commit),
                    // Without the base nothing can be compared; it is named already.
                    Some(None) => Ok(()),
                }
            }
            Signable::Tag(tag) if tag.kind() == ObjectKind::Commit => {
                self.tree_of(tag.object()).map(|_| ())
            }
            Signable::Tag(_) => Ok(()),
        }
    }

    /// The tree of a commit, which joins the material unless it is signed itself.
    fn tree_of(&mut self, id: ObjectId) -> Result<Option<ObjectId>, GatherError<S::Error>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.commit().map(Commit::tree));
        }
        let unshown = match self.source.object(&id)? {
            Found::Object(raw) => match tree_named_by(&raw, self.source.format) {
                Ok(tree) => {
                    if self.taken.insert(id) {
                        self.gathered.material.push(raw);
                    }
                    return Ok(Some(tree));
                }
                Err(why) => Unshown::Unreadable { id, why },
            },
            Found::TooLarge { found_bytes } => Unshown::ObjectTooLarge { id, found_bytes },
            Found::Missing => Unshown::Missing { id },
        };
        // Several commits may build on one that is not there.
        if self.taken.insert(id) {
            self.leave_out(Vec::new(), LeftOutReason::Unshown(unshown));
        }
        Ok(None)
    }

    fn walk(
        &mut self,
        old: Option<ObjectId>,
        commit: &Commit,
    ) -> Result<(), GatherError<S::Error>> {
        let format = self.source.format;
        let walked = walk(
            &mut self.source,
            format,
            [old, Some(commit.tree())],
            &mut self.budget,
        )?;
        for (path, id) in walked.trees {
            self.trees.entry(path).or_default().push(id);
        }
        for found in walked.differences {
            self.note(found);
        }
        Ok(())
    }

    fn note(&mut self, found: Difference) {
        if let Some(unshown) = found.unshown {
            self.leave_out(found.path, LeftOutReason::Unshown(unshown));
            return;
        }
        let blob = |side: Option<super::Side>| {
            side.filter(|side| side.mode != FileMode::Submodule)
                .map(|side| side.id)
        };
        let pair = [blob(found.old), blob(found.new)];
        // The same object on both sides is shown without its content.
        if let [old, new] = pair
            && old != new
        {
            let pairs = self.files.entry(found.path).or_default();
            // A change that is made again, after it was reverted.
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }

    fn put_trees(&mut self) -> Result<(), GatherError<S::Error>> {
        for id in std::mem::take(&mut self.trees).into_values().flatten() {
            if let Some(tree) = self.source.trees.get(&id)
                && self.taken.insert(id)
            {
                self.gathered.material.push(tree.clone());
            }
        }
        if self.gathered.material.len() > MATERIAL_COUNT_MAX {
            return Err(GatherError::TooMuch);
        }
        Ok(())
    }

    fn put_blobs(&mut self, budget_bytes: usize) -> Result<(), GatherError<S::Error>> {
        let mut left_bytes = budget_bytes.min(self.room_bytes());
        for (path, pairs) in std::mem::take(&mut self.files) {
            for pair in pairs {
                self.put_pair(&path, pair, &mut left_bytes)?;
            }
        }
        Ok(())
    }

    /// How many bytes of blobs the content can hold beside what it has to.
    fn room_bytes(&self) -> usize {
        let signed = self
            .known
            .values()
            .map(|object| object.object().to_bytes().len());
        let shown = self
            .gathered
            .material
            .iter()
            .map(|object| object.bytes().len());
        let used = signed.chain(shown).fold(
            MATERIAL_COUNT_MAX.saturating_mul(OBJECT_OVERHEAD_BYTES),
            usize::saturating_add,
        );
        DECOMPRESSED_BYTES_MAX.saturating_sub(used)
    }

    fn put_pair(
        &mut self,
        path: &[u8],
        pair: [Option<ObjectId>; 2],
        left_bytes: &mut usize,
    ) -> Result<(), GatherError<S::Error>> {
        let mut needed = Vec::new();
        let mut needed_bytes = 0_usize;
        for id in pair.into_iter().flatten() {
            if self.taken.contains(&id) {
                continue;
            }
            let unshown = match self.source.object(&id)? {
                Found::Object(raw) => {
                    needed_bytes = needed_bytes.saturating_add(raw.bytes().len());
                    needed.push((id, raw));
                    continue;
                }
                Found::TooLarge { found_bytes } => Unshown::ObjectTooLarge { id, found_bytes },
                Found::Missing => Unshown::Missing { id },
            };
            self.leave_out(path.to_vec(), LeftOutReason::Unshown(unshown));
            return Ok(());
        }
        let count = self.gathered.material.len().saturating_add(needed.len());
        let Some(rest) = left_bytes
            .checked_sub(needed_bytes)
            .filter(|_| count <= MATERIAL_COUNT_MAX)
        else {
            self.leave_out(path.to_vec(), LeftOutReason::Budget { needed_bytes });
            return Ok(());
        };
        *left_bytes = rest;
        for (id, raw) in needed {
            self.taken.insert(id);
            self.gathered.material.push(raw);
        }
        Ok(())
    }

    fn leave_out(&mut self, path: Vec<u8>, reason: LeftOutReason) {
        self.gathered.left_out.push(LeftOut { path, reason });
    }
}

/// What an object adds to the content beside its bytes.
const OBJECT_OVERHEAD_BYTES: usize = 5;
/// The limit as the lengths that it is compared with.
const MATERIAL_COUNT_MAX: usize = MATERIAL_OBJECTS_MAX as usize;
