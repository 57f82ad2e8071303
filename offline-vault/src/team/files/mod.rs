//! Files of a space: cut into chunks, sealed, stored, asked for, put together again.

mod add;
mod pieces;
mod sealing;
mod tree;

use std::collections::BTreeSet;

use team_content::batch::decode_alone;
use team_content::blob::{Chunk, Chunks, Content};
use team_content::operation::Operation;
use team_core::blob::BlobId;

use super::TeamError;
use super::view::View;
use crate::store::{Changes, SegmentRow, SpaceRow};
use crate::work::bundle_file::NewBundleFile;

pub use add::{AddRequest, Added, AddedFile, FileChange, add};
pub use pieces::PieceCount;
pub(super) use pieces::{Pieces, Released, release};
pub(super) use sealing::{SealedContent, Sealer};
pub use tree::{
    FileLine, FileList, FileVersionLine, ListRequest, ShownFile, list, move_to, remove, save, show,
};

/// The contents of files that an operation names.
pub(super) fn contents_of(operation: &Operation) -> Vec<&Content> {
    match operation {
        Operation::PutFile(put) => vec![&put.version.content],
        Operation::PutVersion(put) => vec![&put.version.content],
        Operation::NewMessage(new) => new.attachments.iter().map(|it| &it.content).collect(),
        _ => Vec::new(),
    }
}

/// Notes the chunks that an operation names: those of its files, or of the lists of their chunks.
pub(super) fn note_chunks(
    changes: &Changes<'_>,
    space: SpaceRow,
    segment: SegmentRow,
    operation: &Operation,
) -> Result<(), TeamError> {
    for content in contents_of(operation) {
        let chunks = content.named_chunks();
        if let (Chunks::Listed(_), Some(first)) = (&content.chunks, chunks.first()) {
            // A list that another segment names was read before, or is read when it comes.
            for other in changes.segments_of_chunk(space, first.id)? {
                for chunk in changes.chunks_of_segment(other)? {
                    changes.note_chunk(space, chunk.id, chunk.size_bytes, segment)?;
                }
            }
        }
        note_all(changes, space, segment, chunks)?;
    }
    Ok(())
}

fn note_all(
    changes: &Changes<'_>,
    space: SpaceRow,
    segment: SegmentRow,
    chunks: &[Chunk],
) -> Result<(), TeamError> {
    for chunk in chunks {
        let size_bytes = u64::from(chunk.size_bytes);
        changes.note_chunk(space, chunk.id, size_bytes, segment)?;
    }
    Ok(())
}

/// Lists of chunks may have become whole with the blobs that came: what they name is asked for
/// from now on.
///
/// A list that is not what its operation says names nothing; saving the file tells so.
pub(super) fn learn_lists(
    changes: &Changes<'_>,
    view: &View<'_>,
    arrived: &[NewBundleFile],
) -> Result<(), TeamError> {
    let mut segments = BTreeSet::new();
    for file in arrived {
        let id = BlobId(file.content_id().0);
        segments.extend(changes.segments_of_chunk(view.row(), id)?);
    }
    let folder = arrived.first().and_then(|file| file.path().parent());
    let Some(folder) = folder else {
        return Ok(());
    };
    for segment in segments {
        for operation in operations_of(changes, segment)? {
            for content in contents_of(&operation) {
                if !matches!(content.chunks, Chunks::Listed(_)) {
                    continue;
                }
                let mut pieces = Pieces::new(changes, view.row(), folder)?;
                if let Ok(Some(list)) = pieces.listed(content) {
                    note_all(changes, view.row(), segment, &list)?;
                }
            }
        }
    }
    Ok(())
}

/// The operations of a segment that name files.
fn operations_of(changes: &Changes<'_>, segment: SegmentRow) -> Result<Vec<Operation>, TeamError> {
    let mut found = Vec::new();
    for item in changes.items_of_segment(segment)? {
        for stored in changes.operations_of_item(item.id)? {
            let body = stored.body.filter(|_| stored.segment == segment);
            let operation = body.and_then(|body| decode_alone(stored.dot, &body).ok());
            found.extend(operation);
        }
    }
    Ok(found)
}

/// Forgets the chunks that nothing names any more. Returns their files, which are not needed once
/// this is committed.
pub(super) fn remove_unused(
    changes: &Changes<'_>,
    space: SpaceRow,
) -> Result<Vec<String>, TeamError> {
    let mut files = Vec::new();
    for chunk in changes.unused_chunks(space)? {
        changes.remove_chunk(space, chunk.id)?;
        files.extend(chunk.file);
    }
    Ok(files)
}
