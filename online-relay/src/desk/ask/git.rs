//! Asking for the signatures of commits and tags that are there already.

use std::path::PathBuf;

use pack_format::shown::Shown;
use signing_format::git::{
    Commit, ContentError, Gathered, GitContent, LeftOut, LeftOutReason, ObjectId, ObjectKind,
    RawObject, SignError, Signable, Tag, ToSign, Unshown, gather,
};
use signing_format::key_reference::KeyReference;
use signing_format::limits::{NAME_BYTES_MAX, OBJECTS_MAX};
use signing_format::subject::{GitForm, GitSubject, Subject};

use super::super::Desk;
use super::super::error::DeskError;
use super::super::git::{GitError, Repository};
use super::super::key::DeskKey;
use super::super::limits::DIFF_BYTES_MAX;
use super::super::task::{GitTask, RefMove, Task};
use super::{AskOptions, Content, Draft, Made};
use crate::courier::quantity::Count;

/// Which commits and tags are to be signed.
#[derive(Clone, Debug, Default)]
pub struct GitOptions {
    /// A directory of the repository.
    pub repository: PathBuf,
    /// `BASE..TIP`: the commits that TIP has and BASE has not. With `root`, TIP alone.
    pub range: Option<String>,
    /// All commits that TIP has, from the repository's first one on.
    pub root: bool,
    /// An annotated tag without a signature.
    pub tag: Option<String>,
    /// The branch that moves, where TIP does not name one.
    pub reference: Option<String>,
    /// Leave out the files, so that the vault can show less.
    pub no_diff: bool,
    /// Also commits that others have already.
    pub pushed: bool,
}

/// What is to be signed, in order, and what moves then.
#[derive(Default)]
struct Chosen {
    objects: Vec<RawObject>,
    moves: Vec<RefMove>,
    commit_count: u64,
    /// Tags that go on naming unsigned commits.
    left_tags: Vec<String>,
}

impl Desk<'_> {
    /// Asks for the signatures of commits, of a tag, or of both at once.
    ///
    /// # Errors
    /// Any [`DeskError`] that says why the request cannot be made.
    pub fn sign_git(&mut self, options: &GitOptions, ask: &AskOptions) -> Result<Made, DeskError> {
        let key = self.key(&ask.key)?;
        let mut repository = Repository::open(&options.repository)?;
        let mut chosen = Chosen::default();
        if let Some(range) = &options.range {
            choose_commits(&mut repository, range, options, &mut chosen)?;
        }
        if let Some(tag) = &options.tag {
            choose_tag(&mut repository, tag, &mut chosen)?;
        }
        if chosen.objects.is_empty() {
            return Err(DeskError::NothingToSign);
        }
        let (content, gathered) = pack(&mut repository, &chosen.objects, !options.no_diff)?;
        let about = about(&repository, &chosen)?;
        let dir = std::fs::canonicalize(repository.dir())
            .map_err(DeskError::file("looking for it", repository.dir()))?;
        let reference = chosen.moves.first().map(|moved| moved.reference.clone());
        let task = Task::Git(GitTask {
            repository: dir,
            moves: chosen.moves,
        });
        let subject = Objects {
            repository: repository.name()?,
            reference: reference.unwrap_or_default(),
            count: chosen.objects.len(),
            content,
        };
        let mut made = self.submit_git(&key, ask, subject, task, about)?;
        made.warnings.extend(chosen.left_tags.iter().map(|tag| {
            format!(
                "the tag {} goes on naming a commit without a signature; an annotated one is \
                 signed along with --tag, a light one is made anew afterwards",
                Shown(tag)
            )
        }));
        made.not_shown = gathered.left_out.iter().map(left_out_text).collect();
        Ok(made)
    }

    /// Asks for the signatures of objects that are at hand.
    pub(crate) fn submit_git(
        &mut self,
        key: &DeskKey,
        ask: &AskOptions,
        objects: Objects,
        task: Task,
        about: String,
    ) -> Result<Made, DeskError> {
        let form = git_form(key)?;
        let count = u32::try_from(objects.count).unwrap_or(u32::MAX);
        let too_many = count > OBJECTS_MAX;
        if too_many {
            return Err(DeskError::TooManyObjects {
                found: objects.count,
            });
        }
        let (repository, reference) = (bounded(objects.repository), objects.reference);
        if reference.len() > usize::from(NAME_BYTES_MAX) {
            return Err(DeskError::TooLong {
                what: "the name of the branch or tag",
                limit: NAME_BYTES_MAX,
            });
        }
        let draft = Draft {
            key,
            content: Some(Content::of(&objects.content)),
            task,
            about,
        };
        self.submit(ask, draft, |content| {
            Ok(Subject::Git(GitSubject {
                repository,
                reference,
                form,
                object_count: count,
                content: content.ok_or(DeskError::ChangedWhileRead)?,
            }))
        })
    }
}

