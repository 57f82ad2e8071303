//! The text of a note, made from its changes by the process that reads them.
//!
//! What that process makes of a note is kept as a snapshot together with the names of the changes
//! in it. As long as all of them still count, only later ones are handed to it; when one was taken
//! out again, the note is made from its beginning.

use std::collections::BTreeSet;
use std::env::current_exe;

use note_protocol::{Change, Client, Content, Document, NoteError, Place, Refusal, Update};
use pack_format::codec::{DecodeError, Reader, Writer};
use team_content::fold::Written;
use team_content::item_id::Dot;
use team_content::note::{self, Note};
use team_core::ids::DeviceId;

use super::super::TeamError;
use crate::store::{Changes, ItemRow, Tables};

/// A note as it was read.
pub(super) struct Read {
    pub(super) content: Content,
    /// What stands for the note, with the changes in it.
    pub(super) cache: Cache,
    /// Changes that the process refused: they have no effect in any vault.
    pub(super) refused: Vec<Dot>,
}

/// A snapshot, and which changes it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cache {
    pub(super) holds: BTreeSet<Dot>,
    pub(super) snapshot: Option<Vec<u8>>,
}

/// For the program beside this one.
pub(super) fn client() -> Client {
    Client::beside(current_exe())
}

/// Reads a note.
pub(super) fn read(client: &Client, note: &Note, cache: Cache) -> Result<Read, TeamError> {
    let current: BTreeSet<Dot> = note.updates.iter().map(|update| update.dot).collect();
    let cache = if cache.holds.is_subset(&current) {
        cache
    } else {
        Cache::default()
    };
    let later = note.updates.iter();
    let mut later: Vec<&Written<note::Update>> = later
        .filter(|update| !cache.holds.contains(&update.dot))
        .collect();
    let mut refused = Vec::new();
    loop {
        let document = Document {
            snapshot: cache.snapshot.clone(),
            updates: later
                .iter()
                .map(|update| as_update(&update.value))
                .collect(),
        };
        match client.open(document) {
            Ok(opened) => {
                let added = later.iter().map(|update| update.dot);
                return Ok(Read {
                    content: opened.content,
                    cache: Cache {
                        snapshot: opened.snapshot.or(cache.snapshot),
                        holds: cache.holds.iter().copied().chain(added).collect(),
                    },
                    refused,
                });
            }
            Err(NoteError::Refused(refusal)) => {
                let place = refused_update(refusal).filter(|place| *place < later.len());
                let Some(place) = place else {
                    return Err(NoteError::Refused(refusal).into());
                };
                // One member's bad change takes the note from nobody else.
                refused.push(later.remove(place).dot);
                if refused.len() > REFUSED_MAX {
                    return Err(NoteError::Refused(refusal).into());
                }
            }
            Err(err) => return Err(err.into()),
        }
    }
}

/// The change that is refused for itself, or for what it builds on.
fn refused_update(refusal: Refusal) -> Option<usize> {
    let (Refusal::Unreadable { place }
    | Refusal::ForeignPeer { place, .. }
    | Refusal::MissingOperations { place }
    | Refusal::KnownOperations { place }) = refusal
    else {
        return None;
    };
    match place {
        Place::Update(index) => usize::try_from(index).ok(),
        Place::Snapshot | Place::Proposal => None,
    }
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
    let mut snapshot = cache.snapshot.clone();
    let mut updates = Vec::new();
    for step in steps(before, text) {
        let document = Document {
            snapshot: snapshot.clone(),
            updates: Vec::new(),
        };
        let edited = client.edit(document, peer.into(), vec![Change::Text(step.to_owned())])?;
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

impl Cache {
    /// `varint count || (device || varint number || varint index) of each || snapshot`.
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.varint(self.holds.len() as u64);
        for dot in &self.holds {
            dot.device.write(&mut writer);
            writer.varint(dot.number).varint(dot.index.into());
        }
        writer.put(self.snapshot.as_deref().unwrap_or_default());
        writer.into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut holds = BTreeSet::new();
        for _ in 0..reader.varint("changes")? {
            let device = DeviceId::read(&mut reader)?;
            let number = reader.varint("number")?;
            let index = reader.varint("index")?;
            let index = u32::try_from(index).map_err(|_| DecodeError::Unknown { what: "index" })?;
            holds.insert(Dot {
                device,
                number,
                index,
            });
        }
        let snapshot = reader.rest();
        Ok(Self {
            holds,
            snapshot: (!snapshot.is_empty()).then(|| snapshot.to_vec()),
        })
    }
}

/// Text that one step adds: with what the document library adds to it, it fits one operation.
const STEP_BYTES: usize = 48 * 1024;
/// Changes that are left out before a note counts as unreadable.
const REFUSED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_note_reads_as_it_was_written() {
        let dot = |number| Dot {
            device: DeviceId([3; 32]),
            number,
            index: 1,
        };
        let cache = Cache {
            holds: [dot(1), dot(300)].into(),
            snapshot: Some(vec![1, 2, 3]),
        };
        assert_eq!(Cache::from_bytes(&cache.to_bytes()), Ok(cache));
        let empty = Cache::default();
        assert_eq!(Cache::from_bytes(&empty.to_bytes()), Ok(empty));
    }

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
