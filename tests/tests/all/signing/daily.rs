//! Git, every day: `git commit -S` asks the vault and waits, and nothing unsigned is pushed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::commits::ask_for;
use super::referees::{Gnupg, ran, said};
use super::repository::Repository;
use super::room::{Room, says};
use super::terminal::Terminal;
use crate::people::{entries, files_below, text_of};

/// A repository whose git asks the vault.
struct Daily {
    room: Room,
    repository: Repository,
    home: Option<Gnupg>,
    /// Where git puts what it needs for a moment.
    temporary: PathBuf,
}

impl Daily {
    fn new(kind: &str) -> Self {
        let room = Room::new();
        let mut repository = Repository::new(&room.path("work"));
        let public = room.key("work", kind);
        let home = (kind == "openpgp").then(|| Gnupg::knowing(&public));
        if let Some(home) = &home {
            repository.trust_gnupg(home.path());
        }
        repository.commit("README", "Begin\n", "begin");
        let setup = ["git-setup", "--key", "work", "--repository"];
        room.desk(&[&setup[..], &[text_of(&repository.path)]].concat())
            .ok();
        let temporary = room.path("temporary");
        fs::create_dir(&temporary).unwrap();
        Self {
            room,
            repository,
            home,
            temporary,
        }
    }

    /// A call of git that signs.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.repository.command(arguments);
        command.env("TMPDIR", &self.temporary);
        command
    }

    /// Git in a terminal, which waits for the vault.
    fn in_terminal(&self, arguments: &[&str]) -> Terminal {
        let mut terminal = Terminal::start(&self.command(arguments));
        terminal.wait_for("Ctrl-C, withdraws the request.");
        terminal
    }

    /// Git in a terminal, and the stick to the vault and back meanwhile.
    fn signed(&self, arguments: &[&str], request: &str) -> Vec<String> {
        let terminal = self.in_terminal(arguments);
        self.room.carry_in();
        let shown = self.room.read(request);
        self.room.approve(request).ok();
        self.room.carry_back().ok();
        let (exit, screen) = terminal.finish();
        assert_eq!(exit, 0, "{screen}");
        assert!(screen.contains("the signature is here"), "{screen}");
        shown
    }

    /// Git has changed nothing and has left nothing behind; no request is open.
    fn nothing_is_left(&self, tip: &str) {
        assert_eq!(self.repository.git(&["rev-parse", "HEAD"]), tip);
        // Git 2.47 itself forgets the file of a public key that its settings hold as a text.
        let forgotten = |path: &&PathBuf| !text_of(path).contains(".git_signing_key_tmp");
        let left = entries(&self.temporary);
        let left: Vec<_> = left.iter().filter(forgotten).collect();
        assert!(left.is_empty(), "{left:?}");
        let is_lock = |path: &PathBuf| path.extension().is_some_and(|it| it == "lock");
        let files = files_below(&self.repository.path.join(".git"));
        assert!(!files.iter().any(is_lock), "{files:?}");
        let open = self.room.desk(&["list"]).ok();
        assert_eq!(open["requests"].as_array().unwrap().len(), 0, "{open}");
        let desk = self.room.site.courier_dir().join("desk");
        assert!(!desk.exists() || entries(&desk).is_empty(), "{desk:?}");
    }
}

fn commits_and_tags_wait_for_the_vault(kind: &str) {
    let daily = Daily::new(kind);
    let repository = &daily.repository;
    fs::write(repository.path.join("README"), "Written by day\n").unwrap();
    let shown = daily.signed(&["commit", "-S", "-a", "-m", "A good day"], "req-1");
    assert!(says(&shown, "| A good day"), "{shown:#?}");
    assert!(
        says(&shown, "|+Written by day") || says(&shown, "| +Written by day"),
        "{shown:#?}"
    );
    repository.git(&["verify-commit", "HEAD"]);
    let shown = daily.signed(&["tag", "-s", "v1", "-m", "The first"], "req-2");
    assert!(says(&shown, "| The first"), "{shown:#?}");
    repository.git(&["verify-tag", "v1"]);
    repository.check();
    let log = repository.git(&["log", "-1", "--format=%G?"]);
    assert!(["G", "U"].contains(&log.as_str()), "{log}");
    daily.nothing_is_left(&repository.git(&["rev-parse", "HEAD"]));
    drop(daily.home);
}

