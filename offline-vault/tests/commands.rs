//! The command line as such.

use clap::CommandFactory as _;
use offline_vault::cli::args::Arguments;

use crate::machine::Machine;

fn all_commands(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    let path = format!("{path} {}", command.get_name());
    for inner in command.get_subcommands() {
        all_commands(inner, &path, found);
    }
    found.push((path, command.clone()));
}

fn commands() -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    all_commands(&Arguments::command(), "", &mut found);
    found
}

/// Other programs can read the arguments of a process, and the shell keeps them.
#[test]
fn no_argument_takes_a_secret() {
    for (path, command) in commands() {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let secret = ["passphrase", "password", "code", "secret", "key", "seed"]
                .iter()
                .any(|word| name.contains(word));
            let takes_value = argument.get_action().takes_values();
            assert!(
                !secret || !takes_value || name.ends_with("_file"),
                "{path} --{name}"
            );
        }
    }
}

#[test]
fn no_secret_is_read_from_the_environment() {
    let machine = Machine::new("Amina");
    let mut command = machine.command(&["status"]);
    for name in ["PASSPHRASE", "CAUSEWAY_PASSPHRASE", "VAULT_PASSPHRASE"] {
        command.env(name, crate::machine::PASSPHRASE);
    }
    // Without a controlling terminal the program has nobody to ask.
    let mut alone = std::process::Command::new("setsid");
    alone.arg("--wait").arg(command.get_program()).arg("status");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            alone.env(name, value);
        }
    }
    let output = alone.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn every_command_and_argument_says_what_it_is() {
    Arguments::command().debug_assert();
    for (path, command) in commands() {
        assert!(command.get_about().is_some(), "{path}");
        for argument in command.get_arguments() {
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "{path} {id}");
        }
    }
}

#[test]
fn what_is_not_understood_ends_with_two_and_help_with_zero() {
    let machine = Machine::empty("Amina");
    for arguments in [
        &["nonsense"][..],
        &["status", "--nonsense"],
        &[],
        &["contact"],
    ] {
        assert_eq!(machine.run_bare(arguments).code, 2, "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["pair", "show", "--help"]] {
        let answer = machine.run_bare(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}");
        assert!(answer.stderr.is_empty());
    }
}

#[test]
fn an_error_is_one_json_object_too() {
    let machine = Machine::new("Amina");
    let answer = machine.refused(
        &["contact", "remove", "nobody", "--json"],
        "contact-unknown",
    );
    let json: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(json["error"]["code"], "contact-unknown");
    assert_eq!(json["error"]["what"], "there is no contact nobody");
}

#[test]
fn an_answer_that_cannot_be_shown_is_an_error() {
    let machine = Machine::new("Amina");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = machine.command(&["card", "--passphrase-file"]);
    command.arg(machine.path("passphrase")).stdout(full);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("[output-failed]"), "{stderr}");
}

#[test]
fn names_from_outside_cannot_steer_the_terminal() {
    let machine = Machine::new("Amina");
    let answer = machine.run(&["contact", "remove", "no\u{1b}[2Jbody"]);
    answer.expect_error("name-unusable");
    assert!(!answer.stderr.contains('\u{1b}'));
    let answer = machine.run(&["contact", "add", "a\u{1b}[2Jb.txt"]);
    answer.expect_error("file-failed");
    assert!(!answer.stderr.contains('\u{1b}'), "{answer:?}");
}
