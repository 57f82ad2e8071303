//! A real window and real terminals, filmed with everything that is around them.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::desktop::{Desktop, Theme, processes_of, status_of, without_desktop};
use super::pair::{Pair, film, film_in_part, show_in_pictures};
use super::pictures::folder_of;
use crate::people::{
    AMINA, AMINAS_PASSPHRASE, Ran, Site, World, entries, run, run_interrupted, run_killed, text_of,
};

/// Runs a program with a window, does this when it has started, and then presses Escape.
pub(crate) fn run_until_escape(
    desktop: &Desktop,
    command: Command,
    meanwhile: impl FnOnce(),
) -> Ran {
    let mut meanwhile = Some(meanwhile);
    let mut pressed_at = Instant::now();
    let mut is_stuck = false;
    let ran = run_interrupted(&mut desktop.hold(command), || {
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile();
            desktop.press_escape();
            pressed_at = Instant::now();
        }
        is_stuck = pressed_at.elapsed() > ESCAPE_TIME_MAX;
        is_stuck
    });
    assert!(!is_stuck, "Escape did not end it: {ran:#?}");
    ran
}

#[test]
fn pack_is_filmed_from_a_desktop_and_escape_ends_it() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let pair = Pair::new();
    let item = pair.amina.send("bilal", "Seen through a window.");
    let shots = pair.path("shots");
    let vault = pair.amina.vault_dir();
    let showing = pair.amina.vault_command(&["sync", "--screen", "--json"]);
    let ran = run_until_escape(&desktop, showing, || {
        desktop.film(&shots, 25);
        let processes = processes_of(&vault);
        assert!(processes.len() >= 2, "{processes:?}");
        for process in processes {
            let status = status_of(process);
            assert_eq!(status["Seccomp"], "2", "{status:?}");
            assert_eq!(status["NoNewPrivs"], "1", "{status:?}");
        }
    });
    let answer = ran.ok();
    assert_eq!(answer["light"]["outgoing"][0]["is_known"], false);
    assert!(processes_of(&vault).is_empty());
    film(&pair.bilal, &shots).ok();
    assert_eq!(pair.bilal.messages(), ["Seen through a window."]);
    assert_ne!(pair.amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn window_without_a_desktop_is_refused_with_another_way() {
    let pair = Pair::new();
    pair.amina.send("bilal", "Nobody sees this.");
    let mut showing = pair.amina.vault_command(&["sync", "--screen"]);
    let ran = run(without_desktop(&mut showing));
    ran.failed(1, "screen-no-desktop");
    assert!(ran.stderr.contains("--terminal"), "{}", ran.stderr);
}

#[test]
fn light_and_dark_terminals_end_what_pictures_began() {
    let Some(desktop) = Desktop::start_with_terminals() else {
        return;
    };
    let pair = Pair::new();
    let (amina, bilal) = (&pair.amina, &pair.bilal);
    amina.send("bilal", "Black on white.");
    bilal.send("amina", "White on black.");
    // In 80 columns and 24 lines a code carries one piece of 60 bytes; pictures carry 24.
    let shown = |from: &Site| pair.path(&format!("of-{}", from.name));
    show_in_pictures(amina, &shown(amina));
    show_in_pictures(bilal, &shown(bilal));
    for (from, to) in [(amina, bilal), (bilal, amina)] {
        let some = format!("some-of-{}", from.name);
        let some = folder_of(&pair.path(&some), &entries(&shown(from))[..10]);
        let (here, needed) = film_in_part(to, &some);
        assert!(here + 20 < needed, "{here} of {needed}");
    }
    // How many pictures a code takes depends on how busy the machine is; each round goes on.
    let is_over = (0..ROUNDS_MAX).any(|round| {
        let shots = pair.path(&format!("shots-{round}"));
        let showing = |site: &Site| site.vault_command(&["sync", "--terminal"]);
        let terminals = [
            desktop.terminal(Theme::Light, &showing(amina)),
            desktop.terminal(Theme::Dark, &showing(bilal)),
        ];
        desktop.film(&shots, 110);
        drop(terminals);
        wait_until_ended(&amina.vault_dir());
        wait_until_ended(&bilal.vault_dir());
        let exits = [film(bilal, &shots).exit, film(amina, &shots).exit];
        exits == [0, 0]
    });
    assert!(is_over);
    assert_eq!(bilal.messages(), ["Black on white."]);
    assert_eq!(amina.messages(), ["White on black."]);
}

#[test]
fn one_command_takes_in_a_pack_and_shows_its_receipt() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let pair = Pair::new();
    let item = pair.amina.send("bilal", "Answer at once.");
    let (out, shots) = (pair.path("out"), pair.path("shots"));
    show_in_pictures(&pair.amina, &out);
    let both = ["sync", "--screen", "--camera", text_of(&out), "--json"];
    let answering = pair.bilal.vault_command(&both);
    let ran = run_until_escape(&desktop, answering, || desktop.film(&shots, 25));
    assert_eq!(ran.ok()["taken_in"].as_array().unwrap().len(), 1, "{ran:?}");
    film(&pair.amina, &shots).ok();
    assert_eq!(pair.amina.state_of(&item), "Confirmed (signed receipt)");
}

