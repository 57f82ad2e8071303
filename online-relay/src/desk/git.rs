//! A git repository, as the stock `git` reads and writes it.

use std::collections::{HashMap, HashSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use pack_format::advice::{Advice, Exit};
use pack_format::shown::Shown;
use signing_format::git::limits::OBJECT_BYTES_MAX;
use signing_format::git::{Found, ObjectFormat, ObjectId, ObjectKind, ObjectSource, RawObject};
use thiserror::Error;

use super::batch::Batch;
use super::child::{self, Output};

/// Why git did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GitError {
    /// It is not installed.
    #[error("git is not installed")]
    Missing,
    /// It could not be run.
    #[error("git cannot be run")]
    Run(#[source] io::Error),
    /// It refused.
    #[error("git {verb} failed: {}", Shown(said))]
    Failed {
        /// What it was asked.
        verb: String,
        /// What it said.
        said: String,
    },
    /// It answered in a form that is not known.
    #[error("git {verb} gave an answer of another form")]
    Answer {
        /// What it was asked.
        verb: String,
    },
    /// The repository has no such object.
    #[error("the repository does not have the object {id}")]
    NoObject {
        /// The object.
        id: ObjectId,
    },
    /// The object is larger than what is signed or shown.
    #[error("the git object {id} has {found_bytes} bytes, more than {OBJECT_BYTES_MAX}")]
    TooLarge {
        /// The object.
        id: ObjectId,
        /// Its size.
        found_bytes: u64,
    },
}

impl Advice for GitError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "git-missing",
            Self::Run(_) => "git-not-run",
            Self::Failed { .. } => "git-failed",
            Self::Answer { .. } => "git-answer",
            Self::NoObject { .. } => "git-no-object",
            Self::TooLarge { .. } => "git-object-too-large",
        }
    }

    fn data_safe(&self) -> String {
        "Yes: no branch and no tag was moved.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::Missing => "Install git, then try again.",
            Self::Run(_) => "Check that git runs on this machine, then try again.",
            Self::Failed { .. } => {
                "Check the name of the branch, and that the directory is a repository that you \
                 own; --repository DIR names another one."
            }
            Self::Answer { .. } => "Use git 2.30 or newer.",
            Self::NoObject { .. } => "Fetch what is missing: a shallow or partial clone lacks it.",
            Self::TooLarge { .. } => "Ask with --no-diff; the vault then says what it cannot show.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// A repository.
#[derive(Debug)]
pub(crate) struct Repository {
    git: PathBuf,
    dir: PathBuf,
    format: ObjectFormat,
    /// What the git that has called this process says of where its repository is.
    inherited: Vec<(&'static str, OsString)>,
    batch: Option<Batch>,
}

impl Repository {
    /// The repository that a directory belongs to.
    pub(crate) fn open(dir: &Path) -> Result<Self, GitError> {
        Self::open_with(dir, Vec::new())
    }

    /// The repository of the git that has called this process.
    pub(crate) fn of_caller() -> Result<Self, GitError> {
        let inherited = INHERITED.into_iter();
        let inherited = inherited.filter_map(|name| Some((name, env::var_os(name)?)));
        Self::open_with(Path::new("."), inherited.collect())
    }

    fn open_with(dir: &Path, inherited: Vec<(&'static str, OsString)>) -> Result<Self, GitError> {
        let git = child::find("git").ok_or(GitError::Missing)?;
        let mut repository = Self {
            git,
            dir: dir.to_owned(),
            format: ObjectFormat::Sha1,
            inherited,
            batch: None,
        };
        let format = repository.line(&["rev-parse", "--show-object-format"])?;
        repository.format = match format.as_str() {
            "sha1" => ObjectFormat::Sha1,
            "sha256" => ObjectFormat::Sha256,
            _ => return Err(answer("rev-parse")),
        };
        Ok(repository)
    }

    /// The format of its ids.
    pub(crate) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The directory that it was opened with.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The directory that all its work trees share.
    pub(crate) fn common_dir(&self) -> Result<PathBuf, GitError> {
        let dir = self.line(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
        Ok(PathBuf::from(dir))
    }

    /// What people call it: the name of its directory.
    pub(crate) fn name(&self) -> Result<String, GitError> {
        let dir = self.common_dir()?;
        let named = match dir.file_name() {
            Some(name) if name == OsStr::new(".git") => dir.parent().and_then(Path::file_name),
            name => name,
        };
        let name = named.map(|name| name.to_string_lossy().into_owned());
        Ok(name.unwrap_or_else(|| "repository".to_owned()))
    }

    /// A command that runs no hook, asks nobody, and sees objects as they are.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bare_command();
        command.args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ]);
        command
    }

    /// The same with the person's own hooks.
    fn bare_command(&self) -> Command {
        let mut command = child::command(&self.git);
        command.envs(self.inherited.iter().map(|(name, value)| (name, value)));
        command
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_PAGER", "cat")
            .arg("-C")
            .arg(&self.dir);
        command
    }

    /// Runs git and gives what it prints, whatever it says of its end.
    pub(crate) fn try_run(&self, arguments: &[&str], input: &[u8]) -> Result<Output, GitError> {
        child::run(self.command().args(arguments), input).map_err(GitError::Run)
    }

    /// Runs git and gives what it prints.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        success(self.try_run(arguments, input)?, &verb(arguments))
    }

    /// Runs git and gives the one line that it prints.
    pub(crate) fn line(&self, arguments: &[&str]) -> Result<String, GitError> {
        self.line_of(arguments, b"")
    }

    fn line_of(&self, arguments: &[&str], input: &[u8]) -> Result<String, GitError> {
        line_from(self.run(arguments, input)?, &verb(arguments))
    }

    /// The object that a name stands for; `peel` as in `main^{commit}`, or nothing.
    pub(crate) fn resolve(&self, name: &str, peel: &str) -> Result<ObjectId, GitError> {
        let name = format!("{name}{peel}");
        let id = self.line(&["rev-parse", "--verify", "--end-of-options", &name])?;
        self.id("rev-parse", &id)
    }

    /// The same, or `None` where there is nothing with this name.
    pub(crate) fn try_resolve(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
        let output = self.try_run(&arguments, b"")?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        self.id("rev-parse", text.trim_end()).map(Some)
    }

    /// The whole name of a reference, such as `refs/heads/main` for `main` or `HEAD`; `None` for
    /// what is no reference.
    pub(crate) fn full_name(&self, name: &str) -> Result<Option<String>, GitError> {
        let arguments = [
            "rev-parse",
            "--symbolic-full-name",
            "--end-of-options",
            name,
        ];
        let output = self.try_run(&arguments, b"")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let found = text.lines().rfind(|line| line.starts_with("refs/"));
        Ok(found
            .filter(|_| output.status.success())
            .map(ToOwned::to_owned))
    }

    /// The commits that `wanted` reach and `unwanted` do not, parents before children.
    pub(crate) fn commits(
        &self,
        wanted: &[ObjectId],
        unwanted: &[ObjectId],
        options: &[&str],
    ) -> Result<Vec<ObjectId>, GitError> {
        let wanted = wanted.iter().map(ObjectId::to_string);
        let unwanted = unwanted.iter().map(|id| format!("^{id}"));
        let revisions: Vec<String> = wanted.chain(unwanted).collect();
        let mut arguments = vec!["rev-list", "--topo-order", "--reverse"];
        arguments.extend(revisions.iter().map(String::as_str));
        arguments.extend(options);
        let stdout = self.run(&arguments, b"")?;
        let text = String::from_utf8(stdout).map_err(|_| answer("rev-list"))?;
        text.lines().map(|line| self.id("rev-list", line)).collect()
    }

    /// The tags that name one of these commits.
    pub(crate) fn tags_of(&self, commits: &[ObjectId]) -> Result<Vec<String>, GitError> {
        let format = "--format=%(objectname) %(*objectname) %(refname:strip=2)";
        let stdout = self.run(&["for-each-ref", format, "refs/tags"], b"")?;
        let commits: HashSet<String> = commits.iter().map(ObjectId::to_string).collect();
        let text = String::from_utf8_lossy(&stdout);
        let mut tags = Vec::new();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (named, peeled) = (words.next(), words.next());
            let is_one = [named, peeled]
                .into_iter()
                .flatten()
                .any(|id| commits.contains(id));
            tags.extend(words.next().filter(|_| is_one).map(ToOwned::to_owned));
        }
        Ok(tags)
    }

    /// One object, of any size.
    fn read(&mut self, id: &ObjectId) -> Result<Found, GitError> {
        if self.batch.is_none() {
            let mut command = self.command();
            command.args(["cat-file", "--batch"]);
            self.batch = Some(Batch::start(command).map_err(GitError::Run)?);
        }
        let Some(batch) = &mut self.batch else {
            return Err(answer("cat-file"));
        };
        batch.read(id)
    }

    /// One object that has to be there.
    pub(crate) fn object_of(&mut self, id: &ObjectId) -> Result<RawObject, GitError> {
        match self.read(id)? {
            Found::Object(object) => Ok(object),
            Found::Missing => Err(GitError::NoObject { id: *id }),
            Found::TooLarge { found_bytes } => Err(GitError::TooLarge {
                id: *id,
                found_bytes,
            }),
        }
    }

    /// Writes an object, which nothing refers to yet. Git names it by itself.
    pub(crate) fn write(&self, object: &RawObject) -> Result<ObjectId, GitError> {
        let kind = object.kind().name();
        let arguments = ["hash-object", "-w", "-t", kind, "--stdin"];
        let id = self.line_of(&arguments, object.bytes())?;
        self.id("hash-object", &id)
    }

    /// Where git looks for hooks, whatever file says so.
    pub(crate) fn hooks_dir(&self) -> Result<PathBuf, GitError> {
        let arguments = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
        let mut command = self.bare_command();
        let output = child::run(command.args(arguments), b"").map_err(GitError::Run)?;
        let dir = line_from(success(output, "rev-parse")?, "rev-parse")?;
        Ok(PathBuf::from(dir))
    }

    /// A setting; `None` where it is not set.
    pub(crate) fn setting(&self, name: &str) -> Result<Option<String>, GitError> {
        let output = self.try_run(&["config", "--get", name], b"")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let is_set = output.status.success();
        Ok(is_set.then(|| text.trim_end_matches('\n').to_owned()))
    }

    /// Sets a setting of this repository.
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), GitError> {
        self.run(&["config", "--local", name, value], b"").map(drop)
    }

    /// Moves several references at once, each only if it still is where it was.
    pub(crate) fn update_refs(&self, updates: &[RefUpdate], message: &str) -> Result<(), GitError> {
        let mut input = Vec::new();
        for update in updates {
            let zeros = "0".repeat(update.new.format().id_len() * 2);
            let old = update.old.map_or(zeros, |id| id.to_string());
            let (reference, new) = (&update.reference, update.new);
            input.extend(format!("update {reference}\0{new}\0{old}\0").into_bytes());
        }
        let arguments = [
            "update-ref",
            "-m",
            message,
            "--create-reflog",
            "-z",
            "--stdin",
        ];
        self.run(&arguments, &input).map(drop)
    }

    /// Reads an id of this repository's format.
    pub(crate) fn id(&self, verb: &str, hex: &str) -> Result<ObjectId, GitError> {
        ObjectId::from_hex(self.format, hex.as_bytes()).map_err(|_| answer(verb))
    }

    /// Where each of these references stands now.
    pub(crate) fn standing(
        &self,
        references: &[&str],
    ) -> Result<HashMap<String, ObjectId>, GitError> {
        let mut found = HashMap::new();
        for reference in references {
            if let Some(id) = self.try_resolve(reference)? {
                found.insert((*reference).to_owned(), id);
            }
        }
        Ok(found)
    }
}

