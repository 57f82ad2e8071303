//! What is signed, and where the signature goes: the header `gpgsig` or `gpgsig-sha256` of a
//! commit, the end of a tag.

use pack_format::advice::{Advice, Exit};
use thiserror::Error;

use super::{
    commit::Commit,
    header::ParseError,
    limits::{ARMOR_BYTES_MAX, SIGNED_BYTES_MAX},
    object::{ObjectError, ObjectFormat, ObjectId, ObjectKind, RawObject},
    tag::Tag,
};

/// A commit or a tag without a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signable {
    /// A commit.
    Commit(Commit),
    /// A tag.
    Tag(Tag),
}

impl Signable {
    /// Reads what is to be signed.
    ///
    /// # Errors
    /// [`SignError::AlreadySigned`] when there is a signature; [`SignError::NotSignable`] for
    /// trees and blobs; [`SignError::TooLarge`]; [`SignError::UnendedMessage`]; and
    /// [`SignError::Parse`].
    pub fn parse(raw: &RawObject, format: ObjectFormat) -> Result<Self, SignError> {
        if raw.bytes().len() > SIGNED_BYTES_MAX {
            return Err(SignError::TooLarge {
                found_bytes: raw.bytes().len(),
            });
        }
        match raw.kind() {
            ObjectKind::Commit => {
                let commit = Commit::parse(raw, format)?;
                match commit.signature_header() {
                    Some(_) => Err(SignError::AlreadySigned { what: "commit" }),
                    None => Ok(Self::Commit(commit)),
                }
            }
            ObjectKind::Tag => {
                let tag = Tag::parse(raw, format)?;
                if tag.holds_signature() {
                    return Err(SignError::AlreadySigned { what: "tag" });
                }
                // Git finds the signature at the begin of a line only.
                if !raw.bytes().ends_with(b"\n") {
                    return Err(SignError::UnendedMessage);
                }
                Ok(Self::Tag(tag))
            }
            kind => Err(SignError::NotSignable { kind }),
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        match self {
            Self::Commit(_) => ObjectKind::Commit,
            Self::Tag(_) => ObjectKind::Tag,
        }
    }

    /// The ids that it builds on: the parents of a commit, the object of a tag.
    #[must_use]
    pub fn builds_on(&self) -> Vec<ObjectId> {
        match self {
            Self::Commit(commit) => commit.parents().to_vec(),
            Self::Tag(tag) => vec![tag.object()],
        }
    }

    /// The bytes that a signature is made over.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Commit(commit) => commit.to_bytes(),
            Self::Tag(tag) => tag.to_bytes(),
        }
    }

    /// The same, with each id that it builds on replaced by what `new_id` has for it.
    pub(crate) fn relinked(self, new_id: impl Fn(&ObjectId) -> Option<ObjectId>) -> Self {
        let moved = |old: &ObjectId| new_id(old).unwrap_or(*old);
        match self {
            Self::Commit(commit) => {
                let parents = commit.parents().iter().map(moved).collect();
                Self::Commit(commit.with_parents(parents))
            }
            Self::Tag(tag) => {
                let object = moved(&tag.object());
                Self::Tag(tag.with_object(object))
            }
        }
    }

    /// The object with the signature in it, as `git commit -S` and `git tag -s` write it.
    ///
    /// A commit gets it as its last header, each line after the first behind a space; a tag has it
    /// after its message, in both formats of ids. The signature itself is *not* checked.
    ///
    /// # Errors
    /// [`SignError::Armor`] when `armored` is not lines of printable ASCII, the first of which
    /// begins with `-----BEGIN ` and the last of which ends, each line with one line feed;
    /// [`SignError::Object`].
    pub fn with_signature(&self, armored: &str) -> Result<RawObject, SignError> {
        let lines = checked_armor(armored)?;
        let bytes = match self {
            Self::Commit(commit) => {
                let header = commit.format().signature_header();
                commit.with_last_header(header, lines.as_bytes())
            }
            Self::Tag(tag) => {
                let mut bytes = tag.to_bytes();
                bytes.extend_from_slice(armored.as_bytes());
                bytes
            }
        };
        Ok(RawObject::new(self.kind(), bytes)?)
    }
}

/// One object of a request with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSign {
    id: ObjectId,
    object: Signable,
}

impl ToSign {
    /// Reads what is to be signed and computes its id.
    ///
    /// # Errors
    /// As [`Signable::parse`], and [`SignError::Object`].
    pub fn parse(raw: &RawObject, format: ObjectFormat) -> Result<Self, SignError> {
        Ok(Self {
            id: raw.id(format)?,
            object: Signable::parse(raw, format)?,
        })
    }

    /// The id before signing.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Signable {
        &self.object
    }

    /// The commit, when it is one.
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        match &self.object {
            Signable::Commit(commit) => Some(commit),
            Signable::Tag(_) => None,
        }
    }
}

