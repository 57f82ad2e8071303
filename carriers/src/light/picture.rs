//! A picture in grey: what a camera gives and what a reader looks at.

use crate::limits::PICTURE_PIXELS_MAX;

/// A picture in grey, row by row, one byte a pixel; 0 is black.
#[derive(Clone, PartialEq, Eq)]
pub struct GreyPicture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// Why bytes are not a picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureError {
    /// A side is zero.
    #[error("the picture is {width} by {height} pixels: it has none")]
    Empty {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// More pixels than are looked at.
    #[error("the picture is {width} by {height} pixels; at most {max} in all are looked at")]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// The bound, [`PICTURE_PIXELS_MAX`].
        max: u64,
    },
    /// The bytes do not fill the picture.
    #[error("{found} bytes for a picture of {expected} pixels")]
    WrongLength {
        /// What the sides ask for.
        expected: usize,
        /// What was given.
        found: usize,
    },
}

impl GreyPicture {
    /// A picture of these pixels.
    ///
    /// # Errors
    /// Any [`PictureError`].
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        let expected = Self::pixel_count(width, height)?;
        if pixels.len() != expected {
            return Err(PictureError::WrongLength {
                expected,
                found: pixels.len(),
            });
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// How many pixels a picture of these sides has; to be asked before memory is taken for it.
    ///
    /// # Errors
    /// [`PictureError::Empty`], [`PictureError::TooLarge`].
    pub fn pixel_count(width: usize, height: usize) -> Result<usize, PictureError> {
        if width == 0 || height == 0 {
            return Err(PictureError::Empty { width, height });
        }
        let count = width.checked_mul(height);
        count
            .filter(|count| *count as u64 <= PICTURE_PIXELS_MAX)
            .ok_or(PictureError::TooLarge {
                width,
                height,
                max: PICTURE_PIXELS_MAX,
            })
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// One row; empty outside the picture.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        let start = y.saturating_mul(self.width);
        let end = start.saturating_add(self.width);
        self.pixels.get(start..end).unwrap_or_default()
    }

    /// The grey of one pixel; outside there is paper.
    #[must_use]
    pub fn grey_at(&self, x: usize, y: usize) -> u8 {
        self.row(y).get(x).copied().unwrap_or(WHITE)
    }
}

impl std::fmt::Debug for GreyPicture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "GreyPicture({} by {})", self.width, self.height)
    }
}

const WHITE: u8 = 255;
