//! A pre-push hook that lets nothing unsigned leave.

use std::env;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use signing_format::git::{Commit, ObjectId, ObjectKind, Tag};
use signing_format::openpgp::{ArmorKind, dearmor};

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

/// Checks what git is about to push, in the lines that it gives to its hook. `remote` is the name
/// that it gives, or the URL where there is no name.
///
/// That each object has the form of a signature is checked, not by whom it is: keys of other people
/// are not known here.
///
/// # Errors
/// [`DeskError::Unsigned`]; [`DeskError::HookInput`], [`DeskError::Git`].
pub(super) fn check_push(remote: Option<&str>, lines: &str) -> Result<(), DeskError> {
    let mut repository = Repository::of_caller()?;
    let (mut leaving, mut known) = (Vec::new(), Vec::new());
    for line in lines.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, local, _, there] = words.as_slice() else {
            return Err(DeskError::HookInput);
        };
        let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
        if !is_zero(local) {
            leaving.push(repository.id("push", local)?);
        }
        // What the server has is known only as far as it was fetched.
        let there = repository.id("push", there)?;
        if let Some(there) = repository.try_resolve(&format!("{there}^{{commit}}"))? {
            known.push(there);
        }
    }
    let fetched = remote.and_then(fetched_from);
    let options: Vec<&str> = match &fetched {
        Some(fetched) => vec!["--not", fetched],
        None => Vec::new(),
    };
    let mut unsigned = Vec::new();
    for id in leaving {
        check_one(&mut repository, id, &known, &options, &mut unsigned)?;
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

/// The option of `git rev-list` for what was fetched from this remote. What another one has says
/// nothing of this one. A URL, or a name that git would read as a pattern, has fetched nothing.
fn fetched_from(remote: &str) -> Option<String> {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || "-_./".contains(ch);
    let is_name = !remote.is_empty() && remote.chars().all(is_plain);
    is_name.then(|| format!("--remotes={remote}"))
}

fn check_one(
    repository: &mut Repository,
    local: ObjectId,
    known: &[ObjectId],
    options: &[&str],
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
        if !signature_of_tag(&tag).is_some_and(is_signature) {
            unsigned.push(("tag", tip));
        }
        tip = tag.object();
    }
    if repository.object_of(&tip)?.kind() != ObjectKind::Commit {
        return Ok(());
    }
    for id in repository.commits(&[tip], known, options)? {
        let object = repository.object_of(&id)?;
        let commit = Commit::parse(&object, repository.format());
        let is_signed = commit.is_ok_and(|commit| {
            let headers = commit.headers().iter();
            let mut signatures = headers.filter(|header| {
                Some(header.name()) == commit.signature_header().map(str::as_bytes)
            });
            signatures.any(|header| is_signature(header.value()))
        });
        if !is_signed {
            unsigned.push(("commit", id));
        }
    }
    Ok(())
}

/// What stands at the end of a tag's message.
fn signature_of_tag(tag: &Tag) -> Option<&[u8]> {
    let message = tag.message();
    let begins = |at: &usize| {
        let rest = message.get(*at..).unwrap_or_default();
        let is_line = at
            .checked_sub(1)
            .is_none_or(|before| message.get(before) == Some(&b'\n'));
        is_line && rest.starts_with(ARMOR)
    };
    let at = (0..message.len()).rev().find(begins)?;
    message.get(at..)
}

/// Whether these bytes have the form of a signature that git knows: OpenPGP, SSH, or X.509.
fn is_signature(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.trim_end().lines();
    let (first, last) = (lines.next(), lines.next_back());
    let between = |kind: &str| {
        first == Some(&format!("-----BEGIN {kind}-----"))
            && last == Some(&format!("-----END {kind}-----"))
    };
    let decoded = || BASE64.decode(lines.clone().collect::<String>().as_bytes());
    if between("PGP SIGNATURE") {
        let opened = dearmor(text.as_bytes());
        return opened
            .is_ok_and(|(kind, packets)| kind == ArmorKind::Signature && !packets.is_empty());
    }
    if between("SSH SIGNATURE") {
        return decoded().is_ok_and(|blob| blob.starts_with(b"SSHSIG"));
    }
    between("SIGNED MESSAGE") && decoded().is_ok_and(|blob| !blob.is_empty())
}

const ARMOR: &[u8] = b"-----BEGIN ";
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

    #[test]
    fn only_what_has_the_form_of_a_signature_counts() {
        let pgp = signing_format::openpgp::armor(b"packet");
        let ssh = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----";
        assert!(is_signature(pgp.as_bytes()) && is_signature(ssh.as_bytes()));
        let other = ssh.replace("U1NI", "AAAA");
        for text in [
            "",
            "nonsense",
            "-----BEGIN PGP SIGNATURE-----",
            other.as_str(),
        ] {
            assert!(!is_signature(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_another_remote_has_is_never_taken_for_what_this_one_has() {
        assert_eq!(fetched_from("origin").as_deref(), Some("--remotes=origin"));
        for remote in ["*", "ori?in", "[a-z]*", "", "https://example.org/x"] {
            assert_eq!(fetched_from(remote), None, "{remote}");
        }
    }
}
