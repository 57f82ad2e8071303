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

    /// Whether programs show the texts of the commit as UTF-8.
    ///
    /// With another encoding git converts names and message before it shows them: even plain
    /// ASCII may then read as something else, for example in UTF-7. That is a risk to be told.
    #[must_use]
    pub fn reads_as_utf8(&self) -> bool {
        self.encoding().is_none_or(|name| {
            [&b"utf-8"[..], b"utf8"]
                .iter()
                .any(|utf8| name.eq_ignore_ascii_case(utf8))
        })
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

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn parse(bytes: &[u8]) -> Result<Commit, ParseError> {
        Commit::parse(&samples::raw(ObjectKind::Commit, bytes), samples::FORMAT)
    }

    fn parse_text(text: &str) -> Result<Commit, ParseError> {
        parse(text.replace("PERSON", samples::PERSON).as_bytes())
    }

    #[test]
    fn every_header_is_reachable_and_written_back_as_it_was() {
        let headers = "encoding ISO-8859-1\nmergetag object abc\n type commit\n \n text\n\
                       odd  two spaces \nempty \n";
        let raw = samples::commit_with_headers(headers, b"m\xe9ssage\nwithout end");
        let commit = Commit::parse(&raw, samples::FORMAT).unwrap();
        let found: Vec<(&[u8], &[u8])> = commit
            .headers()
            .iter()
            .map(|header| (header.name(), header.value()))
            .collect();
        assert_eq!(
            found,
            [
                (&b"encoding"[..], &b"ISO-8859-1"[..]),
                (b"mergetag", b"object abc\ntype commit\n\ntext"),
                (b"odd", b" two spaces "),
                (b"empty", b""),
            ]
        );
        assert_eq!(commit.encoding(), Some(&b"ISO-8859-1"[..]));
        assert_eq!(commit.message(), b"m\xe9ssage\nwithout end");
        assert_eq!(commit.to_bytes(), raw.bytes());
    }

    #[test]
    fn another_encoding_than_utf8_is_told() {
        for (headers, utf8) in [
            ("", true),
            ("encoding UTF-8\n", true),
            ("encoding utf8\n", true),
            ("encoding UTF-7\n", false),
            ("encoding \n", false),
        ] {
            let raw = samples::commit_with_headers(headers, b"");
            let commit = Commit::parse(&raw, samples::FORMAT).unwrap();
            assert_eq!(commit.reads_as_utf8(), utf8, "{headers:?}");
        }
    }

    #[test]
    fn an_empty_message_is_read() {
        let raw = samples::commit_with_headers("", b"");
        let commit = Commit::parse(&raw, samples::FORMAT).unwrap();
        assert_eq!(commit.message(), b"");
        assert_eq!(commit.to_bytes(), raw.bytes());
    }

    #[test]
    fn rejects_missing_and_misordered_core_headers() {
        for (text, header) in [
            ("author PERSON\ncommitter PERSON\n\n", "tree"),
            ("tree TREE\ncommitter PERSON\nauthor PERSON\n\n", "author"),
            ("tree TREE\nauthor PERSON\n\n", "committer"),
            (
                "tree TREE\nauthor PERSON\nparent TREE\ncommitter PERSON\n\n",
                "committer",
            ),
            (
                "tree TREE\nencoding x\nauthor PERSON\ncommitter PERSON\n\n",
                "author",
            ),
            (
                "tree TREE\nauthor PERSON\n more\ncommitter PERSON\n\n",
                "author",
            ),
        ] {
            let found = parse_text(&text.replace("TREE", TREE));
            assert_eq!(found, Err(ParseError::MissingHeader { header }), "{text}");
        }
    }

    #[test]
    fn rejects_second_core_headers() {
        for header in ["tree", "parent", "author", "committer"] {
            let text = format!("{header} {TREE}\n");
            let raw = samples::commit_with_headers(&text, b"");
            assert_eq!(
                Commit::parse(&raw, samples::FORMAT),
                Err(ParseError::MisplacedHeader { header })
            );
        }
        let raw = samples::commit_with_headers("encoding a\nx y\nencoding b\n", b"");
        assert_eq!(
            Commit::parse(&raw, samples::FORMAT),
            Err(ParseError::MisplacedHeader { header: "encoding" })
        );
    }

    #[test]
    fn rejects_zero_bytes_in_headers_and_message() {
        let what = "commit";
        for raw in [
            samples::commit_with_headers("x a\0b\n", b""),
            samples::commit_with_headers("", b"shown\0hidden"),
        ] {
            assert_eq!(
                Commit::parse(&raw, samples::FORMAT),
                Err(ParseError::ZeroByte { what })
            );
        }
    }

    #[test]
    fn rejects_headers_that_do_not_end_or_have_no_value() {
        let what = "commit";
        for text in ["", "tree", "tree TREE\nauthor PERSON\ncommitter PERSON\n"] {
            assert_eq!(parse_text(text), Err(ParseError::NoEndOfHeaders { what }));
        }
        for text in [" x\n\n", "tree\n\n"] {
            assert_eq!(parse_text(text), Err(ParseError::HeaderLine { what }));
        }
    }

    #[test]
    fn rejects_ids_of_the_other_format_and_in_capitals() {
        for tree in [&TREE.to_uppercase(), &TREE.repeat(2), "abc", ""] {
            let found = parse_text(&format!("tree {tree}\nauthor PERSON\ncommitter PERSON\n\n"));
            assert!(matches!(found, Err(ParseError::Id { header: "tree", .. })));
        }
    }

    #[test]
    fn rejects_more_parents_and_headers_than_are_read() {
        let parents = format!("parent {TREE}\n").repeat(PARENTS_MAX + 1);
        let text = format!("tree {TREE}\n{parents}author PERSON\ncommitter PERSON\n\n");
        assert!(matches!(
            parse_text(&text),
            Err(ParseError::TooMany {
                what: "parents",
                ..
            })
        ));
        let raw = samples::commit_with_headers(&"x y\n".repeat(PARENTS_MAX + HEADERS_MAX), b"");
        assert!(matches!(
            Commit::parse(&raw, samples::FORMAT),
            Err(ParseError::TooMany {
                what: "headers",
                ..
            })
        ));
    }

    #[test]
    fn rejects_objects_of_other_kinds() {
        let blob = samples::blob("tree");
        let err = ParseError::Kind { expected: "commit" };
        assert_eq!(Commit::parse(&blob, samples::FORMAT), Err(err.clone()));
        assert_eq!(tree_named_by(&blob, samples::FORMAT), Err(err));
    }

    #[test]
    fn a_signature_in_either_header_is_found() {
        for (headers, name) in [
            ("gpgsig a\n b\n", Some("gpgsig")),
            ("x y\ngpgsig-sha256 a\n", Some("gpgsig-sha256")),
            ("gpgsigs a\n", None),
        ] {
            let raw = samples::commit_with_headers(headers, b"");
            let commit = Commit::parse(&raw, samples::FORMAT).unwrap();
            assert_eq!(commit.signature_header(), name);
        }
    }

    #[test]
    fn the_tree_of_an_odd_commit_is_read_as_git_reads_it() {
        let raw = samples::raw(ObjectKind::Commit, format!("tree {TREE}\nodd\0").as_bytes());
        let tree = tree_named_by(&raw, samples::FORMAT).unwrap();
        assert_eq!(tree.to_string(), TREE);
    }
}
