//! A picture in black and white, by a threshold that follows the light.
//!
//! The threshold is that of ZXing's hybrid binarizer, which reads best; this one works on whole
//! rows and words, because it sees every pixel of every frame.

use rxing::common::{BitArray, BitMatrix};

use crate::light::GreyPicture;

/// A picture in black and white.
pub(super) struct Bits {
    matrix: BitMatrix,
    words: Vec<usize>,
    words_a_row: usize,
}

impl Bits {
    /// Dark where the picture is darker than what is around.
    pub(super) fn new(picture: &GreyPicture) -> Option<Self> {
        let width = u32::try_from(picture.width()).ok()?;
        let height = u32::try_from(picture.height()).ok()?;
        let thresholds = Thresholds::new(picture);
        let words_a_row = picture.width().div_ceil(WORD_PIXELS);
        let mut matrix = BitMatrix::new(width, height).ok()?;
        let mut row = BitArray::with_size(picture.width());
        let mut words = Vec::with_capacity(words_a_row * picture.height());
        for (y, pixels) in (0_u32..).zip(picture.pixels().chunks_exact(picture.width())) {
            let start = words.len();
            push_row(&mut words, pixels, thresholds.row(y));
            for (at, word) in words.get(start..)?.iter().enumerate() {
                row.setBulk(at * WORD_PIXELS, *word);
            }
            matrix.setRow(y, &row);
        }
        Some(Self {
            matrix,
            words,
            words_a_row,
        })
    }

    /// What `rxing` works on.
    pub(super) fn matrix(&self) -> &BitMatrix {
        &self.matrix
    }

    /// Where the colour changes in this row, from left to right, beginning with light to dark.
    pub(super) fn edges(&self, y: usize, edges: &mut Vec<usize>) {
        edges.clear();
        let start = y * self.words_a_row;
        let row = self.words.get(start..start + self.words_a_row);
        let mut before = 0;
        for (at, word) in row.unwrap_or_default().iter().enumerate() {
            let mut changes = word ^ ((word << 1) | before);
            while changes != 0 {
                edges.push(at * WORD_PIXELS + changes.trailing_zeros() as usize);
                changes &= changes - 1;
            }
            before = word >> (WORD_PIXELS - 1);
        }
    }
}

fn push_row(words: &mut Vec<usize>, pixels: &[u8], thresholds: &[u8]) {
    let (blocks, rest) = pixels.as_chunks::<BLOCK_PIXELS>();
    let mut last = [u8::MAX; BLOCK_PIXELS];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let keep = (1_usize << rest.len()) - 1;
    let whole = blocks
        .iter()
        .zip(thresholds)
        .map(|(block, threshold)| dark_bits(*block, *threshold));
    let rest_bits = thresholds
        .get(blocks.len())
        .map(|threshold| dark_bits(last, *threshold) & keep);
    let mut word = 0;
    let mut shift = 0;
    for bits in whole.chain(rest_bits) {
        word |= bits << shift;
        shift += BLOCK_PIXELS;
        if shift == WORD_PIXELS {
            words.push(std::mem::take(&mut word));
            shift = 0;
        }
    }
    if shift > 0 {
        words.push(word);
    }
}

/// Eight pixels against one threshold at once, to two grey values: bit 0 is the first pixel.
fn dark_bits(pixels: [u8; BLOCK_PIXELS], threshold: u8) -> usize {
    let halves = (u64::from_le_bytes(pixels) >> 1) & LOW_BITS;
    let limit = (u64::from(threshold >> 1) * EACH_BYTE) | HIGH_BITS;
    let dark = ((limit - halves) & HIGH_BITS) >> 7;
    let [gathered, ..] = dark.wrapping_mul(GATHER).to_be_bytes();
    usize::from(gathered)
}

/// One threshold for each block of pixels.
struct Thresholds {
    blocks_a_row: usize,
    values: Vec<u8>,
}

impl Thresholds {
    fn new(picture: &GreyPicture) -> Self {
        let blocks_a_row = picture.width().div_ceil(BLOCK_PIXELS);
        let strip_pixels = picture.width() * BLOCK_PIXELS;
        let mut points = Vec::new();
        let mut above = Vec::new();
        for strip in picture.pixels().chunks(strip_pixels) {
            let row = black_points(strip, picture.width(), &above);
            points.extend_from_slice(&row);
            above = row;
        }
        Self {
            blocks_a_row,
            values: averaged(&points, blocks_a_row),
        }
    }

    /// The thresholds of the blocks that this row of pixels lies in.
    fn row(&self, y: u32) -> &[u8] {
        let start = y as usize / BLOCK_PIXELS * self.blocks_a_row;
        let values = self.values.get(start..start + self.blocks_a_row);
        values.unwrap_or_default()
    }
}

