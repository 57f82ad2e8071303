//! Notes of a space: rich text that several change at the same time, and proposed changes.

mod document;
mod proposals;
mod reading;

use std::collections::BTreeSet;

use note_protocol::{Change, Client, Span, TextRange};
use team_content::batch::decode_alone;
use team_content::fold::Item;
use team_content::index::ItemKind;
use team_content::item_id::{Dot, ItemId};
use team_content::note::{CreateNote, EditNote, Note, peer_id};
use team_content::operation::Operation;
use team_content::title::Title;
use team_core::ids::CompartmentId;

use self::reading::{Cache, Read};
use super::TeamError;
use super::delivery::{Deliveries, Delivery};
use super::items::{Deletion, ItemReference, find_folded, made, text_of};
use super::session::{Session, in_space, look};
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, ItemFlag, StoredItem};
use crate::vault::Vault;

pub use proposals::{ProposalLine, ProposalState, Proposals, decide, proposals, suggest};

/// A note in a list.
#[derive(Clone, Debug)]
pub struct NoteLine {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// All digits.
    pub id: String,
    /// Its title. Text of others.
    pub title: String,
    /// The compartment; none for the space as a whole.
    pub compartment: Option<String>,
    /// When it changed last, as its author's clock had it.
    pub updated_at: UnixTime,
    /// Proposals wait for a decision.
    pub has_proposals: bool,
    /// It was renamed by several at the same time.
    pub conflict: bool,
    /// It changed since it was looked at.
    pub unread: bool,
    /// Somebody changed it who had lost the right.
    pub late: bool,
    /// How far its deletion got, if it was deleted for everyone.
    pub deletion: Option<Deletion>,
}

/// A note as it is shown.
#[derive(Clone, Debug)]
pub struct ShownNote {
    /// Its line, as it was before it was shown.
    pub line: NoteLine,
    /// Its titles: several when it was renamed at the same time. Text of others.
    pub titles: Vec<String>,
    /// Its text, of others.
    pub text: String,
    /// The marks on the text.
    pub spans: Vec<Span>,
    /// How many changes are in it.
    pub change_count: usize,
    /// How many changes were left out because they are not what their authors may write.
    pub refused_count: usize,
    /// How many proposals nobody has decided.
    pub open_proposal_count: usize,
    /// Where it is.
    pub delivery: Delivery,
}

/// Makes a note with a text. Returns its item.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn create(
    vault: &Vault,
    space: &str,
    title: &str,
    text: Option<&str>,
    compartment: Option<&str>,
    now: UnixTime,
) -> Result<String, TeamError> {
    let title = Title::new(title).map_err(TeamError::Format)?;
    in_space(vault, space, now, |session| {
        let compartment = session.view.find_compartment(compartment)?;
        let nonce = session.rng().array();
        let item = ItemId::of(session.view.own_device(), &nonce);
        let create = CreateNote { nonce, title };
        session.write_content(compartment, &[create.into()])?;
        if let Some(text) = text {
            let (stored, note) = find_note(&session.view, &item.to_string())?;
            write_text(session, &stored, &note, text)?;
        }
        Ok(format!("{}/{}", session.view.name(), digits(&item.0)))
    })
}

fn find_note(view: &View<'_>, which: &str) -> Result<(StoredItem, Note), TeamError> {
    let (stored, folded) = find_folded(view, which, ItemKind::Note)?;
    match made(view, &stored, folded)? {
        Item::Note(note) => Ok((stored, note)),
        _ => Err(TeamError::State {
            which: text_of(view, &stored),
            state: "is not a note".to_owned(),
        }),
    }
}

/// Gives a note another text, by the smallest difference: what others change at the same time
/// stays. Tells whether there was something to change.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn edit(
    vault: &Vault,
    which: &ItemReference,
    text: &str,
    now: UnixTime,
) -> Result<bool, TeamError> {
    in_space(vault, &which.space, now, |session| {
        let (stored, note) = find_note(&session.view, &which.digits)?;
        write_text(session, &stored, &note, text)
    })
}

/// A part of a note's text that a person names by its words.
#[derive(Clone, Copy, Debug)]
pub struct Phrase<'a> {
    /// The words, as they stand in the text.
    pub words: &'a str,
    /// Which of them, from 1, where they stand there several times.
    pub nth: Option<usize>,
}

