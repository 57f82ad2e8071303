//! Recognises the parts that are meant for this machine among everything on a medium.

use std::io;

use pack_format::{
    chunked::ReadAt,
    part::{FoundPart, PART_HEADER_BYTES, PartFinder},
};

use crate::{CrossingError, Lane};

/// A medium that holds parts, numbered in the order in which they were found.
pub(crate) trait Shelf {
    /// Opens a part for reading, header first. Nothing that it gives is verified.
    fn open(&self, at: usize) -> io::Result<Box<dyn ReadAt + '_>>;

    /// Removes a part that is of no further use, where the medium can do that.
    fn remove(&mut self, at: usize) -> Result<(), CrossingError>;
}

/// The first bytes of something that may be a part.
pub(crate) struct Head {
    pub(crate) at: usize,
    pub(crate) size_bytes: u64,
    pub(crate) header: [u8; PART_HEADER_BYTES],
    /// It may be a late part of a large pack, for which looking takes a while.
    pub(crate) may_be_late: bool,
    /// It is a part that this machine writes: not foreign where it is not recognised.
    pub(crate) is_ours: bool,
}

/// A part that a lane expects or has taken in before.
pub(crate) struct Recognised {
    pub(crate) at: usize,
    /// The size on the medium, whatever the header says.
    pub(crate) size_bytes: u64,
    pub(crate) part: FoundPart,
}

/// Sorts heads by lane; the second value is how many belong to none.
pub(crate) fn recognise(lanes: &[Lane], heads: Vec<Head>) -> (Vec<Vec<Recognised>>, u64) {
    let mut found: Vec<Vec<Recognised>> = lanes.iter().map(|_| Vec::new()).collect();
    if heads.is_empty() {
        // Deriving what may arrive takes longer than everything else on an empty medium.
        return (found, 0);
    }
    let mut put = |lane: usize, head: &Head, part: FoundPart| {
        if let Some(parts) = found.get_mut(lane) {
            parts.push(Recognised {
                at: head.at,
                size_bytes: head.size_bytes,
                part,
            });
        }
    };
    let chains: Vec<_> = lanes.iter().map(|lane| &lane.receive).collect();
    let finder = PartFinder::new(&chains);
    let mut unknown = heads;
    unknown.retain(|head| match finder.find(&head.header) {
        Some(part) => {
            put(part.lane, head, part);
            false
        }
        None => !head.is_ours,
    });
    let (mut late, foreign): (Vec<_>, Vec<_>) =
        unknown.into_iter().partition(|head| head.may_be_late);
    // One lane at a time: the tags of thousands of parts take some memory.
    for (lane, chain) in chains.iter().enumerate() {
        if late.is_empty() {
            break;
        }
        let mut finder = PartFinder::new(&[*chain]);
        finder.look_deeper();
        late.retain(|head| match finder.find(&head.header) {
            Some(part) => {
                put(lane, head, part);
                false
            }
            None => true,
        });
    }
    (found, late.len().saturating_add(foreign.len()) as u64)
}