/// What divides dark from light in each block of a strip of rows.
fn black_points(strip: &[u8], width: usize, above: &[u8]) -> Vec<u8> {
    let mut sums = vec![0_u16; width];
    let mut lowest = vec![u8::MAX; width];
    let mut highest = vec![0_u8; width];
    let mut rows = 0;
    for row in strip.chunks_exact(width) {
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, grey)| *sum += u16::from(*grey));
        lowest
            .iter_mut()
            .zip(row)
            .for_each(|(low, grey)| *low = (*low).min(*grey));
        highest
            .iter_mut()
            .zip(row)
            .for_each(|(high, grey)| *high = (*high).max(*grey));
        rows += 1;
    }
    let mut points: Vec<u8> = Vec::with_capacity(width.div_ceil(BLOCK_PIXELS));
    let blocks = sums
        .chunks(BLOCK_PIXELS)
        .zip(lowest.chunks(BLOCK_PIXELS))
        .zip(highest.chunks(BLOCK_PIXELS));
    for ((sums, lowest), highest) in blocks {
        let low = lowest.iter().copied().min().unwrap_or_default();
        let high = highest.iter().copied().max().unwrap_or_default();
        let point = if high - low > CONTRAST_MIN {
            let sum: u32 = sums.iter().map(|sum| u32::from(*sum)).sum();
            let count = u32::try_from(sums.len() * rows).unwrap_or(1).max(1);
            u8::try_from(sum / count).unwrap_or(u8::MAX)
        } else {
            flat_point(
                low,
                points.last(),
                above.get(points.len().wrapping_sub(1)..),
            )
        };
        points.push(point);
    }
    points
}

/// A block of one colour is taken to be light, unless it is darker than what divides its
/// neighbours.
fn flat_point(low: u8, left: Option<&u8>, above: Option<&[u8]>) -> u8 {
    if let (Some(left), Some([above_left, above, ..])) = (left, above) {
        let around = (u16::from(*above) + 2 * u16::from(*left) + u16::from(*above_left)) / 4;
        if u16::from(low) < around {
            return u8::try_from(around).unwrap_or(u8::MAX);
        }
    }
    low / 2
}

/// The mean of each five by five blocks; at the border the outermost count again.
fn averaged(points: &[u8], blocks_a_row: usize) -> Vec<u8> {
    let across: Vec<Vec<u16>> = points
        .chunks(blocks_a_row)
        .map(|row| {
            (0..row.len())
                .map(|at| {
                    around(at, row.len())
                        .filter_map(|at| row.get(at))
                        .map(|point| u16::from(*point))
                        .sum()
                })
                .collect()
        })
        .collect();
    let mut values = Vec::with_capacity(points.len());
    let mut sums = vec![0_u16; blocks_a_row];
    for y in 0..across.len() {
        sums.fill(0);
        for row in around(y, across.len()).filter_map(|y| across.get(y)) {
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, point)| *sum += point);
        }
        values.extend(
            sums.iter()
                .map(|sum| u8::try_from(sum / 25).unwrap_or(u8::MAX)),
        );
    }
    values
}

/// The five places around one, within a row of so many.
fn around(at: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..5).map(move |offset| (at + offset).saturating_sub(2).min(count - 1))
}

const WORD_PIXELS: usize = usize::BITS as usize;

/// The side of a block.
const BLOCK_PIXELS: usize = 8;

/// Blocks that vary less hold nothing but noise.
const CONTRAST_MIN: u8 = 24;

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const LOW_BITS: u64 = 0x7f * EACH_BYTE;
const HIGH_BITS: u64 = 0x80 * EACH_BYTE;
/// Brings the lowest bit of each byte into the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_dark_where_it_is_darker_than_the_threshold() {
        for threshold in [0, 2, 100, 254] {
            for at in 0..8 {
                let mut pixels = [255; 8];
                pixels[at] = threshold;
                assert_eq!(
                    dark_bits(pixels, threshold),
                    if threshold == 254 { 255 } else { 1 << at }
                );
                pixels[at] = threshold.saturating_add(2);
                assert_eq!(
                    dark_bits(pixels, threshold) >> at & 1,
                    usize::from(threshold == 254)
                );
            }
        }
    }

    #[test]
    fn edges_are_those_of_the_picture_whatever_its_width() {
        for width in [21, 64, 65, 130] {
            let mut pixels = vec![200; width * 30];
            for row in pixels.chunks_mut(width) {
                row[3..10].fill(10);
                row[width - 2..].fill(10);
            }
            let bits = Bits::new(&GreyPicture::new(width, 30, pixels).unwrap()).unwrap();
            let mut edges = Vec::new();
            bits.edges(17, &mut edges);
            assert_eq!(edges[..3], [3, 10, width - 2], "width {width}");
            assert!(bits.matrix().get(9, 17) && !bits.matrix().get(10, 17));
        }
    }
}
