//! A signing room: a vault with keys, the desk that asks it, and the stick between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::people::{AMINA, AMINAS_PASSPHRASE, Ran, Site, program, run, text_of};

/// A vault and a desk without a relay: signing needs none.
pub(super) struct Room {
    pub(super) site: Site,
    dir: TempDir,
}

impl Room {
    /// Amina's vault without keys, paired with the courier of her desk.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let site = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
        site.courier(&["init"]).ok();
        let room = Self { site, dir };
        room.pair(&room.site, VAULT);
        room
    }

    /// Pairs a vault with this desk under a name.
    pub(super) fn pair(&self, site: &Site, name: &str) {
        self.pair_as(site, name, "ferry");
    }

    fn pair_as(&self, site: &Site, name: &str, courier: &str) {
        let shown = site.vault(&["pair", "show", "--name", courier]).ok();
        let words = site.secret_file("pairing-words", &joined(&shown["code"]));
        let typed = ["pair", "type", "--name", name, "--code-file"];
        self.site
            .courier(&[&typed[..], &[text_of(&words)]].concat())
            .ok();
    }

    /// Another desk, with a courier of its own that is paired with the same vault. What it does
    /// with a vault it does with its stick in the first room.
    pub(super) fn desk_beside(&self) -> Self {
        Self::desk_beside_of(&self.site)
    }

    /// Another desk, paired with this vault.
    pub(super) fn desk_beside_of(vault: &Site) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let site = Site {
            name: "Beside".to_owned(),
            dir: dir.path().join("beside"),
        };
        fs::create_dir_all(site.stick()).unwrap();
        site.courier(&["init"]).ok();
        let room = Self { site, dir };
        room.pair_as(vault, VAULT, "raft");
        room
    }

    /// A path in the room's own folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with these bytes.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Makes a key in the vault, and gives its public half to the desk.
    pub(super) fn key(&self, name: &str, kind: &str) -> PathBuf {
        let mut arguments = vec!["key", "generate", name, "--kind", kind];
        if kind.starts_with("openpgp") {
            arguments.extend(["--user-id", USER_ID]);
        }
        self.site.vault(&arguments).ok();
        self.introduce(name)
    }

    /// Gives the public half of a key in the vault to the desk.
    pub(super) fn introduce(&self, name: &str) -> PathBuf {
        let public = self.path(&format!("{name}.pub"));
        let export = ["key", "export", name, "--output", text_of(&public)];
        self.site.vault(&export).ok();
        self.desk(&["key", "add", text_of(&public), "--name", name])
            .ok();
        public
    }

    /// A command of the desk, with its answer as JSON.
    pub(super) fn desk(&self, arguments: &[&str]) -> Ran {
        run(&mut self.desk_command(arguments))
    }

    pub(super) fn desk_command(&self, arguments: &[&str]) -> Command {
        let mut command = program("online-relay");
        command.args(["--json", "desk"]).args(arguments);
        command.arg("--courier").arg(self.site.courier_dir());
        command.stdin(Stdio::null()).env("USER", "bruno");
        command
    }

    /// Asks for one thing and gives the request's id.
    pub(super) fn ask(&self, arguments: &[&str]) -> String {
        let made = self.desk(arguments).ok();
        made["requests"][0]["request"].as_str().unwrap().to_owned()
    }

    /// The courier's half of a plug.
    pub(super) fn courier_plug(&self) -> Ran {
        self.courier_plug_with(&self.site.stick())
    }

    pub(super) fn courier_plug_with(&self, stick: &Path) -> Ran {
        self.site
            .courier(&["sync", "--offline", "--stick", text_of(stick)])
    }

    /// The vault's half of a plug.
    pub(super) fn vault_plug(&self) -> Ran {
        self.site.vault_sync(&self.site.stick())
    }

    /// One way: what the desk asks is in the vault.
    pub(super) fn carry_in(&self) {
        self.courier_plug().ok();
        self.vault_plug().ok();
    }

    /// The other way: gives what the desk has done with the replies.
    pub(super) fn carry_back(&self) -> Ran {
        self.vault_plug().ok();
        self.courier_plug()
    }

    /// All lines of a request, shown to its end.
    pub(super) fn read(&self, request: &str) -> Vec<String> {
        let shown = self.site.vault(&["show", request, "--whole"]).ok();
        assert_eq!(shown["shown_to_its_end"], true, "{shown}");
        lines(&shown)
    }

    pub(super) fn approve(&self, request: &str) -> Ran {
        self.site.vault(&["approve", request])
    }

    /// From the request in the vault to the reply at the desk, without a hitch.
    pub(super) fn sign(&self, request: &str) -> Value {
        self.carry_in();
        self.read(request);
        self.approve(request).ok();
        self.carry_back().ok()
    }

    /// Requests in the vault.
    pub(super) fn requests(&self) -> Vec<Value> {
        let listed = self.site.vault(&["requests"]).ok();
        listed["requests"].as_array().unwrap().clone()
    }

    /// What the journal says that keys were used for, oldest first: kind and name of the key.
    pub(super) fn journal(&self) -> Vec<(String, String)> {
        let listed = self.site.vault(&["journal", "--signatures"]).ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let rows = listed["signatures"].as_array().unwrap().iter();
        rows.map(|row| (text(&row["kind"]), text(&row["key_name"])))
            .filter(|(kind, _)| !kind.starts_with("key ") && kind != "policy changed")
            .collect()
    }

    /// The state of a request at the desk.
    pub(super) fn state(&self, id: &str) -> String {
        let shown = self.desk(&["show", id]).ok();
        shown["state"].as_str().unwrap().to_owned()
    }
}

/// The lines that `show` has shown.
pub(super) fn lines(shown: &Value) -> Vec<String> {
    let lines = shown["lines"].as_array().unwrap().iter();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// One line of `show` has these words.
pub(super) fn says(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.contains(words))
}

pub(super) fn joined(words: &Value) -> String {
    let words = words.as_array().unwrap().iter();
    let words: Vec<_> = words.map(|word| word.as_str().unwrap()).collect();
    words.join(" ")
}

pub(super) const USER_ID: &str = "Amina <amina@example.org>";
pub(super) const EMAIL: &str = "amina@example.org";
/// What the desk calls the vault.
pub(super) const VAULT: &str = "glass-cellar";
