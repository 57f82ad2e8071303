//! A relay as its operator runs it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{program, run, text_of};

/// A relay server, which ends with this value.
pub(crate) struct Relay {
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    child: Child,
}

impl Relay {
    /// Starts a relay on a free port.
    pub(crate) fn start(data: &Path, options: &[&str]) -> Self {
        Self::start_at(data, "127.0.0.1:0", options)
    }

    fn start_at(data: &Path, listen: &str, options: &[&str]) -> Self {
        let mut command = program("online-relay");
        command.args(["serve", "--data", text_of(data), "--listen", listen]);
        command.args(options).stdout(Stdio::piped());
        command.stderr(File::create(data.with_extension("talk")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let said = || std::fs::read_to_string(data.with_extension("talk")).unwrap();
        let url = url.unwrap_or_else(|| panic!("the relay did not start: {}", said()));
        Self {
            url: url.to_owned(),
            data: data.to_owned(),
            child,
        }
    }

    /// An invitation that names this address.
    pub(crate) fn invite(&self, url: &str, output: &Path) {
        let mut command = program("online-relay");
        command.args(["invite", "--data", text_of(&self.data), "--url", url]);
        command.args(["--output", text_of(output)]);
        run(&mut command).exits(&[0]);
    }

    /// Ends it at once, as a power cut does (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&mut self, options: &[&str]) {
        let listen = self.url.strip_prefix("http://").unwrap().to_owned();
        *self = Self::start_at(&self.data.clone(), &listen, options);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
