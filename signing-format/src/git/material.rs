//! What a request to sign git objects carries: the objects, and what has to be shown beside them.
//!
//! `zlib(version || format || count || objects to sign || count || material)`. No ids: whoever
//! reads the content computes them, so that an object is only ever found under its own.

use std::collections::{BTreeMap, BTreeSet};

use miniz_oxide::{
    deflate::compress_to_vec_zlib,
    inflate::{
        TINFLStatus,
        core::{DecompressorOxide, decompress, inflate_flags},
    },
};
use pack_format::{
    advice::{Advice, Exit},
    codec::{DecodeError, Reader, Wire, Writer},
};
use thiserror::Error;

use super::{
    chain::Chain,
    limits::{DECOMPRESSED_BYTES_MAX, MATERIAL_OBJECTS_MAX},
    object::{ObjectError, ObjectFormat, ObjectId, ObjectKind, RawObject},
    signed::{NOTHING_SIGNED, SignError, Signable, ToSign},
};
use crate::limits::OBJECTS_MAX;

/// The git objects of a request. What could be checked without a repository was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitContent {
    format: ObjectFormat,
    to_sign: Vec<ToSign>,
    // In the order in which they cross: likenesses side by side compress.
    material: Vec<RawObject>,
    places: BTreeMap<ObjectId, usize>,
}

impl GitContent {
    /// Puts a request's content together.
    ///
    /// `to_sign` are commits and tags without signatures, each after what it builds on.
    /// `material` are commits, trees and blobs.
    ///
    /// # Errors
    /// Any [`ContentError`] but those of the encoding.
    pub fn new(
        format: ObjectFormat,
        to_sign: &[RawObject],
        material: Vec<RawObject>,
    ) -> Result<Self, ContentError> {
        let to_sign = checked_to_sign(format, to_sign)?;
        let places = checked_places(format, &to_sign, &material)?;
        let content = Self {
            format,
            to_sign,
            material,
            places,
        };
        content.check_tags()?;
        Ok(content)
    }

    /// The format of all ids.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The objects to sign, in order.
    #[must_use]
    pub fn to_sign(&self) -> &[ToSign] {
        &self.to_sign
    }

    /// The object to sign with this id.
    #[must_use]
    pub fn to_sign_with(&self, id: &ObjectId) -> Option<&ToSign> {
        self.to_sign.iter().find(|object| object.id() == *id)
    }

    /// The object of the material with this id. The id was computed from its bytes.
    #[must_use]
    pub fn material(&self, id: &ObjectId) -> Option<&RawObject> {
        self.material.get(*self.places.get(id)?)
    }

    /// All objects of the material, in the order in which they cross.
    #[must_use]
    pub fn all_material(&self) -> &[RawObject] {
        &self.material
    }

    /// What kind of object has this id, when it is part of the request.
    #[must_use]
    pub fn kind_of(&self, id: &ObjectId) -> Option<ObjectKind> {
        let signed = self.to_sign_with(id).map(|found| found.object().kind());
        signed.or_else(|| self.material(id).map(RawObject::kind))
    }

    fn check_tags(&self) -> Result<(), ContentError> {
        for object in &self.to_sign {
            let Signable::Tag(tag) = object.object() else {
                continue;
            };
            let (id, said) = (object.id(), tag.kind());
            if let Some(found) = self.kind_of(&tag.object()).filter(|found| *found != said) {
                return Err(ContentError::TagKind { id, said, found });
            }
        }
        Ok(())
    }

    /// The chain of signatures, at its begin.
    #[must_use]
    pub fn chain(&self) -> Chain<'_> {
        Chain::new(self.format, &self.to_sign)
    }

    /// The bytes that cross.
    ///
    /// # Errors
    /// [`ContentError::TooLarge`] when the objects together are over the limit.
    pub fn encode(&self) -> Result<Vec<u8>, ContentError> {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        self.format.write(&mut writer);
        writer.count(self.to_sign.len());
        for object in &self.to_sign {
            let raw = RawObject::new(object.object().kind(), object.object().to_bytes());
            raw?.write(&mut writer);
        }
        writer.count(self.material.len());
        for object in &self.material {
            object.write(&mut writer);
        }
        let bytes = writer.into_bytes();
        if bytes.len() > DECOMPRESSED_BYTES_MAX {
            return Err(ContentError::TooLarge);
        }
        Ok(compress_to_vec_zlib(&bytes, COMPRESSION_LEVEL))
    }

    /// Reads what crossed and checks every rule.
    ///
    /// # Errors
    /// Any [`ContentError`].
    pub fn decode(compressed: &[u8]) -> Result<Self, ContentError> {
        let bytes = inflated(compressed)?;
        let mut reader = Reader::new(&bytes);
        let found = reader.u8("version of git content")?;
        if found != VERSION {
            return Err(ContentError::Version { found });
        }
        let format = ObjectFormat::read(&mut reader)?;
        let to_sign = read_objects(&mut reader, OBJECTS_MAX, "git objects to sign")?;
        let material = read_objects(&mut reader, MATERIAL_OBJECTS_MAX, "git objects to show")?;
        reader.finish("git content")?;
        Self::new(format, &to_sign, material)
    }
}

