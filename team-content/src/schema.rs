//! Schemas: what fields the records of one kind have. Approvers define them.
//!
//! A field has a number, which is never given to anything else: a revision keeps every field of the
//! versions that it follows and the type of each, so that no value of a record becomes wrong later.
//! It may rename fields, retire them, add some, and change the options of a choice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pack_format::codec::DecodeError;
use team_core::limits::NAME_BYTES_MAX;
use team_core::name::Name;

use crate::fold::{Folding, Reason, Written, live};
use crate::item_id::{Dot, ItemId};
use crate::limits::{FIELDS_MAX, OPTIONS_MAX, PLACES_MAX, SUM_PLACES_MAX};
use crate::operation::{Operation, Stamped};
use crate::value::{BadValue, Date, Decimal, Value};
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

/// A field of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Names it in operations.
    pub number: u16,
    /// What people call it.
    pub name: Name,
    /// Whether forms leave it out. Its values stay.
    pub retired: bool,
    /// What it holds.
    pub field_type: FieldType,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal {
        /// Most decimal places, up to [`PLACES_MAX`].
        places: u8,
    },
    /// A day.
    Date,
    /// One of some options.
    Choice {
        /// At most [`OPTIONS_MAX`], ascending by number.
        options: Vec<ChoiceOption>,
    },
    /// Yes or no.
    YesNo,
    /// A member.
    Person,
    /// A set of short texts.
    Tags,
    /// A quantity, hours, money: the sum of the amounts that were added.
    Sum {
        /// Most decimal places, up to [`SUM_PLACES_MAX`].
        places: u8,
        /// What is counted.
        unit: Option<Name>,
    },
}

/// An option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// Names it in values.
    pub number: u16,
    /// What people call it.
    pub name: Name,
}

/// A field's type without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal,
    /// A day.
    Date,
    /// One of some options.
    Choice,
    /// Yes or no.
    YesNo,
    /// A member.
    Person,
    /// A set of short texts.
    Tags,
    /// A sum of amounts.
    Sum,
}

/// What becomes of changes that were made at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// All of them count, and nobody has to choose.
    Merged,
    /// All of them are shown, and somebody chooses.
    Surfaced,
}

impl FieldKind {
    /// What becomes of changes that were made at the same time.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Tags | Self::Sum => Class::Merged,
            _ => Class::Surfaced,
        }
    }

    /// The words for it, with an article, on screens and in errors.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Date => "a date",
            Self::Choice => "a choice",
            Self::YesNo => "yes or no",
            Self::Person => "a person",
            Self::Tags => "tags",
            Self::Sum => "a sum",
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words())
    }
}

impl FieldType {
    /// The type without its details.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Text => FieldKind::Text,
            Self::Integer => FieldKind::Integer,
            Self::Decimal { .. } => FieldKind::Decimal,
            Self::Date => FieldKind::Date,
            Self::Choice { .. } => FieldKind::Choice,
            Self::YesNo => FieldKind::YesNo,
            Self::Person => FieldKind::Person,
            Self::Tags => FieldKind::Tags,
            Self::Sum { .. } => FieldKind::Sum,
        }
    }

    /// Reads a value of this type as people write it; a choice by the name of its option.
    ///
    /// # Errors
    /// [`BadValue`]; for persons, tags and sums [`BadValue::NotText`].
    pub fn parse(&self, text: &str) -> Result<Value, BadValue> {
        match self {
            Self::Text => Ok(Value::Text(text.into())),
            Self::Integer => match Decimal::parse(text)? {
                whole if whole.places() == 0 => Ok(Value::Integer(whole.units())),
                _ => Err(BadValue::NotANumber(text.to_owned())),
            },
            Self::Decimal { places } => match Decimal::parse(text)? {
                decimal if decimal.places() <= *places => Ok(Value::Decimal(decimal)),
                _ => Err(BadValue::TooLarge),
            },
            Self::Date => Date::parse(text).map(Value::Date),
            Self::Choice { options } => {
                let found = options.iter().find(|option| option.name.as_str() == text);
                found
                    .map(|option| Value::Choice(option.number))
                    .ok_or_else(|| BadValue::NotAnOption(text.to_owned()))
            }
            Self::YesNo => match text {
                "yes" => Ok(Value::YesNo(true)),
                "no" => Ok(Value::YesNo(false)),
                _ => Err(BadValue::NotYesOrNo(text.to_owned())),
            },
            Self::Person | Self::Tags | Self::Sum { .. } => {
                Err(BadValue::NotText(self.kind().words()))
            }
        }
    }

    /// A value of this type as people read it: a choice by the name of its option. `person` gives
    /// the name of a member.
    #[must_use]
    pub fn shown(
        &self,
        value: &Value,
        person: &dyn Fn(team_core::ids::MemberId) -> String,
    ) -> String {
        match (value, self) {
            (Value::Text(text), _) => text.to_string(),
            (Value::Integer(integer), _) => integer.to_string(),
            (Value::Decimal(decimal), _) => decimal.to_string(),
            (Value::Date(date), _) => date.to_string(),
            (Value::YesNo(yes), _) => if *yes { "yes" } else { "no" }.to_owned(),
            (Value::Person(member), _) => person(**member),
            (Value::Choice(number), Self::Choice { options }) => {
                let found = options.iter().find(|option| option.number == *number);
                found.map_or_else(
                    || format!("option {number}"),
                    |option| option.name.to_string(),
                )
            }
            (Value::Choice(number), _) => format!("option {number}"),
        }
    }
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

