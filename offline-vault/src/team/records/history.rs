//! What was done to a record, operation by operation.

use team_content::batch::decode_alone;
use team_content::fold::fold;
use team_content::operation::Operation;
use team_content::schema::Schema;

use super::super::TeamError;
use super::super::folder::Folder;
use super::super::items::{ItemReference, find};
use super::super::session::look;
use super::super::view::View;
use super::shown_value;
use crate::clock::UnixTime;
use crate::store::{Standing, StoredOperation};
use crate::vault::Vault;
use team_content::index::ItemKind;

/// One operation.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    /// Who did it, escaped.
    pub device: String,
    /// When, as its clock had it: a claim.
    pub claimed_at: UnixTime,
    /// When it came here.
    pub taken_at: UnixTime,
    /// What was done. Text of others in it.
    pub what: String,
    /// Why it has no effect, if it has none.
    pub without_effect: Option<String>,
}

/// What was done to a record, in the order in which it was taken in.
///
/// # Errors
/// [`TeamError`].
pub fn history(vault: &Vault, which: &ItemReference) -> Result<Vec<HistoryLine>, TeamError> {
    look(vault, &which.space, |view| {
        let stored = find(view, &which.digits, Some(ItemKind::Record))?;
        let mut folder = Folder::new(view);
        folder.fold(view.tables, &stored)?;
        let in_effect = folder.operations(view.tables, stored.id)?;
        let folded = fold(stored.item, &in_effect, folder.schemas());
        let schema = folder.schemas().values().next();
        let mut lines = Vec::new();
        for operation in view.tables.operations_of_item(stored.id)? {
            let ignored = folded.ignored.iter().find(|it| it.dot == operation.dot);
            let ignored = ignored.map(|it| it.reason.to_string());
            lines.push(HistoryLine {
                device: view.device_text(operation.dot.device),
                claimed_at: operation.claimed_at,
                taken_at: operation.taken_at,
                what: what(view, schema, &operation),
                without_effect: standing(&operation).or(ignored),
            });
        }
        Ok(lines)
    })
}

fn standing(operation: &StoredOperation) -> Option<String> {
    let reason = match operation.standing {
        _ if operation.in_effect => return None,
        Standing::Held => "late work: its author had lost the right",
        Standing::Destroyed => "it was deleted for everyone",
        _ => "it does not count",
    };
    Some(reason.to_owned())
}

fn what(view: &View<'_>, schema: Option<&Schema>, stored: &StoredOperation) -> String {
    let Some(body) = &stored.body else {
        return "destroyed".to_owned();
    };
    let Ok(operation) = decode_alone(stored.dot, body) else {
        return "unreadable".to_owned();
    };
    let field_of = |number: u16| schema.and_then(|schema| schema.field(number));
    let name = |number| {
        field_of(number).map_or_else(|| format!("field {number}"), |it| it.name.to_string())
    };
    match &operation {
        Operation::CreateRecord(_) => "made the record".to_owned(),
        Operation::SetField(set) => match (field_of(set.field), &set.value) {
            (_, None) => format!("cleared {}", name(set.field)),
            (Some(field), value) => {
                let value = shown_value(view, field, value.as_ref());
                format!("set {} to {value}", name(set.field))
            }
            (None, Some(_)) => format!("set {}", name(set.field)),
        },
        Operation::AddTag(add) => format!("added the tag {} to {}", add.tag, name(add.field)),
        Operation::RemoveTag(remove) => format!("removed a tag from {}", name(remove.field)),
        Operation::AddEvent(event) => {
            let remark = match event.remark.as_str() {
                "" => String::new(),
                remark => format!(": {remark}"),
            };
            format!("added {} to {}{remark}", event.amount, name(event.field))
        }
        _ => "something else".to_owned(),
    }
}