/// Why objects are not the content of a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The compressed stream is damaged or goes on after its end.
    #[error("the git content is not one whole compressed stream")]
    Compression,
    /// The content is larger than what is held in memory.
    #[error("the git content is over the limit of {DECOMPRESSED_BYTES_MAX} bytes")]
    TooLarge,
    /// The content is of a version that this program does not know.
    #[error("git content of version {found}, not {VERSION}")]
    Version {
        /// The version that was found.
        found: u8,
    },
    /// The decompressed bytes are not the format.
    #[error("the git content cannot be read")]
    Decode(#[from] DecodeError),
    /// There is nothing to sign.
    #[error("the git content holds nothing to sign")]
    Empty,
    /// There are more objects than one request may have.
    #[error("{found} {what} are over the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        limit: u32,
    },
    /// An object to sign is not one that can be signed.
    #[error("object {position} of those to sign cannot be signed")]
    ToSign {
        /// Which, counted from one.
        position: usize,
        /// Why.
        #[source]
        source: SignError,
    },
    /// An object of the material has no id.
    #[error("an object to show has no id")]
    Material(#[from] ObjectError),
    /// A tag among the objects that are only shown: nothing that is signed is explained by one.
    #[error("a {kind} among the git objects that are only shown")]
    MaterialKind {
        /// What it is.
        kind: ObjectKind,
    },
    /// One object is there twice.
    #[error("the git object {id} is there twice")]
    Twice {
        /// The object.
        id: ObjectId,
    },
    /// A tag calls an object of the request another kind than it is. Git would not read it.
    #[error("the tag {id} calls its object a {said}, which is a {found}")]
    TagKind {
        /// The tag.
        id: ObjectId,
        /// What the tag says.
        said: ObjectKind,
        /// What it is.
        found: ObjectKind,
    },
    /// An object comes before one that it builds on, so that it would be signed over an old id.
    #[error("the git object {id} comes before {builds_on}, which it builds on")]
    Order {
        /// The object.
        id: ObjectId,
        /// What it builds on.
        builds_on: ObjectId,
    },
}

impl Advice for ContentError {
    fn code(&self) -> &'static str {
        match self {
            Self::ToSign { source, .. } => source.code(),
            Self::TooLarge | Self::TooMany { .. } => "git-content-too-large",
            Self::Version { .. } => "git-content-version",
            Self::Empty => "git-content-empty",
            _ => "git-content-damaged",
        }
    }

    fn data_safe(&self) -> String {
        NOTHING_SIGNED.to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::ToSign { source, .. } => return source.next_step(),
            Self::TooLarge | Self::TooMany { .. } => {
                "Ask for fewer commits at a time, for example the older half first."
            }
            Self::Version { .. } => "Update the older one of the two programs.",
            Self::Empty => "Name a range that has commits in it, BASE..TIP.",
            _ => "Let the desk ask again; if it happens again, do not trust that desk.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Empty | Self::TooLarge | Self::TooMany { .. } => Exit::Usage,
            _ => Exit::Refused,
        }
    }
}

