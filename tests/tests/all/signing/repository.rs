//! Git repositories, made and read with git alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::referees::{agrees, allowed_signers, ran};
use super::room::EMAIL;
use crate::people::{Chance, chance, text_of};

/// A repository that nothing outside has a hand in.
pub(super) struct Repository {
    pub(super) path: PathBuf,
    gnupg: Option<PathBuf>,
}

impl Repository {
    pub(super) fn new(path: &Path) -> Self {
        Self::with_format(path, "sha1")
    }

    pub(super) fn with_format(path: &Path, format: &str) -> Self {
        let repository = Self {
            path: path.to_owned(),
            gnupg: None,
        };
        let mut init = Command::new("git");
        init.args(["init", "-q", "-b", "main", "--object-format", format]);
        agrees(alone(&mut init).arg(path));
        for (name, value) in [("user.name", "Amina"), ("user.email", EMAIL)] {
            repository.git(&["config", name, value]);
        }
        repository
    }

    /// Git verifies OpenPGP signatures with this home.
    pub(super) fn trust_gnupg(&mut self, home: &Path) {
        self.gnupg = Some(home.to_owned());
    }

    /// Git verifies SSH signatures by this key.
    pub(super) fn trust_ssh(&self, public: &Path) {
        let signers = allowed_signers(public, &self.path.join(".git/signers"));
        self.git(&["config", "gpg.ssh.allowedSignersFile", text_of(&signers)]);
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.path);
        command.stdin(Stdio::null());
        if let Some(home) = &self.gnupg {
            command.env("GNUPGHOME", home);
        }
        alone(&mut command);
        command
    }

    /// Git must do it; gives what it printed.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        agrees(&mut self.command(arguments))
    }

    /// Git may refuse it.
    pub(super) fn may(&self, arguments: &[&str]) -> Output {
        ran(&mut self.command(arguments))
    }

    /// A commit of one file, without a signature.
    pub(super) fn commit(&self, name: &str, content: &str, message: &str) -> String {
        std::fs::write(self.path.join(name), content).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--no-gpg-sign", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// All commits of a range, oldest first.
    pub(super) fn commits(&self, range: &str) -> Vec<String> {
        let listed = self.git(&["rev-list", "--reverse", "--topo-order", range]);
        listed.lines().map(ToOwned::to_owned).collect()
    }

    /// The trees of these commits.
    pub(super) fn trees(&self, commits: &[String]) -> Vec<String> {
        let tree = |id: &String| self.git(&["rev-parse", &format!("{id}^{{tree}}")]);
        commits.iter().map(tree).collect()
    }

    /// Stock git says that these commits have good signatures.
    pub(super) fn verify(&self, commits: &[String]) {
        assert!(!commits.is_empty());
        let ids = commits.iter().map(String::as_str);
        let arguments: Vec<_> = std::iter::once("verify-commit").chain(ids).collect();
        self.git(&arguments);
    }

    /// Nothing is wrong with any object.
    pub(super) fn check(&self) {
        let output = self.may(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        let said = super::referees::said(&output);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }

    /// `rounds` times ten commits of which one is a merge, on top of what is there.
    pub(super) fn grow(&self, rounds: u32) {
        let mut stream = Stream {
            text: String::new(),
            mark: 0,
            chance: chance(23),
        };
        let tip = self.git(&["rev-parse", "refs/heads/main"]);
        stream.grow(&tip, rounds);
        let mut command = self.command(&["fast-import", "--quiet"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(stream.text.as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
        self.git(&["reset", "-q", "--hard", "refs/heads/main"]);
    }
}

/// Takes away everything that the machine's own settings would bring.
pub(super) fn alone(command: &mut Command) -> &mut Command {
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_EDITOR", "true"),
        ("LC_ALL", "C.UTF-8"),
    ] {
        command.env(name, value);
    }
    command.env_remove("GIT_DIR")
}

/// A stream of `git fast-import`.
struct Stream {
    text: String,
    mark: u32,
    chance: Chance,
}

impl Stream {
    fn grow(&mut self, tip: &str, rounds: u32) {
        let mut main = tip.to_owned();
        for round in 0..rounds {
            let mut topic = main.clone();
            for _ in 0..5 {
                main = self.commit("refs/heads/main", &main, None, "core");
            }
            for _ in 0..4 {
                topic = self.commit(&format!("refs/heads/topic-{round}"), &topic, None, "extra");
            }
            main = self.commit("refs/heads/main", &main, Some(&topic), "merge");
        }
    }

    /// So many words of letters by chance: what people write compresses better.
    fn words(&mut self, count: u32) -> String {
        let mut text = String::new();
        for _ in 0..count {
            for _ in 0..=self.chance.below(8) {
                let letter = u32::try_from(self.chance.below(26)).unwrap();
                text.extend(char::from_digit(10 + letter, 36));
            }
            text.push(' ');
        }
        text.trim_end().to_owned()
    }

    fn commit(&mut self, branch: &str, from: &str, merge: Option<&str>, what: &str) -> String {
        self.mark += 1;
        let mark = self.mark;
        let message = format!("{what}: {}\n\n{}\n", self.words(6), self.words(20));
        let who = format!("Amina <{EMAIL}> {} +0100", 1_700_000_000 + 977 * mark);
        let data = |text: &str| format!("data {}\n{text}\n", text.len());
        let file = format!("fn change_{mark}() -> u32 {{\n    {mark}\n}}\n");
        self.text.push_str(&format!(
            "commit {branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\n{}from {from}\n",
            data(&message)
        ));
        if let Some(other) = merge {
            self.text.push_str(&format!("merge {other}\n"));
        }
        self.text.push_str(&format!(
            "M 100644 inline src/{what}/file-{mark}.rs\n{}",
            data(&file)
        ));
        format!(":{mark}")
    }
}