/// Marks a part of a note's text, or takes marks of one kind off it. Tells whether that changed
/// anything.
///
/// # Errors
/// [`TeamError::InputAdvised`] where the words are not in the text, or several times; nothing was
/// written then.
pub fn mark(
    vault: &Vault,
    which: &ItemReference,
    phrase: Phrase<'_>,
    change: impl FnOnce(TextRange) -> Change,
    now: UnixTime,
) -> Result<bool, TeamError> {
    in_space(vault, &which.space, now, |session| {
        let (stored, note) = find_note(&session.view, &which.digits)?;
        write_with(session, &stored, &note, |client, read, peer| {
            let range = range_of(read.content.text(), phrase)?;
            document::change(client, &read.cache, [change(range)], peer)
        })
    })
}

fn range_of(text: &str, phrase: Phrase<'_>) -> Result<TextRange, TeamError> {
    let found: Vec<usize> = text.match_indices(phrase.words).map(|it| it.0).collect();
    let wrong = |what: String, next: &str| TeamError::InputAdvised {
        what,
        next: next.to_owned(),
    };
    let nth = match (found.len(), phrase.nth) {
        _ if phrase.words.is_empty() => return Err(wrong("no words were given".to_owned(), SHOW)),
        (0, _) => return Err(wrong("these words are not in the text".to_owned(), SHOW)),
        (_, Some(nth)) => nth.saturating_sub(1),
        (1, None) => 0,
        (count, None) => {
            let what = format!("these words are in the text {count} times");
            return Err(wrong(what, "Give more words, or say which with --nth."));
        }
    };
    let start = found.get(nth).copied().ok_or_else(|| {
        let what = format!("these words are in the text {} times only", found.len());
        wrong(what, SHOW)
    })?;
    let end = start.saturating_add(phrase.words.len());
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(TextRange { start, end }),
        _ => Err(wrong("the text is too long".to_owned(), SHOW)),
    }
}

const SHOW: &str = "See the text: offline-vault note show, with the item.";

fn write_text(
    session: &mut Session<'_>,
    stored: &StoredItem,
    note: &Note,
    text: &str,
) -> Result<bool, TeamError> {
    write_with(session, stored, note, |client, read, peer| {
        document::edit(client, &read.cache, read.content.text(), text, peer)
    })
}

fn write_with(
    session: &mut Session<'_>,
    stored: &StoredItem,
    note: &Note,
    make: impl FnOnce(&Client, &Read, u64) -> Result<document::Edits, TeamError>,
) -> Result<bool, TeamError> {
    let client = document::client();
    let cache = document::load(session.changes, stored.id)?;
    let read = document::read(&client, note, cache)?;
    let branch = edit_branch(session, stored, &read.cache)?;
    let peer = peer_id(session.view.own_device(), stored.item, branch);
    let (updates, snapshot) = make(&client, &read, peer)?;
    let mut cache = Cache {
        snapshot,
        ..read.cache
    };
    let is_changed = !updates.is_empty();
    for update in updates {
        let edit = EditNote {
            item: stored.item,
            branch,
            update: update.into(),
        };
        cache.extend(write(session, stored.compartment, edit.into())?);
    }
    document::keep(session.changes, stored.id, &cache)?;
    Ok(is_changed)
}

/// A change of a note stands alone in its segment.
fn write(
    session: &mut Session<'_>,
    compartment: CompartmentId,
    operation: Operation,
) -> Result<Vec<Dot>, TeamError> {
    session.write_content(compartment, &[operation])
}

/// The run of changes that this device continues.
///
/// Changes of one run follow each other without a gap. Where one of them does not count now, or is
/// left out for what it builds on, a run that goes on without it would contradict it once it
/// counts again: a new run begins.
fn edit_branch(
    session: &mut Session<'_>,
    stored: &StoredItem,
    cache: &Cache,
) -> Result<u64, TeamError> {
    let own = session.view.own_device();
    let refused: BTreeSet<Dot> = cache.refused().collect();
    let (mut newest, mut is_whole) = (0, true);
    for operation in session.changes.operations_of_item(stored.id)? {
        if operation.dot.device != own {
            continue;
        }
        let body = operation.body.as_ref();
        let decoded = body.and_then(|body| decode_alone(operation.dot, body).ok());
        match decoded {
            Some(Operation::EditNote(edit)) => {
                // Runs before the newest are never continued.
                is_whole |= edit.branch != newest;
                newest = edit.branch;
                is_whole &= operation.in_effect && !refused.contains(&operation.dot);
            }
            Some(_) => {}
            None => is_whole = false,
        }
    }
    if is_whole {
        return Ok(newest);
    }
    Ok(new_branch(session))
}

