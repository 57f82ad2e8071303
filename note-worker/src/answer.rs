//! The answer to each request.

use note_protocol::{Document, Edited, Place, Previewed, Refusal, Request, Response};

use crate::change;
use crate::document::Note;
use crate::rich_text;

pub(crate) fn answer(request: Request) -> Result<Response, Refusal> {
    match request {
        Request::Open(document) => {
            let was_added_to = document.snapshot.is_none() || !document.updates.is_empty();
            let note = load(&document)?;
            drop(document);
            Ok(Response::Opened(note.opened(was_added_to)?))
        }
        Request::Edit {
            document,
            peer,
            changes,
        } => {
            let note = load(&document)?;
            drop(document);
            let before = note.begin(peer)?;
            change::make(&note.text(), &changes)?;
            let update = note.updates_since(&before)?;
            let after = note.opened(true)?;
            Ok(Response::Edited(Edited { update, after }))
        }
        Request::Preview { document, proposal } => {
            let mut note = load(&document)?;
            drop(document);
            let before = rich_text::content(&note.text())?;
            note.take_in(&proposal, Place::Proposal)?;
            note.settle();
            let after = note.opened(true)?;
            Ok(Response::Previewed(Previewed { before, after }))
        }
    }
}

fn load(document: &Document) -> Result<Note, Refusal> {
    let mut note = Note::new();
    if let Some(snapshot) = &document.snapshot {
        note.take_in_snapshot(snapshot)?;
    }
    for (index, update) in document.updates.iter().enumerate() {
        let index = u32::try_from(index).map_err(|_| Refusal::Request)?;
        note.take_in(update, Place::Update(index))?;
    }
    note.settle();
    Ok(note)
}
