//! Every message that a person can see, in one file.

use std::{fmt::Write as _, io, path::PathBuf};

use carriers::{raw::RawError, stick::StickError};
use crossing::{CrossingError, HostError, LaneId, light::Noticed};
use pack_format::{
    advice::{Advice, what_happened},
    codec::DecodeError,
};

use crate::machine::StoreFailed;

fn errors() -> Vec<CrossingError> {
    let failure = || io::Error::from(io::ErrorKind::StorageFull);
    let limit = || DecodeError::OverLimit {
        what: "item",
        found: 70_000,
        limit: 65_536,
    };
    vec![
        CrossingError::Stick(StickError::NotThere {
            path: PathBuf::from("/media/stick"),
        }),
        CrossingError::Raw(RawError::ReadBackDiffers),
        CrossingError::MediumNotOurs,
        CrossingError::Host(HostError::new(StoreFailed)),
        CrossingError::TakeIn(failure()),
        CrossingError::Spool {
            doing: "keeping a part of an incomplete pack",
            source: failure(),
        },
        CrossingError::Bundle(io::ErrorKind::NotFound.into()),
        CrossingError::Due(limit()),
        CrossingError::Lane(limit()),
        CrossingError::Cancelled,
        CrossingError::Damaged { damaged_count: 2 },
        CrossingError::LightDamaged { damaged_count: 1 },
        CrossingError::LightIncomplete {
            here: 312,
            needed: 874,
        },
        CrossingError::LightNothing { seen: None },
        CrossingError::LightNothing {
            seen: Noticed::Foreign.advice(),
        },
        CrossingError::Unreadable {
            unreadable_count: 1,
        },
        CrossingError::WindowUsedUp {
            lane: LaneId([3; 16]),
        },
    ]
}

#[test]
fn every_message_says_what_happened_whether_the_data_is_safe_and_what_next() {
    let mut text = String::new();
    for err in errors() {
        let (code, exit) = (err.code(), err.exit());
        writeln!(text, "{code} ({exit:?})\n  {}", what_happened(&err)).unwrap();
        writeln!(text, "  {}\n  {}\n", err.data_safe(), err.next_step()).unwrap();
        for sentence in [err.data_safe(), err.next_step()] {
            assert!(
                sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                "{sentence}"
            );
        }
    }
    insta::assert_snapshot!(text);
}
