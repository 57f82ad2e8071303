//! `file add`: files and folders go into a space.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bundle_format::content::{Contents as _, Progress};
use bundle_format::manifest::{BundlePath, EntryKind};
use team_content::file::{File, FileVersion, PutFile};
use team_content::fold::Item;
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Operation;
use team_core::ids::CompartmentId;
use team_core::role::Role;

use super::super::TeamError;
use super::super::folder::Folder;
use super::super::items::{need, text_of};
use super::super::session::{Session, in_space};
use super::super::view::{View, digits};
use super::{SealedContent, Sealer};
use crate::clock::UnixTime;
use crate::files::FileError;
use crate::store::{ItemFilter, ItemRow, StoredItem};
use crate::vault::Vault;
use crate::work::WorkError;
use crate::work::walk::{NewContents, Special, walk};

/// What is to be added.
#[derive(Clone, Copy, Debug)]
pub struct AddRequest<'a> {
    /// What this vault calls the space.
    pub space: &'a str,
    /// Files and folders; they keep their names.
    pub paths: &'a [PathBuf],
    /// The folder of the space that they go into.
    pub folder: Option<&'a str>,
    /// Who is to read them.
    pub compartment: Option<&'a str>,
    /// What to do with links and special files.
    pub special: Special,
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    New,
    /// It is a new version of the file at its path.
    Version,
    /// The file at its path is the same already.
    Same,
}

/// A file that was added.
#[derive(Clone, Debug)]
pub struct AddedFile {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// Where it is.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// What became of it.
    pub change: FileChange,
}

/// What was added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The files.
    pub files: Vec<AddedFile>,
    /// Links and special files that were left out.
    pub skipped: u64,
    /// Pieces that have to be carried: all others were in the space before.
    pub new_piece_count: usize,
}

/// Adds files and folders to a space. A file at a path where there is one becomes its next
/// version.
///
/// # Errors
/// [`TeamError`]; nothing was added then.
pub fn add(
    vault: &Vault,
    asked: &AddRequest<'_>,
    now: UnixTime,
    progress: &mut Progress<'_>,
) -> Result<Added, TeamError> {
    if asked.paths.is_empty() {
        return Err(WorkError::Nothing.into());
    }
    let found = walk(asked.paths, asked.special).map_err(WorkError::from)?;
    let skipped = found.skipped();
    let (row, compartment, key) = in_space(vault, asked.space, now, |session| {
        need(&session.view, Role::Editor)?;
        let compartment = session.view.find_compartment(asked.compartment)?;
        let (_, key) = session.epoch_for(compartment)?;
        Ok((session.view.row(), compartment, key))
    })?;
    let mut sealer = Sealer::new(vault, row, compartment, &key)?;
    let mut contents = NewContents::default().with_files(found);
    let mut sealed = Vec::new();
    let unreadable = |err| FileError::of("read", Path::new("what is to be added"))(err);
    while let Some((kind, source)) = contents.next_entry().map_err(unreadable)? {
        let EntryKind::File { path, executable } = kind else {
            continue;
        };
        let path = in_folder(asked.folder, &path)?;
        let failed = |err| FileError::of("read", Path::new(path.as_str()))(err).into();
        let content = sealer.seal(source, failed, progress)?;
        sealed.push((path, executable, content));
    }
    let files = in_space(vault, asked.space, now, |session| {
        let compartment = session.view.find_compartment(asked.compartment)?;
        let files = put_all(session, &sealer, compartment, sealed)?;
        sealer.store(session)?;
        Ok(files)
    })?;
    let new_piece_count = sealer.keep();
    Ok(Added {
        files,
        skipped,
        new_piece_count,
    })
}

fn in_folder(folder: Option<&str>, path: &BundlePath) -> Result<BundlePath, TeamError> {
    let Some(folder) = folder
        .map(|it| it.trim_matches('/'))
        .filter(|it| !it.is_empty())
    else {
        return Ok(path.clone());
    };
    BundlePath::new(&format!("{folder}/{}", path.as_str())).map_err(TeamError::Format)
}

