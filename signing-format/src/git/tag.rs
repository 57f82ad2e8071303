//! Annotated tags: read strictly, kept whole, written back byte for byte.

use super::{
    header::{self, ParseError, id_of, take_line, write_header},
    ident::Ident,
    object::{ObjectFormat, ObjectId, ObjectKind, RawObject},
};

/// An annotated tag. Every byte of it is reachable through the accessors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    format: ObjectFormat,
    object: ObjectId,
    kind: ObjectKind,
    name: Vec<u8>,
    tagger: Ident,
    message: Vec<u8>,
}

impl Tag {
    /// Reads a tag. A signature at its end is read as part of the message;
    /// [`Tag::holds_signature`] finds it.
    ///
    /// # Errors
    /// Any [`ParseError`] that does not speak of commits or trees.
    pub fn parse(raw: &RawObject, format: ObjectFormat) -> Result<Self, ParseError> {
        if raw.kind() != ObjectKind::Tag {
            return Err(ParseError::Kind { expected: "tag" });
        }
        let (headers, message) = header::split(raw.bytes(), "tag", TAG_HEADERS_MAX)?;
        let mut headers = headers.into_iter().peekable();
        let object = id_of(format, "object", &take_line(&mut headers, "object")?)?;
        let kind = ObjectKind::from_name(&take_line(&mut headers, "type")?)
            .ok_or(ParseError::UnknownKind)?;
        let name = take_line(&mut headers, "tag")?;
        let tagger = Ident::new(take_line(&mut headers, "tagger")?);
        if headers.next().is_some() {
            return Err(ParseError::UnknownHeader);
        }
        Ok(Self {
            format,
            object,
            kind,
            name,
            tagger,
            message: message.to_vec(),
        })
    }

    /// The format of its ids.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// What is tagged.
    #[must_use]
    pub fn object(&self) -> ObjectId {
        self.object
    }

    /// What kind of object is tagged, as the tag says.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// The name of the tag, without `refs/tags/`.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Who made the tag.
    #[must_use]
    pub fn tagger(&self) -> &Ident {
        &self.tagger
    }

    /// The message, all bytes after the empty line.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether a line of the tag begins as a signature does. Git takes the last such line for the
    /// begin of the signature, whatever stands there.
    #[must_use]
    pub fn holds_signature(&self) -> bool {
        let lines = self.message.split(|byte| *byte == b'\n');
        let mut begins =
            lines.map(|line| SIGNATURE_LINES.iter().any(|start| line.starts_with(start)));
        begins.any(|begins| begins)
    }

    /// The same tag on another object.
    pub(crate) fn with_object(mut self, object: ObjectId) -> Self {
        self.object = object;
        self
    }

    /// The bytes of the object, the very ones that were read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_header(&mut out, b"object", self.object.to_string().as_bytes());
        write_header(&mut out, b"type", self.kind.name().as_bytes());
        write_header(&mut out, b"tag", &self.name);
        write_header(&mut out, b"tagger", self.tagger.raw());
        out.push(b'\n');
        out.extend_from_slice(&self.message);
        out
    }
}

/// One more than a tag has, so that one too many is called unknown.
const TAG_HEADERS_MAX: usize = 5;

/// What git looks for at the begin of lines, in all formats of signatures that it knows.
const SIGNATURE_LINES: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
];

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn parse(text: &str) -> Result<Tag, ParseError> {
        let id = samples::id(&samples::blob(""));
        let text = text.replace("ID", &id.to_string());
        let text = text.replace("PERSON", samples::PERSON);
        Tag::parse(
            &samples::raw(ObjectKind::Tag, text.as_bytes()),
            samples::FORMAT,
        )
    }

    #[test]
    fn every_part_is_reachable_and_written_back_as_it_was() {
        let target = samples::id(&samples::blob("x"));
        let raw = samples::tag(target, "First\n\nmore\n");
        let tag = Tag::parse(&raw, samples::FORMAT).unwrap();
        assert_eq!(tag.object(), target);
        assert_eq!(tag.kind(), ObjectKind::Commit);
        assert_eq!(tag.name(), b"v1");
        assert_eq!(tag.tagger().raw(), samples::PERSON.as_bytes());
        assert_eq!(tag.message(), b"First\n\nmore\n");
        assert_eq!(tag.to_bytes(), raw.bytes());
        assert!(!tag.holds_signature());
    }

    #[test]
    fn a_signature_is_found_at_the_begin_of_a_line_only() {
        for (line, found) in [
            ("-----BEGIN PGP SIGNATURE-----", true),
            ("-----BEGIN PGP MESSAGE-----", true),
            ("-----BEGIN SSH SIGNATURE-----", true),
            ("-----BEGIN SIGNED MESSAGE-----", true),
            (" -----BEGIN SSH SIGNATURE-----", false),
            ("-----BEGIN CERTIFICATE-----", false),
        ] {
            let text = format!("object ID\ntype blob\ntag t\ntagger PERSON\n\nx\n{line}\ny\n");
            assert_eq!(parse(&text).unwrap().holds_signature(), found, "{line}");
        }
    }

    #[test]
    fn rejects_tags_of_other_forms() {
        let missing = |header| ParseError::MissingHeader { header };
        for (text, err) in [
            (
                "type blob\nobject ID\ntag t\ntagger PERSON\n\n",
                missing("object"),
            ),
            ("object ID\ntag t\ntagger PERSON\n\n", missing("type")),
            ("object ID\ntype blob\ntagger PERSON\n\n", missing("tag")),
            ("object ID\ntype blob\ntag t\n\n", missing("tagger")),
            (
                "object ID\ntype blob\ntag t\n u\ntagger PERSON\n\n",
                missing("tag"),
            ),
            (
                "object ID\ntype file\ntag t\ntagger PERSON\n\n",
                ParseError::UnknownKind,
            ),
            (
                "object ID\ntype blob\ntag t\ntagger PERSON\ngpgsig x\n\n",
                ParseError::UnknownHeader,
            ),
            (
                "object ID\ntype blob\ntag t\ntagger PERSON\n\na\0b\n",
                ParseError::ZeroByte { what: "tag" },
            ),
        ] {
            assert_eq!(parse(text), Err(err), "{text}");
        }
        assert_eq!(
            Tag::parse(&samples::blob(""), samples::FORMAT),
            Err(ParseError::Kind { expected: "tag" })
        );
    }
}
