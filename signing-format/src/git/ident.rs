//! Who made a commit or a tag, and when: `name <email> seconds zone`.

/// The value of an `author`, `committer` or `tagger` header. Kept as it is; read as far as it can
/// be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    raw: Vec<u8>,
}

impl Ident {
    /// Takes the value of the header.
    pub(crate) fn new(raw: Vec<u8>) -> Self {
        Self { raw }
    }

    /// The value as it stands in the object.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The parts, or `None` when the value is not exactly of the form that git writes. Then the
    /// raw value is what has to be shown.
    #[must_use]
    pub fn person(&self) -> Option<Person<'_>> {
        let mut halves = self.raw.split(|byte| *byte == b'<');
        let (name, rest) = (halves.next()?, halves.next()?);
        if halves.next().is_some() {
            return None;
        }
        let mut halves = rest.split(|byte| *byte == b'>');
        let (email, when) = (halves.next()?, halves.next()?);
        if halves.next().is_some() {
            return None;
        }
        // Git writes "<email>" alone for an empty name, with the space in front of it.
        let name = name.strip_suffix(b" ")?;
        let when = std::str::from_utf8(when.strip_prefix(b" ")?).ok()?;
        let (seconds, zone) = when.split_once(' ')?;
        Some(Person {
            name,
            email,
            unix_secs: seconds_of(seconds)?,
            zone_minutes: minutes_of(zone)?,
        })
    }
}

/// The parts of an [`Ident`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person<'a> {
    /// The name, without the space after it. May be empty; rarely not UTF-8.
    pub name: &'a [u8],
    /// What stands between the angle brackets.
    pub email: &'a [u8],
    /// Seconds since 1970 in UTC.
    pub unix_secs: u64,
    /// How far the clock was ahead of UTC, in minutes.
    pub zone_minutes: i32,
}

/// Digits without a sign and without zeros in front.
fn seconds_of(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    (digits && plain).then(|| text.parse().ok()).flatten()
}

/// A sign, two digits of hours, two of minutes. `-0000` is none: as a number it could not be told
/// from `+0000`, and what is shown has to be what is signed.
fn minutes_of(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().split_first()? {
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    if text == "-0000" || digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: i32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours <= HOURS_MAX && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// The largest zone in use is fourteen hours; git itself takes more, which is shown raw.
const HOURS_MAX: i32 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(raw: &str) -> Ident {
        Ident::new(raw.as_bytes().to_vec())
    }

    #[test]
    fn reads_name_address_time_and_zone() {
        let ident = ident("A. Person <a@example.org> 1700000000 -0330");
        let person = ident.person().unwrap();
        assert_eq!(person.name, b"A. Person");
        assert_eq!(person.email, b"a@example.org");
        assert_eq!(person.unix_secs, 1_700_000_000);
        assert_eq!(person.zone_minutes, -210);
    }

    #[test]
    fn reads_an_empty_name_and_address() {
        let ident = ident(" <> 0 +0000");
        let person = ident.person().unwrap();
        assert_eq!((person.name, person.email), (&b""[..], &b""[..]));
    }

    #[test]
    fn what_git_does_not_write_is_only_raw() {
        for raw in [
            "",
            "A <a@b>",
            "A <a@b> 1 +0000 x",
            "A <a@b> <c@d> 1 +0000",
            "A <a@b>> 1 +0000",
            "A <a@b> 01 +0000",
            "A <a@b> +1 +0000",
            "A <a@b>  +0000",
            "A <a@b> 1 0000",
            "A <a@b> 1 +0060",
            "A <a@b> 1 +1500",
            "A <a@b> 1 -0000",
            "A <a@b> 99999999999999999999 +0000",
            "A<a@b> 1 +0000",
        ] {
            assert_eq!(ident(raw).person(), None, "{raw:?}");
            assert_eq!(ident(raw).raw(), raw.as_bytes());
        }
    }
}
