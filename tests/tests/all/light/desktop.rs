//! An X server that nobody looks at, for windows and terminals that are filmed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use camera_model::Picture;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, InputFocus, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use super::pictures::write_pgm;

/// Whether these programs are on this machine. A test that needs them is left out where they are
/// not, unless `CAUSEWAY_REQUIRE_DISPLAY=1` says that they have to be there.
pub(crate) fn is_there(programs: &[&str]) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let is_missing =
        |name: &&&str| !std::env::split_paths(&paths).any(|dir| dir.join(name).exists());
    let missing: Vec<_> = programs.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return true;
    }
    let is_required = std::env::var_os("CAUSEWAY_REQUIRE_DISPLAY").is_some_and(|it| it == "1");
    assert!(!is_required, "not installed: {missing:?}");
    eprintln!("left out, because {missing:?} is not installed");
    false
}

/// A desktop without a window manager, which ends with this value.
pub(crate) struct Desktop {
    server: Child,
    name: String,
    connection: RustConnection,
    root: Window,
}

impl Desktop {
    /// `None` where there is no X server to start.
    pub(crate) fn start() -> Option<Self> {
        if !is_there(&["Xvfb"]) {
            return None;
        }
        let mut command = Command::new("Xvfb");
        let screen = format!("{}x{}x24", SCREEN.0, SCREEN.1);
        command.args([
            "-displayfd",
            "1",
            "-nolisten",
            "tcp",
            "-screen",
            "0",
            &screen,
        ]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let mut number = String::new();
        let mut lines = BufReader::new(server.stdout.take().unwrap());
        lines.read_line(&mut number).unwrap();
        let name = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&name)).unwrap();
        let root = connection.setup().roots[screen].root;
        Some(Self {
            server,
            name,
            connection,
            root,
        })
    }

    /// `None` where there is no X server or no terminal program.
    pub(crate) fn start_with_terminals() -> Option<Self> {
        is_there(&["Xvfb", "xterm"]).then(Self::start).flatten()
    }

    /// A terminal of 80 columns and 24 lines in which this runs; the two themes have room
    /// below each other.
    pub(crate) fn terminal(&self, theme: Theme, program: &Command) -> Terminal {
        let mut command = Command::new("xterm");
        let (place, background, foreground) = match theme {
            Theme::Light => ("80x24+0+0", "white", "black"),
            Theme::Dark => ("80x24+0+500", "black", "white"),
        };
        command.args(["-geometry", place, "-bg", background, "-fg", foreground]);
        command.args(["-fa", "Monospace", "-fs", "10", "+sb", "-e"]);
        command.arg(program.get_program()).args(program.get_args());
        let mut command = self.hold(command);
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Terminal(command.spawn().unwrap())
    }

    /// Has a program open its windows here.
    pub(crate) fn hold(&self, mut command: Command) -> Command {
        without_desktop(&mut command).env("DISPLAY", &self.name);
        // Programs in a sandbox have no graphics card, and here there is none.
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
    }

    /// The whole screen.
    pub(crate) fn screenshot(&self) -> Picture {
        let (width, height) = SCREEN;
        let image = self.connection.get_image(
            ImageFormat::Z_PIXMAP,
            self.root,
            0,
            0,
            width,
            height,
            u32::MAX,
        );
        let image = image.unwrap().reply().unwrap();
        // Four bytes a pixel: blue, green, red, nothing.
        let pixels = image.data.chunks_exact(4).map(|pixel| pixel[1]).collect();
        Picture {
            width: width.into(),
            height: height.into(),
            pixels,
        }
    }

    /// Takes screenshots until so many of them differ, and leaves these in a new folder.
    pub(crate) fn film(&self, folder: &Path, picture_count: usize) {
        self.film_until(folder, |count, _| count >= picture_count);
    }

    /// Takes screenshots until something is drawn that stays, and leaves those that differ in a
    /// new folder.
    pub(crate) fn film_until_still(&self, folder: &Path) {
        self.film_until(folder, |count, still| count > 0 && still > STILL_TIME);
    }

    /// `is_enough` is asked after each screenshot: how many differ, and how long the last one
    /// has stayed.
    fn film_until(&self, folder: &Path, is_enough: impl Fn(usize, Duration) -> bool) {
        fs::create_dir(folder).unwrap();
        let begin = Instant::now();
        let (mut last, mut changed_at, mut count) = (Vec::new(), begin, 0);
        while !is_enough(count, changed_at.elapsed()) {
            assert!(begin.elapsed() < FILM_TIME_MAX, "{count} pictures only");
            thread::sleep(BETWEEN_SCREENSHOTS);
            let picture = self.screenshot();
            if picture.pixels == last || is_plain(&picture.pixels) {
                continue;
            }
            write_pgm(&folder.join(format!("{count:05}.pgm")), &picture);
            (last, changed_at) = (picture.pixels, Instant::now());
            count += 1;
        }
    }

    /// Presses and releases the Escape key in the window that is there.
    pub(crate) fn press_escape(&self) {
        let tree = self.connection.query_tree(self.root).unwrap();
        for window in tree.reply().unwrap().children {
            // Of several windows some are not shown: these take no focus, which is no harm.
            let focus =
                self.connection
                    .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
            let _ = focus.unwrap().check();
        }
        for kind in [KEY_PRESS, KEY_RELEASE] {
            let pressed = self
                .connection
                .xtest_fake_input(kind, ESCAPE, 0, self.root, 0, 0, 0);
            pressed.unwrap().check().unwrap();
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A window with a terminal, which is closed with this value.
pub(crate) struct Terminal(Child);

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The colours of a terminal.
#[derive(Clone, Copy)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// The processes that were started with this folder as an argument, and those that they have
/// started, but for terminals.
pub(crate) fn processes_of(folder: &Path) -> Vec<u32> {
    let running = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    let running: Vec<u32> = running.collect();
    let folder = folder.to_str().unwrap();
    let is_started_with = |process: &&u32| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let mut arguments = line.split(|byte| *byte == 0);
        let is_terminal = arguments.next() == Some(b"xterm");
        !is_terminal && arguments.any(|argument| argument == folder.as_bytes())
    };
    let parents: Vec<u32> = running.iter().filter(is_started_with).copied().collect();
    let is_child = |process: &&u32| {
        let parent = status_of(**process).get("PPid")?.parse().ok()?;
        parents.contains(&parent).then_some(())
    };
    let children = running.iter().filter(|process| is_child(process).is_some());
    parents.iter().chain(children).copied().collect()
}

/// What the kernel says about a process; nothing where it has ended.
pub(crate) fn status_of(process: u32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(":\t"));
    let lines = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.collect()
}

/// Has a program find no desktop.
pub(crate) fn without_desktop(command: &mut Command) -> &mut Command {
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"] {
        command.env_remove(name);
    }
    command
}

fn is_plain(pixels: &[u8]) -> bool {
    pixels.windows(2).all(|pair| pair[0] == pair[1])
}

const SCREEN: (u16, u16) = (1_280, 1_000);
const BETWEEN_SCREENSHOTS: Duration = Duration::from_millis(30);
const STILL_TIME: Duration = Duration::from_millis(1_500);
const FILM_TIME_MAX: Duration = Duration::from_secs(60);
/// Numbers of events and of a key in the protocol of X11.
const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
const ESCAPE: u8 = 9;
