//! The answer to each request.

use note_protocol::{Edited, Place, Previewed, Refusal, Request, Response};

use crate::change;
use crate::load::load;
use crate::rich_text;

pub(crate) fn answer(request: Request) -> Result<Response, Refusal> {
    match request {
        Request::Open(document) => {
            let was_added_to = document.snapshot.is_none() || !document.updates.is_empty();
            let loaded = load(&document)?;
            drop(document);
            Ok(Response::Opened(loaded.opened(was_added_to)?))
        }
        Request::Edit {
            document,
            peer,
            changes,
        } => {
            let loaded = load(&document)?;
            drop(document);
            let note = &loaded.note;
            let before = note.begin(peer)?;
            change::make(&note.text(), &changes)?;
            let update = note.updates_since(&before)?;
            let after = loaded.opened(true)?;
            Ok(Response::Edited(Edited { update, after }))
        }
        Request::Preview { document, proposal } => {
            let mut loaded = load(&document)?;
            drop(document);
            let note = &mut loaded.note;
            let before = rich_text::content(&note.text())?;
            let said = note.check(&proposal, Place::Proposal)?;
            note.take_in(&proposal, &said, Place::Proposal)?;
            note.settle();
            let after = loaded.opened(true)?;
            Ok(Response::Previewed(Previewed { before, after }))
        }
    }
}
