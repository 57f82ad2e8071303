//! A desk with its courier, a stick, and folders to work in.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::vault::Vault;

/// The online machine and the vaults that it is paired with.
pub(super) struct World {
    pub(super) dir: TempDir,
    pub(super) vault: Vault,
}

impl World {
    /// A courier that is paired with one vault, Amina.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["work", "home"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        done(&run(dir.path(), &["courier", "init"]));
        let vault = pair(dir.path(), "Amina");
        Self { dir, vault }
    }

    /// A second vault of the same courier.
    pub(super) fn pair(&self, name: &str) -> Vault {
        pair(self.dir.path(), name)
    }

    /// A path in the folder where the person works.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the program as the person does.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        run(self.dir.path(), arguments)
    }

    /// The JSON of a command that has to succeed.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        object(&done(&self.run(&all)))
    }

    /// Adds the public half of a key.
    pub(super) fn add_key(&self, name: &str, public: &[u8]) {
        let file = self.write(&format!("{name}.pub"), public);
        let file = file.to_str().unwrap();
        self.json(&["desk", "key", "add", file, "--name", name]);
    }

    /// Asks for the signature of a file, and gives the request's id.
    pub(super) fn ask(&self, file: &Path, options: &[&str]) -> String {
        let mut arguments = vec!["desk", "sign", file.to_str().unwrap()];
        arguments.extend(options);
        id(&self.json(&arguments))
    }

    /// The courier's half of a trip to the vault.
    pub(super) fn carry(&self, vault: &Vault) -> Output {
        let stick = vault.stick.to_str().unwrap();
        let name = vault.name.as_str();
        self.run(&[
            "--json",
            "courier",
            "sync",
            "--offline",
            "--stick",
            stick,
            "--vault",
            name,
        ])
    }

    /// From the desk to the vault.
    pub(super) fn carry_out(&mut self) {
        done(&self.carry(&self.vault));
        self.vault.sync();
    }

    /// From the vault to the desk.
    pub(super) fn carry_back(&mut self) -> Output {
        self.vault.sync();
        self.carry(&self.vault)
    }

    /// How far a request is.
    pub(super) fn state(&self, id: &str) -> String {
        let shown = self.json(&["desk", "show", id]);
        shown["state"].as_str().unwrap().to_owned()
    }

    /// How many sealed contents and bundles the courier keeps.
    pub(super) fn blob_count(&self) -> usize {
        let dir = self.dir.path().join("courier/blobs");
        std::fs::read_dir(dir).unwrap().count()
    }
}

fn pair(dir: &Path, name: &str) -> Vault {
    let shown = object(&done(&run(
        dir,
        &["--json", "courier", "pair", "show", "--name", name],
    )));
    let words = shown["words"].as_array().unwrap().iter();
    let words: Vec<&str> = words.map(|word| word.as_str().unwrap()).collect();
    let stick = dir.join(format!("stick-{name}"));
    std::fs::create_dir(&stick).unwrap();
    Vault::new(name, &words.join(" "), &stick)
}

/// The program with an environment of its own.
pub(super) fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_online-relay"));
    own_environment(&mut command, dir);
    command
}

/// A home without settings, and a person's name.
pub(super) fn own_environment(command: &mut Command, dir: &Path) {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", dir.join("home"))
        .env("USER", "ben")
        .env("CAUSEWAY_COURIER", dir.join("courier"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null());
}

fn run(dir: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    program(dir).args(arguments).output().unwrap()
}

/// The output of a command that has to succeed.
pub(super) fn done(output: &Output) -> Output {
    assert!(output.status.success(), "{}", text(output));
    output.clone()
}

/// Everything that a command has printed.
pub(super) fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

pub(super) fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The id of the only request that was made.
pub(super) fn id(made: &Value) -> String {
    made["requests"][0]["request"].as_str().unwrap().to_owned()
}

/// The code of what went wrong with the only reply that a trip brought.
pub(super) fn finish_code(trip: &Output) -> String {
    let trip = object(trip);
    let code = &trip["finished"][0]["error"]["code"];
    code.as_str().unwrap_or("none").to_owned()
}

/// The codes of the troubles of a trip.
pub(super) fn problem_codes(trip: &Output) -> Vec<String> {
    let trip = object(trip);
    let problems = trip["problems"].as_array().unwrap().iter();
    problems
        .map(|it| it["code"].as_str().unwrap().to_owned())
        .collect()
}
