//! Membership: named rules and attacks, and the search for histories that break them.

mod attacks;
mod checker;
mod content;
mod exhaustive;
mod matrix;
mod owners;
mod random;
mod rules;
mod world;
