//! Records of a space: typed fields of a signed schema.

mod conflicts;
mod history;
mod schemas;

use team_content::fold::Item;
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Operation;
use team_content::record::{AddEvent, AddTag, CreateRecord, Record, SetField};
use team_content::schema::{Field, FieldType, Schema};
use team_content::value::{Decimal, Value};
use team_core::name::Name;

use super::TeamError;
use super::delivery::{Deliveries, Delivery};
use super::folder::Folder;
use super::items::{Deletion, ItemReference, find, made, text_of};
use super::session::{in_space, look};
use super::view::{View, digits};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, ItemFlag, StoredItem};
use crate::vault::Vault;

pub use conflicts::{ConflictTask, ConflictValue, conflicts};
pub use history::{HistoryLine, history};
pub use schemas::{SchemaLine, define, schemas};

/// A record in a list.
#[derive(Clone, Debug)]
pub struct RecordLine {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// All digits.
    pub id: String,
    /// Its first text. Text of others.
    pub title: String,
    /// The item of its schema.
    pub schema: String,
    /// The name of its schema, of others; none while that has not come.
    pub schema_name: Option<String>,
    /// When it changed last, as its author's clock had it.
    pub updated_at: UnixTime,
    /// A field holds several values.
    pub conflict: bool,
    /// It changed since it was looked at.
    pub unread: bool,
    /// Somebody changed it who had lost the right.
    pub late: bool,
    /// How far its deletion got, if it was deleted for everyone.
    pub deletion: Option<Deletion>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownField {
    /// Its name, of others.
    pub name: String,
    /// What it is: text, a date, a sum.
    pub kind: &'static str,
    /// What it holds, of others: several values when it was set at the same time, and those of a
    /// set of tags; empty when it holds nothing.
    pub values: Vec<String>,
    /// Whether the values contradict each other.
    pub conflict: bool,
}

/// A record as it is shown.
#[derive(Clone, Debug)]
pub struct ShownRecord {
    /// Its line, as it was before it was shown.
    pub line: RecordLine,
    /// Its fields in the order of the schema, those that are retired only where they hold
    /// something.
    pub fields: Vec<ShownField>,
    /// Where it is.
    pub delivery: Delivery,
}

/// A field and what is typed for it.
pub type Setting<'a> = (&'a str, &'a str);

/// Makes a record. Returns its item.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn create(
    vault: &Vault,
    space: &str,
    schema: &str,
    settings: &[Setting<'_>],
    compartment: Option<&str>,
    now: UnixTime,
) -> Result<String, TeamError> {
    in_space(vault, space, now, |session| {
        let view = &session.view;
        let (stored, schema) = schemas::find_schema(view, schema)?;
        let compartment = match compartment {
            Some(name) => view.find_compartment(Some(name))?,
            None => stored.compartment,
        };
        let nonce = session.rng().array();
        let item = ItemId::of(session.view.own_device(), &nonce);
        let create = CreateRecord {
            nonce,
            schema: stored.item,
        };
        let mut operations = vec![Operation::from(create)];
        for (name, text) in settings {
            let field = field_named(&session.view, &schema, name)?;
            operations.extend(first_values(&session.view, item, field, text)?);
        }
        session.write_content(compartment, &operations)?;
        Ok(format!("{}/{}", session.view.name(), digits(&item.0)))
    })
}

/// What is written into a field of a new record.
fn first_values(
    view: &View<'_>,
    item: ItemId,
    field: &Field,
    text: &str,
) -> Result<Vec<Operation>, TeamError> {
    let number = field.number;
    Ok(match &field.field_type {
        FieldType::Tags => {
            let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            let add = |tag| {
                Ok(AddTag {
                    item,
                    field: number,
                    tag: Name::new(tag)?,
                }
                .into())
            };
            tags.map(add)
                .collect::<Result<_, _>>()
                .map_err(TeamError::Format)?
        }
        FieldType::Sum { .. } => vec![event(item, field, text, "")?],
        _ => match value(view, field, text)? {
            None => Vec::new(),
            value => vec![
                SetField {
                    item,
                    field: number,
                    value,
                    replaces: Vec::new(),
                }
                .into(),
            ],
        },
    })
}

/// A value as it was typed; none for nothing.
fn value(view: &View<'_>, field: &Field, text: &str) -> Result<Option<Value>, TeamError> {
    if text.is_empty() {
        return Ok(None);
    }
    if field.field_type == FieldType::Person {
        let member = view.find_member(text)?.id;
        return Ok(Some(Value::Person(Box::new(member))));
    }
    Ok(Some(field.field_type.parse(text)?))
}

fn event(item: ItemId, field: &Field, text: &str, remark: &str) -> Result<Operation, TeamError> {
    let FieldType::Sum { places, .. } = &field.field_type else {
        return Err(TeamError::Input {
            what: format!("{} is no sum: use `record set`", field.name),
        });
    };
    let amount = Decimal::parse(text)?;
    if amount.places() > *places {
        return Err(TeamError::Input {
            what: format!("{} has {places} decimal places", field.name),
        });
    }
    Ok(AddEvent {
        item,
        field: field.number,
        amount,
        remark: remark.to_owned(),
    }
    .into())
}

/// The field of a name, whatever the case of its letters where that is enough.
fn field_named<'a>(
    view: &View<'_>,
    schema: &'a Schema,
    name: &str,
) -> Result<&'a Field, TeamError> {
    let folded = || {
        let mut fields = schema.fields().filter(|field| !field.retired);
        fields.find(|field| field.name.as_str().eq_ignore_ascii_case(name))
    };
    let found = schema.field_named(name).or_else(folded);
    found.ok_or_else(|| {
        let names: Vec<String> = schema
            .fields()
            .filter(|field| !field.retired)
            .map(|field| pack_format::shown::Shown(field.name.as_str()).to_string())
            .collect();
        TeamError::Input {
            what: format!(
                "the schema in {} has no field {}: it has {}",
                view.name(),
                pack_format::shown::Shown(name),
                names.join(", ")
            ),
        }
    })
}

