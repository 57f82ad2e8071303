//! Smaller pictures, each pixel the mean of those it stands for.

use std::borrow::Cow;

use crate::light::GreyPicture;

/// The picture at one part in `2^level` of each side; none if nothing would be left.
pub(super) fn shrunk(picture: &GreyPicture, level: u32) -> Option<Cow<'_, GreyPicture>> {
    if level == 0 {
        return Some(Cow::Borrowed(picture));
    }
    let side = 1_usize.checked_shl(level)?;
    let (width, height) = (picture.width() / side, picture.height() / side);
    if width == 0 || height == 0 {
        return None;
    }
    let mut pixels = Vec::with_capacity(width * height);
    let mut sums = vec![0_u32; width];
    for rows in picture.pixels().chunks_exact(picture.width() * side) {
        sums.fill(0);
        for row in rows.chunks_exact(picture.width()) {
            for (sum, run) in sums.iter_mut().zip(row.chunks_exact(side)) {
                *sum += run.iter().map(|grey| u32::from(*grey)).sum::<u32>();
            }
        }
        pixels.extend(
            sums.iter()
                .map(|sum| u8::try_from(sum >> (2 * level)).unwrap_or(u8::MAX)),
        );
    }
    GreyPicture::new(width, height, pixels).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_those_it_stands_for() {
        let picture = GreyPicture::new(5, 3, vec![0, 4, 8, 8, 99, 4, 8, 8, 8, 99, 9, 9, 9, 9, 9]);
        let picture = picture.unwrap();
        let half = shrunk(&picture, 1).unwrap();
        assert_eq!((half.width(), half.height()), (2, 1));
        assert_eq!(half.pixels(), [4, 8]);
        assert!(shrunk(&picture, 2).is_none());
        assert!(shrunk(&picture, 64).is_none());
    }
}
