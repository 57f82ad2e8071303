//! A person at a terminal: `script` gives a program one, with 24 rows and 80 columns.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A program in a terminal.
pub(super) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen was waited for.
    read: usize,
    /// Lines that were typed.
    pub(super) inputs: u32,
}

impl Terminal {
    /// Starts a program in a terminal of its own.
    pub(super) fn start(command: &Command) -> Self {
        let mut line = String::from("stty rows 24 cols 80 2>/dev/null; exec");
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        for word in words {
            let word = word.to_str().unwrap().replace('\'', "'\\''");
            line.push_str(&format!(" '{word}'"));
        }
        let mut script = Command::new("script");
        script.args(["-q", "-e", "-f", "-c", &line, "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            script.current_dir(dir);
        }
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        script.stderr(Stdio::null()).env("SHELL", "/bin/sh");
        let mut child = script.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&screen);
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = output.read(&mut piece) {
                shared.lock().unwrap().extend_from_slice(&piece[..len]);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            read: 0,
            inputs: 0,
        }
    }

    /// Waits until one of these words stands on the screen behind what was waited for before, and
    /// says which.
    pub(super) fn wait_for_any(&mut self, words: &[&str]) -> usize {
        let deadline = Instant::now() + SCREEN_TIME_MAX;
        loop {
            let screen = self.screen();
            let rest = screen.get(self.read..).unwrap_or_default();
            let found = words.iter().enumerate();
            let first = found
                .filter_map(|(at, word)| rest.find(word).map(|place| (place + word.len(), at)))
                .min();
            if let Some((end, at)) = first {
                self.read += end;
                return at;
            }
            let ended = self.child.try_wait().unwrap().is_some();
            assert!(
                !ended && Instant::now() < deadline,
                "no {words:?} on the screen: {screen}"
            );
            thread::sleep(LOOK_EVERY);
        }
    }

    pub(super) fn wait_for(&mut self, words: &str) {
        self.wait_for_any(&[words]);
    }

    /// Types a line.
    pub(super) fn type_line(&mut self, line: &str) {
        self.inputs += 1;
        self.press(format!("{line}\n").as_bytes());
    }

    /// Presses keys.
    pub(super) fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Everything that the screen has shown. Bytes that are not text are shown as such.
    pub(super) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits for the program's end: its exit code, and everything that the screen has shown.
    pub(super) fn finish(mut self) -> (i32, String) {
        let deadline = Instant::now() + SCREEN_TIME_MAX;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it has shown last is still on its way.
                thread::sleep(Duration::from_millis(50));
                return (status.code().unwrap_or(-1), self.screen());
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("the program does not end: {}", self.screen());
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}

const SCREEN_TIME_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);
