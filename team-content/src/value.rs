//! The values of fields: exact, typed, and each with one form.

use std::fmt;

use pack_format::advice::{Advice, Exit};
use pack_format::codec::DecodeError;
use pack_format::shown::Shown;
use team_core::ids::MemberId;
use thiserror::Error;

use crate::limits::{FIELD_TEXT_BYTES_MAX, PLACES_MAX};
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

/// An exact decimal number: `units / 10^places`, without zeros at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    units: i64,
    places: u8,
}

impl Decimal {
    /// `units / 10^places`, at most [`PLACES_MAX`] places.
    ///
    /// # Errors
    /// [`BadValue::TooLarge`].
    pub fn new(units: i64, places: u8) -> Result<Self, BadValue> {
        if places > PLACES_MAX {
            return Err(BadValue::TooLarge);
        }
        let (mut units, mut places) = (units, places);
        while places > 0 && units % 10 == 0 {
            units /= 10;
            places -= 1;
        }
        Ok(Self { units, places })
    }

    /// The number without its decimal point.
    #[must_use]
    pub fn units(self) -> i64 {
        self.units
    }

    /// How many of the digits stand after the decimal point.
    #[must_use]
    pub fn places(self) -> u8 {
        self.places
    }

    /// Reads digits with at most one decimal point, and a sign.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let all_digits = digits
            .chars()
            .chain(fraction.chars())
            .all(|ch| ch.is_ascii_digit());
        if digits.is_empty() || !all_digits || text.ends_with('.') {
            return Err(BadValue::NotANumber(text.to_owned()));
        }
        let places = u8::try_from(fraction.len()).map_err(|_| BadValue::TooLarge)?;
        let units = format!("{whole}{fraction}").parse();
        Self::new(units.map_err(|_| BadValue::TooLarge)?, places)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(formatter, self.units.into(), self.places)
    }
}

/// `units / 10^places` with all its places.
pub(crate) fn write_scaled(
    formatter: &mut fmt::Formatter<'_>,
    units: i128,
    places: u8,
) -> fmt::Result {
    let sign = if units < 0 { "-" } else { "" };
    let scale = 10u128.pow(places.into());
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    if places == 0 {
        return write!(formatter, "{sign}{whole}");
    }
    write!(
        formatter,
        "{sign}{whole}.{fraction:0width$}",
        width = usize::from(places)
    )
}

/// A day of the Gregorian calendar, from the year 1 to 9999, without a time or a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i32,
}

impl Date {
    /// The day so many days after the first of 1970.
    ///
    /// # Errors
    /// [`BadValue::NotADay`].
    pub fn from_days(days: i32) -> Result<Self, BadValue> {
        if (FIRST_DAY..=LAST_DAY).contains(&days) {
            return Ok(Self { days });
        }
        Err(BadValue::NotADay(format!("day {days}")))
    }

    /// Days after the first of 1970.
    #[must_use]
    pub fn days(self) -> i32 {
        self.days
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`BadValue::NotADay`].
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let not_a_day = || BadValue::NotADay(text.to_owned());
        let mut parts = text.split('-');
        let mut part = |len: usize| {
            let part = parts.next()?;
            let digits = part.len() == len && part.chars().all(|ch| ch.is_ascii_digit());
            digits.then(|| part.parse::<i32>().ok()).flatten()
        };
        let (year, month, day) = part(4)
            .zip(part(2))
            .zip(part(2))
            .map(|((year, month), day)| (year, month, day))
            .ok_or_else(not_a_day)?;
        let date = Self::from_days(days_of(year, month, day)).map_err(|_| not_a_day())?;
        // A day that the month does not have comes back as one of the next month.
        if parts.next().is_none() && date.to_string() == text {
            return Ok(date);
        }
        Err(not_a_day())
    }
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years begin in March here, so that the day that leap years have is the last of a year.
        let days = self.days + DAYS_TO_1970;
        let era = days.div_euclid(DAYS_IN_400_YEARS);
        let day_of_era = days.rem_euclid(DAYS_IN_400_YEARS);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * months + 2) / 5 + 1;
        let month = if months < 10 { months + 3 } else { months - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days from the first of 1970 to a day, which need not be one that its month has.
fn days_of(year: i32, month: i32, day: i32) -> i32 {
    let year = year - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let months = (month + 9).rem_euclid(12);
    let day_of_year = (153 * months + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_IN_400_YEARS + day_of_era - DAYS_TO_1970
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
                out.signed(date.days.into());
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
            TAG_DATE => Self::Date(read_date(input)?),
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

impl Decimal {
    pub(crate) fn write(self, out: &mut Out<'_>) {
        out.writer.u8(self.places);
        out.signed(self.units);
    }

    pub(crate) fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        let places = input.reader.u8("decimal places")?;
        let units = input.signed("decimal")?;
        match Self::new(units, places) {
            Ok(decimal) if decimal.places == places => Ok(decimal),
            _ => Err(DecodeError::Rule {
                what: "a decimal number has too many places or ends in a zero",
            }),
        }
    }
}

fn read_date(input: &mut In<'_, '_>) -> Result<Date, DecodeError> {
    let days = i32::try_from(input.signed("date")?).ok();
    let date = days.and_then(|days| Date::from_days(days).ok());
    date.ok_or(DecodeError::Unknown { what: "date" })
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

const DAYS_IN_400_YEARS: i32 = 146_097;
/// From the first of March of the year 0.
const DAYS_TO_1970: i32 = 719_468;
/// 0001-01-01.
const FIRST_DAY: i32 = -719_162;
/// 9999-12-31.
const LAST_DAY: i32 = 2_932_896;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_back_as_it_was_written() {
        for text in [
            "0001-01-01",
            "1969-12-31",
            "1970-01-01",
            "2000-02-29",
            "9999-12-31",
        ] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Date::parse("1970-01-01").unwrap().days(), 0);
        assert_eq!(Date::parse("2026-11-03").unwrap().days(), 20_760);
        for days in (FIRST_DAY..=LAST_DAY).step_by(97) {
            let date = Date::from_days(days).unwrap();
            assert_eq!(Date::parse(&date.to_string()), Ok(date));
        }
    }

    #[test]
    fn a_day_that_no_calendar_has_is_refused() {
        for text in [
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "0000-12-31",
            "2026-1-1",
            "2026-01-01-01",
            "",
        ] {
            assert_eq!(Date::parse(text), Err(BadValue::NotADay(text.to_owned())));
        }
    }

    #[test]
    fn a_decimal_is_exact_and_has_one_form() {
        for (text, shown) in [
            ("12.50", "12.5"),
            ("-0.05", "-0.05"),
            ("100", "100"),
            ("-0.0", "0"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "-", "1.", ".5", "1e3", "+1", "1,5", "--1"] {
            assert!(
                matches!(Decimal::parse(text), Err(BadValue::NotANumber(_))),
                "{text}"
            );
        }
        assert_eq!(
            Decimal::parse("9223372036854775808"),
            Err(BadValue::TooLarge)
        );
    }
}
