//! The programs that everybody else has. One that is missing fails the test that asks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::room::EMAIL;
use crate::people::text_of;

/// Runs a stock program to its end.
pub(super) fn ran(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|err| panic!("{command:?} is needed by this test: {err}"))
}

/// It must agree; gives what it printed.
pub(super) fn agrees(command: &mut Command) -> String {
    let output = ran(command);
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// Everything that a program has said.
pub(super) fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// A home of GnuPG that knows this certificate. Its agent ends with it.
pub(super) struct Gnupg(TempDir);

impl Gnupg {
    pub(super) fn new() -> Self {
        let home = Self(
            tempfile::Builder::new()
                .prefix("g")
                .tempdir_in("/tmp")
                .unwrap(),
        );
        fs::write(home.path().join("gpg.conf"), "trust-model always\n").unwrap();
        home
    }

    pub(super) fn knowing(certificate: &Path) -> Self {
        let home = Self::new();
        agrees(home.gpg().arg("--import").arg(certificate));
        home
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn gpg(&self) -> Command {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", self.path());
        command.args(["--batch", "--no-tty", "--pinentry-mode", "loopback"]);
        command
    }

    /// GnuPG says that the signature of a file is good.
    pub(super) fn verify(&self, signature: &Path, file: &Path) {
        let output = ran(self.gpg().arg("--verify").args([signature, file]));
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            said(&output).contains("Good signature"),
            "{}",
            said(&output)
        );
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        // Where no agent has started there is none to end.
        let mut command = Command::new("gpgconf");
        let _ = command
            .env("GNUPGHOME", self.path())
            .args(["--kill", "all"])
            .output();
    }
}

/// `sqv` says that the signature of a file is good.
pub(super) fn sqv(certificate: &Path, signature: &Path, file: &Path) {
    let mut command = Command::new("sqv");
    agrees(
        command
            .arg("--keyring")
            .args([certificate, signature, file]),
    );
}

/// `minisign` says that the signature beside a file is good.
pub(super) fn minisign(public: &Path, file: &Path) -> String {
    let mut command = Command::new("minisign");
    command.args(["-V", "-p", text_of(public), "-m", text_of(file)]);
    agrees(&mut command)
}

/// A list of one key that may sign in every namespace.
pub(super) fn allowed_signers(public: &Path, at: &Path) -> PathBuf {
    let line = fs::read_to_string(public).unwrap();
    fs::write(at, format!("{EMAIL} {line}")).unwrap();
    at.to_owned()
}

/// `ssh-keygen` says that the signature of a file is good.
pub(super) fn ssh(signers: &Path, namespace: &str, signature: &Path, file: &Path) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-f", text_of(signers), "-I", EMAIL]);
    command.args(["-n", namespace, "-s", text_of(signature)]);
    command.stdin(fs::File::open(file).unwrap());
    let output = ran(&mut command);
    assert!(said(&output).contains("Good \""), "{}", said(&output));
    assert!(output.status.success());
}
