//! Schemas: what fields the records of one kind have. Approvers define them.
//!
//! A field has a number, which is never given to anything else: a revision keeps every field of the
//! versions that it follows and the type of each, so that no value of a record becomes wrong later.
//! It may rename fields, retire them, add some, and change the options of a choice.

mod field;

use std::collections::{BTreeMap, BTreeSet};

use pack_format::codec::DecodeError;
use team_core::name::Name;

pub(crate) use self::field::read_name;
pub use self::field::{ChoiceOption, Class, Field, FieldKind, FieldType};
use crate::fold::{Folding, Reason, Written, live};
use crate::item_id::{Dot, ItemId};
use crate::limits::FIELDS_MAX;
use crate::operation::{Operation, Stamped};
use crate::value::{Decimal, Value};
use crate::wire::{Body, In, Out};

/// Defines a kind of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineSchema {
    /// Random: names the schema.
    pub nonce: [u8; 16],
    /// Its first version.
    pub version: SchemaVersion,
}

/// Changes the definition of a kind of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviseSchema {
    /// The schema.
    pub item: ItemId,
    /// What it is now.
    pub version: SchemaVersion,
    /// The versions that this one follows, ascending.
    pub replaces: Vec<Dot>,
}

/// What a schema says at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// What one calls these records.
    pub name: Name,
    /// Its fields, as they are shown; at most [`FIELDS_MAX`], each with a number of its own.
    pub fields: Vec<Field>,
}

/// A schema as its operations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// What it says now: several when it was revised at the same time.
    pub versions: Vec<Written<SchemaVersion>>,
    /// What any version in effect allows: values stay right when a later version allows less.
    allowed: BTreeMap<(u16, FieldKind), Allowed>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Allowed {
    places: u8,
    options: BTreeSet<u16>,
}

impl Schema {
    /// Whether somebody has to choose between versions.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.versions.len() > 1
    }

    /// The fields of all versions there are now; those of one version in the order of that version.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.versions
            .iter()
            .flat_map(|version| &version.value.fields)
    }

    /// The field of this name that is not retired.
    #[must_use]
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.fields()
            .find(|field| !field.retired && field.name.as_str() == name)
    }

    /// The field of this number.
    #[must_use]
    pub fn field(&self, number: u16) -> Option<&Field> {
        self.fields().find(|field| field.number == number)
    }

    /// The next number that no field has, for a new field; none when all are given.
    #[must_use]
    pub fn unused_number(&self) -> Option<u16> {
        let last = self.allowed.keys().next_back();
        last.map_or(Some(0), |(number, _)| number.checked_add(1))
    }

    /// A revision that follows every version there is now.
    #[must_use]
    pub fn revise(&self, item: ItemId, version: SchemaVersion) -> Operation {
        let replaces = self.versions.iter().map(|version| version.dot).collect();
        Operation::from(ReviseSchema {
            item,
            version,
            replaces,
        })
    }

    pub(crate) fn check_value(&self, field: u16, value: &Value) -> Result<(), Reason> {
        let kind = match value {
            Value::Text(_) => FieldKind::Text,
            Value::Integer(_) => FieldKind::Integer,
            Value::Decimal(_) => FieldKind::Decimal,
            Value::Date(_) => FieldKind::Date,
            Value::Choice(_) => FieldKind::Choice,
            Value::YesNo(_) => FieldKind::YesNo,
            Value::Person(_) => FieldKind::Person,
        };
        let allowed = self.allowed(field, kind)?;
        let fits = match value {
            Value::Decimal(decimal) => decimal.places() <= allowed.places,
            Value::Choice(option) => allowed.options.contains(option),
            _ => true,
        };
        if fits { Ok(()) } else { Err(Reason::WrongType) }
    }

    pub(crate) fn check_amount(&self, field: u16, amount: Decimal) -> Result<(), Reason> {
        let allowed = self.allowed(field, FieldKind::Sum)?;
        if amount.places() <= allowed.places {
            return Ok(());
        }
        Err(Reason::WrongType)
    }

    pub(crate) fn check_tags(&self, field: u16) -> Result<(), Reason> {
        self.allowed(field, FieldKind::Tags).map(|_| ())
    }

    /// Whether the field can be cleared: it is neither a set nor a sum.
    pub(crate) fn check_cleared(&self, field: u16) -> Result<(), Reason> {
        let mut kinds = self.kinds(field).peekable();
        if kinds.peek().is_none() {
            return Err(Reason::FieldMissing);
        }
        if kinds.any(|kind| kind.class() == Class::Surfaced) {
            return Ok(());
        }
        Err(Reason::WrongType)
    }

    fn kinds(&self, field: u16) -> impl Iterator<Item = FieldKind> {
        let of_field = (field, FieldKind::Text)..=(field, FieldKind::Sum);
        self.allowed.range(of_field).map(|((_, kind), _)| *kind)
    }

    fn allowed(&self, field: u16, kind: FieldKind) -> Result<&Allowed, Reason> {
        self.allowed.get(&(field, kind)).ok_or_else(|| {
            if self.kinds(field).next().is_none() {
                Reason::FieldMissing
            } else {
                Reason::WrongType
            }
        })
    }

    pub(crate) fn fold(define: &DefineSchema, by: &Stamped, folding: &mut Folding<'_>) -> Self {
        let mut versions = vec![(by, &define.version, &[][..])];
        let mut by_name = BTreeMap::from([(by.dot, &define.version)]);
        for stamped in &folding.rest {
            let Operation::ReviseSchema(revise) = &stamped.operation else {
                continue;
            };
            let followed = revise.replaces.iter().filter_map(|dot| by_name.get(dot));
            if keeps_fields(&revise.version, followed.copied()) {
                by_name.insert(stamped.dot, &revise.version);
                versions.push((stamped, &revise.version, &revise.replaces));
            } else {
                folding.ignored.ignore(stamped.dot, Reason::FieldChanged);
            }
        }
        let mut allowed = BTreeMap::new();
        for field in by_name.values().flat_map(|version| &version.fields) {
            allow(&mut allowed, field);
        }
        Self {
            versions: live(versions),
            allowed,
        }
    }
}