#[test]
fn a_commit_and_a_tag_wait_for_the_vault_with_ssh() {
    commits_and_tags_wait_for_the_vault("ssh");
}

#[test]
fn a_commit_and_a_tag_wait_for_the_vault_with_openpgp() {
    commits_and_tags_wait_for_the_vault("openpgp");
}

#[test]
fn without_a_terminal_a_commit_fails_at_once_and_does_not_happen() {
    for kind in ["ssh", "openpgp"] {
        let daily = Daily::new(kind);
        let tip = daily.repository.git(&["rev-parse", "HEAD"]);
        let git = daily.command(&["commit", "-S", "--allow-empty", "-m", "nobody sees it"]);
        let mut alone = Command::new("setsid");
        alone
            .arg("--wait")
            .arg(git.get_program())
            .args(git.get_args());
        alone.current_dir(&daily.repository.path);
        for (name, value) in git.get_envs() {
            value.map(|value| alone.env(name, value));
        }
        let begun = Instant::now();
        let output = ran(alone.stdin(std::process::Stdio::null()));
        assert!(!output.status.success(), "{}", said(&output));
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        assert!(
            said(&output).contains("desk-no-terminal"),
            "{}",
            said(&output)
        );
        daily.nothing_is_left(&tip);
    }
}

/// Much less than anybody waits for a vault, on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(20);

#[test]
fn a_commit_that_is_stopped_does_not_happen_and_leaves_nothing() {
    for (kind, keys) in [("ssh", &b"\x03"[..]), ("openpgp", b"\x03"), ("ssh", b"q\n")] {
        let daily = Daily::new(kind);
        let tip = daily.repository.git(&["rev-parse", "HEAD"]);
        let arguments = ["commit", "-S", "--allow-empty", "-m", "never mind"];
        let mut terminal = daily.in_terminal(&arguments);
        terminal.press(keys);
        let (exit, screen) = terminal.finish();
        assert_ne!(exit, 0, "{screen}");
        // Git ends with the key; the program that it called withdraws the request.
        let deadline = Instant::now() + AT_ONCE;
        let open = || daily.room.desk(&["list"]).ok()["requests"].clone();
        while !open().as_array().unwrap().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        daily.nothing_is_left(&tip);
        let all = daily.room.desk(&["list", "--all"]).ok();
        assert_eq!(all["requests"][0]["state"], "cancelled", "{all}");
    }
}

#[test]
fn a_commit_that_the_vault_refuses_does_not_happen() {
    let daily = Daily::new("ssh");
    let tip = daily.repository.git(&["rev-parse", "HEAD"]);
    let terminal = daily.in_terminal(&["commit", "-S", "--allow-empty", "-m", "too early"]);
    daily.room.carry_in();
    let refuse = ["refuse", "req-1", "--reason", "not on Fridays"];
    daily.room.site.vault(&refuse).ok();
    daily.room.carry_back().failed(3, "request-refused");
    let (exit, screen) = terminal.finish();
    assert_ne!(exit, 0, "{screen}");
    assert!(screen.contains("not on Fridays"), "{screen}");
    daily.nothing_is_left(&tip);
}

#[test]
fn a_commit_waits_no_longer_than_it_was_told_to() {
    let daily = Daily::new("ssh");
    let tip = daily.repository.git(&["rev-parse", "HEAD"]);
    let setup = ["git-setup", "--key", "work", "--wait", "2s", "--repository"];
    let place = [text_of(&daily.repository.path)];
    daily.room.desk(&[&setup[..], &place].concat()).ok();
    let terminal = daily.in_terminal(&["commit", "-S", "--allow-empty", "-m", "too late"]);
    let (exit, screen) = terminal.finish();
    assert_ne!(exit, 0, "{screen}");
    daily.nothing_is_left(&tip);
}

