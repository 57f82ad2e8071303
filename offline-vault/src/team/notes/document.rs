//! The text of a note, made from its changes by the process that reads them.

use std::env::current_exe;

use note_protocol::{Change, Client, Document, Update};
use team_content::fold::Written;
use team_content::note::{self, Note};

use super::super::TeamError;
use super::reading::{self, Cache, Read};
use crate::store::{Changes, ItemRow, Tables};

/// For the program beside this one.
pub(super) fn client() -> Client {
    Client::beside(current_exe())
}

/// Reads a note.
pub(super) fn read(client: &Client, note: &Note, cache: Cache) -> Result<Read, TeamError> {
    let open = |snapshot: Option<&[u8]>, updates: &[&Written<note::Update>]| {
        let updates = updates.iter().map(|update| as_update(&update.value));
        client.open(Document {
            snapshot: snapshot.map(<[u8]>::to_vec),
            updates: updates.collect(),
        })
    };
    Ok(reading::read(open, &note.updates, cache)?)
}

pub(super) fn as_update(update: &note::Update) -> Update {
    Update {
        bytes: update.bytes.to_vec(),
        peers: vec![update.peer.into()],
    }
}

/// The updates of an edit, and the snapshot after them.
pub(super) type Edits = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// The changes that turn a note into another text, each of which fits one operation, and the
/// snapshot after them.
pub(super) fn edit(
    client: &Client,
    cache: &Cache,
    before: &str,
    text: &str,
    peer: u64,
) -> Result<Edits, TeamError> {
    let steps = steps(before, text).into_iter();
    let changes = steps.map(|step| Change::Text(step.to_owned()));
    change(client, cache, changes, peer)
}

/// The updates that make these changes, one for each that changes something, and the snapshot
/// after them.
pub(super) fn change(
    client: &Client,
    cache: &Cache,
    changes: impl IntoIterator<Item = Change>,
    peer: u64,
) -> Result<Edits, TeamError> {
    let mut snapshot = cache.snapshot.clone();
    let mut updates = Vec::new();
    for change in changes {
        let document = Document {
            snapshot: snapshot.clone(),
            updates: Vec::new(),
        };
        let edited = client.edit(document, peer.into(), vec![change])?;
        updates.extend(edited.update);
        snapshot = edited.after.snapshot.or(snapshot);
    }
    Ok((updates, snapshot))
}

/// Texts that lead to the wanted one, so that none adds more than one operation holds: the whole
/// at once wherever that is little.
fn steps<'a>(before: &str, text: &'a str) -> Vec<&'a str> {
    let mut steps = Vec::new();
    if text.len() > before.len().saturating_add(STEP_BYTES) {
        let same = before
            .char_indices()
            .zip(text.chars())
            .take_while(|((_, one), other)| one == other)
            .last()
            .map_or(0, |((at, one), _)| at.saturating_add(one.len_utf8()));
        let mut end = same.saturating_add(STEP_BYTES);
        while end < text.len() {
            while !text.is_char_boundary(end) {
                end = end.saturating_sub(1);
            }
            steps.extend(text.get(..end));
            end = end.saturating_add(STEP_BYTES);
        }
    }
    steps.push(text);
    steps
}

/// What is kept of a note; nothing where it does not read, since it can be made anew.
pub(super) fn load(tables: &Tables<'_>, item: ItemRow) -> Result<Cache, TeamError> {
    let bytes = tables.item_cache(item)?;
    let cache = bytes.and_then(|bytes| Cache::from_bytes(&bytes).ok());
    Ok(cache.unwrap_or_default())
}

pub(super) fn keep(changes: &Changes<'_>, item: ItemRow, cache: &Cache) -> Result<(), TeamError> {
    Ok(changes.set_item_cache(item, Some(&cache.to_bytes()))?)
}

/// Text that one step adds: with what the document library adds to it, it fits one operation.
const STEP_BYTES: usize = 48 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_written_in_steps_and_a_short_one_at_once() {
        assert_eq!(steps("one", "one two"), ["one two"]);
        let long = "é".repeat(60 * 1024);
        let steps = steps("éé", &long);
        assert_eq!(steps.len(), 3);
        assert_eq!(steps.last(), Some(&long.as_str()));
        assert!(steps.windows(2).all(|pair| pair[1].starts_with(pair[0])));
    }
}
