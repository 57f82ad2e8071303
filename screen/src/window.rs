//! The end of a window that the work holds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread,
    time::{Duration, Instant},
};

use carriers::light::{Density, Display, DisplayError, Sheet, Status, Wanted};
use eframe::egui;

use crate::{
    ScreenError, Title,
    desktop::Desktop,
    host::{self, Request},
    shared::Shared,
    state::Area,
};

/// An open window. It closes when this is dropped; when the person closes it, it wants nothing
/// more.
pub struct Window {
    shared: Arc<Shared>,
    context: egui::Context,
    /// What the last sheet was asked for.
    asked: Density,
    /// When the next sheet is due.
    due_at: Option<Instant>,
    _only: OnlyWindow,
}

/// Opens the window, and returns when its first picture has been drawn.
///
/// From then on the window makes no further connections of its own. Everything it has, it has
/// over those to the desktop: the display, the accessibility bus, the screensaver.
///
/// # Errors
/// [`ScreenError::NoDesktop`], [`ScreenError::NotOpened`], [`ScreenError::TooSlow`], and
/// [`ScreenError::AlreadyOpen`] while another window of the program is open.
pub fn open(title: Title) -> Result<Window, ScreenError> {
    Desktop::of_environment().check(title)?;
    let only = OnlyWindow::take()?;
    let shared = Arc::new(Shared::default());
    let (opened, is_open) = sync_channel(1);
    host::submit(Request {
        title,
        shared: Arc::clone(&shared),
        opened,
    })?;
    match is_open.recv_timeout(OPEN_WITHIN) {
        Ok(context) => {
            let context = context?;
            thread::sleep(SETTLE);
            Ok(Window {
                context,
                shared,
                asked: Density::CALM,
                due_at: None,
                _only: only,
            })
        }
        Err(_) => {
            shared.update(|state| state.is_finished = true);
            Err(ScreenError::TooSlow {
                limit_secs: OPEN_WITHIN.as_secs(),
            })
        }
    }
}

impl Window {
    /// Waits until the last picture was drawn and has stood as long as it should. A window that
    /// nobody sees draws nothing; then the work goes on slowly.
    fn wait_until_due(&mut self) -> bool {
        self.shared.wait_until(DRAWN_WITHIN, |state| {
            state.is_stopped || state.drawn_number == state.picture_number
        });
        let now = Instant::now();
        let due_at = self.due_at.unwrap_or(now);
        let left = due_at.saturating_duration_since(now);
        let is_stopped = self.shared.wait_until(left, |state| state.is_stopped);
        // A picture that came late moves all later ones: none stands too short.
        self.due_at = Some(due_at.max(now));
        !is_stopped
    }
}

impl Display for Window {
    fn wait(&mut self) -> Result<Wanted, DisplayError> {
        if !self.wait_until_due() {
            return Ok(Wanted::Nothing);
        }
        let state = self.shared.lock();
        self.asked = state.density();
        let Area { width, height } = state.area;
        let grid = self.asked.grid(width, height, state.has_corner);
        Ok(Wanted::Sheet(grid.demand()))
    }

    fn show(&mut self, sheet: &Sheet, status: &Status) -> Result<(), DisplayError> {
        let (area, has_corner) = self.shared.update(|state| {
            if sheet.corner.is_some() && !state.has_corner {
                state.has_corner = true;
                state.fit();
            }
            (state.area, state.has_corner)
        });
        let grid = self.asked.grid(area.width, area.height, has_corner);
        let picture = grid.draw(sheet, 1).map_err(|source| {
            DisplayError::new(ScreenError::Code {
                source: Some(source),
            })
        })?;
        self.shared.update(|state| {
            state.picture = Some(Arc::new(picture));
            state.picture_number += 1;
            state.status = status.clone();
            state.adapt();
        });
        self.context.request_repaint();
        self.due_at = self.due_at.map(|due_at| due_at + self.asked.interval());
        Ok(())
    }
}

impl Drop for Window {
    /// Waits a moment for the window to go, so that it is gone when the program says that it is
    /// done.
    fn drop(&mut self) {
        self.shared.update(|state| state.is_finished = true);
        self.context.request_repaint();
        self.shared
            .wait_until(CLOSED_WITHIN, |state| state.is_closed);
    }
}

/// There is one event loop, which has room for one window.
struct OnlyWindow;

impl OnlyWindow {
    fn take() -> Result<Self, ScreenError> {
        if IS_OPEN.swap(true, Ordering::AcqRel) {
            return Err(ScreenError::AlreadyOpen);
        }
        Ok(OnlyWindow)
    }
}

impl Drop for OnlyWindow {
    fn drop(&mut self) {
        IS_OPEN.store(false, Ordering::Release);
    }
}

static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Software rendering on a slow machine takes seconds.
const OPEN_WITHIN: Duration = Duration::from_secs(30);

/// Screen readers are reached over a bus of their own, which is asked for in the background; nothing
/// says when that is done.
const SETTLE: Duration = Duration::from_millis(300);

/// After this the window counts as hidden.
const DRAWN_WITHIN: Duration = Duration::from_millis(500);

const CLOSED_WITHIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_may_be_on_any_thread() {
        fn is_send<T: Send>() {}
        is_send::<Window>();
    }
}
