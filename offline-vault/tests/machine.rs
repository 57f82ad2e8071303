//! An offline machine with the real program on it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The passphrase of every vault here that was not given another one.
pub(crate) const PASSPHRASE: &str = "canary correct horse battery";

/// A directory with the vaults of several people, each on a machine of their own.
pub(crate) struct Machine {
    dir: TempDir,
    owner: &'static str,
}

/// What a run of the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Machine {
    /// A machine without a vault.
    pub(crate) fn empty(owner: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let machine = Self { dir, owner };
        machine.write("passphrase", PASSPHRASE.as_bytes());
        machine
    }

    /// A machine with a vault of its owner.
    pub(crate) fn new(owner: &'static str) -> Self {
        let machine = Self::empty(owner);
        machine.done(&machine.init_arguments());
        machine
    }

    /// How a vault is made cheaply.
    pub(crate) fn init_arguments(&self) -> [&'static str; 7] {
        [
            "init",
            "--name",
            self.owner,
            "--kdf-memory-mib",
            "64",
            "--kdf-passes",
            "1",
        ]
    }

    /// A path on this machine.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The vault's directory.
    pub(crate) fn vault(&self) -> PathBuf {
        self.path("vault")
    }

    /// Writes a file for its owner only and returns its path as text.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path).unwrap().write_all(content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The program with a command line, in an environment that says nothing.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offline-vault"));
        command
            .args(arguments)
            .env_clear()
            .env("CAUSEWAY_VAULT", self.vault())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the program with the usual passphrase.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let passphrase = self.path("passphrase");
        let mut command = self.command(arguments);
        command.arg("--passphrase-file").arg(passphrase);
        command.spawn().unwrap()
    }

    /// Runs the program with the usual passphrase and something to read.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Answer {
        answer(self.start(arguments), input)
    }

    /// Runs the program with the usual passphrase.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with_input(arguments, "")
    }

    /// Runs the program without any passphrase file but the one among the arguments.
    pub(crate) fn run_bare(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments).spawn().unwrap(), "")
    }

    /// Runs the program and expects that it does what it is asked.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
        answer.stdout
    }

    /// Runs the program with `--json` and expects that it does what it is asked.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// Runs the program and expects an error with a code.
    pub(crate) fn refused(&self, arguments: &[&str], code: &str) -> Answer {
        let answer = self.run(arguments);
        answer.expect_error(code);
        answer
    }

    /// Writes the owner's card as text and returns its path.
    pub(crate) fn card_file(&self) -> String {
        let path = self.path("card.txt").to_str().unwrap().to_owned();
        self.done(&["card", "--output", &path, "--force"]);
        path
    }

    /// The owner's eight words.
    pub(crate) fn words(&self) -> String {
        self.done(&["card", "--words"]).trim().to_owned()
    }
}

impl Answer {
    /// Expects an error with a code, said in three lines.
    pub(crate) fn expect_error(&self, code: &str) {
        assert_ne!(self.code, 0, "{self:?}");
        let first = format!("offline-vault: error [{code}]: ");
        assert!(self.stderr.contains(&first), "{code}: {self:?}");
        assert!(self.stderr.contains("offline-vault: data: "), "{self:?}");
        assert!(self.stderr.contains("offline-vault: next: "), "{self:?}");
    }
}

/// Gives a running program its input and waits for its end.
pub(crate) fn answer(mut child: Child, input: &str) -> Answer {
    // A program that has ended already reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Every file below a directory.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
