//! Unpacks the grey of JPEG pictures, also of those that a camera sends without their tables.

use std::{borrow::Cow, panic};

use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{jpeg_tables::STANDARD_TABLES, picture_file::PictureFileError};
use crate::light::GreyPicture;

/// Unpacks the grey of a JPEG picture; its colours are passed over.
///
/// # Errors
/// [`PictureFileError`]; sizes are refused before memory is taken for the pixels.
pub(super) fn decode(bytes: &[u8]) -> Result<GreyPicture, PictureFileError> {
    let head = Head::parse(bytes)?;
    head.check_size()?;
    let bytes = head.with_tables(bytes);
    // A picture comes from anywhere; a fault of the decoder must not end the program.
    let decoded = panic::catch_unwind(|| {
        if head.needs_colours {
            decode_colours(&bytes)
        } else {
            decode_grey(&bytes)
        }
    });
    decoded.unwrap_or(Err(NOT_A_JPEG))
}

fn decode_grey(bytes: &[u8]) -> Result<GreyPicture, PictureFileError> {
    let (width, height, pixels) = decode_as(ColorSpace::Luma, bytes)?;
    Ok(GreyPicture::new(width, height, pixels)?)
}

/// Slower and larger: only for the one kind of picture that needs it.
fn decode_colours(bytes: &[u8]) -> Result<GreyPicture, PictureFileError> {
    let (width, height, values) = decode_as(ColorSpace::YCbCr, bytes)?;
    let pixels = values.into_iter().step_by(3).collect();
    Ok(GreyPicture::new(width, height, pixels)?)
}

fn decode_as(
    colours: ColorSpace,
    bytes: &[u8],
) -> Result<(usize, usize, Vec<u8>), PictureFileError> {
    // Strict, so that a picture that ends too early is an error and not half grey.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(colours)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| NOT_A_JPEG)?;
    let (width, height) = decoder.dimensions().ok_or(NOT_A_JPEG)?;
    // Asked again: the decoder could have understood the file in another way.
    GreyPicture::pixel_count(width, height)?;
    let values = decoder.decode().map_err(|_| PictureFileError::CutShort)?;
    Ok((width, height, values))
}

/// What stands before the pixels.
struct Head {
    width: usize,
    height: usize,
    component_count: u8,
    /// Whether the whole picture is held while it is unpacked, in two bytes for each value.
    is_held_whole: bool,
    /// zune-jpeg 0.5 gives a progressive picture whose colours are halved downwards only as grey
    /// all over, when it is asked for the grey alone.
    needs_colours: bool,
    has_tables: bool,
}

impl Head {
    /// Walks over the segments up to the first pixels.
    fn parse(bytes: &[u8]) -> Result<Head, PictureFileError> {
        let mut rest = bytes.strip_prefix(START).ok_or(NOT_A_JPEG)?;
        let mut frame = None;
        let mut has_tables = false;
        loop {
            let (marker, content, after) = segment(rest)?;
            rest = after;
            match marker {
                0xc0..=0xc2 => frame = Some((marker, Frame::parse(content)?)),
                0xc4 => has_tables = true,
                0xda => {
                    let (marker, frame) = frame.ok_or(NOT_A_JPEG)?;
                    let scanned_count = content.first().copied().ok_or(NOT_A_JPEG)?;
                    let is_held_whole = marker == 0xc2 || scanned_count < frame.component_count;
                    return Ok(Head {
                        width: frame.width,
                        height: frame.height,
                        component_count: frame.component_count,
                        is_held_whole,
                        needs_colours: is_held_whole
                            && frame.component_count == 3
                            && frame.is_halved_downwards_only,
                        has_tables,
                    });
                }
                _ => {}
            }
        }
    }

    fn check_size(&self) -> Result<(), PictureFileError> {
        let pixel_count = GreyPicture::pixel_count(self.width, self.height)?;
        if ![1, 3].contains(&self.component_count) {
            return Err(NOT_A_JPEG);
        }
        if self.is_held_whole && pixel_count > HELD_WHOLE_PIXELS_MAX {
            return Err(PictureFileError::TooLarge {
                max: HELD_WHOLE_PIXELS_MAX as u64,
                unit: "pixels in a progressive JPEG",
            });
        }
        Ok(())
    }

    /// The picture, with the standard tables where it has none.
    fn with_tables<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let after_start = bytes.get(START.len()..).unwrap_or_default();
        if self.has_tables {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned([START, &STANDARD_TABLES, after_start].concat())
    }
}

/// What the frame header says.
#[derive(Clone, Copy)]
struct Frame {
    width: usize,
    height: usize,
    component_count: u8,
    is_halved_downwards_only: bool,
}

impl Frame {
    fn parse(content: &[u8]) -> Result<Frame, PictureFileError> {
        let [
            _precision,
            h1,
            h0,
            w1,
            w0,
            component_count,
            ref components @ ..,
        ] = *content
        else {
            return Err(NOT_A_JPEG);
        };
        // The second byte of each component: how often it is sampled, across and downwards.
        let sampling = components.get(1).copied().unwrap_or_default();
        Ok(Frame {
            width: usize::from(u16::from_be_bytes([w1, w0])),
            height: usize::from(u16::from_be_bytes([h1, h0])),
            component_count,
            is_halved_downwards_only: sampling >> 4 < sampling & 0x0f,
        })
    }
}

