//! What a person has to see of a request before it can be approved.
//!
//! A review is plain data: sections of lines, and the risks that have no better remedy than a
//! person who types their name. The command line prints it; a screen would draw the same. Nothing
//! that is signed is left out of it, or approving is impossible: a property test holds the code
//! to that.

mod archive;
pub(super) mod certificate;
pub(super) mod file;
pub(super) mod git;
mod head;
pub(super) mod message;
mod rows;
mod text;

use std::fmt;

use pack_format::chunked::ChunkedError;
use thiserror::Error;

pub(crate) use head::{ShownApproval, Surroundings, head};
pub use message::message_lines;
pub(crate) use text::escaped;

use crate::openpgp::OpenPgpError;

#[cfg(test)]
mod tests;

/// All that has to be shown of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// In the order in which they are shown.
    pub sections: Vec<Section>,
    /// What the person has to accept by name, if anything, before it can be approved.
    pub risks: Vec<Risk>,
}

/// Some lines under a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading: our words only.
    pub title: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A field: our name for it, and a value that was escaped.
    Field(&'static str, String),
    /// Foreign text, escaped, one line; shown behind a bar, so that it cannot pass for ours.
    Quote(String),
    /// Our own words.
    Note(String),
    /// Our own words, about something that could hurt.
    Warning(String),
}

/// Something that cannot be shown and could be anything. Its name is what a person types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Risk {
    /// The file did not cross; only its hash did.
    ContentNotSeen,
    /// Of a type that this program does not know.
    UnknownContent,
    /// Bytes that programs read and people do not.
    BinaryContent,
    /// Text that is longer than anybody reads.
    ContentTooLong,
    /// An archive whose list of files could not be read to its end.
    ArchiveNotListed,
    /// A commit of which not all changes are shown.
    ChangesNotShown,
    /// A tag over something that is not shown.
    TargetNotShown,
    /// Paths that some programs take for others.
    SuspiciousPaths,
    /// A commit that git shows in another encoding than this program.
    OtherEncoding,
    /// A certificate with parts that could not be read.
    UnknownCertificateParts,
}

impl Risk {
    /// Every risk there is.
    pub const ALL: [Self; 10] = [
        Self::ContentNotSeen,
        Self::UnknownContent,
        Self::BinaryContent,
        Self::ContentTooLong,
        Self::ArchiveNotListed,
        Self::ChangesNotShown,
        Self::TargetNotShown,
        Self::SuspiciousPaths,
        Self::OtherEncoding,
        Self::UnknownCertificateParts,
    ];