impl Field {
    fn write(&self, out: &mut Out<'_>) {
        out.writer.varint(self.number.into());
        out.text(self.name.as_str());
        out.writer.u8(self.retired.into());
        self.field_type.write(out);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            number: input.number("number of field")?,
            name: read_name(input)?,
            retired: input.flag("retired")?,
            field_type: FieldType::read(input)?,
        })
    }
}

impl FieldType {
    fn write(&self, out: &mut Out<'_>) {
        match self {
            Self::Text => out.writer.u8(1),
            Self::Integer => out.writer.u8(2),
            Self::Decimal { places } => out.writer.u8(3).u8(*places),
            Self::Date => out.writer.u8(4),
            Self::Choice { options } => {
                out.writer.u8(5).varint(options.len() as u64);
                for option in options {
                    out.writer.varint(option.number.into());
                    out.text(option.name.as_str());
                }
                &mut out.writer
            }
            Self::YesNo => out.writer.u8(6),
            Self::Person => out.writer.u8(7),
            Self::Tags => out.writer.u8(8),
            Self::Sum { places, unit } => {
                out.writer.u8(9).u8(*places);
                out.text(unit.as_ref().map_or("", Name::as_str));
                &mut out.writer
            }
        };
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(match input.reader.u8("type of field")? {
            1 => Self::Text,
            2 => Self::Integer,
            3 => Self::Decimal {
                places: read_places(input, PLACES_MAX)?,
            },
            4 => Self::Date,
            5 => Self::Choice {
                options: read_options(input)?,
            },
            6 => Self::YesNo,
            7 => Self::Person,
            8 => Self::Tags,
            9 => Self::Sum {
                places: read_places(input, SUM_PLACES_MAX)?,
                unit: match input.text(NAME_BYTES_MAX.into(), "unit")? {
                    "" => None,
                    unit => Some(Name::new(unit)?),
                },
            },
            _ => {
                return Err(DecodeError::Unknown {
                    what: "type of field",
                });
            }
        })
    }
}

fn read_options(input: &mut In<'_, '_>) -> Result<Vec<ChoiceOption>, DecodeError> {
    let mut options: Vec<ChoiceOption> = Vec::new();
    for _ in 0..input.count(OPTIONS_MAX, "options")? {
        let option = ChoiceOption {
            number: input.number("number of option")?,
            name: read_name(input)?,
        };
        if options
            .last()
            .is_some_and(|before| before.number >= option.number)
        {
            return Err(DecodeError::Rule {
                what: "the options of a field are not in order",
            });
        }
        options.push(option);
    }
    Ok(options)
}

fn read_places(input: &mut In<'_, '_>, limit: u8) -> Result<u8, DecodeError> {
    let places = input.reader.u8("decimal places")?;
    if places > limit {
        return Err(DecodeError::OverLimit {
            what: "decimal places",
            found: places.into(),
            limit: limit.into(),
        });
    }
    Ok(places)
}

pub(crate) fn read_name(input: &mut In<'_, '_>) -> Result<Name, DecodeError> {
    Name::new(input.text(NAME_BYTES_MAX.into(), "name")?)
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
