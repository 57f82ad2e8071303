//! A real window on a real X server, seen by its pixels only.

use std::{
    env,
    process::{Command, Stdio},
};

use carriers::light::{Display as _, Sheet, Status, Wanted};
use screen::{ScreenError, Title};

use crate::display::{Display, within_a_minute};

/// Bytes of one code at each step of the ladder that is seen here.
const CALM_BYTES: usize = 1_465;
const DENSER_BYTES: usize = 1_952;

const ESCAPE: u32 = 0xff1b;
const ARROW_UP: u32 = 0xff52;
const EQUALS: u32 = 0x3d;
const MINUS: u32 = 0x2d;

/// A payload that says which picture it belongs to and is otherwise without a pattern.
fn payload(number: u64, size_bytes: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let filler = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    let number = number.to_be_bytes();
    number.into_iter().chain(filler).take(size_bytes).collect()
}

/// Not a test of its own: the program whose windows the tests look at. It shows codes until the
/// person stops it, as many times over as it is told to.
#[test]
fn the_program_that_is_looked_at() {
    let Some(window_count) = env::var_os("CAUSEWAY_TEST_WINDOWS") else {
        return;
    };
    let window_count: usize = window_count.to_str().unwrap().parse().unwrap();
    for _ in 0..window_count {
        let mut window = screen::open(Title::OfflineVault).unwrap();
        let busy = screen::open(Title::OnlineRelay).map(|_| ()).unwrap_err();
        assert!(matches!(busy, ScreenError::AlreadyOpen), "{busy}");
        let mut number = 0;
        // A minute at the calm rate: a test that died leaves no program behind.
        while number < 720 {
            let Wanted::Sheet(demand) = window.wait().unwrap() else {
                break;
            };
            let codes = (0..demand.code_count)
                .map(|_| {
                    number += 1;
                    payload(number, demand.payload_bytes)
                })
                .collect();
            let status = Status {
                headline: "To Amina: 412 kB on its way".to_owned(),
                lines: vec![
                    "Hold the phone so that the whole white field is in its picture.".to_owned(),
                    "Nothing is lost when you stop: it goes on where it was.".to_owned(),
                ],
                outgoing: Some((number, 874)),
                incoming: Some((12, 40)),
                ..Status::default()
            };
            let corner = Some(payload(0, 103));
            window.show(&Sheet { codes, corner }, &status).unwrap();
        }
    }
}

fn program_on(display: &Display, window_count: usize) -> Command {
    let mut program = Command::new(env::current_exe().unwrap());
    program
        .args([
            "--exact",
            "window::the_program_that_is_looked_at",
            "--nocapture",
        ])
        .env("DISPLAY", display.name())
        .env("CAUSEWAY_TEST_WINDOWS", window_count.to_string())
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::null())
        .stdin(Stdio::null());
    program
}

#[test]
fn codes_on_the_screen_are_read_and_keys_are_heard() {
    let Some(display) = Display::start(1_366, 768) else {
        return;
    };
    let mut program = program_on(&display, 2).spawn().unwrap();
    for _ in 0..2 {
        display.focus_window();
        let first = display.wait_for_code(CALM_BYTES);
        let another = within_a_minute("another picture", || {
            let code = display.wait_for_code(CALM_BYTES);
            (code != first).then_some(code)
        });
        for code in [first, another] {
            let number = u64::from_be_bytes(code[..8].try_into().unwrap());
            assert_eq!(code, payload(number, CALM_BYTES));
        }
        // The code of what this side still lacks stands beside it.
        assert_eq!(display.wait_for_code(103), payload(0, 103));
        for (denser, coarser) in [(ARROW_UP, MINUS), (EQUALS, MINUS)] {
            display.press(denser);
            display.wait_for_code(DENSER_BYTES);
            display.press(coarser);
            display.wait_for_code(CALM_BYTES);
        }
        display.press(ESCAPE);
        within_a_minute("an empty display", || {
            display.codes().is_empty().then_some(())
        });
    }
    assert!(program.wait().unwrap().success());
}

#[test]
fn every_module_is_made_of_whole_black_or_white_pixels() {
    let Some(display) = Display::start(1_366, 768) else {
        return;
    };
    let mut program = program_on(&display, 1).spawn().unwrap();
    display.focus_window();
    display.wait_for_code(CALM_BYTES);
    let pixels = display.pixels();
    // Left of the words and under the banner.
    let field = |x: usize, y: usize| pixels[y * 1_366 + x];
    let mut black = 0;
    for y in 100..740 {
        for x in 10..740 {
            let pixel = field(x, y);
            assert!(
                pixel == [0; 3] || pixel == [255; 3],
                "{pixel:?} at {x}, {y}"
            );
            black += usize::from(pixel == [0; 3]);
        }
    }
    assert!(black > 50_000, "{black} black pixels");
    // The colour of the machine without a network.
    assert!(pixels.contains(&[0x0b, 0x5d, 0x3b]));
    assert!(!pixels.contains(&[0x9a, 0x34, 0x12]));
    display.press(ESCAPE);
    assert!(program.wait().unwrap().success());
}

#[test]
fn a_display_that_is_not_there_is_said_so() {
    let mut program = Command::new(env::current_exe().unwrap());
    let output = program
        .args([
            "--exact",
            "window::the_program_that_is_looked_at",
            "--nocapture",
        ])
        .env("DISPLAY", ":4999")
        .env("CAUSEWAY_TEST_WINDOWS", "1")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = "NotOpened { reason: \"the desktop did not answer\" }";
    assert!(
        !output.status.success() && said.contains(expected),
        "{said}"
    );
}
