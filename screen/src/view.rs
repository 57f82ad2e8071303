//! Draws the window and returns what the person asked for.

use eframe::egui::{
    self, Align, Button, Color32, Context, CornerRadius, FontId, Key, Layout, Margin, Modifiers,
    Pos2, ProgressBar, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextureId, Ui, Vec2,
    WidgetInfo,
};

use crate::{Title, command::Command, data::Words, state::Area};

/// The codes as a texture of one pixel for each module.
#[derive(Clone, Copy)]
pub(crate) struct Codes {
    pub(crate) texture: TextureId,
    /// Modules.
    pub(crate) width: usize,
    /// Modules.
    pub(crate) height: usize,
}

/// What came of drawing.
pub(crate) struct Drawn {
    pub(crate) commands: Vec<Command>,
    /// The place for codes, in pixels of the screen.
    pub(crate) area: Area,
}

/// Draws everything: the banner, the words and the codes.
pub(crate) fn window_ui(ui: &mut Ui, title: Title, words: &Words, codes: Option<Codes>) -> Drawn {
    let mut commands = pressed(ui.ctx());
    banner_ui(ui, title);
    let size = ui.available_size();
    let is_beside = size.x >= size.y * WIDE;
    let panel = if is_beside {
        egui::Panel::right("words").exact_size(WORDS_WIDTH)
    } else {
        egui::Panel::bottom("words").exact_size((size.y * 0.35).min(WORDS_HEIGHT))
    };
    let frame = egui::Frame::new()
        .fill(PAPER)
        .inner_margin(Margin::same(16));
    panel.resizable(false).frame(frame).show(ui, |ui| {
        ScrollArea::vertical().show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            words_ui(ui, words);
            ui.separator();
            controls_ui(ui, words, is_beside, &mut commands);
        });
    });
    let white = egui::Frame::new().fill(Color32::WHITE);
    let area = egui::CentralPanel::no_frame()
        .frame(white)
        .show(ui, |ui| codes_ui(ui, words, codes));
    Drawn {
        commands,
        area: area.inner,
    }
}

/// Colours, sizes and the light theme, which suits the white field on every desktop.
pub(crate) fn set_style(ctx: &Context) {
    ctx.set_theme(egui::Theme::Light);
    ctx.all_styles_mut(|style| {
        style.visuals.override_text_color = Some(INK);
        style.visuals.widgets.inactive.bg_stroke = Stroke::new(1.0, EDGE);
        style.spacing.item_spacing = Vec2::new(8.0, 8.0);
    });
}

fn banner_ui(ui: &mut Ui, title: Title) {
    let [red, green, blue] = title.colour();
    let frame = egui::Frame::new()
        .fill(Color32::from_rgb(red, green, blue))
        .inner_margin(Margin::symmetric(16, 8));
    egui::Panel::top("banner")
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(title.banner()).size(26.0);
                ui.label(text.color(Color32::WHITE));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let text = RichText::new(title.program()).size(16.0);
                    ui.label(text.color(Color32::WHITE));
                });
            });
        });
}

fn words_ui(ui: &mut Ui, words: &Words) {
    if !words.headline.is_empty() {
        ui.label(RichText::new(&words.headline).size(21.0));
    }
    for (label, fraction) in &words.progress {
        ui.label(RichText::new(label).size(16.0));
        let bar = ProgressBar::new(*fraction)
            .desired_height(10.0)
            .corner_radius(CornerRadius::same(3))
            .fill(INK);
        let response = ui.add(bar);
        response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, label));
    }
    for line in &words.lines {
        ui.label(RichText::new(line).size(15.0));
    }
}

/// What is shown how fast, and the controls that change it: one under the other where there is
/// height, else in rows.
fn controls_ui(ui: &mut Ui, words: &Words, is_column: bool, commands: &mut Vec<Command>) {
    ui.label(RichText::new(&words.density).size(15.0));
    if let Some(refusal) = words.refusal {
        ui.label(RichText::new(refusal).size(15.0));
    }
    let width = if is_column { ui.available_width() } else { 0.0 };
    let buttons_ui = |ui: &mut Ui| {
        for command in Command::ALL {
            let text = RichText::new(command.label()).size(15.0);
            if ui
                .add(Button::new(text).min_size(Vec2::new(width, 28.0)))
                .clicked()
            {
                commands.push(command);
            }
        }
    };
    if is_column {
        ui.vertical(buttons_ui);
    } else {
        ui.horizontal_wrapped(buttons_ui);
    }
}

/// Draws the codes in the middle of their place, each module as large as all others.
fn codes_ui(ui: &mut Ui, words: &Words, codes: Option<Codes>) -> Area {
    let (place, response) = {
        let place = ui.available_rect_before_wrap();
        (place, ui.allocate_rect(place, Sense::hover()))
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words.of_codes()));
    let scale = ui.ctx().pixels_per_point();
    let area = Area {
        width: pixels(place.width(), scale),
        height: pixels(place.height(), scale),
    };
    let Some(codes) = codes else {
        return area;
    };
    let module_pixels = (area.width / codes.width).min(area.height / codes.height);
    if module_pixels == 0 {
        let font = FontId::proportional(18.0);
        let middle = place.center();
        ui.painter()
            .text(middle, egui::Align2::CENTER_CENTER, TOO_SMALL, font, INK);
        return area;
    }
    let size = Vec2::new(
        points(codes.width * module_pixels, scale),
        points(codes.height * module_pixels, scale),
    );
    let spare = (place.size() - size) / 2.0;
    let corner = whole_pixel(place.min + spare, scale);
    let all = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    let rect = Rect::from_min_size(corner, size);
    ui.painter().image(codes.texture, rect, all, Color32::WHITE);
    area
}

