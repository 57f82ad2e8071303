//! Fields: what a record holds, of which type.

use std::fmt;

use pack_format::codec::DecodeError;
use team_core::ids::MemberId;
use team_core::limits::NAME_BYTES_MAX;
use team_core::name::Name;

use crate::limits::{OPTIONS_MAX, PLACES_MAX, SUM_PLACES_MAX};
use crate::value::{BadValue, Date, Decimal, Value};
use crate::wire::{In, Out};

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
    pub fn shown(&self, value: &Value, person: &dyn Fn(MemberId) -> String) -> String {
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

impl Field {
    pub(super) fn write(&self, out: &mut Out<'_>) {
        out.writer.varint(self.number.into());
        out.text(self.name.as_str());
        out.writer.u8(self.retired.into());
        self.field_type.write(out);
    }

    pub(super) fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
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
