//! Exact decimal numbers.

use std::fmt;

use pack_format::codec::DecodeError;

use super::BadValue;
use crate::limits::PLACES_MAX;
use crate::wire::{In, Out};

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

#[cfg(test)]
mod tests {
    use super::*;

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
