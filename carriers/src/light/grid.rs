//! Where the codes of one sheet lie, and the picture of it: always black on white.

use super::{
    Code, Correction, Demand, GreyPicture, Sheet, Version, capacity_bytes, code::QUIET_MODULES,
};
use crate::qr::QrError;

/// A regular grid of codes of one version, with a place for the small code of the corner.
///
/// Everything is counted in modules, so that whoever shows it chooses how many pixels one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeGrid {
    version: Version,
    correction: Correction,
    columns: usize,
    rows: usize,
    corner: Option<CornerPlace>,
}

/// Where the small code lies that says what this machine still lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CornerPlace {
    /// To the right of the others, at the top.
    Beside,
    /// Under the others, at the left.
    Below,
}

impl CodeGrid {
    /// A grid without a corner code; no columns or no rows count as one.
    #[must_use]
    pub fn new(version: Version, correction: Correction, columns: usize, rows: usize) -> Self {
        Self {
            version,
            correction,
            columns: columns.clamp(1, CODES_A_SIDE_MAX),
            rows: rows.clamp(1, CODES_A_SIDE_MAX),
            corner: None,
        }
    }

    /// The same grid with a place for the corner code, which stays there while there is none, so
    /// that the others do not move.
    #[must_use]
    pub fn with_corner(self, place: CornerPlace) -> Self {
        Self {
            corner: Some(place),
            ..self
        }
    }

    /// The version of all codes but that of the corner.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Codes side by side.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Codes one under the other.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What there is room for.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand {
            code_count: self.columns * self.rows,
            payload_bytes: capacity_bytes(self.version, self.correction),
        }
    }

    /// Modules from left to right, with all quiet zones.
    #[must_use]
    pub fn width_modules(&self) -> usize {
        let codes = self.columns * self.version.cell_side();
        match self.corner {
            Some(CornerPlace::Beside) => codes + CORNER_VERSION.cell_side(),
            Some(CornerPlace::Below) => codes.max(CORNER_VERSION.cell_side()),
            None => codes,
        }
    }

    /// Modules from top to bottom, with all quiet zones.
    #[must_use]
    pub fn height_modules(&self) -> usize {
        let codes = self.rows * self.version.cell_side();
        match self.corner {
            Some(CornerPlace::Below) => codes + CORNER_VERSION.cell_side(),
            Some(CornerPlace::Beside) => codes.max(CORNER_VERSION.cell_side()),
            None => codes,
        }
    }

    /// How many pixels a module may have on an area of this size; 0 where the grid does not fit.
    #[must_use]
    pub fn module_pixels(&self, width_pixels: usize, height_pixels: usize) -> usize {
        (width_pixels / self.width_modules()).min(height_pixels / self.height_modules())
    }

    /// Draws a sheet. Codes that it lacks leave their place white; codes beyond the demand are
    /// not drawn.
    ///
    /// # Errors
    /// [`QrError::PayloadOutOfRange`] for a payload that does not fit its code,
    /// [`QrError::NotMade`] where the encoder fails or the picture would be too large.
    pub fn draw(&self, sheet: &Sheet, module_pixels: usize) -> Result<GreyPicture, QrError> {
        if let ([payload], None) = (sheet.codes.as_slice(), self.corner)
            && self.demand().code_count == 1
            && payload.len() <= self.demand().payload_bytes
        {
            // A short one alone, such as a pairing code, has larger modules.
            return draw_codes(
                &[Code::smallest(payload, self.correction)?],
                1,
                module_pixels,
            );
        }
        let mut codes = Vec::new();
        for payload in sheet.codes.iter().take(self.demand().code_count) {
            codes.push(Code::new(payload, self.version, self.correction)?);
        }
        let corner = match &sheet.corner {
            Some(payload) if self.corner.is_some() => Some(corner_code(payload)?),
            _ => None,
        };
        let mut canvas = Canvas::white(self.width_modules(), self.height_modules(), module_pixels)?;
        let cell_side = self.version.cell_side();
        for (at, code) in codes.iter().enumerate() {
            let (column, row) = (at % self.columns, at / self.columns);
            canvas.draw(code, column * cell_side, row * cell_side, 1);
        }
        if let Some(code) = corner {
            let (x, y, scale) = self.corner_spot(codes.is_empty());
            canvas.draw(&code, x, y, scale);
        }
        canvas.into_picture()
    }

    /// Where the corner code begins and how many modules one of its own is wide: alone, it takes
    /// all the room there is, so that a camera that reads nothing else reads it from afar.
    fn corner_spot(&self, is_alone: bool) -> (usize, usize, usize) {
        if is_alone {
            let side = CORNER_VERSION.cell_side();
            let scale = self.width_modules().min(self.height_modules()) / side;
            return (0, 0, scale.max(1));
        }
        let cell_side = self.version.cell_side();
        match self.corner {
            Some(CornerPlace::Below) => (0, self.rows * cell_side, 1),
            _ => (self.columns * cell_side, 0, 1),
        }
    }
}

/// Draws codes in rows, each with its quiet zone, in cells as large as the largest of them.
///
/// # Errors
/// [`QrError::NotMade`] where there is nothing to draw or the picture would be too large.
pub fn draw_codes(
    codes: &[Code],
    columns: usize,
    module_pixels: usize,
) -> Result<GreyPicture, QrError> {
    let columns = columns.clamp(1, codes.len().max(1));
    let rows = codes.len().div_ceil(columns);
    let cell_side = codes.iter().map(|code| code.version().cell_side()).max();
    let cell_side = cell_side.unwrap_or_default();
    let mut canvas = Canvas::white(columns * cell_side, rows * cell_side, module_pixels)?;
    for (at, code) in codes.iter().enumerate() {
        let (column, row) = (at % columns, at / columns);
        canvas.draw(code, column * cell_side, row * cell_side, 1);
    }
    canvas.into_picture()
}