/// A record with what is needed to change it.
struct Found {
    stored: StoredItem,
    record: Record,
    schema: Schema,
}

fn find_record(view: &View<'_>, which: &ItemReference) -> Result<Found, TeamError> {
    let stored = find(view, &which.digits, Some(ItemKind::Record))?;
    let mut folder = Folder::new(view);
    let folded = folder.fold(view.tables, &stored)?;
    let Item::Record(record) = made(view, &stored, folded)? else {
        return Err(TeamError::State {
            which: text_of(view, &stored),
            state: "is not a record".to_owned(),
        });
    };
    let schema = folder.schemas().get(&record.schema()).cloned();
    let schema = schema.ok_or_else(|| TeamError::State {
        which: text_of(view, &stored),
        state: "has a schema that has not come".to_owned(),
    })?;
    Ok(Found {
        stored,
        record,
        schema,
    })
}

/// What is done with a field of a record.
#[derive(Clone, Copy, Debug)]
pub enum RecordChange<'a> {
    /// It holds this from now on, in place of every value there is now; nothing for no text.
    Set(&'a str),
    /// A tag is added.
    Tag(&'a str),
    /// A tag is removed.
    Untag(&'a str),
    /// An amount is added to a sum, with a remark.
    Add(&'a str, &'a str),
}

/// Changes fields of a record, all of them in one segment.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn change(
    vault: &Vault,
    which: &ItemReference,
    changes: &[(&str, RecordChange<'_>)],
    now: UnixTime,
) -> Result<(), TeamError> {
    in_space(vault, &which.space, now, |session| {
        let found = find_record(&session.view, which)?;
        let mut operations = Vec::new();
        for (name, change) in changes {
            let field = field_named(&session.view, &found.schema, name)?;
            operations.push(operation(&session.view, &found, field, *change)?);
        }
        session.write_content(found.stored.compartment, &operations)?;
        Ok(())
    })
}

fn operation(
    view: &View<'_>,
    found: &Found,
    field: &Field,
    change: RecordChange<'_>,
) -> Result<Operation, TeamError> {
    let (item, number) = (found.stored.item, field.number);
    let is_tags = field.field_type == FieldType::Tags;
    Ok(match change {
        RecordChange::Set(text) => {
            if is_tags || matches!(field.field_type, FieldType::Sum { .. }) {
                return Err(TeamError::Input {
                    what: format!(
                        "{} is {}: use `record tag`, `record untag` or `record add`",
                        field.name,
                        field.field_type.kind()
                    ),
                });
            }
            found.record.set(item, number, value(view, field, text)?)
        }
        RecordChange::Tag(_) | RecordChange::Untag(_) if !is_tags => {
            return Err(TeamError::Input {
                what: format!("{} holds no tags: use `record set`", field.name),
            });
        }
        RecordChange::Tag(tag) => AddTag {
            item,
            field: number,
            tag: Name::new(tag).map_err(TeamError::Format)?,
        }
        .into(),
        RecordChange::Untag(tag) => {
            let tag = Name::new(tag).map_err(TeamError::Format)?;
            let removed = found.record.remove_tag(item, number, &tag);
            removed.ok_or_else(|| TeamError::StateAdvised {
                which: text_of(view, &found.stored),
                state: "does not have the tag".to_owned(),
                next: format!(
                    "See its tags: offline-vault record show {}.",
                    text_of(view, &found.stored)
                ),
            })?
        }
        RecordChange::Add(amount, remark) => event(item, field, amount, remark)?,
    })
}

/// Lists the records of a space, or of one schema.
///
/// # Errors
/// [`TeamError`].
pub fn list(
    vault: &Vault,
    space: &str,
    schema: Option<&str>,
    limit: u32,
) -> Result<Vec<RecordLine>, TeamError> {
    look(vault, space, |view| {
        let schema = schema.map(|which| schemas::find_schema(view, which));
        let place = schema
            .transpose()?
            .map(|(stored, _)| stored.item.to_string());
        let filter = ItemFilter {
            place: place.as_deref(),
            ..ItemFilter::default()
        };
        let kind = Some(ItemKind::Record);
        let items = view.tables.items(view.row(), kind, &filter, limit)?;
        let names = schemas::names(view)?;
        let line = |stored: &StoredItem| line(view, stored, &names);
        items.iter().map(line).collect()
    })
}

fn line(
    view: &View<'_>,
    stored: &StoredItem,
    names: &schemas::Names,
) -> Result<RecordLine, TeamError> {
    let has = |flag| stored.line.flags.has(flag);
    let of_schema = names.get(&stored.line.place);
    Ok(RecordLine {
        item: text_of(view, stored),
        id: stored.item.to_string(),
        title: stored.line.title.clone(),
        schema: of_schema.map_or_else(|| stored.line.place.clone(), |it| it.item.clone()),
        schema_name: of_schema.map(|it| it.name.clone()),
        updated_at: stored.line.updated_at,
        conflict: has(ItemFlag::Conflict),
        unread: has(ItemFlag::Unread),
        late: has(ItemFlag::Late),
        deletion: match has(ItemFlag::Deleted) {
            true => Deletion::of(view, stored)?,
            false => None,
        },
    })
}

/// Shows a record; it counts as read from then on.
///
/// # Errors
/// [`TeamError`].
pub fn show(vault: &Vault, which: &ItemReference) -> Result<ShownRecord, TeamError> {
    let (row, shown) = look(vault, &which.space, |view| {
        let found = find_record(view, which)?;
        let names = schemas::names(view)?;
        let shown = ShownRecord {
            line: line(view, &found.stored, &names)?,
            fields: fields(view, &found),
            delivery: Deliveries::of(view)?.item(&found.stored)?,
        };
        Ok((found.stored.id, shown))
    })?;
    vault.store().write(|changes| changes.mark_read(row))?;
    Ok(shown)
}

fn fields(view: &View<'_>, found: &Found) -> Vec<ShownField> {
    let conflicts = found.record.conflicts();
    let mut shown = Vec::new();
    let mut numbers = std::collections::BTreeSet::new();
    for field in found.schema.fields() {
        // Versions of a schema at the same time have most fields in common.
        if !numbers.insert(field.number) {
            continue;
        }
        let values = values(view, found, field);
        if field.retired && values.is_empty() {
            continue;
        }
        shown.push(ShownField {
            name: field.name.as_str().to_owned(),
            kind: field.field_type.kind().words(),
            conflict: conflicts.iter().any(|it| it.field == field.number),
            values,
        });
    }
    shown
}

/// What a field holds, as people read it.
fn values(view: &View<'_>, found: &Found, field: &Field) -> Vec<String> {
    let record = &found.record;
    match &field.field_type {
        FieldType::Tags => {
            let tags = record.tags(field.number).map(|tag| tag.value.to_string());
            let tags: std::collections::BTreeSet<String> = tags.collect();
            tags.into_iter().collect()
        }
        FieldType::Sum { unit, places } => {
            let sum = record.sum(field.number);
            if sum.event_count == 0 {
                return Vec::new();
            }
            let unit = unit
                .as_ref()
                .map_or_else(String::new, |it| format!(" {it}"));
            vec![format!(
                "{}{unit}",
                with_places(&sum.total.to_string(), *places)
            )]
        }
        _ => {
            let mut values: Vec<String> = record
                .values(field.number)
                .map(|written| shown_value(view, field, written.value))
                .collect();
            values.dedup();
            if values.iter().all(String::is_empty) {
                values.clear();
            }
            values
        }
    }
}

/// A sum with all the decimal places of its field, as people write money: 14.00.
fn with_places(total: &str, places: u8) -> String {
    let places = usize::from(places);
    let found = total.split_once('.').map_or(0, |(_, after)| after.len());
    let point = if found == 0 && places > 0 { "." } else { "" };
    let zeros = "0".repeat(places.saturating_sub(found));
    format!("{total}{point}{zeros}")
}

/// A value as people read it; empty for nothing.
fn shown_value(view: &View<'_>, field: &Field, value: Option<&Value>) -> String {
    let person = |member| view.member_text(member);
    value.map_or_else(String::new, |value| field.field_type.shown(value, &person))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_shows_all_its_decimal_places() {
        let shown = [("14", 2), ("-2.5", 2), ("2.55", 2), ("7", 0)];
        let shown = shown.map(|(total, places)| with_places(total, places));
        assert_eq!(shown, ["14.00", "-2.50", "2.55", "7"]);
    }
}
