//! How much is shown at once and how fast: a ladder that a person or a screen moves along.

use std::{fmt, time::Duration};

use super::{CodeGrid, CornerPlace, Correction, Version};

/// One step of the ladder of densities, and one of the ladder of rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    step: usize,
    rate: usize,
}

impl Density {
    /// Where a crossing begins: one code of version 27, twelve pictures a second. Every camera
    /// of the last fifteen years reads it, and a megabyte passes in a minute.
    pub const CALM: Density = Density {
        step: CALM_STEP,
        rate: CALM_RATE,
    };

    /// The densest up to [`Density::CALM`] whose modules are large enough on an area of this many
    /// pixels; the coarsest where none is.
    #[must_use]
    pub fn fit(width_pixels: usize, height_pixels: usize, has_corner: bool) -> Self {
        let mut density = Self::CALM;
        while density.step > 0
            && density.module_pixels(width_pixels, height_pixels, has_corner) < MODULE_PIXELS_GOOD
        {
            density = density.coarser();
        }
        density
    }

    /// The grid of codes, with a place for the corner code where it costs the others least.
    #[must_use]
    pub fn grid(&self, width_pixels: usize, height_pixels: usize, has_corner: bool) -> CodeGrid {
        let step = self.step();
        let grid = CodeGrid::new(
            Version::nearest(step.version),
            step.correction,
            step.columns,
            step.rows,
        );
        if !has_corner {
            return grid;
        }
        let beside = grid.with_corner(CornerPlace::Beside);
        let below = grid.with_corner(CornerPlace::Below);
        let pixels = |grid: CodeGrid| grid.module_pixels(width_pixels, height_pixels);
        if pixels(below) > pixels(beside) {
            below
        } else {
            beside
        }
    }

    /// How many pixels a module has on an area of this size; 0 where there is no room.
    #[must_use]
    pub fn module_pixels(
        &self,
        width_pixels: usize,
        height_pixels: usize,
        has_corner: bool,
    ) -> usize {
        self.grid(width_pixels, height_pixels, has_corner)
            .module_pixels(width_pixels, height_pixels)
    }

    /// How long one picture stays.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.pictures_per_second()
    }

    /// Pictures in a second. Never a camera's own rate: shown at 30, a camera at 30 catches
    /// anything from all to none of them. Up to half of its rate it catches all.
    #[must_use]
    pub fn pictures_per_second(&self) -> u32 {
        RATES.get(self.rate).copied().unwrap_or(RATE_LOWEST)
    }

    /// One step up: more bytes in each picture.
    #[must_use]
    pub fn denser(self) -> Self {
        Self {
            step: (self.step + 1).min(STEPS.len() - 1),
            ..self
        }
    }

    /// One step down: larger modules.
    #[must_use]
    pub fn coarser(self) -> Self {
        Self {
            step: self.step.saturating_sub(1),
            ..self
        }
    }

    /// More pictures a second.
    #[must_use]
    pub fn faster(self) -> Self {
        Self {
            rate: (self.rate + 1).min(RATES.len() - 1),
            ..self
        }
    }

    /// Fewer pictures a second.
    #[must_use]
    pub fn slower(self) -> Self {
        Self {
            rate: self.rate.saturating_sub(1),
            ..self
        }
    }

    fn step(&self) -> &Step {
        STEPS.get(self.step).unwrap_or(&COARSEST)
    }
}

/// For people: how many codes, how large, how fast.
impl fmt::Display for Density {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.step();
        match step.columns * step.rows {
            1 => write!(formatter, "1 code")?,
            _ => write!(formatter, "{} × {} codes", step.columns, step.rows)?,
        }
        let side = Version::nearest(step.version).side();
        let rate = self.pictures_per_second();
        write!(
            formatter,
            " of {side} × {side} squares, {rate} pictures a second"
        )
    }
}

/// One step: which codes, how many.
struct Step {
    version: u8,
    correction: Correction,
    columns: usize,
    rows: usize,
}

