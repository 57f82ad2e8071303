//! The files of a space: listed, looked at, saved, moved, removed.

use std::path::{Path, PathBuf};

use bundle_format::manifest::BundlePath;
use team_content::file::{File, FileVersion, VersionState};
use team_content::fold::{Item, Written};
use team_content::index::ItemKind;

use super::super::TeamError;
use super::super::delivery::{Deliveries, Delivery};
use super::super::folder::Folder;
use super::super::items::{Deletion, ItemReference, find_folded, made, text_of};
use super::super::session::{in_space, look};
use super::super::view::View;
use super::add::Tree;
use super::pieces::{PieceCount, Released, note_plain};
use super::{Pieces, release};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, ItemFlag, StoredItem};
use crate::vault::Vault;

/// Which files are to be listed.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// What this vault calls the space.
    pub space: &'a str,
    /// Only what is under this folder.
    pub folder: Option<&'a str>,
    /// Those that were removed or deleted, instead of those that are there.
    pub removed: bool,
    /// At most so many, the newest.
    pub limit: u32,
    /// Whether to say where each is.
    pub with_delivery: bool,
}

/// A file in a list.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// All digits.
    pub id: String,
    /// Where it is. Text of others.
    pub path: String,
    /// The compartment; none for the space as a whole.
    pub compartment: Option<String>,
    /// Its size; of the first version where there are several.
    pub size_bytes: u64,
    /// When it changed last, as its author's clock had it.
    pub updated_at: UnixTime,
    /// Pieces that have not come.
    pub pieces: PieceCount,
    /// Versions that were put at the same time, or places.
    pub conflict: bool,
    /// Somebody changed it who had lost the right.
    pub late: bool,
    /// It was changed by somebody else since it was looked at.
    pub unread: bool,
    /// How far its deletion got, if it was deleted for everyone.
    pub deletion: Option<Deletion>,
    /// Where it is, where that was asked for.
    pub delivery: Option<Delivery>,
}