/// Git objects that are ready to cross.
pub(crate) struct Objects {
    /// What the repository is called.
    pub(crate) repository: String,
    /// What moves.
    pub(crate) reference: String,
    /// How many are signed.
    pub(crate) count: usize,
    /// They, and what is shown beside them.
    pub(crate) content: Vec<u8>,
}

/// Encodes the objects to sign with what the vault needs to show them.
pub(crate) fn pack(
    repository: &mut Repository,
    objects: &[RawObject],
    with_diff: bool,
) -> Result<(Vec<u8>, Gathered), DeskError> {
    let format = repository.format();
    let gathered = match with_diff {
        true => {
            let to_sign: Result<Vec<ToSign>, SignError> = objects
                .iter()
                .map(|raw| ToSign::parse(raw, format))
                .collect();
            gather(repository, format, &to_sign?, DIFF_BYTES_MAX).map_err(DeskError::Gather)?
        }
        false => Gathered::default(),
    };
    let content = GitContent::new(format, objects, gathered.material.clone())?;
    Ok((content.encode()?, gathered))
}

/// What a key makes in git.
pub(crate) fn git_form(key: &DeskKey) -> Result<GitForm, DeskError> {
    match key.reference {
        KeyReference::OpenPgpV4(_) | KeyReference::OpenPgpV6(_) => Ok(GitForm::OpenPgp),
        KeyReference::Ssh(_) => Ok(GitForm::Ssh),
        KeyReference::Minisign { .. } => Err(DeskError::NotForGit {
            form: "signature of git".to_owned(),
            key: key.name.clone(),
        }),
    }
}

fn choose_commits(
    repository: &mut Repository,
    range: &str,
    options: &GitOptions,
    chosen: &mut Chosen,
) -> Result<(), DeskError> {
    let bad_range = || DeskError::BadRange {
        range: range.to_owned(),
    };
    let (base, tip) = match (options.root, range.split_once("..")) {
        (true, None) => (None, range),
        (false, Some((base, tip))) => (Some(base), tip),
        _ => return Err(bad_range()),
    };
    if base.is_some_and(str::is_empty) || tip.is_empty() || tip.starts_with('.') {
        return Err(bad_range());
    }
    let commit = |side, name: &str| {
        let found = repository.try_resolve(&format!("{name}^{{commit}}"))?;
        found.ok_or_else(|| DeskError::NoCommit {
            side,
            name: name.to_owned(),
        })
    };
    let base_id = base.map(|base| commit("begins", base)).transpose()?;
    let tip_id = commit("ends", tip)?;
    let before: Vec<ObjectId> = base_id.into_iter().collect();
    let reference = match &options.reference {
        Some(named) => repository.full_name(named)?,
        None => repository.full_name(tip)?,
    };
    let reference = reference.filter(|name| name.starts_with("refs/heads/"));
    let reference = reference.ok_or_else(|| DeskError::WhichBranch {
        tip: options.reference.clone().unwrap_or_else(|| tip.to_owned()),
    })?;
    if repository.try_resolve(&reference)? != Some(tip_id) {
        return Err(DeskError::BranchElsewhere { reference });
    }
    let commits = repository.commits(&[tip_id], &before, &[])?;
    if commits.len() > usize::try_from(OBJECTS_MAX).unwrap_or(usize::MAX) {
        return Err(DeskError::TooManyObjects {
            found: commits.len(),
        });
    }
    if !options.pushed {
        let unpushed = repository.commits(&[tip_id], &before, &["--not", "--remotes"])?;
        let pushed_count = commits.len().saturating_sub(unpushed.len());
        if pushed_count > 0 {
            return Err(DeskError::Pushed { pushed_count });
        }
    }
    let tags = repository.tags_of(&commits)?.into_iter();
    let is_other = |tag: &String| options.tag.as_deref().map(short_tag) != Some(tag.as_str());
    chosen.left_tags = tags.filter(is_other).collect();
    for id in &commits {
        chosen.objects.push(unsigned(repository, id)?);
    }
    chosen.commit_count = commits.len() as u64;
    if !commits.is_empty() {
        chosen.moves.push(RefMove {
            reference,
            old: tip_id,
        });
    }
    Ok(())
}

