//! Secret keys in the files of OpenSSH and minisign, with these programs as referees.

mod minisign;
mod ssh;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use offline_vault::passphrase::Passphrase;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// Runs a program in a folder, with these lines on its standard input.
fn run(folder: &Path, program: &str, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that needs nothing may be gone before it is told.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Like [`run`], and the program has to succeed.
fn ran(folder: &Path, program: &str, args: &[&str], input: &str) -> Output {
    let output = run(folder, program, args, input);
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    output
}
