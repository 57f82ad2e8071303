//! A pre-push hook that lets nothing unsigned leave.

use std::env;
use std::path::{Path, PathBuf};

use signing_format::git::{Commit, ObjectId, ObjectKind, Tag};

use super::error::DeskError;
use super::git::Repository;
use super::{input, output};

/// Writes the hook and gives its path.
///
/// # Errors
/// [`DeskError::HookExists`] where another one is and may not be replaced; [`DeskError::Git`],
/// [`DeskError::File`].
pub(super) fn install(dir: &Path, overwrite: bool) -> Result<PathBuf, DeskError> {
    let repository = Repository::open(dir)?;
    let hooks = repository.hooks_dir()?;
    let path = hooks.join("pre-push");
    let program = own_path()?;
    let text = format!(
        "#!/bin/sh\n# Installed by `online-relay desk hook install`: lets nothing unsigned leave.\n\
         exec {} desk check-push \"$@\"\n",
        quoted(&program.to_string_lossy())
    );
    output::make_folder(&hooks)?;
    match output::write(
        &path,
        text.as_bytes(),
        output::PROGRAM,
        overwrite || is_ours(&path),
    ) {
        Err(DeskError::OutputExists { path }) => Err(DeskError::HookExists { path }),
        written => written.map(|()| path),
    }
}

/// Whether a hook that is there was written by [`install`].
fn is_ours(path: &Path) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    let before = input::read(path, HOOK_BYTES_MAX).unwrap_or_default();
    !is_link && String::from_utf8_lossy(&before).contains(MARK)
}

/// Where this program is.
pub(super) fn own_path() -> Result<PathBuf, DeskError> {
    env::current_exe().map_err(DeskError::OwnPath)
}

/// One word for a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Checks what git is about to push, in the lines that it gives to its hook.
///
/// # Errors
/// [`DeskError::Unsigned`]; [`DeskError::HookInput`], [`DeskError::Git`].
pub(super) fn check_push(lines: &str) -> Result<(), DeskError> {
    let mut repository = Repository::of_caller()?;
    let mut unsigned = Vec::new();
    for line in lines.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, local, _, remote] = words.as_slice() else {
            return Err(DeskError::HookInput);
        };
        let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
        if is_zero(local) {
            continue;
        }
        let local = repository.id("push", local)?;
        let remote = match is_zero(remote) {
            true => None,
            false => Some(repository.id("push", remote)?),
        };
        check_one(&mut repository, local, remote, &mut unsigned)?;
    }
    match unsigned.first() {
        None => Ok(()),
        Some((what, id)) => Err(DeskError::Unsigned {
            what,
            id: *id,
            count: unsigned.len(),
        }),
    }
}

fn check_one(
    repository: &mut Repository,
    local: ObjectId,
    remote: Option<ObjectId>,
    unsigned: &mut Vec<(&'static str, ObjectId)>,
) -> Result<(), DeskError> {
    let mut tip = local;
    // A tag may name a tag; each of them leaves.
    for _ in 0..TAGS_DEEP_MAX {
        let object = repository.object_of(&tip)?;
        if object.kind() != ObjectKind::Tag {
            break;
        }
        let tag = Tag::parse(&object, repository.format());
        let tag = tag.map_err(|_| DeskError::HookInput)?;
        if !tag.holds_signature() {
            unsigned.push(("tag", tip));
        }
        tip = tag.object();
    }
    if repository.object_of(&tip)?.kind() != ObjectKind::Commit {
        return Ok(());
    }
    // What the server has is known only as far as it was fetched.
    let known = match remote {
        Some(id)
            if repository
                .try_resolve(&format!("{id}^{{commit}}"))?
                .is_some() =>
        {
            vec![id]
        }
        _ => Vec::new(),
    };
    for id in repository.commits(&[tip], &known, &["--not", "--remotes"])? {
        let object = repository.object_of(&id)?;
        let commit = Commit::parse(&object, repository.format());
        let is_signed = commit.is_ok_and(|commit| commit.signature_header().is_some());
        if !is_signed {
            unsigned.push(("commit", id));
        }
    }
    Ok(())
}

/// Larger than any hook that is written here.
const HOOK_BYTES_MAX: u64 = 64 << 10;
const MARK: &str = "online-relay desk hook install";
const TAGS_DEEP_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_quoted_word_as_it_was() {
        assert_eq!(quoted("/a b/c"), "'/a b/c'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
