//! The pieces of a file that are here: counted, opened, put together.

use std::path::{Path, PathBuf};

use bundle_format::content::EntrySink as _;
use bundle_format::manifest::{BundlePath, Entry, EntryKind};
use pack_format::codec::Wire as _;
use team_content::blob::{Chunk, ChunkList, Chunks, Content};
use team_core::blob::{BLOB_BYTES_MAX, BlobCodec};
use team_core::ids::CompartmentId;

use super::super::TeamError;
use crate::files::{FileError, read_bounded};
use crate::store::{Changes, SpaceRow, Tables};
use crate::work::release::Release;

/// Opens the chunks of a space.
pub(in super::super) struct Pieces<'a> {
    tables: &'a Tables<'a>,
    space: SpaceRow,
    folder: &'a Path,
    codec: BlobCodec,
}

/// How many of the pieces of a file are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PieceCount {
    /// Those that have not come.
    pub missing: usize,
    /// All of them, as far as that is known.
    pub total: usize,
}

impl<'a> Pieces<'a> {
    pub(in super::super) fn new(
        tables: &'a Tables<'a>,
        space: SpaceRow,
        folder: &'a Path,
    ) -> Result<Self, TeamError> {
        Ok(Self {
            tables,
            space,
            folder,
            codec: BlobCodec::new()?,
        })
    }

    /// How many pieces of a content are here. As long as a list has not come, its pieces count.
    pub(in super::super) fn count(&mut self, content: &Content) -> Result<PieceCount, TeamError> {
        let named = self.count_of(content.named_chunks())?;
        if matches!(content.chunks, Chunks::Inline(_)) || named.missing > 0 {
            return Ok(named);
        }
        match self.listed(content)? {
            Some(list) => self.count_of(&list),
            None => Ok(named),
        }
    }

    fn count_of(&self, chunks: &[Chunk]) -> Result<PieceCount, TeamError> {
        let mut count = PieceCount {
            missing: 0,
            total: chunks.len(),
        };
        for chunk in chunks {
            let stored = self.tables.chunk(self.space, chunk.id)?;
            if stored.is_none_or(|stored| stored.file.is_none()) {
                count.missing = count.missing.saturating_add(1);
            }
        }
        Ok(count)
    }

    /// The chunks that the list of a content names, once all of the list is here; none for a list
    /// that is not of this content.
    pub(in super::super) fn listed(
        &mut self,
        content: &Content,
    ) -> Result<Option<Vec<Chunk>>, TeamError> {
        let named = content.named_chunks();
        if self.count_of(named)?.missing > 0 {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for chunk in named {
            bytes.extend_from_slice(&self.open(chunk)?);
        }
        let list = ChunkList::from_wire(&bytes).ok();
        Ok(list.filter(|list| content.fits(list)).map(|list| list.0))
    }

    /// One chunk, opened.
    pub(in super::super) fn open(&mut self, chunk: &Chunk) -> Result<Vec<u8>, TeamError> {
        let stored = self.tables.chunk(self.space, chunk.id)?;
        let file = stored
            .and_then(|stored| stored.file)
            .ok_or_else(|| missing_one(chunk))?;
        let carried = read_bounded(&self.folder.join(file), BLOB_BYTES_MAX as u64)?;
        let size_bytes = chunk.size_bytes;
        Ok(self
            .codec
            .open(chunk.id, &chunk.key, size_bytes, &carried)?)
    }

    /// All chunks of a content, when all of them are here.
    fn whole(&mut self, which: &str, content: &Content) -> Result<Vec<Chunk>, TeamError> {
        let count = self.count(content)?;
        if count.missing > 0 {
            return Err(TeamError::Incomplete {
                which: which.to_owned(),
                missing: count.missing,
                total: count.total,
            });
        }
        match &content.chunks {
            Chunks::Inline(chunks) => Ok(chunks.clone()),
            Chunks::Listed(_) => self.listed(content)?.ok_or_else(|| damaged(which)),
        }
    }
}

/// A file that is to be written out.
pub(in super::super) struct Released<'a> {
    /// What it is called in messages.
    pub(in super::super) which: String,
    /// Its name in the folder.
    pub(in super::super) name: BundlePath,
    pub(in super::super) executable: bool,
    pub(in super::super) content: &'a Content,
}

/// Writes files into a folder: all of them whole, or none.
///
/// Each is there only when every chunk opened and the hash of all its bytes is the one that its
/// author named.
pub(in super::super) fn release(
    pieces: &mut Pieces<'_>,
    files: &[Released<'_>],
    to: &Path,
) -> Result<Vec<PathBuf>, TeamError> {
    let mut plans = Vec::new();
    for file in files {
        let chunks = pieces.whole(&file.which, file.content)?;
        let entry = Entry {
            kind: EntryKind::File {
                path: file.name.clone(),
                executable: file.executable,
            },
            size_bytes: file.content.size_bytes,
        };
        plans.push((file, entry, chunks));
    }
    let kinds = plans.iter().map(|(_, entry, _)| &entry.kind);
    let mut release = Release::prepare_entries(to, kinds)?;
    for (index, (file, entry, chunks)) in plans.iter().enumerate() {
        let failed = |err| FileError::of("write", to)(err);
        release.begin(index, entry).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        for chunk in chunks {
            let bytes = pieces.open(chunk)?;
            hasher.update(&bytes);
            release.write(&bytes).map_err(failed)?;
        }
        release.end().map_err(failed)?;
        if *hasher.finalize().as_bytes() != file.content.hash {
            return Err(damaged(&file.which));
        }
    }
    Ok(release.finish()?)
}

/// What was read of chunks can be found by its content from now on, so that a changed file that
/// is added again carries only what changed.
pub(in super::super) fn note_plain(
    changes: &Changes<'_>,
    space: SpaceRow,
    compartment: CompartmentId,
    folder: &Path,
    content: &Content,
) -> Result<(), TeamError> {
    let mut pieces = Pieces::new(changes, space, folder)?;
    let chunks = match &content.chunks {
        Chunks::Inline(chunks) => chunks.clone(),
        Chunks::Listed(_) => pieces.listed(content)?.unwrap_or_default(),
    };
    for chunk in &chunks {
        let plain = team_core::blob::PlainHash::of(&pieces.open(chunk)?);
        changes.note_plain_chunk(space, compartment, plain, chunk.id, chunk.key)?;
    }
    Ok(())
}

fn missing_one(chunk: &Chunk) -> TeamError {
    TeamError::Incomplete {
        which: format!("blob {}", chunk.id),
        missing: 1,
        total: 1,
    }
}

fn damaged(which: &str) -> TeamError {
    TeamError::FileDamaged {
        which: which.to_owned(),
    }
}
