//! Who can read an item: now, and with keys that they were given when it was written.

use std::collections::{BTreeMap, BTreeSet};

use team_core::ids::{DeviceId, EpochId, MemberId};
use team_core::role::Role;
use team_core::segment::{Header, Kind};

use super::TeamError;
use super::items::{Deletion, ItemReference, find, text_of};
use super::session::look;
use super::view::{View, digits};
use crate::store::StoredItem;
use crate::vault::Vault;

/// Somebody who can read an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemReader {
    /// Who, escaped.
    pub who: String,
    /// The first digits of the member.
    pub member: String,
    /// What they may do now; none for those who are no members any more.
    pub role: Option<Role>,
    /// Whether it is the person here.
    pub is_own: bool,
    /// Whether one of their devices was given every key that the item is sealed with.
    pub has_keys: bool,
}

/// Who can read an item.
#[derive(Clone, Debug)]
pub struct ItemReaders {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// What lists show of it. Text of others.
    pub title: String,
    /// The compartment; none for the space as a whole.
    pub compartment: Option<String>,
    /// Those who read the compartment now.
    pub now: Vec<ItemReader>,
    /// Those who do not any more, and were given keys of the item: they keep what they had.
    pub before: Vec<ItemReader>,
    /// Whether it was sealed with keys of which nothing is known here.
    pub has_unknown_keys: bool,
    /// How far its deletion got, if it was deleted for everyone.
    pub deletion: Option<Deletion>,
}

/// Says who can read an item.
///
/// # Errors
/// [`TeamError`].
pub fn readers(vault: &Vault, which: &ItemReference) -> Result<ItemReaders, TeamError> {
    look(vault, &which.space, |view| {
        let stored = find(view, &which.digits, None)?;
        let (epochs, has_unknown_keys) = epochs_of(view, &stored)?;
        let held = holders(view, &epochs);
        let reading = view.membership.readers(stored.compartment);
        let reader = |id: &MemberId| ItemReader {
            who: view.member_text(*id),
            member: digits(&id.0),
            role: view.membership.role_of(*id),
            is_own: view.own_member() == Some(*id),
            has_keys: held.get(id).is_some_and(|count| *count == epochs.len()),
        };
        let before = held.keys().filter(|id| !reading.contains(*id));
        Ok(ItemReaders {
            item: text_of(view, &stored),
            title: stored.line.title.clone(),
            compartment: view.compartment_text(stored.compartment),
            now: reading.iter().map(reader).collect(),
            before: before.map(reader).collect(),
            has_unknown_keys,
            deletion: Deletion::of(view, &stored)?,
        })
    })
}

/// The epochs that the segments of an item are sealed under, and whether there are others that are
/// not known.
fn epochs_of(view: &View<'_>, stored: &StoredItem) -> Result<(BTreeSet<EpochId>, bool), TeamError> {
    let mut epochs = BTreeSet::new();
    let mut has_unknown = false;
    for hash in super::items::segments_of(view.tables, stored)? {
        let Some(segment) = view.tables.segment_header(view.row(), hash)? else {
            continue;
        };
        let header = Header::dangerously_from_store(view.space_id(), &segment.header)
            .map_err(TeamError::Stored)?;
        if let Kind::Content(sealing) = &header.fields().kind {
            if view.membership.epoch(sealing.epoch).is_some() {
                epochs.insert(sealing.epoch);
            } else {
                has_unknown = true;
            }
        }
    }
    Ok((epochs, has_unknown))
}

/// Of how many of these epochs each member was given the key, on any device.
fn holders(view: &View<'_>, epochs: &BTreeSet<EpochId>) -> BTreeMap<MemberId, usize> {
    let mut held: BTreeMap<MemberId, usize> = BTreeMap::new();
    for epoch in epochs.iter().filter_map(|id| view.membership.epoch(*id)) {
        let mut devices: BTreeSet<DeviceId> = epoch.recipients.clone();
        devices.insert(epoch.author);
        let members: BTreeSet<MemberId> = devices.into_iter().map(|it| view.author(it)).collect();
        for member in members {
            let count = held.entry(member).or_default();
            *count = count.saturating_add(1);
        }
    }
    held
}
