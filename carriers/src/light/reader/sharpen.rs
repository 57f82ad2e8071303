//! Pictures in which small modules stand out again from what the lens has blurred.

use crate::light::GreyPicture;

/// Each pixel moved away from the mean of its four neighbours by twice the difference.
///
/// It brings back modules of less than three pixels, and noise as well: large modules in a noisy
/// picture are read better without.
pub(super) fn sharpened(picture: &GreyPicture) -> Option<GreyPicture> {
    let mut pixels = Vec::with_capacity(picture.pixels().len());
    let last = picture.height().saturating_sub(1);
    for y in 0..picture.height() {
        let row = picture.row(y);
        let above = picture.row(y.saturating_sub(1));
        let below = picture.row((y + 1).min(last));
        let left = row.iter().take(1).chain(row);
        let right = row.iter().skip(1).chain(row.last());
        let across = left.zip(right).map(|(left, right)| sum(*left, *right));
        let upright = above
            .iter()
            .zip(below)
            .map(|(above, below)| sum(*above, *below));
        let around = across
            .zip(upright)
            .map(|(across, upright)| across + upright);
        pixels.extend(
            row.iter()
                .zip(around)
                .map(|(grey, around)| away(*grey, around)),
        );
    }
    GreyPicture::new(picture.width(), picture.height(), pixels).ok()
}

fn sum(one: u8, other: u8) -> i16 {
    i16::from(one) + i16::from(other)
}

fn away(grey: u8, around: i16) -> u8 {
    let moved = 3 * i16::from(grey) - around / 2;
    u8::try_from(moved.clamp(0, 255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_stays_and_edges_become_steeper() {
        let pixels = vec![50, 50, 50, 90, 150, 190, 190, 190];
        let picture = GreyPicture::new(8, 1, pixels).unwrap();
        let sharp = sharpened(&picture).unwrap();
        assert_eq!(sharp.pixels(), [50, 50, 30, 80, 160, 210, 190, 190]);
    }
}
