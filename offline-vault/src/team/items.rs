//! Items as people name them, and what can be done with one of any kind.

use std::collections::BTreeSet;

use pack_format::shown::Shown;
use team_content::fold::{Folded, Item};
use team_content::index::ItemKind;
use team_core::control::Control;
use team_core::ids::SegmentHash;
use team_core::limits::SEGMENTS_NAMED_MAX;
use team_core::role::Role;

use super::TeamError;
use super::files::remove_unused;
use super::folder::Folder;
use super::refusal::whom_to_ask;
use super::session::{Session, in_space};
use super::take_in::destroy_deleted;
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::store::{ItemPrefix, StoredItem, Tables};
use crate::vault::Vault;

/// An item as people write it: `SPACE/DIGITS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemReference {
    /// What this vault calls the space.
    pub space: String,
    /// The first digits of the item.
    pub digits: String,
}

impl ItemReference {
    /// Whether a text looks like one, rather than like something that was sent or came.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.contains('/')
    }

    /// Reads `SPACE/DIGITS`.
    ///
    /// # Errors
    /// [`TeamError::Input`].
    pub fn parse(text: &str) -> Result<Self, TeamError> {
        let parts = text.split_once('/');
        let (space, digits) = parts
            .filter(|(_, digits)| ItemPrefix::parse(digits).is_some())
            .ok_or_else(|| TeamError::Input {
                what: format!(
                    "{} is not an item: items are written like desk/3fa9",
                    Shown(text)
                ),
            })?;
        Ok(Self {
            space: space.to_owned(),
            digits: digits.to_owned(),
        })
    }

    /// Reads an item of a space that was named before: its digits suffice.
    ///
    /// # Errors
    /// [`TeamError::Input`].
    pub fn parse_in(space: &str, text: &str) -> Result<Self, TeamError> {
        if !Self::is_meant(text) {
            return Self::parse(&format!("{space}/{text}"));
        }
        let reference = Self::parse(text)?;
        if reference.space == space {
            return Ok(reference);
        }
        Err(TeamError::Input {
            what: format!("{} is not in {}", Shown(text), Shown(space)),
        })
    }
}

/// The item whose id begins with these digits; of one kind, where only that can be meant.
pub(super) fn find(
    view: &View<'_>,
    which: &str,
    kind: Option<ItemKind>,
) -> Result<StoredItem, TeamError> {
    let unknown = || TeamError::NotFound {
        space: view.name().clone(),
        what: kind.map_or("item", ItemKind::word),
        which: Shown(which).to_string(),
    };
    let prefix = ItemPrefix::parse(which).ok_or_else(unknown)?;
    let mut found = view
        .tables
        .items_with_prefix(view.row(), prefix, AMBIGUOUS_MAX)?;
    if kind.is_some() {
        found.retain(|item| item.line.kind == kind);
    }
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) | (_, None) => Err(unknown()),
        (count, _) => Err(TeamError::Ambiguous {
            space: view.name().clone(),
            which: Shown(which).to_string(),
            count,
        }),
    }
}

/// An item, and what its operations in effect make of it now.
pub(super) fn find_folded(
    view: &View<'_>,
    which: &str,
    kind: ItemKind,
) -> Result<(StoredItem, Folded), TeamError> {
    let stored = find(view, which, Some(kind))?;
    let folded = Folder::new(view).fold(view.tables, &stored)?;
    Ok((stored, folded))
}

/// The item of a fold; an error that says why there is none.
pub(super) fn made(
    view: &View<'_>,
    stored: &StoredItem,
    folded: Folded,
) -> Result<Item, TeamError> {
    if let Some(item) = folded.item {
        return Ok(item);
    }
    let which = text_of(view, stored);
    let (state, next) = match Deletion::of(view, stored)? {
        Some(deletion) => (
            format!("was deleted for everyone: {deletion}"),
            "There is nothing to do.".to_owned(),
        ),
        None => (
            "has no effect: what makes it was written too late, or has not come".to_owned(),
            format!("See what is known of it: offline-vault explain {which}."),
        ),
    };
    Err(TeamError::StateAdvised { which, state, next })
}

/// `desk/3fa91c07`.
pub(super) fn text_of(view: &View<'_>, stored: &StoredItem) -> String {
    format!("{}/{}", view.name(), digits(&stored.item.0))
}

/// An error unless the person's role is at least this.
pub(super) fn need(view: &View<'_>, needed: Role) -> Result<(), TeamError> {
    let found = view.own_role();
    if found >= Some(needed) {
        return Ok(());
    }
    Err(TeamError::RoleNeeded {
        name: view.name().clone(),
        needed,
        found: found.map_or_else(|| "none".to_owned(), |role| role.to_string()),
        ask: whom_to_ask(view, Role::Admin),
    })
}

/// How far the deletion of an item got: "asked 5, confirmed 3".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Devices that are to destroy it.
    pub asked: usize,
    /// Those of them that say they have.
    pub confirmed: usize,
}