fn put_all(
    session: &mut Session<'_>,
    sealer: &Sealer<'_>,
    compartment: CompartmentId,
    sealed: Vec<(BundlePath, bool, SealedContent)>,
) -> Result<Vec<AddedFile>, TeamError> {
    let tree = Tree::of(&session.view, compartment)?;
    let mut files = Vec::new();
    for (path, executable, content) in sealed {
        tree.check_free(&session.view, &path)?;
        let version = FileVersion {
            executable,
            content: content.content.clone(),
        };
        let (item, change) = match tree.file_at(&session.view, &path)? {
            Some((stored, file)) if is_same(&file, &version) => {
                (text_of(&session.view, &stored), FileChange::Same)
            }
            Some((stored, file)) => {
                let put = file.put(stored.item, version);
                let item = text_of(&session.view, &stored);
                write_one(session, sealer, compartment, put, &content)?;
                (item, FileChange::Version)
            }
            None => {
                let nonce = session.rng().array();
                let id = ItemId::of(session.view.own_device(), &nonce);
                let put = PutFile {
                    nonce,
                    path: path.clone(),
                    version,
                };
                write_one(session, sealer, compartment, put.into(), &content)?;
                let item = format!("{}/{}", session.view.name(), digits(&id.0));
                (item, FileChange::New)
            }
        };
        files.push(AddedFile {
            item,
            path: path.as_str().to_owned(),
            size_bytes: content.content.size_bytes,
            change,
        });
    }
    Ok(files)
}

/// Each file stands alone in its segment, so that it can be deleted alone.
fn write_one(
    session: &mut Session<'_>,
    sealer: &Sealer<'_>,
    compartment: CompartmentId,
    operation: Operation,
    content: &SealedContent,
) -> Result<(), TeamError> {
    for dot in session.write_content(compartment, &[operation])? {
        sealer.note(session, dot, &[content])?;
    }
    Ok(())
}

fn is_same(file: &File, version: &FileVersion) -> bool {
    let mut current = file.current();
    let is_same = current.next().is_some_and(|it| {
        it.value.content.hash == version.content.hash && it.value.executable == version.executable
    });
    is_same && current.next().is_none()
}

/// The paths of the files in a compartment.
pub(super) struct Tree {
    at: BTreeMap<String, Vec<ItemRow>>,
    folders: BTreeSet<String>,
}

impl Tree {
    pub(super) fn of(view: &View<'_>, compartment: CompartmentId) -> Result<Self, TeamError> {
        let mut tree = Self {
            at: BTreeMap::new(),
            folders: BTreeSet::new(),
        };
        let mut filter = ItemFilter {
            compartment: Some(compartment),
            ..ItemFilter::default()
        };
        loop {
            let kind = Some(ItemKind::File);
            let page = view.tables.items(view.row(), kind, &filter, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(tree);
            };
            filter.after = Some((last.line.updated_at, last.id));
            for item in page {
                let ends = item.line.title.match_indices('/');
                let folders = ends.filter_map(|(end, _)| item.line.title.get(..end));
                tree.folders.extend(folders.map(str::to_owned));
                tree.at.entry(item.line.title).or_default().push(item.id);
            }
        }
    }

    /// The one file at a path; none where there is none, or several, of which no one is meant.
    fn file_at(
        &self,
        view: &View<'_>,
        path: &BundlePath,
    ) -> Result<Option<(StoredItem, File)>, TeamError> {
        let Some([row]) = self.at.get(path.as_str()).map(Vec::as_slice) else {
            return Ok(None);
        };
        let Some(stored) = view.tables.item(*row)? else {
            return Ok(None);
        };
        let folded = Folder::new(view).fold(view.tables, &stored)?;
        Ok(match folded.item {
            Some(Item::File(file)) => Some((stored, file)),
            _ => None,
        })
    }

    /// Whether a file can be at a path: it is no folder, and lies in no file.
    pub(super) fn check_free(&self, view: &View<'_>, path: &BundlePath) -> Result<(), TeamError> {
        let text = path.as_str();
        let mut above = text
            .match_indices('/')
            .filter_map(|(end, _)| text.get(..end));
        let state = if self.folders.contains(text) {
            "is a folder there"
        } else if above.any(|folder| self.at.contains_key(folder)) {
            "would lie in a file"
        } else {
            return Ok(());
        };
        Err(TeamError::StateAdvised {
            which: pack_format::shown::Shown(text).to_string(),
            state: format!("{state}, in {}", view.name()),
            next: format!(
                "Choose another path, or see what is there: offline-vault file list {}.",
                view.name()
            ),
        })
    }

    /// Whether a file is at a path.
    pub(super) fn is_taken(&self, path: &BundlePath) -> bool {
        self.at.contains_key(path.as_str())
    }
}

/// Files that are read at once.
const PAGE: u32 = 1000;
