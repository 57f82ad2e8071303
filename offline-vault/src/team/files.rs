//! Files of a space: cut into chunks, sealed, stored, asked for, put together again.

use team_content::blob::{Chunk, Chunks, Content};
use team_content::operation::Operation;

/// The contents of files that an operation names.
pub(super) fn contents_of(operation: &Operation) -> Vec<&Content> {
    match operation {
        Operation::PutFile(put) => vec![&put.version.content],
        Operation::PutVersion(put) => vec![&put.version.content],
        Operation::NewMessage(new) => new.attachments.iter().map(|it| &it.content).collect(),
        _ => Vec::new(),
    }
}

/// The chunks that an operation names itself: those of its files, or of the lists of their chunks.
pub(super) fn chunks_of(operation: &Operation) -> Vec<Chunk> {
    let contents = contents_of(operation).into_iter();
    let chunks = contents.flat_map(|content| match &content.chunks {
        Chunks::Inline(chunks) | Chunks::Listed(chunks) => chunks.iter().copied(),
    });
    chunks.collect()
}
