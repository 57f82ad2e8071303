//! Items worked out from the operations that are stored of them.

use std::collections::{BTreeMap, BTreeSet};

use team_content::batch::decode_alone;
use team_content::fold::{Folded, Item, fold, schema_of};
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Stamped;
use team_content::schema::Schema;
use team_core::ids::CompartmentId;

use super::TeamError;
use super::view::View;
use crate::clock::UnixTime;
use crate::limits::{ITEM_BYTES_MAX, ITEM_OPERATIONS_MAX};
use crate::store::{Changes, ItemFlag, ItemLine, ItemRow, StoredItem, Tables};

/// Folds items from what is stored of them.
pub(crate) struct Folder<'a> {
    view: &'a View<'a>,
    schemas: BTreeMap<ItemId, Schema>,
    /// How many items of each kind came or changed.
    changed: BTreeMap<ItemKind, u64>,
    conflicts: u64,
    /// What was looked for as a schema and is none.
    no_schemas: BTreeSet<(CompartmentId, ItemId)>,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(view: &'a View<'a>) -> Self {
        Self {
            view,
            schemas: BTreeMap::new(),
            changed: BTreeMap::new(),
            conflicts: 0,
            no_schemas: BTreeSet::new(),
        }
    }

    /// The operations of an item that are in effect, as far as those of one device count.
    pub(crate) fn operations(
        &self,
        tables: &Tables<'_>,
        item: ItemRow,
    ) -> Result<Vec<Stamped>, TeamError> {
        let found = tables.operations_in_effect(item, ITEM_OPERATIONS_MAX, ITEM_BYTES_MAX)?;
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

    /// Has a schema at hand, from the record's own compartment or from the space as a whole.
    pub(crate) fn learn_schema(
        &mut self,
        tables: &Tables<'_>,
        compartment: CompartmentId,
        schema: ItemId,
    ) -> Result<(), TeamError> {
        if self.schemas.contains_key(&schema) || self.no_schemas.contains(&(compartment, schema)) {
            return Ok(());
        }
        let mut places = vec![compartment, CompartmentId::WHOLE];
        places.dedup();
        for place in places {
            let Some(stored) = tables.item_with_id(self.view.row(), place, schema)? else {
                continue;
            };
            let operations = self.operations(tables, stored.id)?;
            let folded = fold(schema, &operations, &BTreeMap::new());
            if let Some(Item::Schema(found)) = folded.item {
                self.schemas.insert(schema, found);
                return Ok(());
            }
        }
        // Very many records may name something large that is no schema.
        self.no_schemas.insert((compartment, schema));
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
        let folded = self.fold(changes, &stored)?;
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
        self.no_schemas.clear();
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
        lines
    }
}
