//! Days and spans as people type them.

use super::CommandError;
use crate::clock::UnixTime;

/// A span like `90d`, `8w`, `18m` or `2y` in seconds; `None` for `forever`. A month has 30 days
/// and a year 365: nobody counts the hours of a key.
pub(super) fn span(text: &str) -> Result<Option<u64>, CommandError> {
    let wrong = || CommandError::NotATime {
        text: text.to_owned(),
    };
    if text == "forever" {
        return Ok(None);
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    let days = match unit {
        'd' => 1,
        'w' => 7,
        'm' => 30,
        'y' => 365,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let is_bounded = (1..=DAYS_MAX).contains(&number.saturating_mul(days));
    is_bounded
        .then_some(Some(number * days * SECONDS_PER_DAY))
        .ok_or_else(wrong)
}

/// The end of a day written as `2027-12-31`, UTC.
pub(super) fn end_of_day(text: &str) -> Result<UnixTime, CommandError> {
    let wrong = || CommandError::NotATime {
        text: text.to_owned(),
    };
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return Err(wrong());
    };
    let number = |part: &str| part.parse::<i64>().map_err(|_| wrong());
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(wrong());
    }
    let end = UnixTime((days_of(year, month, day) + 1) * 86_400 - 1);
    // What is no day of the calendar, as 2027-02-30, comes back as another.
    if end.to_string().get(..10) != Some(&format!("{year:04}-{month:02}-{day:02}")) {
        return Err(wrong());
    }
    Ok(end)
}

/// Days since 1970-01-01 of a day in the Gregorian calendar; years are counted from March, so that
/// the leap day is the last of its year.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

const SECONDS_PER_DAY: u64 = 86_400;
/// A hundred years.
const DAYS_MAX: u64 = 36_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_days_weeks_months_and_years() {
        let days = |text| span(text).unwrap().unwrap() / SECONDS_PER_DAY;
        assert_eq!(
            (days("90d"), days("2w"), days("18m"), days("2y")),
            (90, 14, 540, 730)
        );
        assert_eq!(span("forever").unwrap(), None);
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "2",
            "2h",
            "101y",
            "99999999999999999999y",
            "2é",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second() {
        assert_eq!(end_of_day("1970-01-01").unwrap(), UnixTime(86_399));
        assert_eq!(end_of_day("2000-02-29").unwrap(), UnixTime(951_868_799));
        for text in [
            "2027-02-30",
            "2027-13-01",
            "2027-01",
            "1969-12-31",
            "x-y-z",
            "",
        ] {
            assert!(end_of_day(text).is_err(), "{text}");
        }
    }
}
