//! The stock programs, each with a home of its own and a clock that the test sets.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A keyring of GnuPG that is gone, with its agent, when the test ends.
pub(super) struct Gpg {
    home: TempDir,
    clock: Cell<i64>,
}

impl Gpg {
    /// An empty keyring, with the clock at a time. The path is short because GnuPG's sockets lie
    /// in it.
    pub(super) fn at(seconds: i64) -> Self {
        let home = tempfile::Builder::new().prefix("g").tempdir_in("/tmp");
        let home = home.unwrap();
        // Passphrases are hashed a thousand times less than for real, for tests that end soon.
        file(home.path(), "gpg-agent.conf", "s2k-count 65536\n");
        Self {
            home,
            clock: Cell::new(seconds),
        }
    }

    pub(super) fn set_clock(&self, seconds: i64) {
        self.clock.set(seconds);
    }

    pub(super) fn output(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", self.home.path());
        command.args(["--batch", "--yes", "--pinentry-mode", "loopback"]);
        command.arg(format!("--faked-system-time={}!", self.clock.get()));
        run(command.args(arguments), input)
    }

    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.output(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        output.stdout
    }

    pub(super) fn text(&self, arguments: &[&str], input: &[u8]) -> String {
        String::from_utf8(self.run(arguments, input)).unwrap()
    }

    /// A key with its passphrase.
    pub(super) fn make_key(&self, user_id: &str, algorithm: &str, passphrase: &str) {
        let make = [
            "--quick-generate-key",
            user_id,
            algorithm,
            "sign,cert",
            "1y",
        ];
        let passphrase = ["--passphrase", passphrase];
        self.run(&[&passphrase[..], &make[..]].concat(), b"");
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", self.home.path())
            .args(["--kill", "all"])
            .status();
    }
}

/// Runs a program with its input; a program that is not installed fails the test.
pub(super) fn run(command: &mut Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Beside the reading, for neither pipe holds all of a long input and output. A program that
    // refuses early does not read all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Writes a file for a referee.
pub(super) fn file(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

pub(super) fn said(output: &Output) -> String {
    let streams = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&streams).into_owned()
}
