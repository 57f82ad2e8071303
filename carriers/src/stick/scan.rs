//! Finds our files among everything else on a stick, and removes them.

use std::{collections::BTreeMap, io, ops::ControlFlow};

use super::{
    Root, StickError, StickFs,
    name::{NameKind, OurName, PartName},
};
use crate::limits::{DIRECTORY_ENTRIES_MAX, PART_BYTES_MAX};

/// What a stick holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// The finished parts, by name.
    pub parts: Vec<FoundPart>,
    /// The parts that earlier runs did not finish, by name.
    pub leftovers: Vec<PartName>,
    /// How many entries are none of ours.
    pub foreign_count: u64,
}

/// A finished part that a scan found; its content is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundPart {
    /// Its name.
    pub name: PartName,
    /// Its size in bytes, within [`PART_BYTES_MAX`].
    pub size_bytes: u64,
    /// Its file name as the stick spells it.
    pub(super) spelling: String,
}

pub(super) fn scan<F: StickFs>(root: &Root<F>) -> Result<Scan, StickError> {
    let listing = list(root)?;
    let mut scan = Scan {
        foreign_count: listing.foreign_count,
        ..Scan::default()
    };
    let mut parts = BTreeMap::new();
    for ours in listing.ours {
        let facts = root
            .fs
            .entry_facts(root.dir(), &ours.spelling)
            .map_err(StickError::reading("looking at a file on the stick"))?;
        match ours.kind {
            NameKind::Leftover if facts.is_file => scan.leftovers.push(ours.name),
            // Two spellings of one name, where the file system tells them apart, are one part:
            // the listing puts ours first and the other is foreign.
            NameKind::Part
                if facts.is_file
                    && (1..=PART_BYTES_MAX).contains(&facts.size_bytes)
                    && !parts.contains_key(&ours.name) =>
            {
                parts.insert(ours.name, (facts.size_bytes, ours.spelling));
            }
            NameKind::Leftover | NameKind::Part => scan.foreign_count += 1,
        }
    }
    scan.leftovers.sort();
    scan.leftovers.dedup();
    scan.parts = parts
        .into_iter()
        .map(|(name, (size_bytes, spelling))| FoundPart {
            name,
            size_bytes,
            spelling,
        })
        .collect();
    Ok(scan)
}

pub(super) fn remove_part<F: StickFs>(root: &Root<F>, name: &PartName) -> Result<(), StickError> {
    let Some(spelling) = spelling_of(root, name)? else {
        return Ok(());
    };
    let facts = root
        .fs
        .entry_facts(root.dir(), &spelling)
        .map_err(StickError::reading("looking for a part"))?;
    if !facts.is_file {
        return Err(StickError::NotOurs { name: name.clone() });
    }
    unlink(root, &spelling)?;
    sync_dir(root)
}

pub(super) fn remove_leftovers<F: StickFs>(
    root: &Root<F>,
    keep: &[PartName],
) -> Result<u32, StickError> {
    let mut removed_count = 0_u32;
    for ours in list(root)?.ours {
        if ours.kind != NameKind::Leftover || keep.contains(&ours.name) {
            continue;
        }
        let facts = root
            .fs
            .entry_facts(root.dir(), &ours.spelling)
            .map_err(StickError::reading("looking at a file on the stick"))?;
        if facts.is_file {
            unlink(root, &ours.spelling)?;
            removed_count = removed_count.saturating_add(1);
        }
    }
    sync_dir(root)?;
    Ok(removed_count)
}

pub(super) fn sync_dir<F: StickFs>(root: &Root<F>) -> Result<(), StickError> {
    root.fs
        .sync_dir(root.dir())
        .map_err(StickError::writing("saving the stick's folder"))
}

fn unlink<F: StickFs>(root: &Root<F>, spelling: &str) -> Result<(), StickError> {
    root.fs
        .unlink(root.dir(), spelling)
        .map_err(StickError::writing("removing a file from the stick"))
}

/// How the stick spells a part's file name, if it has one.
fn spelling_of<F: StickFs>(root: &Root<F>, name: &PartName) -> Result<Option<String>, StickError> {
    let canonical = name.part_file();
    match root.fs.entry_facts(root.dir(), &canonical) {
        Ok(_) => return Ok(Some(canonical)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        Err(err) => return Err(StickError::reading("looking for a part")(err)),
    }
    let listing = list(root)?;
    Ok(listing
        .ours
        .into_iter()
        .find(|ours| ours.kind == NameKind::Part && ours.name == *name)
        .map(|ours| ours.spelling))
}

/// The entries with names of ours, the canonical spelling of each first, and a count of the rest.
struct Listing {
    ours: Vec<OurName>,
    foreign_count: u64,
}

fn list<F: StickFs>(root: &Root<F>) -> Result<Listing, StickError> {
    let mut listing = Listing {
        ours: Vec::new(),
        foreign_count: 0,
    };
    let mut entry_count = 0_u64;
    root.fs
        .list(root.dir(), &mut |file_name| {
            entry_count += 1;
            if entry_count > DIRECTORY_ENTRIES_MAX {
                return ControlFlow::Break(());
            }
            match OurName::parse(file_name) {
                Some(ours) => listing.ours.push(ours),
                None => listing.foreign_count += 1,
            }
            ControlFlow::Continue(())
        })
        .map_err(StickError::reading("listing the stick's folder"))?;
    if entry_count > DIRECTORY_ENTRIES_MAX {
        return Err(StickError::TooManyEntries {
            entries_max: DIRECTORY_ENTRIES_MAX,
        });
    }
    listing
        .ours
        .sort_by_cached_key(|ours| (!ours.is_canonical(), ours.spelling.clone()));
    Ok(listing)
}
