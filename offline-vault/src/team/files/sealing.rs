//! Files on their way into a space: cut, sealed, and stored beside the database.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};

use bundle_format::content::Progress;
use bundle_format::random::HedgedRng;
use bundle_format::seal::SealError;
use pack_format::codec::Wire as _;
use team_content::blob::{Chunk, ChunkList, Chunks, Content};
use team_content::item_id::Dot;
use team_content::limits::{CHUNKS_INLINE_MAX, CHUNKS_MAX};
use team_core::blob::{BlobCodec, BlobId, BlobSecret, Chunker, PlainHash};
use team_core::epoch::EpochKey;
use team_core::ids::CompartmentId;

use super::super::TeamError;
use super::super::session::Session;
use super::note_all;
use crate::files::FileError;
use crate::store::SpaceRow;
use crate::vault::Vault;
use crate::work::WorkError;
use crate::work::bundle_file::NewBundleFile;

/// Seals the files of one use case. What it writes is removed when it is dropped before
/// [`Sealer::keep`].
pub(in super::super) struct Sealer<'a> {
    vault: &'a Vault,
    space: SpaceRow,
    compartment: CompartmentId,
    secret: BlobSecret,
    codec: BlobCodec,
    rng: HedgedRng,
    chunks: BTreeMap<PlainHash, Chunk>,
    files: BTreeMap<BlobId, NewBundleFile>,
    done_bytes: u64,
}

/// A file of which every chunk is here, sealed.
#[derive(Clone, Debug)]
pub(in super::super) struct SealedContent {
    pub(in super::super) content: Content,
    /// The chunks that its list names, where it has one.
    listed: Vec<Chunk>,
}

impl<'a> Sealer<'a> {
    pub(in super::super) fn new(
        vault: &'a Vault,
        space: SpaceRow,
        compartment: CompartmentId,
        key: &EpochKey,
    ) -> Result<Self, TeamError> {
        Ok(Self {
            vault,
            space,
            compartment,
            secret: BlobSecret::of(key),
            codec: BlobCodec::new()?,
            rng: vault.rng()?,
            chunks: BTreeMap::new(),
            files: BTreeMap::new(),
            done_bytes: 0,
        })
    }

    /// Cuts and seals what is read. `read_failed` says of what, when that fails.
    pub(in super::super) fn seal(
        &mut self,
        source: impl Read,
        read_failed: impl Fn(io::Error) -> TeamError,
        progress: &mut Progress<'_>,
    ) -> Result<SealedContent, TeamError> {
        let mut chunks = Vec::new();
        let mut hasher = blake3::Hasher::new();
        let mut size_bytes = 0u64;
        for piece in Chunker::new(source) {
            let piece = piece.map_err(&read_failed)?;
            hasher.update(&piece);
            size_bytes = size_bytes.saturating_add(piece.len() as u64);
            chunks.push(self.seal_chunk(&piece)?);
            if chunks.len() > CHUNKS_MAX {
                return Err(TeamError::Input {
                    what: format!("a file has more than {CHUNKS_MAX} pieces"),
                });
            }
            self.done_bytes = self.done_bytes.saturating_add(piece.len() as u64);
            if !progress(self.done_bytes) {
                return Err(WorkError::Seal(SealError::Stopped).into());
            }
        }
        let hash = *hasher.finalize().as_bytes();
        let (chunks, listed) = self.in_place(chunks)?;
        Ok(SealedContent {
            content: Content {
                size_bytes,
                hash,
                chunks,
            },
            listed,
        })
    }

    /// Few chunks stand in the operation; many in a list that is sealed like a file.
    fn in_place(&mut self, chunks: Vec<Chunk>) -> Result<(Chunks, Vec<Chunk>), TeamError> {
        if chunks.len() <= CHUNKS_INLINE_MAX {
            return Ok((Chunks::Inline(chunks), Vec::new()));
        }
        let list = ChunkList(chunks);
        let bytes = list.to_wire();
        let mut of_list = Vec::new();
        for piece in Chunker::new(bytes.as_slice()) {
            let piece = piece.map_err(|_| TeamError::Input {
                what: "the list of a file's pieces cannot be cut".to_owned(),
            })?;
            of_list.push(self.seal_chunk(&piece)?);
        }
        Ok((Chunks::Listed(of_list), list.0))
    }

    fn seal_chunk(&mut self, bytes: &[u8]) -> Result<Chunk, TeamError> {
        let plain = PlainHash::of(bytes);
        if let Some(chunk) = self.chunks.get(&plain) {
            return Ok(*chunk);
        }
        let tables = self.vault.store().read();
        if let Some((id, key)) = tables.known_chunk(self.space, self.compartment, plain)?
            && tables
                .chunk(self.space, id)?
                .is_some_and(|it| it.file.is_some())
        {
            let chunk = Chunk {
                id,
                key,
                size_bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            };
            self.chunks.insert(plain, chunk);
            return Ok(chunk);
        }
        let sealed = self.codec.seal(&self.secret, bytes)?;
        let chunk = Chunk {
            id: sealed.id,
            key: sealed.key,
            size_bytes: sealed.size_bytes,
        };
        let stored = tables.chunk(self.space, sealed.id)?;
        if stored.is_none_or(|stored| stored.file.is_none()) {
            let folder = self.vault.paths().bundles();
            let mut file = NewBundleFile::create(&folder, self.rng.array())?;
            file.write_all(&sealed.carried)
                .map_err(FileError::of("write", file.path()))?;
            file.sync()?;
            self.files.insert(sealed.id, file);
        }
        self.chunks.insert(plain, chunk);
        Ok(chunk)
    }

    /// After the operation that names these contents was written: what is here of them is known.
    pub(in super::super) fn note(
        &self,
        session: &Session<'_>,
        dot: Dot,
        contents: &[&SealedContent],
    ) -> Result<(), TeamError> {
        let (changes, row) = (session.changes, self.space);
        let device = changes.ensure_device(row, dot.device)?;
        let places = changes.places_at(device, dot.number)?;
        for place in &places {
            for content in contents {
                note_all(changes, row, place.id, &content.listed)?;
            }
        }
        Ok(())
    }

    /// After all operations were written: where the chunks lie, and by what they are found again.
    pub(in super::super) fn store(&self, session: &Session<'_>) -> Result<(), TeamError> {
        let (changes, row) = (session.changes, self.space);
        for (id, file) in &self.files {
            changes.set_chunk_file(row, *id, Some(file.name()))?;
        }
        for (plain, chunk) in &self.chunks {
            if changes.chunk(row, chunk.id)?.is_some() {
                changes.note_plain_chunk(row, self.compartment, *plain, chunk.id, chunk.key)?;
            }
        }
        Ok(())
    }

    /// The transaction that names the chunks is committed. Returns how many are new.
    pub(in super::super) fn keep(mut self) -> usize {
        self.files.values_mut().for_each(NewBundleFile::keep);
        self.files.len()
    }
}
