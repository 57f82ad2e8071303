//! Membership: named rules and attacks, and the search for histories that break them.
#![allow(
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    reason = "a test's own helpers, on numbers of its own"
)]

mod attacks;
mod bounds;
mod cards;
mod checker;
mod content;
mod epochs;
mod exhaustive;
mod matrix;
mod owners;
mod random;
mod readership;
mod rules;
mod world;