/// Why an object cannot be signed, or a signature not be put into it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The object is signed already; a second signature would not be seen by git.
    #[error("the {what} is signed already")]
    AlreadySigned {
        /// What it is.
        what: &'static str,
    },
    /// Only commits and tags are signed.
    #[error("a {kind} cannot be signed")]
    NotSignable {
        /// What it is.
        kind: ObjectKind,
    },
    /// The object is larger than what a person reads to its end.
    #[error("{found_bytes} bytes to sign are over the limit of {SIGNED_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        found_bytes: usize,
    },
    /// The tag does not end with a line feed, so that git would not see the signature.
    #[error("the tag does not end with a line feed")]
    UnendedMessage,
    /// The signature is not of the form that goes into an object.
    #[error("the signature is not armoured text: {what}")]
    Armor {
        /// What is wrong.
        what: &'static str,
    },
    /// The chain was given the signature of another object than the one that is next.
    #[error("a signature for an object that is not the next")]
    NotNext,
    /// The object is not a commit or a tag of the form that git writes.
    #[error("the object cannot be read")]
    Parse(#[from] ParseError),
    /// The object cannot be named.
    #[error("the object has no id")]
    Object(#[from] ObjectError),
}

impl Advice for SignError {
    fn code(&self) -> &'static str {
        match self {
            Self::AlreadySigned { .. } => "git-already-signed",
            Self::NotSignable { .. } => "git-not-signable",
            Self::TooLarge { .. } => "git-object-too-large",
            Self::UnendedMessage => "git-tag-unended",
            Self::Armor { .. } | Self::NotNext => "git-signature-unfit",
            Self::Parse(_) | Self::Object(_) => "git-object-unreadable",
        }
    }

    fn data_safe(&self) -> String {
        NOTHING_SIGNED.to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::AlreadySigned { .. } => {
                "Ask only for what comes after the last signed commit, with that commit as BASE."
            }
            Self::NotSignable { .. } => "Name commits or annotated tags: git tag -a makes one.",
            Self::TooLarge { .. } => "Shorten the message with git commit --amend.",
            Self::UnendedMessage => "Make the tag again with git tag -a -f.",
            Self::Armor { .. } | Self::NotNext => {
                "Ask again; if it happens again, do not trust who made the reply."
            }
            Self::Parse(_) | Self::Object(_) => {
                "Look at the object with git fsck, and make it again with stock git."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotSignable { .. } => Exit::Usage,
            _ => Exit::Refused,
        }
    }
}

/// What is true of every refusal here.
pub(crate) const NOTHING_SIGNED: &str = "Nothing was signed, and the repository is as it was.";

/// The armoured text without its last line feed.
fn checked_armor(armored: &str) -> Result<&str, SignError> {
    let err = |what| Err(SignError::Armor { what });
    if armored.len() > ARMOR_BYTES_MAX {
        return err("it is too long");
    }
    if !armored.starts_with("-----BEGIN ") {
        return err("it does not begin as one");
    }
    if !armored
        .bytes()
        .all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte))
    {
        return err("it holds other bytes than printable ASCII and line feeds");
    }
    match armored.strip_suffix('\n') {
        Some(lines) if !lines.ends_with('\n') => Ok(lines),
        _ => err("it does not end with exactly one line feed"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----\n\nAAAA\n-----END SSH SIGNATURE-----\n";

    fn commit() -> RawObject {
        samples::commit_with_headers("mergetag x\n y\n", b"message")
    }

    #[test]
    fn a_commit_gets_the_signature_as_its_last_header() {
        let signable = Signable::parse(&commit(), samples::FORMAT).unwrap();
        let signed = signable.with_signature(ARMOR).unwrap();
        let text = String::from_utf8(signed.into_bytes()).unwrap();
        assert!(text.ends_with(
            "mergetag x\n y\ngpgsig -----BEGIN SSH SIGNATURE-----\n \n AAAA\n \
             -----END SSH SIGNATURE-----\n\nmessage"
        ));
    }

    #[test]
    fn a_tag_gets_the_signature_at_its_end() {
        let raw = samples::tag(samples::id(&commit()), "message\n");
        let signable = Signable::parse(&raw, samples::FORMAT).unwrap();
        let signed = signable.with_signature(ARMOR).unwrap();
        assert_eq!(signed.bytes(), [raw.bytes(), ARMOR.as_bytes()].concat());
    }

    #[test]
    fn rejects_what_is_signed_already() {
        for headers in ["gpgsig x\n", "gpgsig-sha256 x\n"] {
            let raw = samples::commit_with_headers(headers, b"");
            assert_eq!(
                Signable::parse(&raw, samples::FORMAT),
                Err(SignError::AlreadySigned { what: "commit" })
            );
        }
        let raw = samples::tag(samples::id(&commit()), ARMOR);
        assert_eq!(
            Signable::parse(&raw, samples::FORMAT),
            Err(SignError::AlreadySigned { what: "tag" })
        );
    }

    #[test]
    fn rejects_a_tag_after_which_git_would_not_see_a_signature() {
        let raw = samples::tag(samples::id(&commit()), "message");
        assert_eq!(
            Signable::parse(&raw, samples::FORMAT),
            Err(SignError::UnendedMessage)
        );
    }

    #[test]
    fn rejects_trees_and_blobs_and_what_is_too_long_to_read() {
        assert_eq!(
            Signable::parse(&samples::blob(""), samples::FORMAT),
            Err(SignError::NotSignable {
                kind: ObjectKind::Blob
            })
        );
        let raw = samples::commit_with_headers("", &vec![b'x'; SIGNED_BYTES_MAX]);
        assert!(matches!(
            Signable::parse(&raw, samples::FORMAT),
            Err(SignError::TooLarge { .. })
        ));
    }

    #[test]
    fn rejects_signatures_that_would_break_the_object() {
        let signable = Signable::parse(&commit(), samples::FORMAT).unwrap();
        for armored in [
            "",
            "AAAA\n",
            &ARMOR[..ARMOR.len() - 1],
            &format!("{ARMOR}\n"),
            &ARMOR.replace('\n', "\r\n"),
            &ARMOR.replace("AAAA", "A\0AA"),
            &ARMOR.replace("AAAA", "Ä"),
            &ARMOR.replace("AAAA", &"A".repeat(ARMOR_BYTES_MAX)),
        ] {
            let found = signable.with_signature(armored);
            assert!(matches!(found, Err(SignError::Armor { .. })), "{armored:?}");
        }
    }
}