/// The next segment: its marker, its content, and what follows it.
fn segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), PictureFileError> {
    let mut rest = bytes;
    let marker = loop {
        match rest {
            // Any number of these bytes may stand before a marker.
            [0xff, 0xff, ..] => rest = rest.get(1..).unwrap_or_default(),
            // The picture ends, or another begins, before there was one.
            [0xff, 0xd8 | 0xd9, ..] => return Err(PictureFileError::CutShort),
            [0xff, marker, ..] => break *marker,
            [] | [_] => return Err(PictureFileError::CutShort),
            _ => return Err(NOT_A_JPEG),
        }
    };
    let [_, _, l1, l0, after @ ..] = rest else {
        return Err(PictureFileError::CutShort);
    };
    let length_bytes = usize::from(u16::from_be_bytes([*l1, *l0]));
    let content_bytes = length_bytes.checked_sub(2).ok_or(NOT_A_JPEG)?;
    let (content, after) = after
        .split_at_checked(content_bytes)
        .ok_or(PictureFileError::CutShort)?;
    Ok((marker, content, after))
}

const START: &[u8] = &[0xff, 0xd8];

const NOT_A_JPEG: PictureFileError = PictureFileError::NotUnderstood { kind: "JPEG" };

/// What is unpacked of a picture that comes in several passes: it takes eight bytes a pixel.
const HELD_WHOLE_PIXELS_MAX: usize = 8_000_000;

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::*;

    const SIDES: (u16, u16) = (75, 57);

    /// A colour picture whose grey rises from left to right and, more slowly, downwards.
    fn jpeg(sampling: SamplingFactor, progressive: bool) -> Vec<u8> {
        let (width, height) = SIDES;
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| grey_at(x, y)));
        let rgb: Vec<u8> = rows.flat_map(|grey| [grey; 3]).collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(progressive);
        encoder.encode(&rgb, width, height, ColorType::Rgb).unwrap();
        bytes
    }

    fn grey_at(x: u16, y: u16) -> u8 {
        u8::try_from(x * 2 + y).unwrap()
    }

    fn without_tables(bytes: &[u8]) -> Vec<u8> {
        let mut rest = &bytes[2..];
        let mut stripped = START.to_vec();
        loop {
            let (marker, _, after) = segment(rest).unwrap();
            if marker == 0xda {
                return [&stripped, rest].concat();
            }
            if marker != 0xc4 {
                stripped.extend_from_slice(&rest[..rest.len() - after.len()]);
            }
            rest = after;
        }
    }

    #[test]
    fn grey_is_read_whatever_the_colours_are_packed_like() {
        for sampling in [
            SamplingFactor::F_1_1,
            SamplingFactor::F_2_1,
            SamplingFactor::F_1_2,
            SamplingFactor::F_2_2,
            SamplingFactor::F_4_1,
        ] {
            for progressive in [false, true] {
                let picture = decode(&jpeg(sampling, progressive)).unwrap();
                let mut wrong = 0;
                let (width, height) = SIDES;
                for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                    let grey = picture.grey_at(x.into(), y.into());
                    wrong += usize::from(grey.abs_diff(grey_at(x, y)) > 8);
                }
                assert_eq!(wrong, 0, "{sampling:?} {progressive}");
            }
        }
    }

    #[test]
    fn picture_without_tables_is_the_same_picture() {
        let whole = jpeg(SamplingFactor::F_2_1, false);
        let stripped = without_tables(&whole);
        assert!(stripped.len() + 400 < whole.len());
        assert_eq!(decode(&stripped).unwrap(), decode(&whole).unwrap());
    }

    #[test]
    fn picture_that_is_cut_anywhere_never_ends_the_program() {
        for progressive in [false, true] {
            let whole = jpeg(SamplingFactor::F_2_2, progressive);
            for end in 0..whole.len() / 2 {
                assert!(decode(&whole[..end]).is_err(), "{end}");
            }
            for end in whole.len() / 2..whole.len() {
                // The very last bytes may be missing without harm.
                let _ = decode(&whole[..end]);
            }
        }
    }

    #[test]
    fn huge_sides_are_refused_before_memory_is_taken() {
        let mut bytes = jpeg(SamplingFactor::F_2_2, false);
        let at = bytes
            .windows(2)
            .position(|pair| pair == [0xff, 0xc0])
            .unwrap();
        bytes[at + 5..at + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
        assert!(decode(&bytes).unwrap_err().is_size());
        bytes[at + 5..at + 9].copy_from_slice(&[0, 0, 0, 0]);
        assert!(matches!(decode(&bytes), Err(PictureFileError::Sides(_))));
    }

    #[test]
    fn progressive_picture_has_a_lower_bound() {
        let mut bytes = jpeg(SamplingFactor::F_2_2, true);
        let at = bytes
            .windows(2)
            .position(|pair| pair == [0xff, 0xc2])
            .unwrap();
        bytes[at + 5..at + 9].copy_from_slice(&[0x13, 0x88, 0x13, 0x88]);
        assert!(decode(&bytes).unwrap_err().is_size());
    }
}
