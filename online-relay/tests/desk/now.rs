//! `git commit -S` and `git tag -s`, which wait for the vault.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use signing_format::reply::{GitSignatures, Reply};
use signing_format::subject::Subject;

use super::git::{Repository, write_program};
use super::keys::{GnuPg, ssh_public};
use super::world::{World, done, object, own_environment, text};

/// A command of git in a terminal of its own.
struct InTerminal {
    child: Child,
    keyboard: ChildStdin,
}

impl InTerminal {
    fn start(world: &World, repository: &Repository, command: &str) -> Self {
        let mut script = Command::new("script");
        own_environment(&mut script, world.dir.path());
        let mut child = script
            .args(["--quiet", "--return", "--flush", "--command", command])
            .arg(world.path("terminal"))
            .current_dir(&repository.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = child.stdin.take().unwrap();
        Self { child, keyboard }
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for the end, with the terminal open.
    fn end(self) -> Output {
        let output = self.child.wait_with_output().unwrap();
        drop(self.keyboard);
        output
    }
}

/// Waits until the desk has this many open requests.
fn until_open(world: &World, count: usize) {
    let begun = Instant::now();
    loop {
        let listed = world.run(&["--json", "desk", "list"]);
        if listed.status.success() {
            let listed = object(&listed);
            if listed["requests"].as_array().unwrap().len() == count {
                return;
            }
        }
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(30), "{}", terminal(world));
        thread::sleep(Duration::from_millis(50));
    }
}

fn terminal(world: &World) -> String {
    std::fs::read_to_string(world.path("terminal")).unwrap_or_default()
}

/// Git is set up to ask the desk; each call of the script is written down as it came.
fn set_up(world: &World, repository: &Repository, format: &str) -> PathBuf {
    let dir = repository.dir.to_str().unwrap();
    let setup = [
        "desk",
        "git-setup",
        "--repository",
        dir,
        "--key",
        "work",
        "--wait",
        "60s",
    ];
    done(&world.run(&[setup.as_slice(), &["--format", format]].concat()));
    let (name, setting) = match format {
        "ssh" => ("git-ssh", "gpg.ssh.program"),
        _ => ("git-gpg", "gpg.program"),
    };
    let script = repository.dir.join(".git/causeway").join(name);
    assert_eq!(
        repository.git(&["config", setting]),
        script.to_str().unwrap()
    );
    let calls = world.path("calls");
    let noting = world.path("noting");
    write_program(
        &noting,
        &format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n",
            calls.display(),
            script.display()
        ),
    );
    for setting in [setting, "gpg.openpgp.program"] {
        if format != "ssh" || setting == "gpg.ssh.program" {
            repository.git(&["config", setting, noting.to_str().unwrap()]);
        }
    }
    calls
}

