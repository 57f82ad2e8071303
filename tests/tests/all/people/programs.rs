//! Runs the programs and holds every run to what is promised of all of them: no panic, no
//! success after an error, and four parts in every error.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// One run of a program that ended by itself.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The codes of the errors that it reported.
    pub(crate) codes: Vec<String>,
}

impl Ran {
    /// The answer of a run that went well.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.exit, 0, "{self:#?}");
        self.json()
    }

    /// The first JSON object that it printed.
    pub(crate) fn json(&self) -> Value {
        let mut objects = serde_json::Deserializer::from_str(&self.stdout).into_iter();
        objects
            .next()
            .unwrap_or_else(|| panic!("no answer: {self:#?}"))
            .unwrap()
    }

    /// It failed in this way, with this exit code, and gives what it answered all the same.
    pub(crate) fn failed(&self, exit: i32, code: &str) -> Value {
        let has_code = self.codes.iter().any(|found| found == code);
        assert!(
            self.exit == exit && has_code,
            "not {exit} {code}: {self:#?}"
        );
        self.json_or_null()
    }

    /// It ended with one of these exit codes.
    pub(crate) fn exits(&self, exits: &[i32]) -> Value {
        assert!(exits.contains(&self.exit), "not {exits:?}: {self:#?}");
        self.json_or_null()
    }

    /// Null where it answered in words.
    fn json_or_null(&self) -> Value {
        match self.stdout.starts_with('{') {
            true => self.json(),
            false => Value::Null,
        }
    }
}

/// A program that was built beside this test.
pub(crate) fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join(name);
    assert!(
        path.exists(),
        "{} is not there: build it with `cargo build -p offline-vault -p online-relay`",
        path.display()
    );
    let mut command = Command::new(path);
    for name in ["CAUSEWAY_VAULT", "CAUSEWAY_COURIER", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    Running::start(command).finish()
}

/// Runs a program that reads this and then the end of its input.
pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Ran {
    let mut running = Running::start(command);
    let mut stdin = running.child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    running.finish()
}

/// Runs a program and kills it (SIGKILL) when `is_time` says so. `None` when that hit it, and the
/// run when it had ended before.
pub(crate) fn run_killed(command: &mut Command, mut is_time: impl FnMut() -> bool) -> Option<Ran> {
    let mut running = Running::start(command);
    while running.child.try_wait().unwrap().is_none() && !is_time() {
        thread::sleep(LOOK_EVERY);
    }
    // Of a process that has ended this is no error: it is still to be waited for.
    running.child.kill().unwrap();
    let status = running.child.wait().unwrap();
    match status.code() {
        Some(exit) => Some(running.ran(exit)),
        None => {
            running.ran_killed();
            None
        }
    }
}

/// Runs a program to its end, and tells it to stop (SIGINT) when `is_time` says so.
pub(crate) fn run_interrupted(command: &mut Command, mut is_time: impl FnMut() -> bool) -> Ran {
    let mut running = Running::start(command);
    while running.child.try_wait().unwrap().is_none() {
        if is_time() {
            let id = running.child.id().to_string();
            // It is our child and was not waited for: the number is still its own.
            let told = Command::new("kill").args(["-INT", &id]).status();
            assert!(told.unwrap().success());
            break;
        }
        thread::sleep(LOOK_EVERY);
    }
    running.finish()
}

struct Running {
    child: Child,
    command: String,
    stdout: File,
    stderr: File,
}

impl Running {
    /// Output goes to files, so that no program ever waits for its reader.
    fn start(command: &mut Command) -> Self {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command.stdout(stdout.try_clone().unwrap());
        command.stderr(stderr.try_clone().unwrap());
        Self {
            child: command.spawn().unwrap(),
            command: format!("{command:?}"),
            stdout,
            stderr,
        }
    }

    fn finish(mut self) -> Ran {
        let deadline = Instant::now() + RUN_TIME_MAX;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let Some(exit) = status.code() else {
                    panic!("{} was ended by a signal: {status}", self.command)
                };
                return self.ran(exit);
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("{} did not end: {}", self.command, read(&mut self.stderr));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn ran_killed(mut self) {
        let stderr = read(&mut self.stderr);
        assert_calm(&self.command, &stderr);
    }

    fn ran(mut self, exit: i32) -> Ran {
        let (stdout, stderr) = (read(&mut self.stdout), read(&mut self.stderr));
        assert_calm(&self.command, &stderr);
        let codes = codes_of_errors(&self.command, &stderr);
        let ran = Ran {
            exit,
            stdout,
            stderr,
            codes,
        };
        match exit {
            0 => assert!(
                ran.codes.is_empty(),
                "0 after an error: {} {ran:#?}",
                self.command
            ),
            1 | 3 => assert!(!ran.codes.is_empty(), "no error: {} {ran:#?}", self.command),
            2 => {}
            _ => panic!("exit code {exit}: {} {ran:#?}", self.command),
        }
        ran
    }
}

/// No program ever shows that it panicked, nor what only programmers understand.
fn assert_calm(command: &str, stderr: &str) {
    for sign in ["panicked", "[bug]", "RUST_BACKTRACE", "os error", "Error {"] {
        assert!(!stderr.contains(sign), "{command}: {stderr}");
    }
}

/// The codes of all errors; each has to say what happened, what about the data, and what next.
fn codes_of_errors(command: &str, stderr: &str) -> Vec<String> {
    let mut codes = Vec::new();
    let mut lines = stderr.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('{') {
            let error: Value = serde_json::from_str(line).unwrap();
            let parts = ["error", "what", "data", "next"].map(|part| error[part].as_str());
            let whole = parts.iter().all(|part| part.is_some_and(|it| it.len() > 3));
            assert!(whole, "{command}: {line}");
            codes.push(parts[0].unwrap().to_owned());
        } else if let Some((program, rest)) = line.split_once(": error [") {
            let (code, what) = rest.split_once("]: ").unwrap();
            assert!(what.len() > 3, "{command}: {stderr}");
            for part in ["data", "next"] {
                let begin = format!("{program}: {part}: ");
                let said = lines.next().and_then(|line| line.strip_prefix(&begin));
                assert!(said.is_some_and(|it| it.len() > 3), "{command}: {stderr}");
            }
            codes.push(code.to_owned());
        }
    }
    codes
}

fn read(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A path as an argument.
pub(crate) fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Numbers from a seed, the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Numbers from this seed.
pub(crate) fn chance(seed: u64) -> Chance {
    Chance(seed)
}

/// Bytes that nothing compresses.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut numbers = Chance(seed);
    let words = std::iter::repeat_with(|| numbers.next().to_le_bytes());
    words.take(len.div_ceil(8)).flatten().take(len).collect()
}

/// No command of these tests takes longer, even on a machine that is busy with others.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(1);