#[test]
fn nothing_unsigned_is_pushed() {
    let room = Room::new();
    let repository = Repository::new(&room.path("work"));
    repository.trust_ssh(&room.key("work", "ssh"));
    let server = Repository::new(&room.path("server"));
    server.git(&["config", "receive.denyCurrentBranch", "ignore"]);
    let place = text_of(&server.path).to_owned();
    repository.git(&["remote", "add", "origin", &place]);
    let base = repository.commit("README", "Begin\n", "begin");
    repository.git(&["push", "-q", "origin", "main"]);
    let install = ["hook", "install", "--repository", text_of(&repository.path)];
    room.desk(&install).ok();

    repository.commit("README", "More\n", "more");
    repository.commit("README", "Even more\n", "even more");
    let refused = repository.may(&["push", "-q", "origin", "main"]);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("push-unsigned"),
        "{}",
        said(&refused)
    );
    assert_eq!(server.git(&["rev-parse", "main"]), base);

    ask_for(&room, &repository, &[&format!("{base}..main")]);
    room.sign("req-1");
    repository.git(&["push", "-q", "origin", "main"]);
    let tip = repository.git(&["rev-parse", "main"]);
    assert_eq!(server.git(&["rev-parse", "main"]), tip);

    repository.git(&["tag", "-a", "v1", "-m", "The first"]);
    let refused = repository.may(&["push", "-q", "origin", "v1"]);
    assert!(!refused.status.success(), "{}", said(&refused));
    ask_for(&room, &repository, &["--tag", "v1"]);
    room.sign("req-2");
    repository.git(&["push", "-q", "origin", "v1"]);
    // Deleting is no matter of signatures.
    repository.git(&["push", "-q", "origin", ":v1"]);
}

/// Writes down how git calls a program, and hands the call on.
fn record(daily: &Daily, setting: &str) -> PathBuf {
    let log = daily.room.path("calls");
    let own = daily.repository.git(&["config", setting]);
    let recorder = daily.room.path("recorder");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec '{own}' \"$@\"\n",
        log.display()
    );
    fs::write(&recorder, script).unwrap();
    super::referees::agrees(Command::new("chmod").arg("+x").arg(&recorder));
    daily
        .repository
        .git(&["config", setting, text_of(&recorder)]);
    log
}

/// The calls, with what is different each time left out.
fn calls(daily: &Daily, log: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    let signers = daily
        .repository
        .may(&["config", "gpg.ssh.allowedSignersFile"]);
    let signers = said(&signers).trim().to_owned();
    let word = |word: &str| match word {
        word if word.starts_with(text_of(&daily.temporary)) => "TEMPORARY".to_owned(),
        word if word == signers => "SIGNERS".to_owned(),
        word if word.starts_with("-Overify-time=") => "-Overify-time=TIME".to_owned(),
        word if word.len() >= 40 => "FINGERPRINT".to_owned(),
        word => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect()
}

#[test]
fn git_calls_the_ssh_program_as_it_is_understood() {
    let daily = Daily::new("ssh");
    let log = record(&daily, "gpg.ssh.program");
    daily.signed(
        &["commit", "-S", "--allow-empty", "-m", "recorded"],
        "req-1",
    );
    ran(&mut daily.command(&["verify-commit", "HEAD"]));
    assert_eq!(
        calls(&daily, &log),
        [
            "-Y sign -n git -f TEMPORARY -U TEMPORARY",
            "-Y find-principals -f SIGNERS -s TEMPORARY -Overify-time=TIME",
            "-Y verify -n git -f SIGNERS -I amina@example.org -s TEMPORARY -Overify-time=TIME",
        ]
    );
}

#[test]
fn git_calls_the_openpgp_program_as_it_is_understood() {
    let daily = Daily::new("openpgp");
    let log = record(&daily, "gpg.program");
    daily
        .repository
        .git(&["config", "--unset", "gpg.openpgp.program"]);
    daily.signed(
        &["commit", "-S", "--allow-empty", "-m", "recorded"],
        "req-1",
    );
    ran(&mut daily.command(&["verify-commit", "HEAD"]));
    assert_eq!(
        calls(&daily, &log),
        [
            "--status-fd=2 -bsau FINGERPRINT",
            "--keyid-format=long --status-fd=1 --verify TEMPORARY -",
        ]
    );
}