/// The files of a space.
#[derive(Clone, Debug)]
pub struct FileList {
    /// Ascending by path.
    pub files: Vec<FileLine>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// One version of a file.
#[derive(Clone, Debug)]
pub struct FileVersionLine {
    /// From 1.
    pub number: usize,
    /// Who put it. Text of others, escaped.
    pub author: String,
    /// When, as its author's clock had it.
    pub put_at: UnixTime,
    /// Its size.
    pub size_bytes: u64,
    /// Whether it may be run.
    pub executable: bool,
    /// What became of it.
    pub state: VersionState,
    /// How much of it is here.
    pub pieces: PieceCount,
}

/// A file with its versions.
#[derive(Clone, Debug)]
pub struct ShownFile {
    /// Its line.
    pub line: FileLine,
    /// Where it is: several when it was moved to several places at once. Text of others.
    pub paths: Vec<String>,
    /// All versions, those before others first.
    pub versions: Vec<FileVersionLine>,
}

/// Lists the files of a space.
///
/// # Errors
/// [`TeamError`].
pub fn list(vault: &Vault, asked: &ListRequest<'_>) -> Result<FileList, TeamError> {
    let folder = vault.paths().bundles();
    look(vault, asked.space, |view| {
        let filter = ItemFilter {
            flag: asked.removed.then_some(ItemFlag::Deleted),
            ..ItemFilter::default()
        };
        let kind = Some(ItemKind::File);
        let mut items = view.tables.items(view.row(), kind, &filter, asked.limit)?;
        let is_cut = u32::try_from(items.len()).is_ok_and(|found| found >= asked.limit);
        if let Some(folder) = asked.folder {
            let prefix = format!("{}/", folder.trim_matches('/'));
            items.retain(|item| item.line.title.starts_with(&prefix));
        }
        items.sort_by(|one, other| one.line.title.cmp(&other.line.title));
        let deliveries = match asked.with_delivery {
            true => Some(Deliveries::of(view)?),
            false => None,
        };
        let mut folder_of = Folder::new(view);
        let mut files = Vec::new();
        for stored in &items {
            let folded = folder_of.fold(view.tables, stored)?;
            let file = match folded.item {
                Some(Item::File(file)) => Some(file),
                _ => None,
            };
            let delivery = deliveries.as_ref().map(|it| it.item(stored)).transpose()?;
            files.push(line(view, &folder, stored, file.as_ref(), delivery)?);
        }
        Ok(FileList { files, is_cut })
    })
}

fn line(
    view: &View<'_>,
    folder: &Path,
    stored: &StoredItem,
    file: Option<&File>,
    delivery: Option<Delivery>,
) -> Result<FileLine, TeamError> {
    let mut pieces = PieceCount::default();
    let mut size_bytes = 0;
    if let Some(version) = file.and_then(newest) {
        let content = &version.value.content;
        size_bytes = content.size_bytes;
        pieces = Pieces::new(view.tables, view.row(), folder)?.count(content)?;
    }
    let has = |flag| stored.line.flags.has(flag);
    Ok(FileLine {
        item: text_of(view, stored),
        id: stored.item.to_string(),
        path: stored.line.title.clone(),
        compartment: view.compartment_text(stored.compartment),
        size_bytes,
        updated_at: stored.line.updated_at,
        pieces,
        conflict: has(ItemFlag::Conflict),
        late: has(ItemFlag::Late),
        unread: has(ItemFlag::Unread),
        deletion: match file {
            Some(_) => None,
            None => Deletion::of(view, stored)?,
        },
        delivery,
    })
}

/// The version that a list speaks of: the first that is the file now, else the last one.
fn newest(file: &File) -> Option<&Written<FileVersion>> {
    let current = file.current().next();
    current.or_else(|| file.versions.last().map(|(_, version)| version))
}

/// A file with all its versions.
///
/// # Errors
/// [`TeamError`].
pub fn show(vault: &Vault, which: &ItemReference) -> Result<ShownFile, TeamError> {
    let folder = vault.paths().bundles();
    let (row, shown) = look(vault, &which.space, |view| {
        let (stored, folded) = find_folded(view, &which.digits, ItemKind::File)?;
        let Item::File(file) = made(view, &stored, folded)? else {
            return Err(not_a_file(view, &stored));
        };
        let delivery = Deliveries::of(view)?.item(&stored)?;
        let mut pieces = Pieces::new(view.tables, view.row(), &folder)?;
        let mut versions = Vec::new();
        for (number, (state, version)) in (1..).zip(&file.versions) {
            versions.push(FileVersionLine {
                number,
                author: view.device_text(version.dot.device),
                put_at: UnixTime::of_secs(version.claimed_at),
                size_bytes: version.value.content.size_bytes,
                executable: version.value.executable,
                state: *state,
                pieces: pieces.count(&version.value.content)?,
            });
        }
        let places = file.places.iter().map(|it| it.value.as_str().to_owned());
        Ok((
            stored.id,
            ShownFile {
                paths: places.collect(),
                line: line(view, &folder, &stored, Some(&file), Some(delivery))?,
                versions,
            },
        ))
    })?;
    vault.store().write(|changes| changes.mark_read(row))?;
    Ok(shown)
}

/// Writes a version of a file into a folder: whole and compared with the hash that its author
/// named, or not at all.
///
/// # Errors
/// [`TeamError::Incomplete`] while pieces are missing; [`TeamError::StateAdvised`] when several
/// versions are the file and none was chosen.
pub fn save(
    vault: &Vault,
    which: &ItemReference,
    version: Option<usize>,
    to: &Path,
) -> Result<Vec<PathBuf>, TeamError> {
    let folder = vault.paths().bundles();
    let (saved, row, compartment, content) = look(vault, &which.space, |view| {
        let (stored, folded) = find_folded(view, &which.digits, ItemKind::File)?;
        let Item::File(file) = made(view, &stored, folded)? else {
            return Err(not_a_file(view, &stored));
        };
        let chosen = &choose(view, &stored, &file, version)?.value;
        let released = Released {
            which: text_of(view, &stored),
            name: last_component(&file)?,
            executable: chosen.executable,
            content: &chosen.content,
        };
        let mut pieces = Pieces::new(view.tables, view.row(), &folder)?;
        let saved = release(&mut pieces, &[released], to)?;
        Ok((
            saved,
            view.row(),
            stored.compartment,
            chosen.content.clone(),
        ))
    })?;
    vault
        .store()
        .write(|changes| note_plain(changes, row, compartment, &folder, &content))?;
    Ok(saved)
}

fn choose<'a>(
    view: &View<'_>,
    stored: &StoredItem,
    file: &'a File,
    version: Option<usize>,
) -> Result<&'a Written<FileVersion>, TeamError> {
    let which = text_of(view, stored);
    if let Some(number) = version {
        let at = number.checked_sub(1).and_then(|at| file.versions.get(at));
        return at
            .map(|(_, version)| version)
            .ok_or_else(|| TeamError::InputAdvised {
                what: format!("{which} has no version {number}"),
                next: format!("See which there are: offline-vault file versions {which}."),
            });
    }
    let mut current = file.current();
    match (current.next(), current.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(TeamError::StateAdvised {
            next: format!(
                "Choose one of its versions with --version N: offline-vault file versions {which}."
            ),
            which,
            state: "was removed".to_owned(),
        }),
        (Some(_), Some(_)) => {
            let numbered = (1usize..).zip(&file.versions);
            let current = numbered.filter(|(_, (state, _))| *state == VersionState::Current);
            let numbers: Vec<String> = current.map(|(number, _)| number.to_string()).collect();
            Err(TeamError::StateAdvised {
                next: format!(
                    "Choose with --version {}: offline-vault file versions {which}.",
                    numbers.join(" or --version ")
                ),
                which,
                state: "has several versions that were put at the same time".to_owned(),
            })
        }
    }
}

