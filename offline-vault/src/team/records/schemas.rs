//! The schemas of a space: what fields the records of each kind have.

use std::collections::{BTreeMap, BTreeSet};

use pack_format::shown::Shown;
use team_content::fold::Item;
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_content::operation::Operation;
use team_content::schema::{ChoiceOption, DefineSchema, Field, FieldType, Schema, SchemaVersion};
use team_core::ids::CompartmentId;

use super::super::TeamError;
use super::super::items::{find, find_folded, made, text_of};
use super::super::session::{in_space, look};
use super::super::view::{View, digits};
use crate::clock::UnixTime;
use crate::store::{ItemFilter, ItemFlag, StoredItem};
use crate::vault::Vault;

/// A schema in a list.
#[derive(Clone, Debug)]
pub struct SchemaLine {
    /// `SPACE/DIGITS`.
    pub item: String,
    /// What its records are called. Text of others.
    pub name: String,
    /// Its fields, and what each is; those of one version after those of another where there are
    /// several. Text of others.
    pub fields: Vec<(String, &'static str)>,
    /// Whether it was revised by several at the same time.
    pub conflict: bool,
}

/// The schemas of a space by all digits of their items.
pub(super) type Names = BTreeMap<String, NamedSchema>;

/// What lists show of a schema.
pub(super) struct NamedSchema {
    pub(super) item: String,
    pub(super) name: String,
}

pub(super) fn names(view: &View<'_>) -> Result<Names, TeamError> {
    let named = all(view)?.into_iter().map(|stored| {
        let named = NamedSchema {
            item: text_of(view, &stored),
            name: stored.line.title.clone(),
        };
        (stored.item.to_string(), named)
    });
    Ok(named.collect())
}

fn all(view: &View<'_>) -> Result<Vec<StoredItem>, TeamError> {
    let kind = Some(ItemKind::Schema);
    let filter = ItemFilter::default();
    Ok(view.tables.items(view.row(), kind, &filter, SCHEMAS_MAX)?)
}

/// The schema of this name, or whose item begins with these digits.
pub(super) fn find_schema(view: &View<'_>, which: &str) -> Result<(StoredItem, Schema), TeamError> {
    let mut named = all(view)?;
    named.retain(|stored| is_called(stored, which));
    let stored = match (named.len(), named.pop()) {
        (0, _) | (_, None) => {
            let digits = which.rsplit('/').next().unwrap_or(which);
            find(view, digits, Some(ItemKind::Schema))?
        }
        (1, Some(one)) => one,
        (_, Some(last)) => {
            named.push(last);
            return Err(several(view, which, &named));
        }
    };
    let (stored, folded) = find_folded(view, &stored.item.to_string(), ItemKind::Schema)?;
    match made(view, &stored, folded)? {
        Item::Schema(schema) => Ok((stored, schema)),
        _ => Err(TeamError::State {
            which: text_of(view, &stored),
            state: "is not a schema".to_owned(),
        }),
    }
}

/// Whether a schema counts and is called so.
fn is_called(stored: &StoredItem, name: &str) -> bool {
    let has = |flag| stored.line.flags.has(flag);
    !has(ItemFlag::Deleted) && stored.line.title.to_lowercase() == name.to_lowercase()
}

/// Devices that did not know of each other defined the same kind, each for itself.
fn several(view: &View<'_>, which: &str, named: &[StoredItem]) -> TeamError {
    let items: Vec<String> = named.iter().map(|stored| text_of(view, stored)).collect();
    let first = items.first().cloned().unwrap_or_default();
    TeamError::InputAdvised {
        what: format!(
            "{} schemas of {} are called {}: {}",
            items.len(),
            view.name(),
            Shown(which),
            items.join(", ")
        ),
        next: format!(
            "Name the one you mean by its item, like {first}; `offline-vault record schemas {}` \
             shows what fields each has.",
            view.name()
        ),
    }
}

/// An error where another schema of the compartment has the name: records are made and listed by
/// it.
fn check_free(
    view: &View<'_>,
    compartment: CompartmentId,
    name: &str,
    revised: Option<&StoredItem>,
) -> Result<(), TeamError> {
    let is_other = |stored: &StoredItem| revised.is_none_or(|revised| revised.id != stored.id);
    let all = all(view)?.into_iter();
    let mut taken = all.filter(|stored| {
        stored.compartment == compartment && is_called(stored, name) && is_other(stored)
    });
    let Some(taken) = taken.next() else {
        return Ok(());
    };
    let (item, space) = (text_of(view, &taken), view.name());
    Err(TeamError::InputAdvised {
        what: format!(
            "{item} defines records called {} already",
            Shown(&taken.line.title)
        ),
        next: format!(
            "Choose another name, or revise it: `offline-vault record define {space} FILE.json \
             --revise {item}`."
        ),
    })
}

/// Defines a kind of records, or revises one. Returns the item of the schema.
///
/// The numbers of the given fields and options are the places at which they stand. A revision
/// keeps the number of each name that there was; what it leaves out is retired.
///
/// # Errors
/// [`TeamError::Input`] when a revision gives a field another type; [`TeamError::InputAdvised`]
/// when another schema has the name.
pub fn define(
    vault: &Vault,
    space: &str,
    version: SchemaVersion,
    revises: Option<&str>,
    compartment: Option<&str>,
    now: UnixTime,
) -> Result<String, TeamError> {
    in_space(vault, space, now, |session| {
        if let Some(which) = revises {
            let (stored, schema) = find_schema(&session.view, which)?;
            let name = version.name.as_str();
            check_free(&session.view, stored.compartment, name, Some(&stored))?;
            let operation = schema.revise(stored.item, renumbered(&schema, version)?);
            session.write_content(stored.compartment, &[operation])?;
            return Ok(text_of(&session.view, &stored));
        }
        let compartment = session.view.find_compartment(compartment)?;
        check_free(&session.view, compartment, version.name.as_str(), None)?;
        let nonce = session.rng().array();
        let item = ItemId::of(session.view.own_device(), &nonce);
        let define = DefineSchema { nonce, version };
        session.write_content(compartment, &[Operation::from(define)])?;
        Ok(format!("{}/{}", session.view.name(), digits(&item.0)))
    })
}

/// A version with the numbers that its fields and options have already.
fn renumbered(schema: &Schema, version: SchemaVersion) -> Result<SchemaVersion, TeamError> {
    let mut next = schema.unused_number();
    let mut fields = Vec::new();
    let mut kept = BTreeSet::new();
    for mut field in version.fields {
        let mut known = schema.fields();
        match known.find(|known| known.name == field.name) {
            Some(known) if known.field_type.kind() != field.field_type.kind() => {
                return Err(TeamError::Input {
                    what: format!(
                        "the field {} is {} and stays so: give the new one another name",
                        field.name,
                        known.field_type.kind()
                    ),
                });
            }
            Some(known) => {
                field.number = known.number;
                keep_options(&mut field.field_type, &known.field_type);
                kept.insert(known.number);
            }
            None => {
                field.number = next.ok_or_else(|| TeamError::Input {
                    what: "the schema has no number left for a field".to_owned(),
                })?;
                next = field.number.checked_add(1);
            }
        }
        fields.push(field);
    }
    for known in schema.fields() {
        if kept.insert(known.number) {
            fields.push(Field {
                retired: true,
                ..known.clone()
            });
        }
    }
    Ok(SchemaVersion {
        name: version.name,
        fields,
    })
}

/// Gives options the numbers that those of the same name have, and new ones new numbers.
fn keep_options(now: &mut FieldType, before: &FieldType) {
    let (FieldType::Choice { options }, FieldType::Choice { options: known }) = (now, before)
    else {
        return;
    };
    let last = known.iter().map(|option| option.number).max();
    let mut next = last.map_or(0, |last| last.saturating_add(1));
    for option in options.iter_mut() {
        let same = known.iter().find(|known| known.name == option.name);
        option.number = same.map_or(next, |same| same.number);
        if same.is_none() {
            next = next.saturating_add(1);
        }
    }
    options.sort_by_key(|option: &ChoiceOption| option.number);
}

/// Lists the schemas of a space.
///
/// # Errors
/// [`TeamError`].
pub fn schemas(vault: &Vault, space: &str) -> Result<Vec<SchemaLine>, TeamError> {
    look(vault, space, |view| {
        let mut lines = Vec::new();
        for stored in all(view)? {
            let (stored, schema) = find_schema(view, &stored.item.to_string())?;
            let fields = schema.fields().filter(|field| !field.retired);
            lines.push(SchemaLine {
                item: text_of(view, &stored),
                name: stored.line.title.clone(),
                fields: fields
                    .map(|it| (it.name.to_string(), it.field_type.kind().words()))
                    .collect(),
                conflict: schema.has_conflict(),
            });
        }
        Ok(lines)
    })
}

/// Schemas that are read at once: more than anybody chooses from.
const SCHEMAS_MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use team_content::fold::fold;
    use team_content::item_id::Dot;
    use team_content::operation::Stamped;
    use team_core::ids::{DeviceId, MemberId};
    use team_core::name::Name;

