//! What the event loop calls: brings the state onto the screen and wishes into the state.

use std::sync::{Arc, mpsc::SyncSender};

use carriers::light::GreyPicture;
use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions, Ui, ViewportCommand};

use crate::{
    ScreenError, Title,
    data::Words,
    shared::Shared,
    view::{self, Codes},
};

/// The window's side of the state.
pub(crate) struct WindowApp {
    title: Title,
    shared: Arc<Shared>,
    /// Told once, when the first picture of the window has been drawn.
    opened: Option<SyncSender<Result<Context, ScreenError>>>,
    round_count: u64,
    texture: Option<TextureHandle>,
    /// The codes that the texture holds.
    in_texture: Option<Arc<GreyPicture>>,
    is_full_screen: bool,
}

impl WindowApp {
    pub(crate) fn new(
        title: Title,
        shared: Arc<Shared>,
        opened: SyncSender<Result<Context, ScreenError>>,
    ) -> Self {
        Self {
            title,
            shared,
            opened: Some(opened),
            round_count: 0,
            texture: None,
            in_texture: None,
            is_full_screen: false,
        }
    }

    /// A second round means that the first was drawn: by then everything that is loaded late has
    /// been loaded.
    fn tell_opened(&mut self, ctx: &Context) {
        self.round_count += 1;
        if self.round_count == 1 {
            // Asked for before there is a window, some desktops do not hear it.
            ctx.send_viewport_cmd(ViewportCommand::Maximized(true));
        }
        if self.round_count < ROUNDS_TO_OPEN {
            ctx.request_repaint();
        } else if let Some(opened) = self.opened.take() {
            // Whoever asked may have given up waiting; then the window closes again.
            if opened.send(Ok(ctx.clone())).is_err() {
                self.shared.update(|state| state.is_finished = true);
            }
        }
    }

    fn codes(&mut self, ctx: &Context, picture: Option<Arc<GreyPicture>>) -> Option<Codes> {
        let picture = picture?;
        let is_new = !self
            .in_texture
            .as_ref()
            .is_some_and(|before| Arc::ptr_eq(before, &picture));
        if is_new {
            let size = [picture.width(), picture.height()];
            let image = ColorImage::from_gray(size, picture.pixels());
            match &mut self.texture {
                Some(texture) => texture.set(image, TextureOptions::NEAREST),
                None => {
                    let texture = ctx.load_texture("codes", image, TextureOptions::NEAREST);
                    self.texture = Some(texture);
                }
            }
        }
        let codes = self.texture.as_ref().map(|texture| Codes {
            texture: texture.id(),
            width: picture.width(),
            height: picture.height(),
        });
        self.in_texture = Some(picture);
        codes
    }
}

impl eframe::App for WindowApp {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.tell_opened(ctx);
        let is_closing = ctx.input(|input| input.viewport().close_requested());
        let is_over = self.shared.update(|state| {
            state.is_stopped |= is_closing;
            state.is_stopped || state.is_finished
        });
        if is_over && !is_closing {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let (words, picture, number) = {
            let state = self.shared.lock();
            (
                Words::of(&state),
                state.picture.clone(),
                state.picture_number,
            )
        };
        let codes = self.codes(&ctx, picture);
        let drawn = view::window_ui(ui, self.title, &words, codes);
        let has_commands = !drawn.commands.is_empty();
        let (is_full_screen, is_stopped) = self.shared.update(|state| {
            state.drawn_number = number;
            if state.area != drawn.area {
                state.area = drawn.area;
                state.fit();
            }
            for command in drawn.commands {
                command.apply(state);
            }
            (state.is_full_screen, state.is_stopped)
        });
        if self.is_full_screen != is_full_screen {
            self.is_full_screen = is_full_screen;
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(is_full_screen));
        }
        if is_stopped {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        if has_commands {
            ctx.request_repaint();
        }
    }
}

/// The first round lays out, the second follows the first picture on the screen, the third is for
/// drivers that draw one picture behind.
const ROUNDS_TO_OPEN: u64 = 3;
