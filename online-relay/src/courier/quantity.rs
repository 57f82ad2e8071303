//! Numbers as a person reads them.

use std::fmt;
use std::time::Duration;

/// A number of bytes, in the largest unit that keeps it above one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(formatter, "{} bytes", self.0);
        }
        // Tenths, so that no floating point is needed.
        let mut tenths = u128::from(self.0) * 10 / 1024;
        let mut unit = 0;
        while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
            tenths /= 1024;
            unit += 1;
        }
        let name = UNITS.get(unit).copied().unwrap_or_default();
        write!(formatter, "{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// A count and its noun, which takes an "s" where there are several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = match (self.0, self.1) {
            (1, _) => "",
            (_, noun) if noun.ends_with('x') => "es",
            _ => "s",
        };
        write!(formatter, "{} {}{plural}", self.0, self.1)
    }
}

/// A duration to a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        match (secs / 3600, secs / 60 % 60, secs % 60) {
            (0, 0, secs) => write!(formatter, "{secs} s"),
            (0, mins, secs) => write!(formatter, "{mins} min {secs} s"),
            (hours, mins, _) => write!(formatter, "{hours} h {mins} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_their_unit() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_258_291, "1.1 MiB"),
            (5 << 40, "5.0 TiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), shown);
        }
    }

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(Count(1, "bundle").to_string(), "1 bundle");
        assert_eq!(Count(2, "bundle").to_string(), "2 bundles");
        assert_eq!(Count(2, "mailbox").to_string(), "2 mailboxes");
    }

    #[test]
    fn long_times_lose_their_seconds() {
        assert_eq!(Seconds(Duration::from_secs(59)).to_string(), "59 s");
        assert_eq!(Seconds(Duration::from_secs(61)).to_string(), "1 min 1 s");
        assert_eq!(Seconds(Duration::from_secs(3660)).to_string(), "1 h 1 min");
    }
}
