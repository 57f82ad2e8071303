//! The values of fields: exact, typed, and each with one form.

mod date;
mod decimal;

use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use pack_format::shown::Shown;
use team_core::ids::MemberId;
use thiserror::Error;

pub use self::date::Date;
pub use self::decimal::Decimal;
pub(crate) use self::decimal::write_scaled;
use crate::limits::FIELD_TEXT_BYTES_MAX;
use crate::wire::{In, Out};

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Value {
    /// At most [`FIELD_TEXT_BYTES_MAX`] bytes.
    Text(Box<str>),
    /// A whole number.
    Integer(i64),
    /// An exact number with decimal places.
    Decimal(Decimal),
    /// A day.
    Date(Date),
    /// An option of the field, by its number.
    Choice(u16),
    /// Yes or no.
    YesNo(bool),
    /// A member of the space, or somebody who was one.
    Person(Box<MemberId>),
}

impl Value {
    /// Appends `tag || value`; the value runs to the end of the operation.
    pub(crate) fn write(value: Option<&Self>, out: &mut Out<'_>) {
        match value {
            None => {
                out.writer.u8(TAG_NONE);
            }
            Some(Self::Text(text)) => {
                out.writer.u8(TAG_TEXT).put(text.as_bytes());
            }
            Some(Self::Integer(integer)) => {
                out.writer.u8(TAG_INTEGER);
                out.signed(*integer);
            }
            Some(Self::Decimal(decimal)) => {
                out.writer.u8(TAG_DECIMAL);
                decimal.write(out);
            }
            Some(Self::Date(date)) => {
                out.writer.u8(TAG_DATE);
                out.signed(date.days().into());
            }
            Some(Self::Choice(option)) => {
                out.writer.u8(TAG_CHOICE).varint((*option).into());
            }
            Some(Self::YesNo(yes)) => {
                out.writer.u8(if *yes { TAG_YES } else { TAG_NO });
            }
            Some(Self::Person(member)) => {
                out.writer.u8(TAG_PERSON);
                member.write(&mut out.writer);
            }
        }
    }

    pub(crate) fn read(input: &mut In<'_, '_>) -> Result<Option<Self>, DecodeError> {
        Ok(Some(match input.reader.u8("type of value")? {
            TAG_NONE => return Ok(None),
            TAG_TEXT => Self::Text(input.text_to_end(FIELD_TEXT_BYTES_MAX, "text")?.into()),
            TAG_INTEGER => Self::Integer(input.signed("integer")?),
            TAG_DECIMAL => Self::Decimal(Decimal::read(input)?),
            TAG_DATE => Self::Date(Date::read(input)?),
            TAG_CHOICE => Self::Choice(input.number("option")?),
            TAG_NO => Self::YesNo(false),
            TAG_YES => Self::YesNo(true),
            TAG_PERSON => Self::Person(Box::new(MemberId::read(&mut input.reader)?)),
            _ => {
                return Err(DecodeError::Unknown {
                    what: "type of value",
                });
            }
        }))
    }
}

/// Why text is not a value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadValue {
    /// It is not a number.
    #[error("not a number: {}", Shown(.0))]
    NotANumber(String),
    /// It is not a day.
    #[error("not a day: {}", Shown(.0))]
    NotADay(String),
    /// The number is too large or has too many decimal places.
    #[error("the number is too large or has too many decimal places")]
    TooLarge,
    /// The field has no such option.
    #[error("not an option of the field: {}", Shown(.0))]
    NotAnOption(String),
    /// It is neither yes nor no.
    #[error("neither yes nor no: {}", Shown(.0))]
    NotYesOrNo(String),
    /// What the field holds is not written as text.
    #[error("the field holds {0}, which is not written as text")]
    NotText(&'static str),
}

impl Advice for BadValue {
    fn code(&self) -> &'static str {
        match self {
            Self::NotANumber(_) => "value-not-a-number",
            Self::NotADay(_) => "value-not-a-day",
            Self::TooLarge => "value-too-large",
            Self::NotAnOption(_) => "value-not-an-option",
            Self::NotYesOrNo(_) => "value-not-yes-or-no",
            Self::NotText(_) => "value-not-text",
        }
    }

    fn data_safe(&self) -> String {
        "Yes. Nothing was changed.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NotANumber(_) => "Write digits, with a point before decimals: -12.5.",
            Self::NotADay(_) => "Write year, month and day: 2026-11-03.",
            Self::TooLarge => {
                "Write a number with at most 18 digits and as many decimals as the field has."
            }
            Self::NotAnOption(_) => "Write one of the options that the schema of the record lists.",
            Self::NotYesOrNo(_) => "Write yes or no.",
            Self::NotText(_) => {
                "Choose a member for a person; add to tags and sums instead of setting them."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

const TAG_NONE: u8 = 0;
const TAG_TEXT: u8 = 1;
const TAG_INTEGER: u8 = 2;
const TAG_DECIMAL: u8 = 3;
const TAG_DATE: u8 = 4;
const TAG_CHOICE: u8 = 5;
const TAG_NO: u8 = 6;
const TAG_YES: u8 = 7;
const TAG_PERSON: u8 = 8;
