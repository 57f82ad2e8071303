//! Draws one code: always black on white, also on dark screens, because readers expect it.

use std::fmt::Write as _;

use super::QrError;
use crate::{
    light::{Code, Correction, GreyPicture, draw_codes},
    limits::QR_PAYLOAD_BYTES_MAX,
};

/// Draws a payload as a greyscale PNG.
///
/// # Errors
/// [`QrError::PayloadOutOfRange`] for an empty payload and above
/// [`QR_PAYLOAD_BYTES_MAX`]; [`QrError::NotMade`] where an encoder fails.
pub fn render_png(payload: &[u8]) -> Result<Vec<u8>, QrError> {
    let picture = draw_codes(&[single_code(payload)?], 1, MODULE_PIXELS)?;
    png_file(&picture)
}

/// A picture as a greyscale PNG file.
///
/// # Errors
/// [`QrError::NotMade`] where the encoder fails.
pub(crate) fn png_file(picture: &GreyPicture) -> Result<Vec<u8>, QrError> {
    let width = u32::try_from(picture.width()).map_err(QrError::not_made)?;
    let height = u32::try_from(picture.height()).map_err(QrError::not_made)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(QrError::not_made)?;
    writer
        .write_image_data(picture.pixels())
        .map_err(QrError::not_made)?;
    writer.finish().map_err(QrError::not_made)?;
    Ok(file)
}

/// Draws a payload for a terminal, two modules a character, with every colour given, so that it
/// reads on light and dark ones.
///
/// # Errors
/// As for [`render_png`].
pub fn render_terminal(payload: &[u8]) -> Result<String, QrError> {
    let picture = draw_codes(&[single_code(payload)?], 1, 1)?;
    let mut text = String::new();
    for line in half_block_lines(&picture) {
        writeln!(text, "{line}").map_err(QrError::not_made)?;
    }
    Ok(text)
}

/// A picture of one pixel a module in half blocks, with explicit colours for every cell.
///
/// An odd number of rows ends in half a line of white.
pub(crate) fn half_block_lines(picture: &GreyPicture) -> impl Iterator<Item = String> {
    (0..picture.height()).step_by(2).map(|y| {
        let mut line = String::new();
        let mut colours = None;
        for x in 0..picture.width() {
            let wanted = (
                is_dark(picture.grey_at(x, y)),
                is_dark(picture.grey_at(x, y + 1)),
            );
            if colours != Some(wanted) {
                let (upper, lower) = (colour(wanted.0), colour(wanted.1));
                line.push_str(&format!("\x1b[38;2;{upper};48;2;{lower}m"));
                colours = Some(wanted);
            }
            line.push('▀');
        }
        line.push_str("\x1b[0m");
        line
    })
}

/// Lowest correction, smallest version: size matters more than correction on a screen.
fn single_code(payload: &[u8]) -> Result<Code, QrError> {
    if !(1..=QR_PAYLOAD_BYTES_MAX).contains(&payload.len()) {
        return Err(QrError::PayloadOutOfRange {
            size_bytes: payload.len(),
            max_bytes: QR_PAYLOAD_BYTES_MAX,
        });
    }
    Code::smallest(payload, Correction::Screen)
}

fn is_dark(grey: u8) -> bool {
    grey < 128
}

fn colour(is_dark: bool) -> &'static str {
    if is_dark { "0;0;0" } else { "255;255;255" }
}

/// Enough for a screen at arm's length and for paper.
const MODULE_PIXELS: usize = 8;
