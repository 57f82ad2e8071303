//! The header block that commits and tags share: lines `key SP value`, where a value goes on after
//! a line feed and a space, then an empty line, then the message.

use thiserror::Error;

use super::object::{ObjectError, ObjectFormat, ObjectId};

/// Why bytes are not a commit, a tag or a tree.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The object is of another kind.
    #[error("the object is not a {expected}")]
    Kind {
        /// The kind that was asked for.
        expected: &'static str,
    },
    /// A byte is zero where git has none: programs would show only what stands before it.
    #[error("a zero byte in a {what}")]
    ZeroByte {
        /// The kind of object.
        what: &'static str,
    },
    /// No empty line ends the headers.
    #[error("no empty line ends the headers of the {what}")]
    NoEndOfHeaders {
        /// The kind of object.
        what: &'static str,
    },
    /// A header is missing, or another one stands in its place.
    #[error("the header {header:?} is missing or not in its place")]
    MissingHeader {
        /// The header that belongs there.
        header: &'static str,
    },
    /// A header that may stand only once, or only further up, stands here too.
    #[error("a second or misplaced header {header:?}")]
    MisplacedHeader {
        /// The header.
        header: &'static str,
    },
    /// A header line is not a key, a space and a value.
    #[error("a header line of the {what} is not a name and a value")]
    HeaderLine {
        /// The kind of object.
        what: &'static str,
    },
    /// A tag has a header that tags do not have.
    #[error("the tag has a header that is not known")]
    UnknownHeader,
    /// A tag names a kind of object that there is not.
    #[error("the tag names a kind of object that is not known")]
    UnknownKind,
    /// An id in a header is not one.
    #[error("the header {header:?} holds no id")]
    Id {
        /// The header.
        header: &'static str,
        /// What is wrong with it.
        #[source]
        source: ObjectError,
    },
    /// There is more of something than is read.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A tree ends within an entry.
    #[error("the tree ends within an entry")]
    TreeTruncated,
    /// A tree entry has a mode that git does not write.
    #[error("a tree entry with a mode that is not known")]
    TreeMode,
    /// A tree entry has an empty name or one with a slash: no file system holds it at that path.
    #[error("a tree entry with a name that cannot be")]
    TreeName,
    /// The entries are not in git's order, or one name stands twice: programs would disagree on
    /// what the tree holds.
    #[error("the entries of the tree are out of order or double")]
    TreeOrder,
}

/// One header as it stands in the object; in `value` continuation lines are joined with a line
/// feed and without the space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawHeader {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl RawHeader {
    /// Appends the header as it was read.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_header(out, &self.name, &self.value);
    }
}

/// Appends `name SP value LF` with each line of the value after the first behind a space.
pub(crate) fn write_header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    for line in value.split(|byte| *byte == b'\n') {
        out.push(b' ');
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

/// Splits an object into its headers and its message. At most `limit` headers are read.
///
/// Refuses zero bytes anywhere: git makes no such commit or tag, and programs written in C would
/// show only what stands before the first.
pub(crate) fn split<'a>(
    bytes: &'a [u8],
    what: &'static str,
    limit: usize,
) -> Result<(Vec<RawHeader>, &'a [u8]), ParseError> {
    if bytes.contains(&0) {
        return Err(ParseError::ZeroByte { what });
    }
    let mut headers: Vec<RawHeader> = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = end
            .and_then(|at| rest.split_at_checked(at))
            .and_then(|(line, after)| Some((line, after.split_first()?.1)))
            .ok_or(ParseError::NoEndOfHeaders { what })?;
        rest = after;
        if line.is_empty() {
            return Ok((headers, rest));
        }
        if let Some(continued) = line.strip_prefix(b" ") {
            let last = headers.last_mut().ok_or(ParseError::HeaderLine { what })?;
            last.value.push(b'\n');
            last.value.extend_from_slice(continued);
            continue;
        }
        if headers.len() >= limit {
            return Err(ParseError::TooMany {
                what: "headers",
                limit,
            });
        }
        let space = line.iter().position(|byte| *byte == b' ');
        let (name, value) = space
            .and_then(|at| line.split_at_checked(at))
            .and_then(|(name, value)| Some((name, value.split_first()?.1)))
            .ok_or(ParseError::HeaderLine { what })?;
        headers.push(RawHeader {
            name: name.to_vec(),
            value: value.to_vec(),
        });
    }
}

/// Takes the next header when it has this name.
pub(crate) fn take_if(
    headers: &mut std::iter::Peekable<std::vec::IntoIter<RawHeader>>,
    name: &'static str,
) -> Option<RawHeader> {
    headers.next_if(|header| header.name == name.as_bytes())
}

/// Takes the next header, which has to have this name and a value of one line.
pub(crate) fn take_line(
    headers: &mut std::iter::Peekable<std::vec::IntoIter<RawHeader>>,
    name: &'static str,
) -> Result<Vec<u8>, ParseError> {
    take_if(headers, name)
        .filter(|header| !header.value.contains(&b'\n'))
        .map(|header| header.value)
        .ok_or(ParseError::MissingHeader { header: name })
}

/// The id that a header holds.
pub(crate) fn id_of(
    format: ObjectFormat,
    header: &'static str,
    value: &[u8],
) -> Result<ObjectId, ParseError> {
    ObjectId::from_hex(format, value).map_err(|source| ParseError::Id { header, source })
}
