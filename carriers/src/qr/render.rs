//! Draws one code: always black on white, also on dark screens, because readers expect it.

use std::fmt::Write as _;

use qrcode::{
    Color, EcLevel, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern},
    ec,
};

use super::QrError;
use crate::limits::QR_PAYLOAD_BYTES_MAX;

/// Draws a payload as a greyscale PNG.
///
/// # Errors
/// [`QrError::PayloadOutOfRange`] for an empty payload and above
/// [`QR_PAYLOAD_BYTES_MAX`]; [`QrError::NotMade`] where an encoder fails.
pub fn render_png(payload: &[u8]) -> Result<Vec<u8>, QrError> {
    let modules = Modules::encode(payload)?;
    let side = modules.side_with_border();
    let mut pixels = Vec::new();
    for y in 0..side {
        let row: Vec<u8> = (0..side)
            .flat_map(|x| [if modules.is_dark(x, y) { 0 } else { 255 }; MODULE_PIXELS])
            .collect();
        for _ in 0..MODULE_PIXELS {
            pixels.extend_from_slice(&row);
        }
    }
    let side_pixels = u32::try_from(side * MODULE_PIXELS).map_err(not_made)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side_pixels, side_pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(not_made)?;
    writer.write_image_data(&pixels).map_err(not_made)?;
    writer.finish().map_err(not_made)?;
    Ok(file)
}

/// Draws a payload for a terminal, two modules a character, with every colour given, so that it
/// reads on light and dark ones.
///
/// # Errors
/// As for [`render_png`].
pub fn render_terminal(payload: &[u8]) -> Result<String, QrError> {
    let modules = Modules::encode(payload)?;
    let side = modules.side_with_border();
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        let mut colours = None;
        for x in 0..side {
            let wanted = (modules.is_dark(x, y), modules.is_dark(x, y + 1));
            if colours != Some(wanted) {
                let (upper, lower) = (grey(wanted.0), grey(wanted.1));
                write!(text, "\x1b[38;2;{upper};48;2;{lower}m").map_err(not_made)?;
                colours = Some(wanted);
            }
            text.push('▀');
        }
        text.push_str("\x1b[0m\n");
    }
    Ok(text)
}

/// The squares of one code, without its border.
struct Modules {
    colors: Vec<Color>,
    side: usize,
}

impl Modules {
    /// Byte mode, lowest correction, smallest version, pinned mask.
    ///
    /// Nothing covers or tears a screen or a fresh print, so that size matters more than
    /// correction. The usual search for the best mask costs more time than all the rest; sealed
    /// bytes look random under any mask.
    fn encode(payload: &[u8]) -> Result<Modules, QrError> {
        if !(1..=QR_PAYLOAD_BYTES_MAX).contains(&payload.len()) {
            return Err(QrError::PayloadOutOfRange {
                size_bytes: payload.len(),
                max_bytes: QR_PAYLOAD_BYTES_MAX,
            });
        }
        let (version, data) = smallest_bits(payload)?;
        let (data, correction) =
            ec::construct_codewords(&data, version, EC_LEVEL).map_err(not_made)?;
        let mut canvas = Canvas::new(version, EC_LEVEL);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        canvas.apply_mask(MASK);
        let side = usize::try_from(version.width()).map_err(not_made)?;
        Ok(Modules {
            colors: canvas.into_colors(),
            side,
        })
    }

    fn side_with_border(&self) -> usize {
        self.side + 2 * BORDER_MODULES
    }

    /// The module at a place counted from the corner of the border; outside all is light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(BORDER_MODULES).filter(|at| *at < self.side);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.colors.get(y * self.side + x) == Some(&Color::Dark),
            _ => false,
        }
    }
}

/// The payload as one byte segment in the smallest version that holds it.
fn smallest_bits(payload: &[u8]) -> Result<(Version, Vec<u8>), QrError> {
    let mut refused = None;
    for number in 1..=VERSION_MAX {
        let version = Version::Normal(number);
        let mut bits = Bits::new(version);
        match bits
            .push_byte_data(payload)
            .and_then(|()| bits.push_terminator(EC_LEVEL))
        {
            Ok(()) => return Ok((version, bits.into_bytes())),
            Err(err) => refused = Some(err),
        }
    }
    Err(refused.map_or(QrError::Unreadable, not_made))
}

fn grey(is_dark: bool) -> &'static str {
    if is_dark { "0;0;0" } else { "255;255;255" }
}

fn not_made(err: impl std::error::Error + Send + Sync + 'static) -> QrError {
    QrError::NotMade {
        source: Box::new(err),
    }
}

const EC_LEVEL: EcLevel = EcLevel::L;

const MASK: MaskPattern = MaskPattern::Diamonds;

const VERSION_MAX: i16 = 40;

/// The quiet zone that the standard asks for.
const BORDER_MODULES: usize = 4;

/// Enough for a screen at arm's length and for paper.
const MODULE_PIXELS: usize = 8;