impl std::fmt::Display for Deletion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { asked, confirmed } = self;
        let noun = if *asked == 1 { "device" } else { "devices" };
        write!(formatter, "asked {asked} {noun}, confirmed by {confirmed}")
    }
}

impl Deletion {
    /// How far it got; none where nobody asked for it.
    pub(super) fn of(view: &View<'_>, stored: &StoredItem) -> Result<Option<Self>, TeamError> {
        let segments = segments_of(view.tables, stored)?;
        let deleted = view.deleted()?;
        if segments.is_empty() || !segments.is_subset(&deleted) {
            return Ok(None);
        }
        let devices = view.membership.devices();
        let asked: Vec<_> = devices.filter(|it| it.active).map(|it| it.id).collect();
        let confirmations: Vec<_> = segments
            .iter()
            .map(|segment| view.membership.confirmations_of_deletion(*segment))
            .collect();
        let has_confirmed = |device: &&_| confirmations.iter().all(|it| it.contains(*device));
        Ok(Some(Self {
            confirmed: asked.iter().filter(has_confirmed).count(),
            asked: asked.len(),
        }))
    }
}

/// The segments with the operations of an item, those without effect among them.
pub(super) fn segments_of(
    tables: &Tables<'_>,
    stored: &StoredItem,
) -> Result<BTreeSet<SegmentHash>, TeamError> {
    let operations = tables.operations_of_item(stored.id)?;
    Ok(operations.iter().map(|operation| operation.hash).collect())
}

/// Has every device destroy what an item says, beginning with this one.
///
/// # Errors
/// [`TeamError::RoleNeeded`] when somebody else wrote part of it and the person is no approver;
/// [`TeamError::State`] when it cannot be destroyed without other items.
pub fn delete(
    vault: &Vault,
    which: &ItemReference,
    kind: ItemKind,
    now: UnixTime,
) -> Result<Deletion, TeamError> {
    let (deletion, files) = in_space(vault, &which.space, now, |session| {
        let stored = find(&session.view, &which.digits, Some(kind))?;
        if let Some(deletion) = Deletion::of(&session.view, &stored)? {
            return Ok((deletion, Vec::new()));
        }
        let segments = check_deletable(session, &stored)?;
        for part in segments.chunks(usize::try_from(SEGMENTS_NAMED_MAX).unwrap_or(usize::MAX)) {
            session.write_control(&[Control::Delete(part.to_vec())])?;
        }
        destroy_deleted(session.changes, &session.view, &mut session.brought)?;
        for part in segments.chunks(usize::try_from(SEGMENTS_NAMED_MAX).unwrap_or(usize::MAX)) {
            session.write_control(&[Control::ConfirmDeletion(part.to_vec())])?;
        }
        let files = remove_unused(session.changes, session.view.row())?;
        let deletion = Deletion::of(&session.view, &stored)?;
        let deletion = deletion.ok_or_else(|| TeamError::State {
            which: text_of(&session.view, &stored),
            state: "cannot be deleted by you".to_owned(),
        })?;
        Ok((deletion, files))
    })?;
    for file in files {
        // One that stays is removed when the vault is next opened.
        let _ = crate::files::remove_if_present(&vault.paths().bundles().join(file));
    }
    Ok(deletion)
}

/// The segments of an item, if the person may have them destroyed and no other item goes with
/// them.
fn check_deletable(
    session: &Session<'_>,
    stored: &StoredItem,
) -> Result<Vec<SegmentHash>, TeamError> {
    let view = &session.view;
    let own = view.own_member();
    let operations = view.tables.operations_of_item(stored.id)?;
    let is_own = operations
        .iter()
        .all(|it| Some(view.author(it.dot.device)) == own);
    if !is_own {
        need(view, Role::Approver)?;
    }
    for operation in &operations {
        let items = view.tables.items_of_segment(operation.segment)?;
        if items.len() > 1 {
            return Err(TeamError::State {
                which: text_of(view, stored),
                state: format!(
                    "was imported together with {} others and cannot be deleted alone",
                    items.len().saturating_sub(1)
                ),
            });
        }
    }
    Ok(segments_of(view.tables, stored)?.into_iter().collect())
}

/// Items that are looked at to say how many a short name fits.
const AMBIGUOUS_MAX: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_space_and_digits() {
        let reference = ItemReference::parse("desk/3fa9").unwrap();
        assert_eq!(
            (reference.space.as_str(), reference.digits.as_str()),
            ("desk", "3fa9")
        );
        for text in ["desk", "desk/", "desk/xyz", "/", "desk/3fa9/1"] {
            assert!(ItemReference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn digits_suffice_where_the_space_is_known() {
        let reference = ItemReference::parse_in("desk", "3fa9").unwrap();
        assert_eq!(reference, ItemReference::parse("desk/3fa9").unwrap());
        assert_eq!(
            ItemReference::parse_in("desk", "desk/3fa9").unwrap(),
            reference
        );
        assert!(ItemReference::parse_in("desk", "other/3fa9").is_err());
    }
}