fn allow(allowed: &mut BTreeMap<(u16, FieldKind), Allowed>, field: &Field) {
    let key = (field.number, field.field_type.kind());
    let allowed: &mut Allowed = allowed.entry(key).or_default();
    match &field.field_type {
        FieldType::Decimal { places } | FieldType::Sum { places, .. } => {
            allowed.places = allowed.places.max(*places);
        }
        FieldType::Choice { options } => {
            allowed
                .options
                .extend(options.iter().map(|option| option.number));
        }
        _ => {}
    }
}

/// Whether each field of the versions that this one follows is in it, with a type that it had.
fn keeps_fields<'a>(
    version: &SchemaVersion,
    followed: impl Iterator<Item = &'a SchemaVersion>,
) -> bool {
    let mut before: BTreeMap<u16, BTreeSet<FieldKind>> = BTreeMap::new();
    for field in followed.flat_map(|version| &version.fields) {
        let kinds = before.entry(field.number).or_default();
        kinds.insert(field.field_type.kind());
    }
    let now: BTreeMap<_, _> = version
        .fields
        .iter()
        .map(|field| (field.number, field.field_type.kind()))
        .collect();
    before
        .iter()
        .all(|(number, kinds)| now.get(number).is_some_and(|kind| kinds.contains(kind)))
}

impl SchemaVersion {
    fn write(&self, out: &mut Out<'_>) {
        out.text(self.name.as_str());
        out.writer.varint(self.fields.len() as u64);
        for field in &self.fields {
            field.write(out);
        }
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        let name = read_name(input)?;
        let mut numbers = BTreeSet::new();
        let mut fields = Vec::new();
        for _ in 0..input.count(FIELDS_MAX, "fields")? {
            let field = Field::read(input)?;
            if !numbers.insert(field.number) {
                return Err(DecodeError::Rule {
                    what: "two fields have one number",
                });
            }
            fields.push(field);
        }
        Ok(Self { name, fields })
    }
}

impl Body for DefineSchema {
    const KIND: u8 = 0x80;

    fn write(&self, out: &mut Out<'_>) {
        out.writer.put(&self.nonce);
        self.version.write(out);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: input.reader.take_array("nonce")?,
            version: SchemaVersion::read(input)?,
        })
    }
}

impl Body for ReviseSchema {
    const KIND: u8 = 0x81;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        self.version.write(out);
        out.dots(&self.replaces);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            version: SchemaVersion::read(input)?,
            replaces: input.dots()?,
        })
    }
}
