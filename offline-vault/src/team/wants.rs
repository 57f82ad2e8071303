//! What this vault asks others for: pieces of files, and payloads of content that came without.

use std::collections::{BTreeMap, BTreeSet};

use team_core::blob::BlobId;
use team_core::ids::SegmentHash;
use team_core::limits::WANTS_MAX;
use team_core::sync::Want;

use super::TeamError;
use super::view::View;
use crate::store::{SpaceRow, Tables};

/// What the summary with this counter asks for.
#[derive(Default)]
pub(super) struct Wants {
    /// At most [`WANTS_MAX`].
    pub(super) wants: BTreeSet<Want>,
    /// More is missing than one summary can ask for: the next one asks for others.
    pub(super) is_cut: bool,
}

impl Wants {
    /// Works out what is missing.
    ///
    /// Where it is too much, each summary begins at another place: an insider who names what
    /// nobody has, keeps nothing else from being asked for.
    pub(super) fn of(
        tables: &Tables<'_>,
        space: SpaceRow,
        counter: u64,
    ) -> Result<Self, TeamError> {
        let from = *blake3::hash(&counter.to_be_bytes()).as_bytes();
        let chunks = ring(from, |from, limit| {
            let found = tables.missing_chunks_from(space, BlobId(from), limit)?;
            Ok(found.into_iter().map(|chunk| chunk.0).collect())
        })?;
        let payloads = ring(from, |from, limit| {
            let found = tables.missing_payloads_from(space, SegmentHash(from), limit)?;
            Ok(found.into_iter().map(|hash| hash.0).collect())
        })?;
        let max = WANTS_MAX as usize;
        let for_payloads = payloads
            .len()
            .min((max / 2).max(max.saturating_sub(chunks.len())));
        let for_chunks = chunks.len().min(max.saturating_sub(for_payloads));
        let is_cut = for_payloads < payloads.len() || for_chunks < chunks.len();
        let chosen = payloads.into_iter().take(for_payloads);
        let chosen = chosen.chain(chunks.into_iter().take(for_chunks));
        Ok(Self {
            wants: chosen.map(Want).collect(),
            is_cut,
        })
    }
}

/// One more than [`WANTS_MAX`] of a sorted list, from `from` on and then from the beginning.
fn ring(
    from: [u8; 32],
    list: impl Fn([u8; 32], u32) -> Result<Vec<[u8; 32]>, TeamError>,
) -> Result<Vec<[u8; 32]>, TeamError> {
    let limit = WANTS_MAX.saturating_add(1);
    let mut found = list(from, limit)?;
    let room = (limit as usize).saturating_sub(found.len());
    if room > 0 {
        let before = list([0; 32], u32::try_from(room).unwrap_or(0))?;
        found.extend(before.into_iter().filter(|id| *id < from));
    }
    Ok(found)
}

/// What of the wants of another device is here.
#[derive(Default)]
pub(super) struct Held {
    /// Pieces of files: the file in `bundles/` and its size in bytes.
    pub(super) blobs: BTreeMap<BlobId, (String, u64)>,
    /// Segments whose payload is here.
    pub(super) payloads: BTreeSet<Want>,
}

impl Held {
    /// Looks up what is here.
    pub(super) fn of(
        tables: &Tables<'_>,
        view: &View<'_>,
        wants: &BTreeSet<Want>,
    ) -> Result<Self, TeamError> {
        let mut held = Self::default();
        for want in wants {
            if let Some(chunk) = tables.chunk(view.row(), BlobId(want.0))? {
                if let Some(file) = chunk.file {
                    held.blobs.insert(chunk.id, (file, chunk.size_bytes));
                }
                continue;
            }
            let place = tables.segment_place(view.row(), SegmentHash(want.0))?;
            if place.is_some_and(|place| place.has_payload) {
                held.payloads.insert(*want);
            }
        }
        Ok(held)
    }

    /// Whether nothing of it is here.
    pub(super) fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.payloads.is_empty()
    }
}