fn checked_to_sign(
    format: ObjectFormat,
    to_sign: &[RawObject],
) -> Result<Vec<ToSign>, ContentError> {
    if to_sign.is_empty() {
        return Err(ContentError::Empty);
    }
    check_count(to_sign.len(), OBJECTS_MAX, "git objects to sign")?;
    let mut checked = Vec::with_capacity(to_sign.len());
    for (index, raw) in to_sign.iter().enumerate() {
        let object = ToSign::parse(raw, format).map_err(|source| ContentError::ToSign {
            position: index.saturating_add(1),
            source,
        })?;
        checked.push(object);
    }
    let mut later: BTreeSet<ObjectId> = checked.iter().map(ToSign::id).collect();
    for object in &checked {
        // Removed at its first appearance, so that a second one is not found any more.
        if !later.remove(&object.id()) {
            return Err(ContentError::Twice { id: object.id() });
        }
        let on = object.object().builds_on();
        if let Some(builds_on) = on.into_iter().find(|id| later.contains(id)) {
            let id = object.id();
            return Err(ContentError::Order { id, builds_on });
        }
    }
    Ok(checked)
}

fn checked_places(
    format: ObjectFormat,
    to_sign: &[ToSign],
    material: &[RawObject],
) -> Result<BTreeMap<ObjectId, usize>, ContentError> {
    check_count(material.len(), MATERIAL_OBJECTS_MAX, "git objects to show")?;
    let signed: BTreeSet<ObjectId> = to_sign.iter().map(ToSign::id).collect();
    let mut places = BTreeMap::new();
    for (place, object) in material.iter().enumerate() {
        if object.kind() == ObjectKind::Tag {
            return Err(ContentError::MaterialKind {
                kind: object.kind(),
            });
        }
        let id = object.id(format)?;
        if signed.contains(&id) || places.insert(id, place).is_some() {
            return Err(ContentError::Twice { id });
        }
    }
    Ok(places)
}

fn check_count(found: usize, limit: u32, what: &'static str) -> Result<(), ContentError> {
    match u32::try_from(found) {
        Ok(count) if count <= limit => Ok(()),
        _ => Err(ContentError::TooMany { what, found, limit }),
    }
}

fn read_objects(
    reader: &mut Reader<'_>,
    limit: u32,
    what: &'static str,
) -> Result<Vec<RawObject>, DecodeError> {
    let count = reader.count(limit, what)?;
    (0..count).map(|_| RawObject::read(reader)).collect()
}

/// Decompresses at most the limit, and refuses what follows the stream: it would cross unseen.
fn inflated(compressed: &[u8]) -> Result<Vec<u8>, ContentError> {
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut decompressor = Box::<DecompressorOxide>::default();
    let mut rest = compressed;
    let first = compressed.len().saturating_mul(4).max(INFLATE_BYTES_MIN);
    let mut out = vec![0; first.min(DECOMPRESSED_BYTES_MAX)];
    let mut written = 0_usize;
    loop {
        let (status, taken, made) = decompress(&mut decompressor, rest, &mut out, written, flags);
        written = written.saturating_add(made);
        rest = rest.get(taken..).ok_or(ContentError::Compression)?;
        match status {
            TINFLStatus::Done if rest.is_empty() => {
                out.truncate(written);
                return Ok(out);
            }
            TINFLStatus::HasMoreOutput if out.len() < DECOMPRESSED_BYTES_MAX => {
                let len = out.len().saturating_mul(2).min(DECOMPRESSED_BYTES_MAX);
                out.resize(len, 0);
            }
            TINFLStatus::HasMoreOutput => return Err(ContentError::TooLarge),
            _ => return Err(ContentError::Compression),
        }
    }
}

