//! Items worked out from the operations that are stored of them.

use std::collections::BTreeMap;

use team_content::batch::decode_alone;
use team_content::fold::{Folded, Item, fold, schema_of};
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Stamped;
use team_content::schema::Schema;
use team_core::ids::CompartmentId;

use super::TeamError;
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::limits::ITEM_OPERATIONS_MAX;
use crate::store::{Changes, ItemFlag, ItemLine, ItemRow, StoredItem, Tables};

/// Folds items from what is stored of them.
pub(crate) struct Folder<'a> {
    view: &'a View<'a>,
    schemas: BTreeMap<ItemId, Schema>,
    /// How many items of each kind came or changed.
    changed: BTreeMap<ItemKind, u64>,
    conflicts: u64,
    /// Items that are not worked out any more.
    overfull: Vec<String>,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(view: &'a View<'a>) -> Self {
        Self {
            view,
            schemas: BTreeMap::new(),
            changed: BTreeMap::new(),
            conflicts: 0,
            overfull: Vec::new(),
        }
    }

    /// The operations of an item that are in effect.
    ///
    /// # Errors
    /// [`TeamError::Overfull`] where they are more than can be worked out.
    pub(crate) fn operations(
        &self,
        tables: &Tables<'_>,
        item: ItemRow,
    ) -> Result<Vec<Stamped>, TeamError> {
        let limit = ITEM_OPERATIONS_MAX.saturating_add(1);
        let found = tables.operations_in_effect(item, limit)?;
        if found.len() as u64 > u64::from(ITEM_OPERATIONS_MAX) {
            return Err(TeamError::Overfull {
                which: self.name(tables, item)?,
            });
        }
        let mut stamped = Vec::with_capacity(found.len());
        for stored in found {
            // What does not read now was read when it was taken in: the disk may be damaged.
            let operation =
                decode_alone(stored.dot, &stored.body).map_err(|err| TeamError::Input {
                    what: err.to_string(),
                })?;
            stamped.push(Stamped {
                dot: stored.dot,
                author: self.view.author(stored.dot.device),
                claimed_at: stored.claimed_at.to_secs(),
                order: stored.order,
                operation,
            });
        }
        Ok(stamped)
    }

    /// Folds one item as its operations in effect make it.
    pub(crate) fn fold(
        &mut self,
        tables: &Tables<'_>,
        item: &StoredItem,
    ) -> Result<Folded, TeamError> {
        let operations = self.operations(tables, item.id)?;
        if let Some(schema) = schema_of(&operations) {
            self.learn_schema(tables, item.compartment, schema)?;
        }
        Ok(fold(item.item, &operations, &self.schemas))
    }

    /// The same for a list; none for an item with more operations than are worked out, so that
    /// one item keeps nobody from seeing the others.
    pub(crate) fn fold_for_list(
        &mut self,
        tables: &Tables<'_>,
        item: &StoredItem,
    ) -> Result<Option<Folded>, TeamError> {
        match self.fold(tables, item) {
            Ok(folded) => Ok(Some(folded)),
            Err(TeamError::Overfull { .. }) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// Has a schema at hand, from the record's own compartment or from the space as a whole.
    pub(crate) fn learn_schema(
        &mut self,
        tables: &Tables<'_>,
        compartment: CompartmentId,
        schema: ItemId,
    ) -> Result<(), TeamError> {
        if self.schemas.contains_key(&schema) {
            return Ok(());
        }
        for place in [compartment, CompartmentId::WHOLE] {
            let Some(stored) = tables.item_with_id(self.view.row(), place, schema)? else {
                continue;
            };
            let operations = self.operations(tables, stored.id)?;
            let folded = fold(schema, &operations, &BTreeMap::new());
            if let Some(Item::Schema(found)) = folded.item {
                self.schemas.insert(schema, found);
                break;
            }
        }
        Ok(())
    }

    /// The schemas that are at hand.
    pub(crate) fn schemas(&self) -> &BTreeMap<ItemId, Schema> {
        &self.schemas
    }

    pub(super) fn fold_and_store(
        &mut self,
        changes: &Changes<'_>,
        item: ItemRow,
    ) -> Result<(), TeamError> {
        let Some(stored) = changes.item(item)? else {
            return Ok(());
        };
        let folded = match self.fold(changes, &stored) {
            // Its line stays as it was known.
            Err(TeamError::Overfull { which }) => {
                self.overfull.push(which);
                return Ok(());
            }
            folded => folded?,
        };
        let state = changes.item_state(item)?;
        let own = self.view.own_device();
        let is_news = state.newest.is_some_and(|newest| newest != own);
        let flags = stored.line.flags.with(ItemFlag::Late, state.is_late);
        let line = match folded.row(&self.schemas) {
            Some(row) => ItemLine {
                kind: Some(row.kind),
                flags: flags
                    .with(ItemFlag::Conflict, row.conflict)
                    .with(ItemFlag::Proposal, row.open_proposal_count > 0)
                    .with(ItemFlag::Deleted, !row.listed)
                    .with(ItemFlag::Unread, is_news || flags.has(ItemFlag::Unread)),
                place: row.parent.map_or_else(String::new, |it| it.to_string()),
                updated_at: UnixTime::of_secs(row.updated_at),
                title: row.title,
            },
            // What made it is held or has not come: its line stays as it was known. Of what was
            // destroyed nothing stays.
            None => ItemLine {
                flags: flags.with(ItemFlag::Deleted, true),
                title: if state.has_content {
                    stored.line.title.clone()
                } else {
                    changes.set_item_cache(item, None)?;
                    String::new()
                },
                ..stored.line.clone()
            },
        };
        if line != stored.line {
            if let (true, Some(kind)) = (is_news, line.kind) {
                let count = self.changed.entry(kind).or_default();
                *count = count.saturating_add(1);
            }
            let is_new_conflict =
                line.flags.has(ItemFlag::Conflict) && !stored.line.flags.has(ItemFlag::Conflict);
            self.conflicts = self.conflicts.saturating_add(u64::from(is_new_conflict));
            changes.set_item_line(item, &line)?;
        }
        if line.kind == Some(ItemKind::Schema) {
            self.fold_records_of(changes, &stored)?;
        }
        Ok(())
    }

    /// The records of a schema are folded again when it changes.
    fn fold_records_of(
        &mut self,
        changes: &Changes<'_>,
        schema: &StoredItem,
    ) -> Result<(), TeamError> {
        self.schemas.remove(&schema.item);
        let place = schema.item.to_string();
        for record in changes.item_rows_at(self.view.row(), ItemKind::Record, &place)? {
            self.fold_and_store(changes, record)?;
        }
        Ok(())
    }

    /// What changed, in a few words for each kind.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .changed
            .iter()
            .map(|(kind, count)| match count {
                1 => format!("one {} came or changed", kind.word()),
                count => format!("{count} {}s came or changed", kind.word()),
            })
            .collect();
        if self.conflicts > 0 {
            lines.push(format!(
                "{} of them were changed by several at the same time: offline-vault record \
                 conflicts {}",
                self.conflicts,
                self.view.name()
            ));
        }
        for which in &self.overfull {
            lines.push(format!(
                "{which} has more changes than this program works out, and stays as it was shown \
                 before. See who wrote them: offline-vault explain {which}"
            ));
        }
        lines
    }

    /// How a person names an item.
    fn name(&self, tables: &Tables<'_>, item: ItemRow) -> Result<String, TeamError> {
        let stored = tables.item(item)?;
        let id = stored.map_or_else(String::new, |stored| digits(&stored.item.0));
        Ok(format!("{}/{id}", self.view.name()))
    }
}
