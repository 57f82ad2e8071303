//! Days of the calendar.

use std::fmt;

use pack_format::codec::DecodeError;

use super::BadValue;
use crate::wire::In;

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

    pub(crate) fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        let days = i32::try_from(input.signed("date")?).ok();
        let date = days.and_then(|days| Self::from_days(days).ok());
        date.ok_or(DecodeError::Unknown { what: "date" })
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
}