/// The version of the encoding.
const VERSION: u8 = 1;
/// The best that the format offers: light and paper are slow, and the machine is not.
const COMPRESSION_LEVEL: u8 = 9;
/// The first buffer is not smaller, so that it need not grow for a request of a few commits.
const INFLATE_BYTES_MIN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn new(to_sign: &[RawObject], material: &[RawObject]) -> Result<GitContent, ContentError> {
        GitContent::new(samples::FORMAT, to_sign, material.to_vec())
    }

    fn commit(parents: &[ObjectId]) -> RawObject {
        let tree = samples::id(&samples::tree(&[]));
        samples::commit(tree, parents, "message\n")
    }

    fn encode(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec_zlib(bytes, 1)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let first = commit(&[]);
        let second = commit(&[samples::id(&first)]);
        let material = [samples::tree(&[]), samples::blob("x")];
        let content = new(&[first.clone(), second], &material).unwrap();
        let read = GitContent::decode(&content.encode().unwrap()).unwrap();
        assert_eq!(read, content);
        assert_eq!(
            read.material(&samples::id(&material[1])),
            Some(&material[1])
        );
        assert_eq!(read.material(&samples::id(&first)), None);
        assert!(read.to_sign_with(&samples::id(&first)).is_some());
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let commit = commit(&[]);
        let content = new(std::slice::from_ref(&commit), &[samples::blob("x")]).unwrap();
        let bytes = inflated(&content.encode().unwrap()).unwrap();
        let len = u32::try_from(commit.bytes().len()).unwrap().to_be_bytes();
        let expected = [
            &[1, 1, 0, 0, 0, 1, 1][..],
            &len,
            commit.bytes(),
            &[0, 0, 0, 1, 3, 0, 0, 0, 1, b'x'],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn rejects_content_with_nothing_to_sign() {
        assert_eq!(new(&[], &[]), Err(ContentError::Empty));
    }

    #[test]
    fn rejects_an_object_that_comes_before_what_it_builds_on() {
        let first = commit(&[]);
        let second = commit(&[samples::id(&first)]);
        let tag = samples::tag(samples::id(&second), "tag\n");
        assert!(new(&[first.clone(), second.clone(), tag.clone()], &[]).is_ok());
        for objects in [[&second, &first, &tag], [&first, &tag, &second]] {
            assert!(matches!(
                new(&objects.map(Clone::clone), &[]),
                Err(ContentError::Order { .. })
            ));
        }
    }

    #[test]
    fn rejects_one_object_twice() {
        let (first, tree) = (commit(&[]), samples::tree(&[]));
        for (to_sign, material) in [
            (vec![first.clone(), first.clone()], vec![]),
            (vec![first.clone()], vec![first.clone()]),
            (vec![first], vec![tree.clone(), tree]),
        ] {
            let found = new(&to_sign, &material);
            assert!(matches!(found, Err(ContentError::Twice { .. })));
        }
    }

    #[test]
    fn rejects_objects_out_of_their_place() {
        assert!(matches!(
            new(&[commit(&[]), samples::tree(&[])], &[]),
            Err(ContentError::ToSign { position: 2, .. })
        ));
        let tag = samples::tag(samples::id(&commit(&[])), "tag\n");
        assert!(matches!(
            new(&[commit(&[])], &[tag]),
            Err(ContentError::MaterialKind { .. })
        ));
    }

    #[test]
    fn rejects_a_tag_that_calls_its_object_another_kind() {
        let tag = samples::tag(samples::id(&samples::tree(&[])), "tag\n");
        assert!(new(std::slice::from_ref(&tag), &[]).is_ok());
        assert!(matches!(
            new(&[tag], &[samples::tree(&[])]),
            Err(ContentError::TagKind { .. })
        ));
    }

    #[test]
    fn rejects_more_objects_than_the_limit() {
        let objects = vec![commit(&[]); usize::try_from(OBJECTS_MAX).unwrap() + 1];
        assert!(matches!(
            new(&objects, &[]),
            Err(ContentError::TooMany { .. })
        ));
    }

    #[test]
    fn rejects_a_bomb_and_what_follows_the_stream() {
        let bomb = encode(&vec![0; DECOMPRESSED_BYTES_MAX + 1]);
        assert_eq!(GitContent::decode(&bomb), Err(ContentError::TooLarge));
        let mut longer = new(&[commit(&[])], &[]).unwrap().encode().unwrap();
        longer.push(0);
        assert_eq!(GitContent::decode(&longer), Err(ContentError::Compression));
        longer.truncate(longer.len() - 2);
        assert_eq!(GitContent::decode(&longer), Err(ContentError::Compression));
        assert_eq!(GitContent::decode(b""), Err(ContentError::Compression));
    }

    #[test]
    fn rejects_other_versions_formats_and_trailing_bytes() {
        assert_eq!(
            GitContent::decode(&encode(&[2])),
            Err(ContentError::Version { found: 2 })
        );
        assert!(matches!(
            GitContent::decode(&encode(&[1, 9])),
            Err(ContentError::Decode(DecodeError::Unknown { .. }))
        ));
        assert!(matches!(
            GitContent::decode(&encode(&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7])),
            Err(ContentError::Decode(DecodeError::TrailingBytes { .. }))
        ));
        assert!(matches!(
            GitContent::decode(&encode(&[1, 1, 0xff, 0, 0, 0])),
            Err(ContentError::Decode(DecodeError::OverLimit { .. }))
        ));
    }
}
