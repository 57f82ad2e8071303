//! Reads PGM pictures: "P5", sides and white in ASCII, then a byte a pixel.

use super::picture_file::PictureFileError;
use crate::light::GreyPicture;

/// Unpacks a binary PGM picture of at most 8 bits a pixel; the values are spread to 0 to 255.
///
/// # Errors
/// [`PictureFileError`] for anything else, before memory is taken for the pixels.
pub(super) fn decode(bytes: &[u8]) -> Result<GreyPicture, PictureFileError> {
    let mut header = Header {
        rest: bytes.strip_prefix(b"P5").ok_or(NOT_A_PGM)?,
    };
    let (width, height) = (header.number()?, header.number()?);
    let white = header.number()?;
    // Exactly one white-space byte stands before the pixels.
    let [separator, pixels @ ..] = header.rest else {
        return Err(PictureFileError::CutShort);
    };
    if !separator.is_ascii_whitespace() || !(1..=255).contains(&white) {
        return Err(NOT_A_PGM);
    }
    let pixel_count = GreyPicture::pixel_count(width, height)?;
    let pixels = pixels
        .get(..pixel_count)
        .ok_or(PictureFileError::CutShort)?;
    let spread = |value: &u8| u8::try_from(usize::from(*value) * 255 / white).unwrap_or(u8::MAX);
    let pixels = pixels.iter().map(spread).collect();
    Ok(GreyPicture::new(width, height, pixels)?)
}

/// What is left of the file.
struct Header<'a> {
    rest: &'a [u8],
}

impl Header<'_> {
    /// The next number, after white space and comments.
    fn number(&mut self) -> Result<usize, PictureFileError> {
        let mut found = false;
        let mut number = 0_usize;
        while let [first, rest @ ..] = self.rest {
            match first {
                b'0'..=b'9' => {
                    found = true;
                    let digit = usize::from(first - b'0');
                    number = number.saturating_mul(10).saturating_add(digit);
                }
                _ if found => return Ok(number),
                b'#' => {
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    self.rest = rest.get(end.ok_or(NOT_A_PGM)?..).unwrap_or_default();
                    continue;
                }
                byte if byte.is_ascii_whitespace() => {}
                _ => return Err(NOT_A_PGM),
            }
            self.rest = rest;
        }
        Err(PictureFileError::CutShort)
    }
}

const NOT_A_PGM: PictureFileError = PictureFileError::NotUnderstood { kind: "PGM" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_any_white_space_are_passed_over() {
        let picture = decode(b"P5\n# made by hand\n2\t2 # sides\n255\n\x01\x02\x03\x04").unwrap();
        assert_eq!((picture.width(), picture.height()), (2, 2));
        assert_eq!(picture.pixels(), [1, 2, 3, 4]);
    }

    #[test]
    fn fewer_greys_are_spread() {
        let picture = decode(b"P5 3 1 15 \x00\x0f\x10").unwrap();
        assert_eq!(picture.pixels(), [0, 255, 255]);
    }

    #[test]
    fn what_is_no_pgm_is_refused() {
        for bytes in [
            &b"P6 1 1 255 \0"[..],
            b"P5",
            b"P5 #",
            b"P5 1 1 255",
            b"P5 1 1 0 \0",
            b"P5 1 1 65535 \0\0",
            b"P5 0 1 255 ",
            b"P5 -1 1 255 \0",
            b"P5 2 2 255 \0\0\0",
            b"P5 99999999999999999999999999 99999999999999999999 255 \0",
            b"P5 10000 10000 255 \0",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