#[test]
fn courier_shows_in_its_window_what_it_has_fetched() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let world = World::new();
    world.amina.send("bilal", "Fetched and shown.");
    world.amina.carry_out();
    let shots = world.dir.path().join("shots");
    let mut showing = desktop.hold(world.bilal.courier_command(&["sync", "--screen"]));
    // Somebody at a keyboard may just as well press Ctrl-C in the terminal.
    let ran = run_interrupted(&mut showing, || {
        desktop.film(&shots, 25);
        true
    });
    ran.ok();
    wait_until_ended(&world.bilal.courier_dir());
    film(&world.bilal, &shots).ok();
    assert_eq!(world.bilal.messages(), ["Fetched and shown."]);
}

#[test]
fn window_that_is_killed_ends_its_program_calmly() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let mut showing = desktop.hold(amina.vault_command(&["card", "--screen"]));
    let mut killed = false;
    let ran = run_interrupted(&mut showing, || {
        if !killed {
            desktop.film_until_still(&dir.path().join("shots"));
            kill(window_of(&amina));
            killed = true;
        }
        false
    });
    ran.exits(&[0]);
}

#[test]
fn window_closes_when_its_program_is_killed() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let mut showing = desktop.hold(amina.vault_command(&["card", "--screen"]));
    let mut window = None;
    let ended = run_killed(&mut showing, || {
        desktop.film_until_still(&dir.path().join("shots"));
        window = Some(window_of(&amina));
        true
    });
    assert!(ended.is_none(), "{ended:?}");
    let window = window.unwrap();
    let deadline = Instant::now() + ESCAPE_TIME_MAX;
    while status_of(window)
        .get("State")
        .is_some_and(|it| !it.starts_with('Z'))
    {
        assert!(Instant::now() < deadline, "the window stays");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The process that a vault has started for its window.
fn window_of(site: &Site) -> u32 {
    let processes = processes_of(&site.vault_dir());
    let name = |process: &&u32| status_of(**process)["Name"].starts_with("causeway-scree");
    *processes.iter().find(name).unwrap()
}

fn kill(process: u32) {
    let process = process.to_string();
    let told = Command::new("kill").args(["-KILL", &process]).status();
    assert!(told.unwrap().success());
}

/// A program in a terminal that was closed tidies up.
pub(crate) fn wait_until_ended(vault: &std::path::Path) {
    let deadline = Instant::now() + ESCAPE_TIME_MAX;
    while !processes_of(vault).is_empty() {
        assert!(Instant::now() < deadline, "it goes on without a terminal");
        thread::sleep(Duration::from_millis(20));
    }
}

const ROUNDS_MAX: u32 = 5;
const ESCAPE_TIME_MAX: Duration = Duration::from_secs(20);
