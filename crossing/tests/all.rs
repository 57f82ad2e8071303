//! What a crossing promises, with two machines and whatever may happen to what lies between them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod courier;
mod example;
mod faults;
mod light;
mod machine;
mod media;
mod messages;
mod raw;
mod spans;
mod trips;