/// The calls with what differs from run to run taken out.
fn golden(calls: &std::path::Path, key: &str) -> String {
    let text = std::fs::read_to_string(calls).unwrap();
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word {
            word if word.starts_with("/tmp/") || word.contains("/.git_") => "FILE",
            word if word == key => "KEY",
            word if word.starts_with("-Overify-time=") => "-Overify-time=TIME",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_commit_and_a_tag_wait_for_an_ssh_signature() {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    let calls = set_up(&world, &repository, "ssh");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    for command in [
        "git commit --quiet -a -S -m second",
        "git tag -s -m 'version 1' v1",
    ] {
        let child = InTerminal::start(&world, &repository, command);
        until_open(&world, 1);
        world.carry_out();
        let parcel = world.vault.last();
        let Subject::Git(subject) = &parcel.request.peek_statement().subject else {
            panic!("not git");
        };
        assert_eq!(subject.object_count, 1);
        world.vault.approve_last();
        done(&world.carry_back());
        done(&child.end());
    }
    let said = terminal(&world);
    assert!(said.contains("Causeway: the signature is here."), "{said}");
    repository.git(&["verify-commit", "main"]);
    repository.git(&["verify-tag", "v1"]);
    insta::assert_snapshot!(golden(&calls, ""), @r"
    -Y sign -n git -f FILE -U FILE
    -Y sign -n git -f FILE -U FILE
    -Y find-principals -f FILE -s FILE -Overify-time=TIME
    -Y verify -n git -f FILE -I ben@example.org -s FILE -Overify-time=TIME
    -Y find-principals -f FILE -s FILE -Overify-time=TIME
    -Y verify -n git -f FILE -I ben@example.org -s FILE -Overify-time=TIME
    ");
}

#[test]
fn a_commit_waits_for_an_openpgp_signature() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", "Ben <ben@example.org>");
    world.add_key("work", &gnupg.certificate());
    let repository = Repository::new(&world);
    let calls = set_up(&world, &repository, "openpgp");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let child = InTerminal::start(&world, &repository, "git commit --quiet -a -S -m second");
    until_open(&world, 1);
    world.carry_out();
    let parcel = world.vault.last();
    let Subject::Git(subject) = &parcel.request.peek_statement().subject else {
        panic!("not git");
    };
    let content = world.vault.content(&subject.content);
    let content = signing_format::git::GitContent::decode(&content).unwrap();
    let payload = content.chain().next_payload().unwrap();
    let armored = gnupg.sign(payload.bytes());
    let (_, packet) = signing_format::openpgp::dearmor(&armored).unwrap();
    world
        .vault
        .reply(&parcel, &Reply::Git(GitSignatures::OpenPgp(vec![packet])));
    done(&world.carry_back());
    done(&child.end());
    let mut verify = Command::new("git");
    own_environment(&mut verify, world.dir.path());
    let verified = verify
        .current_dir(&repository.dir)
        .env("GNUPGHOME", gnupg.home())
        .args(["verify-commit", "main"])
        .output();
    done(&verified.unwrap());
    let key = repository.git(&["config", "user.signingKey"]);
    insta::assert_snapshot!(golden(&calls, &key), @r"
    --status-fd=2 -bsau KEY
    --keyid-format=long --status-fd=1 --verify FILE -
    ");
}

#[test]
fn without_a_terminal_it_fails_at_once_and_asks_nothing() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    set_up(&world, &repository, "ssh");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let begun = Instant::now();
    let mut command = Command::new("setsid");
    own_environment(&mut command, world.dir.path());
    let output = command
        .args(["--wait", "git", "commit", "-a", "-S", "-m", "second"])
        .current_dir(&repository.dir)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output).contains("[desk-no-terminal]"),
        "{}",
        text(&output)
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(
        world.json(&["desk", "list", "--all"])["requests"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(repository.id("main"), repository.id("base"));
}

#[test]
fn q_withdraws_the_request_and_git_makes_no_commit() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    set_up(&world, &repository, "ssh");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let mut child = InTerminal::start(&world, &repository, "git commit -a -S -m second");
    until_open(&world, 1);
    child.types("q\n");
    let output = child.end();
    assert!(!output.status.success(), "{}", terminal(&world));
    let listed = world.json(&["desk", "list", "--all"]);
    assert_eq!(
        listed["requests"][0]["state"],
        "cancelled",
        "{}",
        terminal(&world)
    );
    assert_eq!(repository.id("main"), repository.id("base"));
    assert_eq!(world.blob_count(), 0);
}

#[test]
fn ctrl_c_withdraws_the_request_and_git_makes_no_commit() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    set_up(&world, &repository, "ssh");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let mut child = InTerminal::start(&world, &repository, "git commit -a -S -m second");
    until_open(&world, 1);
    child.types("\u{3}");
    let output = child.end();
    assert!(!output.status.success(), "{}", terminal(&world));
    until_open(&world, 0);
    let listed = world.json(&["desk", "list", "--all"]);
    assert_eq!(
        listed["requests"][0]["state"],
        "cancelled",
        "{}",
        terminal(&world)
    );
    assert_eq!(repository.id("main"), repository.id("base"));
    assert!(!repository.dir.join(".git/index.lock").exists());
}

#[test]
fn a_wait_that_is_too_long_ends_by_itself() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    let dir = repository.dir.to_str().unwrap();
    let setup = [
        "desk",
        "git-setup",
        "--repository",
        dir,
        "--key",
        "work",
        "--wait",
        "1s",
    ];
    done(&world.run(&setup));
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let child = InTerminal::start(&world, &repository, "git commit -a -S -m second");
    let output = child.end();
    assert!(!output.status.success());
    assert!(
        terminal(&world).contains("[desk-waited]"),
        "{}",
        terminal(&world)
    );
    assert!(
        world.json(&["desk", "list"])["requests"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_refusal_of_the_vault_ends_the_wait() {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    set_up(&world, &repository, "ssh");
    std::fs::write(repository.dir.join("a.txt"), "two\n").unwrap();
    let child = InTerminal::start(&world, &repository, "git commit -a -S -m second");
    until_open(&world, 1);
    world.carry_out();
    let parcel = world.vault.last();
    world
        .vault
        .reply(&parcel, &Reply::Refused("not this".to_owned()));
    world.carry_back();
    let output = child.end();
    assert!(!output.status.success());
    assert!(
        terminal(&world).contains("not this"),
        "{}",
        terminal(&world)
    );
}