    /// The risk with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.name() == name)
    }

    /// The name that a person types.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ContentNotSeen => "content-not-seen",
            Self::UnknownContent => "unknown-content",
            Self::BinaryContent => "binary-content",
            Self::ContentTooLong => "content-too-long",
            Self::ArchiveNotListed => "archive-not-listed",
            Self::ChangesNotShown => "changes-not-shown",
            Self::TargetNotShown => "target-not-shown",
            Self::SuspiciousPaths => "suspicious-paths",
            Self::OtherEncoding => "other-encoding",
            Self::UnknownCertificateParts => "unknown-certificate-parts",
        }
    }

    /// What could go wrong, in a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::ContentNotSeen => {
                "CONTENT NOT SEEN: the file did not cross the gap. You would sign whatever has this \
                 hash; compare it with one from a source that you trust."
            }
            Self::UnknownContent => {
                "UNKNOWN CONTENT: this program cannot tell what these bytes are."
            }
            Self::BinaryContent => {
                "BINARY CONTENT: bytes that programs read and people do not. You see what they seem \
                 to be, how large they are, and their hash or id; compare it with one from a source \
                 that you trust."
            }
            Self::ContentTooLong => {
                "NOT ALL SHOWN: the text is longer than what is shown; only its begin is."
            }
            Self::ArchiveNotListed => {
                "NOT ALL SHOWN: the files in this archive could not all be listed."
            }
            Self::ChangesNotShown => {
                "NOT ALL SHOWN: the request does not prove everything that these commits change."
            }
            Self::TargetNotShown => {
                "TARGET NOT SHOWN: the tag names something that is not shown. Compare its id with \
                 one from a source that you trust."
            }
            Self::SuspiciousPaths => {
                "SUSPICIOUS PATHS: some programs take these paths for others, such as .git."
            }
            Self::OtherEncoding => {
                "OTHER ENCODING: a commit names an encoding other than UTF-8; git may show its \
                 message and names differently from what is shown here."
            }
            Self::UnknownCertificateParts => {
                "UNKNOWN PARTS: the certificate holds what this program cannot read."
            }
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A request cannot be shown, and so cannot be approved at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// Its content is gone from the disk.
    #[error("the request's content is not here any more")]
    ContentMissing,
    /// Its content does not open, or cannot be read.
    #[error("the request's content cannot be read")]
    Content(#[source] ChunkedError),
    /// Its content is not what the desk says.
    #[error("the request's content has another hash than the request says")]
    ContentDiffers,
    /// It is larger than what this kind of request may bring.
    #[error("the request's content has {found_bytes} bytes, more than {limit}")]
    ContentTooLarge {
        /// Its size.
        found_bytes: u64,
        /// The most.
        limit: u64,
    },
    /// Its commits and tags have more lines than anybody reads.
    #[error("the commits and tags of the request have {found} lines, more than {limit}")]
    TooLong {
        /// How many.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// The git objects are not what they have to be.
    #[error("the git objects of the request cannot be read")]
    Git(#[source] signing_format::git::ContentError),
    /// The desk says another number of objects than came.
    #[error("the request names {said} commits and tags, and {found} came")]
    ObjectCount {
        /// What the request says.
        said: u32,
        /// What came.
        found: usize,
    },
    /// A text cannot have a cleartext signature over exactly its bytes.
    #[error("the text cannot be signed in clear")]
    Cleartext(#[source] signing_format::openpgp::CleartextError),
    /// The certificate or the message cannot be read.
    #[error("the OpenPGP object of the request cannot be read")]
    OpenPgp(#[source] Box<OpenPgpError>),
    /// A user id that is to be certified is not in the certificate.
    #[error("the certificate does not have the user id {user_id}")]
    NoSuchUserId {
        /// The user id, escaped.
        user_id: String,
    },
}

impl Review {
    /// The lines as they are printed.
    #[must_use]
    pub fn to_lines(&self) -> Vec<String> {
        let lines = self.to_indented_lines().into_iter();
        lines.map(|(line, _)| line).collect()
    }

    /// The lines, each with what stands in front of its further rows.
    fn to_indented_lines(&self) -> Vec<(String, &'static str)> {
        let mut lines: Vec<(String, &'static str)> = Vec::new();
        for section in &self.sections {
            if !lines.is_empty() {
                lines.push((String::new(), ""));
            }
            lines.push((format!("== {} ==", section.title), ""));
            let shown = section.lines.iter();
            lines.extend(shown.map(|line| (line.to_string(), line.indent())));
        }
        if !self.risks.is_empty() {
            lines.push((String::new(), ""));
            lines.push(("== What cannot be shown ==".to_owned(), ""));
            for risk in &self.risks {
                lines.push((format!("!! {}", risk.meaning()), "   "));
                lines.push((format!("   Its name is {risk}."), "   "));
            }
        }
        lines
    }

    /// `shown = BLAKE3-derive-key("causeway/vault/v1 shown", request hash || text)`: what was
    /// shown, to the byte. Approving makes the review again and refuses another hash.
    #[must_use]
    pub fn hash(&self, request: &signing_format::request::RequestHash) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("causeway/vault/v1 shown");
        hasher.update(&request.0);
        for line in self.to_lines() {
            hasher.update(line.as_bytes()).update(b"\n");
        }
        *hasher.finalize().as_bytes()
    }

    pub(crate) fn push(&mut self, title: impl Into<String>, lines: Vec<Line>) {
        let title = title.into();
        self.sections.push(Section { title, lines });
    }

    pub(crate) fn risk(&mut self, risk: Risk) {
        if !self.risks.contains(&risk) {
            self.risks.push(risk);
            self.risks.sort();
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name, value) => write!(formatter, "{name:<FIELD_CHARS$} {value}"),
            Self::Quote(text) => write!(formatter, "  | {text}"),
            Self::Note(text) => formatter.write_str(text),
            Self::Warning(text) => write!(formatter, "!! {text}"),
        }
    }
}

/// The width of the names of fields.
const FIELD_CHARS: usize = 14;