/// Always of one version where it fits, so that it keeps its size while its content grows.
fn corner_code(payload: &[u8]) -> Result<Code, QrError> {
    Code::new(payload, CORNER_VERSION, Correction::Screen)
}

/// A picture that codes are drawn into.
struct Canvas {
    width: usize,
    height: usize,
    module_pixels: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn white(
        width_modules: usize,
        height_modules: usize,
        module_pixels: usize,
    ) -> Result<Self, QrError> {
        let width = width_modules.saturating_mul(module_pixels);
        let height = height_modules.saturating_mul(module_pixels);
        let count = GreyPicture::pixel_count(width, height).map_err(QrError::not_made)?;
        Ok(Self {
            width,
            height,
            module_pixels,
            pixels: vec![WHITE; count],
        })
    }

    /// Draws a code whose quiet zone begins at this module, `scale` times as large.
    fn draw(&mut self, code: &Code, left_modules: usize, top_modules: usize, scale: usize) {
        let side = self.module_pixels * scale;
        let left = left_modules * self.module_pixels + QUIET_MODULES * side;
        let top = top_modules * self.module_pixels + QUIET_MODULES * side;
        for y in 0..code.side() {
            for x in (0..code.side()).filter(|x| code.is_dark(*x, y)) {
                self.blacken(left + x * side, top + y * side, side);
            }
        }
    }

    fn blacken(&mut self, left: usize, top: usize, side: usize) {
        for row in top..top + side {
            let start = row * self.width + left;
            if let Some(run) = self.pixels.get_mut(start..start + side) {
                run.fill(BLACK);
            }
        }
    }

    fn into_picture(self) -> Result<GreyPicture, QrError> {
        GreyPicture::new(self.width, self.height, self.pixels).map_err(QrError::not_made)
    }
}

const WHITE: u8 = 255;

const BLACK: u8 = 0;

/// Holds the longest answer: four transfers.
const CORNER_VERSION: Version = Version::nearest(5);

/// More have no room on any screen.
const CODES_A_SIDE_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(code_count: usize, corner: bool) -> Sheet {
        Sheet {
            codes: (0..code_count)
                .map(|at| vec![at.to_le_bytes()[0]; 500])
                .collect(),
            corner: corner.then(|| vec![9; 103]),
        }
    }

    fn is_finder_corner(picture: &GreyPicture, x: usize, y: usize) -> bool {
        picture.grey_at(x, y) == BLACK
            && picture.grey_at(x - 1, y) == WHITE
            && picture.grey_at(x, y - 1) == WHITE
    }

    #[test]
    fn every_code_lies_in_its_cell_with_a_quiet_zone() {
        let grid = CodeGrid::new(Version::nearest(15), Correction::Screen, 3, 2);
        let picture = grid.draw(&sheet(6, false), 2).unwrap();
        let cell = Version::nearest(15).cell_side() * 2;
        assert_eq!((picture.width(), picture.height()), (3 * cell, 2 * cell));
        for at in 0..6 {
            let (x, y) = (at % 3 * cell + 8, at / 3 * cell + 8);
            assert!(is_finder_corner(&picture, x, y), "code {at}");
        }
        assert!(picture.row(7).iter().all(|grey| *grey == WHITE));
    }

    #[test]
    fn corner_code_has_its_place_beside_or_below_and_keeps_it_empty() {
        let grid = CodeGrid::new(Version::nearest(15), Correction::Screen, 1, 1);
        let cell = Version::nearest(15).cell_side();
        let beside = grid.with_corner(CornerPlace::Beside);
        let below = grid.with_corner(CornerPlace::Below);
        let picture = beside.draw(&sheet(1, true), 1).unwrap();
        assert_eq!((picture.width(), picture.height()), (cell + 45, cell));
        assert!(is_finder_corner(&picture, cell + 4, 4));
        let picture = below.draw(&sheet(1, true), 1).unwrap();
        assert_eq!((picture.width(), picture.height()), (cell, cell + 45));
        assert!(is_finder_corner(&picture, 4, cell + 4));
        let empty = below.draw(&sheet(1, false), 1).unwrap();
        assert_eq!(empty.height(), cell + 45);
    }

    #[test]
    fn missing_codes_leave_white_and_more_than_asked_for_are_left_out() {
        let grid = CodeGrid::new(Version::nearest(15), Correction::Screen, 2, 1);
        let none = grid.draw(&sheet(0, false), 1).unwrap();
        assert!(none.pixels().iter().all(|grey| *grey == WHITE));
        assert_eq!(
            grid.draw(&sheet(3, false), 1).unwrap(),
            grid.draw(&sheet(2, false), 1).unwrap()
        );
    }

    #[test]
    fn module_pixels_are_as_many_as_fit() {
        let grid = CodeGrid::new(Version::nearest(27), Correction::Screen, 1, 1);
        assert_eq!(grid.module_pixels(1_366, 768), 5);
        assert_eq!(grid.module_pixels(133, 133), 1);
        assert_eq!(grid.module_pixels(132, 500), 0);
    }

    #[test]
    fn a_picture_without_pixels_or_with_too_many_is_refused() {
        let grid = CodeGrid::new(Version::nearest(15), Correction::Screen, 1, 1);
        for module_pixels in [0, 1_000, usize::MAX] {
            grid.draw(&sheet(1, false), module_pixels).unwrap_err();
        }
        draw_codes(&[], 1, 1).unwrap_err();
    }
}