    use pack_format::advice::Advice as _;

    use super::*;
    use crate::team::keys::add_compartment;
    use crate::team::tests::shared;
    use crate::work::tests::{NOW, Place};

    fn field(number: u16, name: &str, field_type: FieldType) -> Field {
        Field {
            number,
            name: Name::new(name).unwrap(),
            retired: false,
            field_type,
        }
    }

    fn choice(options: &[&str]) -> FieldType {
        let options = (0..).zip(options).map(|(number, name)| ChoiceOption {
            number,
            name: Name::new(name).unwrap(),
        });
        FieldType::Choice {
            options: options.collect(),
        }
    }

    fn version(fields: Vec<Field>) -> SchemaVersion {
        SchemaVersion {
            name: Name::new("Expense").unwrap(),
            fields,
        }
    }

    fn schema(fields: Vec<Field>) -> Schema {
        let device = DeviceId([1; 32]);
        let define = DefineSchema {
            nonce: [2; 16],
            version: version(fields),
        };
        let stamped = Stamped {
            dot: Dot {
                device,
                number: 1,
                index: 0,
            },
            author: MemberId([1; 32]),
            claimed_at: 0,
            order: 1,
            operation: define.into(),
        };
        let item = ItemId::of(device, &[2; 16]);
        match fold(item, &[stamped], &BTreeMap::new()).item {
            Some(Item::Schema(schema)) => schema,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_revision_keeps_numbers_by_name_and_retires_what_it_leaves_out() {
        let before = schema(vec![
            field(0, "Title", FieldType::Text),
            field(1, "State", choice(&["open", "done"])),
            field(2, "Old", FieldType::Integer),
        ]);
        let revised = renumbered(
            &before,
            version(vec![
                field(0, "State", choice(&["waiting", "done"])),
                field(1, "New", FieldType::Date),
                field(2, "Title", FieldType::Text),
            ]),
        )
        .unwrap();
        let numbers: Vec<_> = revised
            .fields
            .iter()
            .map(|it| (it.name.as_str(), it.number, it.retired))
            .collect();
        let expected = [
            ("State", 1, false),
            ("New", 3, false),
            ("Title", 0, false),
            ("Old", 2, true),
        ];
        assert_eq!(numbers, expected);
        let FieldType::Choice { options } = &revised.fields[0].field_type else {
            panic!();
        };
        let options: Vec<_> = options
            .iter()
            .map(|it| (it.name.as_str(), it.number))
            .collect();
        assert_eq!(options, [("done", 1), ("waiting", 2)]);
    }

    #[test]
    fn a_name_defines_one_schema_of_a_compartment() {
        let place = Place::new();
        let (amina, _) = shared(&place);
        let expense = |name: &str| SchemaVersion {
            name: Name::new(name).unwrap(),
            fields: vec![field(0, "Title", FieldType::Text)],
        };
        let first = define(&amina, "desk", expense("Expense"), None, None, NOW).unwrap();
        let refused = define(&amina, "desk", expense("expense"), None, None, NOW).unwrap_err();
        let next = refused.next_step();
        assert!(next.contains(&format!("--revise {first}")), "{next}");
        let other = define(&amina, "desk", expense("Trip"), None, None, NOW).unwrap();
        let taken = define(&amina, "desk", expense("Expense"), Some(&other), None, NOW);
        assert!(matches!(taken, Err(TeamError::InputAdvised { .. })));
        // Its own name is free to it.
        define(&amina, "desk", expense("expense"), Some(&first), None, NOW).unwrap();
        assert_eq!(schemas(&amina, "desk").unwrap().len(), 2);
    }

    #[test]
    fn schemas_of_one_name_are_told_apart_by_their_items() {
        let place = Place::new();
        let (amina, _) = shared(&place);
        add_compartment(&amina, "desk", "Board", NOW).unwrap();
        let mut items = Vec::new();
        for compartment in [None, Some("Board")] {
            let made = define(&amina, "desk", version(Vec::new()), None, compartment, NOW);
            items.push(made.unwrap());
        }
        let refused = look(&amina, "desk", |view| find_schema(view, "Expense")).unwrap_err();
        for item in &items {
            assert!(refused.to_string().contains(item), "{refused}");
            look(&amina, "desk", |view| find_schema(view, item)).unwrap();
        }
        assert!(refused.next_step().contains("record schemas desk"));
    }

    #[test]
    fn a_revision_gives_no_field_another_type() {
        let before = schema(vec![field(0, "Title", FieldType::Text)]);
        let refused = renumbered(&before, version(vec![field(0, "Title", FieldType::Date)]));
        assert!(refused.is_err());
    }
}
