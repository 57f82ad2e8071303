//! Commits: read strictly, kept whole, written back byte for byte.

use super::{
    header::{self, ParseError, RawHeader, id_of, take_if, take_line, write_header},
    ident::Ident,
    limits::{HEADERS_MAX, PARENTS_MAX},
    object::{ObjectFormat, ObjectId, ObjectKind, RawObject},
};

/// A commit. Every byte of it is reachable through the accessors: what they give is what is
/// signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    format: ObjectFormat,
    tree: ObjectId,
    parents: Vec<ObjectId>,
    author: Ident,
    committer: Ident,
    headers: Vec<Header>,
    message: Vec<u8>,
}

/// A header of a commit after the committer: `encoding`, `mergetag`, a signature, or one that this
/// program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header(RawHeader);

impl Header {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.0.name
    }

    /// Its value, lines joined with a line feed.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.0.value
    }
}

impl Commit {
    /// Reads a commit.
    ///
    /// Signatures are read as headers like others; [`Commit::signature_header`] finds them.
    ///
    /// # Errors
    /// Any [`ParseError`] that does not speak of tags or trees.
    pub fn parse(raw: &RawObject, format: ObjectFormat) -> Result<Self, ParseError> {
        if raw.kind() != ObjectKind::Commit {
            return Err(ParseError::Kind { expected: "commit" });
        }
        let limit = PARENTS_MAX + HEADERS_MAX;
        let (headers, message) = header::split(raw.bytes(), "commit", limit)?;
        let mut headers = headers.into_iter().peekable();
        let tree = id_of(format, "tree", &take_line(&mut headers, "tree")?)?;
        let mut parents = Vec::new();
        while let Some(header) = take_if(&mut headers, "parent") {
            if parents.len() >= PARENTS_MAX {
                return Err(ParseError::TooMany {
                    what: "parents",
                    limit: PARENTS_MAX,
                });
            }
            parents.push(id_of(format, "parent", &header.value)?);
        }
        let author = Ident::new(take_line(&mut headers, "author")?);
        let committer = Ident::new(take_line(&mut headers, "committer")?);
        let headers: Vec<Header> = headers.map(Header).collect();
        refuse_misplaced(&headers)?;
        Ok(Self {
            format,
            tree,
            parents,
            author,
            committer,
            headers,
            message: message.to_vec(),
        })
    }

    /// The format of its ids.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The root tree: every file of the commit.
    #[must_use]
    pub fn tree(&self) -> ObjectId {
        self.tree
    }

    /// The parents in order. None for a first commit, several for a merge.
    #[must_use]
    pub fn parents(&self) -> &[ObjectId] {
        &self.parents
    }

    /// Who wrote the change.
    #[must_use]
    pub fn author(&self) -> &Ident {
        &self.author
    }

    /// Who made the commit.
    #[must_use]
    pub fn committer(&self) -> &Ident {
        &self.committer
    }

    /// Every header after the committer, in order.
    #[must_use]
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// The character encoding that the commit says its texts have; UTF-8 when it says none.
    #[must_use]
    pub fn encoding(&self) -> Option<&[u8]> {
        let header = self.headers.iter().find(|header| header.name() == ENCODING);
        header.map(Header::value)
    }

    /// The name of the header that holds a signature, when there is one.
    #[must_use]
    pub fn signature_header(&self) -> Option<&'static str> {
        [ObjectFormat::Sha1, ObjectFormat::Sha256]
            .map(ObjectFormat::signature_header)
            .into_iter()
            .find(|name| {
                self.headers
                    .iter()
                    .any(|header| header.name() == name.as_bytes())
            })
    }

    /// The message, all bytes after the empty line.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The same commit with other parents.
    pub(crate) fn with_parents(mut self, parents: Vec<ObjectId>) -> Self {
        self.parents = parents;
        self
    }

    /// The bytes of the object, the very ones that were read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.written(None)
    }

    /// The bytes with one more header at the end of the headers.
    pub(crate) fn with_last_header(&self, name: &str, value: &[u8]) -> Vec<u8> {
        self.written(Some((name, value)))
    }

    fn written(&self, last: Option<(&str, &[u8])>) -> Vec<u8> {
        let mut out = Vec::new();
        write_header(&mut out, b"tree", self.tree.to_string().as_bytes());
        for parent in &self.parents {
            write_header(&mut out, b"parent", parent.to_string().as_bytes());
        }
        write_header(&mut out, b"author", self.author.raw());
        write_header(&mut out, b"committer", self.committer.raw());
        for header in &self.headers {
            header.0.write(&mut out);
        }
        if let Some((name, value)) = last {
            write_header(&mut out, name.as_bytes(), value);
        }
        out.push(b'\n');
        out.extend_from_slice(&self.message);
        out
    }
}

/// The tree that a commit names, read from its first line as git does.
///
/// Of a commit that is not signed here, such as the one that the first signed one builds on,
/// nothing else matters, and old commits may be of forms that [`Commit::parse`] refuses.
///
/// # Errors
/// [`ParseError::Kind`], [`ParseError::MissingHeader`] or [`ParseError::Id`].
pub fn tree_named_by(raw: &RawObject, format: ObjectFormat) -> Result<ObjectId, ParseError> {
    if raw.kind() != ObjectKind::Commit {
        return Err(ParseError::Kind { expected: "commit" });
    }
    let line = raw.bytes().split(|byte| *byte == b'\n').next();
    let value = line
        .and_then(|line| line.strip_prefix(b"tree "))
        .ok_or(ParseError::MissingHeader { header: "tree" })?;
    id_of(format, "tree", value)
}

/// Programs differ in which of two they read, so that one could be shown and the other be used.
fn refuse_misplaced(headers: &[Header]) -> Result<(), ParseError> {
    for header in ["tree", "parent", "author", "committer"] {
        if headers
            .iter()
            .any(|found| found.name() == header.as_bytes())
        {
            return Err(ParseError::MisplacedHeader { header });
        }
    }
    let encodings = headers.iter().filter(|header| header.name() == ENCODING);
    if encodings.count() > 1 {
        return Err(ParseError::MisplacedHeader { header: "encoding" });
    }
    Ok(())
}

const ENCODING: &[u8] = b"encoding";
