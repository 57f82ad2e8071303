//! Everything that the window and the work know of each other: plain data.

use std::sync::Arc;

use carriers::light::{Density, GreyPicture, Status};

use crate::adapt::Adapt;

/// What both sides see, under one lock.
#[derive(Default)]
pub(crate) struct State {
    /// The place for codes, in pixels of the screen; zero until it was laid out once.
    pub(crate) area: Area,
    pub(crate) density: Choice,
    pub(crate) adapt: Adapt,
    /// Whether a corner code was ever shown: its place stays, so that the others do not move.
    pub(crate) has_corner: bool,
    /// One pixel for each module.
    pub(crate) picture: Option<Arc<GreyPicture>>,
    /// Counts the pictures that were handed over.
    pub(crate) picture_number: u64,
    /// The last of them that the window has drawn.
    pub(crate) drawn_number: u64,
    pub(crate) status: Status,
    /// What the window itself has to say, for as long as it is open.
    pub(crate) notice: Option<&'static str>,
    /// What the last key could not do.
    pub(crate) refusal: Option<&'static str>,
    pub(crate) is_full_screen: bool,
    /// The person wants no more, or the window is gone.
    pub(crate) is_stopped: bool,
    /// The work wants no more.
    pub(crate) is_finished: bool,
    /// The event loop has returned.
    pub(crate) is_closed: bool,
}

/// A place on the screen, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// How much is shown at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// As much as the window has room for.
    Fitted(Density),
    /// What the person chose; it gives way only where it does not fit at all.
    Chosen(Density),
}

impl Default for Choice {
    fn default() -> Self {
        Choice::Fitted(Density::CALM)
    }
}

impl State {
    pub(crate) fn density(&self) -> Density {
        match self.density {
            Choice::Fitted(density) | Choice::Chosen(density) => density,
        }
    }

    /// Whether a density can be read on the place there is.
    pub(crate) fn has_room(&self, density: Density) -> bool {
        let Area { width, height } = self.area;
        density.module_pixels(width, height, self.has_corner) >= MODULE_PIXELS_MIN
    }

    /// Follows what the other machine says it got, unless the person has chosen.
    pub(crate) fn adapt(&mut self) {
        let Choice::Fitted(density) = self.density else {
            return;
        };
        let mut adapt = self.adapt;
        let heard_percent = self.status.heard_percent;
        let next = adapt.next(density, heard_percent, |density| self.has_room(density));
        self.adapt = adapt;
        self.density = Choice::Fitted(next);
    }

    /// Fits the density to the place for codes, after either changed.
    pub(crate) fn fit(&mut self) {
        let Area { width, height } = self.area;
        self.density = match self.density {
            Choice::Fitted(before) => {
                let mut fitted = Density::fit(width, height, self.has_corner);
                while fitted.pictures_per_second() > before.pictures_per_second() {
                    fitted = fitted.slower();
                }
                while fitted.pictures_per_second() < before.pictures_per_second() {
                    fitted = fitted.faster();
                }
                Choice::Fitted(fitted)
            }
            Choice::Chosen(mut density) => {
                while !self.has_room(density) && density != density.coarser() {
                    density = density.coarser();
                }
                Choice::Chosen(density)
            }
        };
    }
}

/// A camera that sees single pixels of a screen sees the lines between them as well.
const MODULE_PIXELS_MIN: usize = 2;
