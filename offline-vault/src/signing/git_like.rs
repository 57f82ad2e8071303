//! Files whose OpenPGP signature git would take for that of a commit or a tag.
//!
//! An OpenPGP signature says nothing of what it is for: whoever has one over the bytes of a commit
//! can put it into the commit. SSH signatures have a namespace, minisign's are never git's.

use signing_format::subject::{FileForm, FileSource, FileSubject};

use super::content::Content;
use super::policy::UseKind;
use super::review::ReviewError;

/// As what git would read the signature of a file.
///
/// Git itself is lenient: whatever begins like an object counts, also when the rest is odd, and
/// objects may be large. A file that did not come may be one.
pub(super) fn git_uses(file: &FileSubject, content: Option<&Content>) -> Vec<UseKind> {
    if !matches!(file.form, FileForm::OpenPgp | FileForm::OpenPgpClear) {
        return Vec::new();
    }
    match (&file.source, content) {
        (FileSource::Content(_), Some(content)) => {
            // A content that cannot be read is not signed; there is nothing to add.
            let found = use_of_content(content).unwrap_or_default();
            found.into_iter().collect()
        }
        _ => vec![UseKind::GitCommit, UseKind::GitTag],
    }
}

/// As what git would read a content.
pub(super) fn use_of_content(content: &Content) -> Result<Option<UseKind>, ReviewError> {
    Ok(use_of(&content.read_begin(BEGIN_BYTES)?))
}

/// As what git would read an object that begins like this.
fn use_of(begin: &[u8]) -> Option<UseKind> {
    if names_id(begin, b"tree ") {
        return Some(UseKind::GitCommit);
    }
    names_id(begin, b"object ").then_some(UseKind::GitTag)
}

/// Whether a header with this name and a whole id of either format stands first.
fn names_id(begin: &[u8], name: &[u8]) -> bool {
    let Some(rest) = begin.strip_prefix(name) else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
    matches!(digits.count(), 40 | 64)
}

/// Enough for the first header of any object.
const BEGIN_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_would_take_for_an_object_is_one() {
        let id = "a".repeat(40);
        let commit = format!("tree {id}\nauthor nobody\n");
        assert_eq!(use_of(commit.as_bytes()), Some(UseKind::GitCommit));
        let tag = format!("object {}\ntype commit\n", "0".repeat(64));
        assert_eq!(use_of(tag.as_bytes()), Some(UseKind::GitTag));
        for other in [
            "tree of life\n",
            "object lesson",
            "",
            &format!("\ntree {id}"),
        ] {
            assert_eq!(use_of(other.as_bytes()), None, "{other}");
        }
    }
}
