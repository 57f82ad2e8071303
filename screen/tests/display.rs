//! A display in memory, a person at it and a look at its pixels.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use x11rb::{
    connection::Connection as _,
    protocol::{
        xproto::{ConnectionExt as _, ImageFormat, InputFocus, MapState, Window},
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
};

/// An X server without a screen. It ends when this is dropped.
pub(crate) struct Display {
    server: Child,
    name: String,
    connection: RustConnection,
    root: Window,
    size: (u16, u16),
}

impl Display {
    /// Starts a display, or says why there is none; where CAUSEWAY_REQUIRE_DISPLAY is set, having
    /// none is a failure.
    pub(crate) fn start(width: u16, height: u16) -> Option<Self> {
        let spawned = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-noreset",
                "-screen",
                "0",
            ])
            .arg(format!("{width}x{height}x24"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = match spawned {
            Ok(server) => server,
            Err(err) => {
                assert!(
                    env::var_os("CAUSEWAY_REQUIRE_DISPLAY").is_none(),
                    "Xvfb could not be started: {err}"
                );
                eprintln!("skipped: no Xvfb ({err}); install xvfb to run this test");
                return None;
            }
        };
        let mut number = String::new();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        output.read_line(&mut number).unwrap();
        let name = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&name)).unwrap();
        let root = connection.setup().roots[screen].root;
        Some(Self {
            server,
            name,
            connection,
            root,
            size: (width, height),
        })
    }

    /// What DISPLAY is to be for a program that is to appear here.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The only window on the display, once it is there; it gets the keyboard.
    pub(crate) fn focus_window(&self) -> Window {
        within_a_minute("a window", || {
            let tree = self
                .connection
                .query_tree(self.root)
                .unwrap()
                .reply()
                .unwrap();
            let is_shown = |window: &Window| {
                let attributes = self.connection.get_window_attributes(*window).unwrap();
                let geometry = self.connection.get_geometry(*window).unwrap();
                let is_viewable = attributes
                    .reply()
                    .is_ok_and(|found| found.map_state == MapState::VIEWABLE);
                is_viewable && geometry.reply().is_ok_and(|found| found.width > 100)
            };
            let window = tree.children.into_iter().find(is_shown)?;
            let focus = self
                .connection
                .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)
                .unwrap();
            focus.check().ok().map(|()| window)
        })
    }

    /// Presses and releases a key, by its place on the keyboard.
    pub(crate) fn press(&self, keysym: u32) {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = self
            .connection
            .get_keyboard_mapping(first, last - first + 1)
            .unwrap()
            .reply()
            .unwrap();
        let each = usize::from(mapping.keysyms_per_keycode);
        let place = mapping
            .keysyms
            .chunks(each)
            .position(|syms| syms[0] == keysym);
        let keycode = first + u8::try_from(place.expect("the key is on the keyboard")).unwrap();
        for kind in [KEY_PRESS, KEY_RELEASE] {
            self.connection
                .xtest_fake_input(kind, keycode, x11rb::CURRENT_TIME, self.root, 0, 0, 0)
                .unwrap()
                .check()
                .unwrap();
        }
    }

    /// All pixels as red, green and blue.
    pub(crate) fn pixels(&self) -> Vec<[u8; 3]> {
        let (width, height) = self.size;
        let image = self
            .connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                0,
                0,
                width,
                height,
                u32::MAX,
            )
            .unwrap()
            .reply()
            .unwrap();
        let pixels = image.data.as_chunks().0.iter();
        pixels
            .map(|[blue, green, red, _]| [*red, *green, *blue])
            .collect()
    }

    /// The payloads of the codes that are on the display, and whether all that is not words is
    /// black or white.
    pub(crate) fn codes(&self) -> Vec<Vec<u8>> {
        let (width, height) = (usize::from(self.size.0), usize::from(self.size.1));
        let pixels = self.pixels();
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            pixels[y * width + x][1]
        });
        let mut found = Vec::new();
        for grid in prepared.detect_grids() {
            let mut payload = Vec::new();
            if grid.decode_to(&mut payload).is_ok() {
                found.push(payload);
            }
        }
        found
    }

    /// Waits until a code of this many bytes is on the display.
    pub(crate) fn wait_for_code(&self, payload_bytes: usize) -> Vec<u8> {
        within_a_minute("a code that can be read", || {
            let codes = self.codes();
            codes.into_iter().find(|code| code.len() == payload_bytes)
        })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub(crate) fn within_a_minute<T>(what: &str, mut try_once: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = try_once() {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what} never came"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

const KEY_PRESS: u8 = 2;

const KEY_RELEASE: u8 = 3;