/// Keys work wherever the focus is.
fn pressed(ctx: &Context) -> Vec<Command> {
    let keys = [
        (Key::Plus, Command::Denser),
        (Key::Equals, Command::Denser),
        (Key::ArrowUp, Command::Denser),
        (Key::Minus, Command::Coarser),
        (Key::ArrowDown, Command::Coarser),
        (Key::ArrowRight, Command::Faster),
        (Key::ArrowLeft, Command::Slower),
        (Key::F, Command::FullScreen),
        (Key::Escape, Command::Stop),
        (Key::Q, Command::Stop),
    ];
    ctx.input_mut(|input| {
        let pressed = keys.into_iter().filter_map(|(key, command)| {
            let is_pressed = input.consume_key(Modifiers::NONE, key);
            is_pressed.then_some(command)
        });
        pressed.collect()
    })
}

/// Whole pixels of the screen in a length.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes an integer by saturating; nothing here is negative or large"
)]
fn pixels(length: f32, scale: f32) -> usize {
    // Half a pixel is lost to rounding, never a whole one won.
    (length * scale + 0.01).floor() as usize
}

fn points(pixels: usize, scale: f32) -> f32 {
    f32::from(u16::try_from(pixels).unwrap_or(u16::MAX)) / scale
}

fn whole_pixel(at: Pos2, scale: f32) -> Pos2 {
    Pos2::new(
        (at.x * scale).round() / scale,
        (at.y * scale).round() / scale,
    )
}

const TOO_SMALL: &str = "Make the window larger";

/// Beside the white field, so that nobody takes it for a part of the codes.
const PAPER: Color32 = Color32::from_rgb(0xf0, 0xee, 0xe6);

/// Around buttons, which nobody should have to guess.
const EDGE: Color32 = Color32::from_rgb(0x75, 0x75, 0x70);

const INK: Color32 = Color32::from_rgb(0x1c, 0x1c, 0x1c);

/// From this ratio of the sides on, words stand beside the codes and not under them.
const WIDE: f32 = 1.2;

const WORDS_WIDTH: f32 = 330.0;

const WORDS_HEIGHT: f32 = 320.0;

#[cfg(test)]
mod tests {
    use eframe::egui::{RawInput, accesskit::Role as Spoken};

    use super::*;

    fn words() -> Words {
        Words {
            headline: "To Amina".to_owned(),
            progress: vec![("Shown: 312 of 874 pieces".to_owned(), 0.35)],
            lines: vec!["One more line".to_owned()],
            density: "1 code".to_owned(),
            refusal: Some("No room"),
        }
    }

    fn drawn(size: Vec2, events: Vec<egui::Event>) -> (Drawn, Vec<(Spoken, String)>) {
        let ctx = Context::default();
        ctx.enable_accesskit();
        set_style(&ctx);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            events,
            ..RawInput::default()
        };
        let mut result = None;
        let mut output = ctx.run_ui(input, |ui| {
            result = Some(window_ui(ui, Title::OfflineVault, &words(), None));
        });
        output.textures_delta.clear();
        let update = output.platform_output.accesskit_update.unwrap();
        let spoken = update.nodes.iter().filter_map(|(_, node)| {
            let text = node.label().or(node.value())?;
            Some((node.role(), text.to_owned()))
        });
        (result.unwrap(), spoken.collect())
    }

    #[test]
    fn a_reader_of_the_screen_hears_every_word_and_every_control() {
        for size in [Vec2::new(1_366.0, 768.0), Vec2::new(600.0, 1_200.0)] {
            let (_, spoken) = drawn(size, Vec::new());
            let says = |role, wanted: &str| {
                let found = spoken
                    .iter()
                    .any(|(is, text)| *is == role && text == wanted);
                assert!(found, "{role:?} {wanted:?} in {spoken:?}");
            };
            says(Spoken::Label, "OFFLINE MACHINE");
            says(Spoken::Label, "To Amina");
            says(Spoken::Label, "One more line");
            says(Spoken::Label, "No room");
            says(Spoken::ProgressIndicator, "Shown: 312 of 874 pieces");
            for command in Command::ALL {
                says(Spoken::Button, command.label());
            }
            says(
                Spoken::Image,
                "Codes for a camera: 1 code. Shown: 312 of 874 pieces.",
            );
        }
    }

    #[test]
    fn place_for_codes_is_what_words_and_banner_leave() {
        let (wide, _) = drawn(Vec2::new(1_366.0, 768.0), Vec::new());
        assert!((1_000..1_040).contains(&wide.area.width), "{:?}", wide.area);
        assert!((680..740).contains(&wide.area.height), "{:?}", wide.area);
        let (tall, _) = drawn(Vec2::new(600.0, 1_200.0), Vec::new());
        assert_eq!(tall.area.width, 600);
        assert!(tall.area.height > 700, "{:?}", tall.area);
    }

    #[test]
    fn keys_are_wishes() {
        let press = |key| egui::Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let keys = [Key::Plus, Key::ArrowLeft, Key::Q].map(press);
        let (drawn, _) = drawn(Vec2::new(1_000.0, 700.0), keys.to_vec());
        assert_eq!(
            drawn.commands,
            [Command::Denser, Command::Slower, Command::Stop]
        );
    }
}
