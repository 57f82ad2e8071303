//! Fields that hold several values, as tasks for whoever knows which is right.

use team_content::index::ItemKind;

use super::super::TeamError;
use super::super::items::{ItemReference, text_of};
use super::super::session::look;
use super::{find_record, shown_value};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, ItemFlag};
use crate::vault::Vault;

/// A field that somebody has to settle.
#[derive(Clone, Debug)]
pub struct ConflictTask {
    /// `SPACE/DIGITS` of the record.
    pub item: String,
    /// What lists show of the record. Text of others.
    pub title: String,
    /// The field. Text of others.
    pub field: String,
    /// What it holds.
    pub values: Vec<ConflictValue>,
}

/// One of the values.
#[derive(Clone, Debug)]
pub struct ConflictValue {
    /// The value, empty for nothing. Text of others.
    pub value: String,
    /// As it is typed, where that differs: the digits of a member.
    pub typed: String,
    /// Who set it, escaped.
    pub author: String,
    /// When, as its author's clock had it.
    pub written_at: UnixTime,
}

/// Lists the fields of records that were set by several at the same time.
///
/// # Errors
/// [`TeamError`].
pub fn conflicts(vault: &Vault, space: &str, limit: u32) -> Result<Vec<ConflictTask>, TeamError> {
    look(vault, space, |view| {
        let filter = ItemFilter {
            flag: Some(ItemFlag::Conflict),
            ..ItemFilter::default()
        };
        let kind = Some(ItemKind::Record);
        let mut tasks = Vec::new();
        for stored in view.tables.items(view.row(), kind, &filter, limit)? {
            let which = ItemReference {
                space: space.to_owned(),
                digits: stored.item.to_string(),
            };
            let found = find_record(view, &which)?;
            for conflict in found.record.conflicts() {
                let Some(field) = found.schema.field(conflict.field) else {
                    continue;
                };
                let values = conflict.values.iter().map(|written| {
                    let value = shown_value(view, field, written.value.as_ref());
                    ConflictValue {
                        typed: typed(written.value.as_ref(), &value),
                        value,
                        author: view.device_text(written.dot.device),
                        written_at: UnixTime::of_secs(written.claimed_at),
                    }
                });
                tasks.push(ConflictTask {
                    item: text_of(view, &stored),
                    title: stored.line.title.clone(),
                    field: field.name.as_str().to_owned(),
                    values: values.collect(),
                });
            }
        }
        Ok(tasks)
    })
}

/// A person is named by digits: two members may have one name.
fn typed(value: Option<&team_content::value::Value>, shown: &str) -> String {
    match value {
        Some(team_content::value::Value::Person(member)) => super::digits(&member.0),
        _ => shown.to_owned(),
    }
}
