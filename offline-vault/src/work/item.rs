//! How a person names a bundle on this machine: `in-7`, `out-12`.

use std::fmt;
use std::str::FromStr;

use crate::store::{IncomingId, OutgoingId};

/// A bundle of the inbox or the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemId {
    /// One that came.
    In(IncomingId),
    /// One that was sealed here.
    Out(OutgoingId),
}

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(id) => write!(formatter, "in-{}", id.0),
            Self::Out(id) => write!(formatter, "out-{}", id.0),
        }
    }
}

impl FromStr for ItemId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.parse::<u32>().map(i64::from).ok();
        text.strip_prefix("in-")
            .and_then(|digits| number(digits).map(|id| Self::In(IncomingId(id))))
            .or_else(|| {
                let digits = text.strip_prefix("out-")?;
                number(digits).map(|id| Self::Out(OutgoingId(id)))
            })
            .ok_or_else(|| "an item is written like in-7 or out-12".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_survive_being_typed() {
        for text in ["in-7", "out-12"] {
            assert_eq!(text.parse::<ItemId>().unwrap().to_string(), text);
        }
        for text in ["7", "in-", "in--1", "out-x", "in-99999999999999"] {
            assert!(text.parse::<ItemId>().is_err(), "{text}");
        }
    }
}