/// One reference that is to move.
#[derive(Clone, Debug)]
pub(crate) struct RefUpdate {
    pub(crate) reference: String,
    pub(crate) new: ObjectId,
    /// Where it has to stand; `None` where it must not exist.
    pub(crate) old: Option<ObjectId>,
}

impl ObjectSource for Repository {
    type Error = GitError;

    fn object(&mut self, id: &ObjectId) -> Result<Found, GitError> {
        self.read(id)
    }
}

/// Raw bytes of a kind that was read from git.
pub(super) fn raw(kind: ObjectKind, bytes: Vec<u8>, verb: &str) -> Result<RawObject, GitError> {
    RawObject::new(kind, bytes).map_err(|_| answer(verb))
}

pub(super) fn answer(verb: &str) -> GitError {
    GitError::Answer {
        verb: verb.to_owned(),
    }
}

/// What git has printed, if it says that it did what it was asked.
fn success(output: Output, verb: &str) -> Result<Vec<u8>, GitError> {
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(GitError::Failed {
            verb: verb.to_owned(),
            said: output.last_words(),
        }),
    }
}

fn line_from(stdout: Vec<u8>, verb: &str) -> Result<String, GitError> {
    let text = String::from_utf8(stdout).map_err(|_| answer(verb))?;
    Ok(text.trim_end_matches('\n').to_owned())
}

fn verb(arguments: &[&str]) -> String {
    arguments.first().copied().unwrap_or_default().to_owned()
}

/// Where a repository and its newest objects are.
const INHERITED: [&str; 5] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];
