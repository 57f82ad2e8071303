//! One vault, one program: locks, sessions, signals.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{Machine, answer};

/// A session that has said that the vault is unlocked.
fn unlocked(machine: &Machine) -> Child {
    let mut child = machine.start(&["unlock"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("unlocked"), "{line}");
    child.stderr = Some(stderr.into_inner());
    child
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a_second_program_is_locked_out_until_the_first_ends() {
    let machine = Machine::new("Amina");
    let session = unlocked(&machine);
    let answered = machine.refused(&["status"], "vault-in-use");
    assert_eq!(answered.code, 1);
    assert_eq!(answer(session, "lock\n").code, 0);
    machine.done(&["status"]);
}

#[test]
fn a_killed_program_locks_nobody_out() {
    let machine = Machine::new("Amina");
    let mut session = unlocked(&machine);
    session.kill().unwrap();
    session.wait().unwrap();
    machine.done(&["status"]);
}

#[test]
fn a_session_carries_out_lines_and_survives_wrong_ones() {
    let machine = Machine::new("Amina");
    let lines = "status --json\n\nnonsense\ncontact list \"\ninit --name X\nunlock\n\
        contact remove nobody\npair show --name 'lap top'\ncard --words\nexit\nstatus\n";
    let answered = machine.run_with_input(&["unlock"], lines);
    assert_eq!(answered.code, 0, "{answered:?}");
    assert!(
        answered.stdout.contains("\"name\":\"Amina\""),
        "{answered:?}"
    );
    assert!(answered.stdout.contains(&machine.words()), "{answered:?}");
    for code in [
        "line-open-quote",
        "not-in-session",
        "contact-unknown",
        "name-unusable",
    ] {
        assert!(answered.stderr.contains(code), "{code}: {answered:?}");
    }
    assert_eq!(answered.stdout.matches("OFFLINE MACHINE").count(), 0);
    assert!(
        answered.stdout.ends_with("you locked it.\n"),
        "{answered:?}"
    );
}

#[test]
fn a_session_locks_at_the_end_of_its_input() {
    let machine = Machine::new("Amina");
    let answered = machine.run_with_input(&["unlock"], "status\n");
    assert_eq!(answered.code, 0);
    assert!(answered.stdout.contains("the input ended"), "{answered:?}");
}

#[test]
fn every_stop_signal_locks_a_waiting_session_within_a_second() {
    let machine = Machine::new("Amina");
    for sent in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut session = unlocked(&machine);
        let begun = Instant::now();
        signal(&session, sent);
        let status = session.wait().unwrap();
        let took = begun.elapsed();
        assert_eq!(status.code(), Some(0), "{sent:?}");
        assert!(took < Duration::from_millis(1500), "{sent:?}: {took:?}");
        machine.done(&["card", "--words"]);
    }
}

#[test]
fn a_session_asks_questions_on_its_own_input() {
    let machine = Machine::new("Amina");
    let mut session = unlocked(&machine);
    let mut input = session.stdin.take().unwrap();
    input
        .write_all(b"pair type --name laptop\nnot a code\ncard --words\n")
        .unwrap();
    drop(input);
    let output = session.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("[words-count]"), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains(&machine.words()), "{stdout}");
}
