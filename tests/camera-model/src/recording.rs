//! A screen that shows one picture after the other, and the frames that a camera takes of it.

use crate::{Camera, Exposed, Picture, RowLight};

/// The frames of a camera in front of a screen, without end.
pub struct Recording<'a, F> {
    camera: &'a mut Camera,
    interval_secs: f64,
    phase_secs: f64,
    next_picture: F,
    /// The exposures of the latest pictures, the newest last.
    exposed: Vec<(u64, Exposed)>,
    shown_count: u64,
    frame: u64,
}

impl<'a, F: FnMut() -> Picture> Recording<'a, F> {
    /// Films pictures that change every `interval_secs`, at least as long as a row is exposed.
    pub fn new(camera: &'a mut Camera, interval_secs: f64, next_picture: F) -> Self {
        Self {
            phase_secs: camera.spec().phase_secs,
            camera,
            interval_secs,
            next_picture,
            exposed: Vec::new(),
            shown_count: 0,
            frame: 0,
        }
    }

    /// When the latest frame was complete, in seconds after the first picture appeared.
    #[must_use]
    pub fn elapsed_secs(&self) -> f64 {
        let spec = self.camera.spec();
        self.phase_secs + self.frame as f64 / spec.fps
    }

    /// How many pictures the screen has shown.
    #[must_use]
    pub fn shown_count(&self) -> u64 {
        self.shown_count
    }

    /// Makes sure that this picture was shown, and forgets those long before it.
    fn show_until(&mut self, number: u64) {
        while self.shown_count <= number {
            let picture = (self.next_picture)();
            // What no row looks at any more need not be exposed; only the newest three can matter.
            if self.shown_count + 3 > number {
                self.exposed
                    .push((self.shown_count, self.camera.expose(&picture)));
            }
            self.shown_count += 1;
        }
        self.exposed.retain(|(shown, _)| shown + 3 > number);
    }
}

impl<F: FnMut() -> Picture> Iterator for Recording<'_, F> {
    type Item = Picture;

    fn next(&mut self) -> Option<Picture> {
        let spec = self.camera.spec().clone();
        let window_secs = spec.exposure_secs + spec.screen_response_secs;
        let start_secs = self.phase_secs + self.frame as f64 / spec.fps + window_secs;
        let end_of_row = |y: usize| start_secs + spec.readout_secs * y as f64 / spec.height as f64;
        let interval_secs = self.interval_secs;
        self.show_until((end_of_row(spec.height) / interval_secs) as u64);
        self.frame += 1;
        let exposed = &self.exposed;
        let find = |number: u64| {
            let oldest = exposed.first()?;
            let found = exposed.iter().find(|(shown, _)| *shown == number);
            Some(&found.unwrap_or(oldest).1)
        };
        let rows = (0..spec.height).map_while(|y| {
            let later = (end_of_row(y) / interval_secs) as u64;
            let since_secs = end_of_row(y) - later as f64 * interval_secs;
            Some(RowLight {
                earlier: find(later.saturating_sub(1))?,
                later: find(later)?,
                later_256ths: (since_secs / window_secs * 256.0).clamp(0.0, 256.0) as u32,
            })
        });
        Some(self.camera.develop(rows))
    }
}
