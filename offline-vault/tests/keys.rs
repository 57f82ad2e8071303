//! Signing keys through the real program, with the stock programs as referees.

mod changes;
mod copies;
mod journal;
mod made;
mod policies;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::machine::Machine;

const USER_ID: &str = "Amina <amina@example.org>";
const KEY_PASSPHRASE: &str = "canary battery horse correct";

/// A vault with an OpenPGP key called `release`.
fn with_release() -> Machine {
    let amina = Machine::new("Amina");
    amina.done(&["key", "generate", "release", "--user-id", USER_ID]);
    amina
}

impl Machine {
    /// A path on this machine, as an argument.
    fn text_path(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The file with the passphrase of keys.
    fn key_passphrase(&self) -> String {
        self.write("key-passphrase", KEY_PASSPHRASE.as_bytes())
    }

    /// Writes the public half of a key to a file, and returns it.
    fn exported(&self, key: &str) -> PathBuf {
        let path = self.path(&format!("{key}.public"));
        let arguments = [
            "key",
            "export",
            key,
            "--output",
            path.to_str().unwrap(),
            "--force",
        ];
        self.done(&arguments);
        path
    }

    /// What `key show` says of a key.
    fn key(&self, name: &str) -> Value {
        self.json(&["key", "show", name])
    }
}

/// A keyring of GnuPG that is gone, with its agent, when the test ends. The path is short because
/// GnuPG's sockets lie in it.
struct Gpg {
    home: TempDir,
}

impl Gpg {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix("k").tempdir_in("/tmp");
        Self {
            home: home.unwrap(),
        }
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", self.home.path());
        command.args(["--batch", "--yes", "--pinentry-mode", "loopback"]);
        command.args(["--trust-model", "always", "--with-colons"]);
        run(command.args(arguments), input)
    }

    fn done(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.output(arguments, input);
        assert!(output.status.success(), "gpg {arguments:?}: {output:?}");
        output.stdout
    }

    fn text(&self, arguments: &[&str], input: &[u8]) -> String {
        String::from_utf8(self.done(arguments, input)).unwrap()
    }

    fn import(&self, file: &Path) {
        self.done(&["--import", file.to_str().unwrap()], b"");
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
fn run(command: &mut Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses early does not read all of it.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Runs a program that has to succeed, and returns what it writes.
fn ran(program: &str, arguments: &[&str], input: &str) -> String {
    let output = run(Command::new(program).args(arguments), input.as_bytes());
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}
