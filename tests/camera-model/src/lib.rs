//! A camera that films a screen, simulated: for tests and benchmarks.
//!
//! The same seed gives the same frames on every machine of one kind. Nothing here knows what a
//! code is: pictures go in, pictures come out.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a model for tests, whose sizes are those of its own buffers"
)]

mod blur;
mod camera;
mod pose;
mod random;
mod recording;
mod spec;

pub use camera::{Camera, Exposed, RowLight};
pub use random::Random;
pub use recording::Recording;
pub use spec::CameraSpec;

/// A picture in grey, row by row, one byte a pixel; 0 is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` pixels.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// A picture of one grey.
    #[must_use]
    pub fn plain(width: usize, height: usize, grey: u8) -> Self {
        Self {
            width,
            height,
            pixels: vec![grey; width * height],
        }
    }
}
