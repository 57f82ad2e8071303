//! Files: a tree of paths, versions that follow one another, and none that is ever lost.

use std::collections::{BTreeMap, BTreeSet};

use bundle_format::limits::PATH_BYTES_MAX;
use bundle_format::manifest::BundlePath;
use pack_format::codec::DecodeError;

use crate::blob::Content;
use crate::fold::{Folding, Written, live};
use crate::item_id::{Dot, ItemId};
use crate::operation::{Operation, Stamped};
use crate::wire::{Body, In, Out};

/// Puts a new file into the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutFile {
    /// Random: names the file.
    pub nonce: [u8; 16],
    /// Where it is.
    pub path: BundlePath,
    /// Its first version.
    pub version: FileVersion,
}

/// What a file is at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// Whether it may be run.
    pub executable: bool,
    /// Its bytes.
    pub content: Content,
}

/// Puts a new version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutVersion {
    /// The file.
    pub item: ItemId,
    /// What it is now.
    pub version: FileVersion,
    /// The versions that this one follows, ascending.
    pub replaces: Vec<Dot>,
}

/// Moves or renames a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFile {
    /// The file.
    pub item: ItemId,
    /// Where it is now.
    pub path: BundlePath,
    /// The placings that this one stands for, ascending.
    pub replaces: Vec<Dot>,
}

/// Takes a file out of the tree, as far as the remover has seen it: a version that is put at the
/// same time keeps it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveFile {
    /// The file.
    pub item: ItemId,
    /// The versions that were current, ascending.
    pub versions: Vec<Dot>,
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// It is the file; beside others that were put at the same time.
    Current,
    /// Another one follows it.
    Followed,
    /// It was current when the file was removed.
    Removed,
}

/// A file as its operations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is: several when it was moved to several places at once.
    pub places: Vec<Written<BundlePath>>,
    /// Every version there ever was, those before others first.
    pub versions: Vec<(VersionState, Written<FileVersion>)>,
}

impl File {
    /// The versions that are the file now: none when it was removed, several when they were put at
    /// the same time.
    pub fn current(&self) -> impl Iterator<Item = &Written<FileVersion>> {
        let current = |(state, version)| match state {
            &VersionState::Current => Some(version),
            VersionState::Followed | VersionState::Removed => None,
        };
        self.versions
            .iter()
            .map(|(state, version)| (state, version))
            .filter_map(current)
    }

    /// Whether it is in the tree.
    #[must_use]
    pub fn is_in_tree(&self) -> bool {
        self.current().next().is_some()
    }

    /// Whether somebody has to choose: between versions, or between places.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.current().count() > 1 || (self.is_in_tree() && self.places.len() > 1)
    }

    /// A version that follows every one that nothing follows yet; it also puts a removed file back.
    #[must_use]
    pub fn put(&self, item: ItemId, version: FileVersion) -> Operation {
        let newest = |(state, version): &(VersionState, Written<FileVersion>)| {
            (*state != VersionState::Followed).then_some(version.dot)
        };
        Operation::from(PutVersion {
            item,
            version,
            replaces: ascending(self.versions.iter().filter_map(newest)),
        })
    }

    /// A placing that stands for every one there is now.
    #[must_use]
    pub fn move_to(&self, item: ItemId, path: BundlePath) -> Operation {
        Operation::from(MoveFile {
            item,
            path,
            replaces: ascending(self.places.iter().map(|place| place.dot)),
        })
    }

    /// A removal of what is current now.
    #[must_use]
    pub fn remove(&self, item: ItemId) -> Operation {
        Operation::from(RemoveFile {
            item,
            versions: ascending(self.current().map(|version| version.dot)),
        })
    }

    pub(crate) fn fold(put: &PutFile, by: &Stamped, folding: &Folding<'_>) -> Self {
        let mut places = vec![(by, &put.path, &[][..])];
        let mut versions = vec![(by, &put.version)];
        let mut followed: BTreeSet<Dot> = BTreeSet::new();
        let mut removed: BTreeSet<Dot> = BTreeSet::new();
        for stamped in &folding.rest {
            match &stamped.operation {
                Operation::PutVersion(put) => {
                    followed.extend(&put.replaces);
                    versions.push((stamped, &put.version));
                }
                Operation::MoveFile(moved) => {
                    places.push((stamped, &moved.path, &moved.replaces));
                }
                Operation::RemoveFile(remove) => removed.extend(&remove.versions),
                _ => {}
            }
        }
        let with_state = |(stamped, version): (&Stamped, &FileVersion)| {
            let state = if followed.contains(&stamped.dot) {
                VersionState::Followed
            } else if removed.contains(&stamped.dot) {
                VersionState::Removed
            } else {
                VersionState::Current
            };
            (state, Written::of(stamped, version.clone()))
        };
        Self {
            places: live(places),
            versions: versions.into_iter().map(with_state).collect(),
        }
    }
}

/// Two files of the tree that cannot both be where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collision {
    /// The file whose path is taken, or is a folder of the other's path.
    pub one: ItemId,
    /// The other.
    pub other: ItemId,
}

/// The files that are in each other's way, from the places of those that are in the tree: several
/// with one path, and those whose path is a folder of another's.
#[must_use]
pub fn collisions<'a>(
    places: impl IntoIterator<Item = (ItemId, &'a BundlePath)>,
) -> Vec<Collision> {
    let mut at: BTreeMap<&str, Vec<ItemId>> = BTreeMap::new();
    for (item, path) in places {
        at.entry(path.as_str()).or_default().push(item);
    }
    let mut found = BTreeSet::new();
    for (path, items) in &at {
        let folders = path
            .match_indices('/')
            .filter_map(|(end, _)| path.get(..end));
        let in_the_way = folders.filter_map(|folder| at.get(folder)).flatten();
        for item in items {
            let same = items.iter().filter(|other| *other < item);
            for one in same.chain(in_the_way.clone()).copied() {
                let other = *item;
                if one != other {
                    found.insert(Collision { one, other });
                }
            }
        }
    }
    found.into_iter().collect()
}

impl FileVersion {
    fn write(&self, out: &mut Out<'_>) {
        out.writer.u8(self.executable.into());
        self.content.write(&mut out.writer);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            executable: input.flag("executable")?,
            content: Content::read(&mut input.reader)?,
        })
    }
}

fn read_path(input: &mut In<'_, '_>) -> Result<BundlePath, DecodeError> {
    BundlePath::new(input.text(PATH_BYTES_MAX.into(), "path")?)
}

fn ascending(dots: impl Iterator<Item = Dot>) -> Vec<Dot> {
    let mut dots: Vec<_> = dots.collect();
    dots.sort_unstable();
    dots
}

impl Body for PutFile {
    const KIND: u8 = 0x40;

    fn write(&self, out: &mut Out<'_>) {
        out.writer.put(&self.nonce);
        out.text(self.path.as_str());
        self.version.write(out);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: input.reader.take_array("nonce")?,
            path: read_path(input)?,
            version: FileVersion::read(input)?,
        })
    }
}

impl Body for PutVersion {
    const KIND: u8 = 0x41;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        self.version.write(out);
        out.dots(&self.replaces);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            version: FileVersion::read(input)?,
            replaces: input.dots()?,
        })
    }
}

impl Body for MoveFile {
    const KIND: u8 = 0x42;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.text(self.path.as_str());
        out.dots(&self.replaces);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            path: read_path(input)?,
            replaces: input.dots()?,
        })
    }
}

impl Body for RemoveFile {
    const KIND: u8 = 0x43;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.dots(&self.versions);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            versions: input.dots()?,
        })
    }
}