/// A run of changes that was never used before; 0 is that of a device's own changes.
fn new_branch(session: &mut Session<'_>) -> u64 {
    u64::from_be_bytes(session.rng().array()).max(1)
}

/// Gives a note another title, in place of every one there is now.
///
/// # Errors
/// [`TeamError`].
pub fn rename(
    vault: &Vault,
    which: &ItemReference,
    title: &str,
    now: UnixTime,
) -> Result<(), TeamError> {
    let title = Title::new(title).map_err(TeamError::Format)?;
    in_space(vault, &which.space, now, |session| {
        let (stored, note) = find_note(&session.view, &which.digits)?;
        let rename = note.rename(stored.item, title);
        write(session, stored.compartment, rename)?;
        Ok(())
    })
}

/// Lists the notes of a space, those that changed last first.
///
/// # Errors
/// [`TeamError`].
pub fn list(vault: &Vault, space: &str, limit: u32) -> Result<Vec<NoteLine>, TeamError> {
    look(vault, space, |view| {
        let kind = Some(ItemKind::Note);
        let filter = ItemFilter::default();
        let items = view.tables.items(view.row(), kind, &filter, limit)?;
        items.iter().map(|stored| line(view, stored)).collect()
    })
}

fn line(view: &View<'_>, stored: &StoredItem) -> Result<NoteLine, TeamError> {
    let has = |flag| stored.line.flags.has(flag);
    Ok(NoteLine {
        item: text_of(view, stored),
        id: stored.item.to_string(),
        title: stored.line.title.clone(),
        compartment: view.compartment_text(stored.compartment),
        updated_at: stored.line.updated_at,
        has_proposals: has(ItemFlag::Proposal),
        conflict: has(ItemFlag::Conflict),
        unread: has(ItemFlag::Unread),
        late: has(ItemFlag::Late),
        deletion: match has(ItemFlag::Deleted) {
            true => Deletion::of(view, stored)?,
            false => None,
        },
    })
}

/// Shows a note; it counts as read from then on.
///
/// # Errors
/// [`TeamError`].
pub fn show(vault: &Vault, which: &ItemReference) -> Result<ShownNote, TeamError> {
    let (row, cache, shown) = look(vault, &which.space, |view| {
        let (stored, note) = find_note(view, &which.digits)?;
        let before = document::load(view.tables, stored.id)?;
        let read = document::read(&document::client(), &note, before.clone())?;
        let titles = note.titles.iter().map(|it| it.value.as_str().to_owned());
        let shown = ShownNote {
            line: line(view, &stored)?,
            titles: titles.collect(),
            spans: read.content.spans().to_vec(),
            text: read.content.into_text(),
            change_count: read.cache.held_count(),
            refused_count: read.cache.refused().count(),
            open_proposal_count: note.open_proposals().count(),
            delivery: Deliveries::of(view)?.item(&stored)?,
        };
        let cache = (read.cache != before).then_some(read.cache);
        Ok((stored.id, cache, shown))
    })?;
    vault.store().write(|changes| {
        if let Some(cache) = cache {
            document::keep(changes, row, &cache)?;
        }
        changes.mark_read(row)?;
        Ok::<_, TeamError>(())
    })?;
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_stand_once_or_as_often_as_is_said() {
        let text = "Tuesday é, and Tuesday again";
        let found = |words, nth| {
            let range = range_of(text, Phrase { words, nth });
            range.map(|range| (range.start, range.end))
        };
        assert_eq!(found("again", None).unwrap(), (24, 29));
        assert_eq!(found("Tuesday", Some(1)).unwrap(), (0, 7));
        assert_eq!(found("Tuesday", Some(2)).unwrap(), (16, 23));
        for (words, nth, said) in [
            ("Tuesday", None, "2 times"),
            ("Tuesday", Some(3), "2 times only"),
            ("Monday", None, "not in the text"),
            ("", None, "no words"),
        ] {
            let err = found(words, nth).unwrap_err().to_string();
            assert!(err.contains(said), "{err}");
        }
    }
}
