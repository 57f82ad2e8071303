//! Chromium by remote control, through `phone/test/browser.mjs`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page, at first as large as a phone.
pub(super) struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    dir: PathBuf,
}

impl Browser {
    /// Starts it with a film in front of its camera, which its person then allows; `dir` is for
    /// its profile and for pictures.
    pub(super) fn start(dir: &Path, film: Option<&Path>) -> Self {
        let mut child = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("phone/test/browser.mjs"))
            .arg("chromium")
            .arg(dir.join("profile"))
            .args(film)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut browser = Self {
            child,
            commands,
            answers,
            dir: dir.to_owned(),
        };
        browser.size(390, 844, false);
        browser
    }

    /// Lets the person at the browser refuse the camera.
    pub(super) fn deny_camera(&mut self) {
        self.tell(json!({ "do": "deny", "what": "camera" }));
    }

    pub(super) fn size(&mut self, width: u32, height: u32, dark: bool) {
        self.tell(json!({ "do": "size", "width": width, "height": height, "dark": dark }));
    }

    /// Opens a page; the text is why it did not open.
    pub(super) fn open(&mut self, url: &str) -> Option<String> {
        let answer = self.tell(json!({ "do": "open", "url": url }));
        answer.as_str().map(str::to_owned)
    }

    /// What a script comes to.
    pub(super) fn run(&mut self, code: &str) -> Value {
        self.tell(json!({ "do": "run", "code": code }))
    }

    pub(super) fn click(&mut self, selector: &str) {
        self.run(&format!("document.querySelector('{selector}').click()"));
    }

    /// Agrees to what the page asks, once it asks: it may look something up before.
    pub(super) fn agree(&mut self, words: &str) {
        self.wait_for("#question[open]", words);
        self.click("#question-yes");
    }

    /// The text that a person sees in an element.
    pub(super) fn text(&mut self, selector: &str) -> String {
        let code = format!("document.querySelector('{selector}')?.innerText ?? ''");
        self.run(&code).as_str().unwrap().to_owned()
    }

    /// Waits until an element says this.
    pub(super) fn wait_for(&mut self, selector: &str, words: &str) {
        let start = Instant::now();
        let mut found = self.text(selector);
        while !found.contains(words) {
            if start.elapsed() > PATIENCE {
                let all = self.text("body");
                panic!("{selector} says {found:?}, not {words:?}; the page:\n{all}");
            }
            std::thread::sleep(Duration::from_millis(100));
            found = self.text(selector);
        }
    }

    /// What is on the screen, as a PNG file; kept for people where `CAUSEWAY_PICTURES` says.
    pub(super) fn picture(&mut self, name: &str) -> Vec<u8> {
        let dir = std::env::var_os("CAUSEWAY_PICTURES").map_or(self.dir.clone(), PathBuf::from);
        let file = dir.join(format!("{name}.png"));
        self.tell(json!({ "do": "picture", "file": file }));
        std::fs::read(file).unwrap()
    }

    /// What the page's console shows in red since the last time.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        serde_json::from_value(self.tell(json!({ "do": "complaints" }))).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "commands are made for this")]
    fn tell(&mut self, command: Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_default();
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser when it is told nothing more; a stuck one is ended here.
        let _ = self.commands.flush();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