impl Step {
    const fn screen(version: u8, columns: usize, rows: usize) -> Self {
        Self {
            version,
            correction: Correction::Screen,
            columns,
            rows,
        }
    }
}

/// Holds symbols of 60 bytes only; all others hold at least one of 480 with its header.
const COARSEST: Step = Step {
    version: 10,
    correction: Correction::Paper,
    columns: 1,
    rows: 1,
};

/// Each step holds at least as much as the one before. One code as long as one code will do,
/// because that is what every reader can follow; then several. The versions are those that end
/// just after a whole number of 480-byte symbols and a header.
const STEPS: [Step; 9] = [
    COARSEST,
    Step::screen(15, 1, 1),
    Step::screen(22, 1, 1),
    Step::screen(27, 1, 1),
    Step::screen(32, 1, 1),
    Step::screen(40, 1, 1),
    Step::screen(27, 2, 1),
    Step::screen(22, 3, 2),
    Step::screen(27, 3, 2),
];

const CALM_STEP: usize = 3;

/// Pictures a second. 15 is half of the usual camera's 30, 20 is two thirds.
const RATES: [u32; 6] = [RATE_LOWEST, 8, 10, 12, 15, 20];

const RATE_LOWEST: u32 = 5;

const CALM_RATE: usize = 3;

/// Below this a camera that fills its picture with the screen is near its limit, and the lines
/// between the pixels of a screen begin to show.
const MODULE_PIXELS_GOOD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const SYMBOL_AND_HEADER_BYTES: usize = 480 + 20;

    fn all_steps() -> impl Iterator<Item = Density> {
        (0..STEPS.len()).map(|step| Density {
            step,
            rate: CALM_RATE,
        })
    }

    fn symbols(density: Density) -> usize {
        let demand = density.grid(1_000, 1_000, false).demand();
        demand.code_count * (demand.payload_bytes.saturating_sub(20) / 480)
    }

    #[test]
    fn all_but_the_coarsest_hold_large_symbols_and_each_step_holds_as_much_as_the_last() {
        let mut before = 0;
        for density in all_steps() {
            let demand = density.grid(1_000, 1_000, false).demand();
            let is_coarsest = density.step == 0;
            assert_eq!(
                demand.payload_bytes < SYMBOL_AND_HEADER_BYTES,
                is_coarsest,
                "{density}"
            );
            assert!(symbols(density) >= before, "{density}");
            before = symbols(density);
        }
        assert_eq!(before, 18);
    }

    #[test]
    fn no_rate_is_that_of_a_camera() {
        for rate in RATES {
            assert!(![24, 25, 30, 50, 60].contains(&rate));
        }
    }

    #[test]
    fn usual_screens_begin_calm_and_small_ones_coarser() {
        assert_eq!(Density::fit(1_000, 640, true), Density::CALM);
        assert_eq!(Density::fit(1_900, 900, true), Density::CALM);
        let small = Density::fit(480, 330, false);
        assert_eq!(small.grid(480, 330, false).version().number(), 15);
        let tiny = Density::fit(10, 10, true);
        assert_eq!(tiny.grid(10, 10, true).version().number(), 10);
    }

    #[test]
    fn steps_end_at_both_ends() {
        let mut density = Density::CALM;
        for _ in 0..20 {
            density = density.denser().faster();
        }
        assert_eq!(
            density.to_string(),
            "3 × 2 codes of 125 × 125 squares, 20 pictures a second"
        );
        for _ in 0..20 {
            density = density.coarser().slower();
        }
        assert_eq!(
            density.to_string(),
            "1 code of 57 × 57 squares, 5 pictures a second"
        );
        assert_eq!(density.interval(), Duration::from_millis(200));
    }

    #[test]
    fn corner_lies_where_it_costs_least() {
        let wide = Density::CALM.grid(1_600, 800, true);
        assert!(wide.width_modules() > wide.height_modules());
        let tall = Density::CALM.grid(800, 1_600, true);
        assert!(tall.width_modules() < tall.height_modules());
    }
}
