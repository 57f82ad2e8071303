//! Somebody who writes notes.

use std::path::PathBuf;

use note_protocol::{
    Change, Client, Content, Document, Edited, Mark, NoteError, PeerId, Refusal, Span, TextRange,
    Update,
};

pub(crate) fn client() -> Client {
    Client::at(PathBuf::from(env!("CARGO_BIN_EXE_causeway-note")))
}

/// A device with its view of one note.
#[derive(Clone)]
pub(crate) struct Author {
    pub(crate) peer: PeerId,
    pub(crate) note: Document,
}

impl Author {
    pub(crate) fn new(peer: u64) -> Self {
        Self {
            peer: peer.into(),
            note: Document::default(),
        }
    }

    /// Writes, and gives what the others need.
    pub(crate) fn change(&mut self, changes: Vec<Change>) -> Option<Update> {
        let edited = client().edit(self.note.clone(), self.peer, changes);
        let Edited { update, after } = edited.unwrap();
        self.note = Document {
            snapshot: after.snapshot,
            updates: Vec::new(),
        };
        update.map(|bytes| self.signed(bytes))
    }

    pub(crate) fn write(&mut self, text: &str) -> Update {
        self.change(vec![Change::Text(text.to_owned())]).unwrap()
    }

    pub(crate) fn mark(&mut self, range: TextRange, mark: Mark) -> Update {
        self.change(vec![Change::Mark(range, mark)]).unwrap()
    }

    pub(crate) fn take_in(&mut self, update: &Update) {
        self.note.updates.push(update.clone());
    }

    pub(crate) fn content(&self) -> Content {
        client().open(self.note.clone()).unwrap().content
    }

    /// An update as the author's signature names its author.
    pub(crate) fn signed(&self, bytes: Vec<u8>) -> Update {
        Update {
            bytes,
            peers: vec![self.peer],
        }
    }
}

pub(crate) fn document(updates: &[Update]) -> Document {
    Document {
        snapshot: None,
        updates: updates.to_vec(),
    }
}

pub(crate) fn part(start: u32, end: u32) -> TextRange {
    TextRange { start, end }
}

pub(crate) fn span(start: u32, end: u32, mark: Mark) -> Span {
    Span {
        range: part(start, end),
        mark,
    }
}

/// Why the document, or the first update in it that is refused, is.
pub(crate) fn refusal(document: Document) -> Refusal {
    match client().open(document) {
        Err(NoteError::Refused(refusal)) => refusal,
        Ok(opened) if !opened.refused.is_empty() => opened.refused[0].refusal,
        other => panic!("not refused: {other:?}"),
    }
}
