//! The grey in pictures that a camera gives uncompressed.

use crate::light::{GreyPicture, PictureError};

/// How the grey of a pixel lies among the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LumaLayout {
    /// Two bytes a pixel, the first of them grey: YUYV.
    EverySecond,
    /// One byte a pixel, before anything else: GREY, NV12, YU12.
    Plain,
}

/// Takes the grey out of a picture whose rows begin `row_bytes` apart.
///
/// `row_bytes` of zero, or fewer than a row needs, means that the rows lie close together. `None`
/// when there are fewer bytes than the picture needs.
///
/// # Errors
/// [`PictureError`] for sides that no picture has.
pub(super) fn grey(
    (width, height): (usize, usize),
    layout: LumaLayout,
    row_bytes: usize,
    bytes: &[u8],
) -> Result<Option<GreyPicture>, PictureError> {
    let pixel_count = GreyPicture::pixel_count(width, height)?;
    let needed_bytes = match layout {
        LumaLayout::EverySecond => width.saturating_mul(2),
        LumaLayout::Plain => width,
    };
    let row_bytes = row_bytes.max(needed_bytes);
    let mut pixels = Vec::with_capacity(pixel_count);
    for row in bytes.chunks(row_bytes).take(height) {
        let Some(row) = row.get(..needed_bytes) else {
            break;
        };
        match layout {
            LumaLayout::EverySecond => pixels.extend(row.iter().step_by(2)),
            LumaLayout::Plain => pixels.extend_from_slice(row),
        }
    }
    if pixels.len() < pixel_count {
        return Ok(None);
    }
    GreyPicture::new(width, height, pixels).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_byte_of_yuyv_is_grey() {
        let bytes = [10, 128, 20, 128, 30, 128, 40, 128];
        let picture = grey((2, 2), LumaLayout::EverySecond, 4, &bytes)
            .unwrap()
            .unwrap();
        assert_eq!(picture.pixels(), [10, 20, 30, 40]);
    }

    #[test]
    fn rows_with_a_gap_between_them_are_read_without_it() {
        let bytes = [10, 128, 20, 128, 9, 9, 30, 128, 40, 128];
        let picture = grey((2, 2), LumaLayout::EverySecond, 6, &bytes)
            .unwrap()
            .unwrap();
        assert_eq!(
            picture.pixels(),
            [10, 20, 30, 40],
            "the last gap may be missing"
        );
    }

    #[test]
    fn bytes_after_the_grey_are_colour() {
        let bytes = [1, 2, 3, 4, 128, 128];
        let picture = grey((2, 2), LumaLayout::Plain, 0, &bytes).unwrap().unwrap();
        assert_eq!(picture.pixels(), [1, 2, 3, 4]);
    }

    #[test]
    fn short_picture_is_left_out() {
        let short = grey((2, 2), LumaLayout::EverySecond, 4, &[0; 7]).unwrap();
        assert_eq!(short, None);
    }

    #[test]
    fn sides_are_checked_before_memory_is_taken() {
        assert!(grey((0, 2), LumaLayout::Plain, 0, &[]).is_err());
        assert!(grey((100_000, 1_000), LumaLayout::Plain, 0, &[]).is_err());
    }
}
