//! Making a document from its updates, without those that are refused.
//!
//! An update that is refused is left out with everything that builds on it, and the rest stands:
//! else one member could take a note from all others. Which these are depends on nothing but the
//! snapshot and the updates in their order.

use std::collections::BTreeMap;

use note_protocol::{Document, Opened, Place, Refusal, RefusedUpdate, Update};

use crate::document::Note;

/// A document, and the updates that are not in it.
pub(crate) struct Loaded {
    pub(crate) note: Note,
    pub(crate) refused: Vec<RefusedUpdate>,
}

impl Loaded {
    /// What the document says: see [`Note::opened`].
    pub(crate) fn opened(self, was_added_to: bool) -> Result<Opened, Refusal> {
        Ok(Opened {
            refused: self.refused,
            ..self.note.opened(was_added_to)?
        })
    }
}

/// Takes in the updates, one after the other.
///
/// What an update that was refused too late has left in the document shows nowhere, because the
/// document is made once more without it. Once for all of them: one run for each would be time
/// that their author takes from the others.
pub(crate) fn load(document: &Document) -> Result<Loaded, Refusal> {
    let mut late = BTreeMap::new();
    for _ in 0..RUNS_MAX {
        let known = late.len();
        let loaded = run(document, &mut late)?;
        if late.len() == known {
            loaded.note.settle();
            return Ok(loaded);
        }
    }
    Err(Refusal::Fault)
}

/// One run over all updates; those in `late` are not handed to the library again.
fn run(document: &Document, late: &mut BTreeMap<u32, Refusal>) -> Result<Loaded, Refusal> {
    let mut note = Note::new();
    if let Some(snapshot) = &document.snapshot {
        note.take_in_snapshot(snapshot)?;
    }
    let mut refused = Vec::new();
    for (index, update) in (0..).zip(&document.updates) {
        if let Err(refusal) = step(&mut note, index, update, late) {
            refused.push(RefusedUpdate { index, refusal });
        }
    }
    Ok(Loaded { note, refused })
}

fn step(
    note: &mut Note,
    index: u32,
    update: &Update,
    late: &mut BTreeMap<u32, Refusal>,
) -> Result<(), Refusal> {
    let place = Place::Update(index);
    let said = note.check(update, place)?;
    let taken_in = match late.get(&index) {
        Some(refusal) => Err(*refusal),
        None => note.take_in(update, &said, place),
    };
    if let Err(refusal) = taken_in {
        late.insert(index, refusal);
        note.close(&said);
    }
    taken_in
}

/// A run without the updates that were refused late in the one before has none again, unless the
/// library stumbles over what they left.
const RUNS_MAX: usize = 4;
