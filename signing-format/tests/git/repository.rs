//! A repository of stock git in a directory of its own, and an SSH key to sign with.

use std::{
    convert::Infallible,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use signing_format::git::{
    Found, GitContent, ObjectFormat, ObjectId, ObjectKind, ObjectSource, RawObject, ToSign, gather,
};
use tempfile::TempDir;

/// A repository that knows nothing of the machine's own settings.
pub(super) struct Repository {
    home: TempDir,
    format: ObjectFormat,
}

impl Repository {
    pub(super) fn new(format: ObjectFormat) -> Self {
        let home = tempfile::tempdir().unwrap();
        let repository = Self { home, format };
        let format = format!("--object-format={format}");
        repository.git(&["init", "-q", "-b", "main", &format]);
        for (key, value) in [
            ("user.name", "A. Person"),
            ("user.email", "a@example.org"),
            ("core.autocrlf", "false"),
            ("core.fileMode", "true"),
            ("protocol.file.allow", "always"),
            ("gpg.format", "ssh"),
        ] {
            repository.git(&["config", key, value]);
        }
        repository
    }

    /// Makes a key and tells git to sign with it and to believe it.
    pub(super) fn with_key(self) -> Self {
        let key = self.key();
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(&key)
            .output()
            .unwrap();
        expect_success(&made);
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        let allowed = self.home.path().join("allowed");
        fs::write(&allowed, format!("a@example.org {public}")).unwrap();
        self.git(&["config", "user.signingKey", key.to_str().unwrap()]);
        self.git(&[
            "config",
            "gpg.ssh.allowedSignersFile",
            allowed.to_str().unwrap(),
        ]);
        self
    }

    /// Makes a key of GnuPG and tells git to sign with it.
    pub(super) fn with_gnupg(self) -> Self {
        let home = self.home.path().join(".gnupg");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        let made = Command::new("gpg")
            .args([
                "--batch",
                "--quiet",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
            ])
            .args([
                "--quick-generate-key",
                "A. Person <a@example.org>",
                "ed25519",
                "sign",
                "never",
            ])
            .env("HOME", self.home.path())
            .env_remove("GNUPGHOME")
            .output()
            .unwrap();
        expect_success(&made);
        self.git(&["config", "gpg.format", "openpgp"]);
        self.git(&["config", "--unset", "user.signingKey"]);
        self
    }

    fn key(&self) -> PathBuf {
        self.home.path().join("key")
    }

    pub(super) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The work tree.
    pub(super) fn dir(&self) -> PathBuf {
        let dir = self.home.path().join("repository");
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(self.dir())
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_AUTHOR_DATE", "1700000000 +0100")
            .env("GIT_COMMITTER_DATE", "1700000100 -0330")
            .env_remove("GNUPGHOME")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .stdin(Stdio::null());
        command
    }

    /// What git did, whether it succeeded or not.
    pub(super) fn try_git(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What git wrote; it has to succeed.
    pub(super) fn git(&self, args: &[&str]) -> Vec<u8> {
        let output = self.try_git(args);
        expect_success(&output);
        output.stdout
    }

    /// What git wrote, as one line of text.
    pub(super) fn line(&self, args: &[&str]) -> String {
        String::from_utf8(self.git(args))
            .unwrap()
            .trim_end()
            .to_owned()
    }

    pub(super) fn id(&self, revision: &str) -> ObjectId {
        self.line(&["rev-parse", "--verify", revision])
            .parse()
            .unwrap()
    }

    pub(super) fn object(&self, revision: &str) -> RawObject {
        self.try_object(revision).unwrap()
    }

    pub(super) fn try_object(&self, revision: &str) -> Option<RawObject> {
        let kind = self.try_git(&["cat-file", "-t", revision]);
        if !kind.status.success() {
            return None;
        }
        let kind = String::from_utf8(kind.stdout).unwrap();
        let bytes = self.git(&["cat-file", kind.trim_end(), revision]);
        let kind = ObjectKind::from_name(kind.trim_end().as_bytes()).unwrap();
        Some(RawObject::new(kind, bytes).unwrap())
    }

    /// Writes an object with git, which checks its form, and gives the id that git has for it.
    pub(super) fn write_object(&self, object: &RawObject) -> ObjectId {
        let mut child = self
            .command(&["hash-object", "-w", "-t", object.kind().name(), "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(object.bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        expect_success(&output);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .parse()
            .unwrap()
    }

    pub(super) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.dir().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.dir().join(path)).unwrap();
    }

    /// Commits everything and gives the id.
    pub(super) fn commit(&self, message: &str) -> ObjectId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// Signs as git lets ssh-keygen sign: the armoured text.
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        let path = self.home.path().join("buffer");
        fs::write(&path, bytes).unwrap();
        let signature = path.with_extension("sig");
        let _ = fs::remove_file(&signature);
        let signed = Command::new("ssh-keygen")
            .args(["-Y", "sign", "-n", "git", "-f"])
            .arg(self.key())
            .arg(&path)
            .output()
            .unwrap();
        expect_success(&signed);
        fs::read_to_string(&signature).unwrap()
    }

    /// The commits that `git rev-list` names, oldest first, as what is to be signed.
    pub(super) fn range(&self, range: &str) -> Vec<RawObject> {
        let list = self.line(&["rev-list", "--reverse", "--topo-order", range]);
        list.lines().map(|id| self.object(id)).collect()
    }

    /// A request's content for a range, with all that is shown.
    pub(super) fn content(&self, range: &str) -> GitContent {
        let to_sign = self.range(range);
        let parsed: Vec<ToSign> = to_sign
            .iter()
            .map(|raw| ToSign::parse(raw, self.format).unwrap())
            .collect();
        let gathered = gather(&mut Source(self), self.format, &parsed, usize::MAX).unwrap();
        assert_eq!(gathered.left_out, []);
        GitContent::new(self.format, &to_sign, gathered.material).unwrap()
    }
}

/// The agent that gpg starts would outlive the directory.
impl Drop for Repository {
    fn drop(&mut self) {
        if self.home.path().join(".gnupg").exists() {
            let mut kill = Command::new("gpgconf");
            let _ = kill
                .args(["--kill", "all"])
                .env("HOME", self.home.path())
                .env_remove("GNUPGHOME")
                .output();
        }
    }
}

/// The repository as the source of a request's material.
pub(super) struct Source<'a>(pub(super) &'a Repository);

impl ObjectSource for Source<'_> {
    type Error = Infallible;

    fn object(&mut self, id: &ObjectId) -> Result<Found, Infallible> {
        let object = self.0.try_object(&id.to_string());
        Ok(object.map_or(Found::Missing, Found::Object))
    }
}

pub(super) fn expect_success(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

pub(super) fn make_executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
