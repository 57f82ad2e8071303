//! What a window promises, on a display of its own that nobody sees.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod display;
mod messages;
mod window;