fn last_component(file: &File) -> Result<BundlePath, TeamError> {
    let path = file.places.first().map(|place| place.value.clone());
    let name = path.as_ref().and_then(|path| path.components().last());
    BundlePath::new(name.unwrap_or_default()).map_err(TeamError::Format)
}

/// Moves or renames a file. Returns where it is now.
///
/// # Errors
/// [`TeamError::StateAdvised`] when something is there already.
pub fn move_to(
    vault: &Vault,
    which: &ItemReference,
    to: &str,
    now: UnixTime,
) -> Result<String, TeamError> {
    let path = BundlePath::new(to.trim_matches('/')).map_err(TeamError::Format)?;
    in_space(vault, &which.space, now, |session| {
        let (stored, folded) = find_folded(&session.view, &which.digits, ItemKind::File)?;
        let Item::File(file) = made(&session.view, &stored, folded)? else {
            return Err(not_a_file(&session.view, &stored));
        };
        let tree = Tree::of(&session.view, stored.compartment)?;
        tree.check_free(&session.view, &path)?;
        if tree.is_taken(&path) {
            return Err(TeamError::StateAdvised {
                which: pack_format::shown::Shown(to).to_string(),
                state: "is another file already".to_owned(),
                next: format!(
                    "Choose another path, or see what is there: offline-vault file list {}.",
                    session.view.name()
                ),
            });
        }
        let operation = file.move_to(stored.item, path.clone());
        session.write_content(stored.compartment, &[operation])?;
        Ok(path.as_str().to_owned())
    })
}

/// Takes a file out of the tree. Its versions stay, and putting a new one puts it back.
///
/// # Errors
/// [`TeamError`].
pub fn remove(vault: &Vault, which: &ItemReference, now: UnixTime) -> Result<(), TeamError> {
    in_space(vault, &which.space, now, |session| {
        let (stored, folded) = find_folded(&session.view, &which.digits, ItemKind::File)?;
        let Item::File(file) = made(&session.view, &stored, folded)? else {
            return Err(not_a_file(&session.view, &stored));
        };
        if !file.is_in_tree() {
            return Ok(());
        }
        let operation = file.remove(stored.item);
        session.write_content(stored.compartment, &[operation])?;
        Ok(())
    })
}

fn not_a_file(view: &View<'_>, stored: &StoredItem) -> TeamError {
    TeamError::State {
        which: text_of(view, stored),
        state: "is not a file".to_owned(),
    }
}