fn choose_tag(
    repository: &mut Repository,
    tag: &str,
    chosen: &mut Chosen,
) -> Result<(), DeskError> {
    let short = short_tag(tag);
    let reference = format!("refs/tags/{short}");
    let found = repository.try_resolve(&reference)?;
    let id = found.ok_or_else(|| DeskError::NoTag {
        tag: short.to_owned(),
    })?;
    let object = repository.object_of(&id)?;
    if object.kind() != ObjectKind::Tag {
        return Err(DeskError::LightTag {
            tag: short.to_owned(),
        });
    }
    chosen.objects.push(unsigned(repository, &id)?);
    chosen.moves.push(RefMove { reference, old: id });
    Ok(())
}

fn short_tag(tag: &str) -> &str {
    tag.strip_prefix("refs/tags/").unwrap_or(tag)
}

/// An object that has no signature yet.
fn unsigned(repository: &mut Repository, id: &ObjectId) -> Result<RawObject, DeskError> {
    let object = repository.object_of(id)?;
    match Signable::parse(&object, repository.format()) {
        Ok(_) => Ok(object),
        Err(SignError::AlreadySigned { what }) => Err(DeskError::AlreadySigned { what, id: *id }),
        Err(source) => Err(DeskError::CannotSign { id: *id, source }),
    }
}

fn about(repository: &Repository, chosen: &Chosen) -> Result<String, DeskError> {
    let tag_count = (chosen.objects.len() as u64).saturating_sub(chosen.commit_count);
    let mut what = Vec::new();
    if chosen.commit_count > 0 {
        what.push(Count(chosen.commit_count, "commit").to_string());
    }
    if tag_count > 0 {
        what.push(Count(tag_count, "tag").to_string());
    }
    let mut about = format!(
        "Sign {} of the git repository {}\n",
        what.join(" and "),
        Shown(&repository.name()?)
    );
    for moved in &chosen.moves {
        let name = Shown(&moved.reference);
        about.push_str(&format!("Moves: {name}, now at {}\n", moved.old));
    }
    let format = repository.format();
    for object in chosen.objects.iter().take(SUBJECTS_SHOWN) {
        let line = first_line(object, format);
        let id = object.id(format).map_err(SignError::from)?;
        about.push_str(&format!("  {} {}\n", short(&id), Shown(&line)));
    }
    let more = chosen.objects.len().saturating_sub(SUBJECTS_SHOWN);
    if more > 0 {
        about.push_str(&format!("  and {more} more\n"));
    }
    Ok(about)
}

/// The first line of a message.
pub(crate) fn first_line(object: &RawObject, format: signing_format::git::ObjectFormat) -> String {
    let message = match object.kind() {
        ObjectKind::Tag => Tag::parse(object, format).map(|tag| tag.message().to_vec()),
        _ => Commit::parse(object, format).map(|commit| commit.message().to_vec()),
    };
    let message = message.unwrap_or_default();
    let line = message
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

fn short(id: &ObjectId) -> String {
    id.to_string().chars().take(12).collect()
}

/// What the vault will call not shown, for a person.
pub(crate) fn left_out_text(left_out: &LeftOut) -> String {
    let path = String::from_utf8_lossy(&left_out.path);
    let path = match path.is_empty() {
        true => "a commit".to_owned(),
        false => Shown(&path).to_string(),
    };
    match &left_out.reason {
        LeftOutReason::Budget { needed_bytes } => format!("{path}: {needed_bytes} bytes"),
        LeftOutReason::Unshown(Unshown::Missing { id }) => format!("{path}: {id} is not here"),
        LeftOutReason::Unshown(Unshown::ObjectTooLarge { found_bytes, .. }) => {
            format!("{path}: {found_bytes} bytes")
        }
        _ => path,
    }
}

fn bounded(mut name: String) -> String {
    let mut end = name.len().min(usize::from(NAME_BYTES_MAX));
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.truncate(end);
    name
}

impl From<SignError> for DeskError {
    fn from(source: SignError) -> Self {
        Self::GitObject(source)
    }
}

impl From<ContentError> for DeskError {
    fn from(source: ContentError) -> Self {
        Self::GitContent(source)
    }
}

impl From<GitError> for DeskError {
    fn from(source: GitError) -> Self {
        Self::Git(source)
    }
}

/// Messages of which the first line is kept with the request.
const SUBJECTS_SHOWN: usize = 20;
